//! Where the window is and how large, kept from one start to the next.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, PhysicalPosition, PhysicalSize, Runtime, WebviewWindow};
use tokio::sync::Notify;

use crate::window;

/// A move is written this long after it began, not at every pixel.
const PAUSE: Duration = Duration::from_millis(400);

/// So much of a window's top edge must be on a screen to take hold of it: pixels across and down.
const HOLD: (i32, i32) = (96, 24);

/// A rectangle on the desktop, in pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Area {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

/// What is kept: where the window is when it is not maximised, and whether it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    area: Area,
    maximised: bool,
}

/// The place of the one window, and the file it is written to.
pub struct Keeper {
    file: PathBuf,
    now: Mutex<Option<Kept>>,
    changed: Notify,
}

impl Keeper {
    /// Reads the place from `data_dir`; a damaged file is the same as none.
    pub fn read(data_dir: &Path) -> Self {
        let file = data_dir.join("window.json");
        let kept = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { file, now: Mutex::new(kept), changed: Notify::new() }
    }

    fn now(&self) -> Option<Kept> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the place as it is now.
    pub fn write(&self) {
        let Some(kept) = self.now() else {
            return;
        };
        let draft = self.file.with_extension("json.new");
        let written = serde_json::to_vec(&kept)
            .map_err(std::io::Error::other)
            .and_then(|bytes| std::fs::write(&draft, bytes))
            .and_then(|()| std::fs::rename(&draft, &self.file));
        if let Err(error) = written {
            tracing::warn!(%error, "the window's place could not be kept");
        }
    }
}

/// Puts the window, not shown yet, where it was; without a place to go back to it stays where the
/// desktop puts it. Writes its moves from now on.
///
/// # Errors
/// When the platform does not tell its screens or refuses.
pub fn restore<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
    let app = window.app_handle();
    if let Some(kept) = app.state::<Keeper>().now() {
        // The main screen first: it is where a window goes whose screen is gone.
        let main = window.primary_monitor()?;
        let screens: Vec<Area> =
            main.iter().chain(&window.available_monitors()?).filter_map(screen).collect();
        if let Some(area) = fit(kept.area, &screens) {
            window.set_size(PhysicalSize::new(area.width, area.height))?;
            window.set_position(PhysicalPosition::new(area.x, area.y))?;
        }
        if kept.maximised {
            window.maximize()?;
        }
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let keeper = app.state::<Keeper>();
        loop {
            keeper.changed.notified().await;
            tokio::time::sleep(PAUSE).await;
            keeper.write();
        }
    });
    Ok(())
}

/// The window was moved or resized.
pub fn moved<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(window::LABEL) else {
        return;
    };
    match look(&window) {
        Ok(Some(look)) => {
            let keeper = app.state::<Keeper>();
            let mut now = keeper.now.lock().unwrap_or_else(PoisonError::into_inner);
            let next = match look {
                Look::Free(area) => Some(Kept { area, maximised: false }),
                // The place to go back to stays the one before.
                Look::Maximised => now.map(|kept| Kept { maximised: true, ..kept }),
            };
            if *now != next {
                *now = next;
                keeper.changed.notify_one();
            }
        }
        // Hidden and minimised windows are at places of the desktop's, not of the operator's.
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "the window's place is not known"),
    }
}

enum Look {
    Free(Area),
    Maximised,
}

fn look<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<Option<Look>> {
    if !window.is_visible()? || window.is_minimized()? || window.is_fullscreen()? {
        return Ok(None);
    }
    if window.is_maximized()? {
        return Ok(Some(Look::Maximised));
    }
    let (at, size) = (window.outer_position()?, window.inner_size()?);
    let sides = i32::try_from(size.width).ok().zip(i32::try_from(size.height).ok());
    Ok(sides.map(|(width, height)| Look::Free(Area { x: at.x, y: at.y, width, height })))
}

fn screen(monitor: &tauri::Monitor) -> Option<Area> {
    let (at, size) = (monitor.position(), monitor.size());
    let width = i32::try_from(size.width).ok()?;
    let height = i32::try_from(size.height).ok()?;
    Some(Area { x: at.x, y: at.y, width, height })
}

/// Where to put a window that was at `kept`, on the screens there are now; `None` without any.
/// A window that can be taken hold of stays where it was, one whose screen is gone comes to the
/// middle of the first; neither is larger than its screen.
fn fit(kept: Area, screens: &[Area]) -> Option<Area> {
    let sized = |screen: &Area| Area {
        width: kept.width.clamp(1, screen.width.max(1)),
        height: kept.height.clamp(1, screen.height.max(1)),
        ..kept
    };
    let within_reach = screens.iter().find_map(|screen| {
        let placed = sized(screen);
        let (across, down) = overlap(Area { height: HOLD.1, ..placed }, *screen);
        (across >= HOLD.0.min(placed.width) && down >= HOLD.1).then_some(placed)
    });
    within_reach.or_else(|| {
        let screen = screens.first()?;
        let placed = sized(screen);
        Some(Area {
            x: screen.x + (screen.width - placed.width) / 2,
            y: screen.y + (screen.height - placed.height) / 2,
            ..placed
        })
    })
}

/// How far two areas lie over each other, across and down; not above zero when they do not.
fn overlap(one: Area, other: Area) -> (i32, i32) {
    let length = |from: i32, size: i32, other_from: i32, other_size: i32| {
        let end = from.saturating_add(size).min(other_from.saturating_add(other_size));
        end.saturating_sub(from.max(other_from))
    };
    (
        length(one.x, one.width, other.x, other.width),
        length(one.y, one.height, other.y, other.height),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const fn area(x: i32, y: i32, width: i32, height: i32) -> Area {
        Area { x, y, width, height }
    }

    const LAPTOP: Area = area(0, 0, 1440, 900);
    const BESIDE: Area = area(1440, 0, 1920, 1080);

    #[test]
    fn a_window_comes_back_where_it_can_be_taken_hold_of() {
        let cases = [
            ("as it was", area(100, 80, 1000, 700), &[LAPTOP][..], area(100, 80, 1000, 700)),
            ("half outside", area(900, 80, 1000, 700), &[LAPTOP], area(900, 80, 1000, 700)),
            (
                "on the second",
                area(1500, 50, 1200, 900),
                &[LAPTOP, BESIDE],
                area(1500, 50, 1200, 900),
            ),
            ("its screen is gone", area(1500, 50, 1200, 700), &[LAPTOP], area(120, 100, 1200, 700)),
            ("and it is too large", area(1500, 50, 1900, 1000), &[LAPTOP], area(0, 0, 1440, 900)),
            (
                "a corner is not enough",
                area(1400, 880, 800, 600),
                &[LAPTOP],
                area(320, 150, 800, 600),
            ),
            ("above the screen", area(100, -500, 800, 600), &[LAPTOP], area(320, 150, 800, 600)),
            ("nonsense", area(i32::MAX, i32::MIN, i32::MAX, -5), &[LAPTOP], area(0, 449, 1440, 1)),
        ];
        for (what, kept, screens, expected) in cases {
            assert_eq!(fit(kept, screens), Some(expected), "{what}");
        }
        assert_eq!(fit(LAPTOP, &[]), None);
    }

    proptest! {
        #[test]
        fn whatever_was_kept_is_within_reach(
            x: i32, y: i32, width: i32, height: i32, second: bool,
        ) {
            let screens = if second { vec![LAPTOP, BESIDE] } else { vec![LAPTOP] };
            let placed = fit(area(x, y, width, height), &screens).unwrap();
            let reached = screens.iter().any(|screen| {
                let (across, down) = overlap(Area { height: 1, ..placed }, *screen);
                across >= HOLD.0.min(placed.width) && down >= 1
            });
            prop_assert!(reached, "{placed:?}");
        }
    }

    #[test]
    fn what_is_kept_comes_back_and_a_damaged_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept { area: area(1, 2, 3, 4), maximised: true };
        let keeper = Keeper::read(folder.path());
        assert_eq!(keeper.now(), None);
        *keeper.now.lock().unwrap() = Some(kept);
        keeper.write();
        assert_eq!(Keeper::read(folder.path()).now(), Some(kept));
        std::fs::write(folder.path().join("window.json"), "{\"x\":1").unwrap();
        assert_eq!(Keeper::read(folder.path()).now(), None);
    }
}

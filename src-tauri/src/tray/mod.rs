//! The tray icon: state and unread count at a glance, the way back to a window that was closed to
//! the tray, and the way out.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod icon;
mod look;

use std::sync::{Mutex, PoisonError};

use condorito_client::Locale;
use condorito_model::view::ConnectionState;
use serde_json::json;
use tauri::{AppHandle, Manager, Runtime};
use tokio::sync::Notify;

use crate::core::Core;
use crate::launcher::Launcher;
use crate::window;
use icon::Icon;
use look::Look;

/// What the tray has to show now, and the icon once there is one.
#[derive(Default)]
pub struct Tray {
    shown: Mutex<Shown>,
    changed: Notify,
    icon: Mutex<Option<Icon>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    locale: Locale,
    unread: u64,
    connection: ConnectionState,
    do_not_disturb: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            locale: Locale::default(),
            unread: 0,
            connection: ConnectionState::Stopped,
            do_not_disturb: false,
        }
    }
}

/// What the operator can ask for in the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// The window.
    Open,
    /// Do not disturb, on or off.
    DoNotDisturb,
    /// The end of the app.
    Quit,
}

/// Puts the icon into the tray and keeps it up to date. Without a tray the app ends with its
/// window.
pub fn create<R: Runtime>(app: &AppHandle<R>, locale: Locale) {
    let tray = app.state::<Tray>();
    let shown = {
        let mut shown = tray.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.locale = locale;
        shown.do_not_disturb = app.state::<Core>().settings().machine.do_not_disturb;
        *shown
    };
    match Look::of(shown).and_then(|look| Icon::create(app, look)) {
        Ok(icon) => *tray.icon.lock().unwrap_or_else(PoisonError::into_inner) = Some(icon),
        Err(error) => tracing::warn!(%error, "there is no tray: closing the window ends the app"),
    }
    tauri::async_runtime::spawn(keep_up(app.clone(), shown));
}

/// Whether there is a tray icon to come back by.
pub fn exists<R: Runtime>(app: &AppHandle<R>) -> bool {
    let tray = app.state::<Tray>();
    let icon = tray.icon.lock().unwrap_or_else(PoisonError::into_inner);
    icon.as_ref().is_some_and(Icon::is_in_a_tray)
}

/// Puts it into another language.
pub fn set_locale<R: Runtime>(app: &AppHandle<R>, locale: Locale) {
    update(app, |shown| shown.locale = locale);
}

/// The language it is in.
pub fn locale<R: Runtime>(app: &AppHandle<R>) -> Locale {
    app.state::<Tray>().shown.lock().unwrap_or_else(PoisonError::into_inner).locale
}

/// Shows how many conversations have something unread: in the icon, its tooltip and menu, and on
/// the app's badge where the desktop has one.
pub fn set_unread<R: Runtime>(app: &AppHandle<R>, unread: u64) {
    update(app, |shown| shown.unread = unread);
}

/// Shows the state of the connection.
pub fn set_connection<R: Runtime>(app: &AppHandle<R>, connection: ConnectionState) {
    update(app, |shown| shown.connection = connection);
}

/// Shows whether notifications are off.
pub fn set_do_not_disturb<R: Runtime>(app: &AppHandle<R>, on: bool) {
    update(app, |shown| shown.do_not_disturb = on);
}

fn update<R: Runtime>(app: &AppHandle<R>, change: impl FnOnce(&mut Shown)) {
    let tray = app.state::<Tray>();
    change(&mut tray.shown.lock().unwrap_or_else(PoisonError::into_inner));
    tray.changed.notify_one();
}

/// Shows what has changed, from a task of its own: neither the window's thread nor the client's
/// news ever wait for a panel.
async fn keep_up<R: Runtime>(app: AppHandle<R>, mut before: Shown) {
    let tray = app.state::<Tray>();
    let mut launcher = Launcher::default();
    loop {
        tray.changed.notified().await;
        let now = *tray.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if now == before {
            continue;
        }
        if let Err(error) = show(&app, now) {
            tracing::warn!(%error, "the tray could not be updated");
        }
        if before.unread != now.unread
            && let Err(error) = launcher.show(&app, now.unread).await
        {
            tracing::info!(%error, "no count on the app's icon");
        }
        before = now;
    }
}

fn show<R: Runtime>(app: &AppHandle<R>, now: Shown) -> Result<(), TrayError> {
    let look = Look::of(now)?;
    if let Some(icon) = &*app.state::<Tray>().icon.lock().unwrap_or_else(PoisonError::into_inner) {
        icon.show(look)?;
    }
    Ok(())
}

/// Does what was chosen. Not from the panel's own thread: what is done here waits for the
/// window's, which may be waiting for the panel.
fn choose<R: Runtime>(app: &AppHandle<R>, choice: Choice) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match choice {
            Choice::Open => window::raise(&app),
            Choice::Quit => app.exit(0),
            Choice::DoNotDisturb => {
                let core = app.state::<Core>();
                let on = !core.settings().machine.do_not_disturb;
                let patch = json!({ "patch": { "doNotDisturb": on } });
                if let Err(error) = core.command("set_settings", patch).await {
                    tracing::warn!(code = ?error.code, "do not disturb could not be switched");
                }
            }
        }
    });
}

/// Why the tray does not show what it should.
#[derive(Debug, thiserror::Error)]
enum TrayError {
    /// The window system refused.
    #[error(transparent)]
    Tauri(#[from] tauri::Error),
    /// There is no tray on the session bus.
    #[cfg(target_os = "linux")]
    #[error("no tray on the session bus: {0}")]
    Bus(#[from] ksni::Error),
}

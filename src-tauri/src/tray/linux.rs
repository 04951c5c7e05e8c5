//! A StatusNotifierItem on the session bus: what KDE, GNOME's extension and most panels show.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ksni::blocking::{Handle, TrayMethods};
use ksni::menu::{CheckmarkItem, StandardItem};
use ksni::{Category, MenuItem, OfflineReason, ToolTip};
use tauri::image::Image;
use tauri::{AppHandle, Runtime};

use super::look::{Look, NAME};
use super::{Choice, TrayError, choose};

/// The icon in the tray.
pub struct Icon {
    handle: Handle<Item>,
    in_a_tray: Arc<AtomicBool>,
}

impl Icon {
    /// Offers the icon to the panel of this session, or to the one that comes later.
    ///
    /// # Errors
    /// When there is no session bus.
    pub fn create<R: Runtime>(app: &AppHandle<R>, look: Look) -> Result<Self, TrayError> {
        let in_a_tray = Arc::new(AtomicBool::new(true));
        let app = app.clone();
        let item = Item {
            look,
            in_a_tray: Arc::clone(&in_a_tray),
            choose: Box::new(move |choice| choose(&app, choice)),
        };
        let handle = item.assume_sni_available(true).spawn()?;
        Ok(Self { handle, in_a_tray })
    }

    /// Whether a panel shows it.
    pub fn is_in_a_tray(&self) -> bool {
        self.in_a_tray.load(Ordering::SeqCst) && !self.handle.is_closed()
    }

    /// Shows something else.
    ///
    /// # Errors
    /// None here: the panel asks when it is ready.
    pub fn show(&self, look: Look) -> Result<(), TrayError> {
        self.handle.update(|item| item.look = look);
        Ok(())
    }
}

/// The object that panels ask.
struct Item {
    look: Look,
    in_a_tray: Arc<AtomicBool>,
    choose: Box<dyn Fn(Choice) + Send + Sync>,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "condorito-desktop".to_owned()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn title(&self) -> String {
        NAME.to_owned()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.choose)(Choice::Open);
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        pixmap(&self.look.picture).into_iter().collect()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: NAME.to_owned(),
            description: self.look.status.clone(),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let texts = self.look.texts;
        vec![
            StandardItem {
                label: texts.open.to_owned(),
                activate: Box::new(|item: &mut Self| (item.choose)(Choice::Open)),
                ..StandardItem::default()
            }
            .into(),
            StandardItem {
                label: self.look.status.clone(),
                enabled: false,
                ..StandardItem::default()
            }
            .into(),
            MenuItem::Separator,
            CheckmarkItem {
                label: texts.do_not_disturb.to_owned(),
                checked: self.look.do_not_disturb,
                activate: Box::new(|item: &mut Self| (item.choose)(Choice::DoNotDisturb)),
                ..CheckmarkItem::default()
            }
            .into(),
            MenuItem::Separator,
            StandardItem {
                label: texts.quit.to_owned(),
                activate: Box::new(|item: &mut Self| (item.choose)(Choice::Quit)),
                ..StandardItem::default()
            }
            .into(),
        ]
    }

    fn watcher_online(&self) {
        self.in_a_tray.store(true, Ordering::SeqCst);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.in_a_tray.store(false, Ordering::SeqCst);
        // Another panel may come.
        true
    }
}

/// The picture as the protocol has it: alpha first. `None` when it is too large to say.
fn pixmap(picture: &Image<'_>) -> Option<ksni::Icon> {
    let (width, height) =
        (i32::try_from(picture.width()).ok()?, i32::try_from(picture.height()).ok()?);
    let mut data = picture.rgba().to_vec();
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    Some(ksni::Icon { width, height, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_alpha_first() {
        let picture = Image::new_owned(vec![1, 2, 3, 4, 5, 6, 7, 8], 2, 1);
        let drawn = pixmap(&picture).map(|icon| (icon.width, icon.height, icon.data));
        assert_eq!(drawn, Some((2, 1, vec![4, 1, 2, 3, 8, 5, 6, 7])));
    }
}

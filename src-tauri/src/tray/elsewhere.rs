//! The tray of Windows and the menu bar of macOS.

use tauri::menu::{CheckMenuItem, Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Runtime};

use super::look::{Look, NAME};
use super::{Choice, TrayError, choose};

const ID: &str = "main";
const OPEN: &str = "open";
const DO_NOT_DISTURB: &str = "do-not-disturb";
const QUIT: &str = "quit";

/// The icon in the tray.
pub struct Icon {
    show: Box<dyn Fn(Look) -> tauri::Result<()> + Send + Sync>,
}

impl Icon {
    /// Puts the icon into the tray.
    ///
    /// # Errors
    /// When the platform refuses.
    pub fn create<R: Runtime>(app: &AppHandle<R>, look: Look) -> Result<Self, TrayError> {
        let tray = TrayIconBuilder::with_id(ID)
            .menu(&menu(app, &look)?)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(|app, event| match event.id().as_ref() {
                OPEN => choose(app, Choice::Open),
                DO_NOT_DISTURB => choose(app, Choice::DoNotDisturb),
                QUIT => choose(app, Choice::Quit),
                _ => {}
            })
            .on_tray_icon_event(|tray, event| {
                if let TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                } = event
                    && cfg!(not(target_os = "macos"))
                {
                    choose(tray.app_handle(), Choice::Open);
                }
            })
            .build(app)?;
        let app = app.clone();
        let icon = Self { show: Box::new(move |look| show(&app, &tray, look)) };
        icon.show(look)?;
        Ok(icon)
    }

    /// Whether it is shown: these platforms always have a place for it.
    pub fn is_in_a_tray(&self) -> bool {
        true
    }

    /// Shows something else.
    ///
    /// # Errors
    /// When the platform refuses.
    pub fn show(&self, look: Look) -> Result<(), TrayError> {
        (self.show)(look).map_err(TrayError::from)
    }
}

fn show<R: Runtime>(app: &AppHandle<R>, tray: &TrayIcon<R>, look: Look) -> tauri::Result<()> {
    tray.set_menu(Some(menu(app, &look)?))?;
    tray.set_tooltip(Some(format!("{NAME} · {}", look.status)))?;
    tray.set_icon(Some(look.picture))
}

fn menu<R: Runtime>(app: &AppHandle<R>, look: &Look) -> tauri::Result<Menu<R>> {
    let texts = look.texts;
    let nothing = None::<&str>;
    Menu::with_items(
        app,
        &[
            &MenuItem::with_id(app, OPEN, texts.open, true, nothing)?,
            &MenuItem::new(app, &look.status, false, nothing)?,
            &PredefinedMenuItem::separator(app)?,
            &CheckMenuItem::with_id(
                app,
                DO_NOT_DISTURB,
                texts.do_not_disturb,
                true,
                look.do_not_disturb,
                nothing,
            )?,
            &PredefinedMenuItem::separator(app)?,
            &MenuItem::with_id(app, QUIT, texts.quit, true, nothing)?,
        ],
    )
}

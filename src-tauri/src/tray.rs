//! The tray icon: the way back to a window that was closed to the tray, and the way out.

use std::sync::Mutex;

use tauri::image::Image;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Runtime};

use condorito_client::Locale;

use crate::badge;
use crate::texts::texts;
use crate::window;

const ID: &str = "main";
const OPEN: &str = "open";
const QUIT: &str = "quit";

/// What the tray is showing now.
#[derive(Debug, Default)]
pub struct TrayState(Mutex<Shown>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Shown {
    locale: Locale,
    unread: u64,
}

/// Puts the icon into the tray.
///
/// # Errors
/// When the platform has no tray; the app then ends with its window.
pub fn create<R: Runtime>(app: &AppHandle<R>, locale: Locale) -> tauri::Result<()> {
    TrayIconBuilder::with_id(ID)
        .icon(icon()?)
        .tooltip("CRM Condorito")
        .menu(&menu(app, locale)?)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| match event.id().as_ref() {
            OPEN => window::raise(app),
            QUIT => app.exit(0),
            _ => {}
        })
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                window::raise(tray.app_handle());
            }
        })
        .build(app)?;
    update(app, |shown| shown.locale = locale);
    Ok(())
}

/// Whether there is a tray icon to come back by.
pub fn exists<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.tray_by_id(ID).is_some()
}

/// Puts the menu into another language.
pub fn set_locale<R: Runtime>(app: &AppHandle<R>, locale: Locale) {
    update(app, |shown| shown.locale = locale);
}

/// Shows how many conversations have something unread: in the icon, its tooltip, and on the app's badge where the
/// desktop has one.
pub fn set_unread<R: Runtime>(app: &AppHandle<R>, unread: u64) {
    update(app, |shown| shown.unread = unread);
}

fn update<R: Runtime>(app: &AppHandle<R>, change: impl FnOnce(&mut Shown)) {
    let state = app.state::<TrayState>();
    let (before, now) = {
        let mut shown = state.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = *shown;
        change(&mut shown);
        (before, *shown)
    };
    if before == now {
        return;
    }
    if let Err(error) = show(app, before, now) {
        tracing::warn!(%error, "the tray could not be updated");
    }
}

fn show<R: Runtime>(app: &AppHandle<R>, before: Shown, now: Shown) -> tauri::Result<()> {
    if let Some(tray) = app.tray_by_id(ID) {
        if before.locale != now.locale {
            tray.set_menu(Some(menu(app, now.locale)?))?;
        }
        let tooltip = match now.unread {
            0 => "CRM Condorito".to_owned(),
            unread => format!("CRM Condorito · {}: {unread}", texts(now.locale).unread),
        };
        tray.set_tooltip(Some(tooltip))?;
        if before.unread != now.unread {
            tray.set_icon(Some(badge::draw(&icon()?, now.unread)))?;
        }
    }
    if let Some(window) = app.get_webview_window(window::LABEL) {
        let badge = i64::try_from(now.unread).ok().filter(|&unread| unread > 0);
        window.set_badge_count(badge)?;
    }
    Ok(())
}

fn menu<R: Runtime>(app: &AppHandle<R>, locale: Locale) -> tauri::Result<Menu<R>> {
    let texts = texts(locale);
    let open = MenuItem::with_id(app, OPEN, texts.open, true, None::<&str>)?;
    let quit = MenuItem::with_id(app, QUIT, texts.quit, true, None::<&str>)?;
    Menu::with_items(app, &[&open, &quit])
}

fn icon() -> tauri::Result<Image<'static>> {
    Image::from_bytes(include_bytes!("../../icons/tray.png"))
}

//! The one window: made hidden, shown once it has something to show, hidden to the tray.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::utils::config::Color;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Runtime, Theme, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::{focus, place, tray};

/// Label of the window, as the capability file names it.
pub const LABEL: &str = "main";

/// How long the UI may take before the window is shown without its word: long enough for a slow
/// disk, short enough that nobody starts the app twice.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a panel that starts with the session may take to offer a tray to an app that starts
/// with it too.
const TRAY_PATIENCE: Duration = Duration::from_secs(5);

/// The `canvas` colour of the design tokens, light and dark: what shows before the UI has painted.
const CANVAS_LIGHT: Color = Color(0xf4, 0xf1, 0xeb, 0xff);
const CANVAS_DARK: Color = Color(0x0f, 0x14, 0x18, 0xff);

/// The first time the window is shown.
#[derive(Debug, Default)]
pub struct FirstShow {
    done: AtomicBool,
    /// Whether the window is to stay in the tray then.
    minimised: bool,
}

impl FirstShow {
    /// Not shown yet.
    pub fn new(minimised: bool) -> Self {
        Self { done: AtomicBool::new(false), minimised }
    }
}

/// Creates the window, hidden; it is shown by [`show_first`] or after [`PATIENCE`]. `theme` is the
/// one of the settings: the window has its colour from the first frame on.
///
/// # Errors
/// When the platform cannot make a window.
pub fn create<R: Runtime>(
    app: &AppHandle<R>,
    data_dir: &Path,
    theme: Option<Theme>,
) -> tauri::Result<WebviewWindow<R>> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("CRM Condorito")
        .inner_size(1280.0, 800.0)
        .min_inner_size(480.0, 560.0)
        .center()
        .visible(false)
        .theme(theme)
        // Until the system has been asked: a moment of dark hurts less than a flash of light.
        .background_color(if theme == Some(Theme::Light) { CANVAS_LIGHT } else { CANVAS_DARK })
        .data_directory(data_dir.join("webview"))
        // The UI is the app's own pages; whatever else a link or a script asks for stays outside.
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    app.manage(SystemTheme::of(&window));
    match theme {
        Some(_) => follow_theme(app, theme),
        None => paint_background(&window, system_is_dark(&window)),
    }
    if let Err(error) = place::restore(&window) {
        tracing::warn!(%error, "the window could not be put where it was");
    }

    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        show_first(&app).await;
    });
    Ok(window)
}

/// Shows the window the first time it is called and does nothing after that, so that a window
/// which the operator has hidden stays hidden when the UI reloads.
pub async fn show_first<R: Runtime>(app: &AppHandle<R>) {
    let first = app.state::<FirstShow>();
    if first.done.swap(true, Ordering::SeqCst) {
        return;
    }
    if !first.minimised {
        return raise(app);
    }
    // Without a tray to come back by, a hidden window would be lost.
    let deadline = tokio::time::Instant::now() + TRAY_PATIENCE;
    while !tray::exists(app) {
        if tokio::time::Instant::now() >= deadline {
            return show_minimised(app);
        }
        tokio::time::sleep(TRAY_PATIENCE / 20).await;
    }
}

fn show_minimised<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if window.is_visible().unwrap_or(false) {
        return;
    }
    if let Err(error) = window.minimize().and_then(|()| window.show()) {
        tracing::warn!(%error, "the window could not be shown minimised");
    }
}

/// Hides the window, to come back by the tray.
pub fn hide<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window could not be hidden");
    }
    focus::window_hidden(app);
}

/// Brings the window in front, wherever it was: hidden, minimised or covered.
pub fn raise<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    // Whoever asks for the window before its first time has it then.
    app.state::<FirstShow>().done.store(true, Ordering::SeqCst);
    let raised = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::warn!(%error, "the window could not be raised");
    }
}

/// Makes frame and background follow the theme of the settings; `None` follows the system.
pub fn follow_theme<R: Runtime>(app: &AppHandle<R>, theme: Option<Theme>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let set = |theme| {
        if let Err(error) = window.set_theme(theme) {
            tracing::warn!(%error, "the window's theme could not be set");
        }
    };
    set(theme);
    let dark = match theme {
        Some(theme) => theme == Theme::Dark,
        None => system_is_dark(&window),
    };
    // On Linux `None` means light; by its name the system's own theme is kept too.
    if cfg!(target_os = "linux") && theme.is_none() {
        set(Some(if dark { Theme::Dark } else { Theme::Light }));
    }
    paint_background(&window, dark);
}

/// How dark the desktop was when the app started, where it says so in no other way.
#[derive(Debug, Clone, Copy)]
struct SystemTheme {
    dark: bool,
}

impl SystemTheme {
    /// Asks the toolkit, before a theme of the settings is set on it. The desktop's portal, where
    /// there is one, is asked each time instead: what it says is the window's theme.
    fn of<R: Runtime>(window: &WebviewWindow<R>) -> Self {
        #[cfg(target_os = "linux")]
        let dark = {
            use gtk::prelude::GtkSettingsExt;
            let by_portal = window.theme().is_ok_and(|theme| theme == Theme::Dark);
            let by_toolkit = gtk::Settings::default().is_some_and(|settings| {
                let name = settings.gtk_theme_name();
                settings.is_gtk_application_prefer_dark_theme()
                    || name.is_some_and(|name| name.to_lowercase().ends_with("-dark"))
            });
            by_toolkit && !by_portal
        };
        #[cfg(not(target_os = "linux"))]
        let dark = {
            let _ = window;
            false
        };
        Self { dark }
    }
}

/// Whether the system wants dark windows; asked while no theme of the settings is set.
fn system_is_dark<R: Runtime>(window: &WebviewWindow<R>) -> bool {
    window.state::<SystemTheme>().dark || window.theme().is_ok_and(|theme| theme == Theme::Dark)
}

fn paint_background<R: Runtime>(window: &WebviewWindow<R>, dark: bool) {
    let colour = if dark { CANVAS_DARK } else { CANVAS_LIGHT };
    if let Err(error) = window.set_background_color(Some(colour)) {
        tracing::warn!(%error, "the window's background could not be set");
    }
}

/// Pages of the app itself: `tauri://localhost`, `http(s)://tauri.localhost` on Windows, and the
/// development server in a build without the embedded pages.
fn is_own_page(url: &tauri::Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" => match url.host_str() {
            Some("tauri.localhost") => true,
            Some("localhost") => cfg!(not(feature = "custom-protocol")),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn stays_on_its_own_pages() {
        let cases = [
            ("tauri://localhost/", true),
            ("http://tauri.localhost/index.html", true),
            ("https://example.com/", false),
            ("http://localhost:5173/", cfg!(not(feature = "custom-protocol"))),
            ("data:text/html,hi", false),
            ("file:///etc/passwd", false),
        ];
        for (text, own) in cases {
            let url: tauri::Url = text.parse().unwrap();
            assert_eq!(is_own_page(&url), own, "page {text}");
        }
    }
}

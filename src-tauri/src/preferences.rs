//! The settings that the shell acts on itself.

use condorito_client::Theme;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_autostart::ManagerExt;

use crate::core::Core;
use crate::{tray, window};

/// Makes window and tray look as the settings say.
pub fn apply<R: Runtime>(app: &AppHandle<R>) {
    let core = app.state::<Core>();
    window::follow_theme(
        app,
        match core.settings().machine.theme {
            Theme::System => None,
            Theme::Light => Some(tauri::Theme::Light),
            Theme::Dark => Some(tauri::Theme::Dark),
        },
    );
    tray::set_locale(app, core.locale());
}

/// The operator has changed the settings: applies them, also to the session of the desktop.
pub fn changed<R: Runtime>(app: &AppHandle<R>) {
    apply(app);
    let wanted = app.state::<Core>().settings().machine.start_at_login;
    let autostart = app.autolaunch();
    let outcome = match autostart.is_enabled() {
        Ok(enabled) if enabled == wanted => Ok(()),
        _ if wanted => autostart.enable(),
        _ => autostart.disable(),
    };
    if let Err(error) = outcome {
        tracing::warn!(%error, wanted, "starting with the session could not be set");
    }
}

/// Whether closing the window leaves the app in the tray.
pub fn close_to_tray<R: Runtime>(app: &AppHandle<R>) -> bool {
    tray::exists(app) && app.state::<Core>().settings().machine.close_to_tray
}

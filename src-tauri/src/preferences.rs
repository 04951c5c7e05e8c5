//! The settings that the shell acts on itself, as soon as they change.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use condorito_client::{MachineSettings, Theme};
use tauri::{AppHandle, Manager, Runtime};

use crate::autostart::{self, Start};
use crate::core::Core;
use crate::options::{MINIMISED, Options, SecretStore};
use crate::{tray, window};

/// What the shell has acted on last, and how the session has to start the app.
pub struct Followed {
    settings: Mutex<MachineSettings>,
    args: Vec<String>,
}

impl Followed {
    /// Settings that are acted on already, and the command line that this app was started with.
    pub fn new(settings: MachineSettings, options: &Options, data_dir: &Path) -> Self {
        let mut args = Vec::new();
        if options.data_dir.is_some() {
            args.extend(["--data-dir".to_owned(), data_dir.to_string_lossy().into_owned()]);
        }
        if options.secret_store == SecretStore::File {
            args.extend(["--secret-store".to_owned(), "file".to_owned()]);
        }
        Self { settings: Mutex::new(settings), args }
    }
}

/// The theme of the settings, as the window system has it; `None` follows the system.
pub fn theme(settings: &MachineSettings) -> Option<tauri::Theme> {
    match settings.theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// The settings have changed: window, tray and the session of the desktop follow.
pub fn changed<R: Runtime>(app: &AppHandle<R>, new: &MachineSettings) {
    let followed = app.state::<Followed>();
    let old = {
        let mut settings = followed.settings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *settings, new.clone())
    };
    if old.theme != new.theme {
        window::follow_theme(app, theme(new));
    }
    if let (true, Some(locale)) = (old.locale != new.locale, new.locale) {
        tray::set_locale(app, locale);
    }
    tray::set_do_not_disturb(app, new.do_not_disturb);
    // Only then: what the operator has changed in the desktop's own list in between stays.
    let start = |it: &MachineSettings| (it.start_at_login, it.start_at_login && it.start_minimised);
    if start(&old) != start(new) {
        let outcome = start_with_session(&followed, new);
        if let Err(error) = outcome {
            tracing::warn!(%error, "starting with the session could not be set");
        }
    }
}

fn start_with_session(
    followed: &Followed,
    settings: &MachineSettings,
) -> Result<(), autostart::AutostartError> {
    if !settings.start_at_login {
        return autostart::set(None);
    }
    let mut args = followed.args.clone();
    if settings.start_minimised {
        args.push(MINIMISED.to_owned());
    }
    autostart::set(Some(&Start { program: autostart::this_program()?, args }))
}

/// Whether closing the window leaves the app in the tray.
pub fn close_to_tray<R: Runtime>(app: &AppHandle<R>) -> bool {
    tray::exists(app) && app.state::<Core>().settings().machine.close_to_tray
}

//! What the UI may ask of the shell. Everything about the CRM goes through [`command`], whose list
//! the client declares; the rest is about the window and the desktop.

use serde::Deserialize;
use serde_json::Value;
use tauri::{AppHandle, State, Theme};

use crate::core::Core;
use crate::failure::Failure;
use crate::options::Locale;
use crate::{focus, links, tray, window};

/// Runs one of the client's commands.
///
/// # Errors
/// What the client answers.
#[tauri::command]
pub async fn command(
    core: State<'_, Core>,
    name: String,
    args: Option<Value>,
) -> Result<Value, Failure> {
    core.command(&name, args.unwrap_or(Value::Null)).await
}

/// Opens a link outside the app, in what the system has for it.
///
/// # Errors
/// `invalid_link` for anything but a web, mail or phone link; `link_not_opened` when the system
/// has nothing for it.
#[tauri::command]
pub async fn open_link(url: String) -> Result<(), Failure> {
    let url = links::check(&url)?;
    tauri_plugin_opener::open_url(url.as_str(), None::<&str>).map_err(|error| {
        tracing::warn!(%error, scheme = url.scheme(), "a link could not be opened");
        Failure::input("link_not_opened", "the system could not open this link")
    })
}

/// Look of the UI, for what the shell draws around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// Light, whatever the system says.
    Light,
    /// Dark, whatever the system says.
    Dark,
    /// As the system.
    System,
}

/// The UI has painted: the window may be shown. Called again whenever theme or language change.
#[tauri::command]
pub async fn ui_ready(app: AppHandle, theme: Option<Look>, locale: Option<String>) {
    if let Some(look) = theme {
        let theme = match look {
            Look::Light => Some(Theme::Light),
            Look::Dark => Some(Theme::Dark),
            Look::System => None,
        };
        window::follow_theme(&app, theme);
    }
    if let Some(locale) = locale.as_deref().and_then(Locale::from_tag) {
        tray::set_locale(&app, locale);
    }
    window::show_first(&app);
}

/// Which conversation the UI has open. Whether the window has the focus, the shell knows itself.
#[tauri::command]
pub async fn focus_state(app: AppHandle, conversation_id: Option<i64>) {
    focus::conversation_opened(&app, conversation_id);
}

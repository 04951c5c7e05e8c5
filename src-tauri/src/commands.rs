//! What the UI may ask of the shell. Everything about the CRM goes through [`command`], whose list
//! the client declares; the rest is about the window and the desktop.

use condorito_client::{CommandError, ErrorCode, Locale};
use condorito_model::ConversationId;
use serde_json::Value;
use tauri::{AppHandle, State};

use crate::core::Core;
use crate::{focus, links, page, tray, window};

/// Runs one of the client's commands.
///
/// # Errors
/// What the client answers.
#[tauri::command]
pub async fn command(
    core: State<'_, Core>,
    name: String,
    args: Option<Value>,
) -> Result<Value, CommandError> {
    core.command(&name, args.unwrap_or(Value::Null)).await
}

/// Opens a link outside the app, in what the system has for it.
///
/// # Errors
/// `invalid_input` for anything but a web, mail or phone link; `not_found` when the system has
/// nothing for it.
#[tauri::command]
pub async fn open_link(core: State<'_, Core>, url: String) -> Result<(), CommandError> {
    let url = links::checked(&url).ok_or_else(|| core.error(ErrorCode::InvalidInput))?;
    tauri_plugin_opener::open_url(url.as_str(), None::<&str>).map_err(|error| {
        tracing::warn!(%error, scheme = url.scheme(), "a link could not be opened");
        core.error(ErrorCode::NotFound)
    })
}

/// The UI has painted: the window may be shown, and what was to be opened in it. `locale` is the
/// language it shows.
#[tauri::command]
pub async fn ui_ready(app: AppHandle, locale: Option<String>) {
    if let Some(locale) = locale.as_deref().and_then(Locale::from_tag) {
        tray::set_locale(&app, locale);
    }
    window::show_first(&app).await;
    page::is_listening(&app);
}

/// Which conversation the UI has open. Whether the window has the focus, the shell knows itself.
#[tauri::command]
pub async fn focus_state(app: AppHandle, conversation_id: Option<ConversationId>) {
    focus::conversation_opened(&app, conversation_id);
}

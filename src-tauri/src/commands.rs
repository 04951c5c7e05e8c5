//! What the UI may ask of the shell. Everything about the CRM goes through [`command`], whose list
//! the client declares; the rest is about the window and the desktop.

use condorito_client::{CommandError, ErrorCode, Locale};
use condorito_model::ConversationId;
use serde_json::{Value, json};
use std::path::PathBuf;
use tauri::ipc::Response;
use tauri::{AppHandle, Manager, State, Wry};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder, FilePath};
use tokio::sync::oneshot;

use crate::clipboard::Clipboard;
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

/// The bytes of a message's kept sound or film. WebKitGTK plays nothing from a scheme of the app's
/// own, so the page makes a blob of them.
///
/// # Errors
/// `not_found` for what is not kept, `file_kind` for what a page must not show.
#[tauri::command]
pub async fn media_bytes(core: State<'_, Core>, message_id: i64) -> Result<Response, CommandError> {
    let part = core.media_part(message_id, false, None).await.map_err(|code| core.error(code))?;
    Ok(Response::new(part.bytes))
}

/// Puts a message's picture on the clipboard.
///
/// # Errors
/// What the client answers; `internal` when the clipboard does not take it.
#[tauri::command]
pub async fn copy_picture(
    core: State<'_, Core>,
    clipboard: State<'_, Clipboard>,
    message_id: i64,
) -> Result<(), CommandError> {
    let picture = core.picture(message_id).await.map_err(|code| core.error(code))?;
    clipboard.put(picture).await.map_err(|code| core.error(code))
}

/// Opens a message's file in what the system has for it. Only kinds that are no programs.
///
/// # Errors
/// What the client answers; `not_found` when the system has nothing for it.
#[tauri::command]
pub async fn open_media(core: State<'_, Core>, message_id: i64) -> Result<(), CommandError> {
    let file = core.command("media_file", json!({"messageId": message_id})).await?;
    let path = file.get("path").and_then(Value::as_str);
    let path = path.ok_or_else(|| core.error(ErrorCode::Internal))?;
    tauri_plugin_opener::open_path(path, None::<&str>).map_err(|error| {
        // The error may name the file.
        drop(error);
        tracing::warn!("a file could not be opened");
        core.error(ErrorCode::NotFound)
    })
}

/// Lets the operator choose where a file is to be written; nothing is written yet. `None`: they
/// thought better of it.
#[tauri::command]
pub async fn choose_save_path(app: AppHandle, suggested: String) -> Option<String> {
    let suggested = PathBuf::from(suggested);
    let mut dialog = dialog(&app);
    if let Some(folder) = suggested.parent().filter(|folder| folder.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = suggested.file_name() {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    let (chosen, path) = oneshot::channel();
    // Nobody waits any more when the page has gone.
    dialog.save_file(move |path| drop(chosen.send(path)));
    chosen_path(path).await
}

/// Lets the operator choose a file; it is not read here. `None`: they thought better of it.
#[tauri::command]
pub async fn choose_open_path(app: AppHandle) -> Option<String> {
    let (chosen, path) = oneshot::channel();
    dialog(&app).pick_file(move |path| drop(chosen.send(path)));
    chosen_path(path).await
}

/// A dialog of the platform's own, over the window.
fn dialog(app: &AppHandle) -> FileDialogBuilder<Wry> {
    let dialog = app.dialog().file();
    match app.get_webview_window(window::LABEL) {
        Some(window) => dialog.set_parent(&window),
        None => dialog,
    }
}

async fn chosen_path(path: oneshot::Receiver<Option<FilePath>>) -> Option<String> {
    let path = path.await.ok().flatten()?.into_path().ok()?;
    // A path that is no text could not come back as an argument.
    path.into_os_string().into_string().ok()
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

//! What the operator is really looking at, which decides what needs no notification.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use condorito_model::ConversationId;
use tauri::{AppHandle, Manager, Runtime, WebviewWindow};

use crate::core::Core;
use crate::notifications::Notifier;
use crate::window;

/// How long a window manager may take to say that a window is no longer minimised, after it has
/// given it the focus.
const SETTLING: Duration = Duration::from_millis(250);

/// The conversation open in the window, and whether the window is being looked at.
#[derive(Debug, Default)]
pub struct Focus(Mutex<Looking>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Looking {
    conversation_id: Option<ConversationId>,
    seen: bool,
}

/// The UI has opened a conversation, or has none open. What it thinks of the focus is not asked:
/// a page in a minimised or covered window does not always know.
pub fn conversation_opened<R: Runtime>(
    app: &AppHandle<R>,
    conversation_id: Option<ConversationId>,
) {
    change(app, |looking| looking.conversation_id = conversation_id);
    look_again(app);
}

/// The window has got or lost the focus.
pub fn window_focused<R: Runtime>(app: &AppHandle<R>, focused: bool) {
    let seen = focused && app.get_webview_window(window::LABEL).is_some_and(|it| is_shown(&it));
    change(app, |looking| looking.seen = seen);
    if focused && !seen {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(SETTLING).await;
            look_again(&app);
        });
    }
}

/// The window was hidden: not every desktop takes the focus away first.
pub fn window_hidden<R: Runtime>(app: &AppHandle<R>) {
    change(app, |looking| looking.seen = false);
}

fn look_again<R: Runtime>(app: &AppHandle<R>) {
    let seen = app
        .get_webview_window(window::LABEL)
        .is_some_and(|window| window.is_focused().unwrap_or(false) && is_shown(&window));
    change(app, |looking| looking.seen = seen);
}

fn is_shown<R: Runtime>(window: &WebviewWindow<R>) -> bool {
    window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(true)
}

fn change<R: Runtime>(app: &AppHandle<R>, change: impl FnOnce(&mut Looking)) {
    let now = {
        let state = app.state::<Focus>();
        let mut looking = state.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *looking;
        change(&mut looking);
        if before == *looking {
            return;
        }
        *looking
    };
    app.state::<Core>().set_focus(now.conversation_id, now.seen);
    if let (Some(conversation_id), true) = (now.conversation_id, now.seen) {
        app.state::<Notifier>().dismiss(conversation_id);
    }
}

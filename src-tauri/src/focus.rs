//! What the operator is looking at, which decides what needs no notification.

use std::sync::{Mutex, PoisonError};

use condorito_model::ConversationId;
use tauri::{AppHandle, Manager, Runtime};

use crate::core::Core;
use crate::notifications::Notifier;

/// The conversation open in the window, and whether the window has the focus.
#[derive(Debug, Default)]
pub struct Focus(Mutex<Looking>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Looking {
    conversation_id: Option<ConversationId>,
    focused: bool,
}

/// The UI has opened a conversation, or has none open.
pub fn conversation_opened<R: Runtime>(
    app: &AppHandle<R>,
    conversation_id: Option<ConversationId>,
) {
    change(app, |looking| looking.conversation_id = conversation_id);
}

/// The window has got or lost the focus.
pub fn window_focused<R: Runtime>(app: &AppHandle<R>, focused: bool) {
    change(app, |looking| looking.focused = focused);
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
    app.state::<Core>().set_focus(now.conversation_id, now.focused);
    if let (Some(conversation_id), true) = (now.conversation_id, now.focused) {
        app.state::<Notifier>().dismiss(conversation_id);
    }
}

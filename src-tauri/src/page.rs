//! What the shell asks of the page: to show a conversation or another part of the window.

use std::sync::{Mutex, PoisonError};

use condorito_model::{ConversationId, MessageId};
use serde::Serialize;
use serde_json::json;
use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::core::{CORE, Core};
use crate::links::Place;
use crate::window;

/// Name of the event that asks for a conversation.
const OPEN_CONVERSATION: &str = "open-conversation";

/// Name of the event that asks for another part of the window; it comes with what the core tells.
const OPEN_VIEW: &str = "open-view";

/// So many wishes can wait for the page to be there; older ones give way.
const WAITING: usize = 4;

/// Something to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A conversation, at a message where one is named.
    Conversation(ConversationId, Option<MessageId>),
    /// A part of the window.
    View(View),
}

/// Parts of the window besides the conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The conversations themselves.
    Chat,
    /// The link to WhatsApp.
    Whatsapp,
}

/// Wishes that the page has not heard of; `None` once it listens.
pub struct Wishes(Mutex<Option<Vec<Wish>>>);

impl Default for Wishes {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

/// The page listens from now on.
pub fn is_listening<R: Runtime>(app: &AppHandle<R>) {
    let waiting = app.state::<Wishes>().0.lock().unwrap_or_else(PoisonError::into_inner).take();
    for wish in waiting.into_iter().flatten() {
        ask(app, wish);
    }
}

/// Raises the window and shows there what is wished for, as soon as the page listens.
pub fn show<R: Runtime>(app: &AppHandle<R>, wish: Wish) {
    window::raise(app);
    {
        let wishes = app.state::<Wishes>();
        let mut waiting = wishes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = waiting.as_mut() {
            if waiting.len() >= WAITING {
                waiting.remove(0);
            }
            waiting.push(wish);
            return;
        }
    }
    ask(app, wish);
}

/// Raises the window and follows a link into the app. What it leads to must exist for this
/// account; a link cannot do more than open it.
pub fn follow<R: Runtime>(app: &AppHandle<R>, place: Place) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let core = app.state::<Core>();
        let (command, args) = match &place {
            Place::Conversation(id) => ("get_conversation", json!({ "conversationId": id })),
            Place::Phone(digits) => {
                ("start_conversation", json!({ "phone": format!("+{digits}") }))
            }
        };
        let found = core.command(command, args).await;
        match found.map(|conversation| conversation.get("id").and_then(serde_json::Value::as_i64)) {
            Ok(Some(id)) => show(&app, Wish::Conversation(ConversationId(id), None)),
            Ok(None) => window::raise(&app),
            Err(error) => {
                tracing::info!(code = ?error.code, "a link leads nowhere");
                window::raise(&app);
            }
        }
    });
}

fn ask<R: Runtime>(app: &AppHandle<R>, wish: Wish) {
    let asked = match wish {
        Wish::Conversation(conversation_id, message_id) => {
            let payload = json!({ "conversationId": conversation_id, "messageId": message_id });
            app.emit_to(window::LABEL, OPEN_CONVERSATION, payload)
        }
        Wish::View(view) => {
            let payload = json!({ "event": OPEN_VIEW, "payload": { "view": view } });
            app.emit_to(window::LABEL, CORE, payload)
        }
    };
    if let Err(error) = asked {
        tracing::warn!(%error, "the page could not be asked to show something");
    }
}

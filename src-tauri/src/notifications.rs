//! Shows what the core decided to notify, one notification per conversation.

use std::collections::HashMap;

use condorito_model::view::Notification;
use condorito_model::{ConversationId, MessageId};
use serde::Serialize;
use tauri::{AppHandle, Emitter, Manager, Runtime};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::popup::{self, Answer, Content, Popup};
use crate::texts::texts;
use crate::window;

/// Name of the event that asks the UI to open a conversation.
pub const OPEN_CONVERSATION: &str = "open-conversation";

/// Waiting orders; beyond it something is wrong with the notification server, and the newest are
/// dropped rather than kept without bound.
const QUEUE: usize = 256;

/// Payload of [`OPEN_CONVERSATION`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenConversation {
    conversation_id: ConversationId,
    message_id: Option<MessageId>,
}

enum Order {
    Show(Notification),
    Dismiss(ConversationId),
    Answered { conversation_id: Option<ConversationId>, turn: u64, answer: Answer },
}

/// Hands notices to the task that owns the notifications on screen.
#[derive(Clone)]
pub struct Notifier {
    orders: mpsc::Sender<Order>,
}

impl Notifier {
    /// Starts the task.
    pub fn start<R: Runtime>(app: &AppHandle<R>) -> Self {
        let (orders, waiting) = mpsc::channel(QUEUE);
        let screen = Screen {
            app: app.clone(),
            shown: HashMap::new(),
            turn: 0,
            answers: orders.downgrade(),
        };
        tauri::async_runtime::spawn(screen.run(waiting));
        Self { orders }
    }

    /// Shows `notice`, in place of the one its conversation has on screen.
    pub fn show(&self, notice: Notification) {
        self.order(Order::Show(notice));
    }

    /// Takes the conversation's notification away: it is being read in the window.
    pub fn dismiss(&self, conversation_id: ConversationId) {
        self.order(Order::Dismiss(conversation_id));
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("a notification was dropped: the notification server does not answer");
        }
    }
}

struct Shown {
    popup: Popup,
    turn: u64,
    message_id: Option<MessageId>,
}

/// The notifications on screen, by conversation.
struct Screen<R: Runtime> {
    app: AppHandle<R>,
    shown: HashMap<Option<ConversationId>, Shown>,
    /// Tells an answer to a notification apart from one to the notification it replaced.
    turn: u64,
    answers: mpsc::WeakSender<Order>,
}

impl<R: Runtime> Screen<R> {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Show(notice) => self.show(notice).await,
                Order::Dismiss(conversation_id) => {
                    if let Some(shown) = self.shown.remove(&Some(conversation_id)) {
                        shown.popup.close().await;
                    }
                }
                Order::Answered { conversation_id, turn, answer } => {
                    self.answered(conversation_id, turn, answer)
                }
            }
        }
    }

    async fn show(&mut self, notice: Notification) {
        self.turn += 1;
        let turn = self.turn;
        let conversation_id = notice.conversation_id;
        let replaces = self.shown.remove(&conversation_id).map(|shown| shown.popup);
        let answers = self.answers.clone();
        let answered = move |answer| {
            if let Some(orders) = answers.upgrade() {
                let order = Order::Answered { conversation_id, turn, answer };
                if orders.try_send(order).is_err() {
                    tracing::warn!("an answer to a notification was dropped");
                }
            }
        };
        let core = self.app.state::<Core>();
        let content = Content {
            title: &notice.title,
            body: &notice.body,
            action: texts(core.locale()).view,
            sound: core.settings().machine.sound,
        };
        match popup::show(content, replaces, answered).await {
            Ok(popup) => {
                self.shown
                    .insert(conversation_id, Shown { popup, turn, message_id: notice.message_id });
            }
            Err(error) => tracing::warn!(%error, "a notification could not be shown"),
        }
    }

    fn answered(&mut self, conversation_id: Option<ConversationId>, turn: u64, answer: Answer) {
        let current = self.shown.get(&conversation_id).is_some_and(|shown| shown.turn == turn);
        if !current {
            return;
        }
        let message_id = self.shown.remove(&conversation_id).and_then(|shown| shown.message_id);
        if answer == Answer::Gone {
            return;
        }
        window::raise(&self.app);
        if let Some(conversation_id) = conversation_id {
            let payload = OpenConversation { conversation_id, message_id };
            if let Err(error) = self.app.emit_to(window::LABEL, OPEN_CONVERSATION, payload) {
                tracing::warn!(%error, "a conversation could not be opened in the window");
            }
        }
    }
}

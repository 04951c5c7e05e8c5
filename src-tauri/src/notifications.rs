//! Shows what the core decided to notify: one notification per conversation, and one each for
//! summaries, for texts that failed and for a lost WhatsApp.

use std::collections::{HashMap, VecDeque};

use condorito_model::view::{Notification, NotificationKind};
use condorito_model::{ConversationId, MessageId};
use serde_json::{Value, json};
use tauri::{AppHandle, Manager, Runtime};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::page::{self, View, Wish};
use crate::popup::{Answer, Content, Popups, Topic};
use crate::texts::texts;
use crate::{tray, window};

/// Waiting orders; beyond it something is wrong with the notification server, and the newest are
/// dropped rather than kept without bound.
const QUEUE: usize = 256;

/// Notifications that are remembered after they went away. A typed reply comes by another way than
/// the news that its notification is gone, and may come after it.
const REMEMBERED: usize = 16;

/// What a notification is about: a newer one of the same subject takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Messages(ConversationId),
    Failure(Option<ConversationId>),
    Digest,
    Whatsapp,
}

impl Subject {
    fn of(notice: &Notification) -> Self {
        match (notice.kind, notice.conversation_id) {
            (NotificationKind::Message, Some(id)) => Self::Messages(id),
            (NotificationKind::Message | NotificationKind::Digest, _) => Self::Digest,
            (NotificationKind::Failed, id) => Self::Failure(id),
            (NotificationKind::Whatsapp, _) => Self::Whatsapp,
        }
    }
}

enum Order {
    Show(Notification),
    /// The conversation is being read in the window.
    Dismiss(ConversationId),
    /// Something in these conversations has changed.
    LookAt(Vec<ConversationId>),
    Answered(u32, Answer),
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
        let notifier = Self { orders };
        let answers = notifier.orders.downgrade();
        let popups = Popups::new(move |id, answer| {
            if let Some(orders) = answers.upgrade() {
                Self { orders }.order(Order::Answered(id, answer));
            }
        });
        let screen =
            Screen { app: app.clone(), popups, shown: HashMap::new(), gone: VecDeque::new() };
        tauri::async_runtime::spawn(screen.run(waiting));
        notifier
    }

    /// Shows `notice`, in place of the one its subject has on screen.
    pub fn show(&self, notice: Notification) {
        self.order(Order::Show(notice));
    }

    /// Takes the conversation's notifications away: it is being read in the window.
    pub fn dismiss(&self, conversation_id: ConversationId) {
        self.order(Order::Dismiss(conversation_id));
    }

    /// Takes away what is no longer news in these conversations, such as what was read on the
    /// phone.
    pub fn look_at(&self, conversations: Vec<ConversationId>) {
        self.order(Order::LookAt(conversations));
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("a notification was dropped: the notification server does not answer");
        }
    }
}

struct Shown {
    id: u32,
    message_id: Option<MessageId>,
}

/// The notifications on screen, by subject.
struct Screen<R: Runtime> {
    app: AppHandle<R>,
    popups: Popups,
    shown: HashMap<Subject, Shown>,
    /// Those that went away lately, the last one at the end.
    gone: VecDeque<(Subject, Shown)>,
}

impl<R: Runtime> Screen<R> {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Show(notice) => self.show(notice).await,
                Order::Dismiss(id) => {
                    self.take_away(Subject::Messages(id)).await;
                    self.take_away(Subject::Failure(Some(id))).await;
                }
                Order::LookAt(conversations) => {
                    for id in conversations {
                        if self.is_read(id).await {
                            self.take_away(Subject::Messages(id)).await;
                        }
                    }
                }
                Order::Answered(id, answer) => self.answered(id, answer).await,
            }
        }
    }

    async fn show(&mut self, notice: Notification) {
        let subject = Subject::of(&notice);
        let replaces = self.shown.remove(&subject).map(|shown| shown.id);
        let texts = texts(tray::locale(&self.app));
        let of_contact = matches!(subject, Subject::Messages(_));
        let content = Content {
            title: &notice.title,
            body: &notice.body,
            open: texts.view,
            mark_read: of_contact.then_some(texts.mark_read),
            reply: of_contact.then_some(texts.reply),
            topic: match subject {
                Subject::Messages(_) | Subject::Digest => Topic::Messages,
                Subject::Failure(_) => Topic::Failure,
                Subject::Whatsapp => Topic::Outage,
            },
            silent: notice.silent,
        };
        match self.popups.show(content, replaces).await {
            Ok(id) => {
                self.shown.insert(subject, Shown { id, message_id: notice.message_id });
            }
            Err(error) => tracing::warn!(%error, "a notification could not be shown"),
        }
    }

    async fn take_away(&mut self, subject: Subject) {
        if let Some(shown) = self.shown.remove(&subject) {
            self.popups.close(shown.id).await;
        }
    }

    /// Whether a conversation whose messages are on screen has nothing unread any more.
    async fn is_read(&self, id: ConversationId) -> bool {
        if !self.shown.contains_key(&Subject::Messages(id)) {
            return false;
        }
        let found = self.command("get_conversation", json!({ "conversationId": id })).await;
        found.is_some_and(|conversation| conversation.get("unreadCount") == Some(&json!(0)))
    }

    async fn answered(&mut self, id: u32, answer: Answer) {
        let Some((subject, shown)) = self.taken(id, &answer) else {
            return;
        };
        if answer == Answer::Gone {
            self.gone.push_back((subject, shown));
            if self.gone.len() > REMEMBERED {
                self.gone.pop_front();
            }
            return;
        }
        let message_id = shown.message_id;
        if matches!(answer, Answer::MarkRead | Answer::Reply(_)) {
            // Not every server takes away what was acted on.
            self.popups.close(id).await;
        }
        match (answer, subject) {
            (Answer::Open, Subject::Messages(id)) => {
                page::show(&self.app, Wish::Conversation(id, message_id));
            }
            (Answer::Open, Subject::Failure(Some(id))) => {
                page::show(&self.app, Wish::Conversation(id, None));
            }
            (Answer::Open, Subject::Digest) => page::show(&self.app, Wish::View(View::Chat)),
            (Answer::Open, Subject::Whatsapp) => page::show(&self.app, Wish::View(View::Whatsapp)),
            (Answer::MarkRead, Subject::Messages(id)) => {
                self.command("mark_read", json!({ "conversationId": id })).await;
            }
            (Answer::Reply(text), Subject::Messages(id)) => {
                let args = json!({ "conversationId": id, "text": text });
                if self.command("send_text", args).await.is_some() {
                    self.command("mark_read", json!({ "conversationId": id })).await;
                } else {
                    // What was typed is lost unless the operator is brought to where it can be
                    // typed again.
                    page::show(&self.app, Wish::Conversation(id, message_id));
                }
            }
            _ => window::raise(&self.app),
        }
    }

    /// The notification that was answered, which is then no longer on screen.
    fn taken(&mut self, id: u32, answer: &Answer) -> Option<(Subject, Shown)> {
        let subject = self.shown.iter().find(|(_, it)| it.id == id).map(|(it, _)| *it);
        if let Some(subject) = subject {
            return self.shown.remove(&subject).map(|shown| (subject, shown));
        }
        let at = self.gone.iter().position(|(_, it)| it.id == id)?;
        matches!(answer, Answer::Reply(_)).then(|| self.gone.remove(at)).flatten()
    }

    /// The client's answer; `None` when it refuses.
    async fn command(&self, name: &str, args: Value) -> Option<Value> {
        let answer = self.app.state::<Core>().command(name, args).await;
        answer.inspect_err(|error| tracing::warn!(name, code = ?error.code, "refused")).ok()
    }
}

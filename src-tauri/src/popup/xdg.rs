//! Freedesktop servers over D-Bus, by `notify-rust`. It knows nothing of a reply typed into a
//! notification, so that one signal is listened to beside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Urgency};
use tauri::async_runtime::{JoinHandle, spawn, spawn_blocking};
use zbus::Connection;

use super::{APP, Answer, Content, PopupError, Topic};

/// How long the server may take before a notification is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Icon name under which the packages install the app's icon, and name of their desktop entry.
const ICON: &str = "condorito-desktop";

/// Name of the sound, as sound themes have it.
const SOUND: &str = "message-new-instant";

// Keys of actions: the first is the specification's for a click, the last KDE's for its field.
const OPEN: &str = "default";
const MARK_READ: &str = "mark-read";
const REPLY: &str = "inline-reply";

/// The part of the server's interface that KDE has added.
#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Replies {
    #[zbus(signal)]
    fn notification_replied(&self, id: u32, text: String) -> zbus::Result<()>;
}

type Answered = Arc<dyn Fn(u32, Answer) + Send + Sync>;

/// A notification on screen, and the task that waits for its answer.
struct Shown {
    handle: Arc<NotificationHandle>,
    waiting: JoinHandle<()>,
}

/// The notifications of this process that are on screen.
pub struct Popups {
    shown: Arc<Mutex<HashMap<u32, Shown>>>,
    replies: Option<JoinHandle<()>>,
    answered: Answered,
}

impl Popups {
    /// Not connected yet; `answered` is called with whatever becomes of a notification.
    pub fn new(answered: impl Fn(u32, Answer) + Send + Sync + 'static) -> Self {
        Self { shown: Arc::default(), replies: None, answered: Arc::new(answered) }
    }

    /// Shows a notification, in place of the one that `replaces` names; answers its id.
    ///
    /// # Errors
    /// [`PopupError`] when there is no server or it does not take it.
    pub async fn show(
        &mut self,
        content: Content<'_>,
        replaces: Option<u32>,
    ) -> Result<u32, PopupError> {
        let capabilities = capabilities().await?;
        let can = |wanted: &str| capabilities.iter().any(|capability| capability == wanted);
        if can(REPLY) {
            self.listen_for_replies().await;
        }
        let mut notification = notification(content, can);
        if let Some(id) = replaces {
            if let Some(old) = self.taken(id) {
                old.waiting.abort();
            }
            notification.id(id);
        }
        let handle = Arc::new(tokio::time::timeout(PATIENCE, notification.show_async()).await??);
        let id = handle.id();
        // Held while the task begins, so that an answer finds what it is to take away.
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting =
            spawn(wait(Arc::clone(&handle), Arc::clone(&self.shown), Arc::clone(&self.answered)));
        shown.insert(id, Shown { handle, waiting });
        Ok(id)
    }

    /// Takes a notification off the screen.
    pub async fn close(&mut self, id: u32) {
        let Some(shown) = self.taken(id) else {
            return;
        };
        shown.waiting.abort();
        if tokio::time::timeout(PATIENCE, shown.handle.close_async()).await.is_err() {
            tracing::warn!("the notification server does not answer");
        }
    }

    fn taken(&self, id: u32) -> Option<Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    /// Begins to listen, unless that is being done; again when the bus had gone.
    async fn listen_for_replies(&mut self) {
        if self.replies.as_ref().is_some_and(|task| !task.inner().is_finished()) {
            return;
        }
        match tokio::time::timeout(PATIENCE, replies(Arc::clone(&self.answered))).await {
            Ok(Ok(task)) => self.replies = Some(task),
            Ok(Err(error)) => tracing::warn!(%error, "replies in notifications are not heard"),
            Err(_) => tracing::warn!("the session bus does not answer"),
        }
    }
}

/// Waits until something becomes of a notification.
async fn wait(
    handle: Arc<NotificationHandle>,
    shown: Arc<Mutex<HashMap<u32, Shown>>>,
    answered: Answered,
) {
    let id = handle.id();
    let told = Arc::clone(&handle);
    told.wait_for_action_async(|response: &NotificationResponse| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        // A newer one may have taken its place and its id.
        if shown.get(&id).is_some_and(|it| Arc::ptr_eq(&it.handle, &handle)) {
            shown.remove(&id);
            drop(shown);
            answered(id, answer(response));
        }
    })
    .await;
}

async fn replies(answered: Answered) -> zbus::Result<JoinHandle<()>> {
    let bus = Connection::session().await?;
    let server = RepliesProxy::new(&bus).await?;
    let mut replied = server.receive_notification_replied().await?;
    Ok(spawn(async move {
        while let Some(signal) = replied.next().await {
            if let Ok(reply) = signal.args() {
                answered(*reply.id(), Answer::Reply(reply.text().clone()));
            }
        }
    }))
}

/// What the server can do. Asked each time: another one may have taken over, and it is a question
/// of a moment.
async fn capabilities() -> Result<Vec<String>, PopupError> {
    let asked = spawn_blocking(notify_rust::get_capabilities);
    let answer = tokio::time::timeout(PATIENCE, asked).await?;
    // The task neither panics nor is aborted; if it ever does, nothing special can be done.
    Ok(answer.unwrap_or_else(|_| Ok(Vec::new()))?)
}

fn notification(content: Content<'_>, can: impl Fn(&str) -> bool) -> Notification {
    let mut notification = Notification::new();
    // Servers that render markup would otherwise take what a contact wrote for it.
    let body = match can("body-markup") {
        true => escape(content.body),
        false => content.body.to_owned(),
    };
    notification.appname(APP).summary(content.title).body(&body).icon(ICON);
    if can("actions") {
        notification.action(OPEN, content.open);
        if let Some(label) = content.mark_read {
            notification.action(MARK_READ, label);
        }
        if let Some(label) = content.reply.filter(|_| can(REPLY)) {
            notification.action(REPLY, label);
        }
    }
    let (category, urgency) = match content.topic {
        Topic::Messages => ("im.received", Urgency::Normal),
        Topic::Failure => ("im.error", Urgency::Normal),
        Topic::Outage => ("network.error", Urgency::Critical),
    };
    notification
        .urgency(urgency)
        .hint(Hint::Category(category.to_owned()))
        .hint(Hint::DesktopEntry(ICON.to_owned()))
        .hint(Hint::SuppressSound(content.silent));
    if !content.silent {
        notification.sound_name(SOUND);
    }
    notification
}

fn answer(response: &NotificationResponse) -> Answer {
    match response {
        NotificationResponse::Default => Answer::Open,
        NotificationResponse::Action(key) if key == MARK_READ => Answer::MarkRead,
        // The text itself comes by a signal of its own.
        NotificationResponse::Action(_) => Answer::Open,
        _ => Answer::Gone,
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn leaves_no_markup() {
        assert_eq!(escape("<b>5 > 3</b> & \"más\""), "&lt;b&gt;5 &gt; 3&lt;/b&gt; &amp; \"más\"");
    }
}

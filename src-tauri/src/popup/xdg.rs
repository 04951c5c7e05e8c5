//! Freedesktop servers over D-Bus. Spoken to directly and not through `notify-rust`, which knows
//! nothing of a reply typed into a notification and takes a connection for each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use zbus::{Connection, Message, Variant};

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

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[allow(clippy::too_many_arguments, reason = "the signature of the specification")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: &HashMap<&str, Variant<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;
}

/// The notification server of this session.
pub struct Popups {
    server: Option<NotificationsProxy<'static>>,
    answered: Arc<dyn Fn(u32, Answer) + Send + Sync>,
}

impl Popups {
    /// Not connected yet; `answered` is called with whatever becomes of a notification.
    pub fn new(answered: impl Fn(u32, Answer) + Send + Sync + 'static) -> Self {
        Self { server: None, answered: Arc::new(answered) }
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
        let shown = tokio::time::timeout(PATIENCE, self.notify(content, replaces)).await;
        let shown = shown.map_err(PopupError::from).flatten();
        if shown.is_err() {
            // The bus may have gone; the next notification looks for it again.
            self.server = None;
        }
        shown
    }

    /// Takes a notification off the screen.
    pub async fn close(&mut self, id: u32) {
        if let Some(server) = &self.server {
            match tokio::time::timeout(PATIENCE, server.close_notification(id)).await {
                // Servers may refuse to close what is gone already.
                Ok(_) => {}
                Err(_) => tracing::warn!("the notification server does not answer"),
            }
        }
    }

    async fn notify(
        &mut self,
        content: Content<'_>,
        replaces: Option<u32>,
    ) -> Result<u32, PopupError> {
        let server = self.server().await?;
        // Asked each time: another server may have taken over, and it is a question of a moment.
        let capabilities = server.get_capabilities().await?;
        let can = |wanted: &str| capabilities.iter().any(|capability| capability == wanted);

        let mut actions = Vec::new();
        if can("actions") {
            actions.extend([OPEN, content.open]);
            actions.extend(content.mark_read.into_iter().flat_map(|label| [MARK_READ, label]));
            let reply = content.reply.filter(|_| can(REPLY));
            actions.extend(reply.into_iter().flat_map(|label| [REPLY, label]));
        }
        let (category, urgency) = match content.topic {
            Topic::Messages => ("im.received", 1_u8),
            Topic::Failure => ("im.error", 1),
            Topic::Outage => ("network.error", 2),
        };
        let mut hints = HashMap::from([
            ("category", Variant::from(category)),
            ("desktop-entry", Variant::from(ICON)),
            ("urgency", Variant::from(urgency)),
            ("suppress-sound", Variant::from(content.silent)),
        ]);
        if !content.silent {
            hints.insert("sound-name", Variant::from(SOUND));
        }
        // Servers that render markup would otherwise take what a contact wrote for it.
        let body = match can("body-markup") {
            true => escape(content.body),
            false => content.body.to_owned(),
        };
        let (replaces, by_server) = (replaces.unwrap_or(0), -1);
        let (title, actions) = (content.title, actions.as_slice());
        Ok(server.notify(APP, replaces, ICON, title, &body, actions, &hints, by_server).await?)
    }

    async fn server(&mut self) -> zbus::Result<NotificationsProxy<'static>> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let bus = Connection::session().await?;
        let server = NotificationsProxy::new(&bus).await?;
        // One stream for all signals: a click and the closing after it stay in their order.
        let mut signals = server.inner().receive_all_signals().await?;
        let answered = Arc::clone(&self.answered);
        tauri::async_runtime::spawn(async move {
            while let Some(signal) = signals.next().await {
                if let Some((id, answer)) = answer(&signal) {
                    answered(id, answer);
                }
            }
        });
        Ok(self.server.insert(server).clone())
    }
}

fn answer(signal: &Message) -> Option<(u32, Answer)> {
    let header = signal.header();
    let body = signal.body();
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let (id, key): (u32, String) = body.deserialize().ok()?;
            let answer = match key.as_str() {
                OPEN => Answer::Open,
                MARK_READ => Answer::MarkRead,
                _ => return None,
            };
            Some((id, answer))
        }
        "NotificationReplied" => {
            let (id, text): (u32, String) = body.deserialize().ok()?;
            Some((id, Answer::Reply(text)))
        }
        "NotificationClosed" => {
            let (id, _reason): (u32, u32) = body.deserialize().ok()?;
            Some((id, Answer::Gone))
        }
        _ => None,
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

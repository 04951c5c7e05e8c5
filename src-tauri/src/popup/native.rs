//! macOS and Windows, whose answers are waited for on a thread.

use std::sync::Arc;

use notify_rust::{Notification, NotificationResponse};

use super::{APP, Answer, Content, PopupError};

/// Name of the sound, by the platform's own name for it.
const SOUND: &str = if cfg!(windows) { "IM" } else { "Glass" };

// Keys of actions.
const OPEN: &str = "default";
const MARK_READ: &str = "mark-read";

/// The notification centre.
pub struct Popups {
    last: u32,
    answered: Arc<dyn Fn(u32, Answer) + Send + Sync>,
}

impl Popups {
    /// `answered` is called with whatever becomes of a notification.
    pub fn new(answered: impl Fn(u32, Answer) + Send + Sync + 'static) -> Self {
        Self { last: 0, answered: Arc::new(answered) }
    }

    /// Shows a notification; answers its id. These platforms replace by themselves, or not.
    ///
    /// # Errors
    /// None on these platforms: failures are logged by the thread that shows it.
    pub async fn show(
        &mut self,
        content: Content<'_>,
        _replaces: Option<u32>,
    ) -> Result<u32, PopupError> {
        self.last = self.last.wrapping_add(1).max(1);
        let (id, answered) = (self.last, Arc::clone(&self.answered));
        let notification = notification(content);
        std::thread::spawn(move || {
            let waited = notification.show().and_then(|handle| {
                handle.wait_for_response(|response: &NotificationResponse| {
                    answered(id, answer(response));
                })
            });
            if let Err(error) = waited {
                tracing::warn!(%error, "a notification could not be shown");
            }
        });
        Ok(id)
    }

    /// Does nothing: the platform's notification centre keeps it until it is dismissed.
    pub async fn close(&mut self, _id: u32) {}
}

fn notification(content: Content<'_>) -> Notification {
    let mut notification = Notification::new();
    notification.appname(APP).summary(content.title).body(content.body).action(OPEN, content.open);
    if let Some(label) = content.mark_read {
        notification.action(MARK_READ, label);
    }
    if !content.silent {
        notification.sound_name(SOUND);
    }
    // The installer registers this id; without it Windows shows nothing under it.
    #[cfg(all(windows, not(debug_assertions)))]
    notification.app_id("com.crmcondorito.desktop");
    notification
}

fn answer(response: &NotificationResponse) -> Answer {
    match response {
        NotificationResponse::Default => Answer::Open,
        NotificationResponse::Action(key) if key == MARK_READ => Answer::MarkRead,
        NotificationResponse::Action(_) => Answer::Open,
        NotificationResponse::Reply(text) => Answer::Reply(text.to_string()),
        _ => Answer::Gone,
    }
}

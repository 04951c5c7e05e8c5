//! One notification on the desktop, through the platform's own notification server.

use notify_rust::{Notification, NotificationResponse};
#[cfg(all(unix, not(target_os = "macos")))]
pub use xdg::{Popup, show};

#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use native::{Popup, show};

/// The sound of a message, by the platform's own name for it.
const SOUND: &str = if cfg!(windows) {
    "IM"
} else if cfg!(target_os = "macos") {
    "Glass"
} else {
    "message-new-instant"
};

/// What a notification says.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// First line, plain text.
    pub title: &'a str,
    /// The rest, plain text.
    pub body: &'a str,
    /// Label of the button that opens what it is about.
    pub action: &'a str,
    /// Whether it may be heard.
    pub sound: bool,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The operator wants to see what it is about.
    Open,
    /// It went away by itself or was dismissed.
    Gone,
}

impl From<&NotificationResponse> for Answer {
    fn from(response: &NotificationResponse) -> Self {
        match response {
            NotificationResponse::Default | NotificationResponse::Action(_) => Self::Open,
            _ => Self::Gone,
        }
    }
}

/// Why a notification was not shown.
#[derive(Debug, thiserror::Error)]
pub enum PopupError {
    /// The server refused it, or there is none.
    #[error("the notification server refused: {0}")]
    Refused(#[from] notify_rust::error::Error),
    /// The server did not answer in time.
    #[error("the notification server does not answer")]
    Silent(#[from] tokio::time::error::Elapsed),
}

fn notification(content: Content<'_>) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("CRM Condorito")
        .summary(content.title)
        .body(content.body)
        .action("default", content.action);
    if content.sound {
        notification.sound_name(SOUND);
    }
    // The installer registers this id; without it Windows shows nothing under it.
    #[cfg(all(windows, not(debug_assertions)))]
    notification.app_id("com.crmcondorito.desktop");
    notification
}

/// Freedesktop servers over D-Bus.
#[cfg(all(unix, not(target_os = "macos")))]
mod xdg {
    use std::sync::Arc;
    use std::time::Duration;

    use notify_rust::{Hint, NotificationHandle};
    use tauri::async_runtime::JoinHandle;
    use tokio::sync::OnceCell;

    use super::{Answer, Content, PopupError, notification};

    /// How long the notification server may take before a notification is given up.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Icon name under which the packages install the app's icon.
    const ICON: &str = "condorito-desktop";

    /// A notification on screen, and the task that waits for its answer.
    pub struct Popup {
        handle: Arc<NotificationHandle>,
        waiting: JoinHandle<()>,
    }

    impl Popup {
        /// Takes it off the screen.
        pub async fn close(self) {
            self.waiting.abort();
            if tokio::time::timeout(PATIENCE, self.handle.close_async()).await.is_err() {
                tracing::warn!("the notification server does not answer");
            }
        }
    }

    /// Shows a notification, in place of `replaces`; `answered` is called at most once.
    ///
    /// # Errors
    /// [`PopupError`] when there is no server or it does not take it.
    pub async fn show(
        content: Content<'_>,
        replaces: Option<Popup>,
        answered: impl FnOnce(Answer) + Send + 'static,
    ) -> Result<Popup, PopupError> {
        let body = body_text(content.body).await;
        let mut notification = notification(Content { body: &body, ..content });
        notification
            .icon(ICON)
            .hint(Hint::Category("im.received".to_owned()))
            .hint(Hint::DesktopEntry(ICON.to_owned()))
            .hint(Hint::SuppressSound(!content.sound));
        if let Some(popup) = replaces {
            popup.waiting.abort();
            notification.id(popup.handle.id());
        }
        let handle = Arc::new(tokio::time::timeout(PATIENCE, notification.show_async()).await??);
        let waiting = tauri::async_runtime::spawn({
            let handle = Arc::clone(&handle);
            async move {
                handle.wait_for_action_async(|response| answered(Answer::from(response))).await;
            }
        });
        Ok(Popup { handle, waiting })
    }

    /// The body as the server must get it: servers that render markup would otherwise take what a
    /// contact wrote for it.
    async fn body_text(body: &str) -> String {
        static RENDERS_MARKUP: OnceCell<bool> = OnceCell::const_new();
        let renders = RENDERS_MARKUP
            .get_or_try_init(|| async {
                let asked = tokio::task::spawn_blocking(notify_rust::get_capabilities);
                match tokio::time::timeout(PATIENCE, asked).await {
                    Ok(Ok(Ok(capabilities))) => Ok(capabilities.iter().any(|c| c == "body-markup")),
                    _ => Err(()),
                }
            })
            .await;
        // A server that does not say is escaped for: stray `&lt;` is better than markup.
        if renders.copied().unwrap_or(true) { escape(body) } else { body.to_owned() }
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
            assert_eq!(
                escape("<b>5 > 3</b> & \"más\""),
                "&lt;b&gt;5 &gt; 3&lt;/b&gt; &amp; \"más\""
            );
        }
    }
}

/// macOS and Windows, whose answers are waited for on a thread.
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod native {
    use super::{Answer, Content, PopupError, notification};

    /// A notification on screen. The platform offers no way to take it back.
    pub struct Popup;

    impl Popup {
        /// Does nothing: the platform's notification centre keeps it until it is dismissed.
        pub async fn close(self) {}
    }

    /// Shows a notification; `answered` is called at most once.
    ///
    /// # Errors
    /// None on these platforms: failures are logged by the thread that shows it.
    pub async fn show(
        content: Content<'_>,
        _replaces: Option<Popup>,
        answered: impl FnOnce(Answer) + Send + 'static,
    ) -> Result<Popup, PopupError> {
        let notification = notification(content);
        std::thread::spawn(move || {
            let waited = notification.show().and_then(|handle| {
                handle.wait_for_response(|response: &_| answered(Answer::from(response)))
            });
            if let Err(error) = waited {
                tracing::warn!(%error, "a notification could not be shown");
            }
        });
        Ok(Popup)
    }
}

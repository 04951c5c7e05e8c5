//! Notifications on the desktop, through the platform's own notification server.

#[cfg_attr(target_os = "linux", path = "xdg.rs")]
#[cfg_attr(not(target_os = "linux"), path = "native.rs")]
mod server;

pub use server::Popups;

/// Name of the app, as notification servers show it.
const APP: &str = "CRM Condorito";

/// What a notification says.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// First line, plain text.
    pub title: &'a str,
    /// The rest, plain text.
    pub body: &'a str,
    /// Label of the click, which opens what it is about.
    pub open: &'a str,
    /// Label of the button that marks it as read, where that can be done.
    pub mark_read: Option<&'a str>,
    /// Label of the field to answer in, where there is somebody to answer.
    pub reply: Option<&'a str>,
    /// What it is about, for servers that treat kinds of notification differently.
    pub topic: Topic,
    /// Whether it must not be heard.
    pub silent: bool,
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Messages of contacts.
    Messages,
    /// An own text that did not go out.
    Failure,
    /// Somebody has to act, or nothing comes in or goes out.
    Outage,
}

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The operator wants to see what it is about.
    Open,
    /// The operator has read it and does not want to see more.
    MarkRead,
    /// The operator has answered in the notification.
    Reply(String),
    /// It went away by itself or was dismissed.
    Gone,
}

/// Why a notification was not shown.
#[derive(Debug, thiserror::Error)]
pub enum PopupError {
    /// The server refused it, or there is none.
    #[cfg(target_os = "linux")]
    #[error("the notification server refused: {0}")]
    Refused(#[from] notify_rust::error::Error),
    /// The server did not answer in time.
    #[cfg(target_os = "linux")]
    #[error("the notification server does not answer")]
    Silent(#[from] tokio::time::error::Elapsed),
}

//! The client behind the window: commands go to it, what it tells goes to the page, the tray and
//! the desktop's notifications.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use condorito_client::{
    Client, ClientOptions, CommandError, ErrorCode, Event, EventStream, Locale, MediaPart, Picture,
    Settings,
};
use condorito_model::ConversationId;
use serde_json::{Value, json};
use tauri::{AppHandle, Emitter, Manager, Runtime};
use tokio::sync::Notify;

use crate::demo::{self, Demo};
use crate::notifications::Notifier;
use crate::options::Options;
use crate::{preferences, tray, window};

/// Name of the event that carries everything the client tells.
pub const CORE: &str = "core";

/// Pause between two counts of what is unread: the tray need not be quicker than an eye.
const COUNT_PAUSE: Duration = Duration::from_secs(1);

/// The client, or why there is none.
pub struct Core {
    client: Result<Client, CommandError>,
    demo: Demo,
}

impl Core {
    /// Starts the client; must be called within the runtime. What it tells comes with it, for
    /// [`pass_on`].
    pub fn start(options: &Options, data_dir: PathBuf) -> (Self, Option<EventStream>) {
        let demo = Demo::new(data_dir.join("demo"));
        let client_options = ClientOptions {
            backend: options.backend.clone(),
            secret_store: options.secret_store.into(),
            locale: options.locale,
            demo: Some(demo.starter()),
            ..ClientOptions::new(data_dir)
        };
        match Client::start(client_options) {
            Ok((client, events)) => {
                let client = Ok(client);
                (Self { client, demo }, Some(events))
            }
            Err(fault) => {
                tracing::error!(%fault, "the client could not be started");
                let client = Err(options.locale.unwrap_or_default().error(fault.code()));
                (Self { client, demo }, None)
            }
        }
    }

    /// Runs one of the client's commands.
    ///
    /// # Errors
    /// What the client answers, or why there is no client.
    pub async fn command(&self, name: &str, args: Value) -> Result<Value, CommandError> {
        self.client.as_ref().map_err(Clone::clone)?.command(name, args).await
    }

    /// A part of a message's kept file; see [`Client::media_part`].
    ///
    /// # Errors
    /// What the client answers, or why there is no client.
    pub async fn media_part(
        &self,
        message_id: i64,
        thumbnail: bool,
        range: Option<Range<u64>>,
    ) -> Result<MediaPart, ErrorCode> {
        let client = self.client.as_ref().map_err(|error| error.code)?;
        client.media_part(message_id, thumbnail, range).await
    }

    /// A message's picture; see [`Client::picture`].
    ///
    /// # Errors
    /// What the client answers, or why there is no client.
    pub async fn picture(&self, message_id: i64) -> Result<Picture, ErrorCode> {
        self.client.as_ref().map_err(|error| error.code)?.picture(message_id).await
    }

    /// An error of the shell's own, in the operator's language.
    pub fn error(&self, code: ErrorCode) -> CommandError {
        self.locale().error(code)
    }

    /// The language in use.
    pub fn locale(&self) -> Locale {
        self.client.as_ref().map(Client::locale).unwrap_or_default()
    }

    /// The settings; the usual ones while there is no client.
    pub fn settings(&self) -> Settings {
        self.client.as_ref().map(Client::settings).unwrap_or_default()
    }

    /// Tells what the operator is looking at, which needs no notification.
    pub fn set_focus(&self, conversation_id: Option<ConversationId>, focused: bool) {
        if let Ok(client) = &self.client {
            client.set_focus(conversation_id, focused);
        }
    }

    /// The machine woke: the link is made anew and what was missed is caught up with.
    pub async fn wake(&self) {
        if let Ok(client) = &self.client {
            client.wake().await;
        }
    }

    /// Ends the link and closes the files; nobody is signed out.
    pub async fn stop(&self) {
        if let Ok(client) = &self.client {
            client.stop().await;
        }
        self.demo.stop().await;
    }
}

/// Passes on what the client tells until it has stopped.
pub fn pass_on<R: Runtime>(app: &AppHandle<R>, mut events: EventStream) {
    let unread = Arc::new(Notify::new());
    tauri::async_runtime::spawn(count_unread(app.clone(), Arc::clone(&unread)));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        while let Some(event) = events.next().await {
            match &event {
                Event::Notification(notice) => app.state::<Notifier>().show(notice.clone()),
                Event::Changed(changed) => {
                    unread.notify_one();
                    if !changed.conversations.is_empty() {
                        app.state::<Notifier>().look_at(changed.conversations.clone());
                    }
                }
                Event::Session(_) => unread.notify_one(),
                Event::Connection(connection) => tray::set_connection(&app, connection.state),
                Event::Settings(settings) => preferences::changed(&app, &settings.machine),
                _ => {}
            }
            if let Err(error) = app.emit_to(window::LABEL, CORE, &event) {
                tracing::warn!(%error, event = event.name(), "an event did not reach the page");
            }
        }
    });
}

/// Signs in to the demo, unless somebody is signed in already: whoever asks for it on the command
/// line wants to see it, not its sign-in screen.
pub fn enter_demo<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let core = app.state::<Core>();
        let status = core.command("session_status", json!({})).await;
        let signed_out = status.is_ok_and(|it| it.get("state") == Some(&json!("signedOut")));
        if signed_out && let Err(error) = core.command("login", demo::credentials()).await {
            tracing::error!(code = ?error.code, "the demo did not let the operator in");
        }
    });
}

/// Keeps the tray's number of conversations with something unread.
async fn count_unread<R: Runtime>(app: AppHandle<R>, changed: Arc<Notify>) {
    loop {
        let counts = app.state::<Core>().command("conversation_counts", json!({})).await;
        // Signed out there is nothing to read.
        let unread = counts.ok().and_then(|it| it.get("unread").and_then(Value::as_u64));
        tray::set_unread(&app, unread.unwrap_or(0));
        tokio::time::sleep(COUNT_PAUSE).await;
        changed.notified().await;
    }
}

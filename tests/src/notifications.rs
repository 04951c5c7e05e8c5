//! A notification server that shows nothing, remembers everything and can be clicked by a test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use zbus::Connection;
use zbus::OwnedVariant;

use crate::poll::{Seen, until};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// One call of `Notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notified {
    /// The id the server gave; the same one when the call replaced an earlier notification.
    pub id: u32,
    /// The id the caller asked to replace, 0 for none.
    pub replaces: u32,
    /// First line.
    pub summary: String,
    /// The rest, as sent: servers with `body-markup` would render it.
    pub body: String,
    /// Keys and labels of its buttons, alternating.
    pub actions: Vec<String>,
    /// Name of the sound to play, if one is named.
    pub sound: Option<String>,
    /// Whether no sound may be played.
    pub suppressed: bool,
    /// 0 low, 1 normal, 2 critical.
    pub urgency: u8,
}

/// The server on the test's own bus.
pub struct NotificationServer {
    connection: Connection,
    calls: watch::Receiver<Vec<Notified>>,
    closed: Arc<Mutex<Vec<u32>>>,
    capabilities: Capabilities,
}

type Capabilities = Arc<Mutex<Vec<&'static str>>>;

struct Interface {
    calls: watch::Sender<Vec<Notified>>,
    closed: Arc<Mutex<Vec<u32>>>,
    capabilities: Capabilities,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Interface {
    #[allow(clippy::too_many_arguments, reason = "the signature of the specification")]
    fn notify(
        &self,
        _app_name: String,
        replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut id = replaces_id;
        self.calls.send_modify(|calls| {
            if id == 0 {
                id = calls.iter().map(|call| call.id).max().unwrap_or(0) + 1;
            }
            calls.push(Notified {
                id,
                replaces: replaces_id,
                summary,
                body,
                actions,
                sound: hints.get("sound-name").and_then(|it| it.downcast_ref().ok()),
                suppressed: hints
                    .get("suppress-sound")
                    .and_then(|it| it.downcast_ref().ok())
                    .unwrap_or(false),
                urgency: hints.get("urgency").and_then(|it| it.downcast_ref().ok()).unwrap_or(1),
            });
        });
        id
    }

    fn close_notification(&self, id: u32) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    fn get_capabilities(&self) -> Vec<String> {
        let capabilities = self.capabilities.lock().unwrap_or_else(PoisonError::into_inner);
        capabilities.iter().map(|&it| it.to_owned()).collect()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let answer = ["recorder", "condorito-tests", "1", "1.2"];
        answer.map(str::to_owned).into()
    }
}

impl NotificationServer {
    /// Takes the name `org.freedesktop.Notifications` on the bus at `address`.
    ///
    /// # Errors
    /// When the bus cannot be reached or the name is taken.
    pub async fn start(address: &str) -> Result<Self> {
        let (sender, calls) = watch::channel(Vec::new());
        let closed = Arc::default();
        let capabilities = Arc::new(Mutex::new(vec!["actions", "body", "body-markup"]));
        let interface = Interface {
            calls: sender,
            closed: Arc::clone(&closed),
            capabilities: Arc::clone(&capabilities),
        };
        let connection = zbus::connection::Builder::address(address)
            .name(NAME)
            .serve_at(PATH, interface)
            .build()
            .await
            .context("the recorded notification server")?;
        Ok(Self { connection, calls, closed, capabilities })
    }

    /// Every call of `Notify` so far, oldest first.
    pub fn calls(&self) -> Vec<Notified> {
        self.calls.borrow().clone()
    }

    /// Ids of the notifications that the app has taken away, oldest first.
    pub fn closed(&self) -> Vec<u32> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a notification is there that `wanted` accepts.
    ///
    /// # Errors
    /// After `limit`, with what was notified instead.
    pub async fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Notified) -> bool,
    ) -> Result<Notified> {
        until(what, limit, async || {
            let calls = self.calls();
            let found = calls.iter().find(|call| wanted(call)).cloned();
            Ok(Seen::from_option(found, format!("{calls:?}")))
        })
        .await
    }

    /// Waits until a notification has been taken away by the app.
    ///
    /// # Errors
    /// After `limit`, with what was taken away instead.
    pub async fn until_closed(&self, id: u32, limit: Duration) -> Result<()> {
        until("the notification to be taken away", limit, async || {
            let closed = self.closed();
            Ok(Seen::when(closed.contains(&id), format!("{closed:?}")))
        })
        .await
    }

    /// Becomes a server that can do other things than `actions`, `body` and `body-markup`.
    pub fn set_capabilities(&self, capabilities: &[&'static str]) {
        *self.capabilities.lock().unwrap_or_else(PoisonError::into_inner) = capabilities.to_vec();
    }

    /// Clicks on a notification.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn click(&self, id: u32) -> Result<()> {
        self.press(id, "default").await
    }

    /// Presses a button of a notification, which is then closed, as most servers do.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn press(&self, id: u32, key: &str) -> Result<()> {
        self.signal("ActionInvoked", &(id, key)).await?;
        self.signal("NotificationClosed", &(id, 2_u32)).await
    }

    /// Types an answer into a notification.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn reply(&self, id: u32, text: &str) -> Result<()> {
        self.signal("NotificationReplied", &(id, text)).await
    }

    async fn signal<B>(&self, name: &str, body: &B) -> Result<()>
    where
        B: serde::Serialize + zbus::Type,
    {
        self.connection
            .emit_signal(None::<&str>, PATH, NAME, name, body)
            .await
            .with_context(|| format!("{name} could not be emitted"))
    }
}

//! A notification server that shows nothing, remembers everything and can be clicked by a test.

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
}

/// The server on the test's own bus.
pub struct NotificationServer {
    connection: Connection,
    calls: watch::Receiver<Vec<Notified>>,
    closed: Arc<Mutex<Vec<u32>>>,
}

struct Interface {
    calls: watch::Sender<Vec<Notified>>,
    closed: Arc<Mutex<Vec<u32>>>,
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
        _hints: std::collections::HashMap<String, OwnedVariant>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut id = replaces_id;
        self.calls.send_modify(|calls| {
            if id == 0 {
                id = calls.iter().map(|call| call.id).max().unwrap_or(0) + 1;
            }
            calls.push(Notified { id, replaces: replaces_id, summary, body, actions });
        });
        id
    }

    fn close_notification(&self, id: u32) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"].map(str::to_owned).into()
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
        let interface = Interface { calls: sender, closed: Arc::clone(&closed) };
        let connection = zbus::connection::Builder::address(address)
            .name(NAME)
            .serve_at(PATH, interface)
            .build()
            .await
            .context("the recorded notification server")?;
        Ok(Self { connection, calls, closed })
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

    /// Clicks on a notification.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn click(&self, id: u32) -> Result<()> {
        self.connection
            .emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &(id, "default"))
            .await
            .context("ActionInvoked could not be emitted")
    }
}

//! The live link: Socket.IO over WebSocket under a supervisor of our own.
//!
//! The library under it must not be used for polling, acks or its own reconnecting, and cannot
//! be stopped from within: only the end of its runtime ends its task and its connection. So each
//! connection lives on a thread with a runtime of its own, that thread is joined before the next
//! attempt, and there is never more than one live link.
//!
//! What the library does see to is the heartbeat: it ends a link on which no ping came for the
//! `pingInterval + pingTimeout` of the server's handshake.

mod backoff;
mod config;
mod connection;
mod counters;
mod supervisor;
mod wake;

pub use config::LinkConfig;
pub use counters::LinkCounters;

use condorito_model::link::LinkFact;
use counters::SharedCounters;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::sync::Arc;
use supervisor::Supervisor;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Who connects.
#[derive(Debug, Clone)]
pub struct LinkAuth {
    /// The access token.
    pub token: SecretString,
    /// The company's row id.
    pub client_id: i64,
    /// Its code as the server spells it: the room's name, and the check of every event.
    pub client_code: String,
}

/// Why there is no token to connect with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// There is no session: a password is needed.
    #[error("no session")]
    Ended,
    /// The server that gives tokens cannot be reached or fails.
    #[error("no token to be had now")]
    Unavailable,
}

/// Where the supervisor gets its tokens from, and learns whether REST gets through.
pub trait TokenSource: Send + Sync + 'static {
    /// The token for the next attempt; `fresh` after a refusal: then a newly made one.
    fn auth(&self, fresh: bool) -> BoxFuture<'_, Result<LinkAuth, TokenFault>>;

    /// Whether the backend answers REST now.
    fn rest_answers(&self) -> BoxFuture<'_, bool>;
}

/// What can be asked of a running link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// End a back-off wait.
    Reconnect,
    /// Drop whatever there is and dial at once.
    Cycle,
}

/// Starts links.
#[derive(Debug)]
pub struct Link;

impl Link {
    /// Starts the supervisor on the current tokio runtime. It dials until it is stopped or its
    /// handle or the receiver is dropped, and reports in order through the bounded channel.
    #[must_use]
    pub fn start(
        config: LinkConfig,
        tokens: Arc<dyn TokenSource>,
    ) -> (LinkHandle, mpsc::Receiver<LinkFact>) {
        let (reports, receiver) = mpsc::channel(config.reports.max(1));
        // Commands say what is wanted, not how often: more than a few say nothing new.
        let (commands, wanted) = mpsc::channel(4);
        let (stop, stopped) = watch::channel(false);
        let counters = Arc::new(SharedCounters::default());
        let supervisor = Supervisor::new(
            config,
            tokens,
            reports,
            (commands.clone(), wanted),
            stopped,
            Arc::clone(&counters),
        );
        let handle = LinkHandle { commands, stop, task: tokio::spawn(supervisor.run()), counters };
        (handle, receiver)
    }
}

/// A running link. Dropping it ends the link, too, only without waiting for the end.
#[derive(Debug)]
pub struct LinkHandle {
    commands: mpsc::Sender<Command>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    counters: Arc<SharedCounters>,
}

impl LinkHandle {
    /// Ends a back-off wait; does nothing while connecting or connected.
    pub fn reconnect_now(&self) {
        // Full: as much was asked for already.
        let _ = self.commands.try_send(Command::Reconnect);
    }

    /// Drops the link, or the attempt, and dials at once: after a wake from sleep or a change of
    /// network, when a dead link would be noticed only by its missing heartbeat.
    pub fn cycle(&self) {
        let _ = self.commands.try_send(Command::Cycle);
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> LinkCounters {
        self.counters.snapshot()
    }

    /// Ends the link and everything that belongs to it.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the link's supervisor did not end by itself");
        }
    }
}

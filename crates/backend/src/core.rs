//! What all parts of a running instance share.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use crate::{
    auth::Tokens, config::Config, database::Database, events::Departure, faults::Board,
    limiter::Windows, listener::Switch, sending::EchoChoice, serving::Serving, simulator::Hearing,
    sockets::Sockets, whatsapp::Links,
};

const PASSWORD_ATTEMPTS: u32 = 10;
const PASSWORD_WINDOW: Duration = Duration::from_secs(15 * 60);

/// State of an instance; survives a restart of its listener.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) database: Database,
    pub(crate) tokens: Tokens,
    pub(crate) limiter: Windows<std::net::IpAddr>,
    pub(crate) password_attempts: Windows<i64>,
    pub(crate) links: Links,
    pub(crate) faults: Arc<Board>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) switch: Arc<Switch>,
    pub(crate) departures: mpsc::UnboundedSender<Departure>,
    pub(crate) hearing: Hearing,
    pub(crate) echo: EchoChoice,
    pub(crate) uploads: PathBuf,
    pub(crate) started: Instant,
    /// `http://host:port` and the base path; known once the first listener is bound.
    pub(crate) url: OnceLock<String>,
    /// Where the first listener was bound; later ones take the same.
    pub(crate) address: OnceLock<SocketAddr>,
    /// None while the instance is down.
    pub(crate) serving: tokio::sync::Mutex<Option<Serving>>,
    background: std::sync::Mutex<JoinSet<()>>,
}

/// The parts that are made before the core.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) database: Database,
    pub(crate) secret: Vec<u8>,
    pub(crate) uploads: PathBuf,
    pub(crate) departures: mpsc::UnboundedSender<Departure>,
    pub(crate) faults: Arc<Board>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) hearing: Hearing,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Self {
        let limiter = parts.config.limiter;
        Self {
            tokens: Tokens::new(&parts.secret, parts.config.tokens),
            limiter: Windows::new(limiter.max, limiter.window),
            password_attempts: Windows::new(PASSWORD_ATTEMPTS, PASSWORD_WINDOW),
            links: Links::default(),
            faults: parts.faults,
            sockets: parts.sockets,
            switch: Arc::new(Switch::default()),
            departures: parts.departures,
            hearing: parts.hearing,
            echo: EchoChoice::new(parts.config.whatsapp.echo),
            uploads: parts.uploads,
            database: parts.database,
            config: parts.config,
            started: Instant::now(),
            url: OnceLock::new(),
            address: OnceLock::new(),
            serving: tokio::sync::Mutex::new(None),
            background: std::sync::Mutex::new(JoinSet::new()),
        }
    }

    /// The address media and clients use, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        self.url.get().cloned().unwrap_or_default()
    }

    pub(crate) fn uploads(&self) -> &Path {
        &self.uploads
    }

    /// Whether the global limiter counts requests to this path.
    pub(crate) fn is_api_path(&self, path: &str) -> bool {
        path.strip_prefix(self.config.base_path.as_str())
            .is_some_and(|rest| rest.starts_with("/api/") || rest == "/api")
    }

    /// Runs `work` beside the requests; it is ended with the instance.
    pub(crate) fn spawn(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let mut tasks = self.background.lock().ok()?;
        while tasks.try_join_next().is_some() {}
        Some(tasks.spawn(work))
    }

    /// Ends everything that was spawned.
    pub(crate) async fn end_background(&self) {
        let tasks = self.background.lock().ok().map(|mut tasks| std::mem::take(&mut *tasks));
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
    }
}

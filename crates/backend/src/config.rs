//! How an instance is set up.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Where the rows are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// Gone with the instance; survives [`crate::BackendHandle::restart`].
    Memory,
    /// A SQLite file, made when missing.
    File(PathBuf),
}

/// Which server to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The contract's shapes with the improvements of the design's section 9.
    #[default]
    Embedded,
    /// As the existing backend behaves: sockets are not asked for a token, a room may be joined by
    /// anybody, events carry no `seq`, `clientMessageId` means nothing, rows of other tenants can
    /// be read by id, ties have no order, and a restart forgets the link to WhatsApp.
    Existing,
}

/// The global limiter (contract 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limiter {
    /// Requests allowed per address and window.
    pub max: u32,
    /// Length of the window.
    pub window: Duration,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { max: 500, window: Duration::from_secs(15 * 60) }
    }
}

/// How long tokens are good for (contract 2.4). Whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetimes {
    /// Life of an access token.
    pub access: Duration,
    /// Life of a refresh token.
    pub refresh: Duration,
}

impl Default for TokenLifetimes {
    fn default() -> Self {
        Self { access: Duration::from_secs(24 * 3600), refresh: Duration::from_secs(7 * 24 * 3600) }
    }
}

/// Engine.IO heartbeat (contract 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Pause between two server pings.
    pub interval: Duration,
    /// How long the answer may take.
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { interval: Duration::from_secs(25), timeout: Duration::from_secs(20) }
    }
}

/// Which `message:new` follows a text sent through the API (contract 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EchoKind {
    /// Kind A: `stats:updated` follows.
    #[default]
    Reported,
    /// Kind C: no `stats:updated`.
    Stored,
    /// A and C in turn.
    Alternating,
}

/// How the simulated WhatsApp behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whatsapp {
    /// How long WhatsApp takes to accept a message.
    pub send_latency: Duration,
    /// Which event follows a text.
    pub echo: EchoKind,
    /// How long after the reply a file's echo comes (contract 4.5).
    pub file_echo_after: Duration,
    /// How long `connect` takes to show the first QR.
    pub qr_after: Duration,
    /// Pause between two QR codes while nobody scans.
    pub qr_rotation: Duration,
    /// When the QR is scanned by itself; `None`: only by [`crate::BackendHandle::scan_qr`].
    pub scan_after: Option<Duration>,
}

impl Default for Whatsapp {
    fn default() -> Self {
        Self {
            send_latency: Duration::from_millis(5),
            echo: EchoKind::default(),
            file_echo_after: Duration::from_millis(150),
            qr_after: Duration::from_millis(100),
            qr_rotation: Duration::from_secs(20),
            scan_after: None,
        }
    }
}

/// The demonstration tenant and its traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Demo {
    /// Messages that contacts write by themselves, per minute. 0: silence.
    pub messages_per_minute: f64,
    /// The share of the operator's texts that a contact answers, from 0 to 1.
    pub answers: f64,
    /// How long a contact takes to answer, at least and at most.
    pub answer_after: (Duration, Duration),
    /// Seed of everything that is left to chance.
    pub seed: u64,
}

impl Default for Demo {
    fn default() -> Self {
        Self {
            messages_per_minute: 12.0,
            answers: 0.8,
            answer_after: (Duration::from_millis(1500), Duration::from_secs(6)),
            seed: 54_911,
        }
    }
}

/// Everything that can be set when an instance starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub address: SocketAddr,
    /// Where the rows are kept.
    pub database: DatabaseLocation,
    /// Empty, or a prefix such as `/backend`: REST then lies under `/backend/api` and the socket
    /// under `/backend/socket.io/`.
    pub base_path: String,
    /// Which server to be.
    pub dialect: Dialect,
    /// The global limiter.
    pub limiter: Limiter,
    /// Life of the tokens.
    pub tokens: TokenLifetimes,
    /// Engine.IO heartbeat.
    pub heartbeat: Heartbeat,
    /// Folder of media; `None`: a temporary one that goes with the instance.
    pub uploads: Option<PathBuf>,
    /// The simulated WhatsApp.
    pub whatsapp: Whatsapp,
    /// `Some`: seed the tenant `DEMO` (password `demo1234`) and let its contacts live.
    pub demo: Option<Demo>,
    /// Serve `POST /__control` (see [`crate::control`]). Never on a network that others share.
    pub control: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            database: DatabaseLocation::Memory,
            base_path: String::new(),
            dialect: Dialect::default(),
            limiter: Limiter::default(),
            tokens: TokenLifetimes::default(),
            heartbeat: Heartbeat::default(),
            uploads: None,
            whatsapp: Whatsapp::default(),
            demo: None,
            control: false,
        }
    }
}

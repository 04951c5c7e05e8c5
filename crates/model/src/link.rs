//! What the socket supervisor reports, in order, through one channel.

use crate::fact::ServerEvent;
use serde::{Deserialize, Serialize};

/// Why a link ended, or never came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownReason {
    /// No connection could be made.
    Unreachable,
    /// The server refused the handshake.
    Refused,
    /// No answer within the deadline.
    Timeout,
    /// The server closed it.
    Closed,
    /// It broke.
    Broken,
    /// Nothing was heard for longer than the server's heartbeat allows.
    Silent,
    /// Events came faster than they could be stored.
    Overflow,
    /// Wake from sleep, a change of network or of account.
    Cycled,
    /// Asked to stop.
    Stopped,
}

/// One report.
#[allow(clippy::large_enum_variant, reason = "events are most of them; each is moved once")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "link", rename_all = "snake_case")]
pub enum LinkFact {
    /// An attempt begins.
    Connecting {
        /// 1 for the first since the last link.
        attempt: u32,
    },
    /// The next attempt begins later.
    Waiting {
        /// Attempts so far.
        attempt: u32,
        /// How long from now, in milliseconds.
        retry_in_ms: u64,
        /// Why the last one ended.
        reason: DownReason,
        /// Whether no link could be had for a minute although REST answers (a proxy that blocks
        /// WebSocket): poll instead.
        blocked: bool,
    },
    /// Connected and the room asked for; events of this generation follow.
    Up {
        /// Grows with every link.
        generation: u64,
    },
    /// An event of the own company.
    Event {
        /// The link it came over.
        generation: u64,
        /// What it says.
        event: ServerEvent,
    },
    /// The link is gone.
    Down {
        /// Which.
        generation: u64,
        /// Why.
        reason: DownReason,
    },
}

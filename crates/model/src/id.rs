//! Identities. A number of the server's and a text of WhatsApp's are never mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// A conversation. Positive: the server's row id. Negative: one begun here that the server does
/// not know yet; it stays valid in commands after the server has given it an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct ConversationId(pub i64);

impl ConversationId {
    /// Whether the server does not know this conversation yet.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A message's row id on the server (one sequence over all tenants, with holes), or a negative
/// number for a text that the server does not know yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct RowId(pub i64);

/// WhatsApp's serialised message id, the same in the send reply, the echo and the history.
/// Unique over all tenants (contract 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct MessageId(pub String);

impl MessageId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of something written here, made here; it never changes, so the UI keys its row by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct LocalId(pub String);

impl LocalId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

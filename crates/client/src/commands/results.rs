//! Results of commands that are not shapes of the model.

use condorito_model::record::Hold;
use condorito_model::view::{Connection, ConnectionState, MessageError, MessageState};
use condorito_model::{ConversationId, LocalId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Of `send_text` and `send_file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// What it is called for ever.
    pub local_id: LocalId,
}

/// Something written here that is not known to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OutboxItem {
    /// What it is called for ever.
    pub local_id: LocalId,
    /// The conversation it was written in.
    pub conversation_id: ConversationId,
    /// The receiver's number.
    pub phone: String,
    /// The text, or the caption of a file.
    pub content: Option<String>,
    /// The file on this machine, for files.
    pub file: Option<String>,
    /// When it was written.
    pub written_at: Timestamp,
    /// How far it is.
    pub state: MessageState,
    /// Why a queued one waits.
    pub hold: Option<Hold>,
    /// Why a failed one failed.
    pub error: Option<MessageError>,
    /// How often a request for it was begun.
    pub attempts: u32,
}

/// Of `list_outbox`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OutboxPage {
    /// Oldest first.
    pub items: Vec<OutboxItem>,
}

/// The event `bot`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BotSwitched {
    /// Which conversation; null: all of them.
    pub conversation_id: Option<ConversationId>,
    /// On or off.
    pub enabled: bool,
}

/// Of `export_diagnostics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// The file written.
    pub path: String,
}

/// Of `export_data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DataExported {
    /// The file written.
    pub path: String,
    /// Conversations in it.
    #[ts(type = "number")]
    pub conversations: u64,
    /// Messages in it.
    #[ts(type = "number")]
    pub messages: u64,
}

/// Where a message's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum MediaState {
    /// Kept here.
    Ready,
    /// On the server, as far as is known.
    Remote,
    /// No longer on the server, and not kept here.
    Gone,
    /// The message has no file.
    None,
}

/// Of `media_info`. All but the state is null for a file that is not kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MediaInfo {
    /// Where it is.
    pub state: MediaState,
    /// Its type, from its bytes.
    pub mime: Option<String>,
    /// A safe name to save it under.
    pub name: Option<String>,
    /// Bytes.
    #[ts(type = "number | null")]
    pub size: Option<u64>,
    /// Pixels of a picture, across.
    pub width: Option<u32>,
    /// Pixels of a picture, down.
    pub height: Option<u32>,
    /// Whether another program may be handed it.
    pub openable: bool,
}

/// Of `media_file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OpenedFile {
    /// A copy in clear, until the app starts again.
    pub path: String,
}

/// Of `storage_usage`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StorageUsage {
    /// Where everything lies.
    pub folder: String,
    /// Bytes of what the server has too.
    #[ts(type = "number")]
    pub cache_bytes: u64,
    /// Bytes of what exists nowhere else.
    #[ts(type = "number")]
    pub outbox_bytes: u64,
    /// Bytes of pictures and other files of messages.
    #[ts(type = "number")]
    pub media_bytes: u64,
    /// Bytes of logs.
    #[ts(type = "number")]
    pub log_bytes: u64,
    /// Conversations in the cache.
    #[ts(type = "number")]
    pub conversations: u64,
    /// Messages in the cache.
    #[ts(type = "number")]
    pub messages: u64,
}

/// Where a number is of, as far as the server treats numbers differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum PhoneCountry {
    /// `54`.
    Argentina,
    /// Any other.
    Other,
}

/// Of `check_phone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PhoneCheck {
    /// What would be written to.
    pub digits: String,
    /// Where it is of.
    pub country: PhoneCountry,
    /// Whether the server can hold a conversation with it (contract 5.6).
    pub answerable: bool,
    /// The conversation with it, if there is one.
    pub existing: Option<ConversationId>,
}

/// Of `test_backend`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BackendAnswer {
    /// It answered as a backend does; else there is an error.
    #[ts(type = "true")]
    pub ok: bool,
    /// Milliseconds to its answer, the making of the connection included.
    pub rtt_ms: u32,
}

/// A state of the connection, and since when it was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionChange {
    /// The state.
    pub state: ConnectionState,
    /// Since when.
    pub since: Timestamp,
}

/// Of `diagnostics`: how the client is, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    /// Of the app.
    pub version: String,
    /// Since when this process runs.
    pub started_at: Timestamp,
    /// When this was written.
    pub at: Timestamp,
    /// The live connection.
    pub connection: Connection,
    /// The states it was in before, oldest first, up to 50.
    pub states: Vec<ConnectionChange>,
    /// Until when the server lets nothing through, when rate-limited.
    pub limited_until: Option<Timestamp>,
    /// Server clock minus own clock, in milliseconds.
    #[ts(type = "number")]
    pub clock_offset_ms: i64,
    /// The request budget.
    pub budget: BudgetFigures,
    /// Requests made, by kind.
    pub requests: BTreeMap<String, RequestFigures>,
    /// The socket.
    pub link: Option<LinkFigures>,
    /// What is stored.
    pub store: Option<StoreFigures>,
}

/// The request budget of this address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BudgetFigures {
    /// Requests left in the window, as far as known.
    pub remaining: u32,
    /// Background requests used in the window.
    pub background_used: u32,
}

/// Requests of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequestFigures {
    /// Made.
    pub made: u32,
    /// Without a reply.
    pub failed: u32,
}

/// What happened to the socket since it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LinkFigures {
    /// Attempts begun.
    #[ts(type = "number")]
    pub attempts: u64,
    /// Attempts that became a link.
    #[ts(type = "number")]
    pub connects: u64,
    /// Attempts that did not, by reason.
    #[ts(type = "Record<string, number>")]
    pub failures: BTreeMap<String, u64>,
    /// Links that ended, by reason.
    #[ts(type = "Record<string, number>")]
    pub disconnects: BTreeMap<String, u64>,
    /// Events by name.
    #[ts(type = "Record<string, number>")]
    pub events: BTreeMap<String, u64>,
    /// Events that made no sense.
    #[ts(type = "number")]
    pub malformed: u64,
    /// Events of another company, or of none.
    #[ts(type = "number")]
    pub foreign: u64,
}

/// How much is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoreFigures {
    /// Conversations.
    #[ts(type = "number")]
    pub conversations: u64,
    /// Messages.
    #[ts(type = "number")]
    pub messages: u64,
    /// Conversations that may lack messages between cached ones.
    #[ts(type = "number")]
    pub gaps: u64,
    /// Rows of the outbox, in whatever state.
    #[ts(type = "number")]
    pub outbox: u64,
    /// Bytes of all files.
    #[ts(type = "number")]
    pub bytes: u64,
}

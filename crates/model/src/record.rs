//! Rows as the store keeps them, and the operations that change them.
//!
//! The decisions (`sync`) name operations; the store carries a batch of them out in order, all or
//! nothing per file, and answers one [`Outcome`] for each. Nothing else writes.

use crate::fact::MessageFact;
use crate::{ConversationId, ErrorCode, LocalId, MessageId, RowId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A conversation in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationRow {
    /// The server's id, or a negative one for a conversation begun here.
    pub id: ConversationId,
    /// The contact's number as the server has it.
    pub phone: String,
    /// The contact's name.
    pub name: Option<String>,
    /// Preview of the newest message on the server.
    pub last_message: Option<String>,
    /// Its server time.
    pub last_message_at: Option<Timestamp>,
    /// Unread messages as shown.
    pub unread: u32,
    /// Whether the bot answers here.
    pub bot_enabled: bool,
    /// Messages on the server when it last said so in a list.
    pub total: Option<u32>,
    /// Messages known to lie on the server but not in the cache when both were last compared;
    /// `None` until the newest page was read once.
    pub older_unknown: Option<u32>,
    /// Whether the server is known or thought to have newer messages than the cache.
    pub stale: bool,
    /// When the newest unsent text was written here; moves the row up in the list.
    pub local_at: Option<Timestamp>,
    /// Preview of that text.
    pub local_preview: Option<String>,
}

/// What the cache holds of a conversation's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Cached messages.
    pub cached: u32,
    /// The greatest row id among them.
    pub newest_id: Option<RowId>,
    /// Whether messages may be missing between two cached ones.
    pub gap: bool,
    /// Whether the oldest cached message is known to be the conversation's first.
    pub start_known: bool,
    /// How many cached messages form the unbroken run that ends with the newest.
    pub run: u32,
}

/// How far a written text has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waits for its turn.
    Queued,
    /// The request is about to leave or has left.
    Sending,
    /// The outcome is open and being looked up; shown as sending.
    Reconciling,
    /// The outcome stays open: the operator decides.
    Unconfirmed,
    /// Refused for a known reason: the operator decides.
    Failed,
    /// Accepted by the server; stays until the cache has the message and was checkpointed.
    Sent,
}

/// Why a queued text waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// No connection.
    Offline,
    /// An earlier text of the conversation goes first.
    Previous,
    /// No WhatsApp is linked on the server.
    NotLinked,
    /// The request budget of this address is used up.
    RateLimited,
    /// The session ended: a password is needed.
    SignedOut,
}

/// Something written here that the server has not taken for certain yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its id for ever.
    pub local_id: LocalId,
    /// Order of writing over the whole account, from 1, never reused; given by the store.
    pub order: i64,
    /// The conversation it was written in; may be one begun here.
    pub conversation_id: ConversationId,
    /// The receiver's number; what it is sent to, also when the conversation is gone.
    pub phone: String,
    /// The text, or the caption of a file.
    pub text: String,
    /// The file to send, for files.
    pub file: Option<String>,
    /// When it was written: own clock, corrected by the offset to the server's.
    pub written_at: Timestamp,
    /// How far it is.
    pub state: OutboxState,
    /// Why it waits, when queued.
    pub hold: Option<Hold>,
    /// How often a request for it was begun.
    pub attempts: u32,
    /// How often the operator asked for it to be sent: 1, and one more for each 'send again'.
    pub consents: u32,
    /// The greatest row id known when it was first tried; only greater ones can be its echo.
    pub baseline: Option<RowId>,
    /// WhatsApp's id, once known.
    pub message_id: Option<MessageId>,
    /// Why it failed.
    pub error: Option<ErrorCode>,
}

/// A mark-read that the server has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRead {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The newest message that was seen; a newer one from the contact makes the mark void.
    pub up_to: Option<RowId>,
}

/// A conversation begun here by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalConversation {
    /// Its negative id.
    pub id: ConversationId,
    /// The number.
    pub phone: String,
    /// The server's id, once it has one.
    pub server_id: Option<ConversationId>,
}

/// How the messages of one [`StoreOp::ApplyMessages`] lie to one another on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Ascending with nothing between them; `from_start`: the first is the conversation's first.
    Window {
        /// See above.
        from_start: bool,
    },
    /// One message that just came; `unbroken`: nothing can lie between the newest cached one
    /// and it.
    Live {
        /// See above.
        unbroken: bool,
    },
    /// Nothing is known of what lies between them.
    Scattered,
}

/// One change of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum StoreOp {
    /// Insert or replace whole rows (cache).
    PutConversations {
        /// The rows.
        rows: Vec<ConversationRow>,
    },
    /// Remove conversations and all their messages (cache).
    RemoveConversations {
        /// Which.
        ids: Vec<ConversationId>,
    },
    /// Insert messages that are not there yet, refresh those that are, and keep account of what
    /// may be missing (cache). The conversation's row must exist.
    ApplyMessages {
        /// Which conversation.
        conversation_id: ConversationId,
        /// Messages, ascending by (`sent_at`, `id`).
        messages: Vec<MessageFact>,
        /// How they lie to one another.
        run: Run,
        /// Which of them were written here.
        local_ids: Vec<(MessageId, LocalId)>,
    },
    /// The counts agree: nothing is missing among the cached messages of this conversation (cache).
    /// The oldest one keeps what is known of it.
    CloseGaps {
        /// Which conversation.
        conversation_id: ConversationId,
    },
    /// A cached message turned out to be one written here, or not to be (cache).
    LinkLocal {
        /// The message.
        message_id: MessageId,
        /// What it was here; `None` unlinks.
        local_id: Option<LocalId>,
    },
    /// Remember a fact about the cache as a whole (cache), such as when the list was last walked.
    PutMeta {
        /// Its name.
        key: String,
        /// Its value.
        value: String,
    },
    /// Replace a row of the outbox by its `local_id`; `order` stays as the store gave it (outbox).
    PutOutbox {
        /// The row.
        row: OutboxRow,
    },
    /// Forget a row that the operator discarded (outbox).
    RemoveOutbox {
        /// Which.
        local_id: LocalId,
    },
    /// Checkpoint the cache, then forget the sent rows whose message it has (outbox).
    PurgeSent,
    /// Remember a mark-read (outbox).
    PutPendingRead {
        /// What was read.
        read: PendingRead,
    },
    /// The server took it, or it became void (outbox).
    RemovePendingRead {
        /// Which conversation.
        conversation_id: ConversationId,
    },
    /// Remember a conversation begun here, or the id the server gave it (outbox).
    PutLocalConversation {
        /// The row.
        row: LocalConversation,
    },
}

/// What an operation brought about, in the order of the operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Done; nothing to tell.
    Done,
    /// Of [`StoreOp::ApplyMessages`].
    Applied {
        /// Row ids of the messages that were new, ascending.
        inserted: Vec<RowId>,
        /// Whether the first row of a window was cached before, or is the conversation's first.
        joined: bool,
        /// What the cache now has.
        coverage: Coverage,
    },
    /// Of [`StoreOp::CloseGaps`].
    Closed {
        /// What the cache now has.
        coverage: Coverage,
    },
    /// Of [`StoreOp::PurgeSent`].
    Purged {
        /// The rows that are gone from the outbox.
        local_ids: Vec<LocalId>,
    },
}

/// Why a batch was not stored; none of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreFault {
    /// The disk is full.
    Full,
    /// A file is damaged.
    Damaged,
    /// Anything else: read-only, locked, I/O.
    Io,
}

/// What the store held when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The cached conversations.
    pub conversations: Vec<(ConversationRow, Coverage)>,
    /// The outbox, oldest first.
    pub outbox: Vec<OutboxRow>,
    /// Marks that the server has not taken.
    pub pending_reads: Vec<PendingRead>,
    /// Conversations begun here.
    pub local_conversations: Vec<LocalConversation>,
    /// Facts put by [`StoreOp::PutMeta`].
    pub meta: Vec<(String, String)>,
}

//! What the server says, decoded: rows of its lists and the events of its socket.

use crate::{ConversationId, MessageId, RowId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Who wrote a message (contract 5.2 `sender_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Sender {
    /// The person on WhatsApp.
    Contact,
    /// The company: an operator, the handset or a schedule.
    Client,
    /// The automatic answer.
    Bot,
}

/// What a message is (contract 5.2 `message_type`); unknown kinds are read as text, as the server
/// stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Plain text, also what the server could not name.
    Text,
    /// A picture; `content` is its caption.
    Image,
    /// A file; `content` is its caption or, without one, its name.
    Document,
    /// A voice note or sound.
    Audio,
    /// A film.
    Video,
    /// A sticker; never has media on this server.
    Sticker,
    /// A place, as raw text.
    Location,
    /// A contact card, as raw vCard text.
    ContactCard,
}

/// Where a message's file lies. Sizes and types are always absent on the wire (contract 4.15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// Address as stored by the server (its host is often wrong); `None` when it has no file.
    pub url: Option<String>,
    /// The name the sender gave, or one made up by the server.
    pub file_name: Option<String>,
}

/// A message as the server has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFact {
    /// Row id.
    pub id: RowId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// WhatsApp's id; `row:<id>` where the server has none.
    pub message_id: MessageId,
    /// Who wrote it.
    pub from: Sender,
    /// What it is.
    pub kind: MessageKind,
    /// Text or caption; `None` for empty.
    pub content: Option<String>,
    /// Server time, whole seconds.
    pub sent_at: Timestamp,
    /// Its file, for kinds that have one.
    pub media: Option<Media>,
    /// The contact's number, where the answer carries it (REST rows, not events).
    pub phone: Option<String>,
}

/// A conversation as the server has it. Lists carry everything; events leave out the counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationFact {
    /// Row id.
    pub id: ConversationId,
    /// The contact's number, as the server has it.
    pub phone: String,
    /// The contact's name; may equal the number.
    pub name: Option<String>,
    /// Preview of the newest message.
    pub last_message: Option<String>,
    /// Server time of the newest message.
    pub last_message_at: Option<Timestamp>,
    /// Stored counter of unread messages.
    pub unread_count: u32,
    /// Whether the bot answers here.
    pub bot_enabled: bool,
    /// Messages on the server; only in lists.
    pub total_messages: Option<u32>,
}

/// The 24-hour counters (contract 4.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// All messages of the period.
    pub total_messages: u32,
    /// Sent by people of the company.
    pub manual_messages: u32,
    /// Sent by the bot.
    pub bot_messages: u32,
    /// Received from contacts.
    pub received_messages: u32,
    /// All conversations (not those active in the period, in spite of its name).
    pub active_conversations: u32,
    /// Unread messages of the period.
    pub unread_messages: u32,
}

/// State of the company's WhatsApp link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WhatsappState {
    /// Nobody has asked yet.
    Unknown,
    /// This server process holds no link: someone must connect again.
    NotInitialized,
    /// Starting.
    Initializing,
    /// A QR code waits to be scanned.
    WaitingQr,
    /// The QR code is older than five minutes.
    QrExpired,
    /// Scanned, not usable yet.
    Authenticated,
    /// Usable.
    Connected,
    /// Unlinked by hand, by the phone or by WhatsApp.
    Disconnected,
    /// WhatsApp refused the session.
    AuthFailure,
    /// An inner failure of the server's.
    Error,
}

/// What one event of the socket says, after the tenant check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ServerEvent {
    /// `message:new`; the conversation is absent when its row vanished.
    MessageNew {
        /// The stored message.
        message: MessageFact,
        /// Its conversation, without counters of messages.
        conversation: Option<ConversationFact>,
    },
    /// `conversation:deleted`.
    ConversationDeleted {
        /// Which.
        conversation_id: ConversationId,
    },
    /// `stats:updated`.
    StatsUpdated {
        /// The new counters.
        stats: Stats,
    },
    /// `whatsapp:*`.
    Whatsapp {
        /// The state it tells of.
        state: WhatsappState,
        /// Data URL of a PNG, while pairing.
        qr: Option<String>,
        /// The linked number.
        phone: Option<String>,
        /// Why it was lost or refused.
        reason: Option<String>,
    },
    /// `bot:status_changed` or `conversation:updated` (embedded backend only).
    BotChanged {
        /// `None`: for all conversations.
        conversation_id: Option<ConversationId>,
        /// On or off.
        enabled: bool,
    },
    /// `server:hello` (embedded backend only).
    Hello {
        /// Its version.
        version: String,
        /// What it can do beyond the contract.
        features: Vec<String>,
        /// Number of the newest event.
        seq: u64,
    },
}

//! Shapes of the command surface (design section 4): camelCase, ids as numbers, times as RFC 3339
//! UTC text, absent means null. TypeScript gets them from here.

use crate::error::ErrorCode;
use crate::fact::{MessageKind, Sender, Stats, WhatsappState};
use crate::record::Hold;
use crate::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A tag of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Row id.
    #[ts(type = "number")]
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `#RRGGBB` as the server has it.
    pub color: String,
}

/// A conversation as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// The server's id, or a negative one for a conversation begun here.
    pub id: ConversationId,
    /// Digits as the server has them.
    pub phone: String,
    /// The contact's name; the number where there is none.
    pub name: String,
    /// Preview: the newest text, also one not sent yet; `[image]` and the like where the server
    /// has no words for it.
    pub last_message: Option<String>,
    /// What the preview tells of; `None` where nothing but the server's words are known, and they
    /// name no kind.
    pub last_kind: Option<MessageKind>,
    /// When that was.
    pub last_message_at: Option<Timestamp>,
    /// Who wrote the newest cached message, where known.
    pub last_from: Option<Sender>,
    /// State of the newest message, when it is an own one.
    pub last_state: Option<MessageState>,
    /// Since when the contact waits for a first answer; `None` when nobody waits.
    pub waiting_since: Option<Timestamp>,
    /// Unread messages.
    pub unread_count: u32,
    /// Whether the bot answers here.
    pub bot_enabled: bool,
    /// The contact's tags.
    pub tags: Vec<Tag>,
    /// Text begun but not sent.
    pub draft: Option<String>,
    /// Whether messages are known or thought to be missing from the cache.
    pub gap: bool,
    /// Whether nothing is told of it outside the window; `None` when it is not muted.
    pub mute: Option<Mute>,
}

/// How long a conversation is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// Until then; `None`: for good.
    pub until: Option<Timestamp>,
}

/// `conversation_counts`: conversations, save the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConversationCounts {
    /// All.
    pub all: u32,
    /// With unread messages.
    pub unread: u32,
    /// Whose contact waits for a first answer.
    pub waiting: u32,
    /// In which the bot does not answer.
    pub bot_off: u32,
    /// Unread messages of all of them.
    #[ts(type = "number")]
    pub unread_messages: u64,
}

/// How far a message is. A contact's is always `received`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// From the contact.
    Received,
    /// Waits here.
    Queued,
    /// On its way, or being looked up.
    Sending,
    /// Accepted by the server.
    Sent,
    /// Nobody knows whether it went out: the operator decides.
    Unconfirmed,
    /// Refused: the operator decides.
    Failed,
    /// Reported by a server that can.
    Delivered,
    /// Reported by a server that can.
    Read,
}

/// A message as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The server's row id, or a negative one for what it does not know yet.
    pub id: RowId,
    /// Place in the conversation, for paging.
    pub cursor: String,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// WhatsApp's id, once known.
    pub message_id: Option<MessageId>,
    /// Set on what was written here.
    pub local_id: Option<LocalId>,
    /// Who wrote it.
    pub from: Sender,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// Text or caption.
    pub content: Option<String>,
    /// Server time; for unsent ones when it was written.
    pub sent_at: Timestamp,
    /// How far it is.
    pub state: MessageState,
    /// Why a queued one waits.
    pub hold: Option<Hold>,
    /// Why a failed one failed.
    pub error: Option<MessageError>,
    /// Its file.
    pub media: Option<Attachment>,
    /// Whether messages may be missing right before this one.
    pub gap_before: bool,
}

/// The file of a message, as far as it is known without asking for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The name the sender gave, or one made up by the server.
    pub file_name: Option<String>,
    /// Whether the server named a file that can be asked for.
    pub available: bool,
    /// Pixels of a picture that is kept here, across.
    pub width: Option<u32>,
    /// Pixels of a picture that is kept here, down.
    pub height: Option<u32>,
    /// Its address, for the core alone: it is all that guards the file (contract S5).
    #[serde(skip)]
    #[ts(skip)]
    pub url: Option<String>,
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageError {
    /// Stable code.
    pub code: ErrorCode,
    /// A sentence in the operator's language.
    pub message: String,
}

/// A page of `list_conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConversationPage {
    /// Newest first.
    pub items: Vec<Conversation>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// How many match in all.
    pub total: u32,
}

/// A page of `list_messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// Oldest first, unsent ones last.
    pub items: Vec<Message>,
    /// False only when the beginning of the conversation is known.
    pub has_older: bool,
    /// Whether the cache has newer ones than this page.
    pub has_newer: bool,
    /// Whether the page may lack messages.
    pub gap: bool,
}

/// A found message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// Its conversation.
    pub conversation: Conversation,
    /// Text around the hit.
    pub snippet: String,
    /// Start and end of each match in `snippet`, in UTF-16 code units.
    pub ranges: Vec<(u32, u32)>,
}

/// A page of `search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// Newest first.
    pub hits: Vec<SearchHit>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// State of the live connection as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionState {
    /// No link; waiting to try again.
    Offline,
    /// Trying.
    Connecting,
    /// Linked; fetching what was missed.
    Syncing,
    /// Linked, and nothing is missing.
    Online,
    /// No link, but REST answers: asking from time to time.
    Polling,
    /// Signed out, or the session ended.
    Stopped,
}

/// `connection_status` and the event `connection`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The state.
    pub state: ConnectionState,
    /// Since when.
    pub since: Timestamp,
    /// Attempts since the last link.
    pub attempt: u32,
    /// When the next attempt begins, while waiting.
    pub next_retry_at: Option<Timestamp>,
    /// `websocket` or `rest`.
    pub transport: Option<String>,
    /// Round trip of the last request in milliseconds.
    pub rtt_ms: Option<u32>,
    /// When the last event came.
    pub last_event_at: Option<Timestamp>,
    /// Conversations caught up and to catch up, while syncing.
    pub progress: Option<(u32, u32)>,
    /// Until when the server lets nothing through, when rate-limited.
    pub limited_until: Option<Timestamp>,
}

/// The signed-in company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The company's row id.
    #[ts(type = "number")]
    pub id: i64,
    /// Its code, as the server writes it.
    pub client_code: String,
    /// Its name.
    pub company_name: String,
    /// Its address for mail.
    pub email: Option<String>,
    /// Its number.
    pub phone: Option<String>,
    /// Whether it administers the whole server.
    pub is_admin: bool,
}

/// Whether somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SessionState {
    /// Nobody.
    SignedOut,
    /// Somebody.
    SignedIn,
    /// The session ended; the cache can be read, a password is needed to go on.
    Expired,
}

/// `session_status` and the event `session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionStatus {
    /// Whether somebody is signed in.
    pub state: SessionState,
    /// Who.
    pub account: Option<Account>,
    /// Where.
    pub backend: Option<String>,
}

/// What `sync_now` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    /// Conversations that changed.
    pub conversations: u32,
    /// Messages that were new.
    pub messages: u32,
    /// Requests used.
    pub requests: u32,
}

/// The event `changed`: which rows to read again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// Conversations whose row changed or went.
    pub conversations: Vec<ConversationId>,
    /// Messages that came or changed.
    pub messages: Vec<ChangedMessages>,
    /// Own texts whose state changed.
    pub outbox: Vec<LocalId>,
}

/// Messages of one conversation that came or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChangedMessages {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Their row ids.
    pub ids: Vec<RowId>,
}

/// What a notification tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum NotificationKind {
    /// Messages of one contact; replaces what was told of the conversation before.
    Message,
    /// Messages of many, after a gap or in a burst; replaces the digest before.
    Digest,
    /// A text that was not sent, or nobody knows; replaces what was told so of the conversation.
    Failed,
    /// WhatsApp was unlinked.
    Whatsapp,
}

/// The event `notification`: what the notifier decided to show. Plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The conversation to open; `None` for a summary.
    pub conversation_id: Option<ConversationId>,
    /// The newest message it tells of.
    pub message_id: Option<MessageId>,
    /// First line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// What it tells of.
    pub kind: NotificationKind,
    /// How many messages or texts it stands for.
    pub count: u32,
    /// Whether it must make no sound.
    pub silent: bool,
}

/// State of the WhatsApp link, and the event `whatsapp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Whatsapp {
    /// The state.
    pub state: WhatsappState,
    /// The linked number.
    pub phone: Option<String>,
    /// Data URL of the QR code, while pairing.
    pub qr: Option<String>,
    /// Why it was lost or refused.
    pub reason: Option<String>,
}

/// Quota left this month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Bot messages used.
    pub messages_used: u32,
    /// Bot messages allowed.
    pub messages_limit: u32,
    /// AI tokens used.
    pub tokens_used: u32,
    /// AI tokens allowed.
    pub tokens_limit: u32,
    /// First day of the next period, `YYYY-MM-DD`.
    pub reset_date: Option<String>,
}

/// In how many conversations the bot answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BotShare {
    /// With the bot.
    pub enabled: u32,
    /// All.
    pub total: u32,
}

/// `dashboard`, and the event of that name. Parts not known yet are null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// The 24-hour counters.
    pub stats: Option<Stats>,
    /// The bot's share.
    pub bot: Option<BotShare>,
    /// Quota.
    pub quota: Option<Quota>,
    /// The link.
    pub whatsapp: Whatsapp,
    /// The live connection.
    pub connection: Connection,
    /// When the server last told any of it.
    pub as_of: Option<Timestamp>,
}

//! The REST requests that the decisions ask for, their replies and their failures.
//! Sign-in and token refresh are `net`'s own and never appear here.

use crate::fact::{ConversationFact, MessageFact, Stats, WhatsappState};
use crate::{ConversationId, LocalId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

/// One request of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// `GET /api/messages/conversations?limit&offset` (4.1).
    Conversations {
        /// Rows asked for.
        limit: u32,
        /// Rows skipped; the list reorders between requests.
        offset: u32,
    },
    /// `GET /api/messages/conversation/:id?limit&offset` (4.2): offset 0 is the newest `limit`
    /// rows, an offset above 0 counts from the oldest.
    Messages {
        /// Which conversation.
        conversation_id: ConversationId,
        /// Rows asked for.
        limit: u32,
        /// See above.
        offset: u32,
    },
    /// `GET /api/messages/search?q=%25&limit&offset` (4.3): the newest messages with text of all
    /// conversations, newest first.
    NewestMessages {
        /// Rows asked for.
        limit: u32,
        /// Rows skipped, newest first.
        offset: u32,
    },
    /// `POST /api/messages/conversation/:id/read`.
    MarkRead {
        /// Which conversation.
        conversation_id: ConversationId,
    },
    /// `POST /api/messages/conversation/:id/bot/enable` or `/disable`.
    SetBot {
        /// Which conversation.
        conversation_id: ConversationId,
        /// On or off.
        enabled: bool,
    },
    /// `POST /api/messages/bot/enable-all` or `/disable-all`.
    SetBotAll {
        /// On or off.
        enabled: bool,
    },
    /// `DELETE /api/messages/conversation/:id`.
    DeleteConversation {
        /// Which conversation.
        conversation_id: ConversationId,
    },
    /// `POST /api/whatsapp/send-message` (4.4). Never repeated by the transport.
    SendText {
        /// Digits of the receiver.
        to: String,
        /// The text.
        text: String,
        /// Goes along as `clientMessageId`; the existing backend ignores it.
        local_id: LocalId,
    },
    /// `POST /api/whatsapp/send-image` or `/send-document` (4.5). Never repeated by the transport.
    SendFile {
        /// Digits of the receiver.
        to: String,
        /// The file on this machine.
        path: String,
        /// Its caption.
        caption: Option<String>,
        /// As for a text.
        local_id: LocalId,
    },
    /// `GET /api/whatsapp/status`.
    WhatsappStatus,
    /// `POST /api/whatsapp/connect`: blocks up to 65 s.
    WhatsappConnect,
    /// `POST /api/whatsapp/disconnect`.
    WhatsappDisconnect,
    /// `GET /api/messages/stats?hours=24`.
    Stats,
    /// `GET /api/messages/bot/quota`.
    Quota,
    /// `GET /api/messages/bot/status`.
    BotStatus,
}

impl Request {
    /// Whether an answer that never came leaves open whether a person got a message.
    #[must_use]
    pub const fn is_send(&self) -> bool {
        matches!(self, Self::SendText { .. } | Self::SendFile { .. })
    }
}

/// What a request brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    /// A page of the list, in the server's order. Rows that could not be decoded are left out and
    /// counted in `raw_rows`, which decides whether the page was full.
    Conversations {
        /// Decoded rows.
        rows: Vec<ConversationFact>,
        /// Rows on the wire.
        raw_rows: u32,
    },
    /// Messages, ascending for a conversation, descending for the newest of all.
    Messages {
        /// Decoded rows.
        rows: Vec<MessageFact>,
        /// Rows on the wire.
        raw_rows: u32,
    },
    /// A send that WhatsApp accepted.
    Sent {
        /// WhatsApp's id; documents may lack it.
        message_id: Option<MessageId>,
    },
    /// A bot switch.
    BotSet {
        /// The state the server reports.
        enabled: bool,
    },
    /// The link's state.
    Whatsapp {
        /// The state.
        state: WhatsappState,
        /// The linked number.
        phone: Option<String>,
    },
    /// The 24-hour counters.
    Stats {
        /// The counters.
        stats: Stats,
    },
    /// Quota left this month, from `limits.*.remaining`.
    Quota {
        /// Bot messages used and allowed.
        messages: (u32, u32),
        /// AI tokens used and allowed.
        tokens: (u32, u32),
        /// First day of the next period, `YYYY-MM-DD`.
        reset_date: Option<String>,
    },
    /// How many conversations the bot answers in.
    BotStatus {
        /// With the bot.
        enabled: u32,
        /// All.
        total: u32,
    },
    /// Done, nothing to tell.
    Done,
}

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Failure {
    /// The request never left: refused connection, DNS, TLS, or no session to send it with.
    NotSent,
    /// It left, and no whole answer came: time-out, cut, or an answer of a proxy's (502, 504, HTML).
    Unclear {
        /// HTTP status, where there was one.
        status: Option<u16>,
    },
    /// 429: nothing was done; nothing may be asked for this long.
    RateLimited {
        /// Milliseconds until the window resets, where known.
        retry_after_ms: Option<u64>,
    },
    /// The session ended and could not be renewed: a password is needed.
    SessionExpired,
    /// The company's account is not active.
    AccountInactive,
    /// 400 because no WhatsApp is linked in this server process.
    NotLinked,
    /// Another definite refusal (4xx): nothing was done.
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's sentence, for display only.
        message: Option<String>,
    },
    /// 500 that is known to have come before anything was sent (5.6).
    RefusedNumber,
    /// 5xx, or 401 `UNAUTHORIZED` (a database outage). For a send with a 5xx the outcome is open.
    ServerFault {
        /// HTTP status.
        status: u16,
    },
    /// A file that cannot be sent: gone, too big, or of a kind that the server refuses.
    BadFile {
        /// What is wrong with it.
        reason: FileFault,
    },
    /// A 2xx whose body made no sense.
    Malformed,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFault {
    /// It cannot be read.
    Unreadable,
    /// Over 10 MB.
    TooBig,
    /// Not one of JPEG, PNG, GIF, WebP, PDF, DOC, DOCX.
    WrongKind,
}

/// What the answer's headers tell beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Headers {
    /// `X-RateLimit-Limit`.
    pub limit: Option<u32>,
    /// `X-RateLimit-Remaining`.
    pub remaining: Option<u32>,
    /// Milliseconds from the answer's own `Date` to `X-RateLimit-Reset`.
    pub reset_in_ms: Option<u64>,
    /// `Date`: the server's clock, whole seconds.
    pub server_time: Option<Timestamp>,
}

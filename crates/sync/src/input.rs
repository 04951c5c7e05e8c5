//! What goes into the engine and what comes out.

use crate::notice::{Notice, NoticePolicy};
use condorito_model::fact::Stats;
use condorito_model::link::LinkFact;
use condorito_model::record::{OutboxRow, Outcome, Snapshot, StoreFault, StoreOp};
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::view::{Connection, SyncReport, Whatsapp};
use condorito_model::{ConversationId, ErrorCode, LocalId, Timestamp};
use serde::{Deserialize, Serialize};

/// Both clocks at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds on a clock that never goes back; its zero means nothing.
    pub mono: u64,
    /// The machine's own wall clock, which may be wrong and may jump.
    pub wall: Timestamp,
}

/// A request under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// A batch handed to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub u64);

/// A command that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// The store is open; this is what it held.
    Opened {
        /// Its content.
        snapshot: Box<Snapshot>,
    },
    /// There is a session to ask the server with.
    SignedIn,
    /// It ended; the cache stays readable.
    SessionExpired,
    /// Nobody is signed in any more.
    SignedOut,
    /// The socket supervisor reports.
    Link {
        /// What.
        fact: LinkFact,
    },
    /// A request is over.
    Answer {
        /// Which.
        request: RequestId,
        /// What it brought.
        result: Result<Reply, Failure>,
        /// What the headers told.
        headers: Headers,
        /// How long it took.
        rtt_ms: u32,
    },
    /// A batch was stored, or was not.
    Stored {
        /// Which.
        ticket: Ticket,
        /// One outcome per operation.
        result: Result<Vec<Outcome>, StoreFault>,
    },
    /// Someone asks.
    Command {
        /// Echoed in the answer.
        token: Token,
        /// What for.
        command: Command,
    },
    /// What is on screen.
    Focus {
        /// The open conversation.
        conversation_id: Option<ConversationId>,
        /// Whether the window has the focus.
        focused: bool,
    },
    /// What may be shown as a notification.
    Notices {
        /// The operator's wishes.
        policy: NoticePolicy,
    },
    /// The machine woke, or its network changed: what was believed of the link may be wrong.
    Wake,
    /// The time named by [`crate::Engine::deadline`] has come.
    Tick,
}

/// A question to the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// A text was written; its row is durable already.
    Written {
        /// The row as stored.
        row: Box<OutboxRow>,
    },
    /// Send a failed or unconfirmed text again: the operator's consent.
    Retry {
        /// Which.
        local_id: LocalId,
    },
    /// Forget a text that is not on its way.
    Discard {
        /// Which.
        local_id: LocalId,
    },
    /// The operator saw a conversation to its end.
    MarkRead {
        /// Which.
        conversation_id: ConversationId,
    },
    /// Switch the bot of one conversation.
    SetBot {
        /// Which.
        conversation_id: ConversationId,
        /// On or off.
        enabled: bool,
    },
    /// Switch the bot of all conversations.
    SetBotAll {
        /// On or off.
        enabled: bool,
    },
    /// Delete a conversation for good.
    DeleteConversation {
        /// Which.
        conversation_id: ConversationId,
    },
    /// Find or begin the conversation with a number.
    StartConversation {
        /// Digits.
        phone: String,
    },
    /// Make the newest page complete, or with `older` extend the cached run further back.
    LoadMessages {
        /// Which conversation.
        conversation_id: ConversationId,
        /// See above.
        older: bool,
    },
    /// Compare everything with the server.
    SyncNow,
    /// A request that changes nothing here, such as the dashboard's.
    Ask {
        /// The request.
        request: Request,
    },
}

/// What a command got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answered", rename_all = "snake_case")]
pub enum Answered {
    /// Done.
    Done,
    /// The conversation with a number.
    Conversation {
        /// Its id.
        id: ConversationId,
    },
    /// A complete comparison is over.
    Synced {
        /// What it did.
        report: SyncReport,
    },
    /// The reply to [`Command::Ask`].
    Reply {
        /// The reply.
        reply: Box<Reply>,
    },
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Store these, in order; answer with [`Input::Stored`].
    Store {
        /// Names the batch.
        ticket: Ticket,
        /// What to store.
        ops: Vec<StoreOp>,
    },
    /// Ask the server; answer with [`Input::Answer`].
    Request {
        /// Names the request.
        id: RequestId,
        /// What to ask.
        request: Request,
    },
    /// A command is answered.
    Answer {
        /// Which.
        token: Token,
        /// How.
        result: Result<Answered, ErrorCode>,
    },
    /// The connection as shown changed.
    Connection {
        /// The new state.
        connection: Connection,
    },
    /// The WhatsApp link changed.
    Whatsapp {
        /// The new state.
        whatsapp: Whatsapp,
    },
    /// New 24-hour counters.
    Stats {
        /// The counters.
        stats: Stats,
    },
    /// Tell the operator.
    Notify {
        /// What.
        notice: Notice,
    },
}

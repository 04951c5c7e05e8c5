//! The engine: its state, and the way from an input to effects.

mod link;
mod storing;
mod timers;

use crate::budget::{Budget, Limits};
use crate::conversation::{Conv, Index};
use crate::history::Stretch;
use crate::input::{Answered, Command, Effect, Input, Now, Ticket, Token};
use crate::load::Loads;
use crate::notice::NoticePolicy;
use crate::notify::Notices;
use crate::outbox::Outbox;
use crate::requests::Requests;
use crate::walk::Pass;
use condorito_model::fact::{MessageFact, WhatsappState};
use condorito_model::record::{OutboxRow, PendingRead, Snapshot, StoreOp};
use condorito_model::view::{Connection, Whatsapp};
use condorito_model::{ConversationId, ErrorCode, LocalId, RowId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What may be tuned.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The request budget.
    pub limits: Limits,
    /// After this long away the list is walked to its end.
    pub full_walk_after_ms: u64,
    /// Rows per page of the list.
    pub page: u32,
    /// So many of the most recent conversations are read ahead on a cold start.
    pub eager: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            full_walk_after_ms: 60 * 60 * 1000,
            page: 500,
            eager: 100,
        }
    }
}

/// Whether there is a session to ask with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    SignedOut,
    SignedIn,
    Expired,
}

/// The link as last reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// Nothing reported yet.
    Idle,
    Connecting {
        attempt: u32,
    },
    Waiting {
        attempt: u32,
        retry_at: u64,
        blocked: bool,
    },
    Up {
        generation: u64,
    },
}

/// What to do at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Ask the list again because the link cannot be had.
    Poll,
    /// Look for the echo of a text whose outcome is open.
    Reconcile(LocalId),
    /// Compare counters that looked wrong.
    Recount,
    /// Look for what was lost between the list and the server's room.
    Join,
    /// Forget sent rows that the cache has.
    Purge,
    /// See whether WhatsApp is linked again.
    LinkStatus,
    /// Write again what the store could not take.
    Rewrite,
    /// Read ahead one conversation.
    Trickle,
    /// See whether accepted texts have been echoed.
    Echo,
    /// Replace the digest that grew.
    Digest,
    /// Only wakes the pumps.
    Wake,
}

/// What follows when a batch is stored.
#[derive(Debug, Clone)]
pub(crate) enum After {
    Nothing,
    /// Messages of a page, of the newest of all, or of one event.
    Applied {
        conversation_id: ConversationId,
        messages: Vec<MessageFact>,
        source: Source,
    },
    /// Gaps were closed.
    Closed {
        conversation_id: ConversationId,
    },
    /// A text may leave now.
    Armed {
        local_id: LocalId,
    },
    /// A command is done.
    Answer {
        token: Token,
        answered: Answered,
    },
    /// The operator's consent to another send.
    Consented {
        local_id: LocalId,
        token: Token,
    },
    /// A text was thrown away; it is as before if that was not stored.
    Discarded {
        row: Box<OutboxRow>,
        token: Token,
    },
    /// Sent rows were purged.
    Purged,
    /// A row of the outbox, which must be written again if it was not.
    Outbox {
        local_id: LocalId,
    },
    /// A conversation was removed, which must be done again if it was not.
    Removed {
        conversation_id: ConversationId,
    },
    /// A row of the outbox was removed, the same.
    Dropped {
        local_id: LocalId,
    },
}

/// Where messages came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Live,
    Bulk,
    /// The search for what a new link may have missed.
    Join,
    /// The newest page, of the fetch with this serial.
    Window {
        from_start: bool,
        serial: u64,
    },
    /// An older stretch, asked for by the operator.
    Older(Stretch),
}

/// The decisions. See the crate's documentation.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) now: Now,
    pub(crate) out: Vec<Effect>,
    pub(crate) opened: bool,
    pub(crate) gate: Gate,
    pub(crate) link: LinkState,
    pub(crate) convs: Index,
    pub(crate) tombstones: BTreeSet<ConversationId>,
    /// The greatest row id ever seen: whatever is sent from now on gets a greater one.
    pub(crate) max_row: RowId,
    pub(crate) outbox: Outbox,
    pub(crate) reads: BTreeMap<ConversationId, PendingRead>,
    pub(crate) requests: Requests,
    pub(crate) loads: Loads,
    pub(crate) pass: Option<Pass>,
    /// Whether the list was compared since the link (or polling) came up.
    pub(crate) compared: bool,
    /// Whether the whole comparison is over since then.
    pub(crate) caught_up: bool,
    pub(crate) sync_waiters: Vec<Token>,
    /// How many looks in a row have left counts that were not exact.
    pub(crate) unsure_looks: u8,
    /// Messages that the link has brought since it came up.
    pub(crate) live_since_up: u32,
    pub(crate) budget: Budget,
    pub(crate) notices: Notices,
    pub(crate) policy: NoticePolicy,
    pub(crate) focus: (Option<ConversationId>, bool),
    pub(crate) shown: Option<Connection>,
    pub(crate) rtt_ms: Option<u32>,
    pub(crate) last_event_at: Option<Timestamp>,
    pub(crate) whatsapp: Whatsapp,
    /// Whether sends can work; `None` while nobody has said.
    pub(crate) linked: Option<bool>,
    /// Server clock minus own wall clock.
    pub(crate) offset_ms: i64,
    pub(crate) last_walk: Option<Timestamp>,
    pub(crate) last_contact: Option<Timestamp>,
    /// Whether something was not stored since the last comparison began.
    pub(crate) doubt: bool,
    /// Whether rows of conversations could not be written and must be again.
    unwritten: bool,
    /// The same for removals.
    unremoved: Vec<StoreOp>,
    tickets: BTreeMap<Ticket, Vec<After>>,
    next_ticket: u64,
    timers: BTreeMap<(u64, u64), Timer>,
    next_timer: u64,
}

impl Engine {
    /// An engine that knows nothing yet; the first input is [`Input::Opened`].
    #[must_use]
    pub fn new(config: Config) -> Self {
        let epoch = Timestamp::from_millis(0);
        Self {
            config,
            now: Now { mono: 0, wall: epoch },
            out: Vec::new(),
            opened: false,
            gate: Gate::SignedOut,
            link: LinkState::Idle,
            convs: Index::default(),
            tombstones: BTreeSet::new(),
            max_row: RowId(0),
            outbox: Outbox::default(),
            reads: BTreeMap::new(),
            requests: Requests::default(),
            loads: Loads::default(),
            pass: None,
            compared: false,
            caught_up: false,
            sync_waiters: Vec::new(),
            unsure_looks: 0,
            live_since_up: 0,
            budget: Budget::new(config.limits),
            notices: Notices::default(),
            policy: NoticePolicy::default(),
            focus: (None, false),
            shown: None,
            rtt_ms: None,
            last_event_at: None,
            whatsapp: Whatsapp {
                state: WhatsappState::Unknown,
                phone: None,
                qr: None,
                reason: None,
            },
            linked: None,
            offset_ms: 0,
            last_walk: None,
            last_contact: None,
            unwritten: false,
            doubt: false,
            unremoved: Vec::new(),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            timers: BTreeMap::new(),
            next_timer: 0,
        }
    }

    /// Takes one input at this time and says what to do, in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.now = Now { mono: now.mono.max(self.now.mono), wall: now.wall };
        self.budget.roll(self.now.mono);
        match input {
            Input::Opened { snapshot } => self.open(*snapshot),
            Input::SignedIn => {
                self.gate = Gate::SignedIn;
                self.outbox.retry_now();
            }
            Input::SessionExpired => self.lose_session(Gate::Expired),
            Input::SignedOut => self.lose_session(Gate::SignedOut),
            Input::Link { fact } => self.on_link(fact),
            Input::Answer { request, result, headers, rtt_ms } => {
                self.on_answer(request, result, &headers, rtt_ms);
            }
            Input::Stored { ticket, result } => self.on_stored(ticket, result),
            Input::Command { token, command } => self.on_command(token, command),
            Input::Focus { conversation_id, focused } => {
                self.focus = (conversation_id.map(|id| self.convs.resolve(id)), focused);
            }
            Input::Notices { policy } => self.policy = policy,
            Input::Wake => self.on_wake(),
            Input::Tick => {}
        }
        self.fire_timers();
        self.advance();
        self.show_connection();
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Tick`] is due, on the monotonic clock.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.timers.keys().next().map(|(due, _)| *due)
    }

    /// Server clock minus own wall clock, in milliseconds; 0 while unknown.
    #[must_use]
    pub const fn server_offset_ms(&self) -> i64 {
        self.offset_ms
    }

    /// Whether every count was exact when it was last compared. A conversation that grew while it
    /// was compared is compared again until one look finds it at rest.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.convs.iter().all(|conv| !conv.unsure)
    }

    /// The request budget, for diagnostics.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The connection as shown.
    #[must_use]
    pub const fn connection(&self) -> Option<&Connection> {
        self.shown.as_ref()
    }

    /// The WhatsApp link as last heard.
    #[must_use]
    pub const fn whatsapp(&self) -> &Whatsapp {
        &self.whatsapp
    }

    fn open(&mut self, snapshot: Snapshot) {
        self.opened = true;
        for local in &snapshot.local_conversations {
            if let Some(server_id) = local.server_id {
                self.convs.alias(local.id, server_id);
            }
        }
        let newest = snapshot.conversations.iter().filter_map(|(_, coverage)| coverage.newest_id);
        self.max_row = newest.fold(self.max_row, RowId::max);
        let convs = snapshot.conversations.into_iter();
        self.convs.fill(convs.map(|(row, coverage)| Conv::from_stored(row, coverage)));
        for (key, value) in &snapshot.meta {
            match key.as_str() {
                META_WALK => self.last_walk = Timestamp::parse(value),
                META_CONTACT => self.last_contact = Timestamp::parse(value),
                _ => {}
            }
        }
        self.reads =
            snapshot.pending_reads.into_iter().map(|read| (read.conversation_id, read)).collect();
        self.restore_outbox(snapshot.outbox, &snapshot.local_conversations);
    }

    /// Own wall clock corrected to the server's.
    pub(crate) fn server_now(&self) -> Timestamp {
        self.now.wall.plus_millis(self.offset_ms)
    }

    pub(crate) fn answer(&mut self, token: Token, result: Result<Answered, ErrorCode>) {
        self.out.push(Effect::Answer { token, result });
    }

    /// Lets everything that waits go on as far as it can.
    fn advance(&mut self) {
        self.flush_reads();
        self.advance_pass();
        self.pump_outbox();
        self.pump_requests();
        if self.requests.is_waiting()
            && let Some(due) = self.budget.next_change()
        {
            self.at(due.max(self.now.mono.saturating_add(1)), Timer::Wake);
        }
    }

    pub(crate) fn on_command(&mut self, token: Token, command: Command) {
        if !self.opened {
            self.answer(token, Err(ErrorCode::SignedOut));
            return;
        }
        self.run_command(token, command);
    }
}

/// When the list was last walked to its end.
pub(crate) const META_WALK: &str = "last_walk";
/// When a comparison was last over.
pub(crate) const META_CONTACT: &str = "last_contact";

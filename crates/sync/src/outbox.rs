//! What was written here, on its way: one at a time and in order per receiver, at most once
//! without the operator's consent (design 3.3 and 3.4).
//!
//! The rows live in the store; this is their copy in memory. A row is made durable as *sending*
//! before its request leaves, so a crash in between is an open outcome and never a second send.

use crate::budget::Priority;
use crate::engine::{After, Engine, Gate, Timer};
use crate::input::{Answered, Notice, Token};
use crate::requests::Purpose;
use condorito_model::fact::{MessageFact, MessageKind, Sender, WhatsappState};
use condorito_model::record::{
    ConversationRow, Coverage, Hold, LocalConversation, OutboxRow, OutboxState, StoreOp,
};
use condorito_model::rest::{Failure, Reply, Request};
use condorito_model::{ConversationId, ErrorCode, LocalId, MessageId, RowId};
use std::collections::{BTreeMap, BTreeSet};

/// How long the echo of an accepted text may take; that of a file takes some seconds.
const ECHO_WITHIN_MS: u64 = 20_000;

/// The rows, in the order of writing.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    rows: BTreeMap<i64, OutboxRow>,
    orders: BTreeMap<LocalId, i64>,
    /// Rows that wait, are on their way or are being looked up, by receiver.
    lanes: BTreeMap<String, BTreeSet<i64>>,
    /// Rows whose request has left and is not answered.
    in_flight: BTreeSet<LocalId>,
    /// Rows that the store could not take.
    unwritten: BTreeSet<LocalId>,
    /// Accepted texts whose echo has not come, and until when it is waited for.
    awaited: BTreeMap<LocalId, u64>,
    /// Open outcomes being looked up.
    pub(crate) looks: crate::reconcile::Looks,
    /// Until when nothing is tried after a refused connection, and how often that was in a row.
    pause: Option<(u64, u32)>,
}

impl Outbox {
    pub(crate) fn row(&self, local_id: &LocalId) -> Option<&OutboxRow> {
        self.orders
            .get(local_id)
            .and_then(|order| self.rows.get(order))
    }

    pub(crate) fn row_mut(&mut self, local_id: &LocalId) -> Option<&mut OutboxRow> {
        self.orders
            .get(local_id)
            .and_then(|order| self.rows.get_mut(order))
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &OutboxRow> {
        self.rows.values()
    }

    fn insert(&mut self, row: OutboxRow) {
        self.orders.insert(row.local_id.clone(), row.order);
        if is_open(row.state) {
            self.lanes
                .entry(row.phone.clone())
                .or_default()
                .insert(row.order);
        }
        self.rows.insert(row.order, row);
    }

    /// Puts a row into its lane or takes it out, as its state says.
    pub(crate) fn settle_lane(&mut self, local_id: &LocalId) {
        let Some((phone, order, open)) = self
            .row(local_id)
            .map(|row| (row.phone.clone(), row.order, is_open(row.state)))
        else {
            return;
        };
        let busy = open || self.in_flight.contains(local_id);
        let lane = self.lanes.entry(phone.clone()).or_default();
        if busy {
            lane.insert(order);
        } else {
            lane.remove(&order);
        }
        if lane.is_empty() {
            self.lanes.remove(&phone);
        }
    }

    pub(crate) fn forget(&mut self, local_id: &LocalId) {
        if let Some(order) = self.orders.remove(local_id)
            && let Some(row) = self.rows.remove(&order)
            && let Some(lane) = self.lanes.get_mut(&row.phone)
        {
            lane.remove(&order);
            if lane.is_empty() {
                self.lanes.remove(&row.phone);
            }
        }
        self.unwritten.remove(local_id);
    }

    pub(crate) fn mark_unwritten(&mut self, local_id: &LocalId) {
        self.unwritten.insert(local_id.clone());
    }

    pub(crate) fn take_unwritten(&mut self) -> BTreeSet<LocalId> {
        std::mem::take(&mut self.unwritten)
    }

    /// A new link or session: refused connections of before mean nothing.
    pub(crate) fn retry_now(&mut self) {
        self.pause = None;
    }
}

/// Whether it holds back later rows of its receiver.
const fn is_open(state: OutboxState) -> bool {
    matches!(
        state,
        OutboxState::Queued | OutboxState::Sending | OutboxState::Reconciling
    )
}

impl Engine {
    /// Rows of before this start. What was on its way when the process ended is an open outcome.
    pub(crate) fn restore_outbox(&mut self, rows: Vec<OutboxRow>, locals: &[LocalConversation]) {
        let mut open = Vec::new();
        for mut row in rows {
            if row.state == OutboxState::Sending {
                row.state = OutboxState::Reconciling;
                open.push(row.local_id.clone());
            }
            self.outbox.insert(row);
        }
        for local_id in open {
            self.put_outbox(&local_id);
        }
        // Killed right after a first text to a number was stored: its conversation is begun now.
        let orphans: BTreeSet<String> = self
            .outbox
            .rows
            .values()
            .filter(|row| self.convs.by_phone(&row.phone).is_none())
            .filter(|row| !locals.iter().any(|local| local.phone == row.phone))
            .map(|row| row.phone.clone())
            .collect();
        for phone in orphans {
            let ops = self.begin_local(&phone, None);
            self.store(ops, After::Nothing);
        }
        // A rebuilt cache has lost the rows of conversations begun here.
        for local in locals.iter().filter(|local| local.server_id.is_none()) {
            if self.convs.get(local.id).is_none() && self.convs.by_phone(&local.phone).is_none() {
                self.insert_local(local.id, &local.phone, None);
                self.put(local.id);
            }
        }
    }

    fn insert_local(&mut self, id: ConversationId, phone: &str, name: Option<String>) {
        let row = ConversationRow {
            id,
            phone: phone.to_owned(),
            name,
            last_message: None,
            last_message_at: None,
            unread: 0,
            bot_enabled: false,
            total: Some(0),
            older_unknown: Some(0),
            stale: false,
            local_at: None,
            local_preview: None,
        };
        self.convs.insert(crate::conversation::Conv::from_stored(
            row,
            Coverage::default(),
        ));
    }

    /// Finds or begins the conversation with a number.
    pub(crate) fn start_conversation(&mut self, phone: &str, token: Token) {
        if let Some(id) = self.convs.id_of_phone(phone) {
            self.answer(token, Ok(Answered::Conversation { id }));
            return;
        }
        let ops = self.begin_local(phone, None);
        let Some(id) = self.convs.id_of_phone(phone) else {
            return;
        };
        let answered = Answered::Conversation { id };
        self.store(ops, After::Answer { token, answered });
    }

    fn begin_local(&mut self, phone: &str, name: Option<String>) -> Vec<StoreOp> {
        let id = self.convs.next_local_id();
        self.insert_local(id, phone, name);
        let local = LocalConversation {
            id,
            phone: phone.to_owned(),
            server_id: None,
        };
        let mut ops = vec![StoreOp::PutLocalConversation { row: local }];
        ops.extend(self.put_op(id));
        ops
    }

    /// Writes a row as it is remembered, and that its message in the cache is this one.
    pub(crate) fn put_outbox(&mut self, local_id: &LocalId) {
        if let Some(row) = self.outbox.row(local_id).cloned() {
            let link = row
                .message_id
                .clone()
                .map(|message_id| StoreOp::LinkLocal { message_id, local_id: Some(local_id.clone()) });
            let mut ops = vec![StoreOp::PutOutbox { row }];
            ops.extend(link);
            self.store(ops, After::Outbox { local_id: local_id.clone() });
        }
        self.outbox.settle_lane(local_id);
    }

    /// A text was written and is durable.
    pub(crate) fn on_written(&mut self, row: OutboxRow) {
        let phone = row.phone.clone();
        let mut ops = Vec::new();
        if self.convs.by_phone(&phone).is_none() {
            ops = self.begin_local(&phone, None);
        }
        if let Some(id) = self.convs.id_of_phone(&phone)
            && let Some(conv) = self.convs.get_mut(id)
        {
            conv.row.local_at = Some(row.written_at);
            conv.row.local_preview = Some(row.text.clone());
            ops.extend(self.put_op(id));
        }
        if !ops.is_empty() {
            self.store(ops, After::Nothing);
        }
        self.outbox.insert(row);
    }

    /// Whether something of this conversation is not known to be sent.
    pub(crate) fn has_unsent(&self, id: ConversationId) -> bool {
        self.convs
            .get(id)
            .is_some_and(|conv| self.outbox.lanes.contains_key(&conv.row.phone))
    }

    /// The preview of a text of ours goes when the server's own shows it.
    pub(crate) fn settle_local_preview(&mut self, id: ConversationId) {
        let Some(conv) = self.convs.get(id) else {
            return;
        };
        if conv.row.local_at.is_none() {
            return;
        }
        let newest = self
            .outbox
            .rows
            .values()
            .rev()
            .find(|row| row.phone == conv.row.phone && row.state != OutboxState::Sent)
            .map(|row| (row.written_at, row.text.clone()));
        if let Some(conv) = self.convs.get_mut(id) {
            let (at, preview) = newest.unzip();
            if conv.row.local_at != at || conv.row.local_preview != preview {
                conv.row.local_at = at;
                conv.row.local_preview = preview;
                self.put(id);
            }
        }
    }

    /// Lets the first text of each receiver leave if it may, and says why not if it may not.
    pub(crate) fn pump_outbox(&mut self) {
        if !self.opened || self.outbox.lanes.is_empty() {
            return;
        }
        let lanes: Vec<(String, Vec<i64>)> = self
            .outbox
            .lanes
            .iter()
            .map(|(phone, orders)| (phone.clone(), orders.iter().copied().collect()))
            .collect();
        for (phone, orders) in lanes {
            let mut first = true;
            for order in orders {
                let Some((local_id, state, held)) = self
                    .outbox
                    .rows
                    .get(&order)
                    .map(|row| (row.local_id.clone(), row.state, row.hold))
                else {
                    continue;
                };
                if state == OutboxState::Queued {
                    let hold = if first {
                        self.obstacle()
                    } else {
                        Some(Hold::Previous)
                    };
                    if first && hold.is_none() {
                        if self.may_arm(&phone) {
                            self.arm(&local_id);
                        }
                    } else if held != hold {
                        if let Some(row) = self.outbox.row_mut(&local_id) {
                            row.hold = hold;
                        }
                        self.put_outbox(&local_id);
                    }
                }
                first = false;
            }
        }
    }

    /// Why nothing can be sent to this receiver now.
    fn obstacle(&self) -> Option<Hold> {
        if self.gate != Gate::SignedIn {
            return Some(Hold::SignedOut);
        }
        if self.budget.blocked_until().is_some() || !self.budget.admits(Priority::Interactive) {
            return Some(Hold::RateLimited);
        }
        if !self.reachable() {
            return Some(Hold::Offline);
        }
        if self.linked == Some(false) {
            return Some(Hold::NotLinked);
        }
        if let Some((until, _)) = self.outbox.pause
            && until > self.now.mono
        {
            return Some(Hold::Offline);
        }
        None
    }

    /// Whether the newest messages of this receiver are known, so that an echo can be told from
    /// what was there before; if not, they are asked for.
    fn may_arm(&mut self, phone: &str) -> bool {
        if !self.compared {
            return false;
        }
        let Some(conv) = self.convs.by_phone(phone) else {
            return true;
        };
        let id = conv.row.id;
        if id.is_local() || (conv.loaded() && !conv.row.stale) || conv.failures >= 2 {
            return true;
        }
        self.load(id, Priority::Interactive, None);
        false
    }

    fn arm(&mut self, local_id: &LocalId) {
        let max_row = self.max_row;
        let Some(row) = self.outbox.row_mut(local_id) else {
            return;
        };
        row.state = OutboxState::Sending;
        row.hold = None;
        row.error = None;
        row.attempts = row.attempts.saturating_add(1);
        row.baseline.get_or_insert(max_row);
        let op = StoreOp::PutOutbox { row: row.clone() };
        self.store(
            vec![op],
            After::Armed {
                local_id: local_id.clone(),
            },
        );
    }

    /// It is durable as *sending*: the request may leave.
    pub(crate) fn dispatch(&mut self, local_id: &LocalId) {
        let Some(row) = self.outbox.row(local_id) else {
            return;
        };
        // A late echo of an earlier try came in between: nothing is left to send.
        if row.state != OutboxState::Sending {
            self.outbox.settle_lane(local_id);
            return;
        }
        // What stopped it meanwhile stops it still: nothing has left.
        if self.obstacle().is_some() {
            self.disarm(local_id);
            return;
        }
        let Some(row) = self.outbox.row(local_id) else {
            return;
        };
        let request = match &row.file {
            Some(path) => Request::SendFile {
                to: row.phone.clone(),
                path: path.clone(),
                caption: Some(row.text.clone()).filter(|text| !text.is_empty()),
                local_id: local_id.clone(),
            },
            None => Request::SendText {
                to: row.phone.clone(),
                text: row.text.clone(),
                local_id: local_id.clone(),
            },
        };
        self.outbox.in_flight.insert(local_id.clone());
        self.request(
            Purpose::Send {
                local_id: local_id.clone(),
            },
            request,
            Priority::Interactive,
        );
    }

    /// The link or the session went: what has not left yet waits again.
    pub(crate) fn recall_sends(&mut self) {
        let waiting: Vec<LocalId> = self
            .outbox
            .in_flight
            .iter()
            .filter(|id| {
                !self.requests.has_left(&Purpose::Send {
                    local_id: (*id).clone(),
                })
            })
            .cloned()
            .collect();
        self.requests
            .drop_where(|purpose| matches!(purpose, Purpose::Send { .. }));
        for local_id in waiting {
            self.outbox.in_flight.remove(&local_id);
            self.disarm(&local_id);
            self.outbox.settle_lane(&local_id);
        }
    }

    /// Nothing has left: it waits again.
    pub(crate) fn disarm(&mut self, local_id: &LocalId) {
        if let Some(row) = self.outbox.row_mut(local_id)
            && row.state == OutboxState::Sending
        {
            row.state = OutboxState::Queued;
            row.attempts = row.attempts.saturating_sub(1);
            if row.attempts == 0 {
                row.baseline = None;
            }
            self.put_outbox(local_id);
        }
    }

    /// The request of a text is over.
    pub(crate) fn on_sent(&mut self, local_id: &LocalId, result: Result<Reply, Failure>) {
        self.outbox.in_flight.remove(local_id);
        match result {
            Ok(Reply::Sent { message_id }) => {
                self.outbox.pause = None;
                self.set_linked(true);
                self.accept(local_id, message_id);
            }
            Ok(_) => self.leave_open(local_id, true),
            Err(failure) => match failure {
                Failure::NotSent => {
                    self.unmatch(local_id);
                    self.disarm(local_id);
                    self.pause_sends();
                }
                Failure::ServerFault { status: 401 } => {
                    self.unmatch(local_id);
                    self.disarm(local_id);
                    self.pause_sends();
                }
                Failure::RateLimited { .. }
                | Failure::SessionExpired
                | Failure::AccountInactive => {
                    self.unmatch(local_id);
                    self.disarm(local_id);
                }
                Failure::NotLinked => {
                    self.unmatch(local_id);
                    self.disarm(local_id);
                    self.on_whatsapp(condorito_model::view::Whatsapp {
                        state: WhatsappState::NotInitialized,
                        phone: None,
                        qr: None,
                        reason: None,
                    });
                    self.set_linked(false);
                }
                Failure::Refused { .. } | Failure::RefusedNumber | Failure::BadFile { .. } => {
                    self.unmatch(local_id);
                    self.fail(local_id, crate::requests::code_of(&failure));
                }
                Failure::ServerFault { .. } => self.leave_open(local_id, false),
                Failure::Unclear { .. } | Failure::Malformed => self.leave_open(local_id, true),
            },
        }
        self.outbox.settle_lane(local_id);
    }

    fn accept(&mut self, local_id: &LocalId, message_id: Option<MessageId>) {
        if let Some(told) = &message_id {
            self.correct_guesses(local_id, told);
        }
        let Some(row) = self.outbox.row_mut(local_id) else {
            return;
        };
        row.state = OutboxState::Sent;
        row.hold = None;
        row.error = None;
        let echoed = row.message_id.is_some();
        if message_id.is_some() {
            row.message_id = message_id;
        }
        let phone = row.phone.clone();
        self.put_outbox(local_id);
        if !echoed {
            self.outbox.awaited.insert(
                local_id.clone(),
                self.now.mono.saturating_add(ECHO_WITHIN_MS),
            );
            self.after_ms(ECHO_WITHIN_MS, Timer::Echo);
        }
        if let Some(id) = self.convs.id_of_phone(&phone) {
            self.settle_local_preview(id);
            if id.is_local() && !self.requests.has(&Purpose::FindConversation) {
                // The server has made a conversation; its event may have been missed.
                self.after_ms(3000, Timer::Recount);
            }
        }
        self.after_ms(30_000, Timer::Purge);
    }

    /// Equal texts were told apart by guessing; the reply knows better. The guess that was taken for
    /// this one goes to the row that had taken this one's message, or is somebody else's.
    fn correct_guesses(&mut self, local_id: &LocalId, told: &MessageId) {
        let guess = self
            .outbox
            .row(local_id)
            .and_then(|row| row.message_id.clone());
        if guess.as_ref() == Some(told) {
            return;
        }
        let mistaken = self
            .outbox
            .rows
            .values()
            .find(|row| row.message_id.as_ref() == Some(told))
            .map(|row| row.local_id.clone());
        if let Some(other) = mistaken {
            if let Some(row) = self.outbox.row_mut(&other) {
                row.message_id.clone_from(&guess);
                if guess.is_none() {
                    row.state = OutboxState::Unconfirmed;
                }
            }
            self.put_outbox(&other);
        } else if let Some(message_id) = guess {
            self.store(
                vec![StoreOp::LinkLocal {
                    message_id,
                    local_id: None,
                }],
                After::Nothing,
            );
        }
    }

    /// A definite refusal: an echo taken for it was somebody's equal text.
    fn unmatch(&mut self, local_id: &LocalId) {
        if let Some(row) = self.outbox.row_mut(local_id)
            && row.state == OutboxState::Sent
        {
            row.state = OutboxState::Sending;
            if let Some(message_id) = row.message_id.take() {
                let op = StoreOp::LinkLocal {
                    message_id,
                    local_id: None,
                };
                self.store(vec![op], After::Nothing);
            }
        }
    }

    fn fail(&mut self, local_id: &LocalId, code: ErrorCode) {
        let Some(row) = self.outbox.row_mut(local_id) else {
            return;
        };
        row.state = OutboxState::Failed;
        row.error = Some(code);
        row.hold = None;
        // This try did not go out; an earlier one that may have keeps the baseline.
        row.attempts = row.attempts.saturating_sub(1);
        if row.attempts == 0 {
            row.baseline = None;
        }
        let phone = row.phone.clone();
        self.put_outbox(local_id);
        self.tell_failed(&phone, false);
    }

    pub(crate) fn tell_failed(&mut self, phone: &str, unconfirmed: bool) {
        if let Some(conv) = self.convs.by_phone(phone) {
            let (conversation_id, name) = (conv.row.id, conv.title());
            self.tell(Notice::SendFailed {
                conversation_id,
                name,
                unconfirmed,
            });
        }
    }

    fn pause_sends(&mut self) {
        let times = self.outbox.pause.map_or(0, |(_, times)| times).min(5);
        let wait = 1000_u64 << times;
        self.outbox.pause = Some((self.now.mono.saturating_add(wait), times.saturating_add(1)));
        self.after_ms(wait, Timer::Wake);
    }

    /// The echo of a text: by WhatsApp's id where it is known, else by content, oldest first, each
    /// used once, and only rows newer than what was known when it was first tried.
    pub(crate) fn match_echo(
        &mut self,
        fact: &MessageFact,
        phone: &str,
        written: &mut Vec<LocalId>,
    ) -> Option<LocalId> {
        if fact.from != Sender::Client {
            return None;
        }
        let known = self
            .outbox
            .rows
            .values()
            .find(|row| row.message_id.as_ref() == Some(&fact.message_id))
            .map(|row| row.local_id.clone());
        if let Some(local_id) = known {
            self.outbox.awaited.remove(&local_id);
            return Some(local_id);
        }
        let found = self
            .outbox
            .rows
            .values()
            .find(|row| {
                row.phone == phone
                    && row.message_id.is_none()
                    && row.attempts > 0
                    && row.state != OutboxState::Failed
                    && row.baseline.is_some_and(|baseline| fact.id > baseline)
                    && could_be(row, fact)
            })
            .map(|row| row.local_id.clone())?;
        if let Some(row) = self.outbox.row_mut(&found) {
            row.message_id = Some(fact.message_id.clone());
            row.state = OutboxState::Sent;
            row.hold = None;
            row.error = None;
        }
        written.push(found.clone());
        self.outbox.settle_lane(&found);
        self.after_ms(30_000, Timer::Purge);
        Some(found)
    }

    /// An accepted text whose echo did not come: the event was lost, so its page is asked for.
    pub(crate) fn miss_echoes(&mut self) {
        let now = self.now.mono;
        let late: Vec<LocalId> = self
            .outbox
            .awaited
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(local_id, _)| local_id.clone())
            .collect();
        for local_id in late {
            self.outbox.awaited.remove(&local_id);
            let id = self
                .outbox
                .row(&local_id)
                .and_then(|row| self.convs.id_of_phone(&row.phone))
                .filter(|id| !id.is_local());
            if let Some(id) = id
                && self.reachable()
            {
                self.load(id, Priority::Background, None);
            }
        }
        if let Some(next) = self.outbox.awaited.values().min().copied() {
            self.at(next, Timer::Echo);
        }
    }

    /// Forgets what the cache has for good.
    pub(crate) fn purge(&mut self) {
        // A sent row keeps its message from being taken for an equal text whose outcome is open, and
        // a reply under way may still correct such a guess.
        let open: BTreeSet<(&str, &str)> = self
            .outbox
            .rows()
            .filter(|row| row.message_id.is_none() && row.attempts > 0)
            .map(|row| (row.phone.as_str(), row.text.as_str()))
            .collect();
        let needed = self.outbox.rows().any(|row| {
            row.message_id.is_some() && open.contains(&(row.phone.as_str(), row.text.as_str()))
        });
        if needed || !self.outbox.in_flight.is_empty() {
            self.after_ms(30_000, Timer::Purge);
        } else if self.outbox.rows().any(|row| row.state == OutboxState::Sent) {
            self.store(vec![StoreOp::PurgeSent], After::Purged);
        }
    }

    /// What was written in a conversation that is gone.
    pub(crate) fn rehome_unsent(
        &mut self,
        _old: ConversationId,
        phone: &str,
        name: Option<String>,
    ) {
        let rows: Vec<(LocalId, OutboxState)> = self
            .outbox
            .rows
            .values()
            .filter(|row| row.phone == phone && row.state != OutboxState::Sent)
            .map(|row| (row.local_id.clone(), row.state))
            .collect();
        // Sent ones went with the conversation.
        let sent: Vec<LocalId> = self
            .outbox
            .rows
            .values()
            .filter(|row| row.phone == phone && row.state == OutboxState::Sent)
            .filter(|row| !self.outbox.in_flight.contains(&row.local_id))
            .map(|row| row.local_id.clone())
            .collect();
        for local_id in sent {
            self.outbox.forget(&local_id);
            let after = After::Dropped {
                local_id: local_id.clone(),
            };
            self.store(vec![StoreOp::RemoveOutbox { local_id }], after);
        }
        if rows.is_empty() || self.convs.by_phone(phone).is_some() {
            return;
        }
        let ops = self.begin_local(phone, name);
        self.store(ops, After::Nothing);
        for (local_id, state) in rows {
            if state == OutboxState::Queued {
                if let Some(row) = self.outbox.row_mut(&local_id) {
                    row.state = OutboxState::Failed;
                    row.error = Some(ErrorCode::ConversationDeleted);
                    row.hold = None;
                }
                self.put_outbox(&local_id);
            }
        }
        if let Some(id) = self.convs.id_of_phone(phone)
            && let Some(conv) = self.convs.get_mut(id)
        {
            conv.row.local_at = Some(self.now.wall.plus_millis(self.offset_ms));
            self.settle_local_preview(id);
        }
    }

    /// Whether WhatsApp is linked, as just heard.
    pub(crate) fn set_linked(&mut self, linked: bool) {
        self.linked = Some(linked);
        if !linked {
            self.after_ms(60_000, Timer::LinkStatus);
        }
    }

    pub(crate) fn ask_link_status(&mut self) {
        if self.reachable() && !self.requests.has(&Purpose::LinkStatus) {
            self.request(
                Purpose::LinkStatus,
                Request::WhatsappStatus,
                Priority::Background,
            );
        }
    }

    pub(crate) fn on_link_status(&mut self, state: WhatsappState, phone: Option<String>) {
        let qr = self
            .whatsapp
            .qr
            .clone()
            .filter(|_| state == WhatsappState::WaitingQr);
        self.on_whatsapp(condorito_model::view::Whatsapp {
            state,
            phone,
            qr,
            reason: None,
        });
        if state == WhatsappState::Connected {
            self.set_linked(true);
        } else if !matches!(state, WhatsappState::Unknown) {
            self.set_linked(false);
        }
    }

    /// Send again: the operator's consent.
    pub(crate) fn retry(&mut self, local_id: &LocalId, token: Token) {
        let Some(row) = self.outbox.row_mut(local_id) else {
            return self.answer(token, Err(ErrorCode::NotFound));
        };
        match row.state {
            OutboxState::Failed | OutboxState::Unconfirmed => {
                row.state = OutboxState::Queued;
                row.consents = row.consents.saturating_add(1);
                row.error = None;
                let op = StoreOp::PutOutbox { row: row.clone() };
                self.store(
                    vec![op],
                    After::Answer {
                        token,
                        answered: Answered::Done,
                    },
                );
                self.outbox.settle_lane(local_id);
            }
            OutboxState::Queued => {
                self.outbox.pause = None;
                self.answer(token, Ok(Answered::Done));
            }
            _ => self.answer(token, Err(ErrorCode::InFlight)),
        }
    }

    /// Forget it.
    pub(crate) fn discard(&mut self, local_id: &LocalId, token: Token) {
        let Some(row) = self.outbox.row(local_id) else {
            return self.answer(token, Err(ErrorCode::NotFound));
        };
        if !matches!(
            row.state,
            OutboxState::Queued | OutboxState::Failed | OutboxState::Unconfirmed
        ) {
            return self.answer(token, Err(ErrorCode::InFlight));
        }
        let phone = row.phone.clone();
        self.outbox.forget(local_id);
        let op = StoreOp::RemoveOutbox {
            local_id: local_id.clone(),
        };
        self.store(
            vec![op],
            After::Answer {
                token,
                answered: Answered::Done,
            },
        );
        if let Some(id) = self.convs.id_of_phone(&phone) {
            self.settle_local_preview(id);
        }
    }

    /// The greatest row id known, for tests of the baseline.
    #[must_use]
    pub const fn newest_known_row(&self) -> RowId {
        self.max_row
    }
}

/// Whether a stored message can be what this row became on the server.
fn could_be(row: &OutboxRow, fact: &MessageFact) -> bool {
    if row.file.is_some() {
        let caption = fact.content.as_deref().unwrap_or_default();
        return fact.kind != MessageKind::Text && (row.text.is_empty() || caption == row.text);
    }
    fact.kind == MessageKind::Text && fact.content.as_deref() == Some(row.text.as_str())
}

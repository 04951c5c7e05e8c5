//! One text at a time per receiver: when it may leave, and what its answer means (contract 5.3).

use super::*;
use crate::budget::Priority;
use crate::engine::{After, Engine, Gate, Timer};
use crate::notice::Notice;
use crate::requests::Purpose;
use condorito_model::fact::WhatsappState;
use condorito_model::record::{Hold, OutboxState, StoreOp};
use condorito_model::rest::{Failure, Reply, Request};
use condorito_model::{ErrorCode, LocalId, MessageId};

impl Engine {
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
                    let hold = if first { self.obstacle() } else { Some(Hold::Previous) };
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
    pub(super) fn obstacle(&self) -> Option<Hold> {
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
    pub(super) fn may_arm(&mut self, phone: &str) -> bool {
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

    pub(super) fn arm(&mut self, local_id: &LocalId) {
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
        self.store(vec![op], After::Armed { local_id: local_id.clone() });
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
        self.request(Purpose::Send { local_id: local_id.clone() }, request, Priority::Interactive);
    }

    /// The link or the session went: what has not left yet waits again.
    pub(crate) fn recall_sends(&mut self) {
        let waiting: Vec<LocalId> = self
            .outbox
            .in_flight
            .iter()
            .filter(|id| !self.requests.has_left(&Purpose::Send { local_id: (*id).clone() }))
            .cloned()
            .collect();
        self.requests.drop_where(|purpose| matches!(purpose, Purpose::Send { .. }));
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

    pub(super) fn accept(&mut self, local_id: &LocalId, message_id: Option<MessageId>) {
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
            self.outbox
                .awaited
                .insert(local_id.clone(), self.now.mono.saturating_add(ECHO_WITHIN_MS));
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

    /// A definite refusal: an echo taken for it was somebody's equal text.
    pub(super) fn unmatch(&mut self, local_id: &LocalId) {
        if let Some(row) = self.outbox.row_mut(local_id)
            && row.state == OutboxState::Sent
        {
            row.state = OutboxState::Sending;
            if let Some(message_id) = row.message_id.take() {
                let op = StoreOp::LinkLocal { message_id, local_id: None };
                self.store(vec![op], After::Nothing);
            }
        }
    }

    pub(super) fn fail(&mut self, local_id: &LocalId, code: ErrorCode) {
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
            let open = self.outbox.rows().filter(|row| {
                row.phone == phone
                    && matches!(row.state, OutboxState::Failed | OutboxState::Unconfirmed)
            });
            let count = u32::try_from(open.count()).unwrap_or(u32::MAX);
            self.tell(Notice::SendFailed { conversation_id, name, unconfirmed, count });
        }
    }

    pub(super) fn pause_sends(&mut self) {
        let times = self.outbox.pause.map_or(0, |(_, times)| times).min(5);
        let wait = 1000_u64 << times;
        self.outbox.pause = Some((self.now.mono.saturating_add(wait), times.saturating_add(1)));
        self.after_ms(wait, Timer::Wake);
    }
}

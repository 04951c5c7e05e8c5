//! What was written here, on its way: one at a time and in order per receiver, at most once
//! without the operator's consent (design 3.3 and 3.4).
//!
//! The rows live in the store; this is their copy in memory. A row is made durable as *sending*
//! before its request leaves, so a crash in between is an open outcome and never a second send.

mod echo;
mod sending;
mod written;

use crate::budget::Priority;
use crate::engine::{After, Engine, Timer};
use crate::requests::Purpose;
use condorito_model::fact::{MessageFact, MessageKind, WhatsappState};
use condorito_model::record::{LocalConversation, OutboxRow, OutboxState, StoreOp};
use condorito_model::rest::Request;
use condorito_model::{ConversationId, LocalId, RowId};
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
        self.orders.get(local_id).and_then(|order| self.rows.get(order))
    }

    pub(crate) fn row_mut(&mut self, local_id: &LocalId) -> Option<&mut OutboxRow> {
        self.orders.get(local_id).and_then(|order| self.rows.get_mut(order))
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &OutboxRow> {
        self.rows.values()
    }

    fn insert(&mut self, row: OutboxRow) {
        self.orders.insert(row.local_id.clone(), row.order);
        if is_open(row.state) {
            self.lanes.entry(row.phone.clone()).or_default().insert(row.order);
        }
        self.rows.insert(row.order, row);
    }

    /// Puts a row into its lane or takes it out, as its state says.
    pub(crate) fn settle_lane(&mut self, local_id: &LocalId) {
        let Some((phone, order, open)) =
            self.row(local_id).map(|row| (row.phone.clone(), row.order, is_open(row.state)))
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
    matches!(state, OutboxState::Queued | OutboxState::Sending | OutboxState::Reconciling)
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
        // Killed between a text and the row of its conversation: the list shows it all the same.
        let written: BTreeSet<ConversationId> = self
            .outbox
            .rows
            .values()
            .filter_map(|row| self.convs.id_of_phone(&row.phone))
            .collect();
        for id in written {
            self.show_local_preview(id);
        }
    }

    /// Writes a row as it is remembered, and that its message in the cache is this one.
    pub(crate) fn put_outbox(&mut self, local_id: &LocalId) {
        if let Some(row) = self.outbox.row(local_id).cloned() {
            let link = row.message_id.clone().map(|message_id| StoreOp::LinkLocal {
                message_id,
                local_id: Some(local_id.clone()),
            });
            let mut ops = vec![StoreOp::PutOutbox { row }];
            ops.extend(link);
            self.store(ops, After::Outbox { local_id: local_id.clone() });
        }
        self.outbox.settle_lane(local_id);
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
            self.request(Purpose::LinkStatus, Request::WhatsappStatus, Priority::Background);
        }
    }

    pub(crate) fn on_link_status(&mut self, state: WhatsappState, phone: Option<String>) {
        let qr = self.whatsapp.qr.clone().filter(|_| state == WhatsappState::WaitingQr);
        self.on_whatsapp(condorito_model::view::Whatsapp { state, phone, qr, reason: None });
        if state == WhatsappState::Connected {
            self.set_linked(true);
        } else if !matches!(state, WhatsappState::Unknown) {
            self.set_linked(false);
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

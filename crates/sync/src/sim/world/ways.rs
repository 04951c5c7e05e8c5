//! The ways of a row of the outbox from state to state, as they become durable.

use super::World;
use crate::sim::store::MemStore;
use condorito_model::LocalId;
use condorito_model::record::OutboxState::{
    self, Failed, Queued, Reconciling, Sending, Sent, Unconfirmed,
};
use condorito_model::record::StoreOp;

/// From one state to another, or to nothing.
type Way = (OutboxState, Option<OutboxState>);

impl World {
    /// Notes what a batch does to the rows of the outbox; the first way that must never be taken.
    pub(super) fn note_ways(&mut self, client: usize, ops: &[StoreOp]) {
        let Some(store) = self.clients.get(client).map(|state| &state.store) else {
            return;
        };
        for way in ops.iter().flat_map(|op| ways_of(store, op)) {
            match name(way) {
                Ok(Some(name)) => self.coverage.hit(name),
                Ok(None) => {}
                Err(NoWay) => {
                    self.fail(format!("client {client}: a row of the outbox went {way:?}"));
                    return;
                }
            }
        }
    }
}

fn ways_of(store: &MemStore, op: &StoreOp) -> Vec<Way> {
    let row = |local_id: &LocalId| store.outbox.values().find(|row| row.local_id == *local_id);
    match op {
        StoreOp::PutOutbox { row: after } => {
            let before = row(&after.local_id);
            before.map(|before| (before.state, Some(after.state))).into_iter().collect()
        }
        StoreOp::RemoveOutbox { local_id } => {
            row(local_id).map(|before| (before.state, None)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// It must never be taken.
struct NoWay;

/// What a way is counted as; `None` where nothing changes.
const fn name((before, after): Way) -> Result<Option<&'static str>, NoWay> {
    let name = match (before, after) {
        (Queued, Some(Queued))
        | (Sending, Some(Sending))
        | (Reconciling, Some(Reconciling))
        | (Unconfirmed, Some(Unconfirmed))
        | (Failed, Some(Failed))
        | (Sent, Some(Sent))
        // It had not left and waited again, or was given to the operator, but a full disk had not
        // taken that.
        | (Sending | Reconciling, None)
        // It was to be thrown away, which a full disk refused, and an earlier try may have left.
        | (Queued, Some(Unconfirmed)) => return Ok(None),
        (Queued, Some(Sending)) => "outbox queued to sending",
        (Queued, Some(Failed)) => "outbox queued to failed: its conversation was deleted",
        (Queued, Some(Sent)) => "outbox queued again, then the echo of the first try",
        (Queued, None) => "outbox queued, discarded",
        (Sending, Some(Queued)) => "outbox sending to queued",
        (Sending, Some(Sent)) => "outbox sending to sent",
        (Sending, Some(Failed)) => "outbox sending to failed",
        (Sending, Some(Reconciling)) => "outbox sending to reconciling",
        (Reconciling, Some(Sent)) => "outbox reconciling to sent",
        (Reconciling, Some(Unconfirmed)) => "outbox reconciling to unconfirmed",
        (Unconfirmed, Some(Queued)) => "outbox unconfirmed, sent again",
        (Unconfirmed, Some(Sent)) => "outbox unconfirmed to sent by a late echo",
        (Unconfirmed, None) => "outbox unconfirmed, discarded",
        (Failed, Some(Queued)) => "outbox failed, sent again",
        (Failed, None) => "outbox failed, discarded",
        // An equal text's reply told that the message was its own.
        (Sent, Some(Unconfirmed)) => "outbox sent by a guess to unconfirmed",
        // A refusal told that the message was somebody else's equal text.
        (Sent, Some(Queued)) => "outbox sent by a guess to queued",
        (Sent, Some(Failed)) => "outbox sent by a guess to failed",
        (Sent, None) => "outbox sent, its conversation deleted",
        _ => return Err(NoWay),
    };
    Ok(Some(name))
}

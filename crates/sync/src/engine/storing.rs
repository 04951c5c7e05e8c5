//! Batches for the store, and what follows when they are stored or refused.

use super::*;
use crate::input::{Answered, Effect, Ticket};
use condorito_model::record::{Outcome, StoreFault, StoreOp};
use condorito_model::{ConversationId, ErrorCode, RowId};
use std::collections::BTreeSet;

impl Engine {
    /// Hands a batch to the store.
    pub(crate) fn store(&mut self, ops: Vec<StoreOp>, after: After) {
        self.store_all(ops, vec![after]);
    }

    /// Hands a batch to the store; the outcomes of applied messages go to the `after`s in order.
    pub(crate) fn store_all(&mut self, ops: Vec<StoreOp>, after: Vec<After>) {
        self.next_ticket = self.next_ticket.saturating_add(1);
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, after);
        self.out.push(Effect::Store { ticket, ops });
    }

    /// The newest batch handed to the store.
    pub(crate) const fn last_ticket(&self) -> Ticket {
        Ticket(self.next_ticket)
    }

    /// Whether this batch and all before it are done with.
    pub(crate) fn is_stored(&self, ticket: Ticket) -> bool {
        self.tickets.keys().next().is_none_or(|oldest| *oldest > ticket)
    }

    /// Writes the row of a conversation as it is remembered.
    pub(crate) fn put_op(&self, id: ConversationId) -> Option<StoreOp> {
        let conv = self.convs.get(id)?;
        Some(StoreOp::PutConversations { rows: vec![conv.row.clone()] })
    }

    /// The same as a batch of its own.
    pub(crate) fn put(&mut self, id: ConversationId) {
        if let Some(op) = self.put_op(id) {
            self.store(vec![op], After::Nothing);
        }
    }

    pub(super) fn on_stored(&mut self, ticket: Ticket, result: Result<Vec<Outcome>, StoreFault>) {
        let Some(afters) = self.tickets.remove(&ticket) else {
            return;
        };
        match result {
            Ok(outcomes) => {
                let mut outcomes =
                    outcomes.into_iter().filter(|outcome| !matches!(outcome, Outcome::Done));
                for after in afters {
                    self.on_outcome(after, &mut outcomes);
                }
            }
            Err(fault) => {
                for after in afters {
                    self.on_not_stored(after, fault);
                }
            }
        }
    }

    pub(super) fn on_outcome(
        &mut self,
        after: After,
        outcomes: &mut impl Iterator<Item = Outcome>,
    ) {
        match after {
            After::Nothing
            | After::Outbox { .. }
            | After::Removed { .. }
            | After::Dropped { .. } => {}
            After::Applied { conversation_id, messages, source } => {
                if let Some(Outcome::Applied { inserted, coverage, .. }) = outcomes.next() {
                    let inserted: BTreeSet<RowId> = inserted.into_iter().collect();
                    let fresh = messages
                        .into_iter()
                        .filter(|message| inserted.contains(&message.id))
                        .collect();
                    self.on_applied(conversation_id, fresh, coverage, &source);
                }
            }
            After::Closed { conversation_id } => {
                if let Some(Outcome::Closed { coverage }) = outcomes.next()
                    && let Some(conv) = self.convs.get_mut(conversation_id)
                {
                    conv.coverage = coverage;
                }
            }
            After::Armed { local_id } => self.dispatch(&local_id),
            After::Answer { token, answered } => self.answer(token, Ok(answered)),
            After::Consented { local_id, token } => self.on_consented(&local_id, token),
            After::Discarded { token, .. } => self.answer(token, Ok(Answered::Done)),
            After::Purged => {
                if let Some(Outcome::Purged { local_ids }) = outcomes.next() {
                    for local_id in local_ids {
                        self.outbox.forget(&local_id);
                    }
                }
            }
        }
    }

    /// A batch was refused by the disk: nothing of it is stored, so nothing of it may be believed.
    pub(super) fn on_not_stored(&mut self, after: After, fault: StoreFault) {
        let code = match fault {
            StoreFault::Full => ErrorCode::DiskFull,
            StoreFault::Damaged => ErrorCode::StoreDamaged,
            StoreFault::Io => ErrorCode::StoreFault,
        };
        match after {
            After::Nothing => self.unwritten = true,
            After::Removed { conversation_id } => {
                self.unremoved.push(StoreOp::RemoveConversations { ids: vec![conversation_id] });
            }
            After::Dropped { local_id } => {
                self.unremoved.push(StoreOp::RemoveOutbox { local_id });
            }
            After::Purged => {}
            After::Applied { conversation_id, source, .. } => {
                self.distrust(conversation_id);
                if let Source::Older(stretch) = source {
                    self.answer(stretch.token, Err(code));
                }
            }
            After::Closed { conversation_id } => self.distrust(conversation_id),
            After::Armed { local_id } => self.disarm(&local_id),
            After::Outbox { local_id } => self.outbox.mark_unwritten(&local_id),
            After::Consented { token, .. } => self.answer(token, Err(code)),
            After::Discarded { row, token } => {
                self.on_not_discarded(*row, code);
                self.answer(token, Err(code));
            }
            After::Answer { token, .. } => {
                self.unwritten = true;
                self.answer(token, Err(code));
            }
        }
        // Whatever was to be shown is not: *online* would be a lie.
        self.caught_up = false;
        self.doubt = true;
        self.after_ms(5000, Timer::Rewrite);
    }

    /// The store could not take something: it is written again, and what is in doubt is compared.
    pub(super) fn rewrite(&mut self) {
        for op in std::mem::take(&mut self.unremoved) {
            let after = match &op {
                StoreOp::RemoveConversations { ids } => {
                    ids.first().map_or(After::Nothing, |id| After::Removed { conversation_id: *id })
                }
                StoreOp::RemoveOutbox { local_id } => After::Dropped { local_id: local_id.clone() },
                _ => After::Nothing,
            };
            self.store(vec![op], after);
        }
        if std::mem::take(&mut self.unwritten) {
            let rows = self.convs.iter().map(|conv| conv.row.clone()).collect();
            self.store(vec![StoreOp::PutConversations { rows }], After::Nothing);
        }
        for local_id in self.outbox.take_unwritten() {
            self.put_outbox(&local_id);
        }
        if self.reachable() && self.pass.is_none() && !self.caught_up {
            self.begin_pass();
        }
    }
}

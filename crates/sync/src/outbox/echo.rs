//! Which message of the server a text became.

use super::*;
use crate::budget::Priority;
use crate::engine::{After, Engine, Timer};
use condorito_model::fact::{MessageFact, Sender};
use condorito_model::record::{OutboxState, StoreOp};
use condorito_model::{LocalId, MessageId};
use std::collections::BTreeSet;

impl Engine {
    /// Equal texts were told apart by guessing; the reply knows better. The guess that was taken for
    /// this one goes to the row that had taken this one's message, or is somebody else's.
    pub(super) fn correct_guesses(&mut self, local_id: &LocalId, told: &MessageId) {
        let guess = self.outbox.row(local_id).and_then(|row| row.message_id.clone());
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
            let newest = self.max_row;
            if let Some(row) = self.outbox.row_mut(&other) {
                row.message_id.clone_from(&guess);
                if guess.is_none() {
                    // What was there before was offered to it and is others'.
                    row.baseline = Some(newest);
                    row.state = OutboxState::Unconfirmed;
                }
            }
            self.put_outbox(&other);
        } else if let Some(message_id) = guess {
            self.store(vec![StoreOp::LinkLocal { message_id, local_id: None }], After::Nothing);
        }
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
}

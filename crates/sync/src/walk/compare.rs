//! One row of the list beside what is remembered of it.

use super::*;
use crate::conversation::Conv;
use crate::engine::Engine;
use condorito_model::ConversationId;
use condorito_model::fact::ConversationFact;
use condorito_model::record::StoreOp;
use std::collections::BTreeSet;

impl Engine {
    /// Conversations that the walked part of the list should have shown and did not.
    pub(super) fn absent(&self) -> BTreeSet<ConversationId> {
        let Some(pass) = self.pass.as_ref() else {
            return BTreeSet::new();
        };
        if pass.depth == Depth::Top {
            return BTreeSet::new();
        }
        pass.before
            .iter()
            .filter(|id| !id.is_local() && !pass.seen.contains(id) && !pass.moved.contains(id))
            .filter(|id| {
                self.convs.get(**id).is_some_and(|conv| {
                    pass.reached_end || conv.row.last_message_at > pass.last_row_at
                })
            })
            .copied()
            .collect()
    }

    /// Compares a row of the list with what is remembered.
    pub(super) fn compare(
        &mut self,
        fact: &ConversationFact,
        touched: bool,
        ops: &mut Vec<StoreOp>,
    ) -> Compared {
        if self.convs.get(fact.id).is_none() {
            self.adopt(fact, ops);
            if let Some(pass) = self.pass.as_mut() {
                pass.changed.insert(fact.id);
            }
            return Compared { news: true, close: false };
        }
        let pending_read = self.reads.contains_key(&fact.id);
        let Some(conv) = self.convs.get_mut(fact.id) else {
            return Compared::default();
        };
        let old = conv.row.clone();
        conv.listed_at = fact.last_message_at;
        // It was read before any list told how much there is: what lies further back was a guess,
        // and a guess would hide what is missing.
        let whole = conv.row.older_unknown == Some(0) && conv.coverage.start_known;
        let guessed =
            conv.loaded() && !whole && conv.row.total.is_none() && fact.total_messages.is_some();
        if guessed {
            conv.row.older_unknown = None;
            conv.row.stale = true;
        }
        let more = count_missing(conv, fact, touched) || guessed;
        if touched {
            conv.row.total = fact.total_messages.or(conv.row.total);
        } else {
            merge_summary(&mut conv.row, fact);
            if pending_read && !more {
                conv.row.unread = 0;
            }
        }
        if more {
            conv.row.stale = true;
        }
        let mut close = false;
        if conv.loaded() && !more && !conv.row.stale && conv.coverage.gap {
            if conv.unsure || conv.missing > 0 {
                // A gap is closed by an exact count only.
            } else if conv.row.older_unknown == Some(0) {
                close = true;
            } else if !conv.synced {
                conv.row.stale = true;
            }
        }
        let changed = conv.row != old;
        if changed {
            ops.push(StoreOp::PutConversations { rows: vec![conv.row.clone()] });
        }
        let renumbered = conv.row.phone != old.phone;
        let news = changed || more;
        // What is compared again later for its count needs no second look now.
        let again = touched && !(conv.synced && conv.unsure);
        if let Some(pass) = self.pass.as_mut() {
            if guessed {
                pass.guessed.insert(fact.id);
            }
            if again {
                pass.recheck = true;
            }
            if news {
                pass.changed.insert(fact.id);
            }
        }
        if renumbered {
            self.convs.follow_phone(fact.id, &old.phone);
        }
        Compared { news, close }
    }

    /// A conversation that was not known: takes the place of one begun here, if there is one.
    pub(crate) fn adopt(&mut self, fact: &ConversationFact, ops: &mut Vec<StoreOp>) {
        let begun_here = self.convs.id_of_phone(&fact.phone).filter(|id| id.is_local());
        let mut conv = Conv::from_fact(fact);
        conv.listed_at = fact.last_message_at;
        if fact.total_messages == Some(0) {
            conv.row.older_unknown = Some(0);
        }
        if let Some(local) = begun_here {
            if let Some(old) = self.convs.remove(local) {
                conv.row.local_at = old.row.local_at;
                conv.row.local_preview = old.row.local_preview;
            }
            self.convs.alias(local, fact.id);
            ops.push(StoreOp::PutLocalConversation {
                row: condorito_model::record::LocalConversation {
                    id: local,
                    phone: fact.phone.clone(),
                    server_id: Some(fact.id),
                },
            });
        }
        ops.push(StoreOp::PutConversations { rows: vec![conv.row.clone()] });
        if let Some(local) = begun_here {
            ops.push(StoreOp::RemoveConversations { ids: vec![local] });
            if self.focus.0 == Some(local) {
                self.focus.0 = Some(fact.id);
            }
        }
        self.convs.insert(conv);
    }
}

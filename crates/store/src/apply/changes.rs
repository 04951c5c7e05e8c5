//! What a commit changed, collected for those who show it.

use condorito_model::view::{Changed, ChangedMessages};
use condorito_model::{ConversationId, LocalId, RowId};
use std::collections::{BTreeMap, BTreeSet};

/// Grows while batches are carried out; told once they are committed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    conversations: BTreeSet<ConversationId>,
    messages: BTreeMap<ConversationId, BTreeSet<RowId>>,
    outbox: BTreeSet<LocalId>,
}

impl Changes {
    pub(crate) fn conversation(&mut self, id: ConversationId) {
        self.conversations.insert(id);
    }

    pub(crate) fn message(&mut self, conversation: ConversationId, id: RowId) {
        self.messages.entry(conversation).or_default().insert(id);
    }

    pub(crate) fn outbox(&mut self, id: LocalId) {
        self.outbox.insert(id);
    }

    /// `None` when nothing changed that anybody shows.
    pub(crate) fn into_changed(self) -> Option<Changed> {
        if self.conversations.is_empty() && self.messages.is_empty() && self.outbox.is_empty() {
            return None;
        }
        Some(Changed {
            conversations: self.conversations.into_iter().collect(),
            messages: self
                .messages
                .into_iter()
                .map(|(conversation_id, ids)| ChangedMessages {
                    conversation_id,
                    ids: ids.into_iter().collect(),
                })
                .collect(),
            outbox: self.outbox.into_iter().collect(),
        })
    }
}

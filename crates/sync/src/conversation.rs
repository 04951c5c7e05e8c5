//! What the engine remembers of each conversation: its row as stored, what the cache covers, and
//! what the server was last heard to have.

use condorito_model::fact::ConversationFact;
use condorito_model::record::{ConversationRow, Coverage};
use condorito_model::{ConversationId, RowId, Timestamp};
use std::collections::BTreeMap;

/// One conversation.
#[derive(Debug, Clone)]
pub(crate) struct Conv {
    pub row: ConversationRow,
    pub coverage: Coverage,
    /// Messages that the last list showed to be on the server and that have not been found yet.
    pub missing: i64,
    /// `last_message_at` of that list row: only messages up to then count against `missing`.
    pub listed_at: Option<Timestamp>,
    /// Whether nothing can have been missed since this link came up.
    pub synced: bool,
    /// Greatest row id that a live event brought: an event with a smaller one is late, and its
    /// summary is older than what is known.
    pub last_event: RowId,
    /// Page requests for it that failed in a row.
    pub failures: u8,
}

impl Conv {
    pub(crate) fn from_stored(row: ConversationRow, coverage: Coverage) -> Self {
        Self {
            row,
            coverage,
            missing: 0,
            listed_at: None,
            synced: false,
            last_event: RowId(0),
            failures: 0,
        }
    }

    /// A conversation never seen before.
    pub(crate) fn from_fact(fact: &ConversationFact) -> Self {
        Self::from_stored(
            ConversationRow {
                id: fact.id,
                phone: fact.phone.clone(),
                name: fact.name.clone(),
                last_message: fact.last_message.clone(),
                last_message_at: fact.last_message_at,
                unread: fact.unread_count,
                bot_enabled: fact.bot_enabled,
                total: fact.total_messages,
                older_unknown: None,
                stale: fact.total_messages != Some(0),
                local_at: None,
                local_preview: None,
            },
            Coverage::default(),
        )
    }

    /// Whether the newest page was read once.
    pub(crate) const fn loaded(&self) -> bool {
        self.row.older_unknown.is_some()
    }

    /// Messages on the server, as far as known.
    pub(crate) fn total_estimate(&self) -> u32 {
        self.coverage.cached.saturating_add(self.row.older_unknown.unwrap_or_default())
    }

    /// The name to show.
    pub(crate) fn title(&self) -> String {
        self.row
            .name
            .as_deref()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map_or_else(|| self.row.phone.clone(), str::to_owned)
    }
}

/// All of them, also by number.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_id: BTreeMap<ConversationId, Conv>,
    by_phone: BTreeMap<String, ConversationId>,
    /// Ids given here that the server has replaced by its own.
    aliases: BTreeMap<ConversationId, ConversationId>,
}

impl Index {
    /// The id that is in use for this one now.
    pub(crate) fn resolve(&self, id: ConversationId) -> ConversationId {
        self.aliases.get(&id).copied().unwrap_or(id)
    }

    pub(crate) fn alias(&mut self, local: ConversationId, server: ConversationId) {
        self.aliases.insert(local, server);
    }

    pub(crate) fn get(&self, id: ConversationId) -> Option<&Conv> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: ConversationId) -> Option<&mut Conv> {
        self.by_id.get_mut(&id)
    }

    /// The conversation with a number: the server's before one begun here.
    pub(crate) fn id_of_phone(&self, phone: &str) -> Option<ConversationId> {
        self.by_phone.get(phone).copied()
    }

    pub(crate) fn by_phone(&self, phone: &str) -> Option<&Conv> {
        self.id_of_phone(phone).and_then(|id| self.get(id))
    }

    pub(crate) fn insert(&mut self, conv: Conv) {
        let id = conv.row.id;
        let taken = self.by_phone.get(&conv.row.phone).copied();
        if taken.is_none_or(|old| old.is_local() || !id.is_local()) {
            self.by_phone.insert(conv.row.phone.clone(), id);
        }
        self.by_id.insert(id, conv);
    }

    pub(crate) fn remove(&mut self, id: ConversationId) -> Option<Conv> {
        let conv = self.by_id.remove(&id)?;
        if self.by_phone.get(&conv.row.phone) == Some(&id) {
            self.by_phone.remove(&conv.row.phone);
        }
        Some(conv)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conv> {
        self.by_id.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conv> {
        self.by_id.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// A free id for a conversation begun here.
    pub(crate) fn next_local_id(&self) -> ConversationId {
        let stored = self.by_id.keys().next().map_or(0, |id| id.0.min(0));
        let aliased = self.aliases.keys().next().map_or(0, |id| id.0.min(0));
        ConversationId(stored.min(aliased).saturating_sub(1))
    }
}

//! What the engine remembers of each conversation: its row as stored, what the cache covers, and
//! what the server was last heard to have.

use condorito_model::fact::{ConversationFact, MessageFact};
use condorito_model::record::{ConversationRow, Coverage};
use condorito_model::{ConversationId, RowId, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// One conversation.
#[derive(Debug, Clone)]
pub(crate) struct Conv {
    pub row: ConversationRow,
    pub coverage: Coverage,
    /// Messages that the last list showed to be on the server and that have not been found yet.
    pub missing: i64,
    /// `last_message_at` of that list row: only messages up to then count against `missing`.
    pub listed_at: Option<Timestamp>,
    /// Messages of exactly that second among those cached since: with two of them, nobody can say
    /// which the list had counted.
    pub at_listed: u32,
    /// Whether the last count was not exact, because the conversation grew while it was compared:
    /// something may be missing all the same, and another look has to show that nothing is.
    pub unsure: bool,
    /// Whether nothing can have been missed since this link came up.
    pub synced: bool,
    /// Greatest row id cached when nothing was missing: what has a smaller one lay further back
    /// all the time, and finding it says nothing of what is missing.
    pub settled: RowId,
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
            settled: coverage.newest_id.unwrap_or(RowId(0)),
            coverage,
            missing: 0,
            listed_at: None,
            at_listed: 0,
            unsure: false,
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

    /// Everything that the server has of its newest is cached.
    pub(crate) fn settle(&mut self) {
        self.synced = true;
        self.settled = self.settled.max(self.coverage.newest_id.unwrap_or(RowId(0)));
    }

    /// Messages that came into the cache after a list was compared. Seconds tell only of those of an
    /// earlier second that the list had counted them.
    pub(crate) fn weigh(&mut self, fresh: &[MessageFact]) {
        let same = fresh.iter().filter(|message| Some(message.sent_at) == self.listed_at).count();
        self.at_listed = self.at_listed.saturating_add(u32::try_from(same).unwrap_or(u32::MAX));
        if same > 0 && self.at_listed > 1 {
            self.unsure = true;
        }
    }

    /// Messages that came into the cache, of those that the last list counted: what is missing is
    /// stored later than what lies further back, so each is taken off its own.
    pub(crate) fn found(&mut self, fresh: &[MessageFact]) {
        let counted = fresh.iter().filter(|message| Some(message.sent_at) <= self.listed_at);
        let (newer, further_back): (Vec<_>, Vec<_>) =
            counted.partition(|message| message.id > self.settled);
        let length = |found: Vec<_>| i64::try_from(found.len()).unwrap_or(i64::MAX);
        let mut missing = self.missing.saturating_sub(length(newer));
        let mut older = i64::from(self.row.older_unknown.unwrap_or_default());
        older = older.saturating_sub(length(further_back));
        // More than there was of one kind: it was of the other.
        if missing < 0 {
            older = older.saturating_add(missing);
        }
        if older < 0 {
            missing = missing.max(0).saturating_add(older);
        }
        self.missing = missing.max(0);
        if let Some(unknown) = self.row.older_unknown.as_mut() {
            *unknown = u32::try_from(older.max(0)).unwrap_or(u32::MAX);
        }
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
    /// Boxed, so that filling and growing the tree moves little memory.
    by_id: BTreeMap<ConversationId, Box<Conv>>,
    /// Only looked up, never walked: its order means nothing.
    by_phone: HashMap<String, ConversationId>,
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
        self.by_id.get(&id).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, id: ConversationId) -> Option<&mut Conv> {
        self.by_id.get_mut(&id).map(Box::as_mut)
    }

    /// The conversation with a number: the server's before one begun here.
    pub(crate) fn id_of_phone(&self, phone: &str) -> Option<ConversationId> {
        self.by_phone.get(phone).copied()
    }

    pub(crate) fn by_phone(&self, phone: &str) -> Option<&Conv> {
        self.id_of_phone(phone).and_then(|id| self.get(id))
    }

    pub(crate) fn insert(&mut self, conv: Conv) {
        self.name_phone(&conv.row);
        self.by_id.insert(conv.row.id, Box::new(conv));
    }

    /// All that the store held, in place of what there was: in one go, as there may be 100,000.
    pub(crate) fn fill(&mut self, convs: impl ExactSizeIterator<Item = Conv>) {
        self.by_phone = HashMap::with_capacity(convs.len());
        let convs = convs.map(|conv| {
            self.name_phone(&conv.row);
            (conv.row.id, Box::new(conv))
        });
        self.by_id = convs.collect();
    }

    fn name_phone(&mut self, row: &ConversationRow) {
        let id = row.id;
        self.by_phone
            .entry(row.phone.clone())
            .and_modify(|old| {
                if old.is_local() || !id.is_local() {
                    *old = id;
                }
            })
            .or_insert(id);
    }

    /// The server tells another number of a conversation than before.
    pub(crate) fn follow_phone(&mut self, id: ConversationId, before: &str) {
        if self.by_phone.get(before) == Some(&id) {
            self.by_phone.remove(before);
        }
        if let Some(row) = self.by_id.get(&id).map(|conv| conv.row.clone()) {
            self.name_phone(&row);
        }
    }

    pub(crate) fn remove(&mut self, id: ConversationId) -> Option<Conv> {
        let conv = self.by_id.remove(&id)?;
        if self.by_phone.get(&conv.row.phone) == Some(&id) {
            self.by_phone.remove(&conv.row.phone);
        }
        Some(*conv)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conv> {
        self.by_id.values().map(Box::as_ref)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conv> {
        self.by_id.values_mut().map(Box::as_mut)
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

#[cfg(test)]
mod tests {
    use super::{Conv, Index};
    use condorito_model::fact::{ConversationFact, MessageFact, MessageKind, Sender};
    use condorito_model::record::Coverage;
    use condorito_model::{ConversationId, MessageId, RowId, Timestamp};

    const LISTED: i64 = 1000;

    /// Row ids up to 100 were cached when nothing was missing.
    fn conv(missing: i64, older: u32) -> Conv {
        let fact = ConversationFact {
            id: ConversationId(1),
            phone: "5493875550001".into(),
            name: None,
            last_message: None,
            last_message_at: None,
            unread_count: 0,
            bot_enabled: false,
            total_messages: None,
        };
        let row = Conv::from_fact(&fact).row;
        let coverage = Coverage { newest_id: Some(RowId(100)), ..Coverage::default() };
        let mut conv = Conv::from_stored(row, coverage);
        conv.row.older_unknown = Some(older);
        conv.missing = missing;
        conv.listed_at = Some(Timestamp::from_millis(LISTED));
        conv
    }

    fn messages(ids: impl Iterator<Item = i64>, at: i64) -> Vec<MessageFact> {
        let message = |id| MessageFact {
            id: RowId(id),
            conversation_id: ConversationId(1),
            message_id: MessageId(format!("false_{id}")),
            from: Sender::Contact,
            kind: MessageKind::Text,
            content: None,
            sent_at: Timestamp::from_millis(at),
            media: None,
            phone: None,
        };
        ids.map(message).collect()
    }

    #[test]
    fn what_lay_further_back_does_not_hide_what_is_missing() {
        // (missing, older) before, ids found, (missing, older) after.
        let cases = [
            ((1, 15), 81..=95, (1, 0)),
            ((2, 15), 101..=101, (1, 15)),
            ((2, 15), 96..=101, (1, 10)),
            ((1, 15), 101..=103, (0, 13)),
            ((3, 1), 99..=100, (2, 0)),
            ((-2, 15), 0..=0, (0, 12)),
        ];
        for ((missing, older), ids, (missing_after, older_after)) in cases {
            let mut conv = conv(missing, older);
            conv.found(&messages(ids.clone(), LISTED));
            assert_eq!(
                (conv.missing, conv.row.older_unknown),
                (missing_after, Some(older_after)),
                "{missing} missing, {older} further back, found {ids:?}"
            );
        }
    }

    #[test]
    fn what_came_after_the_list_was_not_counted_by_it() {
        let mut conv = conv(1, 15);
        conv.found(&messages(101..=110, LISTED + 1));
        assert_eq!((conv.missing, conv.row.older_unknown), (1, Some(15)));
    }

    #[test]
    fn of_two_with_one_number_the_servers_is_the_one() {
        let of = |id| {
            let mut conv = conv(0, 0);
            conv.row.id = ConversationId(id);
            conv
        };
        for ids in [[-1, 7], [7, -1]] {
            let mut filled = Index::default();
            filled.fill(ids.map(of).into_iter());
            let mut inserted = Index::default();
            ids.map(of).into_iter().for_each(|conv| inserted.insert(conv));
            for index in [filled, inserted] {
                assert_eq!(index.len(), 2);
                assert_eq!(index.id_of_phone("5493875550001"), Some(ConversationId(7)), "{ids:?}");
            }
        }
    }
}

//! A store in memory with the semantics that `condorito-store` documents: batches in order, all or
//! nothing, and on a kill only what was committed remains.

use condorito_model::fact::MessageFact;
use condorito_model::record::{
    ConversationRow, Coverage, LocalConversation, OutboxRow, OutboxState, Outcome, PendingRead,
    Run, Snapshot, StoreOp,
};
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use std::collections::BTreeMap;

/// A message as cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// What the server said.
    pub fact: MessageFact,
    /// Whether what lies right before it on the server is cached too.
    pub joined: bool,
    /// What it was here.
    pub local_id: Option<LocalId>,
}

type Place = (Timestamp, RowId);

/// Both files of an account.
#[derive(Debug, Clone, Default)]
pub struct MemStore {
    /// Conversations by id.
    pub conversations: BTreeMap<ConversationId, ConversationRow>,
    /// Messages in order.
    pub messages: BTreeMap<ConversationId, BTreeMap<Place, Cached>>,
    /// The outbox by order.
    pub outbox: BTreeMap<i64, OutboxRow>,
    pending_reads: BTreeMap<ConversationId, PendingRead>,
    locals: BTreeMap<ConversationId, LocalConversation>,
    meta: BTreeMap<String, String>,
    next_order: i64,
    /// A planted bug: messages of one second are listed newest first.
    order_broken: bool,
}

impl MemStore {
    /// An empty store; `order_broken` plants a bug in its list.
    #[must_use]
    pub fn new(order_broken: bool) -> Self {
        Self { order_broken, ..Self::default() }
    }

    /// What the engine gets when the store is opened.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            conversations: self
                .conversations
                .values()
                .map(|row| (row.clone(), self.coverage(row.id)))
                .collect(),
            outbox: self.outbox.values().cloned().collect(),
            pending_reads: self.pending_reads.values().cloned().collect(),
            local_conversations: self.locals.values().cloned().collect(),
            meta: self.meta.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        }
    }

    /// Takes a text from the operator: durable when this returns.
    pub fn enqueue(&mut self, mut row: OutboxRow) -> OutboxRow {
        self.next_order += 1;
        row.order = self.next_order;
        self.outbox.insert(row.order, row.clone());
        row
    }

    /// Carries out a batch.
    pub fn apply(&mut self, ops: &[StoreOp]) -> Vec<Outcome> {
        ops.iter().map(|op| self.one(op)).collect()
    }

    fn one(&mut self, op: &StoreOp) -> Outcome {
        match op {
            StoreOp::PutConversations { rows } => {
                for row in rows {
                    self.conversations.insert(row.id, row.clone());
                }
            }
            StoreOp::RemoveConversations { ids } => {
                for id in ids {
                    self.conversations.remove(id);
                    self.messages.remove(id);
                }
            }
            StoreOp::ApplyMessages { conversation_id, messages, run, local_ids } => {
                return self.apply_messages(*conversation_id, messages, *run, local_ids);
            }
            StoreOp::CloseGaps { conversation_id } => {
                if let Some(cached) = self.messages.get_mut(conversation_id) {
                    for message in cached.values_mut().skip(1) {
                        message.joined = true;
                    }
                }
                return Outcome::Closed { coverage: self.coverage(*conversation_id) };
            }
            StoreOp::LinkLocal { message_id, local_id } => {
                // A local id names one message: any other lets go of it.
                for message in self.messages.values_mut().flat_map(BTreeMap::values_mut) {
                    if message.fact.message_id == *message_id {
                        message.local_id.clone_from(local_id);
                    } else if local_id.is_some() && message.local_id == *local_id {
                        message.local_id = None;
                    }
                }
            }
            StoreOp::PutMeta { key, value } => {
                self.meta.insert(key.clone(), value.clone());
            }
            StoreOp::PutOutbox { row } => {
                self.outbox.insert(row.order, row.clone());
            }
            StoreOp::RemoveOutbox { local_id } => {
                self.outbox.retain(|_, row| row.local_id != *local_id);
            }
            StoreOp::PurgeSent => {
                let gone: Vec<(i64, LocalId)> = self
                    .outbox
                    .values()
                    .filter(|row| row.state == OutboxState::Sent)
                    .filter(|row| row.message_id.as_ref().is_some_and(|id| self.has(id)))
                    .map(|row| (row.order, row.local_id.clone()))
                    .collect();
                for (order, _) in &gone {
                    self.outbox.remove(order);
                }
                return Outcome::Purged { local_ids: gone.into_iter().map(|(_, id)| id).collect() };
            }
            StoreOp::PutPendingRead { read } => {
                self.pending_reads.insert(read.conversation_id, read.clone());
            }
            StoreOp::RemovePendingRead { conversation_id } => {
                self.pending_reads.remove(conversation_id);
            }
            StoreOp::PutLocalConversation { row } => {
                self.locals.insert(row.id, row.clone());
            }
        }
        Outcome::Done
    }

    /// The messages of a conversation as the list shows them, in order.
    #[must_use]
    pub fn listed(&self, id: ConversationId) -> Vec<&Cached> {
        let mut listed: Vec<&Cached> =
            self.messages.get(&id).map(|cached| cached.values().collect()).unwrap_or_default();
        if self.order_broken {
            listed
                .sort_by_key(|message| (message.fact.sent_at, std::cmp::Reverse(message.fact.id)));
        }
        listed
    }

    /// Whether the cache has a message.
    #[must_use]
    pub fn has(&self, message_id: &MessageId) -> bool {
        self.messages
            .values()
            .flat_map(BTreeMap::values)
            .any(|cached| cached.fact.message_id == *message_id)
    }

    fn apply_messages(
        &mut self,
        id: ConversationId,
        messages: &[MessageFact],
        run: Run,
        local_ids: &[(MessageId, LocalId)],
    ) -> Outcome {
        let cached = self.messages.entry(id).or_default();
        let mut inserted = Vec::new();
        let mut joined_to_known = false;
        for (index, fact) in messages.iter().enumerate() {
            let place = (fact.sent_at, fact.id);
            let existed = cached.contains_key(&place);
            let successor = cached
                .range((std::ops::Bound::Excluded(place), std::ops::Bound::Unbounded))
                .next()
                .map(|(_, next)| next.joined);
            let inside = successor == Some(true);
            let known = cached.get(&place).is_some_and(|old| old.joined);
            let joined = match run {
                Run::Window { from_start } if index == 0 => {
                    joined_to_known = existed || from_start;
                    known || from_start || (!existed && inside)
                }
                Run::Window { .. } => true,
                Run::Live { unbroken } => known || inside || (successor.is_none() && unbroken),
                Run::Scattered => known || (!existed && inside),
            };
            let old_local = cached.get(&place).and_then(|old| old.local_id.clone());
            let local_id = local_ids
                .iter()
                .find(|(message_id, _)| *message_id == fact.message_id)
                .map(|(_, local_id)| local_id.clone())
                .or(old_local);
            if !existed {
                inserted.push(fact.id);
            }
            cached.insert(place, Cached { fact: fact.clone(), joined, local_id });
        }
        inserted.sort();
        Outcome::Applied { inserted, joined: joined_to_known, coverage: self.coverage(id) }
    }

    /// What the cache holds of a conversation.
    #[must_use]
    pub fn coverage(&self, id: ConversationId) -> Coverage {
        let Some(cached) = self.messages.get(&id).filter(|cached| !cached.is_empty()) else {
            return Coverage::default();
        };
        let mut run = 0;
        for message in cached.values().rev() {
            run += 1;
            if !message.joined {
                break;
            }
        }
        Coverage {
            cached: u32::try_from(cached.len()).unwrap_or(u32::MAX),
            newest_id: cached.values().map(|message| message.fact.id).max(),
            gap: cached.values().skip(1).any(|message| !message.joined),
            start_known: cached.values().next().is_some_and(|message| message.joined),
            run,
        }
    }
}

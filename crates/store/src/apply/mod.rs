//! Carrying out batches. Nothing else writes to the files.

mod changes;
mod conversations;
mod messages;
mod outbox;
mod waiting;

pub(crate) use changes::Changes;
pub(crate) use conversations::BY_PHONE;

use crate::failpoint::{Failpoints, Step};
use crate::schema::FileKind;
use condorito_model::record::{OutboxRow, Outcome, StoreOp};
use condorito_model::view::Tag;
use condorito_model::{ConversationId, Timestamp};
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};
use std::collections::HashSet;

/// What the writer is asked to do: a batch, kept whole.
#[derive(Debug)]
pub(crate) enum Work {
    /// Operations that the decisions named.
    Ops(Vec<StoreOp>),
    /// A text just written, or a file with its bytes.
    Enqueue(Box<OutboxRow>, Option<Vec<u8>>),
    /// Text begun for a number; empty forgets it.
    Draft { phone: String, text: String },
    /// A setting; `None` forgets it.
    Setting { key: String, value: Option<String> },
    /// A conversation muted until then (`None`: for good), or no longer.
    Mute { id: ConversationId, until: Option<Option<Timestamp>> },
    /// The tags of numbers.
    Tags(Vec<(String, Vec<Tag>)>),
}

impl Work {
    /// Whether it must not share its transactions.
    pub(crate) fn stands_alone(&self) -> bool {
        matches!(self, Self::Ops(ops) if ops.iter().any(|op| matches!(op, StoreOp::PurgeSent)))
    }
}

/// What a batch brought about.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// One for each operation.
    pub(crate) outcomes: Vec<Outcome>,
    /// The order given to a text.
    pub(crate) order: i64,
}

/// The writer's connections.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) outbox: Connection,
    pub(crate) cache: Connection,
    pub(crate) failpoints: Failpoints,
}

impl Files {
    /// Makes the cache as new, in one commit: readers see the old or the new one.
    pub(crate) fn clear_cache(&mut self) -> crate::error::Result<()> {
        let cache = &mut self.cache;
        let transaction =
            cache.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let objects: Vec<(String, String)> = transaction
            .prepare(
                // Virtual tables take their shadows with them; what is left goes with its table.
                "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'trigger')
                 AND substr(name, 1, 7) <> 'sqlite_'
                 ORDER BY type = 'table', sql NOT LIKE 'CREATE VIRTUAL%'",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_>>()?;
        for (kind, name) in objects {
            transaction.execute_batch(&format!("DROP {kind} IF EXISTS \"{name}\""))?;
        }
        FileKind::Cache.make(&transaction)?;
        transaction.commit()?;
        // Copies what is left, which is little, and cuts the file. Only room is at stake.
        let shrunk = cache
            .execute_batch("VACUUM;")
            .and_then(|()| cache.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = shrunk {
            tracing::warn!(code = ?error.sqlite_error_code(), "the cache kept its room");
        }
        Ok(())
    }
}

/// A transaction on each file that needs one; dropped uncommitted, nothing happened.
pub(crate) struct Group<'a> {
    files: &'a Files,
    outbox: Option<Transaction<'a>>,
    cache: Option<Transaction<'a>>,
    changes: Changes,
}

impl<'a> Group<'a> {
    pub(crate) fn new(files: &'a Files) -> Self {
        Self { files, outbox: None, cache: None, changes: Changes::default() }
    }

    /// Carries out one batch within the group.
    pub(crate) fn run(&mut self, work: &Work) -> Result<Answer> {
        let mut answer = Answer::default();
        match work {
            Work::Ops(ops) => {
                let durable = self.durable(ops)?;
                answer.outcomes =
                    ops.iter().map(|op| self.carry_out(op, &durable)).collect::<Result<_>>()?;
            }
            Work::Enqueue(row, bytes) => {
                let outbox = self.outbox()?;
                answer.order = outbox::enqueue(outbox, row)?;
                if let Some(bytes) = bytes {
                    outbox::put_file(outbox, answer.order, bytes)?;
                }
                outbox::note(&self.files.cache, row, answer.order, &mut self.changes);
            }
            Work::Draft { phone, text } => {
                outbox::put_draft(self.outbox()?, phone, text)?;
                if let Some(id) = outbox::shown_in(&self.files.cache, phone) {
                    self.changes.conversation(id);
                }
            }
            Work::Setting { key, value } => {
                outbox::put_setting(self.outbox()?, key, value.as_deref())?;
            }
            Work::Mute { id, until } => {
                outbox::put_mute(self.outbox()?, *id, *until)?;
                self.changes.conversation(*id);
            }
            Work::Tags(contacts) => {
                self.begin_cache()?;
                conversations::put_tags(&self.files.cache, contacts, &mut self.changes)?;
            }
        }
        Ok(answer)
    }

    fn carry_out(&mut self, op: &StoreOp, durable: &HashSet<String>) -> Result<Outcome> {
        let files = self.files;
        match op {
            StoreOp::PutConversations { rows } => {
                self.begin_cache()?;
                for row in rows {
                    conversations::put(&files.cache, row, &mut self.changes)?;
                }
            }
            StoreOp::RemoveConversations { ids } => {
                self.begin_cache()?;
                for id in ids {
                    conversations::remove(&files.cache, *id, &mut self.changes)?;
                }
            }
            StoreOp::ApplyMessages { conversation_id, messages, run, local_ids } => {
                self.begin_cache()?;
                return messages::apply(
                    &files.cache,
                    *conversation_id,
                    messages,
                    *run,
                    local_ids,
                    &mut self.changes,
                );
            }
            StoreOp::CloseGaps { conversation_id } => {
                self.begin_cache()?;
                return messages::close_gaps(&files.cache, *conversation_id, &mut self.changes);
            }
            StoreOp::LinkLocal { message_id, local_id } => {
                self.begin_cache()?;
                messages::link(&files.cache, message_id, local_id.as_ref(), &mut self.changes)?;
            }
            StoreOp::PutMeta { key, value } => {
                self.begin_cache()?;
                conversations::put_meta(&files.cache, key, value)?;
            }
            StoreOp::PutOutbox { row } => {
                let order = outbox::put(self.outbox()?, row)?;
                outbox::note(&files.cache, row, order, &mut self.changes);
            }
            StoreOp::RemoveOutbox { local_id } => {
                if let Some(row) = outbox::remove(self.outbox()?, local_id)? {
                    outbox::note(&files.cache, &row, row.order, &mut self.changes);
                }
            }
            StoreOp::PurgeSent => {
                let local_ids = outbox::purge(self.outbox()?, durable)?;
                for local_id in &local_ids {
                    self.changes.outbox(local_id.clone());
                }
                return Ok(Outcome::Purged { local_ids });
            }
            StoreOp::PutPendingRead { read } => {
                outbox::put_read(self.outbox()?, read)?;
            }
            StoreOp::RemovePendingRead { conversation_id } => {
                outbox::remove_read(self.outbox()?, *conversation_id)?;
            }
            StoreOp::PutLocalConversation { row } => {
                outbox::put_local(self.outbox()?, row)?;
            }
        }
        Ok(Outcome::Done)
    }

    /// Before a purge: makes the cache durable, and answers which sent messages it has. What the
    /// batch itself adds to the cache is not durable yet and waits for the next purge.
    fn durable(&self, ops: &[StoreOp]) -> Result<HashSet<String>> {
        if !ops.iter().any(|op| matches!(op, StoreOp::PurgeSent)) {
            return Ok(HashSet::new());
        }
        let files = self.files;
        files.failpoints.pass(Step::CheckpointBegun);
        // FULL waits for readers of older states. It syncs the log, copies all of it, syncs the
        // file; when readers held it up, what is durable is not known and nothing is purged.
        let held_up: bool =
            files.cache.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get(0))?;
        files.failpoints.pass(Step::CheckpointDone);
        if held_up {
            return Ok(HashSet::new());
        }
        let batch = ops.iter().filter_map(|op| match op {
            StoreOp::PutOutbox { row } => row.message_id.as_ref().map(|id| id.0.clone()),
            _ => None,
        });
        outbox::durable(&files.outbox, &files.cache, batch)
    }

    fn outbox(&mut self) -> Result<&'a Connection> {
        if self.outbox.is_none() {
            self.outbox = Some(begin(&self.files.outbox)?);
        }
        Ok(&self.files.outbox)
    }

    fn begin_cache(&mut self) -> Result<()> {
        if self.cache.is_none() {
            self.cache = Some(begin(&self.files.cache)?);
        }
        Ok(())
    }

    /// Commits the outbox, then the cache; answers what changed. The two never commit together:
    /// after an error the outbox may be committed and the cache not.
    pub(crate) fn commit(self) -> Result<Changes> {
        let failpoints = &self.files.failpoints;
        if let Some(outbox) = self.outbox {
            failpoints.pass(Step::OutboxWritten);
            outbox.commit()?;
            failpoints.pass(Step::OutboxCommitted);
        }
        if let Some(cache) = self.cache {
            failpoints.pass(Step::CacheWritten);
            cache.commit()?;
            failpoints.pass(Step::CacheCommitted);
        }
        Ok(self.changes)
    }
}

fn begin(connection: &Connection) -> Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

/// The queries that every event runs, and the index each needs.
#[cfg(test)]
pub(crate) fn hot_queries() -> Vec<(&'static str, &'static str)> {
    vec![
        (waiting::NEWEST_OWN, "INDEX messages_own"),
        (waiting::FIRST_AFTER, "INDEX messages_by_time"),
        (messages::SUCCESSOR, "INDEX messages_by_time"),
        (messages::OLDEST, "INDEX messages_by_time"),
        (messages::NEWEST_BREAK, "INDEX messages_breaks"),
        (messages::BREAKS, "INDEX messages_breaks"),
        (messages::RUN, "COVERING INDEX messages_by_time"),
        (messages::BY_MESSAGE_ID, "INDEX sqlite_autoindex_messages_1"),
    ]
}

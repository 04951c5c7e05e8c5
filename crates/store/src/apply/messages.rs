//! Messages and the account of what may be missing between them.
//!
//! Each message carries `joined`: whatever lies directly before it on the server is cached too, or
//! it is the conversation's first. A stretch of joined messages has no hole; a message that is not
//! joined begins a new stretch. Order is (`sent_at`, `id`): the server's seconds have no
//! tie-break of their own.

use super::changes::Changes;
use super::waiting;
use crate::row::{kind_code, sender_code};
use condorito_model::fact::MessageFact;
use condorito_model::record::{Coverage, Outcome, Run};
use condorito_model::{ConversationId, LocalId, MessageId, RowId};
use rusqlite::{Connection, OptionalExtension, Result, named_params, params};

pub(crate) const SUCCESSOR: &str = "
    SELECT id, joined FROM messages WHERE conversation_id = ?1 AND (sent_at, id) > (?2, ?3)
    ORDER BY sent_at, id LIMIT 1";
pub(crate) const OLDEST: &str = "
    SELECT id, joined FROM messages WHERE conversation_id = ?1 ORDER BY sent_at, id LIMIT 1";
pub(crate) const NEWEST_BREAK: &str = "
    SELECT sent_at, id FROM messages WHERE conversation_id = ?1 AND joined = 0
    ORDER BY sent_at DESC, id DESC LIMIT 1";
pub(crate) const RUN: &str = "
    SELECT count(*) FROM messages WHERE conversation_id = ?1 AND (sent_at, id) >= (?2, ?3)";
pub(crate) const BREAKS: &str =
    "SELECT id FROM messages WHERE conversation_id = ?1 AND joined = 0 AND id <> ?2";
pub(crate) const BY_MESSAGE_ID: &str = "
    SELECT id, conversation_id, sent_at, joined, local_id FROM messages WHERE message_id = ?1";
const BY_ID: &str = "
    SELECT id, conversation_id, sent_at, joined, local_id FROM messages WHERE id = ?1";
const INSERT: &str = "
    INSERT INTO messages (id, conversation_id, message_id, sender, kind, content, sent_at,
      has_media, media_url, media_name, joined)
    VALUES (:id, :conversation, :message, :sender, :kind, :content, :sent_at, :has_media, :url,
      :file_name, :joined)
    ON CONFLICT DO NOTHING";
const REFRESH: &str = "
    UPDATE messages SET message_id = :message, sender = :sender, kind = :kind, content = :content,
      has_media = :has_media, media_url = :url, media_name = :file_name
    WHERE id = :id AND (message_id, sender, kind, content, has_media, media_url, media_name)
      IS NOT (:message, :sender, :kind, :content, :has_media, :url, :file_name)";

/// A cached message, as far as placing it needs.
struct Cached {
    id: i64,
    conversation_id: i64,
    sent_at: i64,
    joined: bool,
    local_id: Option<String>,
}

/// What is to become of one message.
enum Fate {
    /// It is not there.
    New,
    /// It is there, in its place, and was refreshed.
    Kept { joined: bool },
    /// It was there in another place, or its row held another message, and was taken out.
    Moved { local_id: Option<String> },
    /// Its ids belong to another conversation, or are none.
    Refused,
}

/// A batch being carried out.
struct Placing<'a> {
    cache: &'a Connection,
    conversation: ConversationId,
    coverage: Coverage,
    inserted: Vec<RowId>,
    /// Whether more happened than joined messages coming after all cached ones; then the coverage
    /// is measured, else it is counted on.
    disturbed: bool,
    changes: &'a mut Changes,
}

/// Carries out `ApplyMessages`.
pub(super) fn apply(
    cache: &Connection,
    conversation: ConversationId,
    messages: &[MessageFact],
    run: Run,
    local_ids: &[(MessageId, LocalId)],
    changes: &mut Changes,
) -> Result<Outcome> {
    let Some(before) = coverage(cache, conversation)? else {
        tracing::warn!(%conversation, "messages for a conversation that is not cached");
        return Ok(Outcome::Applied {
            inserted: Vec::new(),
            joined: false,
            coverage: Coverage::default(),
        });
    };
    let mut placing = Placing {
        cache,
        conversation,
        coverage: before,
        inserted: Vec::new(),
        disturbed: false,
        changes,
    };
    let joined = placing.place_all(messages, run)?;
    for (message_id, local_id) in local_ids {
        link(cache, message_id, Some(local_id), placing.changes)?;
    }
    let Placing { coverage: counted, mut inserted, disturbed, changes, .. } = placing;
    let coverage = if disturbed { measured(cache, conversation, counted)? } else { counted };
    if coverage != before {
        keep(cache, conversation, coverage)?;
        changes.conversation(conversation);
    }
    if !messages.is_empty() {
        waiting::keep(cache, conversation, changes)?;
    }
    inserted.sort_unstable();
    Ok(Outcome::Applied { inserted, joined, coverage })
}

impl Placing<'_> {
    /// Answers whether the first message was cached before, or is the conversation's first.
    fn place_all(&mut self, messages: &[MessageFact], run: Run) -> Result<bool> {
        let mut ordered: Vec<&MessageFact> = messages.iter().collect();
        ordered.sort_by_key(|fact| (fact.sent_at, fact.id));
        let from_start = matches!(run, Run::Window { from_start: true });
        let mut first_known = from_start;
        // Whether what lies before the message on the server is known to be cached.
        let mut linked = from_start;
        // Whether the message before it came after all cached ones; then it does too.
        let mut last = false;
        for (index, fact) in ordered.into_iter().enumerate() {
            let fate = self.resolve(fact)?;
            let refused = matches!(fate, Fate::Refused);
            if index == 0 && matches!(fate, Fate::Kept { .. } | Fate::Moved { .. }) {
                first_known = true;
            }
            last = match fate {
                Fate::Refused => false,
                Fate::Kept { joined } => {
                    if linked && !joined {
                        self.join(fact.id)?;
                    }
                    false
                }
                Fate::New => {
                    self.inserted.push(fact.id);
                    self.insert(fact, run, linked, last)?
                }
                Fate::Moved { local_id } => {
                    let last = self.insert(fact, run, linked, false)?;
                    if let Some(local_id) = local_id {
                        let local_id = LocalId(local_id);
                        link(self.cache, &fact.message_id, Some(&local_id), self.changes)?;
                    }
                    last
                }
            };
            linked = matches!(run, Run::Window { .. }) && !refused;
        }
        Ok(first_known)
    }

    /// Refreshes a message that is in its place; takes out one that is elsewhere.
    fn resolve(&mut self, fact: &MessageFact) -> Result<Fate> {
        if fact.id.0 <= 0 {
            return Ok(Fate::Refused);
        }
        let by_message = find(self.cache, BY_MESSAGE_ID, fact.message_id.as_str())?;
        let by_id = match &by_message {
            Some(same) if same.id == fact.id.0 => None,
            _ => find(self.cache, BY_ID, fact.id.0)?,
        };
        let foreign = |cached: &Cached| cached.conversation_id != self.conversation.0;
        if by_message.as_ref().is_some_and(foreign) || by_id.as_ref().is_some_and(foreign) {
            tracing::warn!(conversation = %self.conversation, "a message of another conversation");
            return Ok(Fate::Refused);
        }
        match (by_message, by_id) {
            (None, None) => Ok(Fate::New),
            // Known by both ids, or its row now holds another message.
            (Some(cached), None) | (None, Some(cached))
                if cached.id == fact.id.0 && cached.sent_at == fact.sent_at.as_millis() =>
            {
                if self.write(REFRESH, fact, None)? > 0 {
                    self.changes.message(self.conversation, fact.id);
                }
                Ok(Fate::Kept { joined: cached.joined })
            }
            (by_message, by_id) => {
                let local_id = by_message.as_ref().and_then(|cached| cached.local_id.clone());
                for cached in [by_message, by_id].into_iter().flatten() {
                    self.take_out(&cached)?;
                }
                Ok(Fate::Moved { local_id })
            }
        }
    }

    /// Answers whether the message came after all cached ones.
    fn insert(
        &mut self,
        fact: &MessageFact,
        run: Run,
        linked: bool,
        after_last: bool,
    ) -> Result<bool> {
        let key = (fact.sent_at.as_millis(), fact.id.0);
        let next = if after_last { None } else { self.successor(key)? };
        let joined = linked
            || match (run, next) {
                (Run::Live { unbroken }, None) => unbroken,
                // It lies within a stretch that had no hole: a file that came late, say.
                (_, Some((_, joined))) => joined,
                (Run::Window { .. } | Run::Scattered, None) => false,
            };
        self.write(INSERT, fact, Some(joined))?;
        self.changes.message(self.conversation, fact.id);
        if let Some((next, false)) = next {
            // It was the oldest, perhaps, and now has something before it.
            self.changes.message(self.conversation, RowId(next));
        }
        let was_empty = self.coverage.cached == 0;
        self.coverage.cached = self.coverage.cached.saturating_add(1);
        self.coverage.newest_id = self.coverage.newest_id.max(Some(fact.id));
        self.coverage.run = self.coverage.run.saturating_add(1);
        self.coverage.start_known |= was_empty && joined;
        self.disturbed |= next.is_some() || !joined;
        Ok(next.is_none())
    }

    /// Notes that nothing is missing before a cached message.
    fn join(&mut self, id: RowId) -> Result<()> {
        self.cache
            .prepare_cached("UPDATE messages SET joined = 1 WHERE id = ?1")?
            .execute([id.0])?;
        self.changes.message(self.conversation, id);
        self.disturbed = true;
        Ok(())
    }

    /// Removes a message; what follows it is joined to what preceded it only if both were joined.
    fn take_out(&mut self, cached: &Cached) -> Result<()> {
        self.cache.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([cached.id])?;
        self.changes.message(self.conversation, RowId(cached.id));
        if !cached.joined
            && let Some((next, true)) = self.successor((cached.sent_at, cached.id))?
        {
            self.cache
                .prepare_cached("UPDATE messages SET joined = 0 WHERE id = ?1")?
                .execute([next])?;
            self.changes.message(self.conversation, RowId(next));
        }
        self.coverage.cached = self.coverage.cached.saturating_sub(1);
        self.disturbed = true;
        Ok(())
    }

    fn successor(&self, key: (i64, i64)) -> Result<Option<(i64, bool)>> {
        self.cache
            .prepare_cached(SUCCESSOR)?
            .query_row(params![self.conversation.0, key.0, key.1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
    }

    fn write(&self, sql: &str, fact: &MessageFact, joined: Option<bool>) -> Result<usize> {
        let mut statement = self.cache.prepare_cached(sql)?;
        let media = fact.media.as_ref();
        let common = named_params! {
            ":id": fact.id.0,
            ":message": fact.message_id.as_str(),
            ":sender": sender_code(fact.from),
            ":kind": kind_code(fact.kind),
            ":content": fact.content,
            ":has_media": media.is_some(),
            ":url": media.and_then(|media| media.url.as_deref()),
            ":file_name": media.and_then(|media| media.file_name.as_deref()),
        };
        match joined {
            None => statement.execute(common),
            Some(joined) => {
                let place = named_params! {
                    ":conversation": self.conversation.0,
                    ":sent_at": fact.sent_at.as_millis(),
                    ":joined": joined,
                };
                statement.execute(&*[common, place].concat())
            }
        }
    }
}

/// Carries out `CloseGaps`.
pub(super) fn close_gaps(
    cache: &Connection,
    conversation: ConversationId,
    changes: &mut Changes,
) -> Result<Outcome> {
    let Some(before) = coverage(cache, conversation)? else {
        return Ok(Outcome::Closed { coverage: Coverage::default() });
    };
    if !before.gap {
        return Ok(Outcome::Closed { coverage: before });
    }
    let oldest = oldest(cache, conversation)?.map_or(0, |(id, _)| id);
    let broken: Vec<i64> = cache
        .prepare_cached(BREAKS)?
        .query_map([conversation.0, oldest], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let mut close = cache.prepare_cached("UPDATE messages SET joined = 1 WHERE id = ?1")?;
    for id in broken {
        close.execute([id])?;
        changes.message(conversation, RowId(id));
    }
    let coverage = measured(cache, conversation, before)?;
    keep(cache, conversation, coverage)?;
    changes.conversation(conversation);
    Ok(Outcome::Closed { coverage })
}

/// Carries out `LinkLocal`. A local id names one message: any other lets go of it.
pub(super) fn link(
    cache: &Connection,
    message_id: &MessageId,
    local_id: Option<&LocalId>,
    changes: &mut Changes,
) -> Result<()> {
    let Some(cached) = find(cache, BY_MESSAGE_ID, message_id.as_str())? else {
        return Ok(());
    };
    if cached.local_id.as_deref() == local_id.map(LocalId::as_str) {
        return Ok(());
    }
    if let Some(local_id) = local_id {
        let holder = cache
            .prepare_cached("SELECT id, conversation_id FROM messages WHERE local_id = ?1")?
            .query_row([local_id.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
            .optional()?;
        if let Some((id, conversation)) = holder {
            set_local(cache, id, None)?;
            changes.message(ConversationId(conversation), RowId(id));
        }
    }
    set_local(cache, cached.id, local_id)?;
    changes.message(ConversationId(cached.conversation_id), RowId(cached.id));
    Ok(())
}

fn set_local(cache: &Connection, id: i64, local_id: Option<&LocalId>) -> Result<()> {
    cache
        .prepare_cached("UPDATE messages SET local_id = ?2 WHERE id = ?1")?
        .execute(params![id, local_id.map(LocalId::as_str)])?;
    Ok(())
}

fn find(cache: &Connection, sql: &str, key: impl rusqlite::ToSql) -> Result<Option<Cached>> {
    cache
        .prepare_cached(sql)?
        .query_row([key], |row| {
            Ok(Cached {
                id: row.get(0)?,
                conversation_id: row.get(1)?,
                sent_at: row.get(2)?,
                joined: row.get(3)?,
                local_id: row.get(4)?,
            })
        })
        .optional()
}

/// What is noted of a conversation; `None` when it is not cached.
fn coverage(cache: &Connection, conversation: ConversationId) -> Result<Option<Coverage>> {
    cache
        .prepare_cached(
            "SELECT cached, newest_id, gap, start_known, run FROM conversations WHERE id = ?1",
        )?
        .query_row([conversation.0], |row| crate::row::coverage(row, 0))
        .optional()
}

fn keep(cache: &Connection, conversation: ConversationId, coverage: Coverage) -> Result<()> {
    cache
        .prepare_cached(
            "UPDATE conversations SET cached = ?2, newest_id = ?3, gap = ?4, start_known = ?5,
               run = ?6 WHERE id = ?1",
        )?
        .execute(params![
            conversation.0,
            coverage.cached,
            coverage.newest_id.map(|id| id.0),
            coverage.gap,
            coverage.start_known,
            coverage.run,
        ])?;
    Ok(())
}

fn oldest(cache: &Connection, conversation: ConversationId) -> Result<Option<(i64, bool)>> {
    cache
        .prepare_cached(OLDEST)?
        .query_row([conversation.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The coverage read from the flags; `cached` and `newest_id` are taken as counted. Costs as much
/// as the newest stretch is long, and nothing when it is the only one.
fn measured(
    cache: &Connection,
    conversation: ConversationId,
    counted: Coverage,
) -> Result<Coverage> {
    let Some((oldest, start_known)) = oldest(cache, conversation)? else {
        return Ok(Coverage::default());
    };
    let newest_break: Option<(i64, i64)> = cache
        .prepare_cached(NEWEST_BREAK)?
        .query_row([conversation.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (gap, run) = match newest_break {
        Some((sent_at, id)) if id != oldest => {
            let run = cache
                .prepare_cached(RUN)?
                .query_row(params![conversation.0, sent_at, id], |row| row.get(0))?;
            (true, run)
        }
        _ => (false, counted.cached),
    };
    Ok(Coverage { gap, start_known, run, ..counted })
}

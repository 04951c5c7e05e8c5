//! Contacts that wait for a first answer.
//!
//! The cache keeps since when by what the server has; an answer that waits in the outbox counts
//! too. Numbers with such an answer are few: they are looked at one by one, all others are as the
//! index says.

use super::conversations::{BY_ID, ListQuery, Listed, allows, listed};
use super::{Pinned, view};
use crate::apply::BY_PHONE;
use crate::error::Result;
use crate::store::Store;
use condorito_model::view::ConversationCounts;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{HashMap, HashSet};

/// Up to this many matches are looked up; with more, walking those who wait is sooner.
const LOOKED_UP: usize = 2_000;

pub(crate) const WAITING: &str = "
    SELECT id, waiting_since, unread, bot_enabled FROM conversations
    WHERE waiting_since IS NOT NULL AND (waiting_since, id) > (?1, ?2)
    ORDER BY waiting_since, id";

/// A place in the list of those who wait: since when, and the id.
pub(crate) type WaitingPlace = (i64, i64);

/// Conversations with an answer in the outbox, by id: as the cache has them, and since when their
/// contact waits with that answer.
#[derive(Default)]
pub(crate) struct Answered(HashMap<i64, (Listed, Option<i64>)>);

impl Answered {
    pub(crate) fn read(files: &Pinned<'_>) -> Result<Self> {
        let mut answered = HashMap::new();
        // What failed answers nobody. The queue is short: reading all of it costs little.
        let mut phones = files
            .outbox
            .prepare_cached("SELECT DISTINCT phone FROM outbox WHERE state <> 'failed'")?;
        let mut by_phone = files.cache.prepare_cached(BY_PHONE)?;
        let mut by_id = files.cache.prepare_cached(BY_ID)?;
        for phone in phones.query_map([], |row| row.get::<_, String>(0))? {
            let Some(id) = by_phone.query_row([phone?], |row| row.get(0)).optional()? else {
                continue;
            };
            let row = by_id.query_row([id], listed)?;
            let waiting = view::waiting(files, &row)?;
            answered.insert(id, (row, waiting));
        }
        Ok(Self(answered))
    }

    /// Since when the contact of a row waits.
    pub(crate) fn waiting(&self, row: &Listed) -> Option<i64> {
        match self.0.get(&row.row.id.0) {
            Some((_, waiting)) => *waiting,
            None => row.waiting_since,
        }
    }
}

/// A page of those who wait, longest first, and how many there are.
pub(super) fn page(
    files: &Pinned<'_>,
    query: &ListQuery,
    ids: Option<&HashSet<i64>>,
    after: WaitingPlace,
    limit: usize,
) -> Result<(Vec<Listed>, usize)> {
    let answered = Answered::read(files)?;
    let wanted = |id: i64| ids.is_none_or(|ids| ids.contains(&id));
    let mut rows: Vec<(WaitingPlace, Listed)> = Vec::new();
    let mut total = 0;
    for (id, (row, waiting)) in &answered.0 {
        if let Some(since) = *waiting
            && wanted(*id)
            && allows(query, row)
        {
            total += 1;
            rows.push(((since, *id), row.clone()));
        }
    }
    match ids {
        Some(ids) if ids.len() <= LOOKED_UP => {
            let mut by_id = files.cache.prepare_cached(BY_ID)?;
            for id in ids.iter().filter(|id| !answered.0.contains_key(id)) {
                let row = by_id.query_row([id], listed).optional()?;
                if let Some(row) = row.filter(|row| allows(query, row))
                    && let Some(since) = row.waiting_since
                {
                    total += 1;
                    rows.push(((since, *id), row));
                }
            }
        }
        _ => {
            let open = |id: i64| wanted(id) && !answered.0.contains_key(&id);
            let (found, count) = walk(files.cache, query, open, after, limit)?;
            rows.extend(found);
            total += match (count, query.unread, query.bot, ids) {
                // All that wait: counted already, save those looked at above.
                (_, None, None, None) => {
                    let known = answered.0.values().filter(|(row, _)| row.waiting_since.is_some());
                    waiting_total(files.cache)?.saturating_sub(known.count())
                }
                (Some(count), ..) => count,
                (None, ..) => walk(files.cache, query, open, BEGINNING, 0)?.1.unwrap_or(0),
            };
        }
    }
    rows.retain(|(place, _)| *place > after);
    rows.sort_unstable_by_key(|(place, _)| *place);
    rows.truncate(limit);
    Ok((rows.into_iter().map(|(_, row)| row).collect(), total))
}

/// Before every place in the list of those who wait.
pub(super) const BEGINNING: WaitingPlace = (i64::MIN, i64::MIN);

/// Rows with their places, and how many fit in all where that came out.
type Walked = (Vec<(WaitingPlace, Listed)>, Option<usize>);

/// Walks those who wait until the page is full. With a limit of 0 they are only counted.
fn walk(
    cache: &Connection,
    query: &ListQuery,
    open: impl Fn(i64) -> bool,
    after: WaitingPlace,
    limit: usize,
) -> Result<Walked> {
    let mut by_id = cache.prepare_cached(BY_ID)?;
    let mut walk = cache.prepare_cached(WAITING)?;
    let mut places = walk.query(params![after.0, after.1])?;
    let (mut rows, mut count) = (Vec::new(), 0);
    while let Some(place) = places.next()? {
        let id: i64 = place.get(0)?;
        let (unread, bot): (bool, bool) = (place.get::<_, i64>(2)? > 0, place.get(3)?);
        let fits = query.unread.is_none_or(|wanted| wanted == unread)
            && query.bot.is_none_or(|wanted| wanted == bot);
        if !fits || !open(id) {
            continue;
        }
        count += 1;
        if limit > 0 {
            rows.push(((place.get(1)?, id), by_id.query_row([id], listed)?));
            if rows.len() == limit {
                // Those further on are not counted.
                return Ok((rows, None));
            }
        }
    }
    Ok((rows, (after == BEGINNING).then_some(count)))
}

fn waiting_total(cache: &Connection) -> Result<usize> {
    let total: i64 =
        cache.prepare_cached("SELECT waiting FROM totals")?.query_row([], |row| row.get(0))?;
    Ok(usize::try_from(total).unwrap_or(0))
}

impl Store {
    /// How many conversations there are of each kind: from counts kept with the rows.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn conversation_counts(&self) -> Result<ConversationCounts> {
        self.readers.read(counts).await
    }
}

fn counts(files: &Pinned<'_>) -> Result<ConversationCounts> {
    let (mut counts, bot, waiting) = files
        .cache
        .prepare_cached("SELECT conversations, unread, bot, waiting, unread_messages FROM totals")?
        .query_row([], |row| {
            let counts = ConversationCounts {
                all: row.get(0)?,
                unread: row.get(1)?,
                unread_messages: row.get::<_, i64>(4)?.max(0).unsigned_abs(),
                ..ConversationCounts::default()
            };
            Ok((counts, row.get::<_, u32>(2)?, row.get::<_, u32>(3)?))
        })?;
    counts.bot_off = counts.all.saturating_sub(bot);
    counts.waiting = waiting;
    for (row, waiting) in Answered::read(files)?.0.values() {
        match (row.waiting_since, waiting) {
            (Some(_), None) => counts.waiting = counts.waiting.saturating_sub(1),
            (None, Some(_)) => counts.waiting = counts.waiting.saturating_add(1),
            _ => {}
        }
    }
    Ok(counts)
}

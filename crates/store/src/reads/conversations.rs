//! The list of conversations.

use super::place::{list_cursor, parse_list_cursor};
use super::waiting::{self, Answered};
use super::{Pinned, terms, view};
use crate::apply::BY_PHONE;
use crate::error::Result;
use crate::row::{self, conversation_columns};
use crate::store::Store;
use condorito_model::ConversationId;
use condorito_model::record::{ConversationRow, Coverage};
use condorito_model::view::{Conversation, ConversationPage};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;

/// Rows that a page has at most.
const LONGEST: u32 = 500;

/// Up to this many matches are sorted; with more, walking the list by time finds a page sooner.
const SORTED: usize = 2_000;

/// Before every place in the list.
const TOP: (i64, i64) = (i64::MAX, i64::MAX);

macro_rules! page_of {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            conversation_columns!(),
            ", waiting_since, sort_at FROM conversations WHERE (sort_at, id) < (?1, ?2) ",
            $condition,
            " ORDER BY sort_at DESC, id DESC"
        )
    };
}
pub(crate) const ALL: &str = page_of!("");
pub(crate) const UNREAD: &str = page_of!("AND unread > 0");
pub(crate) const READ: &str = page_of!("AND unread = 0");
pub(crate) const BOT: &str = page_of!("AND bot_enabled = ?3");
pub(crate) const UNREAD_BOT: &str = page_of!("AND unread > 0 AND bot_enabled = ?3");
pub(crate) const READ_BOT: &str = page_of!("AND unread = 0 AND bot_enabled = ?3");
pub(crate) const BY_ID: &str = concat!(
    "SELECT ",
    conversation_columns!(),
    ", waiting_since, sort_at FROM conversations WHERE id = ?1"
);
/// Places and filters of all, from one index: what a broad search walks.
pub(crate) const WALK: &str = "
    SELECT id, sort_at FROM conversations WHERE (sort_at, id) < (?1, ?2)
    ORDER BY sort_at DESC, id DESC";
pub(crate) const BY_NAME: &str =
    "SELECT rowid FROM conversation_names WHERE conversation_names MATCH ?1";
pub(crate) const BY_DIGITS: &str =
    "SELECT rowid FROM conversation_phones WHERE conversation_phones MATCH ?1";
pub(crate) const BY_TAG: &str = "
    SELECT c.id FROM phone_tags p JOIN conversations c ON c.phone = p.phone WHERE p.tag_id = ?1";

/// Which conversations to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListQuery {
    /// Words of the name, or three digits or more of the number, wherever they stand in it.
    pub query: Option<String>,
    /// Only those with or without unread messages.
    pub unread: Option<bool>,
    /// Only those in which the bot does or does not answer.
    pub bot: Option<bool>,
    /// Only those whose contact waits for a first answer, longest first; or only the others.
    pub waiting: Option<bool>,
    /// Only those whose contact has one of these tags.
    pub tag_ids: Option<Vec<i64>>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows, at most 500.
    pub limit: u32,
}

/// A row of the list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) row: ConversationRow,
    pub(crate) coverage: Coverage,
    /// Since when the contact waits, by the cache alone.
    pub(crate) waiting_since: Option<i64>,
    /// Place in the list.
    sort_at: i64,
}

impl Store {
    /// A page of the list, newest first.
    ///
    /// # Errors
    /// [`crate::Error::NoPlace`] for a cursor that is none.
    pub async fn conversations(&self, query: ListQuery) -> Result<ConversationPage> {
        self.readers.read(move |files| list(files, &query)).await
    }

    /// One conversation as listed.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>> {
        self.readers.read(move |files| one(files, id)).await
    }

    /// The conversation of a number, written as the server has it.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn conversation_by_phone(
        &self,
        phone: impl Into<String>,
    ) -> Result<Option<Conversation>> {
        let phone = phone.into();
        self.readers
            .read(move |files| {
                let id = files
                    .cache
                    .prepare_cached(BY_PHONE)?
                    .query_row([&phone], |row| row.get(0))
                    .optional()?;
                id.map_or(Ok(None), |id| one(files, ConversationId(id)))
            })
            .await
    }
}

/// A conversation's row.
pub(super) fn find(
    cache: &Connection,
    id: ConversationId,
) -> Result<Option<(ConversationRow, Coverage)>> {
    Ok(cache.prepare_cached(BY_ID)?.query_row([id.0], row::conversation).optional()?)
}

pub(super) fn one(files: &Pinned<'_>, id: ConversationId) -> Result<Option<Conversation>> {
    match files.cache.prepare_cached(BY_ID)?.query_row([id.0], listed).optional()? {
        Some(row) => view::conversation(files, row).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn list(files: &Pinned<'_>, query: &ListQuery) -> Result<ConversationPage> {
    let after = query.cursor.as_deref().map(parse_list_cursor).transpose()?;
    let limit = usize::try_from(query.limit.clamp(1, LONGEST)).unwrap_or(1);
    let ids = matching(files.cache, query)?;
    let (mut rows, total) = if query.waiting == Some(true) {
        let after = after.unwrap_or(waiting::BEGINNING);
        waiting::page(files, query, ids.as_ref(), after, limit + 1)?
    } else {
        by_time(files, query, ids, after.unwrap_or(TOP), limit + 1)?
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let place = rows.last().filter(|_| more).map(|last| (last.sort_at, last.row.id));
    let items = rows
        .into_iter()
        .map(|row| view::conversation(files, row))
        .collect::<Result<Vec<Conversation>>>()?;
    let waits = || items.last()?.waiting_since.map(|since| since.as_millis());
    let next_cursor = place.map(|(sort_at, id)| match query.waiting {
        Some(true) => list_cursor(waits().unwrap_or(i64::MAX), id.0),
        _ => list_cursor(sort_at, id.0),
    });
    Ok(ConversationPage { items, next_cursor, total: u32::try_from(total).unwrap_or(u32::MAX) })
}

/// A page of the list, newest first, and how many there are.
fn by_time(
    files: &Pinned<'_>,
    query: &ListQuery,
    ids: Option<HashSet<i64>>,
    after: (i64, i64),
    limit: usize,
) -> Result<(Vec<Listed>, usize)> {
    let cache = files.cache;
    // Without a word on who waits nobody needs to look.
    let answered = match query.waiting {
        Some(_) => Answered::read(files)?,
        None => Answered::default(),
    };
    let fits = |row: &Listed| {
        allows(query, row)
            && query.waiting.is_none_or(|waits| answered.waiting(row).is_some() == waits)
    };
    match ids {
        None => {
            let rows = page(cache, query, fits, after, limit)?;
            let mut total = total(cache, query)?;
            if query.waiting == Some(false) {
                let waiting = waiting::page(files, query, None, waiting::BEGINNING, 1)?.1;
                total = total.saturating_sub(waiting);
            }
            Ok((rows, total))
        }
        Some(ids) if ids.len() <= SORTED => sorted(cache, fits, &ids, after, limit),
        Some(ids) => {
            let (rows, mut total) = walked(cache, query, fits, &ids, after, limit)?;
            if query.waiting == Some(false) {
                let waiting = waiting::page(files, query, Some(&ids), waiting::BEGINNING, 1)?.1;
                total = total.saturating_sub(waiting);
            }
            Ok((rows, total))
        }
    }
}

/// Ids that the words and tags allow; `None` when they allow all.
fn matching(cache: &Connection, query: &ListQuery) -> Result<Option<HashSet<i64>>> {
    let mut allowed: Option<HashSet<i64>> = None;
    if let Some(text) = query.query.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let mut found = HashSet::new();
        if let Some(words) = terms::expression(text) {
            collect(cache, BY_NAME, &words, &mut found)?;
        }
        if let Some(digits) = terms::digits(text) {
            collect(cache, BY_DIGITS, format!("\"{digits}\""), &mut found)?;
        }
        allowed = Some(found);
    }
    if let Some(tags) = query.tag_ids.as_deref().filter(|tags| !tags.is_empty()) {
        let mut tagged = HashSet::new();
        for tag in tags {
            collect(cache, BY_TAG, tag, &mut tagged)?;
        }
        allowed = Some(match allowed {
            Some(found) => found.intersection(&tagged).copied().collect(),
            None => tagged,
        });
    }
    Ok(allowed)
}

fn collect(
    cache: &Connection,
    sql: &str,
    key: impl rusqlite::ToSql,
    into: &mut HashSet<i64>,
) -> Result<()> {
    let mut statement = cache.prepare_cached(sql)?;
    for id in statement.query_map([key], |row| row.get(0))? {
        into.insert(id?);
    }
    Ok(())
}

/// A page by its filters alone.
fn page(
    cache: &Connection,
    query: &ListQuery,
    fits: impl Fn(&Listed) -> bool,
    after: (i64, i64),
    limit: usize,
) -> Result<Vec<Listed>> {
    let sql = match (query.unread, query.bot) {
        (None, None) => ALL,
        (Some(true), None) => UNREAD,
        (Some(false), None) => READ,
        (None, Some(_)) => BOT,
        (Some(true), Some(_)) => UNREAD_BOT,
        (Some(false), Some(_)) => READ_BOT,
    };
    let mut statement = cache.prepare_cached(sql)?;
    let rows = match query.bot {
        Some(bot) => statement.query_map(params![after.0, after.1, bot], listed)?,
        None => statement.query_map(params![after.0, after.1], listed)?,
    };
    let fitting = rows.filter(|row| row.as_ref().map_or(true, &fits));
    Ok(fitting.take(limit).collect::<rusqlite::Result<_>>()?)
}

/// How many the filters alone allow.
fn total(cache: &Connection, query: &ListQuery) -> Result<usize> {
    let (all, unread, bot, both) = cache
        .prepare_cached("SELECT conversations, unread, bot, unread_bot FROM totals")?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get(3)?))
        })?;
    let both: i64 = both;
    let total = match (query.unread, query.bot) {
        (None, None) => all,
        (Some(true), None) => unread,
        (Some(false), None) => all - unread,
        (None, Some(true)) => bot,
        (None, Some(false)) => all - bot,
        (Some(true), Some(true)) => both,
        (Some(true), Some(false)) => unread - both,
        (Some(false), Some(true)) => bot - both,
        (Some(false), Some(false)) => all - unread - bot + both,
    };
    Ok(usize::try_from(total).unwrap_or(0))
}

/// A page of few matches: all are read and sorted.
fn sorted(
    cache: &Connection,
    fits: impl Fn(&Listed) -> bool,
    ids: &HashSet<i64>,
    after: (i64, i64),
    limit: usize,
) -> Result<(Vec<Listed>, usize)> {
    let mut statement = cache.prepare_cached(BY_ID)?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let row = statement.query_row([id], listed).optional()?;
        rows.extend(row.filter(&fits));
    }
    let total = rows.len();
    let place = |row: &Listed| (row.sort_at, row.row.id.0);
    rows.retain(|row| place(row) < after);
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(place(row)));
    rows.truncate(limit);
    Ok((rows, total))
}

/// A page of many matches: the list is walked until the page is full.
fn walked(
    cache: &Connection,
    query: &ListQuery,
    fits: impl Fn(&Listed) -> bool,
    ids: &HashSet<i64>,
    after: (i64, i64),
    limit: usize,
) -> Result<(Vec<Listed>, usize)> {
    let filtered = query.unread.is_some() || query.bot.is_some();
    let mut one = cache.prepare_cached(BY_ID)?;
    let mut rows = Vec::new();
    let mut walk = cache.prepare_cached(WALK)?;
    let mut places = walk.query(params![after.0, after.1])?;
    while let Some(place) = places.next()? {
        let id: i64 = place.get(0)?;
        if ids.contains(&id) {
            let row = one.query_row([id], listed)?;
            if fits(&row) {
                rows.push(row);
                if rows.len() == limit {
                    break;
                }
            }
        }
    }
    let total = if filtered { counted(cache, query, ids)? } else { ids.len() };
    Ok((rows, total))
}

/// How many of the matches the filters allow.
fn counted(cache: &Connection, query: &ListQuery, ids: &HashSet<i64>) -> Result<usize> {
    let mut statement = cache.prepare_cached(
        "SELECT id FROM conversations
         WHERE (?1 IS NULL OR (unread > 0) = ?1) AND (?2 IS NULL OR bot_enabled = ?2)",
    )?;
    let mut count = 0;
    for id in statement.query_map(params![query.unread, query.bot], |row| row.get::<_, i64>(0))? {
        count += usize::from(ids.contains(&id?));
    }
    Ok(count)
}

/// Whether the filters that need nothing but the row let it through.
pub(super) fn allows(query: &ListQuery, Listed { row, .. }: &Listed) -> bool {
    query.unread.is_none_or(|unread| (row.unread > 0) == unread)
        && query.bot.is_none_or(|bot| row.bot_enabled == bot)
}

pub(super) fn listed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Listed> {
    let (conversation, coverage) = row::conversation(row)?;
    let (waiting_since, sort_at) = (row.get(17)?, row.get(18)?);
    Ok(Listed { row: conversation, coverage, waiting_since, sort_at })
}

//! The list of conversations.

use super::place::{list_cursor, parse_list_cursor};
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
            ", sort_at FROM conversations WHERE (sort_at, id) < (?1, ?2) ",
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
pub(crate) const BY_ID: &str =
    concat!("SELECT ", conversation_columns!(), ", sort_at FROM conversations WHERE id = ?1");
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
    /// Only those whose contact has one of these tags.
    pub tag_ids: Option<Vec<i64>>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows, at most 500.
    pub limit: u32,
}

type Listed = (ConversationRow, Coverage, i64);

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
    match find(files.cache, id)? {
        Some((row, coverage)) => view::conversation(files, row, &coverage).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn list(files: &Pinned<'_>, query: &ListQuery) -> Result<ConversationPage> {
    let after = query.cursor.as_deref().map_or(Ok(TOP), parse_list_cursor)?;
    let limit = usize::try_from(query.limit.clamp(1, LONGEST)).unwrap_or(1);
    let (mut rows, total) = match matching(files.cache, query)? {
        None => (page(files.cache, query, after, limit + 1)?, total(files.cache, query)?),
        Some(ids) if ids.len() <= SORTED => sorted(files.cache, query, &ids, after, limit + 1)?,
        Some(ids) => walked(files.cache, query, &ids, after, limit + 1)?,
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = match rows.last() {
        Some((row, _, sort_at)) if more => Some(list_cursor(*sort_at, row.id.0)),
        _ => None,
    };
    let items = rows
        .into_iter()
        .map(|(row, coverage, _)| view::conversation(files, row, &coverage))
        .collect::<Result<_>>()?;
    Ok(ConversationPage { items, next_cursor, total: u32::try_from(total).unwrap_or(u32::MAX) })
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
        Some(bot) => statement
            .query_map(params![after.0, after.1, bot], listed)?
            .take(limit)
            .collect::<rusqlite::Result<_>>()?,
        None => statement
            .query_map(params![after.0, after.1], listed)?
            .take(limit)
            .collect::<rusqlite::Result<_>>()?,
    };
    Ok(rows)
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
    query: &ListQuery,
    ids: &HashSet<i64>,
    after: (i64, i64),
    limit: usize,
) -> Result<(Vec<Listed>, usize)> {
    let mut statement = cache.prepare_cached(BY_ID)?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let row = statement.query_row([id], listed).optional()?;
        rows.extend(row.filter(|row| allows(query, row)));
    }
    let total = rows.len();
    let place = |row: &Listed| (row.2, row.0.id.0);
    rows.retain(|row| place(row) < after);
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(place(row)));
    rows.truncate(limit);
    Ok((rows, total))
}

/// A page of many matches: the list is walked until the page is full.
fn walked(
    cache: &Connection,
    query: &ListQuery,
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
            if allows(query, &row) {
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

fn allows(query: &ListQuery, (row, _, _): &Listed) -> bool {
    query.unread.is_none_or(|unread| (row.unread > 0) == unread)
        && query.bot.is_none_or(|bot| row.bot_enabled == bot)
}

fn listed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Listed> {
    let (conversation, coverage) = row::conversation(row)?;
    Ok((conversation, coverage, row.get(17)?))
}

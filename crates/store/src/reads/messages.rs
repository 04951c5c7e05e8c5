//! Pages of a conversation: the cache's messages, then what is not sent yet.

use super::Pinned;
use super::conversations::find;
use super::place::{Anchor, Place};
use super::view::{self, OUTBOX_DOWN, OUTBOX_UP, cached_message, message_columns, outbox_message};
use crate::error::{Error, Result};
use crate::row;
use crate::store::Store;
use condorito_model::ConversationId;
use condorito_model::record::{ConversationRow, Coverage};
use condorito_model::view::{Message, MessagePage};
use rusqlite::{OptionalExtension, params};

/// Messages that a page has at most.
const LONGEST: u32 = 200;

pub(crate) const CACHED_DOWN: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages m WHERE m.conversation_id = ?1 AND (m.sent_at, m.id) < (?2, ?3)
      ORDER BY m.sent_at DESC, m.id DESC LIMIT ?4"
);
pub(crate) const CACHED_UP: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages m WHERE m.conversation_id = ?1 AND (m.sent_at, m.id) > (?2, ?3)
      ORDER BY m.sent_at, m.id LIMIT ?4"
);
/// A message or, where it is gone, the next one.
pub(crate) const CACHED_AT: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages m WHERE m.conversation_id = ?1 AND (m.sent_at, m.id) >= (?2, ?3)
      ORDER BY m.sent_at, m.id LIMIT 1"
);

/// A message of a conversation by either of the ids that its text had here. The plus keeps SQLite
/// from reading the whole conversation.
pub(crate) const BY_EITHER_ID: &str = "
    SELECT sent_at, id FROM messages
    WHERE +conversation_id = ?1 AND (message_id = ?2 OR local_id = ?3)";

/// A page, and whether it can be trusted to be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// The page; `gap` is the reverse of `complete`.
    pub page: MessagePage,
    /// Whether the cache is known to hold all that the server has of the range asked for.
    pub complete: bool,
}

/// A place between two rows.
#[derive(Debug, Clone, Copy)]
enum Spot {
    /// Beside a message of the cache.
    Cached((i64, i64)),
    /// Beside a text of the outbox.
    Outbox(i64),
    /// After everything.
    End,
}

/// A row of the page; `joined` is `None` for what the server does not know.
struct Item {
    message: Message,
    joined: Option<bool>,
}

impl Store {
    /// A page of up to `limit` messages (at most 200), oldest first, unsent ones last. `None` when
    /// the conversation is not cached.
    ///
    /// # Errors
    /// [`Error::NoPlace`] when the place is an id that is not cached in this conversation.
    pub async fn messages(
        &self,
        conversation: ConversationId,
        place: Place,
        limit: u32,
    ) -> Result<Option<Messages>> {
        self.readers.read(move |files| page(files, conversation, place, limit)).await
    }
}

pub(crate) fn page(
    files: &Pinned<'_>,
    conversation: ConversationId,
    place: Place,
    limit: u32,
) -> Result<Option<Messages>> {
    let Some((row, coverage)) = find(files.cache, conversation)? else {
        return Ok(None);
    };
    let limit = usize::try_from(limit.clamp(1, LONGEST)).unwrap_or(1);
    Conversation { files, row, coverage }.page(place, limit).map(Some)
}

struct Conversation<'a> {
    files: &'a Pinned<'a>,
    row: ConversationRow,
    coverage: Coverage,
}

impl Conversation<'_> {
    fn page(&self, place: Place, limit: usize) -> Result<Messages> {
        match place {
            Place::Newest => {
                let items = self.older(Spot::End, limit)?;
                let reached = items.len() < limit;
                let whole = !self.row.stale && self.unbroken(&items, reached);
                self.finish(items, whole, false)
            }
            Place::Before(anchor) => {
                let spot = self.spot(anchor)?;
                let items = self.older(spot, limit)?;
                let reached = items.len() < limit;
                // Whether something is missing between the page and the anchor.
                let joined = match spot {
                    Spot::Cached(key) => self.at(key)?.and_then(|item| item.joined),
                    Spot::Outbox(_) | Spot::End => None,
                };
                let whole = joined.unwrap_or(!self.row.stale)
                    && (self.unbroken(&items, reached) || (items.is_empty() && joined.is_some()));
                self.finish(items, whole, true)
            }
            Place::After(anchor) => {
                let items = self.newer(self.spot(anchor)?, limit)?;
                let more = self.more(&items)?;
                let whole = items.iter().all(|item| item.joined != Some(false))
                    && (more || !self.row.stale);
                let mut read = self.finish(items, whole, more)?;
                // What lies after a message has that message before it.
                read.page.has_older |= self.coverage.cached > 0;
                Ok(read)
            }
            Place::Around(anchor) => self.around(anchor, limit),
        }
    }

    fn around(&self, anchor: Anchor, limit: usize) -> Result<Messages> {
        let spot = self.spot(anchor)?;
        let (wanted_older, wanted_newer) = (limit / 2, limit - limit / 2 - 1);
        let middle = match spot {
            Spot::Cached(key) => self.at(key)?,
            Spot::Outbox(order) => self.outbox_up(order - 1, 1)?.pop(),
            Spot::End => None,
        };
        let mut items = self.older(spot, wanted_older)?;
        let reached = items.len() < wanted_older;
        items.extend(middle);
        items.extend(self.newer(spot, wanted_newer)?);
        let more = self.more(&items)?;
        let whole = self.unbroken(&items, reached) && (more || !self.row.stale);
        self.finish(items, whole, more)
    }

    /// Whether nothing is missing between these; `from_start`: nor before the first.
    fn unbroken(&self, items: &[Item], from_start: bool) -> bool {
        let mut cached = items.iter().filter_map(|item| item.joined);
        match cached.next() {
            Some(first) => (first || !from_start) && cached.all(|joined| joined),
            None => !from_start || self.known_empty(),
        }
    }

    /// Whether the server is known to have no message here.
    fn known_empty(&self) -> bool {
        self.row.id.is_local() || self.row.total == Some(0)
    }

    /// Whether anything comes after the page.
    fn more(&self, items: &[Item]) -> Result<bool> {
        let Some(last) = items.last() else {
            return Ok(false);
        };
        let spot = match last.joined {
            Some(_) => Spot::Cached((last.message.sent_at.as_millis(), last.message.id.0)),
            None => Spot::Outbox(-last.message.id.0),
        };
        Ok(!self.newer(spot, 1)?.is_empty())
    }

    fn finish(&self, items: Vec<Item>, complete: bool, has_newer: bool) -> Result<Messages> {
        let has_older = match items.first() {
            Some(Item { message, joined: Some(_) }) => {
                let key = (message.sent_at.as_millis(), message.id.0);
                !self.coverage.start_known || !self.cached_down(key, 1)?.is_empty()
            }
            Some(Item { message, joined: None }) => {
                self.coverage.cached > 0
                    || !self.known_empty()
                    || !self.outbox_down(-message.id.0, 1)?.is_empty()
            }
            None if self.coverage.cached == 0 => !self.known_empty(),
            None => !self.coverage.start_known,
        };
        let items = items.into_iter().map(|item| item.message).collect();
        Ok(Messages { page: MessagePage { items, has_older, has_newer, gap: !complete }, complete })
    }

    /// Up to `limit` rows before a place, oldest first.
    fn older(&self, spot: Spot, limit: usize) -> Result<Vec<Item>> {
        let (mut items, key) = match spot {
            Spot::Cached(key) => (Vec::new(), key),
            Spot::Outbox(order) => (self.outbox_down(order, limit)?, (i64::MAX, i64::MAX)),
            Spot::End => (self.outbox_down(i64::MAX, limit)?, (i64::MAX, i64::MAX)),
        };
        items.extend(self.cached_down(key, limit - items.len())?);
        items.reverse();
        Ok(items)
    }

    /// Up to `limit` rows after a place, oldest first.
    fn newer(&self, spot: Spot, limit: usize) -> Result<Vec<Item>> {
        match spot {
            Spot::Cached(key) => {
                let mut items = self.cached(CACHED_UP, key, limit)?;
                items.extend(self.outbox_up(0, limit - items.len())?);
                Ok(items)
            }
            Spot::Outbox(order) => self.outbox_up(order, limit),
            Spot::End => Ok(Vec::new()),
        }
    }

    fn cached_down(&self, key: (i64, i64), limit: usize) -> Result<Vec<Item>> {
        self.cached(CACHED_DOWN, key, limit)
    }

    fn cached(&self, sql: &str, key: (i64, i64), limit: usize) -> Result<Vec<Item>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.files.cache.prepare_cached(sql)?;
        let rows =
            statement.query_map(params![self.row.id.0, key.0, key.1, limit], cached_message)?;
        let items = rows.map(|row| {
            let (message, joined) = row?;
            Ok(Item { message, joined: Some(joined) })
        });
        items.collect()
    }

    fn at(&self, key: (i64, i64)) -> Result<Option<Item>> {
        let found = self
            .files
            .cache
            .prepare_cached(CACHED_AT)?
            .query_row(params![self.row.id.0, key.0, key.1], cached_message)
            .optional()?;
        Ok(found.map(|(message, joined)| Item { message, joined: Some(joined) }))
    }

    fn outbox_down(&self, below: i64, limit: usize) -> Result<Vec<Item>> {
        self.outbox(OUTBOX_DOWN, below, limit)
    }

    fn outbox_up(&self, above: i64, limit: usize) -> Result<Vec<Item>> {
        self.outbox(OUTBOX_UP, above, limit)
    }

    /// Rows of the outbox that the cache does not show.
    fn outbox(&self, sql: &str, order: i64, limit: usize) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        if limit == 0 {
            return Ok(items);
        }
        let mut statement = self.files.outbox.prepare_cached(sql)?;
        for row in statement.query_map(params![self.row.phone, order], row::outbox)? {
            let row = row?;
            if !view::in_cache(self.files.cache, &row)? {
                let message = outbox_message(row, self.row.id);
                items.push(Item { message, joined: None });
                if items.len() == limit {
                    break;
                }
            }
        }
        Ok(items)
    }

    fn spot(&self, anchor: Anchor) -> Result<Spot> {
        match anchor {
            Anchor::Message { sent_at, id } => Ok(Spot::Cached((sent_at, id))),
            Anchor::Outbox(order) => self.outbox_spot(order),
            Anchor::Id(id) if id.0 < 0 => self.outbox_spot(id.0.saturating_neg()),
            Anchor::Id(id) => {
                let key = self
                    .files
                    .cache
                    .prepare_cached(
                        "SELECT sent_at, id FROM messages WHERE id = ?1 AND conversation_id = ?2",
                    )?
                    .query_row(params![id.0, self.row.id.0], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                key.map(Spot::Cached).ok_or(Error::NoPlace)
            }
        }
    }

    /// A text's place: where the cache has it, once it does.
    fn outbox_spot(&self, order: i64) -> Result<Spot> {
        let sent = self
            .files
            .outbox
            .prepare_cached("SELECT local_id, message_id FROM outbox WHERE order_no = ?1")?
            .query_row([order], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .optional()?;
        let Some((local_id, message_id)) = sent else {
            return Ok(Spot::Outbox(order));
        };
        let key = self
            .files
            .cache
            .prepare_cached(BY_EITHER_ID)?
            .query_row(params![self.row.id.0, message_id, local_id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(key.map_or(Spot::Outbox(order), Spot::Cached))
    }
}

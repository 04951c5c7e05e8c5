//! Rows of `conversations`, marks about the cache as a whole, and tags of contacts.

use super::changes::Changes;
use condorito_model::ConversationId;
use condorito_model::record::ConversationRow;
use condorito_model::view::Tag;
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The constant lies before every time that can be written.
const PUT: &str = "
    INSERT INTO conversations (id, phone, name, last_message, last_message_at, unread,
      bot_enabled, total, older_unknown, stale, local_at, local_preview, sort_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
      max(ifnull(?5, -9000000000000000), ifnull(?11, -9000000000000000)))
    ON CONFLICT (id) DO UPDATE SET phone = ?2, name = ?3, last_message = ?4, last_message_at = ?5,
      unread = ?6, bot_enabled = ?7, total = ?8, older_unknown = ?9, stale = ?10, local_at = ?11,
      local_preview = ?12, sort_at = excluded.sort_at
    WHERE (phone, name, last_message, last_message_at, unread, bot_enabled, total, older_unknown,
           stale, local_at, local_preview)
      IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// A number's conversation; the server's own should one begun here, whose id is negative, be left
/// over.
pub(crate) const BY_PHONE: &str =
    "SELECT id FROM conversations WHERE phone = ?1 ORDER BY id DESC LIMIT 1";

pub(super) fn put(cache: &Connection, row: &ConversationRow, changes: &mut Changes) -> Result<()> {
    let changed = cache.prepare_cached(PUT)?.execute(params![
        row.id.0,
        row.phone,
        row.name,
        row.last_message,
        row.last_message_at.map(|time| time.as_millis()),
        row.unread,
        row.bot_enabled,
        row.total,
        row.older_unknown,
        row.stale,
        row.local_at.map(|time| time.as_millis()),
        row.local_preview,
    ])?;
    if changed > 0 {
        changes.conversation(row.id);
    }
    Ok(())
}

pub(super) fn remove(cache: &Connection, id: ConversationId, changes: &mut Changes) -> Result<()> {
    cache.prepare_cached("DELETE FROM messages WHERE conversation_id = ?1")?.execute([id.0])?;
    let gone = cache.prepare_cached("DELETE FROM conversations WHERE id = ?1")?.execute([id.0])?;
    if gone > 0 {
        changes.conversation(id);
    }
    Ok(())
}

pub(super) fn put_meta(cache: &Connection, key: &str, value: &str) -> Result<()> {
    cache
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = ?2",
        )?
        .execute([key, value])?;
    Ok(())
}

/// Which conversation a number's texts show in.
pub(super) fn by_phone(cache: &Connection, phone: &str) -> Result<Option<ConversationId>> {
    cache
        .prepare_cached(BY_PHONE)?
        .query_row([phone], |row| row.get(0))
        .optional()
        .map(|id| id.map(ConversationId))
}

/// Replaces the tags of each number named.
pub(super) fn put_tags(
    cache: &Connection,
    contacts: &[(String, Vec<Tag>)],
    changes: &mut Changes,
) -> Result<()> {
    for (phone, tags) in contacts {
        cache.prepare_cached("DELETE FROM phone_tags WHERE phone = ?1")?.execute([phone])?;
        for tag in tags {
            cache
                .prepare_cached(
                    "INSERT INTO tags (id, name, color) VALUES (?1, ?2, ?3)
                     ON CONFLICT (id) DO UPDATE SET name = ?2, color = ?3",
                )?
                .execute(params![tag.id, tag.name, tag.color])?;
            cache
                .prepare_cached(
                    "INSERT INTO phone_tags (phone, tag_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute(params![phone, tag.id])?;
        }
        if let Some(id) = by_phone(cache, phone)? {
            changes.conversation(id);
        }
    }
    Ok(())
}

//! The file of what exists nowhere else.

use super::changes::Changes;
use super::conversations::by_phone;
use crate::row::{outbox_columns, word};
use condorito_model::record::{LocalConversation, OutboxRow, PendingRead};
use condorito_model::{ConversationId, LocalId, RowId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use std::collections::HashSet;

const FIELDS: &str = "
    conversation_id = :conversation, phone = :phone, text = :text, file = :file,
    written_at = :written, state = :state, hold = :hold, attempts = :attempts,
    consents = :consents, baseline = :baseline, message_id = :message, error = :error";

const BY_LOCAL: &str = concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE local_id = ?1");

/// Stores a row that was just written. A row already there keeps its order: the call is repeated
/// when the first attempt to commit failed.
pub(super) fn enqueue(outbox: &Connection, row: &OutboxRow) -> Result<i64> {
    if let Some(order) = order_of(outbox, &row.local_id)? {
        return Ok(order);
    }
    write(
        outbox,
        "INSERT INTO outbox (local_id, conversation_id, phone, text, file, written_at, state, hold,
           attempts, consents, baseline, message_id, error)
         VALUES (:local, :conversation, :phone, :text, :file, :written, :state, :hold, :attempts,
           :consents, :baseline, :message, :error)",
        row,
    )?;
    Ok(outbox.last_insert_rowid())
}

/// Replaces a row by its local id, or brings it back as the newest.
pub(super) fn put(outbox: &Connection, row: &OutboxRow) -> Result<i64> {
    match order_of(outbox, &row.local_id)? {
        Some(order) => {
            write(outbox, &format!("UPDATE outbox SET {FIELDS} WHERE local_id = :local"), row)?;
            Ok(order)
        }
        None => enqueue(outbox, row),
    }
}

fn write(outbox: &Connection, sql: &str, row: &OutboxRow) -> Result<()> {
    outbox.prepare_cached(sql)?.execute(named_params! {
        ":local": row.local_id.as_str(),
        ":conversation": row.conversation_id.0,
        ":phone": row.phone,
        ":text": row.text,
        ":file": row.file,
        ":written": row.written_at.as_millis(),
        ":state": word(&row.state),
        ":hold": row.hold.as_ref().map(word),
        ":attempts": row.attempts,
        ":consents": row.consents,
        ":baseline": row.baseline.map(|id| id.0),
        ":message": row.message_id.as_ref().map(|id| id.as_str()),
        ":error": row.error.as_ref().map(word),
    })?;
    Ok(())
}

fn order_of(outbox: &Connection, local_id: &LocalId) -> Result<Option<i64>> {
    outbox
        .prepare_cached("SELECT order_no FROM outbox WHERE local_id = ?1")?
        .query_row([local_id.as_str()], |row| row.get(0))
        .optional()
}

/// Forgets a row; answers what it was.
pub(super) fn remove(outbox: &Connection, local_id: &LocalId) -> Result<Option<OutboxRow>> {
    let row = outbox
        .prepare_cached(BY_LOCAL)?
        .query_row([local_id.as_str()], crate::row::outbox)
        .optional()?;
    if row.is_some() {
        outbox
            .prepare_cached("DELETE FROM outbox WHERE local_id = ?1")?
            .execute([local_id.as_str()])?;
    }
    Ok(row)
}

/// Notes that a row came, changed or went, wherever it is shown.
pub(super) fn note(cache: &Connection, row: &OutboxRow, order: i64, changes: &mut Changes) {
    for conversation in
        [Some(row.conversation_id), shown_in(cache, &row.phone)].into_iter().flatten()
    {
        changes.conversation(conversation);
        changes.message(conversation, RowId(-order));
    }
    changes.outbox(row.local_id.clone());
}

/// The conversation that shows a number's texts. A cache that cannot be read must not keep a text
/// from being stored: its fault shows with the next use of its own.
pub(super) fn shown_in(cache: &Connection, phone: &str) -> Option<ConversationId> {
    by_phone(cache, phone).ok().flatten()
}

/// Message ids of sent rows that the cache has for good: to be asked right after a checkpoint.
pub(super) fn durable(
    outbox: &Connection,
    cache: &Connection,
    batch: impl Iterator<Item = String>,
) -> Result<HashSet<String>> {
    let mut ids: HashSet<String> = batch.collect();
    let mut known =
        outbox.prepare_cached("SELECT message_id FROM outbox WHERE message_id IS NOT NULL")?;
    for id in known.query_map([], |row| row.get(0))? {
        ids.insert(id?);
    }
    let mut cached = cache.prepare_cached("SELECT 1 FROM messages WHERE message_id = ?1")?;
    let mut durable = HashSet::new();
    for id in ids {
        if cached.exists([&id])? {
            durable.insert(id);
        }
    }
    Ok(durable)
}

/// Forgets the sent rows whose message is in `durable`.
pub(super) fn purge(outbox: &Connection, durable: &HashSet<String>) -> Result<Vec<LocalId>> {
    let sent: Vec<(String, String)> = outbox
        .prepare_cached(
            "SELECT local_id, message_id FROM outbox
             WHERE message_id IS NOT NULL AND state = 'sent' ORDER BY order_no",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    let mut delete = outbox.prepare_cached("DELETE FROM outbox WHERE local_id = ?1")?;
    let mut gone = Vec::new();
    for (local_id, message_id) in sent {
        if durable.contains(&message_id) {
            delete.execute([&local_id])?;
            gone.push(LocalId(local_id));
        }
    }
    Ok(gone)
}

pub(super) fn put_read(outbox: &Connection, read: &PendingRead) -> Result<()> {
    outbox
        .prepare_cached(
            "INSERT INTO pending_reads (conversation_id, up_to) VALUES (?1, ?2)
             ON CONFLICT (conversation_id) DO UPDATE SET up_to = ?2",
        )?
        .execute(params![read.conversation_id.0, read.up_to.map(|id| id.0)])?;
    Ok(())
}

pub(super) fn remove_read(outbox: &Connection, id: ConversationId) -> Result<()> {
    outbox
        .prepare_cached("DELETE FROM pending_reads WHERE conversation_id = ?1")?
        .execute([id.0])?;
    Ok(())
}

pub(super) fn put_local(outbox: &Connection, row: &LocalConversation) -> Result<()> {
    outbox
        .prepare_cached(
            "INSERT INTO local_conversations (id, phone, server_id) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET phone = ?2, server_id = ?3",
        )?
        .execute(params![row.id.0, row.phone, row.server_id.map(|id| id.0)])?;
    if let Some(server_id) = row.server_id {
        outbox
            .prepare_cached(
                "UPDATE OR REPLACE mutes SET conversation_id = ?2 WHERE conversation_id = ?1",
            )?
            .execute([row.id.0, server_id.0])?;
    }
    Ok(())
}

/// Keeps the bytes of a file that waits.
pub(super) fn put_file(outbox: &Connection, order: i64, bytes: &[u8]) -> Result<()> {
    outbox
        .prepare_cached(
            "INSERT INTO outbox_files (order_no, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![order, bytes])?;
    Ok(())
}

/// Mutes a conversation, or with `None` no longer.
pub(super) fn put_mute(
    outbox: &Connection,
    id: ConversationId,
    until: Option<Option<Timestamp>>,
) -> Result<()> {
    match until {
        Some(until) => outbox
            .prepare_cached(
                "INSERT INTO mutes (conversation_id, until) VALUES (?1, ?2)
                 ON CONFLICT (conversation_id) DO UPDATE SET until = ?2",
            )?
            .execute(params![id.0, until.map(Timestamp::as_millis)])?,
        None => outbox
            .prepare_cached("DELETE FROM mutes WHERE conversation_id = ?1")?
            .execute([id.0])?,
    };
    Ok(())
}

/// Keeps the text begun for a number; empty text forgets it.
pub(super) fn put_draft(outbox: &Connection, phone: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        outbox.prepare_cached("DELETE FROM drafts WHERE phone = ?1")?.execute([phone])?;
    } else {
        outbox
            .prepare_cached(
                "INSERT INTO drafts (phone, text) VALUES (?1, ?2)
                 ON CONFLICT (phone) DO UPDATE SET text = ?2",
            )?
            .execute([phone, text])?;
    }
    Ok(())
}

/// Keeps a setting; `None` forgets it.
pub(super) fn put_setting(outbox: &Connection, key: &str, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => outbox
            .prepare_cached(
                "INSERT INTO settings (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = ?2",
            )?
            .execute([key, value])?,
        None => outbox.prepare_cached("DELETE FROM settings WHERE key = ?1")?.execute([key])?,
    };
    Ok(())
}

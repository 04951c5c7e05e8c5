//! The limit: plain `rusqlite` on the same files, with the store's own settings.

use anyhow::Result;
use condorito_model::fact::{MessageFact, Sender};
use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;

/// Rows of one transaction.
const BATCH: usize = 500;

/// The cache in this folder, to be read.
pub fn reader(folder: &Path, key: &[u8; 32]) -> Result<Connection> {
    let cache = unlocked(folder, key, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    cache.execute_batch(
        "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000;",
    )?;
    Ok(cache)
}

/// The cache in this folder, to be written.
pub fn writer(folder: &Path, key: &[u8; 32]) -> Result<Connection> {
    let cache = unlocked(folder, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    cache.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(cache)
}

fn unlocked(folder: &Path, key: &[u8; 32], flags: OpenFlags) -> Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let cache = Connection::open_with_flags(folder.join("cache.db"), flags)?;
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    cache.execute_batch(&format!("PRAGMA key = \"x'{digits}'\""))?;
    Ok(cache)
}

/// Inserts messages in batches of 500; with `previews` each also updates its conversation's row,
/// as an event does.
pub fn insert(cache: &mut Connection, messages: &[MessageFact], previews: bool) -> Result<()> {
    for batch in messages.chunks(BATCH) {
        let transaction = cache.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO messages (id, conversation_id, message_id, sender, kind, content,
                   sent_at, has_media, joined) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, 0, 1)",
            )?;
            let mut update = transaction.prepare_cached(
                "UPDATE conversations SET last_message = ?2, last_message_at = ?3, sort_at = ?3,
                   unread = unread + ?4, cached = cached + 1, run = run + 1, newest_id = ?5
                 WHERE id = ?1",
            )?;
            for message in batch {
                let own = message.from != Sender::Contact;
                let sent_at = message.sent_at.as_millis();
                insert.execute(params![
                    message.id.0,
                    message.conversation_id.0,
                    message.message_id.as_str(),
                    own,
                    message.content,
                    sent_at,
                ])?;
                if previews {
                    update.execute(params![
                        message.conversation_id.0,
                        message.content,
                        sent_at,
                        !own,
                        message.id.0,
                    ])?;
                }
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

//! Everything of an account as one JSON text, row by row: its size does not matter to memory.

use super::Pinned;
use super::dump::stored_message;
use crate::error::Error;
use crate::row::{self, conversation_columns, outbox_columns};
use crate::store::Store;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Shape of the text.
const VERSION: u32 = 1;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportedRows {
    /// Conversations.
    pub conversations: u64,
    /// Messages.
    pub messages: u64,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The files could not be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// The text could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

const CONVERSATIONS: &str =
    concat!("SELECT ", conversation_columns!(), " FROM conversations ORDER BY id");
const TAGS: &str = "
    SELECT p.phone, t.id, t.name, t.color FROM phone_tags p JOIN tags t ON t.id = p.tag_id
    ORDER BY p.phone, t.id";
/// By id, which is how they lie in the file: by conversation each would be looked up.
const MESSAGES: &str = "
    SELECT id, conversation_id, message_id, sender, kind, content, sent_at, has_media, media_url,
      media_name, local_id, joined
    FROM messages ORDER BY id";
const OUTBOX: &str = concat!("SELECT ", outbox_columns!(), " FROM outbox ORDER BY order_no");

impl Store {
    /// Writes one state of everything that is stored to what `open` makes, with the members of
    /// `about` first, and hands that to `finish`. Both run where they may block.
    ///
    /// # Errors
    /// When the files cannot be read or the text cannot be written.
    pub async fn export<W: Write + Send + 'static>(
        &self,
        about: Vec<(&'static str, Value)>,
        open: impl FnOnce() -> io::Result<W> + Send + 'static,
        finish: impl FnOnce(W) -> io::Result<()> + Send + 'static,
    ) -> std::result::Result<ExportedRows, ExportError> {
        self.readers
            .read(move |files| {
                let exported = || -> std::result::Result<ExportedRows, ExportError> {
                    let mut out = open()?;
                    let rows = write(files, about, &mut out)?;
                    finish(out)?;
                    Ok(rows)
                };
                // Only a fault of the files is the store's business.
                match exported() {
                    Err(ExportError::Store(error)) => Err(error),
                    Err(ExportError::Write(error)) => Ok(Err(error)),
                    Ok(rows) => Ok(Ok(rows)),
                }
            })
            .await?
            .map_err(ExportError::Write)
    }
}

fn write(
    files: &Pinned<'_>,
    about: Vec<(&'static str, Value)>,
    out: &mut impl Write,
) -> std::result::Result<ExportedRows, ExportError> {
    write!(out, "{{\"format\":\"condorito\",\"version\":{VERSION}")?;
    for (name, value) in about {
        write!(out, ",\n{}:{}", json!(name), value)?;
    }
    let mut rows = ExportedRows::default();
    list(out, "drafts", files.outbox, "SELECT phone, text FROM drafts ORDER BY phone", |row| {
        Ok(json!({"phone": row.get::<_, String>(0)?, "text": row.get::<_, String>(1)?}))
    })?;
    list(
        out,
        "mutes",
        files.outbox,
        "SELECT conversation_id, until FROM mutes ORDER BY conversation_id",
        |row| {
            let until = row::time(row.get(1)?);
            Ok(json!({"conversationId": row.get::<_, i64>(0)?, "until": until}))
        },
    )?;
    list(out, "outbox", files.outbox, OUTBOX, outbox)?;
    list(out, "tags", files.cache, TAGS, |row| {
        let (phone, id): (String, i64) = (row.get(0)?, row.get(1)?);
        let (name, color): (String, String) = (row.get(2)?, row.get(3)?);
        Ok(json!({"phone": phone, "id": id, "name": name, "color": color}))
    })?;
    rows.conversations = list(out, "conversations", files.cache, CONVERSATIONS, conversation)?;
    rows.messages = list(out, "messages", files.cache, MESSAGES, message)?;
    out.write_all(b"}\n")?;
    out.flush()?;
    Ok(rows)
}

fn outbox(row: &Row<'_>) -> rusqlite::Result<Value> {
    let row = row::outbox(row)?;
    Ok(json!({
        "localId": row.local_id,
        "conversationId": row.conversation_id,
        "phone": row.phone,
        "content": row.text,
        "file": row.file,
        "writtenAt": row.written_at,
        "state": row.state,
        "messageId": row.message_id,
        "error": row.error,
    }))
}

fn conversation(row: &Row<'_>) -> rusqlite::Result<Value> {
    let (row, _) = row::conversation(row)?;
    Ok(json!({
        "id": row.id,
        "phone": row.phone,
        "name": row.name,
        "lastMessage": row.last_message,
        "lastMessageAt": row.last_message_at,
        "unreadCount": row.unread,
        "botEnabled": row.bot_enabled,
    }))
}

fn message(row: &Row<'_>) -> rusqlite::Result<Value> {
    let message = stored_message(row)?;
    let fact = message.fact;
    Ok(json!({
        "id": fact.id,
        "conversationId": fact.conversation_id,
        "messageId": fact.message_id,
        "localId": message.local_id,
        "from": fact.from,
        "type": fact.kind,
        "content": fact.content,
        "sentAt": fact.sent_at,
        "media": fact.media,
    }))
}

/// Writes a list member, a row a line; answers how many.
fn list(
    out: &mut impl Write,
    name: &str,
    file: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<Value>,
) -> std::result::Result<u64, ExportError> {
    write!(out, ",\n{}:[", json!(name))?;
    let mut statement = file.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &read(row)?).map_err(io::Error::from)?;
        count += 1;
    }
    out.write_all(b"]")?;
    Ok(count)
}

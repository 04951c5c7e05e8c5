//! Everything at once: what the decisions start from, and what tests and diagnostics look at.

use super::Pinned;
use crate::error::Result;
use crate::open::path;
use crate::row::{self, conversation_columns, outbox_columns};
use crate::schema::FileKind;
use crate::store::Store;
use condorito_model::fact::MessageFact;
use condorito_model::record::{
    ConversationRow, Coverage, LocalConversation, OutboxRow, PendingRead, Snapshot,
};
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use std::path::Path;

/// A message of the cache with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The message; `phone` is not kept.
    pub fact: MessageFact,
    /// What it was here, when it was written here.
    pub local_id: Option<LocalId>,
    /// Whether what lies directly before it on the server is cached too.
    pub joined: bool,
}

/// A text begun for a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The number.
    pub phone: String,
    /// The text.
    pub text: String,
}

/// All that is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dump {
    /// Conversations by id, the outbox by order, marks, conversations begun here, and meta.
    pub snapshot: Snapshot,
    /// Messages by conversation, time and id.
    pub messages: Vec<StoredMessage>,
    /// Drafts by number.
    pub drafts: Vec<Draft>,
    /// Settings by name.
    pub settings: Vec<(String, String)>,
}

/// How much is stored, for diagnostics: numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Cached conversations.
    pub conversations: u64,
    /// Those with unread messages.
    pub unread: u64,
    /// Those that may lack messages between cached ones.
    pub gaps: u64,
    /// Cached messages.
    pub messages: u64,
    /// Rows of the outbox, in whatever state.
    pub outbox: u64,
    /// Drafts.
    pub drafts: u64,
    /// Bytes of the cache, its log included.
    pub cache_bytes: u64,
    /// Bytes of the outbox, its log included.
    pub outbox_bytes: u64,
}

const CONVERSATIONS: &str =
    concat!("SELECT ", conversation_columns!(), " FROM conversations ORDER BY id");
const OUTBOX: &str = concat!("SELECT ", outbox_columns!(), " FROM outbox ORDER BY order_no");
const MESSAGES: &str = "
    SELECT id, conversation_id, message_id, sender, kind, content, sent_at, has_media, media_url,
      media_name, local_id, joined
    FROM messages ORDER BY conversation_id, sent_at, id";

impl Store {
    /// The outbox, oldest first.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn outbox(&self) -> Result<Vec<OutboxRow>> {
        self.readers.read(|files| all(files.outbox, OUTBOX, row::outbox)).await
    }

    /// One text of the outbox.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn outbox_row(&self, local_id: LocalId) -> Result<Option<OutboxRow>> {
        const ONE: &str = concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE local_id = ?1");
        self.readers
            .read(move |files| {
                let mut statement = files.outbox.prepare_cached(ONE)?;
                Ok(statement.query_row([local_id.as_str()], row::outbox).optional()?)
            })
            .await
    }

    /// The copy of the file of a row, for rows that have one.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn outbox_file(&self, local_id: LocalId) -> Result<Option<Vec<u8>>> {
        self.readers
            .read(move |files| {
                let mut statement = files.outbox.prepare_cached(
                    "SELECT f.bytes FROM outbox o JOIN outbox_files f ON f.order_no = o.order_no
                     WHERE o.local_id = ?1",
                )?;
                Ok(statement.query_row([local_id.as_str()], |row| row.get(0)).optional()?)
            })
            .await
    }

    /// Muted conversations and until when; `None`: for good.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn mutes(&self) -> Result<Vec<(ConversationId, Option<Timestamp>)>> {
        const ALL: &str = "SELECT conversation_id, until FROM mutes ORDER BY conversation_id";
        self.readers
            .read(|files| {
                all(files.outbox, ALL, |row| {
                    Ok((ConversationId(row.get(0)?), row::time(row.get(1)?)))
                })
            })
            .await
    }

    /// The text begun for a number.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn draft(&self, phone: impl Into<String>) -> Result<Option<String>> {
        let phone = phone.into();
        self.readers
            .read(move |files| {
                one_text(files.outbox, "SELECT text FROM drafts WHERE phone = ?1", &phone)
            })
            .await
    }

    /// A setting of the account.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn setting(&self, key: impl Into<String>) -> Result<Option<String>> {
        let key = key.into();
        self.readers
            .read(move |files| {
                one_text(files.outbox, "SELECT value FROM settings WHERE key = ?1", &key)
            })
            .await
    }

    /// A fact put by `PutMeta`.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn meta(&self, key: impl Into<String>) -> Result<Option<String>> {
        let key = key.into();
        self.readers
            .read(move |files| one_text(files.cache, "SELECT value FROM meta WHERE key = ?1", &key))
            .await
    }

    /// What the decisions start from: as at opening.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.readers.read(|files| snapshot(files.outbox, files.cache)).await
    }

    /// Everything: for tests and for small stores.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn dump(&self) -> Result<Dump> {
        self.readers.read(dump).await
    }

    /// How much is stored.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn sizes(&self) -> Result<Sizes> {
        let folder = self.folder().to_owned();
        self.readers.read(move |files| sizes(files, &folder)).await
    }
}

/// Reads both files in turn.
pub(crate) fn snapshot(outbox: &Connection, cache: &Connection) -> Result<Snapshot> {
    Ok(Snapshot {
        outbox: all(outbox, OUTBOX, row::outbox)?,
        pending_reads: all(
            outbox,
            "SELECT conversation_id, up_to FROM pending_reads ORDER BY conversation_id",
            |row| {
                Ok(PendingRead {
                    conversation_id: ConversationId(row.get(0)?),
                    up_to: row.get::<_, Option<i64>>(1)?.map(RowId),
                })
            },
        )?,
        local_conversations: all(
            outbox,
            "SELECT id, phone, server_id FROM local_conversations ORDER BY id DESC",
            |row| {
                Ok(LocalConversation {
                    id: ConversationId(row.get(0)?),
                    phone: row.get(1)?,
                    server_id: row.get::<_, Option<i64>>(2)?.map(ConversationId),
                })
            },
        )?,
        conversations: conversations(cache)?,
        meta: pairs(cache, "SELECT key, value FROM meta ORDER BY key")?,
    })
}

fn conversations(cache: &Connection) -> Result<Vec<(ConversationRow, Coverage)>> {
    all(cache, CONVERSATIONS, row::conversation)
}

fn dump(files: &Pinned<'_>) -> Result<Dump> {
    Ok(Dump {
        snapshot: snapshot(files.outbox, files.cache)?,
        messages: all(files.cache, MESSAGES, stored_message)?,
        drafts: all(files.outbox, "SELECT phone, text FROM drafts ORDER BY phone", |row| {
            Ok(Draft { phone: row.get(0)?, text: row.get(1)? })
        })?,
        settings: pairs(files.outbox, "SELECT key, value FROM settings ORDER BY key")?,
    })
}

pub(super) fn stored_message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    Ok(StoredMessage {
        fact: MessageFact {
            id: RowId(row.get(0)?),
            conversation_id: ConversationId(row.get(1)?),
            message_id: MessageId(row.get(2)?),
            from: row::sender(row.get(3)?),
            kind: row::kind(row.get(4)?),
            content: row.get(5)?,
            sent_at: Timestamp::from_millis(row.get(6)?),
            media: row::media(row, 7)?,
            phone: None,
        },
        local_id: row.get::<_, Option<String>>(10)?.map(LocalId),
        joined: row.get(11)?,
    })
}

fn sizes(files: &Pinned<'_>, folder: &Path) -> Result<Sizes> {
    let count = |file: &Connection, sql: &str| -> Result<u64> {
        let count: i64 = file.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(count.max(0).unsigned_abs())
    };
    let bytes = |kind: FileKind| -> u64 {
        let file = path(folder, kind);
        let mut log = file.clone().into_os_string();
        log.push("-wal");
        [file.as_os_str(), log.as_os_str()]
            .into_iter()
            .filter_map(|file| std::fs::metadata(file).ok())
            .map(|meta| meta.len())
            .sum()
    };
    Ok(Sizes {
        conversations: count(files.cache, "SELECT conversations FROM totals")?,
        unread: count(files.cache, "SELECT unread FROM totals")?,
        gaps: count(files.cache, "SELECT count(*) FROM conversations WHERE gap <> 0")?,
        messages: count(files.cache, "SELECT ifnull(sum(cached), 0) FROM conversations")?,
        outbox: count(files.outbox, "SELECT count(*) FROM outbox")?,
        drafts: count(files.outbox, "SELECT count(*) FROM drafts")?,
        cache_bytes: bytes(FileKind::Cache),
        outbox_bytes: bytes(FileKind::Outbox),
    })
}

fn all<T>(
    file: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    Ok(file.prepare_cached(sql)?.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

fn pairs(file: &Connection, sql: &str) -> Result<Vec<(String, String)>> {
    all(file, sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

fn one_text(file: &Connection, sql: &str, key: &str) -> Result<Option<String>> {
    Ok(file.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?)
}

//! Rows as tests read them, past the wire.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::database::DatabaseError;

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationView {
    /// Its row.
    pub id: i64,
    /// The contact's number.
    pub contact_phone: String,
    /// The contact's name.
    pub contact_name: Option<String>,
    /// What the list shows.
    pub last_message: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub last_message_at: i64,
    /// The stored counter.
    pub unread_count: i64,
    /// Whether the bot attends it.
    pub bot_enabled: bool,
    /// Messages it has.
    pub total_messages: i64,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Its row.
    pub id: i64,
    /// Its conversation.
    pub conversation_id: i64,
    /// WhatsApp's id.
    pub message_id: String,
    /// `contact`, `client` or `bot`.
    pub sender_type: String,
    /// Text or caption.
    pub content: Option<String>,
    /// `text`, `image`, `document`, …
    pub message_type: String,
    /// Milliseconds since the Unix epoch, whole seconds.
    pub sent_at: i64,
    /// Whether it was read.
    pub is_read: bool,
}

/// All conversations of a tenant, newest first.
pub(crate) fn conversations(
    rows: &Connection,
    tenant: i64,
) -> Result<Vec<ConversationView>, DatabaseError> {
    Ok(rows
        .prepare_cached(
            "SELECT id, contact_phone, contact_name, last_message, last_message_at, unread_count,
                 bot_enabled,
                 (SELECT count(*) FROM messages m WHERE m.conversation_id = conversations.id)
             FROM conversations WHERE tenant_id = ?1 ORDER BY last_message_at DESC, id DESC",
        )?
        .query_map([tenant], |row| {
            Ok(ConversationView {
                id: row.get(0)?,
                contact_phone: row.get(1)?,
                contact_name: row.get(2)?,
                last_message: row.get(3)?,
                last_message_at: row.get(4)?,
                unread_count: row.get(5)?,
                bot_enabled: row.get(6)?,
                total_messages: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?)
}

/// All messages of a conversation, oldest first.
pub(crate) fn messages(
    rows: &Connection,
    tenant: i64,
    conversation: i64,
) -> Result<Vec<MessageView>, DatabaseError> {
    Ok(rows
        .prepare_cached(
            "SELECT id, conversation_id, message_id, sender_type, content, message_type, sent_at,
                 is_read
             FROM messages WHERE tenant_id = ?1 AND conversation_id = ?2 ORDER BY sent_at, id",
        )?
        .query_map([tenant, conversation], |row| {
            Ok(MessageView {
                id: row.get(0)?,
                conversation_id: row.get(1)?,
                message_id: row.get(2)?,
                sender_type: row.get(3)?,
                content: row.get(4)?,
                message_type: row.get(5)?,
                sent_at: row.get(6)?,
                is_read: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?)
}

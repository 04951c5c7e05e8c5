//! The rows of conversations and messages, their two looks on the wire, and the one place where a
//! message becomes part of a history.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};

use crate::{
    clock::{iso, iso_or_null, now_ms, whole_second},
    database::DatabaseError,
    events::{Happening, TenantKey},
    replies::one_or_false,
    sending::numbers::contact_number,
    stats,
};

/// A conversation's row.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: i64,
    pub(crate) tenant_id: i64,
    pub(crate) contact_phone: String,
    pub(crate) contact_name: Option<String>,
    pub(crate) last_message: Option<String>,
    pub(crate) last_message_at: i64,
    pub(crate) unread_count: i64,
    pub(crate) is_archived: bool,
    pub(crate) is_pinned: bool,
    pub(crate) bot_enabled: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// Columns [`Conversation::read`] expects, of a table named `c`.
pub(crate) const CONVERSATION_COLUMNS: &str = "c.id, c.tenant_id, c.contact_phone, \
     c.contact_name, c.last_message, c.last_message_at, c.unread_count, c.is_archived, \
     c.is_pinned, c.bot_enabled, c.created_at, c.updated_at";

impl Conversation {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            contact_phone: row.get(2)?,
            contact_name: row.get(3)?,
            last_message: row.get(4)?,
            last_message_at: row.get(5)?,
            unread_count: row.get(6)?,
            is_archived: row.get(7)?,
            is_pinned: row.get(8)?,
            bot_enabled: row.get(9)?,
            created_at: row.get(10)?,
            updated_at: row.get(11)?,
        })
    }

    pub(crate) fn by_id(rows: &Connection, id: i64) -> Result<Option<Self>, DatabaseError> {
        Ok(rows
            .prepare_cached(&format!(
                "SELECT {CONVERSATION_COLUMNS} FROM conversations c WHERE c.id = ?1"
            ))?
            .query_row([id], Self::read)
            .optional()?)
    }

    fn by_phone(
        rows: &Connection,
        tenant: i64,
        phone: &str,
    ) -> Result<Option<Self>, DatabaseError> {
        Ok(rows
            .prepare_cached(&format!(
                "SELECT {CONVERSATION_COLUMNS} FROM conversations c
                 WHERE c.tenant_id = ?1 AND c.contact_phone = ?2"
            ))?
            .query_row(params![tenant, phone], Self::read)
            .optional()?)
    }

    /// The members that rows and events share; `bot_enabled` is 0 or 1 here.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "client_id": self.tenant_id,
            "contact_phone": self.contact_phone,
            "contact_name": self.contact_name,
            "last_message": self.last_message,
            "last_message_at": iso(self.last_message_at),
            "unread_count": self.unread_count,
            "is_archived": one_or_false(self.is_archived),
            "is_pinned": one_or_false(self.is_pinned),
            "bot_enabled": i64::from(self.bot_enabled),
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        })
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Contact,
    Client,
    Bot,
}

impl Sender {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Client => "client",
            Self::Bot => "bot",
        }
    }
}

/// A message's row.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) conversation_id: i64,
    pub(crate) message_id: String,
    pub(crate) sender_type: String,
    pub(crate) content: Option<String>,
    pub(crate) message_type: String,
    pub(crate) media_path: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) is_read: bool,
    pub(crate) read_at: Option<i64>,
    pub(crate) sent_at: i64,
    pub(crate) created_at: i64,
}

/// Columns [`Message::read`] expects, of a table named `m`.
pub(crate) const MESSAGE_COLUMNS: &str = "m.id, m.conversation_id, m.message_id, m.sender_type, \
     m.content, m.message_type, m.media_path, m.file_name, m.is_read, m.read_at, m.sent_at, \
     m.created_at";

impl Message {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: row.get(0)?,
            conversation_id: row.get(1)?,
            message_id: row.get(2)?,
            sender_type: row.get(3)?,
            content: row.get(4)?,
            message_type: row.get(5)?,
            media_path: row.get(6)?,
            file_name: row.get(7)?,
            is_read: row.get(8)?,
            read_at: row.get(9)?,
            sent_at: row.get(10)?,
            created_at: row.get(11)?,
        })
    }

    /// As events carry it: without the contact's number and name. `url` is the public address
    /// media lie under.
    pub(crate) fn to_json(&self, url: &str) -> Value {
        json!({
            "id": self.id,
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "sender_type": self.sender_type,
            "from_me": one_or_false(self.sender_type != "contact"),
            "is_from_bot": one_or_false(self.sender_type == "bot"),
            "content": self.content,
            "message_type": self.message_type,
            "media_url": self.media_path.as_ref().map(|path| format!("{url}{path}")),
            "file_name": self.file_name,
            "media_mimetype": null,
            "media_size": null,
            "quoted_message_id": null,
            "is_read": i64::from(self.is_read),
            "read_at": iso_or_null(self.read_at),
            "sent_at": iso(self.sent_at),
            "delivered_at": null,
            "created_at": iso(self.created_at),
            "updated_at": null,
        })
    }
}

/// A conversation could not be made: its normalised number belongs to another one (contract 5.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collision {
    pub(crate) told: String,
}

/// The conversation of a raw WhatsApp user, made when there is none. It is looked up by the raw
/// user and made with the number normalised, so foreign users collide with themselves.
pub(crate) fn find_or_create(
    rows: &Connection,
    tenant: i64,
    user: &str,
    name: Option<&str>,
) -> Result<Result<Conversation, Collision>, DatabaseError> {
    if let Some(found) = Conversation::by_phone(rows, tenant, user)? {
        return Ok(Ok(found));
    }
    let phone = contact_number(user);
    let now = whole_second(now_ms());
    let shown = name.unwrap_or(user);
    rows.prepare_cached(
        "INSERT INTO contacts (tenant_id, phone_number, name, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (tenant_id, phone_number) DO NOTHING",
    )?
    .execute(params![tenant, phone, shown, now])?;
    let inserted = rows
        .prepare_cached(
            "INSERT INTO conversations
                 (tenant_id, contact_phone, contact_name, last_message_at, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?4, ?4)
             ON CONFLICT (tenant_id, contact_phone) DO NOTHING",
        )?
        .execute(params![tenant, phone, shown, now])?;
    if inserted == 0 {
        let contact: i64 = rows.query_row(
            "SELECT id FROM contacts WHERE tenant_id = ?1 AND phone_number = ?2",
            params![tenant, phone],
            |row| row.get(0),
        )?;
        return Ok(Err(Collision {
            told: format!("Duplicate entry '{tenant}-{contact}' for key 'unique_client_contact'"),
        }));
    }
    let id = rows.last_insert_rowid();
    Conversation::by_id(rows, id)?
        .map(Ok)
        .ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

/// A message that is to become part of a history.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    pub(crate) message_id: String,
    pub(crate) sender: Sender,
    pub(crate) content: Option<String>,
    pub(crate) message_type: &'static str,
    pub(crate) media_path: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) sent_at: i64,
}

impl NewMessage {
    pub(crate) fn text(message_id: String, sender: Sender, text: &str) -> Self {
        Self {
            message_id,
            sender,
            content: (!text.is_empty()).then(|| text.to_owned()),
            message_type: "text",
            media_path: None,
            file_name: None,
            sent_at: whole_second(now_ms()),
        }
    }
}

/// How a stored message is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Kind A: `message:new`, then `stats:updated`.
    WithStats,
    /// Kinds B and C: `message:new` alone.
    Alone,
}

/// Stores a message, brings its conversation up to date and reports the events. `None`: its
/// `message_id` is stored already, and nothing happens (contract 5.4).
pub(crate) fn store(
    rows: &Connection,
    tenant: &TenantKey,
    conversation: &Conversation,
    message: &NewMessage,
    telling: Telling,
    url: &str,
    happenings: &mut Vec<Happening>,
) -> Result<Option<Message>, DatabaseError> {
    let Some(stored) = insert(rows, tenant.id, conversation.id, message)? else {
        return Ok(None);
    };
    let preview = message.content.clone().unwrap_or_else(|| format!("[{}]", message.message_type));
    let from_contact = message.sender == Sender::Contact;
    let by_hand = message.sender == Sender::Client;
    rows.prepare_cached(
        "UPDATE conversations SET last_message = ?2, last_message_at = ?3,
             unread_count = unread_count + ?4,
             bot_enabled = CASE WHEN ?5 THEN 0 ELSE bot_enabled END, updated_at = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        conversation.id,
        preview,
        message.sent_at,
        i64::from(from_contact),
        by_hand,
        whole_second(now_ms()),
    ])?;
    let mut shown = Conversation {
        last_message: Some(preview),
        last_message_at: message.sent_at,
        unread_count: conversation.unread_count + i64::from(from_contact),
        ..conversation.clone()
    }
    .to_json();
    if let (true, Some(members)) = (by_hand, shown.as_object_mut()) {
        // The in-memory change leaves a real boolean (contract 1.5).
        members.insert("bot_enabled".to_owned(), json!(false));
    }
    let now = iso(now_ms());
    happenings.push(Happening::new(
        "message:new",
        json!({
            "clientCode": tenant.code,
            "message": stored.to_json(url),
            "conversation": shown,
            "timestamp": now,
        }),
    ));
    if telling == Telling::WithStats {
        happenings.push(Happening::new(
            "stats:updated",
            json!({
                "clientCode": tenant.code,
                "stats": stats::count(rows, tenant.id, Some(24))?,
                "timestamp": now,
            }),
        ));
    }
    Ok(Some(stored))
}

/// Writes the row alone; `None` when the `message_id` is there already.
fn insert(
    rows: &Connection,
    tenant: i64,
    conversation: i64,
    message: &NewMessage,
) -> Result<Option<Message>, DatabaseError> {
    let is_read = message.sender != Sender::Contact;
    let created_at = whole_second(now_ms());
    let inserted = rows
        .prepare_cached(
            "INSERT INTO messages
                 (tenant_id, conversation_id, message_id, sender_type, content, message_type,
                  media_path, file_name, is_read, sent_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (tenant_id, message_id) DO NOTHING",
        )?
        .execute(params![
            tenant,
            conversation,
            message.message_id,
            message.sender.as_str(),
            message.content,
            message.message_type,
            message.media_path,
            message.file_name,
            is_read,
            message.sent_at,
            created_at,
        ])?;
    Ok((inserted == 1).then(|| Message {
        id: rows.last_insert_rowid(),
        conversation_id: conversation,
        message_id: message.message_id.clone(),
        sender_type: message.sender.as_str().to_owned(),
        content: message.content.clone(),
        message_type: message.message_type.to_owned(),
        media_path: message.media_path.clone(),
        file_name: message.file_name.clone(),
        is_read,
        read_at: None,
        sent_at: message.sent_at,
        created_at,
    }))
}

//! Rows of messages and conversations, as lists and events carry them (contract 3.3, 4.1, 4.2).

use super::scalar::{DecodeError, Fields};
use crate::fact::{ConversationFact, Media, MessageFact, MessageKind, Sender, Stats};
use crate::{ConversationId, MessageId, RowId};
use serde_json::Value;

/// A message.
///
/// # Errors
/// When it has no id, conversation, sender or time, or a field makes no sense.
pub fn message(value: &Value) -> Result<MessageFact, DecodeError> {
    let row = Fields::of(value);
    let id = row.id("id")?;
    let kind = kind(row)?;
    Ok(MessageFact {
        id: RowId(id),
        conversation_id: ConversationId(row.id("conversation_id")?),
        message_id: MessageId(row.text("message_id")?.unwrap_or_else(|| format!("row:{id}"))),
        from: sender(row)?,
        kind,
        content: row.text("content")?,
        sent_at: row.time("sent_at")?.ok_or(DecodeError::Missing("sent_at"))?,
        media: media(row, kind)?,
        phone: row.text("contact_phone")?,
    })
}

/// A conversation; counters that only lists have stay `None` elsewhere.
///
/// # Errors
/// When it has no id or number, or a field makes no sense.
pub fn conversation(value: &Value) -> Result<ConversationFact, DecodeError> {
    let row = Fields::of(value);
    Ok(ConversationFact {
        id: ConversationId(row.id("id")?),
        phone: row.needed_text("contact_phone")?,
        name: row.text("contact_name")?,
        last_message: row.text("last_message")?,
        last_message_at: row.time("last_message_at")?,
        unread_count: row.count("unread_count")?,
        bot_enabled: row.flag("bot_enabled")?,
        total_messages: row.optional_count("total_messages")?,
    })
}

/// The 24-hour counters (4.12).
///
/// # Errors
/// When it is no object, or a counter is no number.
pub fn stats(stats: Fields<'_>) -> Result<Stats, DecodeError> {
    if !stats.exists() {
        return Err(DecodeError::Missing("stats"));
    }
    Ok(Stats {
        total_messages: stats.count("total_messages")?,
        manual_messages: stats.count("manual_messages")?,
        bot_messages: stats.count("bot_messages")?,
        received_messages: stats.count("received_messages")?,
        active_conversations: stats.count("active_conversations")?,
        unread_messages: stats.count("unread_messages")?,
    })
}

/// The rows that make sense, and how many there were on the wire.
///
/// # Errors
/// When the field holds no list at all.
pub fn rows<T>(
    body: Fields<'_>,
    name: &'static str,
    decode: impl Fn(&Value) -> Result<T, DecodeError>,
) -> Result<(Vec<T>, u32), DecodeError> {
    let list = body.get(name).and_then(Value::as_array).ok_or(DecodeError::Missing(name))?;
    let rows = list.iter().filter_map(|row| decode(row).ok()).collect();
    Ok((rows, u32::try_from(list.len()).unwrap_or(u32::MAX)))
}

fn sender(row: Fields<'_>) -> Result<Sender, DecodeError> {
    match row.text("sender_type")?.as_deref() {
        Some("contact") => Ok(Sender::Contact),
        Some("client") => Ok(Sender::Client),
        Some("bot") => Ok(Sender::Bot),
        // A kind of sender that a later server may have: the flags still tell whose side it is.
        _ if row.flag("is_from_bot")? => Ok(Sender::Bot),
        _ => match row.optional_flag("from_me")? {
            Some(true) => Ok(Sender::Client),
            Some(false) => Ok(Sender::Contact),
            None => Err(DecodeError::Missing("sender_type")),
        },
    }
}

fn kind(row: Fields<'_>) -> Result<MessageKind, DecodeError> {
    Ok(match row.text("message_type")?.as_deref() {
        Some("image") => MessageKind::Image,
        Some("document") => MessageKind::Document,
        Some("audio") => MessageKind::Audio,
        Some("video") => MessageKind::Video,
        Some("sticker") => MessageKind::Sticker,
        Some("location") => MessageKind::Location,
        Some("contact_card") => MessageKind::ContactCard,
        _ => MessageKind::Text,
    })
}

fn media(row: Fields<'_>, kind: MessageKind) -> Result<Option<Media>, DecodeError> {
    match kind {
        MessageKind::Text | MessageKind::Location | MessageKind::ContactCard => Ok(None),
        MessageKind::Image
        | MessageKind::Document
        | MessageKind::Audio
        | MessageKind::Video
        | MessageKind::Sticker => {
            Ok(Some(Media { url: row.text("media_url")?, file_name: row.text("file_name")? }))
        }
    }
}

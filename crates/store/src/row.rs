//! Between columns and the model's types.

use condorito_model::fact::{Media, MessageKind, Sender};
use condorito_model::record::{ConversationRow, Coverage, OutboxRow, OutboxState};
use condorito_model::{ConversationId, ErrorCode, LocalId, MessageId, RowId, Timestamp};
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Columns of [`conversation`], from the table `conversations`.
macro_rules! conversation_columns {
    () => {
        "id, phone, name, last_message, last_message_at, unread, bot_enabled, total, \
         older_unknown, stale, local_at, local_preview, cached, newest_id, gap, start_known, run"
    };
}
/// Columns of [`outbox`], from the table `outbox`.
macro_rules! outbox_columns {
    () => {
        "order_no, local_id, conversation_id, phone, text, file, written_at, state, hold, \
         attempts, consents, baseline, message_id, error"
    };
}
pub(crate) use {conversation_columns, outbox_columns};

/// A row of `conversations` and what its messages cover.
pub(crate) fn conversation(row: &Row<'_>) -> rusqlite::Result<(ConversationRow, Coverage)> {
    Ok((
        ConversationRow {
            id: ConversationId(row.get(0)?),
            phone: row.get(1)?,
            name: row.get(2)?,
            last_message: row.get(3)?,
            last_message_at: time(row.get(4)?),
            unread: row.get(5)?,
            bot_enabled: row.get(6)?,
            total: row.get(7)?,
            older_unknown: row.get(8)?,
            stale: row.get(9)?,
            local_at: time(row.get(10)?),
            local_preview: row.get(11)?,
        },
        coverage(row, 12)?,
    ))
}

/// The columns `cached, newest_id, gap, start_known, run`, from column `first` on.
pub(crate) fn coverage(row: &Row<'_>, first: usize) -> rusqlite::Result<Coverage> {
    Ok(Coverage {
        cached: row.get(first)?,
        newest_id: row.get::<_, Option<i64>>(first + 1)?.map(RowId),
        gap: row.get(first + 2)?,
        start_known: row.get(first + 3)?,
        run: row.get(first + 4)?,
    })
}

/// A row of `outbox`.
pub(crate) fn outbox(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    let state: String = row.get(7)?;
    let hold: Option<String> = row.get(8)?;
    let error: Option<String> = row.get(13)?;
    Ok(OutboxRow {
        order: row.get(0)?,
        local_id: LocalId(row.get(1)?),
        conversation_id: ConversationId(row.get(2)?),
        phone: row.get(3)?,
        text: row.get(4)?,
        file: row.get(5)?,
        written_at: Timestamp::from_millis(row.get(6)?),
        // A word that this version does not know must not be sent again by itself.
        state: word_to(&state).unwrap_or(OutboxState::Unconfirmed),
        hold: hold.as_deref().and_then(word_to),
        attempts: row.get(9)?,
        consents: row.get(10)?,
        baseline: row.get::<_, Option<i64>>(11)?.map(RowId),
        message_id: row.get::<_, Option<String>>(12)?.map(MessageId),
        error: error.map(|code| word_to(&code).unwrap_or(ErrorCode::Internal)),
    })
}

/// A file's columns `has_media, media_url, media_name`, from column `first` on.
pub(crate) fn media(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Media>> {
    if row.get::<_, bool>(first)? {
        Ok(Some(Media { url: row.get(first + 1)?, file_name: row.get(first + 2)? }))
    } else {
        Ok(None)
    }
}

pub(crate) fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

pub(crate) const fn sender_code(sender: Sender) -> i64 {
    match sender {
        Sender::Contact => 0,
        Sender::Client => 1,
        Sender::Bot => 2,
    }
}

pub(crate) const fn sender(code: i64) -> Sender {
    match code {
        0 => Sender::Contact,
        2 => Sender::Bot,
        _ => Sender::Client,
    }
}

pub(crate) const fn kind_code(kind: MessageKind) -> i64 {
    match kind {
        MessageKind::Text => 0,
        MessageKind::Image => 1,
        MessageKind::Document => 2,
        MessageKind::Audio => 3,
        MessageKind::Video => 4,
        MessageKind::Sticker => 5,
        MessageKind::Location => 6,
        MessageKind::ContactCard => 7,
    }
}

pub(crate) const fn kind(code: i64) -> MessageKind {
    match code {
        1 => MessageKind::Image,
        2 => MessageKind::Document,
        3 => MessageKind::Audio,
        4 => MessageKind::Video,
        5 => MessageKind::Sticker,
        6 => MessageKind::Location,
        7 => MessageKind::ContactCard,
        _ => MessageKind::Text,
    }
}

/// The word by which a unit variant is serialised, as `sent` for [`OutboxState::Sent`].
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The reverse of [`word`].
pub(crate) fn word_to<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use super::{kind, kind_code, sender, sender_code, word, word_to};
    use condorito_model::fact::{MessageKind, Sender};
    use condorito_model::record::OutboxState;

    #[test]
    fn codes_lead_back() {
        for value in [Sender::Contact, Sender::Client, Sender::Bot] {
            assert_eq!(sender(sender_code(value)), value);
        }
        for value in [
            MessageKind::Text,
            MessageKind::Image,
            MessageKind::Document,
            MessageKind::Audio,
            MessageKind::Video,
            MessageKind::Sticker,
            MessageKind::Location,
            MessageKind::ContactCard,
        ] {
            assert_eq!(kind(kind_code(value)), value);
        }
    }

    #[test]
    fn words_lead_back() {
        assert_eq!(word(&OutboxState::Sent), "sent");
        assert_eq!(word_to("sent"), Some(OutboxState::Sent));
        assert_eq!(word_to::<OutboxState>("teleported"), None);
    }
}

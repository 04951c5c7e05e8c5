//! Rows as the command surface shows them.

use super::Pinned;
use super::conversations::Listed;
use super::place::{message_cursor, outbox_cursor};
use crate::error::Result;
use crate::row::{self, outbox_columns};
use condorito_model::fact::{Media, MessageKind, Sender};
use condorito_model::record::{ConversationRow, Coverage, OutboxRow, OutboxState};
use condorito_model::view::{
    Attachment, Conversation, Message, MessageError, MessageState, Mute, Tag,
};
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Columns of [`cached_message`], from the table `messages` named `m`. The last one tells whether
/// messages may be missing right before it; what lies before the oldest is told by the page.
macro_rules! message_columns {
    () => {
        "m.id, m.conversation_id, m.message_id, m.sender, m.kind, m.content, m.sent_at, \
         m.has_media, m.media_url, m.media_name, m.local_id, m.joined, \
         m.joined = 0 AND EXISTS (SELECT 1 FROM messages o \
           WHERE o.conversation_id = m.conversation_id \
             AND (o.sent_at, o.id) < (m.sent_at, m.id))"
    };
}
pub(crate) use message_columns;

/// How many columns [`cached_message`] reads.
pub(crate) const MESSAGE_COLUMNS: usize = 13;

pub(crate) const NEWEST: &str = "
    SELECT sender, sent_at, kind FROM messages WHERE conversation_id = ?1
    ORDER BY sent_at DESC, id DESC LIMIT 1";
pub(crate) const FIRST_AFTER: &str = "
    SELECT sent_at FROM messages WHERE conversation_id = ?1 AND (sent_at, id) > (?2, ?3)
    ORDER BY sent_at, id LIMIT 1";
pub(crate) const OUTBOX_DOWN: &str = concat!(
    "SELECT ",
    outbox_columns!(),
    " FROM outbox WHERE phone = ?1 AND order_no < ?2 ORDER BY order_no DESC"
);
pub(crate) const OUTBOX_UP: &str = concat!(
    "SELECT ",
    outbox_columns!(),
    " FROM outbox WHERE phone = ?1 AND order_no > ?2 ORDER BY order_no"
);
pub(crate) const TAGS: &str = "
    SELECT t.id, t.name, t.color FROM phone_tags p JOIN tags t ON t.id = p.tag_id
    WHERE p.phone = ?1 ORDER BY p.tag_id";

pub(crate) const MUTED: &str = "SELECT until FROM mutes WHERE conversation_id = ?1";

pub(crate) const BY_LOCAL: &str = "SELECT 1 FROM messages WHERE local_id = ?1";

/// Rows of one number that a preview looks at; a longer queue shows its last rows.
const LOOK_BACK: usize = 32;

/// A message of the cache, and whether it is joined to the one before.
pub(crate) fn cached_message(row: &Row<'_>) -> rusqlite::Result<(Message, bool)> {
    let id: i64 = row.get(0)?;
    let sent_at: i64 = row.get(6)?;
    let from = row::sender(row.get(3)?);
    let message = Message {
        id: RowId(id),
        cursor: message_cursor(sent_at, id),
        conversation_id: ConversationId(row.get(1)?),
        message_id: Some(MessageId(row.get(2)?)),
        local_id: row.get::<_, Option<String>>(10)?.map(LocalId),
        from,
        kind: row::kind(row.get(4)?),
        content: row.get(5)?,
        sent_at: Timestamp::from_millis(sent_at),
        state: if from == Sender::Contact { MessageState::Received } else { MessageState::Sent },
        hold: None,
        error: None,
        media: row::media(row, 7)?.map(attachment),
        gap_before: row.get(12)?,
    };
    Ok((message, row.get(11)?))
}

/// A text of the outbox, shown in `conversation_id`. The error's sentence is empty: the store
/// speaks no language.
pub(crate) fn outbox_message(row: OutboxRow, conversation_id: ConversationId) -> Message {
    let (state, kind) = (outbox_state(row.state), kind_of(&row));
    let media = row.file.as_deref().map(|path| Attachment {
        file_name: path.rsplit(['/', '\\']).next().map(str::to_owned),
        ..Attachment::default()
    });
    Message {
        id: RowId(-row.order),
        cursor: outbox_cursor(row.order),
        conversation_id,
        message_id: row.message_id,
        local_id: Some(row.local_id),
        from: Sender::Client,
        kind,
        content: (!row.text.is_empty()).then_some(row.text),
        sent_at: row.written_at,
        state,
        hold: row.hold.filter(|_| state == MessageState::Queued),
        error: row
            .error
            .filter(|_| matches!(state, MessageState::Failed | MessageState::Unconfirmed))
            .map(|code| MessageError { code, message: String::new() }),
        media,
        gap_before: false,
    }
}

const fn outbox_state(state: OutboxState) -> MessageState {
    match state {
        OutboxState::Queued => MessageState::Queued,
        OutboxState::Sending | OutboxState::Reconciling => MessageState::Sending,
        OutboxState::Unconfirmed => MessageState::Unconfirmed,
        OutboxState::Failed => MessageState::Failed,
        OutboxState::Sent => MessageState::Sent,
    }
}

/// What can be told of a file without asking for it; its size in pixels is known elsewhere.
fn attachment(media: Media) -> Attachment {
    Attachment {
        file_name: media.file_name,
        available: media.url.is_some(),
        url: media.url,
        ..Attachment::default()
    }
}

fn kind_of(row: &OutboxRow) -> MessageKind {
    row.file.as_deref().map_or(MessageKind::Text, kind_of_file)
}

/// The server takes JPEG, PNG, GIF and WebP as pictures and everything else as documents.
fn kind_of_file(path: &str) -> MessageKind {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("jpg" | "jpeg" | "png" | "gif" | "webp") => MessageKind::Image,
        _ => MessageKind::Document,
    }
}

/// Whether the cache shows this text: then the outbox must not. The local id is asked too, since
/// the outbox's state may be older than the cache's and not know the message's id yet.
pub(crate) fn in_cache(cache: &Connection, row: &OutboxRow) -> Result<bool> {
    if let Some(message_id) = &row.message_id
        && cache
            .prepare_cached("SELECT 1 FROM messages WHERE message_id = ?1")?
            .exists([message_id.as_str()])?
    {
        return Ok(true);
    }
    Ok(cache.prepare_cached(BY_LOCAL)?.exists([row.local_id.as_str()])?)
}

/// Whether messages are known or thought to be missing.
pub(crate) fn has_gap(row: &ConversationRow, coverage: &Coverage) -> bool {
    row.stale || coverage.gap || (row.older_unknown.is_none() && row.total != Some(0))
}

/// A conversation as listed: a handful of index look-ups whatever its length.
pub(crate) fn conversation(files: &Pinned<'_>, listed: Listed) -> Result<Conversation> {
    let gap = has_gap(&listed.row, &listed.coverage);
    let latest = latest(files, &listed)?;
    let row = listed.row;
    let tags = files
        .cache
        .prepare_cached(TAGS)?
        .query_map([&row.phone], |tag| {
            Ok(Tag { id: tag.get(0)?, name: tag.get(1)?, color: tag.get(2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let draft = files
        .outbox
        .prepare_cached("SELECT text FROM drafts WHERE phone = ?1")?
        .query_row([&row.phone], |draft| draft.get(0))
        .optional()?;
    let mute = files
        .outbox
        .prepare_cached(MUTED)?
        .query_row([row.id.0], |mute| Ok(Mute { until: row::time(mute.get(0)?) }))
        .optional()?;
    let local_is_newer = row.local_at > row.last_message_at;
    Ok(Conversation {
        id: row.id,
        name: match row.name {
            Some(name) if !name.trim().is_empty() => name,
            _ => row.phone.clone(),
        },
        phone: row.phone,
        last_message: if local_is_newer { row.local_preview } else { row.last_message },
        last_kind: latest.kind,
        last_message_at: row.last_message_at.max(row.local_at),
        last_from: latest.from,
        last_state: latest.state,
        waiting_since: latest.waiting_since,
        unread_count: row.unread,
        bot_enabled: row.bot_enabled,
        tags,
        draft,
        gap,
        mute,
    })
}

/// Who spoke last and what, and whether anybody waits.
#[derive(Default)]
struct Latest {
    from: Option<Sender>,
    state: Option<MessageState>,
    kind: Option<MessageKind>,
    waiting_since: Option<Timestamp>,
}

fn latest(files: &Pinned<'_>, listed: &Listed) -> Result<Latest> {
    let id = listed.row.id.0;
    let newest = files
        .cache
        .prepare_cached(NEWEST)?
        .query_row([id], |row| {
            Ok((row::sender(row.get(0)?), row.get::<_, i64>(1)?, row::kind(row.get(2)?)))
        })
        .optional()?;
    let Unsent { newest: unsent, answered_at } = unsent(files, &listed.row.phone)?;
    let unsent = unsent
        .filter(|(written_at, ..)| newest.is_none_or(|(_, sent_at, _)| *written_at >= sent_at));
    let mut latest = Latest::default();
    match (newest, unsent) {
        (_, Some((_, state, kind))) => {
            latest.from = Some(Sender::Client);
            latest.state = Some(state);
            latest.kind = Some(kind);
        }
        (Some((from, sent_at, kind)), None) => {
            latest.from = Some(from);
            latest.state = (from != Sender::Contact).then_some(MessageState::Sent);
            // The list may be ahead of the cache: then its words are all that is known.
            let told_at = listed.row.last_message_at.map(Timestamp::as_millis);
            latest.kind = if told_at.is_none_or(|told_at| told_at <= sent_at) {
                Some(kind)
            } else {
                named_kind(listed.row.last_message.as_deref())
            };
        }
        (None, None) => latest.kind = named_kind(listed.row.last_message.as_deref()),
    }
    latest.waiting_since =
        waiting_since(files.cache, listed, answered_at)?.map(Timestamp::from_millis);
    Ok(latest)
}

/// The kind that the server's preview names: in brackets where a message has no words, or as a
/// card that is nothing but its data (contract 4.1).
fn named_kind(preview: Option<&str>) -> Option<MessageKind> {
    let preview = preview?;
    if preview.starts_with("BEGIN:VCARD") {
        return Some(MessageKind::ContactCard);
    }
    row::word_to(preview.strip_prefix('[')?.strip_suffix(']')?)
}

/// Texts of one number that the cache does not show.
#[derive(Default)]
struct Unsent {
    /// When the newest was written, its state, and what it is.
    newest: Option<(i64, MessageState, MessageKind)>,
    /// When the newest that answers was written. What failed answers nobody; the rest will, or may
    /// have.
    answered_at: Option<i64>,
}

fn unsent(files: &Pinned<'_>, phone: &str) -> Result<Unsent> {
    let mut unsent = Unsent::default();
    let mut rows = files.outbox.prepare_cached(OUTBOX_DOWN)?;
    for row in rows.query_map(params![phone, i64::MAX], row::outbox)?.take(LOOK_BACK) {
        let row = row?;
        if in_cache(files.cache, &row)? {
            continue;
        }
        let written_at = row.written_at.as_millis();
        unsent.newest.get_or_insert((written_at, outbox_state(row.state), kind_of(&row)));
        if row.state != OutboxState::Failed {
            unsent.answered_at = Some(written_at);
            break;
        }
    }
    Ok(unsent)
}

/// Since when the contact of a row waits, with what is in the outbox.
pub(super) fn waiting(files: &Pinned<'_>, listed: &Listed) -> Result<Option<i64>> {
    if listed.waiting_since.is_none() {
        return Ok(None);
    }
    let answered_at = unsent(files, &listed.row.phone)?.answered_at;
    waiting_since(files.cache, listed, answered_at)
}

/// The first of the contact's messages after the newest answer. An answer not sent yet can only
/// make it later.
fn waiting_since(
    cache: &Connection,
    listed: &Listed,
    answered_at: Option<i64>,
) -> Result<Option<i64>> {
    match (listed.waiting_since, answered_at) {
        (Some(since), Some(answered_at)) if since <= answered_at => Ok(cache
            .prepare_cached(FIRST_AFTER)?
            .query_row(params![listed.row.id.0, answered_at, i64::MAX], |row| row.get(0))
            .optional()?),
        (since, _) => Ok(since),
    }
}

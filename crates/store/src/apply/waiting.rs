//! Since when a contact waits for a first answer: kept with the messages, so that the list of those
//! who wait costs no more than its page.

use super::changes::Changes;
use condorito_model::ConversationId;
use rusqlite::{Connection, OptionalExtension, Result, params};

pub(crate) const NEWEST_OWN: &str = "
    SELECT sent_at, id FROM messages WHERE conversation_id = ?1 AND sender <> 0
    ORDER BY sent_at DESC, id DESC LIMIT 1";
pub(crate) const FIRST_AFTER: &str = "
    SELECT sent_at FROM messages WHERE conversation_id = ?1 AND (sent_at, id) > (?2, ?3)
    ORDER BY sent_at, id LIMIT 1";

/// Measures it after messages came, changed or went.
pub(super) fn keep(
    cache: &Connection,
    conversation: ConversationId,
    changes: &mut Changes,
) -> Result<()> {
    let own: Option<(i64, i64)> = cache
        .prepare_cached(NEWEST_OWN)?
        .query_row([conversation.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (sent_at, id) = own.unwrap_or((i64::MIN, i64::MIN));
    let since: Option<i64> = cache
        .prepare_cached(FIRST_AFTER)?
        .query_row(params![conversation.0, sent_at, id], |row| row.get(0))
        .optional()?;
    let changed = cache
        .prepare_cached(
            "UPDATE conversations SET waiting_since = ?2
             WHERE id = ?1 AND waiting_since IS NOT ?2",
        )?
        .execute(params![conversation.0, since])?;
    if changed > 0 {
        changes.conversation(conversation);
    }
    Ok(())
}

//! `GET /api/messages/stats`, also the payload of `stats:updated` (contract 4.12).

use std::sync::Arc;

use axum::{Json, extract::State};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    clock::now_ms,
    core::Core,
    database::DatabaseError,
    replies::{Params, Reply, leading_integer, sum},
};

/// Later than any message, in milliseconds.
const FAR: i64 = i64::MAX / 2;

/// Counts of the last `hours`; `None` (no number) counts nothing but the conversations.
pub(crate) fn count(
    rows: &Connection,
    tenant: i64,
    hours: Option<i64>,
) -> Result<Value, DatabaseError> {
    let conversations: i64 = rows
        .prepare_cached("SELECT count(*) FROM conversations WHERE tenant_id = ?1")?
        .query_row([tenant], |row| row.get(0))?;
    let since = hours
        .and_then(|hours| hours.checked_mul(3_600_000))
        .map_or(FAR, |span| now_ms().saturating_sub(span));
    // Whole minutes from the counts; the minute the period begins in, message by message.
    let first_whole_minute = since.saturating_add(59_999) / 60_000;
    let (messages, manual, bot, received, unread) = rows
        .prepare_cached(
            "SELECT ifnull(sum(messages), 0), ifnull(sum(manual), 0), ifnull(sum(bot), 0),
                 ifnull(sum(received), 0), ifnull(sum(unread), 0)
             FROM (
                 SELECT messages, manual, bot, received, unread FROM message_minutes
                 WHERE tenant_id = ?1 AND minute >= ?3
                 UNION ALL
                 SELECT 1, sender_type = 'client', sender_type = 'bot', sender_type = 'contact',
                     is_read = 0
                 FROM messages WHERE tenant_id = ?1 AND sent_at >= ?2 AND sent_at < ?3 * 60000
             )",
        )?
        .query_row(params![tenant, since, first_whole_minute], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, i64>(4)?,
            ))
        })?;
    let text = |value: i64| sum((conversations > 0).then_some(value));
    Ok(json!({
        "total_messages": messages,
        "manual_messages": text(manual),
        "bot_messages": text(bot),
        "received_messages": text(received),
        "active_conversations": conversations,
        "unread_messages": text(unread),
        "period_hours": hours,
    }))
}

pub(crate) async fn get(State(core): State<Arc<Core>>, caller: Caller, params: Params) -> Reply {
    let hours = params.get("hours").map_or(Some(24), leading_integer);
    let tenant = caller.id();
    let stats = core.database.call(move |rows| count(rows, tenant, hours)).await?;
    Ok(Json(json!({ "success": true, "stats": stats })))
}

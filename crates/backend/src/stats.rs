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
        .map_or(i64::MAX, |span| now_ms().saturating_sub(span));
    // Sums over no row are NULL in SQL; with a conversation they are counted as zero.
    let (messages, manual, bot, received, unread) = rows
        .prepare_cached(
            "SELECT count(*), ifnull(sum(sender_type = 'client'), 0),
                 ifnull(sum(sender_type = 'bot'), 0), ifnull(sum(sender_type = 'contact'), 0),
                 ifnull(sum(is_read = 0), 0)
             FROM messages WHERE tenant_id = ?1 AND sent_at >= ?2",
        )?
        .query_row(params![tenant, since], |row| {
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
    let stats = core
        .database
        .call(move |rows| count(rows, tenant, hours))
        .await?;
    Ok(Json(json!({ "success": true, "stats": stats })))
}

//! Bot switches and the bot's quota (contract 4.11). Nothing here tells anybody.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use rusqlite::{named_params, params};
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    clock::{first_of_next_month, iso, now_ms, whole_second},
    conversations::not_found,
    core::Core,
    history::Conversation,
    replies::{Body, Params, Refusal, Reply, leading_integer, sum},
};

const HIGHEST_LIMIT: i64 = 50_000;
const TOKEN_LIMIT: i64 = 100_000;

/// Routes below `/api/messages/bot`.
pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/status", get(status))
        .route("/enable-all", post(enable_all))
        .route("/disable-all", post(disable_all))
        .route("/toggle", post(toggle))
        .route("/disabled-conversations", get(disabled))
        .route("/enable-conversations", post(enable_some))
        .route("/quota", get(quota).put(set_quota))
}

async fn status(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let tenant = caller.id();
    let (total, enabled): (i64, Option<i64>) = core
        .database
        .call(move |rows| {
            Ok(rows.query_row(
                "SELECT count(*), sum(bot_enabled) FROM conversations WHERE tenant_id = ?1",
                [tenant],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "bot_status": {
            "total_conversations": total,
            "bot_enabled_conversations": sum(enabled),
            "bot_disabled_conversations": sum(enabled.map(|enabled| total - enabled)),
            "bot_enabled_percentage": match enabled {
                Some(enabled) => json!(percentage_text(enabled, total)),
                None => json!(0),
            },
            "client_id": tenant,
        },
    })))
}

/// `85.71`: two decimals, rounded, without floating point.
fn percentage_text(part: i64, whole: i64) -> String {
    let hundredths = if whole == 0 { 0 } else { (part * 20_000 + whole) / (2 * whole) };
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

async fn enable_all(core: State<Arc<Core>>, caller: Caller) -> Reply {
    switch_all(core, caller, true).await
}

async fn disable_all(core: State<Arc<Core>>, caller: Caller) -> Reply {
    switch_all(core, caller, false).await
}

async fn switch_all(State(core): State<Arc<Core>>, caller: Caller, on: bool) -> Reply {
    let tenant = caller.id();
    let affected = core
        .database
        .change(move |rows| {
            Ok(rows.execute(
                "UPDATE conversations SET bot_enabled = ?2, updated_at = ?3 WHERE tenant_id = ?1",
                params![tenant, on, whole_second(now_ms())],
            )?)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "message": if on { "El bot atiende todas las conversaciones" }
            else { "El bot no atiende ninguna conversación" },
        "affected_conversations": affected,
        "client_id": tenant,
    })))
}

async fn toggle(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let tenant = caller.id();
    let on: bool = core
        .database
        .change(move |rows| {
            Ok(rows.query_row(
                "UPDATE tenants SET bot_enabled = 1 - bot_enabled WHERE id = ?1
                 RETURNING bot_enabled",
                [tenant],
                |row| row.get(0),
            )?)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "message": if on { "El bot quedó encendido" } else { "El bot quedó apagado" },
        "data": { "is_enabled": on, "status": if on { "enabled" } else { "disabled" } },
    })))
}

/// The own conversation of a path; 404 when there is none, 403 when it is another tenant's.
async fn own_conversation(core: &Core, caller: &Caller, id: &str) -> Result<Conversation, Refusal> {
    let id = leading_integer(id).ok_or_else(not_found)?;
    let found = core
        .database
        .call(move |rows| Conversation::by_id(rows, id))
        .await?
        .ok_or_else(not_found)?;
    if found.tenant_id == caller.id() {
        Ok(found)
    } else {
        Err(Refusal::told(StatusCode::FORBIDDEN, "Esa conversación es de otra cuenta"))
    }
}

pub(crate) async fn enable(core: State<Arc<Core>>, caller: Caller, id: Path<String>) -> Reply {
    switch(core, caller, id, true).await
}

pub(crate) async fn disable(core: State<Arc<Core>>, caller: Caller, id: Path<String>) -> Reply {
    switch(core, caller, id, false).await
}

async fn switch(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<String>,
    on: bool,
) -> Reply {
    let found = own_conversation(&core, &caller, &id).await?;
    let id = found.id;
    core.database
        .change(move |rows| {
            Ok(rows.execute(
                "UPDATE conversations SET bot_enabled = ?2, updated_at = ?3 WHERE id = ?1",
                params![id, on, whole_second(now_ms())],
            )?)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "message": if on { "El bot atiende esta conversación" }
            else { "El bot ya no atiende esta conversación" },
        "conversation": {
            "id": found.id,
            "contact_phone": found.contact_phone,
            "contact_name": found.contact_name,
            "bot_enabled": on,
        },
    })))
}

pub(crate) async fn conversation_status(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    let found = own_conversation(&core, &caller, &id).await?;
    Ok(Json(json!({
        "success": true,
        "conversation": {
            "id": found.id,
            "contact_phone": found.contact_phone,
            "contact_name": found.contact_name,
            "bot_enabled": i64::from(found.bot_enabled),
            "last_message_at": iso(found.last_message_at),
        },
    })))
}

async fn disabled(State(core): State<Arc<Core>>, caller: Caller, params: Params) -> Reply {
    let limit = params.count("limit", 50)?.clamp(1, 100);
    let offset = params.count("offset", 0)?;
    let tenant = caller.id();
    let (found, total) = core
        .database
        .call(move |rows| {
            let found = rows
                .prepare_cached(
                    "SELECT id, contact_phone, contact_name, last_message, last_message_at,
                         unread_count, bot_enabled, created_at, updated_at
                     FROM conversations WHERE tenant_id = :tenant AND bot_enabled = 0
                     ORDER BY last_message_at DESC LIMIT :limit OFFSET :offset",
                )?
                .query_map(
                    named_params! { ":tenant": tenant, ":limit": limit, ":offset": offset },
                    |row| {
                        Ok(json!({
                            "id": row.get::<_, i64>(0)?,
                            "contact_phone": row.get::<_, String>(1)?,
                            "contact_name": row.get::<_, Option<String>>(2)?,
                            "last_message": row.get::<_, Option<String>>(3)?,
                            "last_message_at": iso(row.get(4)?),
                            "unread_count": row.get::<_, i64>(5)?,
                            "bot_enabled": row.get::<_, i64>(6)?,
                            "created_at": iso(row.get(7)?),
                            "updated_at": iso(row.get(8)?),
                        }))
                    },
                )?
                .collect::<Result<Vec<Value>, _>>()?;
            let total: i64 = rows.query_row(
                "SELECT count(*) FROM conversations WHERE tenant_id = ?1 AND bot_enabled = 0",
                [tenant],
                |row| row.get(0),
            )?;
            Ok((found, total))
        })
        .await?;
    let shown = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(Json(json!({
        "success": true,
        "pagination": {
            "total": total, "limit": limit, "offset": offset,
            "hasMore": offset.saturating_add(shown) < total,
        },
        "data": found,
    })))
}

async fn enable_some(State(core): State<Arc<Core>>, caller: Caller, body: Body) -> Reply {
    let ids: Vec<i64> = body
        .get("conversation_ids")
        .as_array()
        .map(|ids| ids.iter().filter_map(Value::as_i64).collect())
        .unwrap_or_default();
    if ids.is_empty() {
        return Err(Refusal::told(StatusCode::BAD_REQUEST, "Faltan los ids de las conversaciones"));
    }
    let tenant = caller.id();
    let asked = ids.len();
    let switched = core
        .database
        .change(move |rows| {
            let mut own: Vec<Conversation> = Vec::new();
            for id in ids {
                let repeated = own.iter().any(|known| known.id == id);
                match Conversation::by_id(rows, id)? {
                    Some(found) if found.tenant_id == tenant && !repeated => own.push(found),
                    _ => {}
                }
            }
            if own.len() == asked {
                for conversation in &own {
                    rows.execute(
                        "UPDATE conversations SET bot_enabled = 1, updated_at = ?2 WHERE id = ?1",
                        params![conversation.id, whole_second(now_ms())],
                    )?;
                }
            }
            Ok(own)
        })
        .await?;
    if switched.len() != asked {
        return Err(Refusal::told(
            StatusCode::BAD_REQUEST,
            "Hay conversaciones repetidas, ajenas o que no existen",
        ));
    }
    let shown: Vec<Value> = switched
        .iter()
        .map(|found| {
            json!({
                "id": found.id,
                "contact_phone": found.contact_phone,
                "contact_name": found.contact_name,
            })
        })
        .collect();
    Ok(Json(json!({
        "success": true,
        "message": format!("El bot atiende {asked} conversaciones más"),
        "affected_conversations": asked,
        "conversations": shown,
    })))
}

async fn quota(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let tenant = caller.id();
    let (limit, usage, tokens): (i64, i64, i64) = core
        .database
        .call(move |rows| {
            Ok(rows.query_row(
                "SELECT monthly_bot_limit, bot_usage, token_usage FROM tenants WHERE id = ?1",
                [tenant],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?)
        })
        .await?;
    let remaining = (limit - usage).max(0);
    let tokens_left = (TOKEN_LIMIT - tokens).max(0);
    let share = |part: i64, whole: i64| if whole == 0 { 0 } else { (part * 100) / whole };
    let allowed = remaining > 0 && tokens_left > 0;
    // A remainder of zero is shown as the default (contract 4.11): `limits` tells the truth.
    let or_default = |value: i64, default: i64| if value == 0 { default } else { value };
    Ok(Json(json!({
        "success": true,
        "quota": {
            "usage": usage,
            "limit": limit,
            "remaining": or_default(remaining, 2500),
            "percentage": share(usage, limit),
            "tokenUsage": tokens,
            "tokenLimit": TOKEN_LIMIT,
            "tokensRemaining": or_default(tokens_left, TOKEN_LIMIT),
            "tokenPercentage": share(tokens, TOKEN_LIMIT),
            "resetDate": first_of_next_month(now_ms()),
            "status": if allowed { "active" } else { "exceeded" },
            "allowed": allowed,
            "limits": {
                "messages": {
                    "current": usage, "limit": limit, "remaining": remaining,
                    "percentage": share(usage, limit), "available": remaining > 0,
                },
                "tokens": {
                    "current": tokens, "limit": TOKEN_LIMIT, "remaining": tokens_left,
                    "percentage": share(tokens, TOKEN_LIMIT), "available": tokens_left > 0,
                },
            },
        },
        "message": format!("Este mes quedan {remaining} mensajes y {tokens_left} tokens"),
    })))
}

async fn set_quota(State(core): State<Arc<Core>>, caller: Caller, body: Body) -> Reply {
    let Some(limit) = body.get("monthly_bot_limit").as_i64().filter(|limit| *limit >= 1) else {
        return Err(Refusal::Coded(
            StatusCode::BAD_REQUEST,
            "monthly_bot_limit tiene que ser un entero positivo",
            "INVALID_LIMIT",
        ));
    };
    if limit > HIGHEST_LIMIT {
        return Err(Refusal::Coded(
            StatusCode::BAD_REQUEST,
            "monthly_bot_limit no puede pasar de 50000",
            "LIMIT_TOO_HIGH",
        ));
    }
    let tenant = caller.id();
    let usage: i64 = core
        .database
        .change(move |rows| {
            Ok(rows.query_row(
                "UPDATE tenants SET monthly_bot_limit = ?2 WHERE id = ?1 RETURNING bot_usage",
                params![tenant, limit],
                |row| row.get(0),
            )?)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "message": "El límite mensual quedó guardado",
        "quota": {
            "monthly_bot_limit": limit,
            "current_usage": usage,
            "remaining": (limit - usage).max(0),
            "percentage": (usage * 100) / limit,
        },
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_two_decimals() {
        for (part, whole, text) in
            [(5, 8, "62.50"), (6, 7, "85.71"), (2, 3, "66.67"), (0, 3, "0.00"), (3, 3, "100.00")]
        {
            assert_eq!(percentage_text(part, whole), text);
        }
    }
}

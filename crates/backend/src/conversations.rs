//! The conversation list, mark read and delete (contract 4.1).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rusqlite::{named_params, params};
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    clock::{iso, now_ms, whole_second},
    config::Dialect,
    core::Core,
    database::fold,
    events::Happening,
    history::{CONVERSATION_COLUMNS, Conversation},
    replies::{Params, Refusal, Reply, leading_integer},
};

pub(crate) fn not_found() -> Refusal {
    Refusal::told(StatusCode::NOT_FOUND, "Esa conversación no existe")
}

pub(crate) async fn list(State(core): State<Arc<Core>>, caller: Caller, params: Params) -> Reply {
    let limit = params.count("limit", 50)?;
    let offset = params.count("offset", 0)?;
    let archived = params.get("archived") == Some("true");
    let search = params
        .get("search")
        .filter(|text| !text.is_empty())
        .map(|text| format!("%{}%", fold(text)));
    let tenant = caller.id();
    let conversations = core
        .database
        .call(move |rows| {
            let found = rows
                .prepare_cached(&format!(
                    "SELECT {CONVERSATION_COLUMNS},
                         (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id),
                         (SELECT count(*) FROM messages m
                          WHERE m.conversation_id = c.id AND m.is_read = 0)
                     FROM conversations c
                     WHERE c.tenant_id = :tenant AND c.is_archived = :archived
                         AND (:search IS NULL OR fold(c.contact_name) LIKE :search
                              OR c.contact_phone LIKE :search)
                     ORDER BY c.last_message_at DESC LIMIT :limit OFFSET :offset"
                ))?
                .query_map(
                    named_params! {
                        ":tenant": tenant,
                        ":archived": archived,
                        ":search": search,
                        ":limit": limit,
                        ":offset": offset,
                    },
                    |row| {
                        let mut shown = Conversation::read(row)?.to_json();
                        let (total, unread): (i64, i64) = (row.get(12)?, row.get(13)?);
                        if let Some(members) = shown.as_object_mut() {
                            members.insert("total_messages".to_owned(), json!(total));
                            members.insert("unread_messages".to_owned(), json!(unread.to_string()));
                        }
                        Ok(shown)
                    },
                )?
                .collect::<Result<Vec<Value>, _>>()?;
            Ok(found)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "pagination": { "limit": limit, "offset": offset, "total": conversations.len() },
        "conversations": conversations,
    })))
}

/// Sets the counter and every message read; tells nobody. An unknown id is a 500.
pub(crate) async fn mark_read(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    let id = leading_integer(&id).ok_or_else(Refusal::internal)?;
    let tenant = caller.id();
    let anybody = core.config.dialect == Dialect::Existing;
    let known = core
        .database
        .change(move |rows| {
            let own = Conversation::by_id(rows, id)?
                .is_some_and(|found| anybody || found.tenant_id == tenant);
            if own {
                let now = whole_second(now_ms());
                rows.execute(
                    "UPDATE conversations SET unread_count = 0, updated_at = ?2 WHERE id = ?1",
                    params![id, now],
                )?;
                rows.execute(
                    "UPDATE messages SET is_read = 1, read_at = ?2
                     WHERE conversation_id = ?1 AND is_read = 0",
                    params![id, now],
                )?;
            }
            Ok(own)
        })
        .await?;
    if !known {
        return Err(Refusal::internal());
    }
    Ok(Json(json!({
        "success": true,
        "message": "La conversación quedó leída",
        "conversation_id": id,
    })))
}

pub(crate) async fn delete(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    let id = leading_integer(&id).ok_or_else(not_found)?;
    let tenant = caller.key();
    let owner = tenant.clone();
    let (deleted, emitted) = core
        .change(&tenant, move |rows, happenings| {
            let deleted = rows.execute(
                "DELETE FROM conversations WHERE id = ?1 AND tenant_id = ?2",
                params![id, owner.id],
            )?;
            if deleted > 0 {
                happenings.push(Happening::new(
                    "conversation:deleted",
                    json!({
                        "clientCode": owner.code,
                        "conversationId": id,
                        "timestamp": iso(now_ms()),
                    }),
                ));
            }
            Ok(deleted > 0)
        })
        .await?;
    emitted.wait().await;
    if !deleted {
        return Err(not_found());
    }
    Ok(Json(json!({
        "success": true,
        "message": "La conversación quedó eliminada",
        "conversation_id": id,
    })))
}

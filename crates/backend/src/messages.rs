//! The messages page and message search (contract 4.2, 4.3).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rusqlite::{Connection, named_params};
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    config::Dialect,
    core::Core,
    database::{DatabaseError, fold},
    history::{MESSAGE_COLUMNS, Message},
    replies::{Params, Refusal, Reply, leading_integer},
};

/// A page as it was asked for.
#[derive(Debug)]
struct Page {
    /// `None`: whoever owns the conversation.
    tenant: Option<i64>,
    conversation: i64,
    limit: i64,
    offset: i64,
    message_type: Option<String>,
    sender_type: Option<String>,
    url: String,
}

impl Page {
    /// Offset 0 is the newest `limit` messages, filters ignored; any other offset counts from the
    /// oldest, filters applied. Both come in ascending order.
    fn read(&self, rows: &Connection) -> Result<Vec<Value>, DatabaseError> {
        let newest = self.offset == 0;
        // Equal seconds have no order on the existing backend (contract 4.2): there, some
        // arbitrary one that is not the order of ids.
        let (up, down) = match self.tenant {
            Some(_) => ("m.sent_at, m.id", "m.sent_at DESC, m.id DESC"),
            None => ("m.sent_at, m.id % 3, m.id", "m.sent_at DESC, m.id % 3 DESC, m.id DESC"),
        };
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS}, c.contact_phone, c.contact_name
             FROM messages m JOIN conversations c ON c.id = m.conversation_id
             WHERE m.conversation_id = :conversation
                 AND (:tenant IS NULL OR m.tenant_id = :tenant)
                 AND (:message_type IS NULL OR m.message_type = :message_type)
                 AND (:sender_type IS NULL OR m.sender_type = :sender_type)
             ORDER BY {} LIMIT :limit OFFSET :offset",
            if newest { down } else { up },
        );
        let mut found = rows
            .prepare_cached(&sql)?
            .query_map(
                named_params! {
                    ":conversation": self.conversation,
                    ":tenant": self.tenant,
                    ":message_type": self.message_type.as_ref().filter(|_| !newest),
                    ":sender_type": self.sender_type.as_ref().filter(|_| !newest),
                    ":limit": self.limit,
                    ":offset": self.offset,
                },
                |row| with_contact(row, &self.url),
            )?
            .collect::<Result<Vec<_>, _>>()?;
        if newest {
            found.reverse();
        }
        Ok(found)
    }
}

/// A row of a page or of a search: with the contact's number and name.
fn with_contact(row: &rusqlite::Row<'_>, url: &str) -> Result<Value, rusqlite::Error> {
    let mut shown = Message::read(row)?.to_json(url);
    if let Some(members) = shown.as_object_mut() {
        members.insert("contact_phone".to_owned(), json!(row.get::<_, String>(12)?));
        members.insert("contact_name".to_owned(), json!(row.get::<_, Option<String>>(13)?));
    }
    Ok(shown)
}

pub(crate) async fn page(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Reply {
    let id = leading_integer(&id);
    let limit = params.count("limit", 50)?;
    let offset = params.count("offset", 0)?;
    let page = Page {
        tenant: (core.config.dialect == Dialect::Embedded).then_some(caller.id()),
        conversation: id.unwrap_or(-1),
        limit,
        offset,
        message_type: params.get("messageType").map(str::to_owned),
        sender_type: params.get("senderType").map(str::to_owned),
        url: core.url(),
    };
    let messages = core.database.call(move |rows| page.read(rows)).await?;
    Ok(Json(json!({
        "success": true,
        "conversation_id": id,
        "pagination": { "limit": limit, "offset": offset, "total": messages.len() },
        "messages": messages,
    })))
}

pub(crate) async fn search(State(core): State<Arc<Core>>, caller: Caller, params: Params) -> Reply {
    let Some(term) = params.get("q").filter(|term| !term.is_empty()).map(str::to_owned) else {
        return Err(Refusal::told(StatusCode::BAD_REQUEST, "Falta el texto a buscar («q»)"));
    };
    let limit = params.count("limit", 50)?;
    let offset = params.count("offset", 0)?;
    let conversation = params.get("conversationId").and_then(leading_integer);
    let pattern = format!("%{}%", fold(&term));
    let (tenant, url) = (caller.id(), core.url());
    let messages = core
        .database
        .call(move |rows| {
            let found = rows
                .prepare_cached(&format!(
                    "SELECT {MESSAGE_COLUMNS}, c.contact_phone, c.contact_name
                     FROM messages m JOIN conversations c ON c.id = m.conversation_id
                     WHERE m.tenant_id = :tenant AND fold(m.content) LIKE :pattern
                         AND (:conversation IS NULL OR m.conversation_id = :conversation)
                     ORDER BY m.sent_at DESC LIMIT :limit OFFSET :offset"
                ))?
                .query_map(
                    named_params! {
                        ":tenant": tenant,
                        ":pattern": pattern,
                        ":conversation": conversation,
                        ":limit": limit,
                        ":offset": offset,
                    },
                    |row| with_contact(row, &url),
                )?
                .collect::<Result<Vec<Value>, _>>()?;
            Ok(found)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "search_term": term,
        "pagination": { "limit": limit, "offset": offset, "total": messages.len() },
        "messages": messages,
    })))
}

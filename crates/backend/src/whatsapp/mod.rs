//! `/api/whatsapp`, the link (contract 4.13).

mod links;
mod pairing;
mod qr;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use self::links::QR_LIFE_MS;
use crate::{
    auth::Caller,
    clock::{iso, iso_or_null, now_ms},
    config::Dialect,
    core::Core,
    database::DatabaseError,
    replies::{Refusal, Reply, sum},
    sending::{self, files},
};

pub(crate) use links::{Link, Links};
pub(crate) use pairing::{link, phone_of, remember, unlink};

pub(crate) fn routes() -> Router<Arc<Core>> {
    let uploads = DefaultBodyLimit::max(files::MULTIPART_LIMIT);
    Router::new()
        .route("/status", get(status))
        .route("/connect", post(connect))
        .route("/disconnect", post(disconnect))
        .route("/force-cleanup", post(force_cleanup))
        .route("/qr/{code}", get(qr_picture))
        .route("/qr-json/{code}", get(qr_json))
        .route("/stats", get(totals))
        .route("/health", get(health))
        .route("/send-message", post(sending::send_text))
        .route("/send-image", post(files::send_image).layer(uploads))
        .route("/send-document", post(files::send_document).layer(uploads))
}

async fn status(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let tenant = caller.tenant.clone();
    let (session, stats) =
        core.database.call(move |rows| session(rows, tenant.id, &tenant.client_code)).await?;
    let mut body = json!({
        "success": true,
        "status": "not_initialized",
        "connected": false,
        "hasQR": false,
        "phoneNumber": null,
        "clientInfo": null,
        "session": session,
        "stats": stats,
    });
    let Some(members) = body.as_object_mut() else {
        return Ok(Json(body));
    };
    match core.links.get(caller.id()) {
        None => {}
        Some(Link::Starting(_)) => {
            members.remove("connected");
            members.insert("status".to_owned(), json!("initializing"));
        }
        Some(Link::Waiting { shown_at, .. }) => {
            members.remove("connected");
            let fresh = now_ms() - shown_at < QR_LIFE_MS;
            let status = if fresh { "waiting_qr" } else { "qr_expired" };
            members.insert("status".to_owned(), json!(status));
            members.insert("hasQR".to_owned(), json!(fresh));
        }
        Some(Link::Connected(phone)) => {
            members.insert("status".to_owned(), json!("connected"));
            members.insert(
                "connected".to_owned(),
                json!({
                    "server": "c.us",
                    "user": phone.number,
                    "_serialized": format!("{}@c.us", phone.number),
                }),
            );
            members.insert("phoneNumber".to_owned(), json!(phone.number));
            members.insert(
                "clientInfo".to_owned(),
                json!({ "pushname": phone.name, "platform": "android" }),
            );
        }
    }
    Ok(Json(body))
}

/// `session` and `stats` of the status; null when there never was a link.
fn session(rows: &Connection, tenant: i64, code: &str) -> Result<(Value, Value), DatabaseError> {
    let found = rows
        .query_row(
            "SELECT phone_number, status, connected_at, last_activity
             FROM whatsapp_sessions WHERE tenant_id = ?1",
            [tenant],
            |row| {
                Ok((
                    row.get::<_, Option<String>>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Option<i64>>(2)?,
                    row.get::<_, i64>(3)?,
                ))
            },
        )
        .optional()?;
    let Some((phone, status, connected_at, last_activity)) = found else {
        return Ok((Value::Null, Value::Null));
    };
    let shared = json!({
        "session_id": code,
        "phone_number": phone,
        "status": status,
        "connected_at": iso_or_null(connected_at),
        "last_activity": iso(last_activity),
    });
    let (mut session, mut stats) = (shared.clone(), shared);
    if let Some(members) = session.as_object_mut() {
        members.insert("is_active".to_owned(), json!(status == "connected"));
        members.insert("is_connecting".to_owned(), json!(status == "connecting"));
    }
    let conversations: i64 = rows.query_row(
        "SELECT count(*) FROM conversations WHERE tenant_id = ?1",
        [tenant],
        |row| row.get(0),
    )?;
    rows.query_row(
        "SELECT count(*), sum(sender_type = 'client'), sum(sender_type = 'bot'),
             sum(sender_type = 'contact')
         FROM messages WHERE tenant_id = ?1",
        [tenant],
        |row| {
            if let Some(members) = stats.as_object_mut() {
                members.insert("total_conversations".to_owned(), json!(conversations));
                members.insert("total_messages".to_owned(), json!(row.get::<_, i64>(0)?));
                members.insert("manual_messages".to_owned(), sum(row.get(1)?));
                members.insert("bot_messages".to_owned(), sum(row.get(2)?));
                members.insert("received_messages".to_owned(), sum(row.get(3)?));
            }
            Ok(())
        },
    )?;
    Ok((session, stats))
}

/// Answers when the first QR is about to be shown, or at once when linked. On the existing
/// backend a link the server remembers is restored without a QR (contract 10).
async fn connect(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let tenant = caller.key();
    let phone = phone_of(&caller.tenant);
    if let Some(Link::Connected(phone)) = core.links.get(tenant.id) {
        return Ok(Json(json!({
            "success": true,
            "message": "WhatsApp ya estaba vinculado",
            "status": "connected",
            "phoneNumber": phone.number,
            "clientInfo": { "pushname": phone.name, "platform": "android" },
        })));
    }
    if core.config.dialect == Dialect::Existing && remembers_a_link(&core, tenant.id).await? {
        link(&core, &tenant, phone, None).await.map_err(|error| {
            tracing::warn!(%error, "a remembered link could not be restored");
            Refusal::internal()
        })?;
        return Ok(Json(answer_to_connect("WhatsApp quedó vinculado", "connected")));
    }
    let attempt = core.links.begin(tenant.id);
    core.spawn(pairing::pair(Arc::clone(&core), tenant, phone, attempt));
    tokio::time::sleep(core.config.whatsapp.qr_after).await;
    Ok(Json(answer_to_connect("En un momento aparece el código QR", "initializing")))
}

fn answer_to_connect(message: &str, status: &str) -> Value {
    json!({
        "success": true,
        "message": message,
        "status": status,
        "phoneNumber": null,
        "hasQR": false,
        "timestamp": iso(now_ms()),
    })
}

async fn remembers_a_link(core: &Core, tenant: i64) -> Result<bool, DatabaseError> {
    core.database
        .call(move |rows| {
            Ok(rows
                .query_row(
                    "SELECT status = 'connected' FROM whatsapp_sessions WHERE tenant_id = ?1",
                    [tenant],
                    |row| row.get(0),
                )
                .optional()?
                .unwrap_or(false))
        })
        .await
}

async fn disconnect(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    unlink(&core, &caller.key(), "manual_disconnect").await?;
    Ok(Json(json!({
        "success": true,
        "message": "WhatsApp quedó desvinculado",
        "status": "disconnected",
    })))
}

/// No event, and what the server remembers is left alone (contract 4.13).
async fn force_cleanup(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    core.links.remove(caller.id());
    Ok(Json(json!({
        "success": true,
        "message": "La sesión de WhatsApp quedó borrada",
        "clientCode": caller.tenant.client_code,
        "timestamp": iso(now_ms()),
    })))
}

/// The QR on show and the time it was drawn.
fn shown_qr(core: &Core, caller: &Caller, code: &str) -> Result<(Arc<Vec<u8>>, i64), Refusal> {
    if code != caller.tenant.client_code {
        return Err(Refusal::told(StatusCode::FORBIDDEN, "Ese código es de otra cuenta"));
    }
    match core.links.get(caller.id()) {
        Some(Link::Waiting { png, shown_at, .. }) if now_ms() - shown_at < QR_LIFE_MS => {
            Ok((png, shown_at))
        }
        Some(Link::Waiting { .. }) => Err(Refusal::Other(
            StatusCode::GONE,
            json!({
                "success": false, "message": "El código QR venció", "hasQR": false,
                "expired": true,
            }),
        )),
        _ => Err(Refusal::Other(
            StatusCode::NOT_FOUND,
            json!({ "success": false, "message": "Todavía no hay código QR", "hasQR": false }),
        )),
    }
}

async fn qr_picture(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Response, Refusal> {
    let (png, _) = shown_qr(&core, &caller, &code)?;
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
    ];
    Ok((headers, png.as_ref().clone()).into_response())
}

async fn qr_json(State(core): State<Arc<Core>>, caller: Caller, Path(code): Path<String>) -> Reply {
    let (png, shown_at) = shown_qr(&core, &caller, &code)?;
    Ok(Json(json!({
        "success": true,
        "qrCode": qr::data_url(&png),
        "timestamp": iso(shown_at),
        "expiresIn": shown_at + QR_LIFE_MS - now_ms(),
    })))
}

fn all_links(core: &Core) -> Value {
    let (all, connected, waiting) = core.links.totals();
    json!({
        "totalClients": all,
        "connectedClients": connected,
        "waitingQR": waiting,
        "disconnectedClients": all.saturating_sub(connected + waiting),
    })
}

async fn totals(State(core): State<Arc<Core>>, _caller: Caller) -> Reply {
    Ok(Json(json!({ "success": true, "stats": all_links(&core) })))
}

async fn health(State(core): State<Arc<Core>>, _caller: Caller) -> Reply {
    Ok(Json(json!({
        "success": true,
        "message": "El servicio de WhatsApp está en marcha",
        "stats": all_links(&core),
        "timestamp": iso(now_ms()),
    })))
}

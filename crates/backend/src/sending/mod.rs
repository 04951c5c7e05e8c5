//! `POST /api/whatsapp/send-message` (contract 4.4) and what all sends share.

pub(crate) mod delivery;
pub(crate) mod files;
pub(crate) mod numbers;

use std::{sync::Arc, sync::Mutex, time::Duration};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::StatusCode,
};
use rusqlite::params;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use self::{
    delivery::{Delivery, Parcel, deliver, settle},
    numbers::{user_of, whatsapp_id},
};
use crate::{
    auth::Caller,
    clock::{now_ms, whole_second},
    config::{Dialect, EchoKind},
    core::Core,
    events::TenantKey,
    faults::{BadAnswer, SendStage},
    history::{self, Telling},
    listener::Peer,
    replies::{Body, Refusal, Reply},
    simulator::Heard,
};

pub(crate) const NOT_LINKED: &str = "Cliente de WhatsApp no está conectado";
const FIELDS_MISSING: &str = "Número de destino y mensaje son requeridos";
const SEND_FAILED: &str = "El mensaje no se pudo enviar";
/// How long the echo runs ahead of the reply: WhatsApp reports a message before its own call
/// returns, so the event usually arrives first (contract 3.3).
const ECHO_LEAD: Duration = Duration::from_millis(3);
/// Longest idempotency key that is taken.
const LONGEST_KEY: usize = 200;

/// Which kind of echo the next text gets.
#[derive(Debug)]
pub(crate) struct EchoChoice(Mutex<(EchoKind, bool)>);

impl EchoChoice {
    pub(crate) fn new(kind: EchoKind) -> Self {
        Self(Mutex::new((kind, false)))
    }

    pub(crate) fn set(&self, kind: EchoKind) {
        if let Ok(mut choice) = self.0.lock() {
            *choice = (kind, false);
        }
    }

    fn next(&self) -> Telling {
        let Ok(mut choice) = self.0.lock() else {
            return Telling::WithStats;
        };
        let (kind, turn) = *choice;
        choice.1 = !turn;
        match kind {
            EchoKind::Reported => Telling::WithStats,
            EchoKind::Stored => Telling::Alone,
            EchoKind::Alternating if turn => Telling::Alone,
            EchoKind::Alternating => Telling::WithStats,
        }
    }
}

/// How a send ended.
pub(crate) enum Outcome {
    Sent(Delivery),
    Refused(Refusal),
    /// A fault decides what the sender gets to see.
    Spoiled(BadAnswer),
}

impl<E: Into<Refusal>> From<E> for Outcome {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

pub(crate) fn failed(error: impl Into<String>) -> Refusal {
    Refusal::Failed { message: SEND_FAILED, error: error.into() }
}

/// Runs a send to its end even when the sender hangs up, as the existing backend does, and turns
/// the outcome into what the sender gets.
pub(crate) async fn see_through(
    core: &Arc<Core>,
    peer: &Peer,
    work: impl Future<Output = Outcome> + Send + 'static,
) -> Result<Delivery, Refusal> {
    let (answer, outcome) = oneshot::channel();
    core.spawn(async move {
        let _ = answer.send(work.await);
    });
    match outcome.await {
        Ok(Outcome::Sent(delivery)) => Ok(delivery),
        Ok(Outcome::Refused(refusal)) => Err(refusal),
        Ok(Outcome::Spoiled(BadAnswer::Status500)) => {
            Err(failed("La conexión con el teléfono falló"))
        }
        Ok(Outcome::Spoiled(BadAnswer::Cut)) | Err(_) => {
            peer.line.cut();
            std::future::pending().await
        }
        Ok(Outcome::Spoiled(BadAnswer::Silence)) => std::future::pending().await,
    }
}

/// The idempotency key of a body; the existing backend does not know one.
pub(crate) fn key_of(core: &Core, value: Option<&str>) -> Option<String> {
    value
        .filter(|_| core.config.dialect == Dialect::Embedded)
        .filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY)
        .map(str::to_owned)
}

/// The delivery an idempotency key stands for, made part of the history if it was not yet.
pub(crate) async fn earlier(
    core: &Core,
    tenant: &TenantKey,
    key: Option<&String>,
) -> Result<Option<Delivery>, Refusal> {
    let Some(key) = key.cloned() else {
        return Ok(None);
    };
    let id = tenant.id;
    let found = core.database.call(move |rows| Delivery::by_key(rows, id, &key)).await?;
    if let Some(delivery) = &found {
        settle(core, tenant, delivery, Telling::Alone).await?.wait().await;
    }
    Ok(found)
}

pub(crate) async fn send_text(
    State(core): State<Arc<Core>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    body: Body,
) -> Reply {
    let (to, message) = (body.get("to"), body.get("message"));
    if is_nothing(to) || is_nothing(message) {
        return Err(Refusal::told(StatusCode::BAD_REQUEST, FIELDS_MISSING));
    }
    if !core.links.is_connected(caller.id()) {
        return Err(Refusal::told(StatusCode::BAD_REQUEST, NOT_LINKED));
    }
    let Some(to) = to.as_str().map(whatsapp_id) else {
        return Err(failed("to.includes is not a function"));
    };
    let Some(text) = message.as_str().filter(|text| !text.trim().is_empty()) else {
        return Err(failed("El texto está en blanco"));
    };
    let is_bot = !is_nothing(body.get("isBot"));
    let key = key_of(&core, body.get("clientMessageId").as_str());
    let work = text_work(Arc::clone(&core), caller.key(), to, text.to_owned(), is_bot, key);
    let delivery = see_through(&core, &peer, work).await?;
    Ok(Json(json!({
        "success": true,
        "message": "El mensaje quedó enviado",
        "messageId": delivery.message_id,
        "to": delivery.to,
        "isBot": is_bot,
    })))
}

async fn text_work(
    core: Arc<Core>,
    tenant: TenantKey,
    to: String,
    text: String,
    is_bot: bool,
    key: Option<String>,
) -> Outcome {
    match earlier(&core, &tenant, key.as_ref()).await {
        Ok(Some(delivery)) => return Outcome::Sent(delivery),
        Ok(None) => {}
        Err(refusal) => return Outcome::Refused(refusal),
    }
    let fault = core.faults.next_send();
    if !is_bot && let Err(refusal) = open_conversation(&core, &tenant, &to).await {
        return Outcome::Refused(refusal);
    }
    if let Some((SendStage::BeforeDelivery, answer)) = fault {
        return Outcome::Spoiled(answer);
    }
    tokio::time::sleep(core.config.whatsapp.send_latency).await;
    let parcel = Parcel {
        to,
        kind: "text",
        text: Some(if is_bot { format!("[BOT] {text}") } else { text }),
        file_name: None,
        media_path: None,
        key,
    };
    let delivery = match deliver(&core, tenant.id, parcel).await {
        Ok(delivery) => delivery,
        Err(error) => return Outcome::Refused(failed(error.to_string())),
    };
    let heard = Heard { tenant: tenant.clone(), user: user_of(&delivery.to).to_owned() };
    core.hearing.tell(heard);
    if is_bot {
        return Outcome::Sent(delivery);
    }
    if let Some((SendStage::AfterDelivery { report_after_ms }, answer)) = fault {
        report_later(&core, tenant, delivery, report_after_ms.map(Duration::from_millis));
        return Outcome::Spoiled(answer);
    }
    match settle(&core, &tenant, &delivery, core.echo.next()).await {
        Ok(emitted) => emitted.wait().await,
        Err(error) => return Outcome::Refused(failed(error.to_string())),
    }
    if let Some((SendStage::AfterStoring, answer)) = fault {
        return Outcome::Spoiled(answer);
    }
    tokio::time::sleep(ECHO_LEAD).await;
    Outcome::Sent(delivery)
}

/// Finds or makes the conversation and switches its bot off, before WhatsApp is asked: a send that
/// fails afterwards leaves both (contract 4.4).
async fn open_conversation(core: &Core, tenant: &TenantKey, to: &str) -> Result<(), Refusal> {
    let id = tenant.id;
    let user = user_of(to).to_owned();
    let opened = core
        .database
        .change(move |rows| {
            let found = history::find_or_create(rows, id, &user, None)?;
            if let Ok(conversation) = &found {
                rows.execute(
                    "UPDATE conversations SET bot_enabled = 0, updated_at = ?2
                     WHERE id = ?1 AND bot_enabled = 1",
                    params![conversation.id, whole_second(now_ms())],
                )?;
            }
            Ok(found)
        })
        .await
        .map_err(|error| failed(error.to_string()))?;
    opened.map(|_| ()).map_err(|collision| failed(collision.told))
}

/// WhatsApp reports a message of the own account some time after it went out (kind A).
pub(crate) fn report_later(
    core: &Arc<Core>,
    tenant: TenantKey,
    delivery: Delivery,
    after: Option<Duration>,
) {
    let Some(after) = after else { return };
    let owner = Arc::clone(core);
    core.spawn(async move {
        tokio::time::sleep(after).await;
        if let Err(error) = settle(&owner, &tenant, &delivery, Telling::WithStats).await {
            tracing::warn!(%error, "a reported message could not be stored");
        }
    });
}

/// What JavaScript takes for false.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Stubs that send nothing (contract 4.4).
pub(crate) async fn use_the_other_route(_caller: Caller) -> Reply {
    Ok(Json(json!({
        "success": true,
        "message": "Los mensajes se envían por otra ruta",
        "redirect": "POST /api/whatsapp/send-message",
    })))
}

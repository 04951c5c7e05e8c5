//! `POST /__control`: orders and questions for tests that run the backend in another process.
//! Served only with [`crate::Config::control`] (`--control`), without any token, and never counted
//! by the limiter: not for a network that others share.
//!
//! A body is one JSON object with `command` and its arguments; the reply is `{"ok": value}`, or 400
//! `{"error": text}`.
//!
//! | `command` | arguments | value |
//! | --- | --- | --- |
//! | `addTenant` | `clientCode`, `password`, `linked`? (true), `phone`? | row id |
//! | `setStatus` | `tenant`, `status` | null |
//! | `inject` | `tenant`, `phone`, `name`?, `text`, `messageId`? | [`Stored`](crate::Stored) or null |
//! | `injectMany` | `tenant`, `phone`, `count`, `text` | number stored; texts end in ` 1`, ` 2`, … |
//! | `sendFromPhone`, `botReply` | `tenant`, `phone`, `text` | [`Stored`](crate::Stored) or null |
//! | `conversations` | `tenant` | list of [`ConversationView`](crate::ConversationView) |
//! | `messages` | `tenant`, `conversation` | list of [`MessageView`](crate::MessageView) |
//! | `deliveries` | `tenant` | list of [`Delivery`](crate::Delivery) |
//! | `lastSeq` | `tenant` | number |
//! | `setLinked` | `tenant`, `linked` | null |
//! | `scanQr` | `tenant` | whether there was one |
//! | `setEcho` | `echo`: `reported`, `stored` or `alternating` | null |
//! | `seed` | `tenant`, `conversations`, `messagesEach` | null |
//! | `kick`, `cut`, `stall`, `resume`, `clearFaults`, `resetLimiter` | | null |
//! | `restart` | `downMs`? (0) | null, before it happens |
//! | `delayRequests`, `delayEvents` | `ms` | null |
//! | `failSends` | `count`, `stage`: a [`SendStage`], `answer`: a [`BadAnswer`] | null |
//! | `dropEvents`, `duplicateEvents`, `reorderEvents` | `count` | null |
//! | `garbage` | `tenant`, `kind`: a [`Garbage`] | null |
//! | `tooManyRequests` | `ms` | null |
//! | `databaseDown` | `down` | null |
//!
//! A stall also silences this endpoint: `stall` takes `ms`? after which it ends by itself.
//!
//! ```json
//! {"command": "failSends", "count": 1, "stage": {"at": "afterStoring"}, "answer": "cut"}
//! ```

use std::{sync::Arc, time::Duration};

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    config::EchoKind,
    core::Core,
    error::Error,
    faults::{BadAnswer, Garbage, SendStage},
    instance::Instance,
    replies::{Refusal, Reply},
    tenants::NewTenant,
};

/// How long after its reply a restart or a stall begins: long enough for the reply to leave.
const AFTER_REPLY: Duration = Duration::from_millis(30);

#[derive(Debug, Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Command {
    AddTenant {
        client_code: String,
        password: String,
        linked: Option<bool>,
        phone: Option<String>,
    },
    SetStatus {
        tenant: String,
        status: String,
    },
    Inject {
        tenant: String,
        phone: String,
        name: Option<String>,
        text: String,
        message_id: Option<String>,
    },
    InjectMany {
        tenant: String,
        phone: String,
        count: u32,
        text: String,
    },
    SendFromPhone {
        tenant: String,
        phone: String,
        text: String,
    },
    BotReply {
        tenant: String,
        phone: String,
        text: String,
    },
    Conversations {
        tenant: String,
    },
    Messages {
        tenant: String,
        conversation: i64,
    },
    Deliveries {
        tenant: String,
    },
    LastSeq {
        tenant: String,
    },
    SetLinked {
        tenant: String,
        linked: bool,
    },
    ScanQr {
        tenant: String,
    },
    SetEcho {
        echo: Echo,
    },
    Seed {
        tenant: String,
        conversations: u32,
        messages_each: u32,
    },
    Kick,
    Cut,
    Stall {
        ms: Option<u64>,
    },
    Resume,
    ClearFaults,
    ResetLimiter,
    Restart {
        down_ms: Option<u64>,
    },
    DelayRequests {
        ms: u64,
    },
    DelayEvents {
        ms: u64,
    },
    FailSends {
        count: usize,
        stage: SendStage,
        answer: BadAnswer,
    },
    DropEvents {
        count: u32,
    },
    DuplicateEvents {
        count: u32,
    },
    ReorderEvents {
        count: u32,
    },
    Garbage {
        tenant: String,
        kind: Garbage,
    },
    TooManyRequests {
        ms: u64,
    },
    DatabaseDown {
        down: bool,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Echo {
    Reported,
    Stored,
    Alternating,
}

pub(crate) async fn handle(State(core): State<Arc<Core>>, body: Bytes) -> Reply {
    let refused =
        |error: String| Refusal::Other(StatusCode::BAD_REQUEST, json!({ "error": error }));
    let command = serde_json::from_slice(&body).map_err(|error| refused(error.to_string()))?;
    let value =
        carry_out(Instance { core }, command).await.map_err(|error| refused(error.to_string()))?;
    Ok(Json(json!({ "ok": value })))
}

async fn carry_out(instance: Instance, command: Command) -> Result<Value, Error> {
    match command {
        Command::AddTenant { .. }
        | Command::SetStatus { .. }
        | Command::Inject { .. }
        | Command::InjectMany { .. }
        | Command::SendFromPhone { .. }
        | Command::BotReply { .. }
        | Command::SetLinked { .. }
        | Command::ScanQr { .. }
        | Command::SetEcho { .. }
        | Command::Seed { .. } => change(&instance, command).await,
        Command::Conversations { tenant } => written(&instance.conversations(&tenant).await?),
        Command::Messages { tenant, conversation } => {
            written(&instance.messages(&tenant, conversation).await?)
        }
        Command::Deliveries { tenant } => written(&instance.deliveries(&tenant).await?),
        Command::LastSeq { tenant } => Ok(json!(instance.last_seq(&tenant).await?)),
        fault => {
            order(&instance, fault).await;
            Ok(Value::Null)
        }
    }
}

async fn change(instance: &Instance, command: Command) -> Result<Value, Error> {
    match command {
        Command::AddTenant { client_code, password, linked, phone } => {
            let mut tenant = NewTenant::new(client_code, password);
            tenant.linked = linked.unwrap_or(true);
            if let Some(phone) = phone {
                tenant.phone = phone;
            }
            Ok(json!(instance.add_tenant(tenant).await?))
        }
        Command::SetStatus { tenant, status } => {
            instance.set_status(&tenant, &status).await?;
            Ok(Value::Null)
        }
        Command::Inject { tenant, phone, text, message_id: Some(id), .. } => {
            written(&instance.inject_with_id(&tenant, &phone, &text, &id).await?)
        }
        Command::Inject { tenant, phone, name, text, message_id: None } => {
            let name = name.unwrap_or_else(|| phone.clone());
            written(&instance.inject_message(&tenant, &phone, &name, &text).await?)
        }
        Command::InjectMany { tenant, phone, count, text } => {
            Ok(json!(instance.inject_many(&tenant, &phone, count, &text).await?))
        }
        Command::SendFromPhone { tenant, phone, text } => {
            written(&instance.send_from_phone(&tenant, &phone, &text).await?)
        }
        Command::BotReply { tenant, phone, text } => {
            written(&instance.bot_reply(&tenant, &phone, &text).await?)
        }
        Command::SetLinked { tenant, linked } => {
            instance.set_linked(&tenant, linked).await?;
            Ok(Value::Null)
        }
        Command::ScanQr { tenant } => Ok(json!(instance.scan_qr(&tenant).await?)),
        Command::SetEcho { echo } => {
            instance.set_echo(match echo {
                Echo::Reported => EchoKind::Reported,
                Echo::Stored => EchoKind::Stored,
                Echo::Alternating => EchoKind::Alternating,
            });
            Ok(Value::Null)
        }
        Command::Seed { tenant, conversations, messages_each } => {
            instance.seed(&tenant, conversations, messages_each).await?;
            Ok(Value::Null)
        }
        _ => Ok(Value::Null),
    }
}

async fn order(instance: &Instance, fault: Command) {
    let faults = instance.faults();
    match fault {
        Command::Kick => faults.kick().await,
        Command::Cut => soon(instance, |instance| async move { instance.faults().cut() }),
        Command::Stall { ms } => soon(instance, move |instance| async move {
            instance.faults().stall();
            if let Some(ms) = ms {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                instance.faults().resume();
            }
        }),
        Command::Resume => faults.resume(),
        Command::ClearFaults => faults.clear(),
        Command::ResetLimiter => faults.reset_limiter(),
        Command::Restart { down_ms } => soon(instance, move |instance| async move {
            instance.go_down().await;
            tokio::time::sleep(Duration::from_millis(down_ms.unwrap_or(0))).await;
            if let Err(error) = instance.come_up().await {
                tracing::error!(%error, "the instance could not come up again");
            }
        }),
        Command::DelayRequests { ms } => faults.delay_requests(Duration::from_millis(ms)),
        Command::DelayEvents { ms } => faults.delay_events(Duration::from_millis(ms)),
        Command::FailSends { count, stage, answer } => faults.fail_sends(count, stage, answer),
        Command::DropEvents { count } => faults.drop_events(count),
        Command::DuplicateEvents { count } => faults.duplicate_events(count),
        Command::ReorderEvents { count } => faults.reorder_events(count),
        Command::Garbage { tenant, kind } => faults.garbage(&tenant, kind),
        Command::TooManyRequests { ms } => faults.too_many_requests(Duration::from_millis(ms)),
        Command::DatabaseDown { down } => faults.database_down(down),
        _ => {}
    }
}

/// Does what would cut off its own reply, just after the reply.
fn soon<F>(instance: &Instance, act: impl FnOnce(Instance) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send,
{
    let within = instance.clone();
    instance.core.spawn(async move {
        tokio::time::sleep(AFTER_REPLY).await;
        act(within).await;
    });
}

fn written<T: Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Reply(error.to_string()))
}

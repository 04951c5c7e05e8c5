//! Socket.IO (contract 3): the handshake, the one room per tenant, and sending to it.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::{Value, json};
use socketioxide::{
    SocketIo,
    extract::{SocketRef, State, TryData},
    handler::ConnectHandler as _,
    layer::SocketIoLayer,
};

use crate::{
    auth::{Denied, identify},
    clock::{iso, now_ms},
    config::Dialect,
    core::Core,
    events::{TenantKey, last_seq},
    faults::Garbage,
};

/// Packets that may wait for one slow socket. The library's 128 lose events in a burst.
const BUFFERED_PACKETS: usize = 65_536;
const MAX_PAYLOAD: u64 = 1_000_000;

/// What `server:hello` promises.
const FEATURES: [&str; 5] = ["auth", "seq", "events", "clientMessageId", "ownConversationsOnly"];

/// Why a socket was refused; the text is the `message` of the connect error.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("TOKEN_MISSING")]
    NoToken,
    #[error("{0}")]
    Token(&'static str),
    #[error("CLIENT_MISMATCH")]
    OtherTenant,
}

/// The sockets of the running listener; none between two listeners.
#[derive(Debug, Default)]
pub(crate) struct Sockets(Mutex<Option<SocketIo>>);

impl Sockets {
    fn io(&self) -> Option<SocketIo> {
        self.0.lock().ok().and_then(|io| io.clone())
    }

    pub(crate) fn set(&self, io: Option<SocketIo>) {
        if let Ok(mut current) = self.0.lock() {
            *current = io;
        }
    }

    /// Sends one event to every socket of the tenant.
    pub(crate) async fn emit<T: Serialize + ?Sized>(&self, code: &str, event: &str, payload: &T) {
        let Some(io) = self.io() else { return };
        if let Err(error) = io.to(room(code)).emit(event, payload).await {
            tracing::warn!(%error, event, "an event did not reach every socket");
        }
    }

    pub(crate) async fn kick(&self) {
        let Some(io) = self.io() else { return };
        if let Err(error) = io.disconnect().await {
            tracing::debug!(%error, "some socket was gone already");
        }
    }

    /// Ends every session and its timers.
    pub(crate) async fn close(&self) {
        let io = self.io();
        self.set(None);
        if let Some(io) = io {
            io.close().await;
        }
    }

    pub(crate) async fn emit_garbage(&self, code: &str, garbage: Garbage) {
        const NEW: &str = "message:new";
        match garbage {
            Garbage::NotAnObject => {
                for payload in [json!("hola"), json!(7), Value::Null, json!([1, 2])] {
                    self.emit(code, NEW, &payload).await;
                }
            }
            Garbage::NoArguments => {
                let none: [u8; 0] = [];
                self.emit(code, NEW, &none).await;
            }
            Garbage::MissingFields => {
                for payload in [
                    json!({}),
                    json!({ "clientCode": code }),
                    json!({ "clientCode": code, "message": null, "conversation": {} }),
                    json!({ "clientCode": code, "message": { "content": "suelto" } }),
                ] {
                    self.emit(code, NEW, &payload).await;
                }
            }
            Garbage::WrongTypes => {
                let payload = json!({
                    "clientCode": code,
                    "message": { "id": "siete", "conversation_id": {}, "sent_at": 12, "from_me": [] },
                    "conversation": "ninguna",
                    "timestamp": false,
                });
                self.emit(code, NEW, &payload).await;
                self.emit(code, "stats:updated", &json!({ "clientCode": code, "stats": [] })).await;
            }
            Garbage::ForeignTenant => self.emit(code, NEW, &stray_message(Some("AJENO"))).await,
            Garbage::NoTenant => self.emit(code, NEW, &stray_message(None)).await,
            Garbage::UnknownEvents => {
                for event in ["bot:status_changed", "conversation:updated", "x"] {
                    self.emit(code, event, &json!({ "clientCode": code, "dato": 1 })).await;
                }
            }
        }
    }
}

/// A well-formed incoming message that belongs to nobody here.
fn stray_message(code: Option<&str>) -> Value {
    let now = iso(now_ms());
    let mut payload = json!({
        "message": {
            "id": 2_000_000_000, "conversation_id": 2_000_000_000,
            "message_id": "false_5491100000000@c.us_3EB000000000000000AJENO",
            "sender_type": "contact", "from_me": false, "is_from_bot": false,
            "content": "Esto es de otra cuenta", "message_type": "text", "media_url": null,
            "file_name": null, "media_mimetype": null, "media_size": null,
            "quoted_message_id": null, "is_read": 0, "read_at": null, "sent_at": now,
            "delivered_at": null, "created_at": now, "updated_at": null,
        },
        "conversation": {
            "id": 2_000_000_000, "client_id": 2_000_000_000, "contact_phone": "5491100000000",
            "contact_name": "Nadie", "last_message": "Esto es de otra cuenta",
            "last_message_at": now, "unread_count": 1, "is_archived": false, "is_pinned": false,
            "bot_enabled": 1, "created_at": now, "updated_at": now,
        },
        "timestamp": now,
    });
    if let (Some(code), Some(members)) = (code, payload.as_object_mut()) {
        members.insert("clientCode".to_owned(), json!(code));
    }
    payload
}

fn room(code: &str) -> String {
    format!("client_{code}")
}

/// A layer that serves the sockets of `core` below its base path.
pub(crate) fn layer(core: &Arc<Core>) -> (SocketIoLayer, SocketIo) {
    let heartbeat = core.config.heartbeat;
    let (layer, io) = SocketIo::builder()
        .req_path(format!("{}/socket.io", core.config.base_path))
        .ping_interval(heartbeat.interval)
        .ping_timeout(heartbeat.timeout)
        .max_payload(MAX_PAYLOAD)
        .max_buffer_size(BUFFERED_PACKETS)
        .with_state(Arc::clone(core))
        .build_layer();
    match core.config.dialect {
        Dialect::Embedded => io.ns("/", nothing_more.with(admit)),
        Dialect::Existing => io.ns("/", nothing_more.with(admit_anybody)),
    }
    (layer, io)
}

/// The handshake's `auth`: a good token, and its own tenant where one is named.
async fn admit(
    socket: SocketRef,
    TryData(auth): TryData<Value>,
    State(core): State<Arc<Core>>,
) -> Result<(), Refused> {
    let auth = auth.unwrap_or_default();
    let token = auth.get("token").and_then(Value::as_str).unwrap_or_default();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    if token.is_empty() {
        return Err(Refused::NoToken);
    }
    let caller = identify(&core, token).await.map_err(|denied| {
        Refused::Token(match denied {
            Denied::Missing => "TOKEN_MISSING",
            Denied::Expired => "TOKEN_EXPIRED",
            Denied::Invalid => "TOKEN_INVALID",
            Denied::Gone => "CLIENT_NOT_FOUND",
            Denied::Inactive => "ACCOUNT_INACTIVE",
            Denied::Unclear => "UNAUTHORIZED",
        })
    })?;
    let same_code = auth
        .get("clientCode")
        .is_none_or(|code| code.is_null() || code.as_str() == Some(&caller.tenant.client_code));
    let same_id =
        auth.get("clientId").is_none_or(|id| id.is_null() || id.as_i64() == Some(caller.tenant.id));
    if !(same_code && same_id) {
        return Err(Refused::OtherTenant);
    }
    socket.on("join_client_room", join);
    socket.extensions.insert(TenantKey { id: caller.tenant.id, code: caller.tenant.client_code });
    Ok(())
}

async fn admit_anybody(socket: SocketRef) -> Result<(), Refused> {
    socket.on("join_client_room", join);
    Ok(())
}

/// The library calls this after it has told the client that it is connected. A fast client asks
/// for its room before that: whatever listens must be there already, so it is set while the
/// handshake is checked.
async fn nothing_more() {}

/// One argument, a plain text: the tenant's code. No answer but, here, `server:hello`.
async fn join(socket: SocketRef, TryData(code): TryData<Value>, State(core): State<Arc<Core>>) {
    let Ok(Value::String(code)) = code else {
        return;
    };
    if core.config.dialect == Dialect::Existing {
        socket.join(room(&code));
        return;
    }
    let Some(own) = socket.extensions.get::<TenantKey>() else {
        return;
    };
    if own.code != code {
        tracing::debug!("a socket asked for a room that is not its own");
        return;
    }
    // Joined before the number is read: what is newer than the number comes live.
    socket.join(room(&code));
    match core.database.call(move |rows| last_seq(rows, own.id)).await {
        Ok(seq) => {
            let hello = json!({
                "clientCode": code,
                "version": env!("CARGO_PKG_VERSION"),
                "features": FEATURES,
                "seq": seq,
                "timestamp": iso(now_ms()),
            });
            if let Err(error) = socket.emit("server:hello", &hello) {
                tracing::debug!(%error, "a socket left before the greeting");
            }
        }
        Err(error) => tracing::warn!(%error, "no greeting: the event number could not be read"),
    }
}

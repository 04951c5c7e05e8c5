//! Events of the socket (contract 3.2 to 3.4, and those of the embedded backend).

use super::row;
use super::scalar::{DecodeError, Fields};
use crate::ConversationId;
use crate::fact::{ServerEvent, WhatsappState};
use serde_json::Value;

/// Every event that means something here; names from outside are never kept.
const KNOWN: &[&str] = &[
    "message:new",
    "stats:updated",
    "conversation:deleted",
    "conversation:updated",
    "bot:status_changed",
    "whatsapp:qr",
    "whatsapp:authenticated",
    "whatsapp:ready",
    "whatsapp:status_updated",
    "whatsapp:connection_completed",
    "whatsapp:auth_failure",
    "whatsapp:disconnected",
    "server:hello",
];

/// What became of an event.
#[allow(clippy::large_enum_variant, reason = "events are most of them; each is moved once")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// One of the own company's.
    Event(ServerEvent),
    /// It names another company, or none: drop and count it.
    Foreign,
    /// Its name means nothing here.
    Unknown,
    /// Its name and company are right, its payload is not.
    Malformed(DecodeError),
}

/// The name under which an event is counted: its own when it is known, else `other`, so that a
/// server cannot fill the memory with names.
#[must_use]
pub fn event_label(name: &str) -> &'static str {
    KNOWN.iter().find(|known| **known == name).copied().unwrap_or("other")
}

/// Decodes an event that came with these arguments over the link of the company `own_code`, as
/// the login reply spells it (rooms are case-sensitive).
#[must_use]
pub fn decode_event(name: &str, args: &[Value], own_code: &str) -> Decoded {
    if event_label(name) == "other" {
        return Decoded::Unknown;
    }
    let absent = Value::Null;
    let payload = Fields::of(args.first().unwrap_or(&absent));
    let code = payload.get("clientCode");
    let own = match code {
        Some(code) => code.as_str() == Some(own_code),
        // The greeting is to the socket, not to the company's room.
        None => name == "server:hello",
    };
    if !own {
        return Decoded::Foreign;
    }
    match decode_own(name, payload) {
        Ok(event) => Decoded::Event(event),
        Err(error) => Decoded::Malformed(error),
    }
}

fn decode_own(name: &str, payload: Fields<'_>) -> Result<ServerEvent, DecodeError> {
    match name {
        "message:new" => message_new(payload),
        "stats:updated" => {
            Ok(ServerEvent::StatsUpdated { stats: row::stats(payload.object("stats"))? })
        }
        "conversation:deleted" => Ok(ServerEvent::ConversationDeleted {
            conversation_id: ConversationId(payload.id("conversationId")?),
        }),
        "conversation:updated" | "bot:status_changed" => bot_changed(name, payload),
        "server:hello" => hello(payload),
        _ => whatsapp(name, payload),
    }
}

fn message_new(payload: Fields<'_>) -> Result<ServerEvent, DecodeError> {
    let message = row::message(payload.get("message").ok_or(DecodeError::Missing("message"))?)?;
    // A conversation that makes no sense must not cost the message.
    let conversation = payload
        .get("conversation")
        .and_then(|value| row::conversation(value).ok())
        .filter(|conversation| conversation.id == message.conversation_id);
    Ok(ServerEvent::MessageNew { message, conversation })
}

fn bot_changed(name: &str, payload: Fields<'_>) -> Result<ServerEvent, DecodeError> {
    let conversation = payload.object("conversation");
    let id = match payload.optional_id("conversationId")? {
        Some(id) => Some(id),
        None => conversation.optional_id("id")?,
    };
    if id.is_none() && name == "conversation:updated" {
        return Err(DecodeError::Missing("conversationId"));
    }
    let spellings = [
        (payload, "enabled"),
        (payload, "botEnabled"),
        (payload, "bot_enabled"),
        (conversation, "bot_enabled"),
    ];
    for (fields, spelling) in spellings {
        if let Some(enabled) = fields.optional_flag(spelling)? {
            return Ok(ServerEvent::BotChanged {
                conversation_id: id.map(ConversationId),
                enabled,
            });
        }
    }
    Err(DecodeError::Missing("enabled"))
}

fn hello(payload: Fields<'_>) -> Result<ServerEvent, DecodeError> {
    let features = payload.get("features").and_then(Value::as_array);
    Ok(ServerEvent::Hello {
        version: payload.needed_text("version")?,
        features: features
            .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
        seq: payload
            .get("seq")
            .and_then(|seq| seq.as_u64().or_else(|| seq.as_str()?.trim().parse().ok()))
            .unwrap_or(0),
    })
}

fn whatsapp(name: &str, payload: Fields<'_>) -> Result<ServerEvent, DecodeError> {
    let mut qr = None;
    let mut reason = None;
    let state = match name {
        "whatsapp:qr" => {
            let image = payload.needed_text("qr")?;
            if !image.starts_with("data:image/") {
                return Err(DecodeError::Nonsense("qr"));
            }
            qr = Some(image);
            WhatsappState::WaitingQr
        }
        "whatsapp:authenticated" => WhatsappState::Authenticated,
        "whatsapp:ready" => WhatsappState::Connected,
        "whatsapp:status_updated" => whatsapp_state(&payload.needed_text("status")?),
        "whatsapp:connection_completed" => match payload.optional_flag("success")? {
            Some(false) => WhatsappState::Error,
            Some(true) | None => WhatsappState::Connected,
        },
        "whatsapp:auth_failure" => {
            reason = payload.text("message")?;
            WhatsappState::AuthFailure
        }
        "whatsapp:disconnected" => {
            reason = payload.text("reason")?;
            WhatsappState::Disconnected
        }
        // `KNOWN` and this list name the same events; a test goes through all of them.
        _ => return Err(DecodeError::Nonsense("event")),
    };
    Ok(ServerEvent::Whatsapp { state, qr, phone: payload.text("phoneNumber")?, reason })
}

/// The states of 4.13; one that is not known is [`WhatsappState::Unknown`].
#[must_use]
pub fn whatsapp_state(text: &str) -> WhatsappState {
    match text {
        "not_initialized" => WhatsappState::NotInitialized,
        "initializing" | "connecting" => WhatsappState::Initializing,
        "waiting_qr" => WhatsappState::WaitingQr,
        "qr_expired" => WhatsappState::QrExpired,
        "authenticated" => WhatsappState::Authenticated,
        "connected" => WhatsappState::Connected,
        "disconnected" => WhatsappState::Disconnected,
        "auth_failure" => WhatsappState::AuthFailure,
        "error" => WhatsappState::Error,
        _ => WhatsappState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoded, KNOWN, decode_event, event_label};
    use crate::wire::DecodeError;
    use serde_json::json;

    #[test]
    fn every_known_event_has_a_reading() {
        for name in KNOWN {
            let decoded = decode_event(name, &[json!({ "clientCode": "NORTE" })], "NORTE");
            assert!(
                matches!(decoded, Decoded::Event(_) | Decoded::Malformed(DecodeError::Missing(_))),
                "{name}: {decoded:?}"
            );
            assert_eq!(event_label(name), *name);
        }
        assert_eq!(event_label("algo:nuevo"), "other");
    }

    #[test]
    fn a_code_that_is_not_exactly_the_own_one_is_foreign() {
        let payloads = [
            json!({ "clientCode": "SUR", "conversationId": 7 }),
            json!({ "clientCode": "norte", "conversationId": 7 }),
            json!({ "clientCode": null, "conversationId": 7 }),
            json!({ "clientCode": ["NORTE"], "conversationId": 7 }),
            json!({ "conversationId": 7 }),
            json!("NORTE"),
            json!(null),
        ];
        for payload in payloads {
            let args = [payload];
            assert_eq!(
                decode_event("conversation:deleted", &args, "NORTE"),
                Decoded::Foreign,
                "{args:?}"
            );
        }
        assert_eq!(decode_event("conversation:deleted", &[], "NORTE"), Decoded::Foreign);
    }
}

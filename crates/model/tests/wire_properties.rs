//! Whatever a server sends: no panic, no other company's event, no page lost for a row.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use condorito_model::rest::{Reply, Request};
use condorito_model::wire::{
    Decoded, ServerError, TokenTimes, decode_account, decode_event, decode_renewal, decode_reply,
    decode_sign_in, parse_body,
};
use condorito_model::{ConversationId, LocalId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NAMES: &[&str] = &[
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
    "bulk_campaign_progress",
    "message",
];

/// The fields the decoders look for, so that chance hits them.
const FIELDS: &[&str] = &[
    "success",
    "message",
    "conversation",
    "conversations",
    "messages",
    "conversationId",
    "stats",
    "status",
    "quota",
    "limits",
    "bot_status",
    "tokens",
    "client",
    "id",
    "conversation_id",
    "message_id",
    "sender_type",
    "from_me",
    "sent_at",
    "contact_phone",
    "unread_count",
    "bot_enabled",
    "enabled",
    "qr",
    "seq",
    "version",
    "features",
    "code",
    "error",
    "exp",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0i64..2000).prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!("NORTE")),
        Just(json!("2025-03-04T13:20:05.000Z")),
        Just(json!("contact")),
        Just(json!("data:image/png;base64,AA")),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(FIELDS), inner), 0..10).prop_map(
                |fields| {
                    let fields: Map<String, Value> =
                        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                    Value::from(fields)
                }
            ),
        ]
    })
}

fn requests() -> Vec<Request> {
    let conversation_id = ConversationId(31);
    let local_id = LocalId(String::new());
    vec![
        Request::Conversations { limit: 5, offset: 0 },
        Request::Messages { conversation_id, limit: 5, offset: 0 },
        Request::NewestMessages { limit: 5, offset: 0 },
        Request::MarkRead { conversation_id },
        Request::SetBot { conversation_id, enabled: true },
        Request::SetBotAll { enabled: true },
        Request::DeleteConversation { conversation_id },
        Request::SendText { to: String::new(), text: String::new(), local_id },
        Request::WhatsappStatus,
        Request::Stats,
        Request::Quota,
        Request::BotStatus,
    ]
}

/// A good row, in which one field is replaced by anything.
fn nearly_a_row(good: Value) -> impl Strategy<Value = Value> {
    let names: Vec<String> = good.as_object().unwrap().keys().cloned().collect();
    (prop::sample::select(names), anything()).prop_map(move |(name, value)| {
        let mut row = good.clone();
        row[name] = value;
        row
    })
}

fn good_message() -> Value {
    json!({
        "id": 7, "conversation_id": 31, "message_id": "false_1", "sender_type": "contact",
        "from_me": false, "is_from_bot": false, "content": "hola", "message_type": "image",
        "media_url": "/uploads/a.jpg", "file_name": null, "sent_at": "2025-03-04T13:20:05.000Z",
        "contact_phone": "5493875550114",
    })
}

proptest! {
    #[test]
    fn any_json_decodes_or_is_refused(body in anything()) {
        for request in requests() {
            let _ = decode_reply(&request, &body);
        }
        let _ = (decode_sign_in(&body), decode_renewal(&body), decode_account(&body));
        let _ = (ServerError::of(&body), TokenTimes::of_claims(&body));
    }

    #[test]
    fn any_bytes_are_json_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_body(&bytes);
    }

    #[test]
    fn any_text_with_escapes_is_json_or_refused(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "\\u", "d83d", "DE00", "\\", "\"", "{", "}", "é", "😀", "\\ud83d\\ude00", ":", "a",
            ]),
            0..30,
        )
    ) {
        let _ = parse_body(pieces.concat().as_bytes());
    }

    #[test]
    fn json_that_needs_no_repair_is_taken_as_it_is(body in anything()) {
        let bytes = serde_json::to_vec(&body).unwrap();
        prop_assert_eq!(parse_body(&bytes).unwrap(), serde_json::from_slice::<Value>(&bytes).unwrap());
    }

    #[test]
    fn no_event_of_another_company_becomes_one(
        name in prop::sample::select(NAMES),
        mut payload in anything(),
        code in anything().prop_filter("not the own code", |code| code != "NORTE"),
        rest in prop::collection::vec(anything(), 0..2),
    ) {
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("clientCode".to_owned(), code);
        }
        let greeting = name == "server:hello"
            && payload.get("clientCode").is_none_or(Value::is_null);
        let args: Vec<Value> = std::iter::once(payload).chain(rest).collect();
        let decoded = decode_event(name, &args, "NORTE");
        if !greeting {
            prop_assert!(matches!(decoded, Decoded::Foreign | Decoded::Unknown), "{:?}", decoded);
        }
    }

    #[test]
    fn own_events_decode_or_are_refused(
        name in prop::sample::select(NAMES),
        mut payload in anything(),
    ) {
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("clientCode".to_owned(), json!("NORTE"));
        }
        let _ = decode_event(name, &[payload], "NORTE");
    }

    #[test]
    fn one_odd_row_costs_at_most_itself(
        row in nearly_a_row(good_message()),
        at in 0usize..4,
    ) {
        let mut list = vec![good_message(); 3];
        list.insert(at, row);
        let request = Request::NewestMessages { limit: 5, offset: 0 };
        let decoded = decode_reply(&request, &json!({ "success": true, "messages": list }));
        let Ok(Reply::Messages { rows, raw_rows }) = decoded else {
            return Err(TestCaseError::fail(format!("{decoded:?}")));
        };
        prop_assert_eq!(raw_rows, 4);
        prop_assert!(rows.len() >= 3);
        for row in rows {
            prop_assert!(row.id.0 > 0 && row.conversation_id.0 > 0);
            prop_assert!(!row.message_id.as_str().is_empty());
            prop_assert_ne!(row.content.as_deref(), Some(""));
        }
    }
}

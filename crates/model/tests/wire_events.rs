//! Recorded shapes of socket events, sign-in replies and error bodies, with texts of our own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use condorito_model::fact::{Sender, ServerEvent, WhatsappState};
use condorito_model::wire::{
    DecodeError, Decoded, GuardCode, ServerError, decode_account, decode_event, decode_renewal,
    decode_sign_in,
};
use condorito_model::{ConversationId, RowId};
use serde_json::{Value, json};

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The event and its arguments of a recorded case.
fn recorded(case: &str) -> (String, Vec<Value>) {
    let events = fixture("events");
    let found = events.as_array().unwrap().iter().find(|entry| entry["case"] == case);
    let entry = found.unwrap_or_else(|| panic!("no such case: {case}"));
    let args = entry["args"].as_array().unwrap().clone();
    (entry["event"].as_str().unwrap().to_owned(), args)
}

fn event(case: &str) -> ServerEvent {
    let (name, args) = recorded(case);
    match decode_event(&name, &args, "NORTE") {
        Decoded::Event(event) => event,
        other => panic!("{case}: {other:?}"),
    }
}

#[test]
fn the_three_kinds_of_message_are_one() {
    let cases = [
        ("kind A, received", 740, Sender::Contact, Some((3, true))),
        ("kind A, from the handset", 741, Sender::Client, Some((0, false))),
        ("kind B", 742, Sender::Bot, None),
        ("kind C", 743, Sender::Client, Some((2, false))),
        ("conversation makes no sense", 744, Sender::Contact, None),
        ("conversation of another id", 745, Sender::Contact, None),
    ];
    for (case, id, from, expected) in cases {
        let ServerEvent::MessageNew { message, conversation } = event(case) else {
            panic!("{case}: another event")
        };
        assert_eq!((message.id, message.from), (RowId(id), from), "{case}");
        assert_eq!(message.phone, None, "{case}: only lists carry it");
        let told = conversation.map(|told| {
            assert_eq!(told.total_messages, None, "{case}: only lists carry it");
            (told.unread_count, told.bot_enabled)
        });
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn the_whatsapp_events_are_states() {
    let number = Some("5493875550100");
    let cases = [
        ("qr", WhatsappState::WaitingQr, None, None),
        ("authenticated", WhatsappState::Authenticated, None, None),
        ("ready", WhatsappState::Connected, number, None),
        ("status updated", WhatsappState::Connected, number, None),
        ("completed", WhatsappState::Connected, number, None),
        ("auth failure", WhatsappState::AuthFailure, None, Some("sesión rechazada")),
        ("lost", WhatsappState::Disconnected, None, Some("LOGOUT")),
        ("unlinked by hand", WhatsappState::Disconnected, None, Some("manual_disconnect")),
    ];
    for (case, state, phone, reason) in cases {
        let expected = ServerEvent::Whatsapp {
            state,
            qr: (case == "qr").then(|| "data:image/png;base64,iVBORw0KGgo=".to_owned()),
            phone: phone.map(str::to_owned),
            reason: reason.map(str::to_owned),
        };
        assert_eq!(event(case), expected, "{case}");
    }
}

#[test]
fn the_other_events_are_read() {
    let conversation_id = ConversationId(31);
    assert_eq!(event("deleted"), ServerEvent::ConversationDeleted { conversation_id });
    let ServerEvent::StatsUpdated { stats } = event("stats") else { panic!("another event") };
    assert_eq!((stats.manual_messages, stats.unread_messages), (11, 9));
    let bot = |conversation_id: Option<i64>, enabled| ServerEvent::BotChanged {
        conversation_id: conversation_id.map(ConversationId),
        enabled,
    };
    assert_eq!(event("bot of one"), bot(Some(31), false));
    assert_eq!(event("bot of all"), bot(None, true));
    assert_eq!(event("conversation updated"), bot(Some(31), false));
    let hello = ServerEvent::Hello {
        version: "0.1.0".to_owned(),
        features: vec!["seq".to_owned(), "idempotency".to_owned()],
        seq: 4120,
    };
    assert_eq!(event("hello"), hello);
}

#[test]
fn no_recorded_event_reaches_another_company() {
    for entry in fixture("events").as_array().unwrap() {
        let name = entry["event"].as_str().unwrap();
        let mut args = entry["args"].as_array().unwrap().clone();
        if name == "server:hello" {
            args[0]["clientCode"] = json!("NORTE");
        }
        for own in ["SUR", "norte", "NORTE ", ""] {
            assert_eq!(decode_event(name, &args, own), Decoded::Foreign, "{name} for {own:?}");
        }
        for code in [json!(null), json!(9), json!({ "NORTE": 1 })] {
            args[0]["clientCode"] = code;
            let decoded = decode_event(name, &args, "NORTE");
            let hello = name == "server:hello" && args[0]["clientCode"].is_null();
            assert_eq!(decoded == Decoded::Foreign, !hello, "{name}: {decoded:?}");
        }
    }
}

#[test]
fn a_payload_without_what_matters_is_malformed() {
    let cases = [
        ("message:new", json!({}), DecodeError::Missing("message")),
        ("message:new", json!({ "message": [] }), DecodeError::Missing("id")),
        ("stats:updated", json!({ "stats": 7 }), DecodeError::Missing("stats")),
        ("conversation:deleted", json!({}), DecodeError::Missing("conversationId")),
        (
            "conversation:deleted",
            json!({ "conversationId": -1 }),
            DecodeError::Nonsense("conversationId"),
        ),
        ("whatsapp:qr", json!({}), DecodeError::Missing("qr")),
        (
            "whatsapp:qr",
            json!({ "qr": "https://elsewhere.example/x.png" }),
            DecodeError::Nonsense("qr"),
        ),
        ("bot:status_changed", json!({}), DecodeError::Missing("enabled")),
        (
            "conversation:updated",
            json!({ "enabled": true }),
            DecodeError::Missing("conversationId"),
        ),
    ];
    for (name, mut payload, expected) in cases {
        payload["clientCode"] = json!("NORTE");
        let decoded = decode_event(name, &[payload], "NORTE");
        assert_eq!(decoded, Decoded::Malformed(expected), "{name}");
    }
    let progress = json!({ "campaign_id": 3, "sent": 1, "failed": 0, "total": 9 });
    assert_eq!(decode_event("bulk_campaign_progress", &[progress], "NORTE"), Decoded::Unknown);
}

#[test]
fn sign_in_refresh_and_verify_are_read() {
    let signed_in = decode_sign_in(&fixture("login")).unwrap();
    assert_eq!(signed_in.account.client_code, "NORTE");
    assert_eq!(signed_in.account.email.as_deref(), Some("hola@norte.example"));
    assert!(!signed_in.account.is_admin);
    assert_eq!(signed_in.tokens.access, "uno.dos.tres");
    assert_eq!(signed_in.tokens.refresh, "cuatro.cinco.seis");
    assert!(!format!("{signed_in:?}").contains("uno.dos"), "never printed");

    let admin = decode_sign_in(&fixture("login-admin")).unwrap().account;
    assert!(admin.is_admin);
    assert_eq!((admin.email, admin.phone), (None, None));

    let renewed = decode_renewal(&fixture("refresh")).unwrap();
    assert_eq!(renewed.access, "siete.ocho.nueve");
    assert_eq!(decode_account(&fixture("verify")).unwrap(), signed_in.account);

    for (name, field) in [("login", "tokens"), ("login", "client"), ("refresh", "tokens")] {
        let mut body = fixture(name);
        body.as_object_mut().unwrap().remove(field);
        let missing = if name == "login" {
            decode_sign_in(&body).map(|_| ())
        } else {
            decode_renewal(&body).map(|_| ())
        };
        assert!(matches!(missing, Err(DecodeError::Missing(_))), "{name} without {field}");
    }
}

#[test]
fn every_form_of_error_has_a_sentence_and_only_guards_have_codes() {
    for entry in fixture("errors").as_array().unwrap() {
        let said = ServerError::of(&entry["body"]);
        assert_eq!(said.message.as_deref(), entry["message"].as_str(), "{entry}");
        let code = said.code.map(|code| format!("{code:?}"));
        assert_eq!(code.as_deref(), entry["code"].as_str(), "{entry}");
        assert!(!said.is_not_linked() && !said.is_contact_clash(), "{entry}");
    }
    assert_eq!(
        ServerError::of(&json!({ "code": "CLIENT_NOT_FOUND" })).code,
        Some(GuardCode::ClientNotFound)
    );
}

#[test]
fn the_few_sentences_without_a_code_are_told_exactly() {
    let said = |text: &str| ServerError::of(&json!({ "success": false, "message": text }));
    assert!(said("Cliente de WhatsApp no está conectado").is_not_linked());
    for other in ["cliente de whatsapp no está conectado", "No está conectado", ""] {
        assert!(!said(other).is_not_linked(), "{other:?}");
    }
    let failed = |text: &str| ServerError::of(&json!({ "message": "No salió", "error": text }));
    for key in ["unique_client_contact", "conversations.unique_client_contact"] {
        assert!(failed(&format!("Duplicate entry '9-51' for key '{key}'")).is_contact_clash());
    }
    for other in [
        "Duplicate entry 'true_1' for key 'message_id'",
        "unique_client_contact",
        "tras 3 intentos",
    ] {
        assert!(!failed(other).is_contact_clash(), "{other:?}");
    }
}

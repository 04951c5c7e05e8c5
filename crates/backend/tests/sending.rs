//! Texts through the API (contract 4.4, 3.3, 5.6) and their idempotency key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Operator, Seen, Socket, config, shapes::assert_shape, start};
use condorito_backend::{Config, DatabaseLocation, Dialect, EchoKind};
use reqwest::Method;
use serde_json::{Value, json};

const ANA: &str = "5491155550001";
const SEND: &str = "/api/whatsapp/send-message";

fn names(seen: Vec<Seen>) -> Vec<String> {
    seen.into_iter()
        .map(|seen| match seen {
            Seen::Event(name, _) => name,
            other => format!("{other:?}"),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_echo_is_there_before_the_reply() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    // when
    let reply = operator.text("+54 9 11 5555-0001", "Hola, ¿cómo va?").await;
    let before_the_reply = socket.seen_by_now();
    // then
    assert_shape(&reply, "sendReply");
    assert_eq!(reply["to"], json!(format!("{ANA}@c.us")));
    assert_eq!(reply["isBot"], json!(false));
    let [Seen::Event(first, echo), Seen::Event(second, stats)] = before_the_reply.as_slice() else {
        panic!("{before_the_reply:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("message:new", "stats:updated"));
    let (echo, stats) = (&echo[0], &stats[0]);
    assert_shape(echo, "messageNew");
    assert_shape(stats, "statsUpdated");
    assert_eq!(echo["clientCode"], json!("UNO"));
    assert_eq!(echo["message"]["message_id"], reply["messageId"]);
    assert_eq!(echo["message"]["sender_type"], json!("client"));
    assert_eq!(echo["message"]["from_me"], json!(1));
    assert_eq!(echo["message"]["is_from_bot"], json!(false));
    assert_eq!(echo["message"]["is_read"], json!(1));
    assert_eq!(echo["conversation"]["bot_enabled"], json!(false));
    assert_eq!(echo["conversation"]["contact_phone"], json!(ANA));
    assert_eq!(stats["stats"]["manual_messages"], json!("1"));
    assert_eq!(stats["seq"].as_i64(), echo["seq"].as_i64().map(|seq| seq + 1));
    assert!(!backend.conversations("UNO").await.unwrap()[0].bot_enabled);
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kind_of_echo_can_be_switched() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    let mut told = async |kind: Option<EchoKind>| {
        if let Some(kind) = kind {
            backend.set_echo(kind);
        }
        operator.text(ANA, "hola").await;
        names(socket.seen_by_now())
    };
    // when, then
    assert_eq!(told(Some(EchoKind::Stored)).await, ["message:new"]);
    assert_eq!(told(Some(EchoKind::Reported)).await, ["message:new", "stats:updated"]);
    assert_eq!(told(Some(EchoKind::Alternating)).await, ["message:new", "stats:updated"]);
    assert_eq!(told(None).await, ["message:new"]);
    backend.shutdown().await;
}

#[tokio::test]
async fn refusals_are_those_of_the_contract() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.inject_message("UNO", "59899123456", "Uruguay", "hola").await.unwrap();
    // when, then
    for (body, status, shape, told) in [
        (json!({ "to": ANA }), 400, "E2", "Número de destino y mensaje son requeridos"),
        (json!({ "message": "hola" }), 400, "E2", "Número de destino y mensaje son requeridos"),
        (json!({}), 400, "E2", "Número de destino y mensaje son requeridos"),
        (json!({ "to": ANA, "message": "   " }), 500, "E4", ""),
        (json!({ "to": 5_491_155_550_001_i64, "message": "x" }), 500, "E4", ""),
        (json!({ "to": "59899123456", "message": "x" }), 500, "E4", ""),
        (json!({ "to": "120363000000000001@g.us", "message": "x" }), 200, "", ""),
        (json!({ "to": "120363000000000001@g.us", "message": "x" }), 500, "E4", ""),
    ] {
        let reply = operator.expect(status, Method::POST, SEND, Some(body.clone())).await;
        if !shape.is_empty() {
            assert_shape(&reply, shape);
        }
        if !told.is_empty() {
            assert_eq!(reply["message"], json!(told), "{body}");
        }
    }
    let foreign = json!({ "to": "59899123456", "message": "x" });
    let reply = operator.expect(500, Method::POST, SEND, Some(foreign)).await;
    assert!(reply["error"].as_str().unwrap().starts_with("Duplicate entry"), "{reply}");
    assert_eq!(backend.deliveries("UNO").await.unwrap().len(), 1, "only the first group text");
    backend.set_linked("UNO", false).await.unwrap();
    let body = json!({ "to": ANA, "message": "hola" });
    let reply = operator.expect(400, Method::POST, SEND, Some(body)).await;
    assert_eq!(reply["message"], json!("Cliente de WhatsApp no está conectado"));
    backend.shutdown().await;
}

#[tokio::test]
async fn bot_texts_are_delivered_but_neither_stored_nor_told() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let body = json!({ "to": ANA, "message": "hola", "isBot": true });
    let reply = operator.post(SEND, body).await;
    assert_eq!(reply["isBot"], json!(true));
    let deliveries = backend.deliveries("UNO").await.unwrap();
    assert_eq!(deliveries[0].text.as_deref(), Some("[BOT] hola"));
    assert!(backend.conversations("UNO").await.unwrap().is_empty());
    assert_eq!(backend.last_seq("UNO").await.unwrap(), 0);
    for stub in ["/api/messages/send", "/api/messages/send-bulk"] {
        assert!(operator.post(stub, json!({})).await["redirect"].is_string());
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn a_key_sends_once_across_repetition_and_a_new_process() {
    // given
    let folder = tempfile::tempdir().unwrap();
    let on_file =
        Config { database: DatabaseLocation::File(folder.path().join("backend.db")), ..config() };
    let backend = start(on_file.clone()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let body = json!({ "to": ANA, "message": "una sola vez", "clientMessageId": "k-1" });
    let first = operator.post(SEND, body.clone()).await;
    let seq = backend.last_seq("UNO").await.unwrap();
    // when
    let again = operator.post(SEND, body.clone()).await;
    backend.shutdown().await;
    let backend = start(on_file).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let later = operator.post(SEND, body).await;
    let other = json!({ "to": ANA, "message": "una sola vez", "clientMessageId": "k-2" });
    let another = operator.post(SEND, other).await;
    // then
    assert_eq!(again, first);
    assert_eq!(later, first);
    assert_ne!(another["messageId"], first["messageId"]);
    let keys: Vec<_> = backend
        .deliveries("UNO")
        .await
        .unwrap()
        .into_iter()
        .map(|delivery| delivery.client_message_id.unwrap())
        .collect();
    assert_eq!(keys, ["k-1", "k-2"]);
    let conversation = &backend.conversations("UNO").await.unwrap()[0];
    assert_eq!(conversation.total_messages, 2);
    assert_eq!(backend.last_seq("UNO").await.unwrap(), seq * 2, "repetition is not told");
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_used_by_ten_requests_at_once_sends_once() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let body = json!({ "to": ANA, "message": "carrera", "clientMessageId": "k" });
    let requests: Vec<_> = (0..10)
        .map(|_| {
            let (operator, body) = (operator.clone(), body.clone());
            tokio::spawn(async move { operator.post(SEND, body).await })
        })
        .collect();
    let mut replies: Vec<Value> = Vec::new();
    for request in requests {
        replies.push(request.await.unwrap());
    }
    assert!(replies.iter().all(|reply| reply == &replies[0]), "{replies:?}");
    assert_eq!(backend.deliveries("UNO").await.unwrap().len(), 1);
    assert_eq!(backend.conversations("UNO").await.unwrap()[0].total_messages, 1);
    backend.shutdown().await;
}

#[tokio::test]
async fn keys_are_per_tenant_and_unknown_to_the_existing_dialect() {
    let backend = start(config()).await;
    let body = json!({ "to": ANA, "message": "hola", "clientMessageId": "k" });
    for code in ["UNO", "DOS"] {
        Operator::sign_in(&backend, code).await.post(SEND, body.clone()).await;
        assert_eq!(backend.deliveries(code).await.unwrap().len(), 1);
    }
    backend.shutdown().await;
    let existing = start(Config { dialect: Dialect::Existing, ..config() }).await;
    let operator = Operator::sign_in(&existing, "UNO").await;
    for _ in 0..2 {
        operator.post(SEND, body.clone()).await;
    }
    assert_eq!(existing.deliveries("UNO").await.unwrap().len(), 2);
    existing.shutdown().await;
}

//! Texts through the API (contract 4.4, 3.3) and their idempotency key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Operator, Socket, config, start};
use condorito_backend::EchoKind;
use reqwest::Method;
use serde_json::json;

const ANA: &str = "5491155550001";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_echo_is_there_before_the_reply() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    // when
    let reply = operator.text("+54 9 11 5555-0001", "Hola, ¿cómo va?").await;
    // then
    assert_eq!(reply["to"], json!(format!("{ANA}@c.us")));
    assert_eq!(reply["isBot"], json!(false));
    let echo = socket.expect("message:new").await;
    assert_eq!(echo["clientCode"], json!("UNO"));
    assert_eq!(echo["message"]["message_id"], reply["messageId"]);
    assert_eq!(echo["message"]["sender_type"], json!("client"));
    assert_eq!(echo["message"]["from_me"], json!(1));
    assert_eq!(echo["message"]["is_from_bot"], json!(false));
    assert_eq!(echo["message"]["is_read"], json!(1));
    assert!(
        echo["message"]["sent_at"]
            .as_str()
            .unwrap()
            .ends_with(".000Z")
    );
    assert!(echo["message"].get("contact_phone").is_none());
    assert_eq!(echo["conversation"]["bot_enabled"], json!(false));
    assert_eq!(echo["conversation"]["contact_phone"], json!(ANA));
    assert!(echo["conversation"].get("total_messages").is_none());
    let stats = socket.expect("stats:updated").await;
    assert_eq!(stats["stats"]["manual_messages"], json!("1"));
    assert_eq!(
        stats["seq"].as_i64(),
        echo["seq"].as_i64().map(|seq| seq + 1)
    );
    backend.shutdown().await;
}

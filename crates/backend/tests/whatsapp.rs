//! Pairing, the link's states and the bot's switches (contract 4.11, 4.13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Operator, Socket, config, shapes::assert_shape, start};
use reqwest::Method;
use serde_json::{Value, json};

const ANA: &str = "5491155550001";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairing_from_nothing_to_disconnected() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.set_linked("UNO", false).await.unwrap();
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    let status = operator.get("/api/whatsapp/status").await;
    assert_eq!(status["status"], json!("not_initialized"));
    assert_eq!(status["connected"], json!(false));
    assert_eq!(
        operator.expect(404, Method::GET, "/api/whatsapp/qr-json/UNO", None).await["hasQR"],
        json!(false)
    );
    // when: a QR is asked for
    let reply = operator.post("/api/whatsapp/connect", json!({})).await;
    assert_eq!((&reply["status"], &reply["phoneNumber"]), (&json!("initializing"), &Value::Null));
    let shown = socket.expect("whatsapp:qr").await;
    assert!(shown["qr"].as_str().unwrap().starts_with("data:image/png;base64,"));
    // then
    let status = operator.get("/api/whatsapp/status").await;
    assert_eq!((&status["status"], &status["hasQR"]), (&json!("waiting_qr"), &json!(true)));
    assert!(status.get("connected").is_none());
    assert_shape(&status["session"], "session");
    let qr = operator.get("/api/whatsapp/qr-json/UNO").await;
    assert_eq!(qr["qrCode"], shown["qr"]);
    assert!((1..=300_000).contains(&qr["expiresIn"].as_i64().unwrap()));
    operator.expect(403, Method::GET, "/api/whatsapp/qr-json/DOS", None).await;
    let picture = operator.send(Method::GET, "/api/whatsapp/qr/UNO", None).await;
    assert_eq!(picture.headers()["content-type"], "image/png");
    // when: it is scanned
    assert!(backend.scan_qr("UNO").await.unwrap());
    // then
    socket.expect("whatsapp:authenticated").await;
    let ready = socket.expect("whatsapp:ready").await;
    assert_eq!(ready["clientInfo"]["platform"], json!("android"));
    assert_eq!(socket.expect("whatsapp:status_updated").await["connected"], json!(true));
    assert_eq!(socket.expect("whatsapp:connection_completed").await["success"], json!(true));
    let status = operator.get("/api/whatsapp/status").await;
    assert_eq!(status["connected"]["_serialized"], json!("5491130000001@c.us"));
    assert_shape(&status["stats"], "linkStats");
    let again = operator.post("/api/whatsapp/connect", json!({})).await;
    assert_eq!(again["status"], json!("connected"));
    operator.text(ANA, "vinculado").await;
    socket.expect("message:new").await;
    socket.expect("stats:updated").await;
    // when: it is ended by hand
    let reply = operator.post("/api/whatsapp/disconnect", json!({})).await;
    assert_eq!(reply["status"], json!("disconnected"));
    assert_eq!(socket.expect("whatsapp:disconnected").await["reason"], json!("manual_disconnect"));
    assert!(!backend.scan_qr("UNO").await.unwrap());
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_rotate_and_a_second_connect_ends_the_first() {
    // given: a QR that changes every 50 ms
    let mut quick = config();
    quick.whatsapp.qr_rotation = Duration::from_millis(50);
    quick.whatsapp.qr_after = Duration::from_millis(5);
    let backend = start(quick).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.set_linked("UNO", false).await.unwrap();
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    // when, then
    operator.post("/api/whatsapp/connect", json!({})).await;
    let first = socket.expect("whatsapp:qr").await;
    let second = socket.expect("whatsapp:qr").await;
    assert_ne!(first["qr"], second["qr"]);
    operator.post("/api/whatsapp/connect", json!({})).await;
    socket.expect("whatsapp:qr").await;
    let cleaned = operator.post("/api/whatsapp/force-cleanup", json!({})).await;
    assert_eq!(cleaned["clientCode"], json!("UNO"));
    let status = operator.get("/api/whatsapp/status").await;
    assert_eq!(status["status"], json!("not_initialized"));
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_can_scan_itself() {
    let mut eager = config();
    eager.whatsapp.scan_after = Some(Duration::from_millis(50));
    let backend = start(eager).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.set_linked("UNO", false).await.unwrap();
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    operator.post("/api/whatsapp/connect", json!({})).await;
    socket.expect("whatsapp:qr").await;
    socket.expect("whatsapp:authenticated").await;
    socket.expect("whatsapp:ready").await;
    backend.shutdown().await;
}

#[tokio::test]
async fn the_bot_is_switched_for_one_some_and_all() {
    // given: two conversations with the bot on
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let status = || operator.get("/api/messages/bot/status");
    assert_eq!(status().await["bot_status"]["bot_enabled_percentage"], json!(0));
    for phone in [ANA, "5491155550002", "5491155550003"] {
        backend.inject_message("UNO", phone, "Alguien", "hola").await.unwrap();
    }
    let id = backend.conversations("UNO").await.unwrap()[0].id;
    let one = format!("/api/messages/conversation/{id}/bot");
    // when, then
    let off = operator.post(&format!("{one}/disable"), json!({})).await;
    assert_eq!(off["conversation"]["bot_enabled"], json!(false));
    assert_eq!(
        operator.get(&format!("{one}/status")).await["conversation"]["bot_enabled"],
        json!(0)
    );
    assert_eq!(
        status().await["bot_status"],
        json!({
            "total_conversations": 3, "bot_enabled_conversations": "2",
            "bot_disabled_conversations": "1", "bot_enabled_percentage": "66.67",
            "client_id": operator.id,
        })
    );
    let disabled = operator.get("/api/messages/bot/disabled-conversations?limit=1").await;
    assert_eq!(
        disabled["pagination"],
        json!({ "total": 1, "limit": 1, "offset": 0, "hasMore": false })
    );
    let some = "/api/messages/bot/enable-conversations";
    for bad in [json!([]), json!([id, id]), json!([99999])] {
        let body = json!({ "conversation_ids": bad });
        assert_shape(&operator.expect(400, Method::POST, some, Some(body)).await, "E2");
    }
    let enabled = operator.post(some, json!({ "conversation_ids": [id] })).await;
    assert_eq!(enabled["affected_conversations"], json!(1));
    let all = operator.post("/api/messages/bot/disable-all", json!({})).await;
    assert_eq!(all["affected_conversations"], json!(3));
    operator.post("/api/messages/bot/enable-all", json!({})).await;
    assert_eq!(status().await["bot_status"]["bot_enabled_percentage"], json!("100.00"));
    let toggled = operator.post("/api/messages/bot/toggle", json!({})).await;
    assert_eq!(toggled["data"], json!({ "is_enabled": false, "status": "disabled" }));
    operator.expect(404, Method::POST, "/api/messages/conversation/9999/bot/enable", None).await;
    assert_eq!(backend.last_seq("UNO").await.unwrap(), 6, "switches are not told");
    backend.shutdown().await;
}

#[tokio::test]
async fn an_exhausted_quota_shows_the_default_at_the_top() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let path = "/api/messages/bot/quota";
    for (limit, code) in [(json!("3000"), "INVALID_LIMIT"), (json!(50_001), "LIMIT_TOO_HIGH")] {
        let body = json!({ "monthly_bot_limit": limit });
        let reply = operator.expect(400, Method::PUT, path, Some(body)).await;
        assert_eq!(reply["code"], json!(code));
    }
    operator.expect(200, Method::PUT, path, Some(json!({ "monthly_bot_limit": 2 }))).await;
    backend.bot_reply("UNO", ANA, "uno").await.unwrap();
    let quota = operator.get(path).await["quota"].clone();
    assert_eq!((&quota["usage"], &quota["remaining"]), (&json!(1), &json!(1)));
    assert_shape(&quota["limits"]["messages"], "quotaPart");
    assert_shape(&quota["limits"]["tokens"], "quotaPart");
    backend.bot_reply("UNO", ANA, "dos").await.unwrap();
    let quota = operator.get(path).await["quota"].clone();
    assert_eq!(quota["remaining"], json!(2500));
    assert_eq!(quota["limits"]["messages"]["remaining"], json!(0));
    assert_eq!(quota["allowed"], json!(false));
    backend.shutdown().await;
}

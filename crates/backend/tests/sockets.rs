//! The handshake, the room, numbered events and their replay (contract 3, design section 9).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Operator, Seen, Socket, config, shapes::assert_shape, start};
use condorito_backend::{Config, Dialect};
use serde_json::{Value, json};

const ANA: &str = "5491155550001";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handshake_is_checked() {
    // given
    let backend = start(config()).await;
    let one = Operator::sign_in(&backend, "UNO").await;
    for (auth, reason) in [
        (json!({}), "TOKEN_MISSING"),
        (json!({ "token": "nada" }), "TOKEN_INVALID"),
        (json!({ "token": one.token, "clientCode": "DOS" }), "CLIENT_MISMATCH"),
        (json!({ "token": one.token, "clientId": one.id + 1 }), "CLIENT_MISMATCH"),
    ] {
        // when
        let mut socket = Socket::dial(&backend, auth.clone()).await;
        // then
        match socket.next().await {
            Seen::Ended(told) => assert!(told.contains(reason), "{auth}: {told}"),
            other => panic!("{auth}: {other:?}"),
        }
    }
    backend.set_status("UNO", "suspended").await.unwrap();
    let mut socket = Socket::dial(&backend, json!({ "token": one.token })).await;
    assert!(matches!(socket.next().await, Seen::Ended(told) if told.contains("ACCOUNT_INACTIVE")));
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_own_room_can_be_joined() {
    // given: UNO's socket asks for DOS, for an object, then for its own
    let backend = start(config()).await;
    let one = Operator::sign_in(&backend, "UNO").await;
    let mut socket = Socket::dial(&backend, json!({ "token": one.token })).await;
    assert!(matches!(socket.next().await, Seen::Connected));
    socket.emit("join_client_room", json!("DOS")).await;
    socket.emit("join_client_room", json!({ "clientCode": "UNO" })).await;
    socket.emit("join_client_room", json!("uno")).await;
    socket.emit("join_client_room", json!("UNO")).await;
    // then: one greeting, and no event of DOS
    let hello = socket.expect("server:hello").await;
    assert_shape(&hello, "hello");
    assert_eq!((&hello["clientCode"], &hello["seq"]), (&json!("UNO"), &json!(0)));
    backend.inject_message("DOS", ANA, "Zoe", "para dos").await.unwrap();
    backend.inject_message("UNO", ANA, "Ana", "para uno").await.unwrap();
    let event = socket.expect("message:new").await;
    assert_eq!(event["clientCode"], json!("UNO"));
    assert_eq!(event["message"]["content"], json!("para uno"));
    assert_eq!(event["seq"], json!(1), "numbers are per tenant");
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incoming_messages_have_the_recorded_shape() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    // when
    backend.inject_message("UNO", ANA, "Ana", "hola").await.unwrap();
    backend.inject_message("UNO", ANA, "Ana", "").await.unwrap();
    backend.bot_reply("UNO", ANA, "soy el bot").await.unwrap();
    backend.send_from_phone("UNO", ANA, "desde el teléfono").await.unwrap();
    // then
    let first = socket.expect("message:new").await;
    assert_shape(&first, "messageNew");
    assert_eq!(first["message"]["from_me"], json!(false));
    assert_eq!(first["message"]["is_read"], json!(0));
    assert_eq!(first["conversation"]["bot_enabled"], json!(1));
    assert_eq!(first["conversation"]["unread_count"], json!(1));
    assert_shape(&socket.expect("stats:updated").await, "statsUpdated");
    let empty = socket.expect("message:new").await;
    assert_eq!(empty["message"]["content"], Value::Null);
    assert_eq!(empty["conversation"]["last_message"], json!("[text]"));
    assert_eq!(empty["conversation"]["unread_count"], json!(2));
    socket.expect("stats:updated").await;
    let bot = socket.expect("message:new").await;
    assert_eq!(bot["message"]["is_from_bot"], json!(1));
    assert_eq!(bot["conversation"]["bot_enabled"], json!(1));
    let handset = socket.expect("message:new").await;
    assert_eq!(handset["message"]["sender_type"], json!("client"));
    assert_eq!(handset["conversation"]["bot_enabled"], json!(false));
    socket.expect("stats:updated").await;
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_events_can_be_asked_for() {
    // given: seen up to a number, then away while three messages come
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.inject_message("UNO", ANA, "Ana", "vista").await.unwrap();
    let seen = backend.last_seq("UNO").await.unwrap();
    backend.inject_many("UNO", ANA, 3, "perdida").await.unwrap();
    // when: a live socket sees what comes now, the rest is asked for page by page
    let (mut socket, hello) = Socket::join(&backend, &operator).await;
    let mut missed: Vec<Value> = Vec::new();
    let mut after = seen;
    loop {
        let page = operator.get(&format!("/api/events?after={after}&limit=4")).await;
        assert_eq!(page["complete"], json!(true));
        missed.extend(page["events"].as_array().unwrap().iter().cloned());
        after = missed.last().unwrap()["seq"].as_i64().unwrap();
        if page["hasMore"] == json!(false) {
            break;
        }
    }
    backend.inject_message("UNO", ANA, "Ana", "en vivo").await.unwrap();
    let live = socket.expect("message:new").await;
    // then
    let numbers: Vec<_> = missed.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (seen + 1..=hello["seq"].as_i64().unwrap()).collect::<Vec<_>>());
    assert_eq!(live["seq"].as_i64(), hello["seq"].as_i64().map(|seq| seq + 1));
    assert_eq!(missed[0]["event"], json!("message:new"));
    assert_shape(&missed[0]["payload"], "messageNew");
    assert_eq!(missed[0]["payload"]["seq"], missed[0]["seq"]);
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_no_longer_kept_are_confessed() {
    // given: more events than are kept
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.inject_many("UNO", ANA, 10_300, "m").await.unwrap();
    // when
    let old = operator.get("/api/events?after=0&limit=1").await;
    let recent = operator.get("/api/events?after=20000&limit=1").await;
    // then
    assert_eq!(old["complete"], json!(false));
    assert!(old["events"][0]["seq"].as_i64().unwrap() > 1);
    assert_eq!(recent["complete"], json!(true));
    assert_eq!(recent["events"][0]["seq"], json!(20001));
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_arrives_whole_and_in_order() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    // when
    backend.inject_many("UNO", ANA, 2000, "m").await.unwrap();
    // then
    let mut last = 0;
    let mut messages = 0;
    while messages < 2000 {
        let Seen::Event(name, values) = socket.next().await else { panic!("the socket ended") };
        let seq = values[0]["seq"].as_i64().unwrap();
        assert_eq!(seq, last + 1);
        last = seq;
        if name == "message:new" {
            messages += 1;
            assert_eq!(values[0]["message"]["content"], json!(format!("m {messages}")));
        }
    }
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_under_a_base_path() {
    // given
    let backend = start(Config { base_path: "/backend".to_owned(), ..config() }).await;
    assert!(backend.url().ends_with("/backend"));
    assert_eq!(backend.socket_path(), "/backend/socket.io/");
    let operator = Operator::sign_in(&backend, "UNO").await;
    // when
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    operator.text(ANA, "hola").await;
    // then
    socket.expect("message:new").await;
    let root = format!("http://{}", backend.address());
    for path in ["/api/auth/health", "/health", "/socket.io/?EIO=4&transport=polling"] {
        let outside = reqwest::get(format!("{root}{path}")).await.unwrap();
        assert_eq!(outside.status(), 404, "{path}");
        assert_shape(&outside.json().await.unwrap(), "E8");
    }
    let unknown = operator.send(reqwest::Method::GET, "/api/messages/nada?x=1", None).await;
    let body: Value = unknown.json().await.unwrap();
    assert_eq!(body["path"], json!("/backend/api/messages/nada?x=1"));
    assert!(reqwest::get(format!("{}/health", backend.url())).await.unwrap().status().is_success());
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_existing_dialect_lets_anybody_listen_and_says_nothing() {
    // given: no token at all, another tenant's room
    let backend = start(Config { dialect: Dialect::Existing, ..config() }).await;
    let mut socket = Socket::dial(&backend, json!({})).await;
    assert!(matches!(socket.next().await, Seen::Connected));
    socket.emit("join_client_room", json!("DOS")).await;
    // when: the join is not answered, so messages come until one is heard
    let mut heard = None;
    for number in 0..500 {
        backend.inject_message("DOS", ANA, "Zoe", &format!("m {number}")).await.unwrap();
        heard = socket.seen_by_now().into_iter().find_map(|seen| match seen {
            Seen::Event(name, values) if name == "message:new" => values.into_iter().next(),
            _ => None,
        });
        if heard.is_some() {
            break;
        }
    }
    // then
    let event = heard.expect("nothing of the other tenant was heard");
    assert!(event.get("seq").is_none());
    assert_eq!(event["clientCode"], json!("DOS"));
    backend.shutdown().await;
}

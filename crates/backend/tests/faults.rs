//! Every fault that can be ordered, seen from the other side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use common::{Operator, PATIENCE, Seen, Socket, config, shapes::assert_shape, start};
use condorito_backend::{
    BackendHandle, BadAnswer, Config, DatabaseLocation, Dialect, Garbage, SendStage,
};
use reqwest::Method;
use serde_json::{Value, json};

const ANA: &str = "5491155550001";
const SEND: &str = "/api/whatsapp/send-message";
const BRIEFLY: Duration = Duration::from_millis(300);

async fn at_work() -> (BackendHandle, Operator, Socket) {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (socket, _) = Socket::join(&backend, &operator).await;
    (backend, operator, socket)
}

async fn counts(backend: &BackendHandle) -> (usize, i64) {
    let delivered = backend.deliveries("UNO").await.unwrap().len();
    let stored = backend.conversations("UNO").await.unwrap();
    (delivered, stored.iter().map(|found| found.total_messages).sum())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kick_ends_the_socket_and_lets_it_come_back() {
    let (backend, operator, mut socket) = at_work().await;
    backend.faults().kick().await;
    assert!(matches!(socket.next().await, Seen::Ended(_)));
    Socket::join(&backend, &operator).await;
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_ends_every_connection() {
    let (backend, operator, mut socket) = at_work().await;
    backend.faults().cut();
    assert!(matches!(socket.next().await, Seen::Ended(_)));
    operator.get("/api/messages/stats").await;
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_address_rows_numbers_and_tokens() {
    // given
    let (backend, operator, mut socket) = at_work().await;
    backend.inject_message("UNO", ANA, "Ana", "antes").await.unwrap();
    let url = backend.url();
    // when
    backend.restart().await.unwrap();
    // then
    loop {
        if matches!(socket.next().await, Seen::Ended(_)) {
            break;
        }
    }
    assert_eq!(backend.url(), url);
    let (mut socket, hello) = Socket::join(&backend, &operator).await;
    assert_eq!(hello["seq"], json!(2));
    operator.text(ANA, "después").await;
    assert_eq!(socket.expect("message:new").await["seq"], json!(3));
    assert_eq!(counts(&backend).await, (1, 2));
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_down_nobody_is_let_in() {
    let (backend, operator, _socket) = at_work().await;
    backend.go_down().await;
    let refused = reqwest::get(backend.url()).await.unwrap_err();
    assert!(refused.is_connect());
    backend.come_up().await.unwrap();
    operator.get("/api/messages/stats").await;
    backend.shutdown().await;
}

#[tokio::test]
async fn the_existing_dialect_forgets_the_link_in_a_restart_and_finds_it_by_connecting() {
    let backend = start(Config { dialect: Dialect::Existing, ..config() }).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.restart().await.unwrap();
    let status = operator.get("/api/whatsapp/status").await;
    assert_eq!(status["status"], json!("not_initialized"));
    assert_eq!(status["session"]["status"], json!("connected"), "what is remembered lies");
    let connected = operator.post("/api/whatsapp/connect", json!({})).await;
    assert_eq!(connected["status"], json!("connected"));
    operator.text(ANA, "hola").await;
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_lets_nothing_pass_until_it_ends() {
    // given
    let (backend, operator, mut socket) = at_work().await;
    // when
    backend.faults().stall();
    backend.inject_message("UNO", ANA, "Ana", "en el agujero").await.unwrap();
    let asked = operator.http.get(format!("{}/health", backend.url())).timeout(BRIEFLY).send();
    assert!(asked.await.unwrap_err().is_timeout());
    assert!(socket.seen_by_now().is_empty());
    backend.faults().resume();
    // then
    let late = socket.expect("message:new").await;
    assert_eq!(late["message"]["content"], json!("en el agujero"));
    operator.get("/health").await;
    backend.shutdown().await;
}

#[tokio::test]
async fn a_stalled_instance_can_be_shut_down() {
    let backend = start(config()).await;
    let url = format!("{}/health", backend.url());
    backend.faults().stall();
    let waiting = tokio::spawn(async move { reqwest::get(url).await });
    tokio::time::timeout(PATIENCE, backend.shutdown()).await.unwrap();
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn requests_can_be_delayed() {
    let (backend, operator, _socket) = at_work().await;
    backend.faults().delay_requests(BRIEFLY);
    let begun = Instant::now();
    operator.get("/api/messages/stats").await;
    assert!(begun.elapsed() >= BRIEFLY);
    backend.faults().clear();
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_can_fail_at_every_stage_and_in_every_way() {
    let never = SendStage::AfterDelivery { report_after_ms: None };
    for (stage, delivered, stored) in
        [(SendStage::BeforeDelivery, 0, 0), (never, 1, 0), (SendStage::AfterStoring, 1, 1)]
    {
        for answer in [BadAnswer::Status500, BadAnswer::Cut, BadAnswer::Silence] {
            // given
            let (backend, operator, _socket) = at_work().await;
            backend.faults().fail_sends(1, stage, answer);
            // when
            let outcome = operator
                .http
                .post(format!("{}{SEND}", backend.url()))
                .bearer_auth(&operator.token)
                .json(&json!({ "to": ANA, "message": "hola" }))
                .timeout(BRIEFLY)
                .send()
                .await;
            // then
            match (answer, outcome) {
                (BadAnswer::Status500, Ok(response)) => {
                    assert_eq!(response.status(), 500);
                    assert_shape(&response.json().await.unwrap(), "E4");
                }
                (BadAnswer::Cut, Err(error)) => assert!(!error.is_timeout(), "{error:?}"),
                (BadAnswer::Silence, Err(error)) => assert!(error.is_timeout(), "{error:?}"),
                (_, outcome) => panic!("{stage:?} {answer:?}: {outcome:?}"),
            }
            assert_eq!(counts(&backend).await, (delivered, stored), "{stage:?} {answer:?}");
            // the next one is sound
            operator.text(ANA, "otra").await;
            assert_eq!(counts(&backend).await, (delivered + 1, stored + 1));
            backend.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repetition_with_the_key_heals_every_failed_send() {
    let never = SendStage::AfterDelivery { report_after_ms: None };
    for stage in [SendStage::BeforeDelivery, never, SendStage::AfterStoring] {
        // given
        let (backend, operator, mut socket) = at_work().await;
        backend.faults().fail_sends(1, stage, BadAnswer::Status500);
        let body = json!({ "to": ANA, "message": "hola", "clientMessageId": "k" });
        operator.expect(500, Method::POST, SEND, Some(body.clone())).await;
        // when
        let reply = operator.post(SEND, body).await;
        // then
        assert_eq!(counts(&backend).await, (1, 1), "{stage:?}");
        let echo = socket.expect("message:new").await;
        assert_eq!(echo["message"]["message_id"], reply["messageId"]);
        backend.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_send_can_be_reported_late() {
    // given
    let (backend, operator, mut socket) = at_work().await;
    let late = SendStage::AfterDelivery { report_after_ms: Some(50) };
    backend.faults().fail_sends(1, late, BadAnswer::Status500);
    // when
    let body = json!({ "to": ANA, "message": "tarde" });
    operator.expect(500, Method::POST, SEND, Some(body)).await;
    // then
    let echo = socket.expect("message:new").await;
    assert_eq!(echo["message"]["content"], json!("tarde"));
    assert_eq!(counts(&backend).await, (1, 1));
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_is_seen_through_when_its_sender_hangs_up() {
    // given: an answer that takes longer than the sender waits
    let mut slow = config();
    slow.whatsapp.send_latency = BRIEFLY;
    let backend = start(slow).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    // when
    let outcome = operator
        .http
        .post(format!("{}{SEND}", backend.url()))
        .bearer_auth(&operator.token)
        .json(&json!({ "to": ANA, "message": "impaciente" }))
        .timeout(BRIEFLY / 3)
        .send()
        .await;
    // then
    assert!(outcome.unwrap_err().is_timeout());
    assert_eq!(socket.expect("message:new").await["message"]["content"], json!("impaciente"));
    assert_eq!(counts(&backend).await, (1, 1));
    backend.shutdown().await;
}

/// Contents of the `message:new` events until one says `fin`.
async fn heard_until_the_end(socket: &mut Socket) -> Vec<String> {
    let mut heard = Vec::new();
    loop {
        let Seen::Event(name, values) = socket.next().await else { panic!("the socket ended") };
        if name == "message:new" {
            let content = values[0]["message"]["content"].as_str().unwrap().to_owned();
            let end = content == "fin";
            heard.push(content);
            if end {
                return heard;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_can_be_lost_doubled_and_turned_round() {
    let (backend, operator, mut socket) = at_work().await;
    let say = async |text: &str| {
        backend.inject_message("UNO", ANA, "Ana", text).await.unwrap();
    };
    // Each message is two events: itself and the stats.
    backend.faults().drop_events(2);
    say("perdida").await;
    backend.faults().duplicate_events(2);
    say("doble").await;
    backend.faults().reorder_events(4);
    say("primera").await;
    say("segunda").await;
    say("fin").await;
    assert_eq!(
        heard_until_the_end(&mut socket).await,
        ["doble", "doble", "segunda", "primera", "fin"]
    );
    // Lost on the wire, not in the log.
    let log = operator.get("/api/events?after=0").await;
    assert_eq!(log["events"][0]["payload"]["message"]["content"], json!("perdida"));
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_held_back_without_company_come_anyway() {
    let (backend, _operator, mut socket) = at_work().await;
    backend.faults().reorder_events(100);
    backend.inject_message("UNO", ANA, "Ana", "sola").await.unwrap();
    socket.expect("stats:updated").await;
    socket.expect("message:new").await;
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_arrives_as_ordered_and_the_link_survives() {
    let (backend, _operator, mut socket) = at_work().await;
    for (garbage, events) in [
        (Garbage::NotAnObject, 4),
        (Garbage::NoArguments, 1),
        (Garbage::MissingFields, 4),
        (Garbage::WrongTypes, 2),
        (Garbage::ForeignTenant, 1),
        (Garbage::NoTenant, 1),
        (Garbage::UnknownEvents, 3),
    ] {
        backend.faults().garbage("UNO", garbage);
        let mut seen: Vec<(String, Vec<Value>)> = Vec::new();
        for _ in 0..events {
            let Seen::Event(name, values) = socket.next().await else { panic!("{garbage:?}") };
            seen.push((name, values));
        }
        let first = seen[0].1.first().cloned().unwrap_or_default();
        match garbage {
            Garbage::NotAnObject => {
                assert!(seen.iter().all(|(_, v)| !v[0].is_object()), "{seen:?}")
            }
            Garbage::NoArguments => assert!(!first.is_object(), "{seen:?}"),
            Garbage::ForeignTenant => assert_eq!(first["clientCode"], json!("AJENO")),
            Garbage::NoTenant => assert!(first.get("clientCode").is_none()),
            Garbage::UnknownEvents => assert!(seen.iter().all(|(name, _)| name != "message:new")),
            Garbage::MissingFields | Garbage::WrongTypes => {
                assert!(seen.iter().all(|(_, v)| v[0].is_object()), "{seen:?}");
            }
        }
    }
    backend.inject_message("UNO", ANA, "Ana", "fin").await.unwrap();
    assert_eq!(heard_until_the_end(&mut socket).await, ["fin"]);
    backend.shutdown().await;
}

#[tokio::test]
async fn too_many_requests_for_a_while() {
    let (backend, operator, _socket) = at_work().await;
    backend.faults().too_many_requests(Duration::from_secs(60));
    let response = operator.send(Method::GET, "/api/messages/stats", None).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
    assert_shape(&response.json().await.unwrap(), "E7");
    backend.faults().reset_limiter();
    operator.get("/api/messages/stats").await;
    backend.shutdown().await;
}

#[tokio::test]
async fn rows_outlive_the_instance_in_a_file() {
    // given
    let folder = tempfile::tempdir().unwrap();
    let on_file =
        Config { database: DatabaseLocation::File(folder.path().join("backend.db")), ..config() };
    let backend = start(on_file.clone()).await;
    let token = Operator::sign_in(&backend, "UNO").await.token;
    backend.inject_message("UNO", ANA, "Ana", "queda").await.unwrap();
    backend.shutdown().await;
    // when
    let backend = start(on_file).await;
    // then: rows, link and tokens are as before
    let mut operator = Operator::sign_in(&backend, "UNO").await;
    operator.token = token;
    let list = operator.get("/api/messages/conversations").await;
    assert_eq!(list["conversations"][0]["last_message"], json!("queda"));
    operator.text(ANA, "sigo vinculado").await;
    backend.shutdown().await;
}

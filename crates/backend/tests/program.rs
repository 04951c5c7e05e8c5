//! The binary with its control endpoint, the demo, seeding, and a clean end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{process::Stdio, time::Duration};

use common::{Operator, PATIENCE, Seen, Socket, config, start};
use condorito_backend::{Backend, Config, Demo};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

const ANA: &str = "5491155550001";

/// The binary on a free port; its process and the address it printed.
async fn run(flags: &[&str]) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_condorito-backend"))
        .args(["--port", "0"])
        .args(flags)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    let url = line.strip_prefix("listening on ").unwrap().to_owned();
    (program, url)
}

async fn control(url: &str, order: Value) -> Value {
    let response =
        reqwest::Client::new().post(format!("{url}/__control")).json(&order).send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert!(status.is_success(), "{order}: {body}");
    body["ok"].clone()
}

#[tokio::test]
async fn orders_and_questions_go_over_http() {
    // given
    let (mut program, url) = run(&["--control", "--limit", "1000"]).await;
    let tenant = json!("UNO");
    control(&url, json!({ "command": "addTenant", "clientCode": "UNO", "password": "secreto1" }))
        .await;
    // when, then: rows
    let stored = control(
        &url,
        json!({ "command": "inject", "tenant": tenant, "phone": ANA, "name": "Ana", "text": "hola" }),
    )
    .await;
    let count =
        json!({ "command": "injectMany", "tenant": tenant, "phone": ANA, "count": 3, "text": "m" });
    assert_eq!(control(&url, count).await, json!(3));
    let conversation = &stored["conversationId"];
    let messages = control(
        &url,
        json!({ "command": "messages", "tenant": tenant, "conversation": conversation }),
    )
    .await;
    assert_eq!(messages.as_array().unwrap().len(), 4);
    assert_eq!(messages[3]["content"], json!("m 3"));
    let list = control(&url, json!({ "command": "conversations", "tenant": tenant })).await;
    assert_eq!(list[0]["unreadCount"], json!(4));
    // faults, in their JSON
    for order in [
        json!({ "command": "failSends", "count": 1, "stage": { "at": "beforeDelivery" }, "answer": "status500" }),
        json!({ "command": "failSends", "count": 1, "stage": { "at": "afterDelivery", "reportAfterMs": 5 }, "answer": "cut" }),
        json!({ "command": "failSends", "count": 1, "stage": { "at": "afterStoring" }, "answer": "silence" }),
        json!({ "command": "dropEvents", "count": 1 }),
        json!({ "command": "duplicateEvents", "count": 1 }),
        json!({ "command": "reorderEvents", "count": 1 }),
        json!({ "command": "garbage", "tenant": tenant, "kind": "foreignTenant" }),
        json!({ "command": "delayRequests", "ms": 1 }),
        json!({ "command": "delayEvents", "ms": 1 }),
        json!({ "command": "tooManyRequests", "ms": 10 }),
        json!({ "command": "databaseDown", "down": false }),
        json!({ "command": "setEcho", "echo": "alternating" }),
        json!({ "command": "setLinked", "tenant": tenant, "linked": true }),
        json!({ "command": "setStatus", "tenant": tenant, "status": "active" }),
        json!({ "command": "seed", "tenant": tenant, "conversations": 2, "messagesEach": 2 }),
        json!({ "command": "kick" }),
        json!({ "command": "resetLimiter" }),
        json!({ "command": "clearFaults" }),
    ] {
        control(&url, order).await;
    }
    assert_eq!(
        control(&url, json!({ "command": "deliveries", "tenant": tenant })).await,
        json!([])
    );
    // what is unknown says so
    for wrong in [json!({ "command": "fly" }), json!({ "command": "lastSeq", "tenant": "NADIE" })] {
        let response = reqwest::Client::new()
            .post(format!("{url}/__control"))
            .json(&wrong)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400);
        assert!(response.json::<Value>().await.unwrap()["error"].is_string());
    }
    program.kill().await.unwrap();
}

#[tokio::test]
async fn a_restart_by_order_comes_back_on_the_same_address() {
    let (mut program, url) = run(&["--control"]).await;
    // The pooled connection is cut: that is how the restart is noticed.
    let mut connection =
        tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    control(&url, json!({ "command": "restart", "downMs": 50 })).await;
    let mut rest = Vec::new();
    let ended = tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut rest);
    let _ = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    let back = async {
        while reqwest::get(format!("{url}/health")).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap();
    program.kill().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_the_program_cleanly() {
    let (mut program, _url) = run(&[]).await;
    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").arg(&id).status().await.unwrap().success());
    let status = tokio::time::timeout(PATIENCE, program.wait()).await.unwrap().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn control_is_not_served_unless_asked_for() {
    let backend = start(config()).await;
    let response = reqwest::Client::new()
        .post(format!("{}/__control", backend.url()))
        .json(&json!({ "command": "kick" }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_has_a_past_and_lives() {
    // given: contacts that write often and answer everything at once
    let demo = Demo {
        messages_per_minute: 600.0,
        answers: 1.0,
        answer_after: (Duration::from_millis(10), Duration::from_millis(20)),
        ..Demo::default()
    };
    let backend = Backend::start(Config { demo: Some(demo), ..config() }).await.unwrap();
    let login: Value = reqwest::Client::new()
        .post(format!("{}/api/auth/login", backend.url()))
        .json(&json!({ "client_code": "DEMO", "password": "demo1234" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let operator = Operator {
        http: reqwest::Client::new(),
        url: backend.url(),
        code: "DEMO".to_owned(),
        id: login["client"]["id"].as_i64().unwrap(),
        token: login["tokens"]["accessToken"].as_str().unwrap().to_owned(),
        refresh: String::new(),
    };
    // then: a past
    let list = operator.get("/api/messages/conversations?limit=500").await;
    let conversations = list["conversations"].as_array().unwrap();
    assert_eq!(conversations.len(), 42);
    assert!(conversations.iter().all(|row| row["total_messages"].as_i64().unwrap() > 5));
    assert!(conversations.iter().any(|row| row["unread_count"].as_i64().unwrap() > 0));
    assert!(operator.get("/api/contacts?limit=100").await["data"].as_array().unwrap().len() == 42);
    assert_eq!(operator.get("/api/contacts/tags").await["total"], json!(5));
    assert_eq!(operator.get("/api/messages/templates").await["total"], json!(6));
    // … of months, with files, its rows in the order of time
    let mut messages = Vec::new();
    for row in conversations {
        let conversation = row["id"].as_i64().unwrap();
        messages.extend(backend.messages("DEMO", conversation).await.unwrap());
    }
    messages.sort_by_key(|message| message.id);
    let kept = messages.len();
    let past: Vec<_> = messages.into_iter().filter(|message| message.id <= 2000).collect();
    assert!(kept > past.len() && past.is_sorted_by_key(|message| message.sent_at));
    let days = (past[past.len() - 1].sent_at - past[0].sent_at) / 86_400_000;
    assert!(days > 30, "{days} days");
    for kind in ["image", "audio"] {
        assert!(past.iter().any(|message| message.message_type == kind), "{kind}");
    }
    // and a present: a text is answered
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    operator.text(ANA, "¿Seguís interesada?").await;
    loop {
        let Seen::Event(name, values) = socket.next().await else { panic!("the socket ended") };
        if name == "message:new"
            && values[0]["message"]["sender_type"] == "contact"
            && values[0]["conversation"]["contact_phone"] == ANA
        {
            break;
        }
    }
    // pictures can be fetched
    loop {
        let Seen::Event(name, values) = socket.next().await else { panic!("the socket ended") };
        if name == "message:new" && values[0]["message"]["message_type"] == "image" {
            let url = values[0]["message"]["media_url"].as_str().unwrap();
            assert_eq!(reqwest::get(url).await.unwrap().headers()["content-type"], "image/png");
            break;
        }
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn seeding_writes_what_was_asked_for_and_goes_on() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.seed("UNO", 300, 20).await.unwrap();
    backend.seed("UNO", 10, 5).await.unwrap();
    let list = operator.get("/api/messages/conversations?limit=1000").await;
    let rows = list["conversations"].as_array().unwrap();
    assert_eq!(rows.len(), 310);
    let total: i64 = rows.iter().map(|row| row["total_messages"].as_i64().unwrap()).sum();
    assert_eq!(total, 300 * 20 + 10 * 5);
    for row in rows {
        assert_eq!(row["unread_count"].to_string(), row["unread_messages"].as_str().unwrap());
    }
    assert_eq!(operator.get("/api/messages/stats").await["stats"]["total_messages"], json!(0));
    backend.shutdown().await;
}

//! Lines in, lines out, and how the program begins and ends.

use crate::support::{Headless, Launch, SOON, Server, credentials, online};
use serde_json::{Value, json};
use tokio::time::timeout;

/// An address where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn every_line_is_answered_by_one_line() {
    let mut client = Launch::new(NOWHERE).start();
    let unreadable = ["hola", "{", "[1", "{\"id\":1", "\u{1b}\u{0}"];
    let senseless = ["7", "[]", "null", "{\"id\":\"a\"}", "{\"id\":\"b\",\"command\":5}"];
    for line in unreadable.iter().chain(&senseless) {
        client.line(line).await;
    }
    client.line("").await;
    client.line("   ").await;
    let unknown = client.error("fly_to_the_moon", json!({})).await;
    assert_eq!(unknown["code"], "unknown_command");
    assert_eq!(unknown["source"], "input");
    assert_eq!(unknown["retryable"], false);
    assert_eq!(
        client.code("get_conversation", json!({"conversationId": "x"})).await,
        "invalid_input"
    );
    assert_eq!(client.code("get_conversation", json!([])).await, "invalid_input");
    // Absent, null and unknown members are no mistakes.
    client.ok("get_settings", Value::Null).await;
    client.ok("session_status", json!({"later": 1})).await;

    let strays = client.strays();
    assert_eq!(strays.len(), unreadable.len() + senseless.len(), "{strays:#?}");
    for stray in &strays {
        assert_eq!(stray["error"]["code"], "invalid_input", "{stray}");
        assert!(!stray["error"]["message"].as_str().unwrap().is_empty(), "{stray}");
    }
    let ids: Vec<&Value> =
        strays.iter().map(|stray| &stray["id"]).filter(|id| !id.is_null()).collect();
    assert_eq!(ids, ["a", "b"]);
    let (status, _) = client.finish().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn commands_under_way_are_answered_before_the_end() {
    let server = Server::with(30, 5).await;
    let mut client = Launch::new(&server.url).start();
    let mut answers = vec![client.begin("login", credentials()).await];
    for _ in 0..20 {
        answers.push(client.begin("session_status", json!({})).await);
    }
    let (status, _) = client.finish().await;
    assert_eq!(status.code(), Some(0));
    for answer in answers {
        let answer = answer.await.expect("answered before the end");
        assert!(answer.get("ok").is_some(), "{answer}");
    }
}

#[tokio::test]
async fn a_folder_has_one_process() {
    let launch = Launch::new(NOWHERE);
    let mut first = launch.clone().start();
    first.ok("session_status", json!({})).await;
    let (status, lines) = launch.clone().start().wait().await;
    assert_eq!(status.code(), Some(1));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["id"], Value::Null);
    assert_eq!(lines[0]["error"]["code"], "store_busy");

    // The lock goes with the process, however it ends.
    first.kill().await;
    let mut second = launch.start();
    second.ok("session_status", json!({})).await;
}

#[tokio::test]
async fn a_signal_ends_it_in_good_order() {
    let (_server, mut client) = online(3, 3).await;
    client.ok("list_conversations", json!({})).await;
    let (status, launch) = client.terminate().await;
    assert!(status.success());
    // The next start finds the files closed; after a kill it does not.
    for (clean, kill) in [("clean=true", true), ("clean=false", false)] {
        let mut client = launch.clone().start();
        client.ok("list_conversations", json!({})).await;
        let log = client.log();
        let opened = log.lines().rfind(|line| line.contains("files open")).unwrap();
        assert!(opened.contains(clean), "{opened}");
        if kill {
            client.kill().await;
        }
    }
}

#[tokio::test]
async fn sentences_are_in_the_language_asked_for() {
    let mut words = Vec::new();
    for locale in ["es", "en", "pt"] {
        let mut client = Launch::new(NOWHERE).locale(locale).start();
        let error = client.error("list_conversations", json!({})).await;
        assert_eq!(error["code"], "signed_out");
        words.push(error["message"].clone());
        client.ok("set_settings", json!({"patch": {"locale": "en"}})).await;
        let error = client.error("list_conversations", json!({})).await;
        assert!(error["message"].as_str().unwrap().starts_with("Nobody"), "{error}");
    }
    words.dedup();
    assert_eq!(words.len(), 3, "{words:#?}");
}

#[tokio::test]
async fn a_recorded_run_has_the_same_effects_again() {
    let server = Server::with(12, 8).await;
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("run.jsonl");
    let launch = Launch::new(&server.url).option("--record").option(record.to_str().unwrap());
    let mut client: Headless = launch.start();
    client.ok("login", credentials()).await;
    client.connection("online").await;
    client.ok("send_text", json!({"conversationId": 1, "text": "grabado"})).await;
    server.inbound("5491160000003", "también").await;
    client.event("notification", |_| true).await;
    client.skip_events();
    server.order("kick", json!({})).await;
    client.event("connection", |shown| shown["state"] != "online").await;
    client.event("connection", |shown| shown["state"] == "online").await;
    client.ok("sync_now", json!({})).await;
    client.finish().await;

    let replay = tokio::process::Command::new(env!("CARGO_BIN_EXE_condorito-headless"))
        .arg("replay")
        .arg(&record)
        .output();
    let output = timeout(SOON, replay).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("the same"), "{said}");

    // Another decision is noticed.
    let text = std::fs::read_to_string(&record).unwrap();
    assert!(text.contains("\"limit\":500"));
    std::fs::write(&record, text.replacen("\"limit\":500", "\"limit\":400", 1)).unwrap();
    let replay = tokio::process::Command::new(env!("CARGO_BIN_EXE_condorito-headless"))
        .arg("replay")
        .arg(&record)
        .output();
    let output = timeout(SOON, replay).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn logs_and_diagnostics_name_nobody() {
    let (server, mut client) = online(5, 5).await;
    let sent =
        client.ok("send_text", json!({"phone": "387 555 0193", "text": "palabra-clave"})).await;
    assert!(sent["localId"].is_string());
    server.inbound("5491160000002", "respuesta-secreta").await;
    client.event("notification", |_| true).await;
    client.code("login", json!({"clientCode": "otra-empresa", "password": "otra-clave"})).await;
    let diagnostics = client.ok("diagnostics", json!({})).await;
    assert_eq!(diagnostics["requests"]["send_text"]["made"], 1, "{diagnostics:#}");
    assert_eq!(diagnostics["link"]["connects"], 1);
    let file = client.folder().join("informe.json");
    client.ok("export_diagnostics", json!({"path": file})).await;
    let exported = std::fs::read_to_string(&file).unwrap();
    let secrets = std::fs::read_to_string(client.folder().join("secrets.json")).unwrap();
    let secrets: Value = serde_json::from_str(&secrets).unwrap();
    let log = client.log();
    assert!(log.contains("connection"), "{log}");
    let mut private: Vec<String> = [
        "palabra-clave",
        "respuesta-secreta",
        "3875550193",
        "5491160000002",
        "Ana",
        "Contacto",
        "CLI001",
        "Empresa",
        "secreto-1",
        "otra-empresa",
        "otra-clave",
    ]
    .map(str::to_owned)
    .to_vec();
    private.extend(
        secrets["secrets"]
            .as_object()
            .unwrap()
            .values()
            .map(|secret| secret.as_str().unwrap().to_owned()),
    );
    for word in private {
        assert!(!log.contains(&word), "the log says {word:?}:\n{log}");
        assert!(!exported.contains(&word), "the report says {word:?}:\n{exported}");
    }
}

//! The same program against the embedded backend, in this process and in its own.

use crate::support::{Headless, Launch, state_of};
use condorito_backend::{Backend, Config, NewTenant};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn talks_to_the_embedded_backend() {
    let backend = Backend::start(Config::default()).await.unwrap();
    backend.add_tenant(NewTenant::new("EMPRESA", "clave-1234")).await.unwrap();
    backend.seed("EMPRESA", 6, 5).await.unwrap();
    let mut client: Headless = Launch::new(&backend.url()).start();
    let args = json!({"clientCode": "empresa", "password": "clave-1234"});
    client.ok("login", args).await;
    client.connection("online").await;
    let list = client.ok("list_conversations", json!({})).await;
    assert_eq!(list["total"], 6);

    client.skip_events();
    backend.inject_message("EMPRESA", "5493875550193", "Ana", "¿abren hoy?").await.unwrap();
    let shown = client.event("notification", |_| true).await;
    assert_eq!((&shown["title"], &shown["body"]), (&json!("Ana"), &json!("¿abren hoy?")));
    let id = shown["conversationId"].clone();
    let args = json!({"conversationId": id, "text": "sí, hasta las 20"});
    let local_id = client.ok("send_text", args).await["localId"].clone();
    client
        .until("list_messages", json!({"conversationId": id}), |page| {
            state_of(page, &local_id).as_deref() == Some("sent")
        })
        .await;
    client.skip_events();
    backend.restart().await.unwrap();
    client.event("connection", |shown| shown["state"] != "online").await;
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;
    let deliveries = backend.deliveries("EMPRESA").await.unwrap();
    assert_eq!(deliveries.len(), 1);
    client.finish().await;
    backend.shutdown().await;
}

#[tokio::test]
async fn the_demo_runs_in_the_same_process_and_comes_back() {
    let mut client = Launch::new("demo").start();
    let args = json!({"clientCode": "DEMO", "password": "demo1234"});
    client.ok("login", args).await;
    client.connection("online").await;
    let list = client.ok("list_conversations", json!({})).await;
    assert!(list["total"].as_u64().unwrap() > 3, "{list:#}");
    let (status, launch) = client.finish().await;
    assert!(status.success());

    let mut client = launch.start();
    let status = client.ok("session_status", json!({})).await;
    assert_eq!((&status["state"], &status["backend"]), (&json!("signedIn"), &json!("demo")));
    client.connection("online").await;
    let args = json!({"conversationId": list["items"][0]["id"], "text": "¿seguís ahí?"});
    client.ok("send_text", args).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
}

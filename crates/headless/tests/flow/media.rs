//! Files of messages: fetched once, read again without the server, gone, saved, thrown away.

use crate::support::{CODE, Headless, Server, files_below, online};
use base64::Engine as _;
use serde_json::{Value, json};

const PHONE: &str = "5491150239962";

/// One pixel, as a PNG.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A contact sends a file; answers its message as the client shows it.
async fn arrives(server: &Server, client: &mut Headless, mut message: Value) -> Value {
    message["code"] = json!(CODE);
    message["phone"] = json!(PHONE);
    let id = server.order("inbound", message).await["id"].clone();
    let list = client
        .until("list_conversations", json!({"query": PHONE}), |list| list["total"] == 1)
        .await;
    let conversation = &list["items"][0]["id"];
    let has = |page: &Value| page["items"].as_array().unwrap().iter().any(|one| one["id"] == id);
    client.until("list_messages", json!({"conversationId": conversation}), has).await;
    id
}

#[tokio::test]
async fn a_picture_is_fetched_once_and_read_again_without_the_server() {
    let (server, mut client) = online(1, 1).await;
    let id = arrives(&server, &mut client, json!({"type": "image", "mediaBase64": PIXEL})).await;
    let known = json!({"messageId": id, "fetch": false});
    assert_eq!(client.ok("media_info", known.clone()).await["state"], "remote");
    // Asked for several times at once.
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(client.begin("media_info", json!({"messageId": id})).await);
    }
    for answer in answers {
        let info = answer.await.unwrap()["ok"].clone();
        assert_eq!((&info["state"], &info["mime"]), (&json!("ready"), &json!("image/png")));
        assert_eq!((&info["width"], &info["height"]), (&json!(1), &json!(1)));
        assert_eq!(info["openable"], true);
    }
    // The page tells how large it is, and nothing of where it lies on the server.
    let list = client.ok("list_conversations", json!({"query": PHONE})).await;
    assert_eq!(list["items"][0]["lastKind"], "image");
    let place = json!({"conversationId": list["items"][0]["id"]});
    let page = client.ok("list_messages", place).await;
    let media = &page["items"].as_array().unwrap().last().unwrap()["media"];
    let told = (&media["available"], &media["width"], &media["height"]);
    assert_eq!(told, (&json!(true), &json!(1), &json!(1)), "{media}");
    assert!(!page.to_string().contains("/uploads/"), "{page}");
    server.down().await;
    client.connection("offline").await;
    assert_eq!(client.ok("media_info", known.clone()).await["state"], "ready");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foto.png");
    client.ok("save_media", json!({"messageId": id, "path": path})).await;
    let bytes = base64::engine::general_purpose::STANDARD.decode(PIXEL).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let opened = client.ok("media_file", json!({"messageId": id})).await;
    let opened = std::path::PathBuf::from(opened["path"].as_str().unwrap());
    assert_eq!(std::fs::read(&opened).unwrap(), bytes);
    let missing = json!({"messageId": id, "path": folder.path().join("no/hay.png")});
    assert_eq!(client.code("save_media", missing).await, "file_unwritable");

    // Also after a kill; copies in clear are gone then, and none is left among the kept files.
    let launch = client.kill().await;
    let mut client = launch.start();
    assert_eq!(client.ok("media_info", known.clone()).await["state"], "ready");
    assert!(!opened.exists());
    for file in files_below(&client.folder()) {
        let found = std::fs::read(&file).unwrap();
        assert!(!found.windows(bytes.len()).any(|part| part == bytes), "{file:?} is in clear");
    }
    let usage = client.ok("storage_usage", json!({})).await;
    assert!(usage["mediaBytes"].as_u64().unwrap() > 0);
    client.ok("clear_media", json!({})).await;
    assert_eq!(client.ok("media_info", known).await["state"], "remote");
    assert_eq!(client.code("media_info", json!({"messageId": id})).await, "offline");
    assert!(!client.log().contains("/uploads/"), "addresses of files are secrets");
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_asked_for_again() {
    let (server, mut client) = online(1, 1).await;
    let id = arrives(&server, &mut client, json!({"type": "audio", "fileName": "nota.mp3"})).await;
    assert_eq!(client.ok("media_info", json!({"messageId": id})).await["state"], "gone");
    server.down().await;
    client.connection("offline").await;
    assert_eq!(client.ok("media_info", json!({"messageId": id})).await["state"], "gone");
    let path = client.folder().join("x");
    let args = json!({"messageId": id, "path": path});
    assert_eq!(client.code("save_media", args).await, "not_found");
    assert_eq!(client.code("media_info", json!({"messageId": 987_654})).await, "not_found");
}

#[tokio::test]
async fn a_program_is_saved_but_never_opened() {
    let (server, mut client) = online(1, 1).await;
    let program = base64::engine::general_purpose::STANDARD.encode(b"#!/bin/sh\nxmessage hola\n");
    let message = json!({"type": "document", "fileName": "factura.pdf", "mediaBase64": program});
    let id = arrives(&server, &mut client, message).await;
    let info = client.ok("media_info", json!({"messageId": id})).await;
    assert_eq!((&info["state"], &info["openable"]), (&json!("ready"), &json!(false)), "{info}");
    assert_eq!(client.code("media_file", json!({"messageId": id})).await, "file_kind");
    let path = client.folder().join("guardado");
    client.ok("save_media", json!({"messageId": id, "path": path})).await;
    assert!(std::fs::read(&path).unwrap().starts_with(b"#!/bin/sh"));
}

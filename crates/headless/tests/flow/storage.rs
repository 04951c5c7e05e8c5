//! Sizes, everything as a file, and the cache thrown away.

use crate::support::{CODE, mirror_of, online, open_store};
use serde_json::{Value, json};

#[tokio::test]
async fn tells_what_takes_room() {
    let (_server, mut client) = online(5, 4).await;
    client.ok("sync_now", json!({})).await;
    let usage = client.ok("storage_usage", json!({})).await;
    assert_eq!(usage["folder"], client.folder().to_str().unwrap());
    assert_eq!((&usage["conversations"], &usage["messages"]), (&json!(5), &json!(20)));
    for part in ["cacheBytes", "outboxBytes"] {
        assert!(usage[part].as_u64().unwrap() > 4096, "{usage}");
    }
    assert!(usage["mediaBytes"].as_u64().unwrap() < 100_000, "no files yet: {usage}");
    assert_eq!(usage["logBytes"], 0);
    std::fs::create_dir(client.folder().join("logs")).unwrap();
    std::fs::write(client.folder().join("logs/hoy.log"), [0; 1000]).unwrap();
    let usage = client.ok("storage_usage", json!({})).await;
    assert_eq!(usage["logBytes"], 1000);
}

#[tokio::test]
async fn everything_is_exported_as_one_file() {
    let (server, mut client) = online(4, 6).await;
    client.ok("sync_now", json!({})).await;
    client.ok("save_draft", json!({"conversationId": 2, "text": "a medio escribir"})).await;
    client.ok("mute", json!({"conversationId": 3})).await;
    server.down().await;
    client.connection("offline").await;
    client.ok("send_text", json!({"conversationId": 1, "text": "en espera"})).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mis datos.json");
    let exported = client.ok("export_data", json!({"path": path})).await;
    assert_eq!((&exported["conversations"], &exported["messages"]), (&json!(4), &json!(24)));
    let all: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(all["account"]["clientCode"], CODE);
    assert_eq!(all["messages"].as_array().unwrap().len(), 24);
    assert_eq!(all["drafts"][0]["text"], "a medio escribir");
    assert_eq!(all["outbox"][0]["content"], "en espera");
    assert_eq!(all["mutes"][0]["conversationId"], 3);
    assert_eq!(all["settings"]["textScale"], 1.0);
    // A second one takes the place of the first; nothing else is left there.
    client.ok("export_data", json!({"path": path})).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    for bad in [folder.path().to_owned(), folder.path().join("no/hay.json"), "/".into()] {
        let code = client.code("export_data", json!({"path": bad})).await;
        assert_eq!(code, "file_unwritable", "{bad:?}");
        let code = client.code("export_diagnostics", json!({"path": bad})).await;
        assert_eq!(code, "file_unwritable", "{bad:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_called_so() {
    let (_server, mut client) = online(1, 1).await;
    let code = client.code("export_diagnostics", json!({"path": "/dev/full"})).await;
    assert_eq!(code, "disk_full");
    let code = client.code("export_data", json!({"path": "/dev/full"})).await;
    assert_eq!(code, "file_unwritable");
    let kind = std::fs::metadata("/dev/full").unwrap().file_type();
    assert!(!kind.is_file(), "a device was replaced by a file");
}

#[tokio::test]
async fn a_cleared_cache_is_fetched_again_and_the_rest_stays() {
    let (server, mut client) = online(6, 5).await;
    client.ok("sync_now", json!({})).await;
    client.ok("save_draft", json!({"conversationId": 2, "text": "a medio escribir"})).await;
    client.ok("mute", json!({"conversationId": 3})).await;
    server.order("linked", json!({"code": CODE, "value": false})).await;
    client.until("whatsapp_status", json!({}), |whatsapp| whatsapp["state"] != "connected").await;
    let args = json!({"conversationId": 1, "text": "en espera"});
    let local_id = client.ok("send_text", args).await["localId"].clone();

    client.ok("clear_cache", json!({})).await;
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;
    let draft = client.ok("get_conversation", json!({"conversationId": 2})).await;
    assert_eq!(draft["draft"], "a medio escribir");
    let muted = client.ok("get_conversation", json!({"conversationId": 3})).await;
    assert_eq!(muted["mute"], json!({"until": null}));
    let outbox = client.ok("list_outbox", json!({})).await;
    assert_eq!(outbox["items"][0]["localId"], local_id);

    // What is written after it goes out too, and what waited goes first.
    client.ok("send_text", json!({"conversationId": 1, "text": "después"})).await;
    server.order("linked", json!({"code": CODE, "value": true})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert_eq!(server.delivered().await, ["en espera", "después"]);

    server.down().await;
    client.connection("offline").await;
    assert_eq!(client.code("clear_cache", json!({})).await, "offline");
    assert_eq!(client.ok("conversation_counts", json!({})).await["all"], 6);
    let (_, launch) = client.finish().await;
    let counts = mirror_of(&server.state().await, &open_store(&launch.folder()).await);
    assert_eq!(counts.len(), 6);
}

#[tokio::test]
async fn texts_written_while_the_cache_is_cleared_leave_once_in_order() {
    let (server, mut client) = online(3, 3).await;
    client.ok("sync_now", json!({})).await;
    let mut texts = Vec::new();
    let mut answers = Vec::new();
    for number in 1..=30 {
        let text = format!("texto {number}");
        answers.push(client.begin("send_text", json!({"conversationId": 1, "text": text})).await);
        texts.push(text);
        if number % 10 == 5 {
            answers.push(client.begin("clear_cache", json!({})).await);
        }
    }
    for answer in answers {
        let answer = answer.await.unwrap();
        // A conversation that is not fetched yet is none, and no connection is none.
        let code = answer["error"]["code"].as_str();
        assert!(matches!(code, None | Some("offline" | "not_found")), "{answer}");
    }
    client.connection("online").await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    let delivered = server.delivered().await;
    let mut rest = texts.iter();
    for text in &delivered {
        assert!(rest.any(|next| next == text), "out of order or twice: {delivered:?}");
    }
}

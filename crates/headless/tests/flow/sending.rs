//! What is written here: kept before the command answers, sent once, in order.

use crate::support::{CODE, Launch, credentials, files_below, online, state_of};
use serde_json::{Value, json};

fn is_empty(outbox: &Value) -> bool {
    outbox["items"] == json!([])
}

#[tokio::test]
async fn a_text_is_sent_once_and_keeps_its_row() {
    let (server, mut client) = online(3, 4).await;
    client.skip_events();
    let written =
        client.ok("send_text", json!({"conversationId": 1, "text": "hola ñandú 🦤"})).await;
    let local_id = written["localId"].clone();
    client.event("changed", |changed| changed["outbox"] == json!([local_id])).await;
    let args = json!({"conversationId": 1});
    let page = client
        .until("list_messages", args, |page| {
            let last = page["items"].as_array().unwrap().last().unwrap();
            last["localId"] == local_id && last["id"].as_i64().unwrap() > 0
        })
        .await;
    let last = page["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["state"], "sent");
    assert_eq!(last["from"], "client");
    assert!(last["messageId"].as_str().unwrap().starts_with("true_"));
    assert_eq!(state_of(&page, &local_id).as_deref(), Some("sent"));
    assert_eq!(server.delivered().await, ["hola ñandú 🦤"]);
    let row = client.ok("get_conversation", json!({"conversationId": 1})).await;
    assert_eq!(row["lastMessage"], "hola ñandú 🦤");
    assert_eq!(row["botEnabled"], false, "writing switches the bot off");

    for (args, code) in [
        (json!({"conversationId": 1, "text": " \n "}), "invalid_input"),
        (json!({"text": "a nadie"}), "invalid_input"),
        (json!({"conversationId": 88, "text": "a nadie"}), "not_found"),
        (json!({"phone": "12", "text": "a nadie"}), "invalid_phone"),
    ] {
        assert_eq!(client.code("send_text", args.clone()).await, code, "{args}");
    }
    assert_eq!(client.code("retry", json!({"localId": "x"})).await, "not_found");
    assert_eq!(client.code("discard", json!({"localId": "x"})).await, "not_found");
}

#[tokio::test]
async fn texts_written_at_once_leave_in_the_order_of_the_lines() {
    let (server, mut client) = online(2, 2).await;
    let texts: Vec<String> = (1..=25).map(|number| format!("texto {number}")).collect();
    let mut answers = Vec::new();
    for text in &texts {
        answers.push(client.begin("send_text", json!({"conversationId": 1, "text": text})).await);
    }
    for answer in answers {
        assert!(answer.await.unwrap().get("ok").is_some());
    }
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, texts);
    let page = client.ok("list_messages", json!({"conversationId": 1, "limit": 25})).await;
    let shown: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|item| &item["content"]).collect();
    assert_eq!(shown, texts.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn texts_written_offline_survive_a_kill_and_leave_once_in_order() {
    let (server, mut client) = online(3, 4).await;
    server.down().await;
    client.connection("offline").await;
    let mut written = Vec::new();
    for text in ["uno", "dos", "tres"] {
        let args = json!({"conversationId": 2, "text": text});
        written.push(client.ok("send_text", args).await["localId"].clone());
    }
    let launch = client.kill().await;

    let mut client = launch.start();
    let outbox = client.ok("list_outbox", json!({})).await;
    let kept: Vec<Value> =
        outbox["items"].as_array().unwrap().iter().map(|item| item["localId"].clone()).collect();
    assert_eq!(kept, written);
    let page = client.ok("list_messages", json!({"conversationId": 2})).await;
    for local_id in &written {
        assert_eq!(state_of(&page, local_id).as_deref(), Some("queued"));
    }
    let row = client.ok("get_conversation", json!({"conversationId": 2})).await;
    assert_eq!(row["lastMessage"], "tres");
    let list = client.ok("list_conversations", json!({})).await;
    assert_eq!(list["items"][0]["id"], 2, "what was just written moves up");

    server.up().await;
    client.ok("reconnect_now", json!({})).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["uno", "dos", "tres"]);
    let page = client.ok("list_messages", json!({"conversationId": 2})).await;
    for local_id in &written {
        assert_eq!(state_of(&page, local_id).as_deref(), Some("sent"));
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_send_doubles_nothing() {
    let (server, mut client) = online(2, 3).await;
    // The server has the text, tells nobody, and answers late: the kill comes in between.
    let fault = json!({"mode": "stall-after", "count": 1, "delayMs": 60_000, "echo": false});
    server.order("send-fault", fault).await;
    let args = json!({"conversationId": 1, "text": "sólo una vez"});
    let local_id = client.ok("send_text", args).await["localId"].clone();
    server.until_delivered(1).await;
    let launch = client.kill().await;

    let mut client = launch.start();
    let args = json!({"conversationId": 1});
    let page = client
        .until("list_messages", args, |page| state_of(page, &local_id).as_deref() == Some("sent"))
        .await;
    assert_eq!(state_of(&page, &local_id).as_deref(), Some("sent"));
    assert_eq!(server.delivered().await, ["sólo una vez"]);
}

#[tokio::test]
async fn what_cannot_leave_yet_waits_with_its_reason() {
    let (server, mut client) = online(3, 3).await;
    server.order("linked", json!({"code": CODE, "value": false})).await;
    client.event("whatsapp", |link| link["state"] == "disconnected").await;
    client.ok("send_text", json!({"conversationId": 1, "text": "primero"})).await;
    client.ok("send_text", json!({"conversationId": 1, "text": "segundo"})).await;
    client
        .until("list_outbox", json!({}), |outbox| {
            outbox["items"][0]["hold"] == "not_linked" && outbox["items"][1]["hold"] == "previous"
        })
        .await;
    assert_eq!(server.delivered().await, [""; 0]);
    server.order("linked", json!({"code": CODE, "value": true})).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["primero", "segundo"]);
}

#[tokio::test]
async fn a_link_lost_in_silence_is_noticed_by_the_refusal() {
    let (server, mut client) = online(2, 3).await;
    server.order("linked", json!({"code": CODE, "value": false, "silent": true})).await;
    client.ok("send_text", json!({"conversationId": 1, "text": "aún no"})).await;
    client
        .until("list_outbox", json!({}), |outbox| outbox["items"][0]["hold"] == "not_linked")
        .await;
    client.event("notification", |shown| shown["title"] == "WhatsApp se desvinculó").await;
    server.order("linked", json!({"code": CODE, "value": true})).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["aún no"]);
}

#[tokio::test]
async fn a_429_is_never_a_failed_send() {
    let (server, mut client) = online(2, 3).await;
    server.order("rate-limit-now", json!({"seconds": 3})).await;
    client.ok("send_text", json!({"conversationId": 1, "text": "con calma"})).await;
    client
        .until("list_outbox", json!({}), |outbox| outbox["items"][0]["hold"] == "rate_limited")
        .await;
    let shown = client.ok("connection_status", json!({})).await;
    assert!(shown["limitedUntil"].is_string(), "{shown}");
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["con calma"]);
}

#[tokio::test]
async fn a_refusal_waits_for_the_operator() {
    let (server, mut client) = online(2, 3).await;
    server.order("send-fault", json!({"mode": "400", "count": 2})).await;
    let mut written = Vec::new();
    for text in ["otra vez", "mejor no"] {
        let args = json!({"conversationId": 1, "text": text});
        written.push(client.ok("send_text", args).await);
    }
    let failed = client
        .until("list_outbox", json!({}), |outbox| {
            outbox["items"].as_array().unwrap().iter().all(|item| item["state"] == "failed")
        })
        .await;
    assert_eq!(failed["items"][0]["error"]["code"], "refused");
    let page = client.ok("list_messages", json!({"conversationId": 1})).await;
    let last = page["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["state"], "failed");
    assert!(last["error"]["message"].as_str().unwrap().len() > 10, "{last}");
    client.event("notification", |shown| shown["title"] == "No se pudo enviar").await;

    client.ok("discard", written[1].clone()).await;
    client.ok("retry", written[0].clone()).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["otra vez"]);
    let page = client.ok("list_messages", json!({"conversationId": 1})).await;
    assert_eq!(state_of(&page, &written[1]["localId"]), None);
}

#[tokio::test]
async fn a_new_number_gets_its_conversation() {
    let (server, mut client) = online(2, 3).await;
    server.down().await;
    client.connection("offline").await;
    let begun = client.ok("start_conversation", json!({"phone": "387 555-0193"})).await;
    let id = begun["id"].as_i64().unwrap();
    assert!(id < 0);
    assert_eq!(begun["phone"], "5493875550193");
    let again = client.ok("start_conversation", json!({"phone": "+54 9 387 5550193"})).await;
    assert_eq!(again["id"], id);
    let args = json!({"phone": "0387 555 0193", "text": "buen día"});
    let local_id = client.ok("send_text", args).await["localId"].clone();
    let page = client.ok("list_messages", json!({"conversationId": id})).await;
    assert_eq!(state_of(&page, &local_id).as_deref(), Some("queued"));
    assert_eq!(page["hasOlder"], false);
    client.ok("save_draft", json!({"conversationId": id, "text": "y además"})).await;

    server.up().await;
    client.ok("reconnect_now", json!({})).await;
    let page = client
        .until("list_messages", json!({"conversationId": id}), |page| {
            state_of(page, &local_id).as_deref() == Some("sent")
                && page["items"][0]["id"].as_i64().unwrap() > 0
        })
        .await;
    let real = page["items"][0]["conversationId"].as_i64().unwrap();
    assert!(real > 0);
    // The old id stays good.
    let row = client.ok("get_conversation", json!({"conversationId": id})).await;
    assert_eq!(row["id"], real);
    assert_eq!(row["draft"], "y además");
    client.ok("mark_read", json!({"conversationId": id})).await;
    client.ok("send_text", json!({"conversationId": id, "text": "otra"})).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["buen día", "otra"]);
    let list = client.ok("list_conversations", json!({})).await;
    assert_eq!(list["total"], 3);
    assert_eq!(client.code("start_conversation", json!({"phone": "Ana"})).await, "invalid_phone");

    let launch = client.kill().await;
    let mut client = launch.start();
    let row = client.ok("get_conversation", json!({"conversationId": id})).await;
    assert_eq!(row["id"], real);
}

#[tokio::test]
async fn files_are_sent_and_bad_ones_refused() {
    let (server, mut client) = online(2, 3).await;
    let folder = client.folder();
    let picture = folder.join("foto año.png");
    let png: &[u8] = &[
        0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0,
        0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89,
    ];
    std::fs::write(&picture, png).unwrap();
    let args = json!({"conversationId": 1, "path": picture, "caption": "la foto"});
    let local_id = client.ok("send_file", args).await["localId"].clone();
    let page = client
        .until("list_messages", json!({"conversationId": 1}), |page| {
            let last = page["items"].as_array().unwrap().last().unwrap();
            last["localId"] == local_id && last["id"].as_i64().unwrap() > 0
        })
        .await;
    let last = page["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["content"]), (&json!("image"), &json!("la foto")));
    assert_eq!(server.delivered().await.len(), 1);

    let big = folder.join("grande.pdf");
    std::fs::File::create(&big).unwrap().set_len(10 * 1024 * 1024 + 1).unwrap();
    for (path, code) in [
        (folder.join("no-esta.pdf"), "file_unreadable"),
        (folder.clone(), "file_unreadable"),
        (big, "file_too_big"),
    ] {
        let args = json!({"conversationId": 1, "path": path});
        assert_eq!(client.code("send_file", args).await, code, "{path:?}");
    }
    let program = folder.join("programa.exe");
    std::fs::write(&program, b"MZ\0\0").unwrap();
    let args = json!({"conversationId": 1, "path": program});
    assert_eq!(client.code("send_file", args).await, "file_kind");
    assert!(is_empty(&client.ok("list_outbox", json!({})).await));
}

#[tokio::test]
async fn a_file_leaves_although_it_is_gone_when_the_network_comes_back() {
    let (server, mut client) = online(2, 3).await;
    server.down().await;
    client.connection("offline").await;
    let folder = tempfile::tempdir().unwrap();
    let marker = b"lo de adentro";
    let mut written = Vec::new();
    for name in ["uno.pdf", "dos.pdf"] {
        let path = folder.path().join(name);
        std::fs::write(&path, [b"%PDF-1.4\n".as_slice(), marker, b"\n%%EOF\n"].concat()).unwrap();
        let args = json!({"conversationId": 1, "path": path, "caption": name});
        written.push(client.ok("send_file", args).await["localId"].clone());
    }
    folder.close().unwrap();
    let launch = client.kill().await;
    for file in files_below(&launch.folder()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(marker.len()).any(|part| part == marker), "{file:?} is in clear");
    }

    let mut client = launch.start();
    let page = client.ok("list_messages", json!({"conversationId": 1})).await;
    for local_id in &written {
        assert_eq!(state_of(&page, local_id).as_deref(), Some("queued"));
    }
    client.ok("discard", json!({"localId": written[0]})).await;
    let before = client.ok("storage_usage", json!({})).await;
    assert!(before["outboxBytes"].as_u64().unwrap() > 0);
    server.up().await;
    client.ok("reconnect_now", json!({})).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["dos.pdf"]);
    let page = client
        .until("list_messages", json!({"conversationId": 1}), |page| {
            let last = page["items"].as_array().unwrap().last().unwrap();
            last["localId"] == written[1] && last["id"].as_i64().unwrap() > 0
        })
        .await;
    let last = page["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["type"], &last["media"]["fileName"]),
        (&json!("document"), &json!("dos.pdf"))
    );
}

#[tokio::test]
async fn a_text_written_before_the_first_sync_is_sent() {
    let (server, client) = online(2, 3).await;
    let (_, launch) = client.finish().await;
    let mut client: crate::support::Headless = launch.start();
    // Before the link is up.
    client.ok("send_text", json!({"conversationId": 1, "text": "apurado"})).await;
    client.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["apurado"]);

    let mut other = Launch::new(&server.url).start();
    other.ok("login", credentials()).await;
    other.ok("send_text", json!({"phone": "11 5555 0001", "text": "en frío"})).await;
    other.until("list_outbox", json!({}), is_empty).await;
    assert_eq!(server.delivered().await, ["apurado", "en frío"]);
}

//! Reading: the list, pages of messages, live messages, drafts, search.

use crate::support::{CODE, Server, online};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// Row ids that the server has of a conversation, in its order.
async fn server_ids(server: &Server, conversation: i64) -> Vec<i64> {
    let state = server.state().await;
    let all = state["conversations"].as_array().unwrap();
    let one = all.iter().find(|row| row["id"] == conversation).unwrap();
    let mut rows: Vec<(String, i64)> = one["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["sent_at"].as_str().unwrap().to_owned(), row["id"].as_i64().unwrap()))
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn the_list_comes_in_pages_newest_first() {
    let (_server, mut client) = online(23, 2).await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = client.ok("list_conversations", json!({"limit": 10, "cursor": cursor})).await;
        assert_eq!(page["total"], 23);
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| {
            (item["lastMessageAt"].as_str().unwrap().to_owned(), item["id"].as_i64().unwrap())
        }));
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 23);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:#?}");
    let unread = client.ok("list_conversations", json!({"unread": true})).await;
    assert_eq!(unread["total"], 4);
    let found = client.ok("list_conversations", json!({"query": "contacto 0007"})).await;
    assert_eq!(found["items"][0]["name"], "Contacto 0007");
    let found = client.ok("list_conversations", json!({"query": "60000011"})).await;
    assert_eq!(found["total"], 1);
    assert_eq!(client.code("list_conversations", json!({"cursor": "x"})).await, "invalid_input");
    assert_eq!(client.code("get_conversation", json!({"conversationId": 999})).await, "not_found");
}

#[tokio::test]
async fn a_live_message_is_shown_and_told_of_once() {
    let (server, mut client) = online(4, 4).await;
    client.skip_events();
    let stored = server.inbound("5491160000002", "¿hay *stock* <b>hoy</b>?").await;
    let id = stored["id"].clone();
    let conversation = stored["conversationId"].clone();
    let changed = client
        .event("changed", |changed| {
            let all = changed["messages"].as_array().unwrap();
            all.iter().any(|one| one["ids"].as_array().unwrap().contains(&id))
        })
        .await;
    assert!(changed["conversations"].as_array().unwrap().contains(&conversation), "{changed}");
    let shown = client.event("notification", |_| true).await;
    assert_eq!(shown["conversationId"], conversation);
    assert_eq!(shown["messageId"], stored["messageId"]);
    assert!(shown["body"].as_str().unwrap().starts_with("¿hay *stock* <b>hoy</b>?"), "{shown}");

    let page = client.ok("list_messages", json!({"conversationId": conversation})).await;
    let last = page["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["id"], id);
    assert_eq!(last["state"], "received");
    assert_eq!(last["localId"], Value::Null);
    let row = client.ok("get_conversation", json!({"conversationId": conversation})).await;
    assert_eq!(row["lastMessage"], "¿hay *stock* <b>hoy</b>?");
    assert!(row["unreadCount"].as_u64().unwrap() >= 1);

    // The server repeats itself: nothing new.
    server.order("event-duplicate", json!({"count": 1, "event": "message:new"})).await;
    server.inbound("5491160000003", "uno solo").await;
    client.event("notification", |shown| shown["messageId"] != stored["messageId"]).await;
    client.ok("sync_now", json!({})).await;
    let told = client.events("notification");
    assert_eq!(told.len(), 2, "{told:#?}");
}

#[tokio::test]
async fn notifications_say_as_much_as_is_allowed() {
    let (server, mut client) = online(4, 4).await;
    let settings =
        client.ok("set_settings", json!({"patch": {"notificationPrivacy": "none"}})).await;
    assert_eq!(settings["notificationPrivacy"], "none");
    server.inbound("5491155550001", "reservado").await;
    let shown = client.event("notification", |_| true).await;
    assert_eq!(shown["title"], "Mensaje nuevo");
    assert!(!shown.to_string().contains("reservado"), "{shown}");

    client.ok("mute", json!({"conversationId": 1})).await;
    let muted = client.ok("get_conversation", json!({"conversationId": 1})).await;
    server.inbound(muted["phone"].as_str().unwrap(), "callado").await;
    client.ok("set_settings", json!({"patch": {"notificationPrivacy": null}})).await;
    server.inbound("5491155550002", "dicho").await;
    let shown = client.event("notification", |_| true).await;
    assert_eq!(shown["body"], "dicho");
    // The choice survives a start.
    let (_, launch) = client.finish().await;
    let mut client = launch.start();
    let row = client.ok("get_conversation", json!({"conversationId": 1})).await;
    assert_eq!(row["mute"], json!({"until": null}));
}

#[tokio::test]
async fn older_messages_come_back_to_the_beginning() {
    let (server, mut client) = online(2, 330).await;
    let all = server_ids(&server, 1).await;
    let mut shown: Vec<i64> = Vec::new();
    let mut before = Value::Null;
    let mut pages = 0;
    loop {
        let args = json!({"conversationId": 1, "limit": 60, "before": before});
        let page = client.ok("list_messages", args).await;
        pages += 1;
        assert!(pages < 20, "no end: {}", shown.len());
        assert_eq!(page["gap"], false, "page {pages}");
        let mut items = ids(&page);
        before = page["items"][0]["cursor"].clone();
        items.extend(&shown);
        shown = items;
        let at_start = shown.len() == all.len();
        assert_eq!(page["hasOlder"], !at_start, "after {} of {}", shown.len(), all.len());
        if at_start {
            break;
        }
    }
    assert_eq!(shown, all);

    // By id, and the other way.
    let args = json!({"conversationId": 1, "limit": 5, "after": all[10]});
    let page = client.ok("list_messages", args).await;
    assert_eq!(ids(&page), all[11..16]);
    assert_eq!(page["hasNewer"], true);
    let args = json!({"conversationId": 1, "limit": 5, "before": all[10]});
    assert_eq!(ids(&client.ok("list_messages", args).await), all[5..10]);
    let args = json!({"conversationId": 1, "limit": 7, "around": all[100]});
    assert!(ids(&client.ok("list_messages", args).await).contains(&all[100]));
    let args = json!({"conversationId": 1, "before": 1_000_000});
    assert_eq!(client.code("list_messages", args).await, "not_found");
    let args = json!({"conversationId": 1, "before": 1, "after": 2});
    assert_eq!(client.code("list_messages", args).await, "invalid_input");
}

#[tokio::test]
async fn offline_a_page_never_waits_and_says_what_it_lacks() {
    let (server, mut client) = online(2, 330).await;
    let page = client.ok("list_messages", json!({"conversationId": 1, "limit": 20})).await;
    assert_eq!(page["gap"], false);
    server.down().await;
    client.connection("offline").await;

    let began = Instant::now();
    let args = json!({"conversationId": 1, "limit": 200});
    let newest = client.ok("list_messages", args).await;
    let mut first = newest["items"][0]["cursor"].clone();
    let mut gap = newest["gap"] == true;
    for _ in 0..10 {
        if gap {
            break;
        }
        let args = json!({"conversationId": 1, "limit": 200, "before": first});
        let page = client.ok("list_messages", args).await;
        gap = page["gap"] == true;
        assert_eq!(page["hasOlder"], true);
        first = page["items"][0]["cursor"].clone();
    }
    assert!(gap, "the cache cannot have all 330");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_silent_server_holds_a_page_up_for_ten_seconds_at_most() {
    let (server, mut client) = online(2, 330).await;
    server.order("blackhole", json!({"on": true})).await;
    let first = client.ok("list_messages", json!({"conversationId": 1, "limit": 200})).await;
    let args = json!({"conversationId": 1, "limit": 200, "before": first["items"][0]["id"]});
    let began = Instant::now();
    let page = client.ok("list_messages", args).await;
    assert_eq!(page["gap"], true);
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

#[tokio::test]
async fn marks_reach_the_server_also_later() {
    let (server, mut client) = online(5, 4).await;
    let unread = client.ok("list_conversations", json!({"unread": true})).await;
    let id = unread["items"][0]["id"].clone();
    server.down().await;
    client.connection("offline").await;
    client.ok("mark_read", json!({"conversationId": id})).await;
    let row = client.ok("get_conversation", json!({"conversationId": id})).await;
    assert_eq!(row["unreadCount"], 0);
    let launch = client.kill().await;

    server.up().await;
    let mut client = launch.start();
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;
    let state = server.state().await;
    let theirs = state["conversations"].as_array().unwrap().iter().find(|row| row["id"] == id);
    assert_eq!(theirs.unwrap()["unread_count"], 0);
    assert_eq!(client.code("mark_read", json!({"conversationId": 77})).await, "not_found");
}

#[tokio::test]
async fn drafts_survive_and_words_are_found() {
    let (server, mut client) = online(3, 3).await;
    server.inbound("5491160000001", "¿Quedó algún café molido?").await;
    client.event("notification", |_| true).await;
    client.ok("save_draft", json!({"conversationId": 2, "text": "mañana te"})).await;
    let launch = client.kill().await;
    server.down().await;

    let mut client = launch.start();
    let row = client.ok("get_conversation", json!({"conversationId": 2})).await;
    assert_eq!(row["draft"], "mañana te");
    client.ok("save_draft", json!({"conversationId": 2, "text": ""})).await;
    let row = client.ok("get_conversation", json!({"conversationId": 2})).await;
    assert_eq!(row["draft"], Value::Null);

    let found = client.ok("search", json!({"text": "cafe mol"})).await;
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 1, "{found:#}");
    assert_eq!(hits[0]["message"]["content"], "¿Quedó algún café molido?");
    let (start, end) = (&hits[0]["ranges"][0][0], &hits[0]["ranges"][0][1]);
    let snippet: Vec<u16> = hits[0]["snippet"].as_str().unwrap().encode_utf16().collect();
    let range = usize::try_from(start.as_u64().unwrap()).unwrap()
        ..usize::try_from(end.as_u64().unwrap()).unwrap();
    assert!(String::from_utf16(&snippet[range]).unwrap().starts_with("caf"), "{found:#}");
    assert_eq!(client.ok("search", json!({"text": "x"})).await["hits"], json!([]));
}

#[tokio::test]
async fn the_company_is_seen_and_switched() {
    let (server, mut client) = online(6, 4).await;
    let dashboard = client.ok("dashboard", json!({})).await;
    assert_eq!(dashboard["bot"], json!({"enabled": 6, "total": 6}));
    assert_eq!(dashboard["quota"]["messagesLimit"], 2500);
    assert_eq!(dashboard["whatsapp"]["state"], "connected");
    assert_eq!(dashboard["connection"]["state"], "online");
    assert!(dashboard["stats"]["totalMessages"].is_u64() && dashboard["asOf"].is_string());

    client.ok("set_bot", json!({"conversationId": 4, "enabled": false})).await;
    let switched = client.event("bot", |_| true).await;
    assert_eq!(switched, json!({"conversationId": 4, "enabled": false}));
    let row = client.ok("get_conversation", json!({"conversationId": 4})).await;
    assert_eq!(row["botEnabled"], false);
    client.ok("set_bot_all", json!({"enabled": false})).await;
    let without = client.ok("list_conversations", json!({"bot": false})).await;
    assert_eq!(without["total"], 6);

    client.ok("whatsapp_disconnect", json!({})).await;
    client.event("whatsapp", |link| link["state"] == "disconnected").await;
    client.ok("whatsapp_connect", json!({})).await;
    let link = client.event("whatsapp", |link| link["qr"].is_string()).await;
    assert!(link["qr"].as_str().unwrap().starts_with("data:image/png;base64,"));
    assert_eq!(link["state"], "waiting_qr");
    server.order("linked", json!({"code": CODE, "value": true})).await;
    client.event("whatsapp", |link| link["state"] == "connected").await;
    assert_eq!(client.ok("whatsapp_status", json!({})).await["state"], "connected");

    client.ok("delete_conversation", json!({"conversationId": 2})).await;
    assert_eq!(client.code("get_conversation", json!({"conversationId": 2})).await, "not_found");
    server.down().await;
    client.connection("offline").await;
    let dashboard = client.ok("dashboard", json!({})).await;
    assert!(dashboard["asOf"].is_string() && dashboard["quota"].is_object(), "{dashboard:#}");
    assert_eq!(
        client.code("set_bot", json!({"conversationId": 1, "enabled": true})).await,
        "offline"
    );
}

//! Who waits, how many there are, mutes, and what a number means.

use crate::support::{CODE, online};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn those_who_wait_come_longest_first_and_are_counted() {
    let (server, mut client) = online(6, 4).await;
    let waiting = json!({"waiting": true});
    let before = client.ok("list_conversations", waiting.clone()).await;
    let counts = client.ok("conversation_counts", json!({})).await;
    assert_eq!(counts["all"], 6);
    assert_eq!(counts["waiting"], before["total"]);
    let unread = client.ok("list_conversations", json!({"unread": true})).await;
    assert_eq!(counts["unread"], unread["total"]);
    let sum: i64 = unread["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["unreadCount"].as_i64().unwrap())
        .sum();
    assert_eq!(counts["unreadMessages"], sum);
    let off = client.ok("list_conversations", json!({"bot": false})).await;
    assert_eq!(counts["botOff"], off["total"]);

    for phone in ["5491155550001", "5491155550002"] {
        client.skip_events();
        server.inbound(phone, "¿hay alguien?").await;
        client.event("notification", |_| true).await;
    }
    let page = client.ok("list_conversations", waiting.clone()).await;
    assert_eq!(page["total"], before["total"].as_i64().unwrap() + 2);
    let since: Vec<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["waitingSince"].as_str().unwrap())
        .collect();
    assert!(since.is_sorted(), "{since:?}");
    let last = *ids(&page).last().unwrap();

    // Offline, an answer that waits to be sent ends the wait as well.
    server.down().await;
    client.connection("offline").await;
    client.ok("send_text", json!({"conversationId": last, "text": "acá estamos"})).await;
    let page = client.ok("list_conversations", waiting).await;
    assert!(!ids(&page).contains(&last), "{page:#}");
    let after = client.ok("conversation_counts", json!({})).await;
    assert_eq!(after["waiting"], page["total"]);
    let others = client.ok("list_conversations", json!({"waiting": false})).await;
    assert!(ids(&others).contains(&last));
    assert_eq!(
        others["total"].as_i64().unwrap() + page["total"].as_i64().unwrap(),
        after["all"].as_i64().unwrap()
    );
}

#[tokio::test]
async fn a_muted_conversation_tells_nothing_until_it_is_unmuted() {
    let (server, mut client) = online(2, 2).await;
    let row = client.ok("get_conversation", json!({"conversationId": 1})).await;
    assert_eq!(row["mute"], Value::Null);
    let phone = row["phone"].as_str().unwrap();
    client.skip_events();
    client.ok("mute", json!({"conversationId": 1, "minutes": 60})).await;
    client
        .event("changed", |changed| {
            changed["conversations"].as_array().unwrap().contains(&json!(1))
        })
        .await;
    let row = client.ok("get_conversation", json!({"conversationId": 1})).await;
    assert!(row["mute"]["until"].is_string(), "{row:#}");
    let list = client.ok("list_conversations", json!({})).await;
    let listed = list["items"].as_array().unwrap().iter().find(|item| item["id"] == 1).unwrap();
    assert_eq!(listed["mute"], row["mute"]);
    server.inbound(phone, "callado").await;
    server.inbound("5491155550009", "dicho").await;
    let told = client.event("notification", |_| true).await;
    assert_eq!((&told["body"], &told["kind"]), (&json!("dicho"), &json!("message")));
    assert_eq!((&told["count"], &told["silent"]), (&json!(1), &json!(false)));
    let counts = client.ok("conversation_counts", json!({})).await;
    assert!(counts["unreadMessages"].as_i64().unwrap() >= 2, "what is not told is counted");

    client.ok("unmute", json!({"conversationId": 1})).await;
    let row = client.ok("get_conversation", json!({"conversationId": 1})).await;
    assert_eq!(row["mute"], Value::Null);
    server.inbound(phone, "otra vez").await;
    client.event("notification", |told| told["conversationId"] == 1).await;

    for (args, code) in [
        (json!({"conversationId": 1, "minutes": 0}), "invalid_input"),
        (json!({"conversationId": 1, "minutes": 525_601}), "invalid_input"),
        (json!({"conversationId": 77, "minutes": 1}), "not_found"),
    ] {
        assert_eq!(client.code("mute", args.clone()).await, code, "{args}");
    }
}

#[tokio::test]
async fn a_mute_follows_a_conversation_begun_here() {
    let (server, mut client) = online(1, 1).await;
    let begun = client.ok("start_conversation", json!({"phone": "11 5555 0042"})).await;
    let local = begun["id"].as_i64().unwrap();
    assert!(local < 0, "{begun}");
    client.ok("mute", json!({"conversationId": local})).await;
    client.ok("send_text", json!({"conversationId": local, "text": "hola"})).await;
    let args = json!({"conversationId": local});
    let row = client
        .until("get_conversation", args, |row| row["id"].as_i64().is_some_and(|id| id > 0))
        .await;
    assert_eq!(row["mute"], json!({"until": null}));
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    client.skip_events();
    server.inbound(row["phone"].as_str().unwrap(), "callado").await;
    server.inbound("5491155550009", "dicho").await;
    let told = client.event("notification", |_| true).await;
    assert_eq!(told["body"], "dicho");
}

#[tokio::test]
async fn a_number_is_checked_before_anybody_writes_to_it() {
    let (server, mut client) = online(1, 1).await;
    let known = server.inbound("5491155550007", "hola").await["conversationId"].clone();
    client.until("conversation_counts", json!({}), |counts| counts["all"] == 2).await;
    let check = |digits: &str, country: &str, answerable: bool, existing: &Value| {
        json!({"digits": digits, "country": country, "answerable": answerable,
               "existing": existing})
    };
    let cases = [
        ("11 5555 0007", check("5491155550007", "argentina", true, &known)),
        ("+54 9 11 5555-0008", check("5491155550008", "argentina", true, &Value::Null)),
        ("+598 99 123 456", check("59899123456", "other", false, &Value::Null)),
        ("0054 11 5555 0007", check("5491155550007", "argentina", true, &known)),
    ];
    for (typed, expected) in cases {
        let found = client.ok("check_phone", json!({"phone": typed})).await;
        assert_eq!(found, expected, "{typed}");
    }
    for typed in ["", "12", "Ana", "1234567890123456"] {
        assert_eq!(client.code("check_phone", json!({"phone": typed})).await, "invalid_phone");
    }
    // Looking begins no conversation.
    let counts = client.ok("conversation_counts", json!({})).await;
    assert_eq!(counts["all"], 2);
    let rows = server.order("state", json!({"code": CODE})).await;
    assert_eq!(rows["conversations"].as_array().unwrap().len(), 2);
}

//! Being away, and coming back: nothing is missing afterwards, at a price in proportion.

use crate::support::{CODE, Headless, Launch, Server, credentials, mirror_of, online, open_store};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;

/// Background requests that a window of 15 minutes has room for.
const BUDGET: u64 = 300;

/// Ends the program and holds its store against the server.
async fn assert_mirrors(server: &Server, client: Headless) -> BTreeMap<i64, usize> {
    let state = server.state().await;
    let (status, launch) = client.finish().await;
    assert!(status.success());
    mirror_of(&state, &open_store(&launch.folder()).await)
}

#[tokio::test]
async fn a_night_away_is_caught_up() {
    let server = Server::with(700, 6).await;
    let mut client = Launch::new(&server.url).start();
    client.ok("login", credentials()).await;
    client.connection("online").await;
    let (_, launch) = client.finish().await;
    server.order("rate-limit", json!({})).await;

    // While away: 300 messages in one conversation, one in each of 300 others, and a colleague.
    let phone = |number: u32| format!("549116{number:07}");
    let burst = json!({
        "code": CODE, "phone": phone(1), "count": 300, "text": "mucho"
    });
    server.order("burst", burst).await;
    for number in 2..=301 {
        server.inbound(&phone(number), "te escribí").await;
    }
    for (number, action) in [
        (400, json!({"action": "delete"})),
        (401, json!({"action": "read"})),
        (402, json!({"action": "bot", "enabled": false})),
        (403, json!({"action": "rename", "name": "Otro nombre"})),
        (404, json!({"action": "send", "text": "del colega"})),
    ] {
        let mut order = action;
        order["code"] = json!(CODE);
        order["phone"] = json!(phone(number));
        server.order("colleague", order).await;
    }
    server.forget_requests().await;

    let began = Instant::now();
    let mut client = launch.start();
    client.connection("online").await;
    let report = client.ok("sync_now", json!({})).await;
    let used = server.requests().await;
    println!("a night away: {used} requests, {:?}; {report}", began.elapsed());
    assert!(used <= BUDGET, "{used} requests");

    // One notification for all, not 301.
    let told = client.events("notification");
    assert!(told.len() <= 3, "{} notifications", told.len());
    let counts = assert_mirrors(&server, client).await;
    assert_eq!(counts.len(), 699);
    let state = server.state().await;
    let busy = state["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["contact_phone"] == phone(1));
    let id = busy.unwrap()["id"].as_i64().unwrap();
    assert!(counts[&id] >= 300, "only {} of the busy one", counts[&id]);
}

#[tokio::test]
async fn five_thousand_conversations_fit_the_budget_cold() {
    let server = Server::start(&[]).await;
    server.seed(5000, 12, 50).await;
    server.forget_requests().await;
    let began = Instant::now();
    let mut client = Launch::new(&server.url).start();
    client.ok("login", credentials()).await;
    let signed_in = began.elapsed();
    client.connection("online").await;
    let used = server.requests().await;
    println!("5,000 cold: {used} requests, signed in {signed_in:?}, online {:?}", began.elapsed());
    assert!(used <= BUDGET, "{used} requests");
    let list = client.ok("list_conversations", json!({"limit": 100})).await;
    assert_eq!(list["total"], 5000);
    for (place, row) in list["items"].as_array().unwrap().iter().enumerate() {
        assert_eq!(row["gap"], false, "row {place}: {row:#}");
    }
    // The rest comes on demand.
    let last = client.ok("list_conversations", json!({"query": "contacto 4999"})).await;
    let args = json!({"conversationId": last["items"][0]["id"]});
    let page = client.ok("list_messages", args).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 12);
    assert_eq!(page["hasOlder"], false);

    // Coming back costs in proportion to what changed.
    let (_, launch) = client.finish().await;
    server.inbound("5491160000123", "mientras tanto").await;
    server.forget_requests().await;
    let began = Instant::now();
    let mut client = launch.start();
    client.connection("online").await;
    let used = server.requests().await;
    println!("5,000 again: {used} requests, online {:?}", began.elapsed());
    assert!(used <= 20, "{used} requests");
    assert_mirrors(&server, client).await;
}

#[tokio::test]
async fn a_thousand_unread_conversations_do_not_eat_the_budget() {
    let server = Server::start(&[]).await;
    server.seed(5000, 6, 5).await;
    server.forget_requests().await;
    let mut client = Launch::new(&server.url).start();
    client.ok("login", credentials()).await;
    client.connection("online").await;
    let used = server.requests().await;
    println!("5,000 cold with 1,000 unread: {used} requests");
    assert!(used <= BUDGET, "{used} requests");
    let unread = client.ok("list_conversations", json!({"unread": true})).await;
    assert_eq!(unread["total"], 1000);
    let args = json!({"conversationId": unread["items"][40]["id"]});
    let page = client.ok("list_messages", args).await;
    assert_eq!(page["gap"], false);
    assert_mirrors(&server, client).await;
}

#[tokio::test]
async fn events_lost_while_connected_are_found_by_the_next_comparison() {
    let (server, mut client) = online(10, 5).await;
    let lost = json!({
        "code": CODE, "phone": "5491160000004", "text": "perdido en silencio", "silent": true
    });
    server.order("inbound", lost).await;
    server.order("colleague", json!({"code": CODE, "conversationId": 3, "action": "delete"})).await;
    let report = client.ok("sync_now", json!({})).await;
    assert!(report["messages"].as_u64().unwrap() >= 1, "{report}");
    let told = client.event("notification", |_| true).await;
    assert!(told["body"].as_str().unwrap().starts_with("perdido en silencio"), "{told}");
    assert_mirrors(&server, client).await;
}

#[tokio::test]
async fn cut_off_again_and_again_nothing_is_missing() {
    let (server, mut client) = online(15, 5).await;
    for round in 0..5 {
        let burst = json!({
            "code": CODE, "phone": format!("54911600000{:02}", round + 1), "count": 20,
            "intervalMs": 10, "text": format!("ronda {round}"), "background": true
        });
        server.order("burst", burst).await;
        match round % 3 {
            0 => drop(server.order("kick", json!({})).await),
            1 => drop(server.order("kick", json!({"polite": true})).await),
            _ => {
                server.down().await;
                client.connection("offline").await;
                server.up().await;
                client.ok("reconnect_now", json!({})).await;
            }
        }
        client.connection("online").await;
    }
    // The last burst is over when all its messages are there.
    let last = json!({"query": "60000005"});
    let id = client.ok("list_conversations", last).await["items"][0]["id"].clone();
    client
        .until("list_messages", json!({"conversationId": id}), |page| {
            page["items"].as_array().unwrap().last().unwrap()["content"] == "ronda 4 20"
        })
        .await;
    client.ok("sync_now", json!({})).await;
    let counts = assert_mirrors(&server, client).await;
    assert_eq!(counts.len(), 15);
}

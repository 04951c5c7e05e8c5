//! Conversations, messages, search, stats (contract 4.1 to 4.3, 4.12).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Operator, Socket, config, shapes::assert_shape, start};
use condorito_backend::{BackendHandle, Config, Dialect};
use reqwest::Method;
use serde_json::{Value, json};

const ANA: &str = "5491155550001";
const BETO: &str = "5491155550002";

/// A conversation of `count` texts, `m 1` to `m count`; its id.
async fn talk(backend: &BackendHandle, phone: &str, count: u32) -> i64 {
    backend.inject_many("UNO", phone, count, "m").await.unwrap();
    let all = backend.conversations("UNO").await.unwrap();
    all.iter().find(|found| found.contact_phone == phone).unwrap().id
}

fn contents(page: &Value) -> Vec<&str> {
    page["messages"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_list_has_the_recorded_shape_and_counts_the_page() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.inject_message("UNO", ANA, "Ana Núñez", "hola").await.unwrap();
    backend.send_from_phone("UNO", BETO, "te aviso").await.unwrap();
    let list = operator.get("/api/messages/conversations?limit=1&offset=1").await;
    assert_eq!(list["pagination"], json!({ "limit": 1, "offset": 1, "total": 1 }));
    let all = operator.get("/api/messages/conversations?unread=true&tagIds=1").await;
    let rows = all["conversations"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_shape(row, "conversationRow");
    }
    let by_phone = |phone: &str| rows.iter().find(|row| row["contact_phone"] == phone).unwrap();
    assert_eq!(by_phone(ANA)["unread_count"], json!(1));
    assert_eq!(by_phone(ANA)["unread_messages"], json!("1"));
    assert_eq!(by_phone(ANA)["bot_enabled"], json!(1));
    assert_eq!(by_phone(BETO)["bot_enabled"], json!(0));
    backend.shutdown().await;
}

#[tokio::test]
async fn the_list_is_searched_without_case_accents_or_escaping() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    backend.inject_message("UNO", ANA, "Ana Núñez", "hola").await.unwrap();
    backend.inject_message("UNO", BETO, "Beto", "hola").await.unwrap();
    for (search, found) in
        [("nunez", 1), ("ANA", 1), ("50002", 1), ("%25", 2), ("_eto", 1), ("nadie", 0), ("", 2)]
    {
        let list = operator.get(&format!("/api/messages/conversations?search={search}")).await;
        assert_eq!(list["conversations"].as_array().unwrap().len(), found, "{search}");
    }
    let archived = operator.get("/api/messages/conversations?archived=true").await;
    assert_eq!(archived["conversations"], json!([]));
    for bad in ["limit=abc", "limit=-1", "offset=-1"] {
        let path = format!("/api/messages/conversations?{bad}");
        assert_shape(&operator.expect(500, Method::GET, &path, None).await, "E7");
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn offset_zero_is_the_newest_page_and_any_other_counts_from_the_oldest() {
    // given: m 1 to m 57
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let id = talk(&backend, ANA, 57).await;
    let named = |from: usize, to: usize| (from..=to).map(|n| format!("m {n}")).collect::<Vec<_>>();
    // when, then
    for (query, expected) in [
        ("", named(8, 57)),
        ("?limit=50&offset=0", named(8, 57)),
        ("?limit=50&offset=50", named(51, 57)),
        ("?limit=10&offset=10", named(11, 20)),
        ("?limit=200", named(1, 57)),
        ("?limit=50&offset=57", Vec::new()),
        ("?limit=0", Vec::new()),
    ] {
        let page = operator.get(&format!("/api/messages/conversation/{id}{query}")).await;
        assert_eq!(contents(&page), expected, "{query}");
        assert_eq!(page["pagination"]["total"], json!(expected.len()), "{query}");
        assert_eq!(page["conversation_id"], json!(id));
    }
    let page = operator.get(&format!("/api/messages/conversation/{id}?limit=1")).await;
    assert_shape(&page["messages"][0], "messageRow");
    for bad in ["offset=abc", "offset=-1"] {
        let path = format!("/api/messages/conversation/{id}?{bad}");
        operator.expect(500, Method::GET, &path, None).await;
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn filters_count_only_with_an_offset() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let id = talk(&backend, ANA, 2).await;
    backend.send_from_phone("UNO", ANA, "respuesta").await.unwrap();
    let page = format!("/api/messages/conversation/{id}");
    let unfiltered = operator.get(&format!("{page}?senderType=client")).await;
    assert_eq!(contents(&unfiltered).len(), 3);
    let filtered = operator.get(&format!("{page}?senderType=contact&offset=1")).await;
    assert_eq!(contents(&filtered), ["m 2"]);
    let none = operator.get(&format!("{page}?messageType=image&offset=1")).await;
    assert_eq!(none["messages"], json!([]));
    backend.shutdown().await;
}

#[tokio::test]
async fn unknown_conversations_have_an_empty_page() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let page = operator.get("/api/messages/conversation/99999").await;
    assert_eq!((&page["messages"], &page["conversation_id"]), (&json!([]), &json!(99999)));
    let page = operator.get("/api/messages/conversation/abc").await;
    assert_eq!((&page["messages"], &page["conversation_id"]), (&json!([]), &Value::Null));
    backend.shutdown().await;
}

#[tokio::test]
async fn the_existing_dialect_shows_other_tenants_rows_and_shuffles_equal_seconds() {
    // given: more messages than fit in one second's order by luck
    let backend = start(Config { dialect: Dialect::Existing, ..config() }).await;
    let other = Operator::sign_in(&backend, "DOS").await;
    let id = talk(&backend, ANA, 30).await;
    // when
    let page = other.get(&format!("/api/messages/conversation/{id}")).await;
    // then
    let messages = page["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 30);
    assert!(messages.is_sorted_by_key(|m| m["sent_at"].as_str().unwrap()));
    assert!(!messages.is_sorted_by_key(|m| m["id"].as_i64().unwrap()));
    other.expect(200, Method::POST, &format!("/api/messages/conversation/{id}/read"), None).await;
    other.expect(404, Method::GET, "/api/events?after=0", None).await;
    backend.shutdown().await;
}

#[tokio::test]
async fn reading_is_silent_and_an_unknown_id_is_500() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let id = talk(&backend, ANA, 3).await;
    let (mut socket, hello) = Socket::join(&backend, &operator).await;
    // when
    let reply = operator.post(&format!("/api/messages/conversation/{id}/read"), json!({})).await;
    // then
    assert_eq!(reply["conversation_id"], json!(id));
    let list = operator.get("/api/messages/conversations").await;
    assert_eq!(list["conversations"][0]["unread_count"], json!(0));
    assert_eq!(list["conversations"][0]["unread_messages"], json!("0"));
    let page = operator.get(&format!("/api/messages/conversation/{id}?limit=1")).await;
    assert_eq!(page["messages"][0]["is_read"], json!(1));
    assert_shape(&page["messages"][0], "messageRow");
    for unknown in ["0", "99999", "abc"] {
        let path = format!("/api/messages/conversation/{unknown}/read");
        assert_shape(&operator.expect(500, Method::POST, &path, None).await, "E7");
    }
    // The next event is not about the reading: its number follows the greeting's.
    backend.inject_message("UNO", ANA, "Ana", "sigo acá").await.unwrap();
    let next = socket.expect("message:new").await;
    assert_eq!(next["seq"].as_i64(), hello["seq"].as_i64().map(|seq| seq + 1));
    backend.shutdown().await;
}

#[tokio::test]
async fn deleting_is_told_and_final() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let other = Operator::sign_in(&backend, "DOS").await;
    let id = talk(&backend, ANA, 2).await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    let path = format!("/api/messages/conversation/{id}");
    // when, then
    assert_shape(&other.expect(404, Method::DELETE, &path, None).await, "E2");
    let reply = operator.expect(200, Method::DELETE, &path, None).await;
    assert_eq!(reply["conversation_id"], json!(id));
    let event = socket.expect("conversation:deleted").await;
    assert_shape(&event, "conversationDeleted");
    assert_eq!(event["conversationId"], json!(id));
    assert_shape(&operator.expect(404, Method::DELETE, &path, None).await, "E2");
    assert!(backend.messages("UNO", id).await.unwrap().is_empty());
    let again = talk(&backend, ANA, 1).await;
    assert!(again > id, "a later message makes a new conversation");
    backend.shutdown().await;
}

#[tokio::test]
async fn messages_are_searched_newest_first_in_the_own_rows() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let other = Operator::sign_in(&backend, "DOS").await;
    backend.inject_message("UNO", ANA, "Ana", "¿Hay café en grano?").await.unwrap();
    let beto = talk(&backend, BETO, 2).await;
    let found = operator.get("/api/messages/search?q=CAFE").await;
    assert_eq!(found["search_term"], json!("CAFE"));
    assert_eq!(found["pagination"], json!({ "limit": 50, "offset": 0, "total": 1 }));
    assert_shape(&found["messages"][0], "messageRow");
    let within = operator.get(&format!("/api/messages/search?q=m&conversationId={beto}")).await;
    assert_eq!(within["messages"].as_array().unwrap().len(), 2);
    assert_eq!(other.get("/api/messages/search?q=cafe").await["messages"], json!([]));
    assert_shape(&operator.expect(400, Method::GET, "/api/messages/search", None).await, "E2");
    backend.shutdown().await;
}

#[tokio::test]
async fn stats_are_numbers_and_texts_as_recorded() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let empty = operator.get("/api/messages/stats").await;
    assert_eq!(empty["stats"]["manual_messages"], json!(0));
    talk(&backend, ANA, 2).await;
    backend.bot_reply("UNO", ANA, "soy el bot").await.unwrap();
    let stats = operator.get("/api/messages/stats?hours=1").await["stats"].clone();
    assert_shape(&stats, "stats");
    assert_eq!(
        stats,
        json!({
            "total_messages": 3, "manual_messages": "0", "bot_messages": "1",
            "received_messages": "2", "active_conversations": 1, "unread_messages": "2",
            "period_hours": 1,
        })
    );
    let odd = operator.get("/api/messages/stats?hours=abc").await["stats"].clone();
    assert_eq!((&odd["total_messages"], &odd["period_hours"]), (&json!(0), &Value::Null));
    assert_eq!(odd["received_messages"], json!("0"));
    backend.shutdown().await;
}

#[tokio::test]
async fn a_tenant_sees_only_its_own_rows() {
    let backend = start(config()).await;
    let other = Operator::sign_in(&backend, "DOS").await;
    let id = talk(&backend, ANA, 2).await;
    assert_eq!(other.get("/api/messages/conversations").await["conversations"], json!([]));
    assert_eq!(other.get(&format!("/api/messages/conversation/{id}")).await["messages"], json!([]));
    let read = format!("/api/messages/conversation/{id}/read");
    other.expect(500, Method::POST, &read, None).await;
    let bot = format!("/api/messages/conversation/{id}/bot/enable");
    other.expect(403, Method::POST, &bot, None).await;
    assert_eq!(other.get("/api/events?after=0").await["events"], json!([]));
    assert_eq!(backend.conversations("UNO").await.unwrap()[0].unread_count, 2);
    backend.shutdown().await;
}

#[tokio::test]
async fn foreign_numbers_lose_their_second_message_and_known_ids_are_stored_once() {
    let backend = start(config()).await;
    for id in ["59899123456", "120363000000000001@g.us", "98765432100000@lid"] {
        assert!(backend.inject_message("UNO", id, "Alguien", "uno").await.unwrap().is_some());
        assert!(backend.inject_message("UNO", id, "Alguien", "dos").await.unwrap().is_none());
    }
    let phones: Vec<_> = backend
        .conversations("UNO")
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.contact_phone)
        .collect();
    for phone in ["54959899123456", "549120363000000000001", "5498765432100000"] {
        assert!(phones.iter().any(|found| found == phone), "{phone} in {phones:?}");
    }
    assert!(backend.inject_with_id("UNO", ANA, "uno", "false_x_DUP").await.unwrap().is_some());
    assert!(backend.inject_with_id("UNO", ANA, "uno", "false_x_DUP").await.unwrap().is_none());
    backend.shutdown().await;
}

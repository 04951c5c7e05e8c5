//! Sends of which nobody knows what became: looked up, never repeated without consent.

use crate::support::{online, state_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A lost request is looked up for 65 s before the operator is asked, and no longer than 90 s.
const LONGEST: Duration = Duration::from_secs(95);

#[tokio::test]
async fn what_arrived_becomes_sent_although_no_answer_came() {
    for mode in ["drop-after", "500-after", "502-html-after", "stall-after"] {
        for echo in [true, false] {
            let (server, mut client) = online(2, 3).await;
            let fault = json!({"mode": mode, "count": 1, "echo": echo, "delayMs": 1500});
            server.order("send-fault", fault).await;
            let text = format!("{mode} con eco {echo}");
            let args = json!({"conversationId": 1, "text": text});
            let local_id = client.ok("send_text", args).await["localId"].clone();
            client
                .until("list_messages", json!({"conversationId": 1}), |page| {
                    state_of(page, &local_id).as_deref() == Some("sent")
                })
                .await;
            assert_eq!(server.delivered().await, [text.as_str()]);
            let outbox = client.ok("list_outbox", json!({})).await;
            assert_eq!(outbox["items"], json!([]), "{mode}");
        }
    }
}

#[tokio::test]
async fn a_fault_before_sending_is_shown_as_unconfirmed() {
    let (server, mut client) = online(2, 3).await;
    server.order("send-fault", json!({"mode": "500-before", "count": 1})).await;
    let written = client.ok("send_text", json!({"conversationId": 1, "text": "¿salió?"})).await;
    client
        .until("list_outbox", json!({}), |outbox| outbox["items"][0]["state"] == "unconfirmed")
        .await;
    client.event("notification", |shown| shown["title"] == "Envío sin confirmar").await;
    assert_eq!(server.delivered().await, [""; 0]);
    // Later texts go on.
    client.ok("send_text", json!({"conversationId": 1, "text": "sigo"})).await;
    client
        .until("list_outbox", json!({}), |outbox| outbox["items"].as_array().unwrap().len() == 1)
        .await;
    client.ok("discard", written).await;
    assert_eq!(server.delivered().await, ["sigo"]);
}

#[tokio::test]
async fn a_request_lost_on_the_way_is_sent_again_only_when_asked_to() {
    let (server, mut client) = online(2, 3).await;
    server.order("send-fault", json!({"mode": "drop-before", "count": 1})).await;
    let began = Instant::now();
    let args = json!({"conversationId": 1, "text": "perdido"});
    let written = client.ok("send_text", args).await;
    let later = client.ok("send_text", json!({"conversationId": 1, "text": "después"})).await;
    let unconfirmed = |outbox: &Value| outbox["items"][0]["state"] == "unconfirmed";
    client.until_within(LONGEST, "list_outbox", json!({}), unconfirmed).await;
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(50) && waited < LONGEST, "{waited:?}");

    // What waited behind it goes; it does not.
    client
        .until("list_messages", json!({"conversationId": 1}), |page| {
            state_of(page, &later["localId"]).as_deref() == Some("sent")
        })
        .await;
    assert_eq!(server.delivered().await, ["después"]);
    client.ok("retry", written).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert_eq!(server.delivered().await, ["después", "perdido"]);
}

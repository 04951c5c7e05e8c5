//! The supervisor under orders: who connects, what is forwarded, cycle, wake and stop.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::ConversationId;
use condorito_model::fact::{ServerEvent, WhatsappState};
use condorito_model::link::{DownReason, LinkFact};
use condorito_net::{Endpoints, Link, LinkConfig, NetOptions, Rest};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use support::link::{CODE, Tokens, down, event, joined, linked, next, quick, up, waiting};
use support::raw::{Raw, RawLink, read_request};
use support::{Double, PASSWORD, until, within};
use tokio::sync::Notify;

#[tokio::test]
async fn the_handshake_says_who_connects_and_the_room_is_a_text() {
    // A code of digits only: it must not become a number.
    let server = Double::with_company("20251009", &["--base-path", "/backend"]).await;
    let endpoints = Endpoints::parse(&format!("{}/backend", server.url)).unwrap();
    let options = NetOptions { endpoints, ..server.options() };
    let (rest, _notices) = Rest::new(&options).unwrap();
    let signed_in = rest.sign_in("20251009", &PASSWORD.to_owned().into()).await.unwrap();
    let (handle, mut facts) = Link::start(LinkConfig::new(&options).unwrap(), Arc::new(rest));

    assert_eq!(next(&mut facts).await, LinkFact::Connecting { attempt: 1 });
    assert_eq!(next(&mut facts).await, LinkFact::Up { generation: 1 });
    joined(&server, "20251009").await;

    let sockets = server.order("sockets", json!({})).await;
    assert_eq!(sockets["joinList"][0]["code"], "20251009");
    let handshake = &sockets["handshakes"][0];
    assert_eq!(handshake["transport"], "websocket");
    assert_eq!(handshake["auth"]["clientId"], signed_in.account.id);
    assert_eq!(handshake["auth"]["clientCode"], "20251009");
    assert_eq!(
        handshake["auth"]["token"],
        secrecy::ExposeSecret::expose_secret(signed_in.tokens.access())
    );
    handle.stop().await;
}

#[tokio::test]
async fn events_come_in_order_and_foreign_ones_do_not() {
    let server = Double::with_company(CODE, &[]).await;
    let (handle, mut facts) = linked(&server).await;
    let emit = async |event: &str, payload: Value| {
        let order = json!({ "code": CODE, "event": event, "payload": payload });
        server.order("emit-raw", order).await;
    };
    for (client_code, id) in [(json!("SUR"), 1), (json!(null), 2), (json!("norte"), 3)] {
        let payload = json!({ "clientCode": client_code, "conversationId": id });
        emit("conversation:deleted", payload).await;
    }
    emit("conversation:deleted", json!({ "conversationId": 4 })).await;
    emit("conversation:deleted", json!({ "clientCode": CODE, "conversationId": "x" })).await;
    emit("algo:nuevo", json!({ "clientCode": CODE })).await;
    emit("whatsapp:disconnected", json!({ "clientCode": CODE, "reason": "LOGOUT" })).await;
    let burst = json!({ "code": CODE, "phone": "5493875550101", "count": 300 });
    server.order("burst", burst).await;
    emit("conversation:deleted", json!({ "clientCode": CODE, "conversationId": 7 })).await;

    let ServerEvent::Whatsapp { state, reason, .. } = event(&mut facts).await else {
        panic!("another event")
    };
    assert_eq!((state, reason.as_deref()), (WhatsappState::Disconnected, Some("LOGOUT")));
    let mut texts = Vec::new();
    loop {
        match event(&mut facts).await {
            ServerEvent::MessageNew { message, .. } => texts.push(message.content.unwrap()),
            ServerEvent::ConversationDeleted { conversation_id } => {
                assert_eq!(conversation_id, ConversationId(7));
                break;
            }
            _ => {}
        }
    }
    let expected: Vec<_> = (1..=300).map(|n| format!("ráfaga {n}")).collect();
    assert_eq!(texts, expected);
    let counters = handle.counters();
    assert_eq!((counters.foreign, counters.malformed), (4, 1));
    assert_eq!(counters.events["message:new"], 300);
    assert_eq!(counters.events["other"], 1);
    assert!(counters.last_event_at.is_some() && counters.up);
    handle.stop().await;
}

#[tokio::test]
async fn reconnecting_now_ends_a_wait_and_nothing_else() {
    let server = Double::with_company(CODE, &[]).await;
    let config = LinkConfig {
        first_wait: Duration::from_secs(3600),
        longest_wait: Duration::from_secs(3600),
        ..quick(&server.url)
    };
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    up(&mut facts).await;
    joined(&server, CODE).await;
    handle.reconnect_now();
    let read =
        json!({ "code": CODE, "event": "whatsapp:ready", "payload": { "clientCode": CODE } });
    server.order("emit-raw", read).await;
    let fact = next(&mut facts).await;
    assert!(matches!(fact, LinkFact::Event { generation: 1, .. }), "{fact:?}");

    server.order("kick", json!({})).await;
    waiting(&mut facts).await;
    handle.reconnect_now();
    assert_eq!(next(&mut facts).await, LinkFact::Connecting { attempt: 1 });
    assert_eq!(up(&mut facts).await, 2);
    handle.stop().await;
}

#[tokio::test]
async fn a_change_of_network_cycles_the_link_at_once() {
    let server = Double::with_company(CODE, &[]).await;
    let (handle, mut facts) = linked(&server).await;
    for generation in 1..=5 {
        handle.cycle();
        let reason = DownReason::Cycled;
        assert_eq!(next(&mut facts).await, LinkFact::Down { generation, reason });
        assert_eq!(next(&mut facts).await, LinkFact::Connecting { attempt: 1 });
        let generation = generation + 1;
        assert_eq!(next(&mut facts).await, LinkFact::Up { generation });
    }
    let sockets = until(&server, "sockets", json!({}), |sockets| sockets["live"] == 1).await;
    assert_eq!(sockets["connections"], 6);
    handle.stop().await;
}

#[tokio::test]
async fn a_change_of_network_ends_an_attempt_that_hangs() {
    let freed = Arc::new(Notify::new());
    let first = Arc::clone(&freed);
    let server = Raw::serve(move |mut stream, number| {
        let first = Arc::clone(&first);
        async move {
            if number == 0 {
                first.notify_one();
                while read_request(&mut stream).await.is_some() {}
                return;
            }
            let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
            link.welcome().await;
            link.until_gone().await;
        }
    })
    .await;
    let config = LinkConfig { deadline: Duration::from_secs(3600), ..quick(&server.url) };
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    within("the attempt", freed.notified()).await;
    handle.reconnect_now();
    handle.cycle();
    assert_eq!(next(&mut facts).await, LinkFact::Connecting { attempt: 1 });
    assert_eq!(next(&mut facts).await, LinkFact::Connecting { attempt: 2 });
    assert_eq!(up(&mut facts).await, 1);
    handle.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_is_a_wake_from_sleep() {
    let server = Double::with_company(CODE, &[]).await;
    let slept = Arc::new(AtomicU64::new(0));
    let ahead = Arc::clone(&slept);
    let config = LinkConfig {
        tick: Duration::from_millis(50),
        jump: Duration::from_secs(60),
        clock: Arc::new(move || {
            SystemTime::now() + Duration::from_secs(ahead.load(Ordering::SeqCst))
        }),
        ..quick(&server.url)
    };
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    for generation in 1..=3 {
        assert_eq!(up(&mut facts).await, generation);
        slept.fetch_add(3600, Ordering::SeqCst);
        assert_eq!(down(&mut facts).await, DownReason::Cycled);
    }
    handle.stop().await;
}

#[tokio::test]
async fn stopping_ends_it_wherever_it_is() {
    let silent =
        Raw::serve(
            |mut stream, _| async move { while read_request(&mut stream).await.is_some() {} },
        )
        .await;
    let (handle, mut facts) = Link::start(quick(&silent.url), Tokens::of(CODE));
    next(&mut facts).await;
    within("the end while connecting", handle.stop()).await;
    assert_eq!(facts.recv().await, None);

    let server = Double::with_company(CODE, &[]).await;
    let config = LinkConfig { first_wait: Duration::from_secs(3600), ..quick(&server.url) };
    server.order("down", json!({})).await;
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    waiting(&mut facts).await;
    within("the end while waiting", handle.stop()).await;
    assert_eq!(facts.recv().await, None);
    server.order("up", json!({})).await;

    let (handle, mut facts) = linked(&server).await;
    within("the end while linked", handle.stop()).await;
    assert_eq!(down(&mut facts).await, DownReason::Stopped);
    assert_eq!(facts.recv().await, None);
    until(&server, "sockets", json!({}), |sockets| sockets["live"] == 0).await;

    let config = LinkConfig { reports: 1, ..quick(&server.url) };
    let (handle, facts) = Link::start(config, Tokens::of(CODE));
    until(&server, "sockets", json!({}), |sockets| sockets["live"] == 1).await;
    within("the end while nobody listens", handle.stop()).await;
    drop(facts);
    until(&server, "sockets", json!({}), |sockets| sockets["live"] == 0).await;
}

#[tokio::test]
async fn a_dropped_handle_or_receiver_ends_it_too() {
    let server = Double::with_company(CODE, &[]).await;
    let (handle, mut facts) = linked(&server).await;
    drop(handle);
    assert_eq!(down(&mut facts).await, DownReason::Stopped);
    assert_eq!(facts.recv().await, None);
    until(&server, "sockets", json!({}), |sockets| sockets["live"] == 0).await;

    let (handle, facts) = linked(&server).await;
    drop(facts);
    until(&server, "sockets", json!({}), |sockets| sockets["live"] == 0).await;
    within("the end", handle.stop()).await;
}

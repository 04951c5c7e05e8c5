//! Every way in which a link ends or never comes to be, against servers that speak byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::ConversationId;
use condorito_model::fact::ServerEvent;
use condorito_model::link::{DownReason, LinkFact};
use condorito_net::{Link, LinkConfig, TokenFault, TokenSource};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::link::{CODE, Tokens, down, next, quick, up, waiting};
use support::raw::{Raw, RawLink, read_request, write};
use support::within;

#[tokio::test]
async fn after_a_refusal_a_new_token_is_taken() {
    let tokens_seen = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tokens_seen);
    let server = Raw::serve(move |stream, number| {
        let seen = Arc::clone(&seen);
        async move {
            let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
            seen.lock().unwrap().push(link.auth["token"].clone());
            if number < 2 {
                link.say("44{\"message\":\"pase vencido\"}").await;
            } else {
                link.welcome().await;
            }
            link.until_gone().await;
        }
    })
    .await;
    let tokens = Tokens::of(CODE);
    tokens.faults.lock().unwrap().push_back(TokenFault::Unavailable);
    tokens.faults.lock().unwrap().push_back(TokenFault::Ended);
    let source: Arc<dyn TokenSource> = Arc::clone(&tokens) as _;
    let (handle, mut facts) = Link::start(quick(&server.url), source);

    assert_eq!(waiting(&mut facts).await.0, DownReason::Unreachable);
    assert_eq!(waiting(&mut facts).await.0, DownReason::Refused);
    assert_eq!(waiting(&mut facts).await.0, DownReason::Refused);
    assert_eq!(waiting(&mut facts).await.0, DownReason::Refused);
    assert_eq!(up(&mut facts).await, 1);

    assert_eq!(*tokens.asked.lock().unwrap(), [false, false, true, true, true]);
    assert_eq!(*tokens_seen.lock().unwrap(), ["pase-3", "pase-4", "pase-5"]);
    assert_eq!(handle.counters().failures[&DownReason::Refused], 3);
    handle.stop().await;
}

#[tokio::test]
async fn a_server_that_never_answers_costs_one_deadline() {
    for speaks in [false, true] {
        let server = Raw::serve(move |mut stream, _| async move {
            if speaks {
                // The upgrade, but never a welcome.
                let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
                link.until_gone().await;
            } else {
                while read_request(&mut stream).await.is_some() {}
            }
        })
        .await;
        let config = LinkConfig { deadline: Duration::from_millis(300), ..quick(&server.url) };
        let begun = Instant::now();
        let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
        assert_eq!(waiting(&mut facts).await.0, DownReason::Timeout);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        handle.stop().await;
    }
}

#[tokio::test]
async fn whatever_ends_a_link_is_seen() {
    let cases: [(&str, &[&str], &[DownReason]); 6] = [
        ("close frame only", &[], &[DownReason::Closed]),
        ("polite", &["41"], &[DownReason::Closed]),
        ("bad packet", &["4zz"], &[DownReason::Broken]),
        ("no packet", &["x"], &[DownReason::Broken]),
        // The library panics on this, in its own task.
        (
            "binary header, then the end",
            &["451-[\"a\",{\"_placeholder\":true,\"num\":0}]"],
            &[DownReason::Broken],
        ),
        ("a name of the library's", &["42[\"error\",1]"], &[DownReason::Broken]),
    ];
    for (case, packets, expected) in cases {
        let server = Raw::serve(move |stream, number| async move {
            let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
            link.welcome().await;
            if number > 0 {
                link.until_gone().await;
                return;
            }
            for packet in packets {
                link.say(packet).await;
            }
            link.close().await;
        })
        .await;
        let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
        up(&mut facts).await;
        let reason = down(&mut facts).await;
        assert!(expected.contains(&reason), "{case}: {reason:?}");
        assert_eq!(up(&mut facts).await, 2, "{case}");
        handle.stop().await;
    }
}

#[tokio::test]
async fn events_before_the_end_are_forwarded_before_it() {
    let server = Raw::serve(|stream, _| async move {
        let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
        link.welcome().await;
        for id in 1..=50 {
            let payload = json!({ "clientCode": CODE, "conversationId": id });
            link.say(&format!("42[\"conversation:deleted\",{payload}]")).await;
        }
        link.close().await;
    })
    .await;
    let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
    for generation in 1..=3 {
        assert_eq!(up(&mut facts).await, generation);
        for id in 1..=50 {
            let event = ServerEvent::ConversationDeleted { conversation_id: ConversationId(id) };
            assert_eq!(next(&mut facts).await, LinkFact::Event { generation, event });
        }
        assert!(matches!(next(&mut facts).await, LinkFact::Down { .. }));
    }
    handle.stop().await;
}

#[tokio::test]
async fn a_silent_link_is_dropped_by_the_heartbeat_of_the_handshake() {
    let server = Raw::serve(|stream, _| async move {
        let mut link = RawLink::accept(stream, 100, 200).await.unwrap();
        link.welcome().await;
        link.until_gone().await;
    })
    .await;
    let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
    up(&mut facts).await;
    let begun = Instant::now();
    assert_eq!(down(&mut facts).await, DownReason::Broken);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    handle.stop().await;
}

#[tokio::test]
async fn a_silence_that_the_library_does_not_see_is_seen_by_its_pulse() {
    let pings = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&pings);
    let server = Raw::serve(move |stream, _| {
        let count = Arc::clone(&count);
        async move {
            let mut link = RawLink::accept(stream, 3_600_000, 3_600_000).await.unwrap();
            link.welcome().await;
            // Signs of life, and then none, on a link whose heartbeat is an hour.
            for _ in 0..10 {
                link.say("2").await;
                link.hear().await;
                count.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            link.until_gone().await;
        }
    })
    .await;
    let config = LinkConfig { silence: Duration::from_millis(600), ..quick(&server.url) };
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    up(&mut facts).await;
    assert_eq!(down(&mut facts).await, DownReason::Silent);
    assert_eq!(pings.load(Ordering::SeqCst), 10, "not while it showed signs of life");
    handle.stop().await;
}

#[tokio::test]
async fn a_flood_drops_the_link_without_a_hole_in_what_came() {
    let server = Raw::serve(|stream, number| async move {
        let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
        link.welcome().await;
        for id in 1..=if number == 0 { 2000 } else { 0 } {
            let payload = json!({ "clientCode": CODE, "conversationId": id });
            link.say(&format!("42[\"conversation:deleted\",{payload}]")).await;
        }
        link.until_gone().await;
    })
    .await;
    let config = LinkConfig { queue: 50, reports: 10, ..quick(&server.url) };
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    up(&mut facts).await;
    // Nobody takes anything until the flood has been cut off.
    within("the overflow", async {
        while server.accepted() < 1 || handle.counters().events.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut seen = 0;
    let reason = loop {
        match next(&mut facts).await {
            LinkFact::Event {
                event: ServerEvent::ConversationDeleted { conversation_id }, ..
            } => {
                seen += 1;
                assert_eq!(conversation_id, ConversationId(seen));
            }
            LinkFact::Down { reason, .. } => break reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason, DownReason::Overflow);
    assert!((50..2000).contains(&seen), "{seen}");
    assert_eq!(up(&mut facts).await, 2);
    handle.stop().await;
}

#[tokio::test]
async fn a_proxy_that_blocks_websocket_is_told() {
    let server = Raw::serve(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            write(&mut stream, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    let config = LinkConfig { blocked_after: Duration::from_millis(300), ..quick(&server.url) };
    let tokens = Tokens::of(CODE);
    tokens.rest_answers.store(false, Ordering::SeqCst);
    let source: Arc<dyn TokenSource> = Arc::clone(&tokens) as _;
    let begun = Instant::now();
    let (handle, mut facts) = Link::start(config, source);
    while begun.elapsed() < Duration::from_millis(600) {
        let said = waiting(&mut facts).await;
        assert_eq!(said, (DownReason::Unreachable, false), "REST does not answer either");
    }
    tokens.rest_answers.store(true, Ordering::SeqCst);
    while !waiting(&mut facts).await.1 {}
    // And it keeps trying.
    let attempts = handle.counters().attempts;
    waiting(&mut facts).await;
    waiting(&mut facts).await;
    assert!(handle.counters().attempts > attempts);
    handle.stop().await;
}

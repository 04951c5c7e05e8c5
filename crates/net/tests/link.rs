//! The supervisor's every turn: refusals, silence, floods, wakes and orders.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use condorito_model::ConversationId;
use condorito_model::fact::{ServerEvent, WhatsappState};
use condorito_model::link::{DownReason, LinkFact};
use condorito_net::{
    Endpoints, Link, LinkAuth, LinkConfig, LinkHandle, NetOptions, Rest, TokenFault, TokenSource,
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use support::raw::{Raw, RawLink, read_request, write};
use support::{Double, PASSWORD, options, until, within};
use tokio::sync::{Notify, mpsc};

const CODE: &str = "NORTE";

/// A token source that says what a test wants.
struct Tokens {
    code: &'static str,
    /// Whether each attempt asked for a new token.
    asked: Mutex<Vec<bool>>,
    /// Faults that come before any token.
    faults: Mutex<VecDeque<TokenFault>>,
    rest_answers: AtomicBool,
}

impl Tokens {
    fn of(code: &'static str) -> Arc<Self> {
        Arc::new(Self {
            code,
            asked: Mutex::default(),
            faults: Mutex::default(),
            rest_answers: AtomicBool::new(true),
        })
    }
}

impl TokenSource for Tokens {
    fn auth(&self, fresh: bool) -> BoxFuture<'_, Result<LinkAuth, TokenFault>> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(fresh);
        let auth = match self.faults.lock().unwrap().pop_front() {
            Some(fault) => Err(fault),
            None => Ok(LinkAuth {
                token: format!("pase-{}", asked.len()).into(),
                client_id: 4,
                client_code: self.code.to_owned(),
            }),
        };
        Box::pin(std::future::ready(auth))
    }

    fn rest_answers(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(self.rest_answers.load(Ordering::SeqCst)))
    }
}

fn quick(url: &str) -> LinkConfig {
    LinkConfig {
        deadline: Duration::from_secs(5),
        first_wait: Duration::from_millis(10),
        longest_wait: Duration::from_millis(40),
        ..LinkConfig::new(&options(url)).unwrap()
    }
}

async fn next(facts: &mut mpsc::Receiver<LinkFact>) -> LinkFact {
    within("a fact", facts.recv())
        .await
        .expect("the link goes on")
}

/// The first fact that fits.
async fn find<T>(facts: &mut mpsc::Receiver<LinkFact>, fits: impl Fn(LinkFact) -> Option<T>) -> T {
    loop {
        if let Some(found) = fits(next(facts).await) {
            return found;
        }
    }
}

async fn up(facts: &mut mpsc::Receiver<LinkFact>) -> u64 {
    find(facts, |fact| match fact {
        LinkFact::Up { generation } => Some(generation),
        _ => None,
    })
    .await
}

async fn down(facts: &mut mpsc::Receiver<LinkFact>) -> DownReason {
    find(facts, |fact| match fact {
        LinkFact::Down { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

async fn waiting(facts: &mut mpsc::Receiver<LinkFact>) -> (DownReason, bool) {
    find(facts, |fact| match fact {
        LinkFact::Waiting {
            reason, blocked, ..
        } => Some((reason, blocked)),
        _ => None,
    })
    .await
}

async fn event(facts: &mut mpsc::Receiver<LinkFact>) -> ServerEvent {
    find(facts, |fact| match fact {
        LinkFact::Event { event, .. } => Some(event),
        _ => None,
    })
    .await
}

async fn joined(server: &Double, code: &str) {
    let room = format!("client_{code}");
    until(server, "sockets", json!({}), |sockets| {
        sockets["rooms"][&room] == 1
    })
    .await;
}

async fn linked(server: &Double) -> (LinkHandle, mpsc::Receiver<LinkFact>) {
    let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
    up(&mut facts).await;
    joined(server, CODE).await;
    (handle, facts)
}

#[tokio::test]
async fn the_handshake_says_who_connects_and_the_room_is_a_text() {
    // A code of digits only: it must not become a number.
    let server = Double::with_company("20251009", &["--base-path", "/backend"]).await;
    let endpoints = Endpoints::parse(&format!("{}/backend", server.url)).unwrap();
    let options = NetOptions {
        endpoints,
        ..server.options()
    };
    let (rest, _notices) = Rest::new(&options).unwrap();
    let signed_in = rest
        .sign_in("20251009", &PASSWORD.to_owned().into())
        .await
        .unwrap();
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
    emit(
        "conversation:deleted",
        json!({ "clientCode": CODE, "conversationId": "x" }),
    )
    .await;
    emit("algo:nuevo", json!({ "clientCode": CODE })).await;
    emit(
        "whatsapp:disconnected",
        json!({ "clientCode": CODE, "reason": "LOGOUT" }),
    )
    .await;
    let burst = json!({ "code": CODE, "phone": "5493875550101", "count": 300 });
    server.order("burst", burst).await;
    emit(
        "conversation:deleted",
        json!({ "clientCode": CODE, "conversationId": 7 }),
    )
    .await;

    let ServerEvent::Whatsapp { state, reason, .. } = event(&mut facts).await else {
        panic!("another event")
    };
    assert_eq!(
        (state, reason.as_deref()),
        (WhatsappState::Disconnected, Some("LOGOUT"))
    );
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
    tokens
        .faults
        .lock()
        .unwrap()
        .push_back(TokenFault::Unavailable);
    tokens.faults.lock().unwrap().push_back(TokenFault::Ended);
    let source: Arc<dyn TokenSource> = Arc::clone(&tokens) as _;
    let (handle, mut facts) = Link::start(quick(&server.url), source);

    assert_eq!(waiting(&mut facts).await.0, DownReason::Unreachable);
    assert_eq!(waiting(&mut facts).await.0, DownReason::Refused);
    assert_eq!(waiting(&mut facts).await.0, DownReason::Refused);
    assert_eq!(waiting(&mut facts).await.0, DownReason::Refused);
    assert_eq!(up(&mut facts).await, 1);

    assert_eq!(
        *tokens.asked.lock().unwrap(),
        [false, false, true, true, true]
    );
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
        let config = LinkConfig {
            deadline: Duration::from_millis(300),
            ..quick(&server.url)
        };
        let begun = Instant::now();
        let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
        assert_eq!(waiting(&mut facts).await.0, DownReason::Timeout);
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
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
        (
            "a name of the library's",
            &["42[\"error\",1]"],
            &[DownReason::Broken],
        ),
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
            link.say(&format!("42[\"conversation:deleted\",{payload}]"))
                .await;
        }
        link.close().await;
    })
    .await;
    let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
    for generation in 1..=3 {
        assert_eq!(up(&mut facts).await, generation);
        for id in 1..=50 {
            let event = ServerEvent::ConversationDeleted {
                conversation_id: ConversationId(id),
            };
            assert_eq!(
                next(&mut facts).await,
                LinkFact::Event { generation, event }
            );
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
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
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
    let config = LinkConfig {
        silence: Duration::from_millis(600),
        ..quick(&server.url)
    };
    let (handle, mut facts) = Link::start(config, Tokens::of(CODE));
    up(&mut facts).await;
    assert_eq!(down(&mut facts).await, DownReason::Silent);
    assert_eq!(
        pings.load(Ordering::SeqCst),
        10,
        "not while it showed signs of life"
    );
    handle.stop().await;
}

#[tokio::test]
async fn a_flood_drops_the_link_without_a_hole_in_what_came() {
    let server = Raw::serve(|stream, number| async move {
        let mut link = RawLink::accept(stream, 5000, 5000).await.unwrap();
        link.welcome().await;
        for id in 1..=if number == 0 { 2000 } else { 0 } {
            let payload = json!({ "clientCode": CODE, "conversationId": id });
            link.say(&format!("42[\"conversation:deleted\",{payload}]"))
                .await;
        }
        link.until_gone().await;
    })
    .await;
    let config = LinkConfig {
        queue: 50,
        reports: 10,
        ..quick(&server.url)
    };
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
                event: ServerEvent::ConversationDeleted { conversation_id },
                ..
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
    let config = LinkConfig {
        blocked_after: Duration::from_millis(300),
        ..quick(&server.url)
    };
    let tokens = Tokens::of(CODE);
    tokens.rest_answers.store(false, Ordering::SeqCst);
    let source: Arc<dyn TokenSource> = Arc::clone(&tokens) as _;
    let begun = Instant::now();
    let (handle, mut facts) = Link::start(config, source);
    while begun.elapsed() < Duration::from_millis(600) {
        let said = waiting(&mut facts).await;
        assert_eq!(
            said,
            (DownReason::Unreachable, false),
            "REST does not answer either"
        );
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
    assert!(
        matches!(fact, LinkFact::Event { generation: 1, .. }),
        "{fact:?}"
    );

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
        assert_eq!(
            next(&mut facts).await,
            LinkFact::Down { generation, reason }
        );
        assert_eq!(next(&mut facts).await, LinkFact::Connecting { attempt: 1 });
        let generation = generation + 1;
        assert_eq!(next(&mut facts).await, LinkFact::Up { generation });
    }
    let sockets = until(&server, "sockets", json!({}), |sockets| {
        sockets["live"] == 1
    })
    .await;
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
    let config = LinkConfig {
        deadline: Duration::from_secs(3600),
        ..quick(&server.url)
    };
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
    let config = LinkConfig {
        first_wait: Duration::from_secs(3600),
        ..quick(&server.url)
    };
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
    until(&server, "sockets", json!({}), |sockets| {
        sockets["live"] == 0
    })
    .await;

    let config = LinkConfig {
        reports: 1,
        ..quick(&server.url)
    };
    let (handle, facts) = Link::start(config, Tokens::of(CODE));
    until(&server, "sockets", json!({}), |sockets| {
        sockets["live"] == 1
    })
    .await;
    within("the end while nobody listens", handle.stop()).await;
    drop(facts);
    until(&server, "sockets", json!({}), |sockets| {
        sockets["live"] == 0
    })
    .await;
}

#[tokio::test]
async fn a_dropped_handle_or_receiver_ends_it_too() {
    let server = Double::with_company(CODE, &[]).await;
    let (handle, mut facts) = linked(&server).await;
    drop(handle);
    assert_eq!(down(&mut facts).await, DownReason::Stopped);
    assert_eq!(facts.recv().await, None);
    until(&server, "sockets", json!({}), |sockets| {
        sockets["live"] == 0
    })
    .await;

    let (handle, facts) = linked(&server).await;
    drop(facts);
    until(&server, "sockets", json!({}), |sockets| {
        sockets["live"] == 0
    })
    .await;
    within("the end", handle.stop()).await;
}

//! The machine's clock is set back and forth, by a day and by a year, while the program runs and
//! while it does not: nothing is lost, doubled, reordered or stuck.

use crate::support::{
    Clock, Headless, Launch, SOON, Server, credentials, mirror_of, open_store, state_of,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

const JUMPS: [i64; 6] = [DAY, -DAY, YEAR, -YEAR, 20 * YEAR, 0];

const PHONE: &str = "5491160000002";

async fn online(server: &Server) -> (Clock, Headless) {
    let (clock, launch) = Clock::of(Launch::new(&server.url).with("CONDORITO_LOG", "trace"));
    let mut client = launch.start();
    client.ok("login", credentials()).await;
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;
    (clock, client)
}

/// How far the program believes its clock to be off.
async fn belief(client: &mut Headless) -> i64 {
    client.ok("diagnostics", json!({})).await["clockOffsetMs"].as_i64().unwrap() / 1000
}

fn contents(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Ends the program and holds what it stored against the server.
async fn ends_like(server: &Server, client: Headless) {
    let (status, launch) = client.finish().await;
    assert!(status.success());
    mirror_of(&server.state().await, &open_store(&launch.folder()).await);
}

#[tokio::test]
async fn a_clock_that_jumps_while_it_runs_stops_nothing() {
    let server = Server::with(3, 4).await;
    let (clock, mut client) = online(&server).await;
    let mut delivered = Vec::new();
    let mut written = Vec::new();
    for (turn, seconds) in JUMPS.into_iter().enumerate() {
        clock.set(seconds);
        // A contact writes, live or in what the link that follows brings.
        let text = format!("pregunta {turn}");
        let row = server.inbound(PHONE, &text).await;
        let id = json!({"conversationId": row["conversationId"]});
        client.until("list_messages", id.clone(), |page| contents(page).contains(&text)).await;
        // An answer leaves and finds its echo.
        let answer = format!("respuesta {turn}");
        let args = json!({"conversationId": row["conversationId"], "text": answer});
        let local_id = client.ok("send_text", args).await["localId"].clone();
        client
            .until("list_messages", id.clone(), |page| {
                state_of(page, &local_id).as_deref() == Some("sent")
            })
            .await;
        delivered.push(answer.clone());
        written.extend([text, answer]);
        // What is read stays read, a draft stays as it is.
        client.ok("mark_read", id.clone()).await;
        let draft = format!("borrador {turn}");
        let args = json!({"conversationId": row["conversationId"], "text": draft});
        client.ok("save_draft", args).await;
        client.ok("sync_now", json!({})).await;
        let off = belief(&mut client).await;
        assert!((off + seconds).abs() <= 5, "off by {off}, set to {seconds}");
        // A clock set ahead looks like waking from sleep: the link may be a new one just now.
        let kept = |shown: &Value| shown["draft"] == *draft && shown["unreadCount"] == 0;
        client.until("get_conversation", id.clone(), kept).await;
        // In the order in which they were written, whatever the clock said.
        let page = client.ok("list_messages", id).await;
        let mut shown = contents(&page);
        shown.retain(|text| written.contains(text));
        let mut reversed = shown.clone();
        reversed.reverse();
        assert!(shown == written || reversed == written, "{shown:?}");
        client.connection("online").await;
    }
    assert_eq!(server.delivered().await, delivered);
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedIn");
    assert_eq!(client.ok("list_outbox", json!({})).await["items"], json!([]));
    ends_like(&server, client).await;
}

#[tokio::test]
async fn a_clock_that_jumps_between_two_runs_loses_nothing() {
    let server = Server::with(3, 4).await;
    let (clock, mut client) = online(&server).await;
    let id = json!({"conversationId": 2});
    let mut expected = Vec::new();
    for (turn, seconds) in JUMPS.into_iter().enumerate() {
        // Written without a network, and the machine loses its power.
        server.down().await;
        client.connection("offline").await;
        let mut locals = Vec::new();
        for part in ["primero", "segundo"] {
            let text = format!("{part} {turn}");
            let args = json!({"conversationId": 2, "text": text});
            locals.push(client.ok("send_text", args).await["localId"].clone());
            expected.push(text);
        }
        client.ok("save_draft", json!({"conversationId": 2, "text": format!("b{turn}")})).await;
        let launch = client.kill().await;
        clock.set(seconds);
        client = launch.start();
        // Still without a network: they wait at the end, in their order.
        let page = client.ok("list_messages", id.clone()).await;
        let mut shown = contents(&page);
        let queued = expected[expected.len() - 2..].to_vec();
        shown.retain(|text| queued.contains(text));
        let place = contents(&page).iter().position(|text| *text == queued[1]).unwrap();
        assert!(place == 0 || place + 1 == contents(&page).len(), "{page:#}");
        assert_eq!(shown.len(), 2, "{page:#}");
        server.inbound(PHONE, &format!("mientras {turn}")).await;
        server.up().await;
        client.ok("reconnect_now", json!({})).await;
        client.connection("online").await;
        client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
        assert_eq!(server.delivered().await, expected);
        client.ok("sync_now", json!({})).await;
        let chat = client.ok("get_conversation", id.clone()).await;
        assert_eq!(chat["draft"], format!("b{turn}"));
        assert_eq!(client.ok("session_status", json!({})).await["state"], "signedIn");
    }
    ends_like(&server, client).await;
}

#[tokio::test]
async fn tokens_are_renewed_in_time_by_a_clock_that_is_wrong() {
    let server = Server::start(&[]).await;
    server.seed(2, 2, 0).await;
    // Renewed a second before their end.
    server.order("token-ttl", json!({"accessSeconds": 10})).await;
    let (clock, mut client) = online(&server).await;
    server.forget_requests().await;
    let began = Instant::now();
    let mut jumps = JUMPS.into_iter().cycle();
    let mut turns = 0;
    // Two lives of a token, and more.
    while began.elapsed() < Duration::from_secs(25) {
        clock.set(jumps.next().unwrap());
        // Asked twice: the first answer tells the server's time, and the second goes by it.
        for _ in 0..2 {
            client.ok("sync_now", json!({})).await;
        }
        turns += 1;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let answer = server.order("requests", json!({})).await;
    let list = answer["list"].as_array().unwrap();
    let renewals = list.iter().filter(|one| one["path"] == "/api/auth/refresh").count();
    let refused = list.iter().filter(|one| one["status"] == 401).count();
    // One for each life, and at most one for each jump ahead.
    assert!((2..=4 + turns).contains(&renewals), "{renewals} renewals in {turns} turns");
    // A clock that was set back lets a token run out once; it is renewed then.
    assert!(refused <= 3, "{refused} of {} refused", list.len());
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedIn");
    client.connection("online").await;
}

#[tokio::test]
async fn a_429_is_waited_out_and_no_longer_whatever_the_clock_does() {
    for seconds in [YEAR, -YEAR, DAY, -DAY] {
        let server = Server::with(2, 2).await;
        let (clock, mut client) = online(&server).await;
        let began = Instant::now();
        server.order("rate-limit-now", json!({"seconds": 6})).await;
        client.ok("send_text", json!({"conversationId": 1, "text": "espera"})).await;
        let limited = |all: &Value| all["items"][0]["hold"] == "rate_limited";
        client.until("list_outbox", json!({}), limited).await;
        clock.set(seconds);
        server.forget_requests().await;
        server.until_delivered(1).await;
        assert!(began.elapsed() >= Duration::from_secs(5), "asked during a 429");
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        let answer = server.order("requests", json!({})).await;
        let refused = answer["list"].as_array().unwrap().iter();
        let refused = refused.filter(|one| one["status"] == 429).count();
        assert!(refused <= 1, "{refused} requests during a 429 ({seconds})");
        client.connection("online").await;
    }
}

#[tokio::test]
async fn a_mute_ends_at_its_hour_and_survives_a_clock_that_was_wrong() {
    let server = Server::with(3, 4).await;
    let (clock, mut client) = online(&server).await;
    client.ok("mute", json!({"conversationId": 2, "minutes": 60})).await;
    client.skip_events();
    for (turn, (seconds, muted)) in
        [(0, true), (-DAY, true), (-YEAR, true), (0, true), (DAY, false), (YEAR, false), (0, true)]
            .into_iter()
            .enumerate()
    {
        clock.set(seconds);
        let quiet = format!("en silencio {turn}");
        server.inbound(PHONE, &quiet).await;
        let id = json!({"conversationId": 2});
        client.until("list_messages", id, |page| contents(page).contains(&quiet)).await;
        // Another conversation's message is told of, so what was to be told before it has been.
        let loud = format!("en voz alta {turn}");
        server.inbound("5491160000003", &loud).await;
        let mut told = Vec::new();
        while !told.iter().any(|body: &String| body.contains(&loud)) {
            let next = client.event("notification", |_| true).await;
            told.push(next["body"].as_str().unwrap_or_default().to_owned());
        }
        let silent = !told.iter().any(|body| body.contains(&quiet));
        assert_eq!(silent, muted, "clock set to {seconds}: {told:?}");
    }
}

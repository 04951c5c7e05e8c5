//! The supervisor through 120 deaths of its link: kill, restart, blackhole, kick and refuse in a
//! seeded order, against the double of the existing backend.
//!
//! Alone in its file: it counts the threads, descriptors and tasks of the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::fact::ServerEvent;
use condorito_model::link::{DownReason, LinkFact};
use condorito_net::{Link, LinkConfig};
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Double, until, within};
use tokio::sync::mpsc;

const CODE: &str = "NORTE";
const CYCLES: usize = 120;
const SEED: u64 = 20_251_009;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The port closes, and opens when an attempt has failed.
    Kill,
    /// The port closes and opens at once, with the server's links forgotten.
    Restart,
    /// Nothing moves any more, in either direction.
    Blackhole,
    /// The server cuts the socket.
    Kick,
    /// The server takes its leave first.
    KickPolitely,
    /// The port hangs up on everybody, until an attempt has failed.
    Refuse,
}

const FAULTS: [Fault; 6] = [
    Fault::Kill,
    Fault::Restart,
    Fault::Blackhole,
    Fault::Kick,
    Fault::KickPolitely,
    Fault::Refuse,
];

/// What the receiver saw, read until something in particular comes.
struct Seen {
    facts: mpsc::Receiver<LinkFact>,
    generation: u64,
    texts: Vec<String>,
    failed_attempts: u32,
}

impl Seen {
    async fn next(&mut self) -> LinkFact {
        let fact = within("a fact of the link", self.facts.recv()).await.unwrap();
        match &fact {
            LinkFact::Up { generation } => {
                assert_eq!(*generation, self.generation + 1, "a link came and went unseen");
                self.generation = *generation;
            }
            LinkFact::Event { generation, event } => {
                assert_eq!(*generation, self.generation);
                if let ServerEvent::MessageNew { message, .. } = event {
                    self.texts.push(message.content.clone().unwrap());
                }
            }
            LinkFact::Down { generation, .. } => assert_eq!(*generation, self.generation),
            LinkFact::Waiting { attempt, .. } if *attempt > 0 => self.failed_attempts += 1,
            LinkFact::Waiting { .. } | LinkFact::Connecting { .. } => {}
        }
        fact
    }

    async fn up(&mut self) {
        while !matches!(self.next().await, LinkFact::Up { .. }) {}
    }

    async fn down(&mut self) -> DownReason {
        loop {
            if let LinkFact::Down { reason, .. } = self.next().await {
                return reason;
            }
        }
    }

    async fn failed_attempt(&mut self) {
        let before = self.failed_attempts;
        while self.failed_attempts == before {
            self.next().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_survives_120_deaths_and_leaves_nothing_behind() {
    let server = Double::with_company(
        CODE,
        &["--ping-interval", "200", "--ping-timeout", "300", "--limit", "1000000"],
    )
    .await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let config = LinkConfig {
        deadline: Duration::from_millis(800),
        silence: Duration::from_secs(2),
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(100),
        stable_after: Duration::from_millis(200),
        tick: Duration::from_millis(100),
        ..LinkConfig::new(&server.options()).unwrap()
    };
    let before = Footprint::now();

    let (handle, facts) = Link::start(config, Arc::new(rest));
    let mut seen = Seen { facts, generation: 0, texts: Vec::new(), failed_attempts: 0 };
    let mut chance = SmallRng::seed_from_u64(SEED);
    let mut faults: Vec<Fault> = FAULTS.iter().copied().cycle().take(CYCLES).collect();
    faults.shuffle(&mut chance);
    let mut sent = Vec::new();
    let (mut detected, mut healed) = (Vec::new(), Vec::new());

    for (cycle, fault) in faults.iter().copied().enumerate() {
        let waited = Instant::now();
        seen.up().await;
        healed.push(waited.elapsed());
        joined(&server).await;
        for _ in 0..chance.random_range(1..=6) {
            let text = format!("aviso {}", sent.len());
            let phone = format!("549387555{:04}", sent.len() % 7);
            let order = json!({ "code": CODE, "phone": phone, "text": text });
            server.order("inbound", order).await;
            sent.push(text);
        }
        while seen.texts.len() < sent.len() {
            seen.next().await;
        }
        assert_eq!(seen.texts, sent, "cycle {cycle}, {fault:?}");

        let waited = Instant::now();
        let reason = strike(&server, fault, &mut seen).await;
        detected.push((fault, waited.elapsed()));
        assert!(
            matches!(reason, DownReason::Closed | DownReason::Broken | DownReason::Silent),
            "cycle {cycle}, {fault:?}: {reason:?}"
        );
        heal(&server, fault, &mut seen).await;
    }
    seen.up().await;
    joined(&server).await;
    let during = Footprint::now();

    let sockets = server.order("sockets", json!({})).await;
    assert_eq!(sockets["live"], 1);
    assert_eq!(sockets["maxAlive"], 1, "two live links at once");
    assert_eq!(sockets["connections"], u64::try_from(CYCLES).unwrap() + 1);
    let counters = handle.counters();
    assert_eq!(counters.connects, u64::try_from(CYCLES).unwrap() + 1);
    assert_eq!((counters.malformed, counters.foreign), (0, 0));

    within("the end", handle.stop()).await;
    let mut last = None;
    while let Some(fact) = seen.facts.recv().await {
        last = Some(fact);
    }
    assert!(matches!(last, Some(LinkFact::Down { reason: DownReason::Stopped, .. })), "{last:?}");
    until(&server, "sockets", json!({}), |sockets| sockets["live"] == 0).await;
    // Sockets of the control connections close a moment after their answers.
    let mut after = Footprint::now();
    let patience = Instant::now();
    while after != before && patience.elapsed() < Duration::from_secs(5) {
        tokio::task::yield_now().await;
        after = Footprint::now();
    }
    report(&detected, &mut healed, &counters);
    println!("footprint: before {before:?}, with the link {during:?}, after {after:?}");
    println!("events: {} sent, {} seen, in order", sent.len(), seen.texts.len());
    assert_eq!(after, before);
}

/// The server has taken the join: what is sent now must arrive.
async fn joined(server: &Double) {
    until(server, "sockets", json!({}), |sockets| {
        sockets["rooms"][format!("client_{CODE}")] == 1 && sockets["live"] == 1
    })
    .await;
}

/// Ends the link, and waits until the supervisor says so.
async fn strike(server: &Double, fault: Fault, seen: &mut Seen) -> DownReason {
    let (verb, body) = match fault {
        Fault::Kill | Fault::Restart => ("down", json!({})),
        Fault::Blackhole => ("blackhole", json!({ "on": true })),
        Fault::Kick => ("kick", json!({})),
        Fault::KickPolitely => ("kick", json!({ "polite": true })),
        Fault::Refuse => ("refuse", json!({})),
    };
    if fault == Fault::Restart {
        server.order(verb, body).await;
        server.order("up", json!({ "restarted": true })).await;
    } else {
        server.order(verb, body).await;
    }
    seen.down().await
}

/// Makes the server reachable again.
async fn heal(server: &Double, fault: Fault, seen: &mut Seen) {
    match fault {
        Fault::Restart | Fault::Kick | Fault::KickPolitely => {}
        Fault::Kill | Fault::Refuse => {
            seen.failed_attempt().await;
            server.order("up", json!({})).await;
        }
        Fault::Blackhole => {
            seen.failed_attempt().await;
            // The server sees the end of a dead link by its own heartbeat only.
            until(server, "sockets", json!({}), |sockets| sockets["live"] == 0).await;
            server.order("blackhole", json!({ "on": false })).await;
        }
    }
}

/// What of the machine this process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Footprint {
    threads: usize,
    descriptors: usize,
    tasks: usize,
}

impl Footprint {
    fn now() -> Self {
        let entries = |path: &str| std::fs::read_dir(path).map_or(0, Iterator::count);
        Self {
            threads: entries("/proc/self/task"),
            descriptors: entries("/proc/self/fd"),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        }
    }
}

fn report(
    detected: &[(Fault, Duration)],
    healed: &mut [Duration],
    counters: &condorito_net::LinkCounters,
) {
    for fault in FAULTS {
        let mut times: Vec<Duration> =
            detected.iter().filter(|(of, _)| *of == fault).map(|(_, time)| *time).collect();
        times.sort();
        println!(
            "{fault:?}: {} times, seen after {:?} (median), {:?} (longest)",
            times.len(),
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    healed.sort();
    println!(
        "up again after {:?} (median), {:?} (longest)",
        healed[healed.len() / 2],
        healed[healed.len() - 1]
    );
    println!(
        "{} attempts, {} links, failures {:?}, ends {:?}",
        counters.attempts, counters.connects, counters.failures, counters.disconnects
    );
}

//! How long an event takes, under load.
//!
//! | point | what is measured |
//! | --- | --- |
//! | order | right before the server is ordered to let a contact write |
//! | socket | right after the proxy handed the event's bytes to the client's socket |
//! | decided | the event goes into the client's decisions (its own recording, whole milliseconds) |
//! | committed | the outcome of the event's transaction is back (recording, whole milliseconds) |
//! | told | the `changed` line that names the message was read from the client's output |

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;
use condorito_tests::footprint::processor_time;
use condorito_tests::headless::Headless;
use condorito_tests::mirror::{self, Shown};
use condorito_tests::server::Kind;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::points::{self, Recorded};
use crate::report::Report;
use crate::stand::{Contacts, PATIENCE, Stand, Written};
use crate::times::{Summary, Times};

/// Of the load.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages a second.
    #[arg(long, default_value_t = 200)]
    rate: u64,
}

/// What a run found; times in milliseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    seconds: u64,
    rate: u64,
    /// Messages a second that the server really took.
    reached: f64,
    events: u64,
    refused: u64,
    order_to_socket: Summary,
    socket_to_decided: Summary,
    decided_to_committed: Summary,
    socket_to_committed: Summary,
    committed_to_told: Summary,
    socket_to_told: Summary,
    lists: Summary,
    pages: Summary,
    searches: Summary,
    sends: Summary,
    /// Share of one core that the client used meanwhile, in percent.
    processor_percent: Option<f64>,
    messages_alike: usize,
}

/// Runs; whether all was well.
pub async fn run(kind: Kind, options: &Options, folder: &Path) -> Result<bool> {
    let stand = Stand::start(kind, folder, true).await?;
    let Stand { orders, proxy, client, told, tapped, server: _server } = stand;
    let mut report = Report::begin("load", kind);
    // Both clocks at one instant: the client's recording has wall clock times.
    let anchor = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH)?);
    let wall = |at: Instant| {
        let since = at.saturating_duration_since(anchor.0);
        (anchor.1 + since).as_secs_f64() * 1000.0
    };
    let (out, mut written) = mpsc::unbounded_channel();
    let told = tokio::spawn(points::told(told));
    let tapped = tokio::spawn(points::sockets(tapped));
    let desk = Desk::begin(&client);
    let used = processor_time(client.pid());
    let began = Instant::now();
    let mut contacts =
        Contacts::begin(&orders, options.rate as f64, options.rate * options.seconds, Some(out));
    contacts.done().await;
    let took = began.elapsed();
    let processor = processor_time(client.pid())
        .zip(used)
        .map(|(after, before)| (after - before).as_secs_f64() / took.as_secs_f64() * 100.0);
    let desk = desk.end().await;
    if let Err(error) = client.until_connection("online", PATIENCE).await {
        report.violation(format!("after the last event: {error:#}"));
    }
    mirror::synced(&client).await?;
    let rows = orders.rows().await?;
    let shown = Shown::read(&client).await?;
    let mut differences = Vec::new();
    let alike = mirror::compare(&rows, &shown, &mut differences);
    for difference in differences {
        report.violation(difference);
    }
    client.end(Duration::from_secs(20)).await?;
    // With them their ends of the channels go.
    drop((client, proxy));
    let (told, tapped) = (told.await?, tapped.await?);
    let recorded = Recorded::read(&folder.join("recording.jsonl"))?;
    let mut spans: [Times; 6] = Default::default();
    let mut missing = 0;
    while let Some(Written { number, id, ordered }) = written.recv().await {
        let points = (
            tapped.get(&number).map(|at| wall(*at)),
            recorded.decided.get(&number),
            recorded.committed.get(&number),
            told.get(&id).map(|at| wall(*at)),
        );
        let (Some(socket), Some(&decided), Some(&committed), Some(told)) = points else {
            missing += 1;
            continue;
        };
        let ordered = wall(ordered);
        let [order, decide, commit, stored, tell, whole] = &mut spans;
        order.push_ms(socket - ordered);
        decide.push_ms(decided - socket);
        commit.push_ms(committed - decided);
        stored.push_ms(committed - socket);
        tell.push_ms(told - committed);
        whole.push_ms(told - socket);
    }
    if missing > 0 {
        report.violation(format!("{missing} events did not pass every point live"));
    }
    let [order, decide, commit, stored, tell, whole] = spans.map(|times| times.summary());
    let events = contacts.written.load(Ordering::Relaxed);
    let figures = Figures {
        seconds: options.seconds,
        rate: options.rate,
        reached: events as f64 / took.as_secs_f64(),
        events,
        refused: contacts.refused.load(Ordering::Relaxed),
        order_to_socket: order,
        socket_to_decided: decide,
        decided_to_committed: commit,
        socket_to_committed: stored,
        committed_to_told: tell,
        socket_to_told: whole,
        lists: desk.lists.summary(),
        pages: desk.pages.summary(),
        searches: desk.searches.summary(),
        sends: desk.sends.summary(),
        processor_percent: processor,
        messages_alike: alike.messages,
    };
    report.finish(&figures, table(&figures))?;
    Ok(report.well())
}

/// The operator, who lists, reads, searches and sends.
struct Desk {
    going: watch::Sender<bool>,
    tasks: [JoinHandle<Times>; 4],
}

/// How long the operator waited for what.
struct Waits {
    lists: Times,
    pages: Times,
    searches: Times,
    sends: Times,
}

impl Desk {
    fn begin(client: &Arc<Headless>) -> Self {
        let (going, gate) = watch::channel(true);
        let begin = |every, command, args| {
            tokio::spawn(ask(Arc::clone(client), gate.clone(), every, command, args))
        };
        let tasks = [
            begin(50, "list_conversations", json!({})),
            begin(100, "list_messages", json!({ "conversationId": null })),
            begin(200, "search", json!({ "text": "evento" })),
            begin(1000, "send_text", json!({ "phone": "5491150009999", "text": "bajo carga" })),
        ];
        Self { going, tasks }
    }

    async fn end(self) -> Waits {
        self.going.send_replace(false);
        let [lists, pages, searches, sends] = self.tasks;
        Waits {
            lists: lists.await.unwrap_or_default(),
            pages: pages.await.unwrap_or_default(),
            searches: searches.await.unwrap_or_default(),
            sends: sends.await.unwrap_or_default(),
        }
    }
}

/// Gives one command again and again, `every` so many milliseconds. Pages are of the conversation
/// that is first in the list.
async fn ask(
    client: Arc<Headless>,
    gate: watch::Receiver<bool>,
    every: u64,
    command: &str,
    mut args: Value,
) -> Times {
    let mut times = Times::default();
    let mut pace = tokio::time::interval(Duration::from_millis(every));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while *gate.borrow() {
        pace.tick().await;
        if let Some(id) = args.get_mut("conversationId") {
            let first = json!({ "limit": 1 });
            if let Ok(list) = client.ask("list_conversations", first, PATIENCE).await {
                *id = list.pointer("/items/0/id").cloned().unwrap_or_default();
            }
        }
        let asked = Instant::now();
        if client.ask(command, args.clone(), PATIENCE).await.is_ok() {
            times.push(asked.elapsed());
        }
    }
    times
}

fn table(figures: &Figures) -> Vec<String> {
    let mut lines = vec![format!(
        "{} events, {:.0} a second, {} refused; the client used {:.0} % of a core; {} messages alike",
        figures.events,
        figures.reached,
        figures.refused,
        figures.processor_percent.unwrap_or(f64::NAN),
        figures.messages_alike
    )];
    lines.push(format!(
        "{:<26}{:>8}{:>10}{:>10}{:>10}{:>10}",
        "milliseconds", "count", "p50", "p95", "p99", "longest"
    ));
    for (what, summary) in [
        ("order to socket (server)", figures.order_to_socket),
        ("socket to decided", figures.socket_to_decided),
        ("decided to committed", figures.decided_to_committed),
        ("socket to committed", figures.socket_to_committed),
        ("committed to told", figures.committed_to_told),
        ("socket to told", figures.socket_to_told),
        ("list_conversations", figures.lists),
        ("list_messages", figures.pages),
        ("search", figures.searches),
        ("send_text, until durable", figures.sends),
    ] {
        lines.push(format!(
            "{what:<26}{:>8}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
            summary.count, summary.p50, summary.p95, summary.p99, summary.max
        ));
    }
    lines
}

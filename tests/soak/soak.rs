//! Whether the client lasts.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use condorito_tests::footprint::{Footprint, processor_time};
use condorito_tests::mirror::{self, Shown};
use condorito_tests::proxy::{Fault, FaultKind};
use condorito_tests::server::Kind;
use serde::Serialize;
use serde_json::{Value, json};

use crate::report::Report;
use crate::stand::{Contacts, PATIENCE, Stand};
use crate::times::{Summary, Times};

/// Of the soak itself.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How long contacts write.
    #[arg(long, default_value_t = 30)]
    minutes: u32,
    /// How many messages they write in all; 200,000 in 30 minutes when left out.
    #[arg(long)]
    events: Option<u64>,
    /// Seconds between two cuts of every connection.
    #[arg(long, default_value_t = 60)]
    cut_every: u64,
    /// Seconds from a cut to the operator's 'reconnect now', which stands for the system's word that
    /// the network is back; 0 leaves the client to its back-off. That grows when no link lasts 60 s,
    /// and with it what each resync has to fetch out of the request budget.
    #[arg(long, default_value_t = 1)]
    hurry_after: u64,
    /// Seconds between two texts of the operator.
    #[arg(long, default_value_t = 15)]
    send_every: u64,
    /// Seconds of rest over which the idle client's processor time is measured.
    #[arg(long, default_value_t = 30)]
    idle: u64,
}

/// Events of the long form.
const EVENTS: u64 = 200_000;
/// Minutes of the long form.
const MINUTES: u64 = 30;
/// Longest wait for the last resync: it may have to wait for the next window of the request budget.
const WINDOW: Duration = Duration::from_secs(16 * 60);
/// Growth of the client's own memory from the middle of the run to its end, beyond which it is not
/// flat. Rows come in all the while, so the cache of the database fills up to its own limit.
const FLAT_KIB: u64 = 16 * 1024;

/// What a run found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    minutes: u32,
    events: u64,
    refused: u64,
    cuts: u32,
    texts: usize,
    searches: Summary,
    lists: Summary,
    /// Milliseconds from a cut until online again.
    recoveries: Summary,
    samples: Vec<Sample>,
    conversations_alike: usize,
    messages_alike: usize,
    /// Share of one core, in percent, once nothing happens.
    idle_percent: Option<f64>,
    requests: Value,
}

/// The client at a time.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sample {
    second: u64,
    events: u64,
    #[serde(flatten)]
    footprint: Footprint,
    /// Processor seconds so far.
    processor: f64,
}

/// Runs; whether all was well.
pub async fn run(kind: Kind, options: &Options, folder: &Path) -> Result<bool> {
    let stand = Stand::start(kind, folder, false).await?;
    let Stand { orders, proxy, client, mut told, mut tapped, server: _server } = stand;
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    tokio::spawn(async move { while tapped.recv().await.is_some() {} });
    let mut report = Report::begin("soak", kind);

    let seconds = u64::from(options.minutes) * 60;
    let span = Duration::from_secs(seconds);
    let events = options.events.unwrap_or(EVENTS * seconds / (MINUTES * 60));
    let mut contacts = Contacts::begin(&orders, events as f64 / span.as_secs_f64(), events, None);
    let began = Instant::now();
    let mut day = Day::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    for second in 0_u64.. {
        ticks.tick().await;
        if began.elapsed() >= span {
            break;
        }
        if second % 10 == 0 {
            day.sample(client.pid(), second, contacts.written.load(Ordering::Relaxed));
        }
        if second % 60 == 0 {
            day.tell();
        }
        if second > 0 && second % options.cut_every == 0 {
            proxy.strike(Fault::now(FaultKind::Cut { reset: second % 2 == 0 }));
            day.cut = Some(Instant::now());
            day.cuts += 1;
        } else if let Some(cut) = day.cut
            && cut.elapsed() > Duration::from_millis(500)
            && client.connection() == "online"
        {
            day.recoveries.push(cut.elapsed());
            day.cut = None;
        }
        if options.hurry_after > 0
            && second > options.cut_every
            && second % options.cut_every == options.hurry_after
        {
            client.ask("reconnect_now", json!({}), PATIENCE).await.context("reconnect_now")?;
        }
        if second % options.send_every == 1 {
            day.texts.push(format!("texto {second} del operador"));
            let args = json!({ "phone": "5491150009999", "text": day.texts.last() });
            client.ask("send_text", args, PATIENCE).await.context("send_text")?;
        }
        if second % 2 == 0 {
            let asked = Instant::now();
            client.ask("search", json!({ "text": "evento" }), PATIENCE).await.context("search")?;
            day.searches.push(asked.elapsed());
        } else {
            let asked = Instant::now();
            client.ask("list_conversations", json!({}), PATIENCE).await.context("list")?;
            day.lists.push(asked.elapsed());
        }
    }
    contacts.done().await;
    let figures = day.end(options, &orders, &client, &contacts, &mut report).await?;
    report.finish(&figures, table(&figures))?;
    client.end(Duration::from_secs(20)).await?;
    Ok(report.well())
}

/// What happened so far.
#[derive(Default)]
struct Day {
    samples: Vec<Sample>,
    texts: Vec<String>,
    searches: Times,
    lists: Times,
    recoveries: Times,
    cuts: u32,
    cut: Option<Instant>,
}

impl Day {
    fn sample(&mut self, pid: u32, second: u64, events: u64) {
        if let Some(footprint) = Footprint::of(pid) {
            let processor = processor_time(pid).unwrap_or_default().as_secs_f64();
            self.samples.push(Sample { second, events, footprint, processor });
        }
    }

    fn tell(&self) {
        if let Some(sample) = self.samples.last() {
            eprintln!("{}", line(sample));
        }
    }

    async fn end(
        mut self,
        options: &Options,
        orders: &condorito_tests::server::Orders,
        client: &condorito_tests::headless::Headless,
        contacts: &Contacts,
        report: &mut Report,
    ) -> Result<Figures> {
        let written = contacts.written.load(Ordering::Relaxed);
        if let Err(error) = client.until_connection("online", WINDOW).await {
            report.violation(format!("after the last event: {error:#}"));
        }
        mirror::synced(client).await?;
        self.sample(client.pid(), u64::from(options.minutes) * 60, written);
        self.flat(report);
        let diagnostics = client.ask("diagnostics", json!({}), PATIENCE).await?;

        let idle_percent = idle(client.pid(), options.idle).await;

        let rows = orders.rows().await?;
        let shown = Shown::read(client).await?;
        let mut differences = Vec::new();
        let alike = mirror::compare(&rows, &shown, &mut differences);
        for difference in differences {
            report.violation(difference);
        }
        let delivered = orders.deliveries().await?;
        for text in &self.texts {
            let times = delivered.iter().filter(|one| *one == text).count();
            if times != 1 {
                report.violation(format!("{text:?} was delivered {times} times"));
            }
        }
        Ok(Figures {
            minutes: options.minutes,
            events: written,
            refused: contacts.refused.load(Ordering::Relaxed),
            cuts: self.cuts,
            texts: self.texts.len(),
            searches: self.searches.summary(),
            lists: self.lists.summary(),
            recoveries: self.recoveries.summary(),
            samples: self.samples,
            conversations_alike: alike.conversations,
            messages_alike: alike.messages,
            idle_percent,
            requests: diagnostics.get("requests").cloned().unwrap_or_default(),
        })
    }

    /// From the middle of the run to its end.
    fn flat(&self, report: &mut Report) {
        let count = self.samples.len();
        let middle = |from: usize, to: usize| {
            let mut part: Vec<u64> = self
                .samples
                .get(count * from / 100..(count * to / 100).max(1))
                .unwrap_or_default()
                .iter()
                .map(|sample| sample.footprint.own_kib)
                .collect();
            part.sort_unstable();
            part.get(part.len() / 2).copied().unwrap_or(0)
        };
        let (before, after) = (middle(40, 60), middle(85, 100));
        if after > before + FLAT_KIB {
            report.violation(format!("its own memory grew from {before} to {after} KiB"));
        }
    }
}

/// Processor time of a process at rest, in percent of a core.
async fn idle(pid: u32, seconds: u64) -> Option<f64> {
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = processor_time(pid)?;
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let used = processor_time(pid)?.saturating_sub(before);
    Some(used.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0)
}

fn line(sample: &Sample) -> String {
    format!(
        "{:>6} s{:>9} events{:>9} KiB{:>9} KiB of its own{:>4} threads{:>4} descriptors{:>8.1} s of \
         processor",
        sample.second,
        sample.events,
        sample.footprint.rss_kib,
        sample.footprint.own_kib,
        sample.footprint.threads,
        sample.footprint.descriptors,
        sample.processor
    )
}

fn table(figures: &Figures) -> Vec<String> {
    let every = (figures.samples.len() / 30).max(1);
    let mut lines: Vec<String> = figures.samples.iter().step_by(every).map(line).collect();
    lines.extend(figures.samples.last().map(line));
    lines.push(format!(
        "{} events in {} minutes, {} cuts, {} texts; {} conversations and {} messages alike",
        figures.events,
        figures.minutes,
        figures.cuts,
        figures.texts,
        figures.conversations_alike,
        figures.messages_alike
    ));
    for (what, summary) in [
        ("search", figures.searches),
        ("list", figures.lists),
        ("online again after a cut (looked at once a second)", figures.recoveries),
    ] {
        lines.push(format!(
            "{what}: {} times, p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            summary.count, summary.p50, summary.p99, summary.max
        ));
    }
    lines.push(format!("idle: {:.2} % of a core", figures.idle_percent.unwrap_or(f64::NAN)));
    lines.push(format!("requests: {}", figures.requests));
    lines
}

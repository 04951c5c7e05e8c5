//! Live events: decoded, merged and stored, beside the same rows put in with plain `rusqlite`.

use crate::figure::{Figure, Report};
use crate::kept::{Kept, fill};
use crate::pipeline::{Pipeline, decode, list};
use crate::plain;
use crate::world::World;
use anyhow::{Result, ensure};
use condorito_model::fact::MessageFact;
use condorito_store::{Key, Options, Store};
use serde_json::Value;
use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A shop on its first day.
const FRESH: World = World { conversations: 200, messages: 2_000 };

/// How often everything is stored.
const ROUNDS: usize = 3;

/// Events a second that the project asks for.
const TARGET: f64 = 5_000.0;

/// Measures with `count` events, into a small store and into a copy of the large one.
pub async fn measure(
    report: &mut Report,
    count: i64,
    folder: &Path,
    large: &Kept,
    world: World,
) -> Result<()> {
    let day = tempfile::TempDir::new_in(folder)?;
    let key = [7; 32];
    let (store, _, _) = Store::open(day.path(), Key::new(key), Options::default()).await?;
    fill(&store, FRESH).await?;
    store.close().await;
    let fresh = Kept { data: day.path().join("unused"), account: day.path().to_owned(), key };
    stored(report, count, &fresh, FRESH).await?;
    stored(report, count, large, world).await?;
    in_memory(report, count, &fresh, FRESH).await?;
    in_memory(report, count, large, world).await
}

/// The texts of the events after a world's last message.
fn texts(world: World, count: i64) -> Vec<String> {
    let mut unread: HashMap<i64, u32> = HashMap::new();
    (world.messages + 1..=world.messages + count)
        .map(|id| {
            let unread = unread.entry(world.conversation_of(id)).or_insert(2);
            *unread += 1;
            world.payload(id, *unread).to_string()
        })
        .collect()
}

/// In turns, each on a fresh copy of the files; the medians are compared.
async fn stored(report: &mut Report, count: i64, kept: &Kept, world: World) -> Result<()> {
    let texts = texts(world, count);
    let messages: Vec<_> =
        (world.messages + 1..=world.messages + count).map(|id| world.message(id)).collect();
    let (mut ours, mut bare, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(through_the_client(texts.clone(), kept, world).await?);
        bare.push(by_hand(&messages, kept, false)?);
        whole.push(by_hand(&messages, kept, true)?);
    }
    let ours = per_second(count, median(ours));
    for (times, beside) in [
        (bare, "rusqlite, messages only, batches of 500"),
        (whole, "rusqlite, messages and previews, batches of 500"),
    ] {
        let limit = per_second(count, median(times));
        let figure =
            Figure::rate("event decoded, merged, stored", name(world), ours, limit, beside);
        report.push(figure.target(TARGET));
    }
    Ok(())
}

/// From the first text taken to the last message stored.
async fn through_the_client(texts: Vec<String>, kept: &Kept, world: World) -> Result<Duration> {
    let count = i64::try_from(texts.len())?;
    let copy = kept.copy()?;
    let changes = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&changes);
    let options = Options {
        on_change: Some(Arc::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..Options::default()
    };
    let (store, snapshot, _) = Store::open(copy.path(), Key::new(kept.key), options).await?;
    let mut pipeline = Pipeline::online(Some(store.clone()), snapshot, list(world)).await?;
    let run = tokio::spawn(async move {
        let began = Instant::now();
        pipeline.run(texts).await.map(|()| began.elapsed())
    });
    let time = run.await??;
    let sizes = store.sizes().await?;
    ensure!(i64::try_from(sizes.messages)? == world.messages + count, "{sizes:?}");
    ensure!(changes.load(Ordering::Relaxed) > 0, "nobody was told");
    store.close().await;
    Ok(time)
}

fn by_hand(messages: &[MessageFact], kept: &Kept, previews: bool) -> Result<Duration> {
    let copy = kept.copy()?;
    let mut cache = plain::writer(copy.path(), &kept.key)?;
    let began = Instant::now();
    plain::insert(&mut cache, messages, previews)?;
    Ok(began.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// What comes before the store, on one thread.
async fn in_memory(report: &mut Report, count: i64, kept: &Kept, world: World) -> Result<()> {
    let texts = texts(world, count);
    let began = Instant::now();
    for text in &texts {
        black_box(serde_json::from_str::<Value>(text)?);
    }
    let parsed = per_second(count, began.elapsed());
    let began = Instant::now();
    for text in &texts {
        black_box(decode(text)?);
    }
    let decoded = per_second(count, began.elapsed());
    let (store, snapshot, _) = kept.open().await?;
    store.close().await;
    let mut pipeline = Pipeline::online(None, snapshot, list(world)).await?;
    let began = Instant::now();
    pipeline.run_here(&texts)?;
    let merged = per_second(count, began.elapsed());
    for (scenario, ours) in [("event decoded", decoded), ("event decoded and merged", merged)] {
        let beside = "serde_json, text to value";
        report.push(Figure::rate(scenario, name(world), ours, parsed, beside));
    }
    Ok(())
}

fn per_second(count: i64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// A store by its size.
pub fn name(world: World) -> String {
    format!("{} / {}", short(world.conversations), short(world.messages))
}

fn short(count: i64) -> String {
    match count {
        1_000_000.. if count % 1_000_000 == 0 => format!("{}M", count / 1_000_000),
        1_000.. if count % 1_000 == 0 => format!("{}k", count / 1_000),
        _ => count.to_string(),
    }
}

//! From the start of the process to the first page of the list, offline.

use crate::events::name;
use crate::figure::{Figure, Report, Times};
use crate::headless::{Headless, version};
use crate::kept::Kept;
use crate::plain;
use crate::world::World;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Instant;

/// Milliseconds that the project allows.
const TARGET: f64 = 1_000.0;

/// Starts after a kill: each reads the whole cache.
const KILLS: usize = 5;

/// The least that a page needs.
const PAGE: &str = "
    SELECT id, phone, name, last_message, last_message_at, unread, bot_enabled
    FROM conversations ORDER BY sort_at DESC, id DESC LIMIT 50";

/// Measures starts on this folder, after a clean end and after a kill.
pub fn measure(report: &mut Report, kept: &Kept, world: World, runs: usize) -> Result<()> {
    let (mut ours, mut killed, mut limit) = (Times::default(), Times::default(), Times::default());
    // The first start after another version of the program may have something to put in order.
    first_page(kept, world)?.0.end()?;
    for _ in 0..runs {
        let bare = version()?;
        let began = Instant::now();
        let rows = raw_page(kept)?;
        limit.push(bare + began.elapsed());
        ensure!(rows == expected(world), "{rows} rows");
        let (client, time) = first_page(kept, world)?;
        ours.push(time);
        client.end()?;
    }
    for _ in 0..KILLS.min(runs) {
        first_page(kept, world)?.0.kill()?;
        let (client, time) = first_page(kept, world)?;
        killed.push(time);
        client.end()?;
    }
    let beside = "the process saying its version, and the page by plain SQL";
    for (scenario, times) in
        [("start to first page", &ours), ("start to first page, after a kill", &killed)]
    {
        let figure = Figure::time(scenario, name(world), times, &limit, beside);
        report.push(figure.target(TARGET));
    }
    Ok(())
}

/// A client that has just answered, and how long that took.
fn first_page(kept: &Kept, world: World) -> Result<(Headless, std::time::Duration)> {
    let mut client = Headless::start(&kept.data, None)?;
    let page = client.ask("list_conversations", &json!({}))?;
    let time = client.elapsed();
    let items = page.get("items").and_then(Value::as_array).map(Vec::len);
    let total = page.get("total").and_then(Value::as_i64);
    ensure!(
        items == Some(expected(world)) && total == Some(world.conversations),
        "{items:?} of {total:?}"
    );
    Ok((client, time))
}

fn expected(world: World) -> usize {
    usize::try_from(world.conversations.min(50)).unwrap_or(0)
}

fn raw_page(kept: &Kept) -> Result<usize> {
    let cache = plain::reader(&kept.account, &kept.key)?;
    let mut select = cache.prepare(PAGE)?;
    let mut rows = select.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let _: (i64, String) = (row.get(0)?, row.get(1)?);
        count += 1;
    }
    Ok(count)
}

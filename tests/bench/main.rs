//! `cargo xtask bench`: what the client does, each beside the least that SQLite or the machine
//! needs for the same, measured in the same run. Prints a table and writes `target/bench.json`.
//!
//! The stores it reads are kept in `target/bench-data`, so only the first run has to fill them.

mod events;
mod figure;
mod headless;
mod kept;
mod pipeline;
mod plain;
mod reads;
mod start;
mod world;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use figure::Report;
use kept::Kept;
use std::path::PathBuf;
use world::World;

/// Measures the client.
#[derive(Debug, Parser)]
struct Options {
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// A fiftieth of the sizes: shows that everything runs, not how fast.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Events decoded, merged and stored.
    Events,
    /// Pages, conversations and searches.
    Reads,
    /// From the start of the process to the first page.
    Start,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// The store of a small shop.
    small: World,
    /// The store of a large one.
    large: World,
    /// Live events.
    events: i64,
    /// Repetitions of a read.
    reads: usize,
    /// Repetitions of a start.
    starts: usize,
}

const FULL: Scale = Scale {
    small: World { conversations: 1_000, messages: 20_000 },
    large: World { conversations: 100_000, messages: 1_000_000 },
    events: 30_000,
    reads: 300,
    starts: 20,
};

const QUICK: Scale = Scale {
    small: World { conversations: 200, messages: 2_000 },
    large: World { conversations: 2_000, messages: 20_000 },
    events: 2_000,
    reads: 20,
    starts: 3,
};

fn main() -> Result<()> {
    let options = Options::parse();
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: its figures say nothing.");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let scale = if options.quick { QUICK } else { FULL };
    let target = target()?;
    let folder = target.join(if options.quick { "bench-data/quick" } else { "bench-data" });
    std::fs::create_dir_all(&folder)?;
    let report = runtime.block_on(measure(&options, &scale, &folder))?;
    report.print();
    report.write(&target.join("bench.json"))
}

async fn measure(options: &Options, scale: &Scale, folder: &std::path::Path) -> Result<Report> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let mut report = Report::begin();
    let small = Kept::prepare(folder, "small", Some(scale.small)).await?;
    let large = Kept::prepare(folder, "large", Some(scale.large)).await?;
    if wanted(Part::Events) {
        events::measure(&mut report, scale.events, folder, &large, scale.large).await?;
    }
    if wanted(Part::Reads) {
        reads::measure(&mut report, &small, scale.small, scale.reads).await?;
        reads::measure(&mut report, &large, scale.large, scale.reads).await?;
    }
    if wanted(Part::Start) {
        let empty = Kept::prepare(folder, "empty", None).await?;
        start::measure(&mut report, &empty, World::EMPTY, scale.starts)?;
        start::measure(&mut report, &large, scale.large, scale.starts)?;
    }
    report.end();
    Ok(report)
}

/// The folder that cargo builds into: the one this program lies under.
fn target() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let profile = program.parent().context("the folder of this program")?;
    let target = profile.parent().context("the folder above it")?;
    Ok(target.to_owned())
}

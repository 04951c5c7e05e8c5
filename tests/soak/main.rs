//! `cargo xtask soak`: the client without a window under events for half an hour, or under load for
//! a minute, against a server in its own process.
//!
//! `soak` asks whether it lasts: flat memory, nothing lost or doubled, a quiet end. `load` asks how
//! long an event takes from the socket to the disk and to the window.

mod load;
mod points;
mod report;
mod soak;
mod stand;
mod times;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use condorito_tests::server::Kind;

/// Feeds the client with events and watches it.
#[derive(Debug, Parser)]
struct Options {
    /// Against which server.
    #[arg(long, value_enum, default_value_t = Kind::Embedded, global = true)]
    server: Kind,
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    soak: soak::Options,
}

#[derive(Debug, Clone, Subcommand)]
enum Task {
    /// Many events a second while the operator lists, searches and sends; latencies.
    Load(load::Options),
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs; whether all was well.
fn run(options: &Options) -> Result<bool> {
    let folder = tempfile::Builder::new().prefix("condorito-soak-").tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let well = runtime.block_on(async {
        let task = async {
            match &options.task {
                None => soak::run(options.server, &options.soak, folder.path()).await,
                Some(Task::Load(load)) => load::run(options.server, load, folder.path()).await,
            }
        };
        tokio::select! {
            well = task => well,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    });
    if !matches!(well, Ok(true)) {
        println!("stores and logs are kept in {}", folder.keep().display());
    }
    well
}

//! `cargo xtask chaos`: the client without a window, in a process of its own, behind a faulty proxy
//! and in front of a server that dies, with traffic all the while. At the end the client has what
//! the server has, and every text was sent once or is shown as not known to be.
//!
//! A seed fixes the faults, the kills and what is said; how they meet is a matter of timing, so a
//! replay runs the same schedule and not the same instants.

mod cycle;
mod ledger;
mod report;
mod run;
mod schedule;
mod traffic;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use condorito_tests::server::Kind;

use crate::run::Run;

/// Kills and cuts the client and its server, and checks that nothing is lost or doubled.
#[derive(Debug, Clone, Parser)]
struct Options {
    /// Against which server.
    #[arg(long, value_enum, default_value_t = Kind::Embedded)]
    server: Kind,
    /// Cycles of weather, kills and recovery.
    #[arg(long, default_value_t = 500)]
    cycles: u32,
    /// What the faults, the kills and the traffic are drawn from; by chance when left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Compare client and server after so many cycles, and at the end.
    #[arg(long, default_value_t = 50)]
    check_every: u32,
    /// For the test command: texts whose outcome is being looked up at the end may stay so. Else
    /// the end waits for them, up to 130 s.
    #[arg(long)]
    short: bool,
    /// Where stores and logs go; a temporary folder when left out.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Keep the temporary folder also when all is well.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    match begin() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs; whether all was well.
fn begin() -> Result<bool> {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(|| rand::random::<u32>().into());
    let temporary = tempfile::Builder::new().prefix("condorito-chaos-").tempdir()?;
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let run = Run::start(&options, seed, &folder).await?;
        tokio::select! {
            report = run.carry_out() => report.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    let well = matches!(&outcome, Ok(Some(report)) if report.violations.is_empty());
    if options.folder.is_none() && (!well || options.keep) {
        println!("stores and logs are kept in {}", temporary.keep().display());
    }
    let report = outcome
        .with_context(|| again(&options, seed))?
        .with_context(|| format!("interrupted; {}", again(&options, seed)))?;
    report.print();
    report.write()?;
    if !well {
        println!("{}", again(&options, seed));
    }
    Ok(well)
}

/// How to run the same schedule.
fn again(options: &Options, seed: u64) -> String {
    let short = if options.short { " --short" } else { "" };
    format!(
        "to replay this schedule: cargo xtask chaos --server {} --seed {seed} --cycles {} \
         --check-every {}{short}",
        options.server.name(),
        options.cycles,
        options.check_every
    )
}

//! Every task of the project. `cargo xtask --help` lists them.

mod audits;
mod counts;
mod docs;
mod doctor;
mod fuzz;
mod licences;
mod needs;
mod project;
mod run;
mod steps;
mod tasks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::steps::StepName;

/// Builds, shows, tests and measures CRM Condorito Desktop, installing what that needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the app and open it on the embedded backend with live traffic.
    Demo {
        /// Open it on a hidden display instead, and end well once a live message is seen in it.
        #[arg(long)]
        check: bool,
    },
    /// Check everything: formatting, UI, Rust, simulation, end to end.
    Test {
        /// Run only these steps, with what they need built first.
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<StepName>,
    },
    /// Take pictures of every screen of the real app, and renew those that the documents show.
    Screenshots,
    /// Measure the store, the simulation and the client, in release builds.
    Bench,
    /// Kill and cut the client and its server under traffic, in release builds; nothing may be lost
    /// or sent twice. Every server in turn, unless one is named.
    Chaos {
        /// For the program, such as `--server npm --seed 7 --cycles 100`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Feed the client with 200,000 events in half an hour, then with 200 a second for a minute, in
    /// release builds.
    Soak {
        /// For the program, such as `--minutes 5` or `load --seconds 60`; then it runs once.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Feed every decoder, or one, with bytes that libFuzzer makes; needs a C++ compiler.
    Fuzz {
        /// How long each of them.
        #[arg(long, default_value_t = 300)]
        seconds: u32,
        /// One only: event, body, headers, link or settings.
        target: Option<String>,
    },
    /// Check style and types; with `--full` also the audits, the documentation and the release
    /// build.
    Lint {
        /// Add what is slow or asks elsewhere.
        #[arg(long)]
        full: bool,
    },
    /// Ask what is known of everything the app is made of: faults, licences, sources.
    Audit,
    /// Write the TypeScript types from the Rust types.
    Bindings,
    /// Run the recorded inputs of a real client through its decisions again.
    Replay {
        /// What `condorito-headless --record` wrote.
        file: PathBuf,
    },
    /// Say what is installed, what is missing and how to get it.
    Doctor {
        /// Install what is missing.
        #[arg(long)]
        install: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo { check: false } => tasks::demo(),
        Task::Demo { check: true } => tasks::demo_check(),
        Task::Test { only } => tasks::test(&only),
        Task::Screenshots => tasks::screenshots(),
        Task::Bench => tasks::bench(),
        Task::Chaos { args } => tasks::chaos(&args),
        Task::Soak { args } => tasks::soak(&args),
        Task::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Task::Lint { full } => tasks::lint(full),
        Task::Audit => tasks::audit(),
        Task::Bindings => tasks::bindings(),
        Task::Replay { file } => tasks::replay(&file),
        Task::Doctor { install } => doctor::run(install),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

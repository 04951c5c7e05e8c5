//! The client as JSON lines: commands on stdin, answers and events on stdout, logs on stderr.

mod demo;
mod options;
mod protocol;

use anyhow::Context as _;
use clap::Parser as _;
use condorito_backend::demo::Embedded;
use condorito_client::{Client, ClientOptions, Locale};
use options::{Options, Task};
use std::fs::File;
use std::io::{BufReader, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Gives back what a catch-up with large pages needed for a moment; the system's may keep it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    condorito_client::leave_no_traces();
    let options = Options::parse();
    start_log();
    let result = match &options.task {
        Some(Task::Replay { file }) => replay(file),
        None => run(options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("condorito-headless: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs go to stderr, for stdout is the protocol's. They carry no text, name, number or token, so
/// only the level of our own crates can be chosen: libraries would write headers and payloads.
fn start_log() {
    let level = std::env::var("CONDORITO_LOG")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::new(format!("off,condorito={level}"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

fn run(options: Options) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve(options));
    // A read of stdin that is under way cannot be ended; nothing else is left.
    runtime.shutdown_background();
    result
}

async fn serve(options: Options) -> anyhow::Result<ExitCode> {
    let data_dir = std::path::absolute(options.data_dir.context("--data-dir is missing")?)?;
    let locale = options.locale.map(Locale::from);
    let demo = Embedded::new(data_dir.join("demo"));
    let client_options = ClientOptions {
        backend: options.backend,
        secret_store: options.secret_store.into(),
        locale,
        record: options.record,
        demo: Some(demo::starter(&demo)),
        ..ClientOptions::new(data_dir)
    };
    let (client, events) = match Client::start(client_options) {
        Ok(started) => started,
        Err(fault) => {
            eprintln!("condorito-headless: {fault}");
            let error = locale.unwrap_or_default().error(fault.code());
            protocol::refuse_to_start(&error).await?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let result = protocol::serve(&client, events, tokio::io::stdin(), tokio::io::stdout()).await;
    client.stop().await;
    demo.stop().await;
    result?;
    Ok(ExitCode::SUCCESS)
}

/// Feeds a recording to the decisions of this version and compares what comes out.
fn replay(file: &Path) -> anyhow::Result<ExitCode> {
    let recording = File::open(file).with_context(|| file.display().to_string())?;
    let report = condorito_client::replay(BufReader::new(recording))?;
    match report.difference {
        None => {
            println!("{} inputs, {} effects: the same", report.inputs, report.effects);
            Ok(ExitCode::SUCCESS)
        }
        Some(difference) => {
            println!(
                "line {}: the effects differ\nrecorded: {}\nreplayed: {}",
                difference.line, difference.recorded, difference.replayed
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

//! The log file: what the app did, never what people wrote.
//!
//! Logged fields are counts, codes, ids of this machine and durations; no text, name, phone number
//! or token. Crates outside the project are kept at warnings, as they know nothing of that rule.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Days of log that are kept.
const DAYS: usize = 7;

/// Crates of the project, which follow the rule above.
const FILTER: &str = "warn,condorito_desktop=info,condorito_client=info,condorito_sync=info,\
                      condorito_store=info,condorito_net=info";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder cannot be made.
    #[error("the log folder cannot be made: {0}")]
    Folder(#[from] std::io::Error),
    /// The file cannot be written.
    #[error("the log cannot be written: {0}")]
    File(#[from] tracing_appender::rolling::InitError),
    /// Somebody has already set a logger in this process.
    #[error("logging is already set up: {0}")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging into `data_dir/logs`, a file per day; what is not yet written is flushed when
/// the guard is dropped.
///
/// # Errors
/// [`LogError`]; the app can do without a log.
pub fn start(data_dir: &Path) -> Result<WorkerGuard, LogError> {
    let folder = data_dir.join("logs");
    std::fs::create_dir_all(&folder)?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("condorito-desktop")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder)?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    tracing_subscriber::registry()
        .with(EnvFilter::new(FILTER))
        .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer))
        .try_init()?;
    Ok(guard)
}

//! `condorito-backend`: the embedded backend as a program of its own.

use std::{net::IpAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use condorito_backend::{
    Backend, Config, DatabaseLocation, Demo, Dialect, Heartbeat, Limiter, TokenLifetimes, Whatsapp,
};
use tracing_subscriber::EnvFilter;

/// CRM Condorito's backend for demonstrations and tests.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Flags {
    /// Address to listen on. The control endpoint and the demo password make any but the loopback
    /// a risk.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// SQLite file, made when missing; without it everything is gone at the end.
    #[arg(long)]
    database: Option<PathBuf>,
    /// Folder of media; without it a temporary one.
    #[arg(long)]
    uploads: Option<PathBuf>,
    /// Prefix such as /backend.
    #[arg(long, default_value = "")]
    base_path: String,
    /// Seed the tenant DEMO (password demo1234) and let its contacts write.
    #[arg(long)]
    demo: bool,
    /// Messages the demo's contacts write by themselves, per minute.
    #[arg(long, default_value_t = Demo::default().messages_per_minute)]
    messages_per_minute: f64,
    /// Serve POST /__control.
    #[arg(long)]
    control: bool,
    /// Which server to be.
    #[arg(long, value_enum, default_value_t = DialectName::Embedded)]
    dialect: DialectName,
    /// Requests per address and window.
    #[arg(long, default_value_t = 500)]
    limit: u32,
    /// The window, in seconds.
    #[arg(long, default_value_t = 900)]
    limit_window: u64,
    /// Life of an access token, in seconds.
    #[arg(long, default_value_t = 86_400)]
    access_ttl: u64,
    /// Pause between two heartbeats, in milliseconds.
    #[arg(long, default_value_t = 25_000)]
    ping_interval: u64,
    /// How long a heartbeat may stay unanswered, in milliseconds.
    #[arg(long, default_value_t = 20_000)]
    ping_timeout: u64,
    /// Seconds after which a shown QR is scanned by itself; without it nobody scans, but in the
    /// demo after 8.
    #[arg(long)]
    scan_after: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DialectName {
    /// With the improvements.
    Embedded,
    /// As the existing backend behaves.
    Existing,
}

impl Flags {
    fn config(self) -> Config {
        let scan_after = self.scan_after.or(self.demo.then_some(8)).map(Duration::from_secs);
        Config {
            address: (self.host, self.port).into(),
            database: self.database.map_or(DatabaseLocation::Memory, DatabaseLocation::File),
            base_path: self.base_path,
            dialect: match self.dialect {
                DialectName::Embedded => Dialect::Embedded,
                DialectName::Existing => Dialect::Existing,
            },
            limiter: Limiter { max: self.limit, window: Duration::from_secs(self.limit_window) },
            tokens: TokenLifetimes {
                access: Duration::from_secs(self.access_ttl),
                ..TokenLifetimes::default()
            },
            heartbeat: Heartbeat {
                interval: Duration::from_millis(self.ping_interval),
                timeout: Duration::from_millis(self.ping_timeout),
            },
            uploads: self.uploads,
            whatsapp: Whatsapp { scan_after, ..Whatsapp::default() },
            demo: self
                .demo
                .then(|| Demo { messages_per_minute: self.messages_per_minute, ..Demo::default() }),
            control: self.control,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    let backend = match Backend::start(Flags::parse().config()).await {
        Ok(backend) => backend,
        Err(error) => {
            eprintln!("condorito-backend: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Listened for before the line is printed: whoever reads it may end this program at once.
    let signal = end_signal();
    println!("listening on {}", backend.url());
    signal.await;
    backend.shutdown().await;
    ExitCode::SUCCESS
}

/// Completes when this program is asked to end; listens from the moment it is called.
#[cfg(unix)]
fn end_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async move {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
fn end_signal() -> impl Future<Output = ()> {
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}

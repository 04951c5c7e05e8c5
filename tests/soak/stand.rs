//! What both programs stand on: a server, a proxy, a client that is online, contacts that write at
//! a rate.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use condorito_tests::headless::{Headless, Launch, Told};
use condorito_tests::proxy::{Proxy, Tapped};
use condorito_tests::server::{CODE, Kind, Orders, PASSWORD, Server, Setting};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

/// Longest wait for an answer.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Contacts that write. So few that a resync fits into the real request budget every minute: each
/// of them costs one request after a cut.
const CONTACTS: u64 = 10;
/// Orders under way at a time: one after the other a server could not take 200 a second.
const WRITERS: u64 = 4;

/// Everything that runs.
pub struct Stand {
    pub server: Server,
    pub orders: Orders,
    pub proxy: Proxy,
    pub client: Arc<Headless>,
    pub told: mpsc::UnboundedReceiver<Told>,
    pub tapped: mpsc::UnboundedReceiver<Tapped>,
}

impl Stand {
    /// Starts it; the limiter and the heartbeats are those of the existing backend.
    pub async fn start(kind: Kind, folder: &Path, record: bool) -> Result<Self> {
        let setting = Setting {
            conversations: 200,
            messages_each: 20,
            requests: 500,
            window_seconds: 900,
            heartbeat_ms: (25_000, 20_000),
            seed: 1,
        };
        let server = Server::start(kind, folder, &setting).await?;
        let orders = server.orders().clone();
        let (proxy, tapped) = Proxy::tapped(orders.address()?, 1).await?;
        let launch = Launch {
            backend: proxy.url(),
            data: folder.join("data"),
            log: folder.join("client.log"),
            record: record.then(|| folder.join("recording.jsonl")),
        };
        let (client, told) = Headless::start(&launch)?;
        let who = json!({ "clientCode": CODE, "password": PASSWORD });
        client.ask("login", who, PATIENCE).await.context("login")?;
        client.until_connection("online", PATIENCE).await?;
        Ok(Self { server, orders, proxy, client: Arc::new(client), told, tapped })
    }
}

/// An event that was ordered: its number, the message's row, when the order left.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub number: u64,
    pub id: i64,
    pub ordered: std::time::Instant,
}

/// Contacts that write at a rate, until dropped.
pub struct Contacts {
    going: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    pub written: Arc<AtomicU64>,
    pub refused: Arc<AtomicU64>,
}

/// The text of the so-many-th message.
pub fn text(number: u64) -> String {
    format!("evento {number:07} de la prueba")
}

/// The number in such a text, wherever it begins.
pub fn number_in(text: &str) -> Option<u64> {
    text.strip_prefix("evento ")?.get(..7)?.parse().ok()
}

/// The contact who writes it.
pub fn contact(number: u64) -> String {
    format!("54911510{:05}", number % CONTACTS)
}

impl Contacts {
    /// Begins; `limit` messages in all, `rate` a second. Told of each through `out`, if given.
    pub fn begin(
        orders: &Orders,
        rate: f64,
        limit: u64,
        out: Option<mpsc::UnboundedSender<Written>>,
    ) -> Self {
        let (going, _) = watch::channel(true);
        let written = Arc::new(AtomicU64::new(0));
        let refused = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let tasks = (0..WRITERS).map(|writer| {
            let (orders, out, gate) = (orders.clone(), out.clone(), going.subscribe());
            let (written, refused) = (Arc::clone(&written), Arc::clone(&refused));
            tokio::spawn(async move {
                let mut pace = tokio::time::interval_at(
                    began + Duration::from_secs_f64((writer as f64) / rate),
                    Duration::from_secs_f64((WRITERS as f64) / rate),
                );
                // Late ones are made up for: the rate is a mean.
                pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
                for number in (writer..limit).step_by(usize::try_from(WRITERS).unwrap_or(1)) {
                    pace.tick().await;
                    if !*gate.borrow() {
                        return;
                    }
                    let ordered = std::time::Instant::now();
                    match orders.contact_writes(&contact(number), &text(number)).await {
                        Ok(answer) => {
                            written.fetch_add(1, Ordering::Relaxed);
                            let id = answer.get("id").and_then(Value::as_i64).unwrap_or(0);
                            let one = Written { number, id, ordered };
                            let _ = out.as_ref().map(|out| out.send(one));
                        }
                        Err(_) => drop(refused.fetch_add(1, Ordering::Relaxed)),
                    }
                }
            })
        });
        let tasks = tasks.collect();
        Self { going, tasks, written, refused }
    }

    /// Waits until all have written.
    pub async fn done(&mut self) {
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
    }
}

impl Drop for Contacts {
    fn drop(&mut self) {
        self.going.send_replace(false);
        for task in &self.tasks {
            task.abort();
        }
    }
}

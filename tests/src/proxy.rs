//! A TCP proxy that does to connections what networks do: cuts, silence, stalls, slowness, damage,
//! and answers of others in place of the server's.
//!
//! What befalls the n-th connection is drawn from (seed, n), so a seed gives the same faults to the
//! same connections; which request travels on which connection depends on the timing of the run.

mod carry;
mod fault;
mod request;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use fault::{Direction, Fault, Kind as FaultKind, Page};

/// Bytes that were handed to the client over its socket, and when.
pub type Tapped = (Instant, Vec<u8>);

/// A running proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    seed: u64,
    /// Share of new connections that something befalls, in thousandths.
    faulty: AtomicU64,
    connections: AtomicU64,
    websockets: AtomicI64,
    live: Mutex<HashMap<u64, mpsc::UnboundedSender<Order>>>,
    tallies: Mutex<BTreeMap<&'static str, u64>>,
    tap: Option<mpsc::UnboundedSender<Tapped>>,
}

/// What a live connection is told.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// This befalls it now.
    Strike(Fault),
    /// The weather is over: what suffers from something lasting is cut, so that both sides know.
    Heal,
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, HashMap<u64, mpsc::UnboundedSender<Order>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, name: &'static str) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        *tallies.entry(name).or_default() += 1;
    }

    /// What will befall a connection.
    fn fate(&self, number: u64) -> Option<Fault> {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        chance.set_stream(number);
        let drawn = chance.random_range(0..1000);
        (drawn < self.faulty.load(Ordering::Relaxed)).then(|| Fault::draw(&mut chance))
    }
}

impl Proxy {
    /// Listens on a free port and carries everything to `target`.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(target: SocketAddr, seed: u64) -> Result<Self> {
        Self::begin(target, seed, None).await
    }

    /// The same; whatever is handed to the client over a WebSocket also comes out of the receiver.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn tapped(
        target: SocketAddr,
        seed: u64,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Tapped>)> {
        let (tap, tapped) = mpsc::unbounded_channel();
        Ok((Self::begin(target, seed, Some(tap)).await?, tapped))
    }

    async fn begin(
        target: SocketAddr,
        seed: u64,
        tap: Option<mpsc::UnboundedSender<Tapped>>,
    ) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            seed,
            faulty: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            websockets: AtomicI64::new(0),
            live: Mutex::default(),
            tallies: Mutex::default(),
            tap,
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on something befalls this share of new connections, in thousandths.
    pub fn weather(&self, faulty: u64) {
        self.shared.faulty.store(faulty, Ordering::Relaxed);
    }

    /// Ends the weather; connections that stand still, or crawl, are cut.
    pub fn heal(&self) {
        self.weather(0);
        for order in self.shared.live().values() {
            let _ = order.send(Order::Heal);
        }
    }

    /// This befalls every live connection now.
    pub fn strike(&self, fault: Fault) {
        for order in self.shared.live().values() {
            let _ = order.send(Order::Strike(fault));
        }
    }

    /// WebSockets that are open on the server's side.
    pub fn websockets(&self) -> i64 {
        self.shared.websockets.load(Ordering::Relaxed)
    }

    /// Connections so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How often what happened.
    pub fn tallies(&self) -> BTreeMap<&'static str, u64> {
        self.shared.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        // The end of its orders ends a connection.
        self.shared.live().clear();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        let (order, orders) = mpsc::unbounded_channel();
        shared.live().insert(number, order);
        let fate = shared.fate(number);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            carry::connection(client, fate, orders, &shared).await;
            shared.live().remove(&number);
        });
    }
}

//! A run from its beginning to its verdict.

use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use condorito_tests::footprint::Footprint;
use condorito_tests::headless::{Headless, Launch};
use condorito_tests::proxy::Proxy;
use condorito_tests::server::{CODE, Orders, PASSWORD, Server, Setting};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::Options;
use crate::ledger::Ledger;
use crate::report::{Block, Report};
use crate::schedule::{self, KILLS};
use crate::traffic::{Desk, Traffic};
use crate::verdict::{self, Strictness};

/// Longest wait until a client is online once nothing is in its way: a back-off of 30 s at most, and
/// a resync.
pub const ONLINE: Duration = Duration::from_secs(60);
/// Longest a text's outcome is looked up, and what waits behind it.
const SETTLED: Duration = Duration::from_secs(200);

/// Growth of one process over the cycles in which it is not killed, beyond which it is a leak. Rows
/// come in all the while: the cache of the database and the allocator may take their share.
const MORE_THREADS: u64 = 4;
const MORE_DESCRIPTORS: u64 = 8;
const MORE_KIB: u64 = 24 * 1024;

/// A run under way.
pub struct Run {
    pub options: Options,
    pub seed: u64,
    pub launch: Launch,
    pub server: Server,
    pub orders: Orders,
    pub proxy: Proxy,
    pub desk: Desk,
    pub ledger: Arc<Ledger>,
    pub traffic: Traffic,
    pub chance: ChaCha8Rng,
    pub report: Report,
}

impl Run {
    /// A server with history, a proxy, a client that is signed in and online.
    pub async fn start(options: &Options, seed: u64, folder: &Path) -> Result<Self> {
        let setting = Setting {
            conversations: 40,
            messages_each: 30,
            // The limiter must not be what a run measures: a window of seconds, with room for a
            // resync after every cycle.
            requests: 4000,
            window_seconds: 5,
            // A dead link is to be seen within seconds and not within 45.
            heartbeat_ms: (1500, 1500),
            seed,
        };
        let server = Server::start(options.server, folder, &setting).await?;
        let orders = server.orders().clone();
        let proxy = Proxy::start(orders.address()?, seed).await?;
        let launch = Launch {
            backend: proxy.url(),
            data: folder.join("data"),
            log: folder.join("client.log"),
            record: None,
        };
        let desk: Desk = Arc::new(RwLock::new(None));
        let ledger = Arc::new(Ledger::default());
        let traffic = Traffic::begin(seed, &orders, &desk, &ledger);
        let report = Report::begin(options, seed);
        let mut run = Self {
            options: options.clone(),
            seed,
            launch,
            server,
            orders,
            proxy,
            desk,
            ledger,
            traffic,
            chance: ChaCha8Rng::seed_from_u64(!seed),
            report,
        };
        run.open()?;
        let client = run.client()?;
        let who = json!({ "clientCode": CODE, "password": PASSWORD });
        client.ask("login", who, ONLINE).await.context("login")?;
        client.until_connection("online", ONLINE).await?;
        Ok(run)
    }

    /// Starts the client.
    pub fn open(&mut self) -> Result<()> {
        let (client, mut told) = Headless::start(&self.launch)?;
        // Nobody needs it here; a full pipe would stop the client.
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        self.put(Some(Arc::new(client)));
        Ok(())
    }

    /// The client that runs.
    pub fn client(&self) -> Result<Arc<Headless>> {
        self.desk.read().ok().and_then(|desk| desk.clone()).context("no client runs")
    }

    /// Puts another client, or none, in front of the operator.
    pub fn put(&self, client: Option<Arc<Headless>>) -> Option<Arc<Headless>> {
        self.desk.write().ok().and_then(|mut desk| std::mem::replace(&mut *desk, client))
    }

    /// Every cycle, every check.
    pub async fn carry_out(mut self) -> Result<Report> {
        let cycles = schedule::draw(self.seed, self.options.cycles, self.options.check_every);
        let block = usize::try_from(self.options.check_every.max(1))?;
        let all = cycles.len();
        let mut done = 0;
        for cycles in cycles.chunks(block) {
            let began = Instant::now();
            let mut before = None;
            self.traffic.go(true);
            for (place, cycle) in (0_u32..).zip(cycles) {
                self.cycle(cycle).await.with_context(|| format!("cycle {}", done + 1))?;
                let share = f64::from(place + 1) / f64::from(u32::try_from(cycles.len())?);
                if before.is_none() && share > KILLS + 0.05 {
                    self.heal().await?;
                    self.online().await;
                    before = Footprint::of(self.client()?.pid());
                }
                done += 1;
            }
            self.traffic.go(false);
            self.heal().await?;
            self.online().await;
            self.one_connection().await;
            let after = Footprint::of(self.client()?.pid());
            self.grown(before, after);
            let last = done == all;
            if last {
                self.settle().await?;
            }
            let strictness = match (last, self.options.short) {
                (true, false) => Strictness::Settled,
                _ => Strictness::UnderWay,
            };
            let found = verdict::check(&self, strictness).await?;
            for violation in found.violations {
                self.violation(violation);
            }
            self.report.blocks.push(Block {
                cycles: done,
                seconds: began.elapsed().as_secs_f64(),
                before,
                after,
                figures: found.figures,
            });
            self.report.progress();
        }
        self.report.end(&self.traffic, &self.proxy);
        if let Some(client) = self.put(None)
            && let Err(error) = client.end(Duration::from_secs(20)).await
        {
            self.violation(format!("the client did not end well: {error:#}"));
        }
        Ok(self.report)
    }

    /// Says it at once: the rest of a long run may be in vain.
    pub fn violation(&mut self, violation: String) {
        eprintln!("VIOLATION: {violation}");
        self.report.violations.push(violation);
    }

    /// Waits until the client is online, which it must be soon.
    pub async fn online(&mut self) {
        let Ok(client) = self.client() else { return };
        match client.until_connection("online", ONLINE).await {
            Ok(time) => self.report.recoveries.push(time.as_secs_f64()),
            Err(error) => self.violation(format!("nothing was in its way: {error:#}")),
        }
    }

    /// One client, one live connection; what a kill left on the server is gone within a heartbeat.
    async fn one_connection(&mut self) {
        let due = Instant::now() + Duration::from_secs(10);
        loop {
            let carried = self.proxy.websockets();
            let counted = self.orders.sockets().await.ok().flatten();
            if carried == 1 && counted.is_none_or(|sockets| sockets == 1) {
                return;
            }
            if Instant::now() > due {
                self.violation(format!(
                    "one connection: the proxy carries {carried}, the server counts {counted:?}"
                ));
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn grown(&mut self, before: Option<Footprint>, after: Option<Footprint>) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let bounds = [
            ("threads", before.threads, after.threads, MORE_THREADS),
            ("descriptors", before.descriptors, after.descriptors, MORE_DESCRIPTORS),
            ("KiB of its own", before.own_kib, after.own_kib, MORE_KIB),
        ];
        for (what, before, after, more) in bounds {
            if after > before + more {
                self.violation(format!("{what} of one process grew from {before} to {after}"));
            }
        }
    }

    /// Waits until nothing written is on its way any more, for a while at most: whether that is a
    /// violation is for the check to say.
    async fn settle(&mut self) -> Result<()> {
        let limit = if self.options.short { Duration::from_secs(5) } else { SETTLED };
        let due = Instant::now() + limit;
        let client = self.client()?;
        while Instant::now() < due {
            let outbox = client.ask("list_outbox", json!({}), ONLINE).await?;
            let items = outbox.get("items").and_then(|items| items.as_array());
            let moving = items.into_iter().flatten().any(|item| {
                let state = item.get("state").and_then(|state| state.as_str());
                matches!(state, Some("queued" | "sending"))
            });
            if !moving {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(())
    }
}

//! What a run found, as a table and as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use condorito_tests::footprint::Footprint;
use condorito_tests::machine;
use condorito_tests::proxy::Proxy;
use serde::Serialize;

use crate::Options;
use crate::traffic::Traffic;
use crate::verdict::Figures;

/// Everything.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    machine: String,
    began: String,
    ended: String,
    server: &'static str,
    seed: u64,
    cycles: u32,
    /// `kill -9` of the client.
    pub client_kills: u32,
    /// `kill -9` of the server; of the npm double: port and connections taken away.
    pub server_kills: u32,
    /// What the proxy did, by name.
    faults: BTreeMap<&'static str, u64>,
    connections: u64,
    /// What was done by contacts, colleagues and the operator.
    traffic: BTreeMap<&'static str, u64>,
    /// Refused commands by code: what the weather explains, and what it does not.
    refusals: BTreeMap<String, u64>,
    /// Seconds until online, each time nothing was in the way any more.
    pub recoveries: Vec<f64>,
    /// Between two checks.
    pub blocks: Vec<Block>,
    /// What must not be.
    pub violations: Vec<String>,
}

/// The cycles between two checks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Cycles since the beginning of the run.
    pub cycles: usize,
    /// How long it took.
    pub seconds: f64,
    /// Of one process, when it was no longer killed.
    pub before: Option<Footprint>,
    /// Of the same at the end of the block.
    pub after: Option<Footprint>,
    /// What the check found.
    pub figures: Figures,
}

impl Report {
    /// Begins one.
    pub fn begin(options: &Options, seed: u64) -> Self {
        println!("{} server, {} cycles, seed {seed}", options.server.name(), options.cycles);
        Self {
            machine: machine::describe(),
            began: machine::now().to_string(),
            ended: String::new(),
            server: options.server.name(),
            seed,
            cycles: options.cycles,
            client_kills: 0,
            server_kills: 0,
            faults: BTreeMap::new(),
            connections: 0,
            traffic: BTreeMap::new(),
            refusals: BTreeMap::new(),
            recoveries: Vec::new(),
            blocks: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Ends it.
    pub fn end(&mut self, traffic: &Traffic, proxy: &Proxy) {
        self.ended = machine::now().to_string();
        self.faults = proxy.tallies();
        self.connections = proxy.connections();
        let counts = traffic.counts();
        self.traffic = BTreeMap::from([
            ("messages of contacts", counts.contacts.load(Ordering::Relaxed)),
            ("deeds of colleagues", counts.colleagues.load(Ordering::Relaxed)),
            ("texts of the operator", counts.texts.load(Ordering::Relaxed)),
            ("commands of the operator", counts.commands.load(Ordering::Relaxed)),
            ("commands unanswered for 30 s", counts.silent.load(Ordering::Relaxed)),
        ]);
        self.refusals = counts.odd.lock().map(|odd| odd.clone()).unwrap_or_default();
        if counts.silent.load(Ordering::Relaxed) > 0 {
            self.violations.push("a command was not answered within 30 s".to_owned());
        }
    }

    /// One line for the last block.
    pub fn progress(&self) {
        if let Some(block) = self.blocks.last() {
            eprintln!(
                "{:>5} cycles, {:>5.0} s: {} conversations and {} messages alike, {} texts, {} \
                 violations so far",
                block.cycles,
                block.seconds,
                block.figures.conversations,
                block.figures.messages,
                block.figures.texts,
                self.violations.len()
            );
        }
    }

    /// As a table.
    pub fn print(&self) {
        println!("\n{}\n{} to {}", self.machine, self.began, self.ended);
        println!(
            "{} server, seed {}, {} cycles, {} kills of the client, {} of the server, {} \
             connections",
            self.server,
            self.seed,
            self.cycles,
            self.client_kills,
            self.server_kills,
            self.connections
        );
        for (name, count) in self.faults.iter().chain(&self.traffic) {
            println!("  {name:<30}{count:>8}");
        }
        for (name, count) in &self.refusals {
            println!("  {:<30}{count:>8}", format!("refused {name}"));
        }
        let mut recoveries = self.recoveries.clone();
        recoveries.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let place = (recoveries.len() * percent).div_ceil(100).saturating_sub(1);
            recoveries.get(place).copied().unwrap_or(f64::NAN)
        };
        println!(
            "online again after healing: p50 {:.2} s, p95 {:.2} s, longest {:.2} s of {}",
            at(50),
            at(95),
            at(100),
            recoveries.len()
        );
        println!(
            "\n{:>6}{:>8}{:>7}{:>9}{:>7}{:>7}{:>6}{:>8}{:>8}{:>7}{:>7}{:>8}   one process: KiB of \
             its own, threads, descriptors",
            "cycles",
            "seconds",
            "convs",
            "messages",
            "texts",
            "once",
            "2+ok",
            "waiting",
            "unconf.",
            "failed",
            "disc.",
            "unsaved"
        );
        for block in &self.blocks {
            let figures = &block.figures;
            let change = match (block.before, block.after) {
                (Some(before), Some(after)) => format!(
                    "{} → {}, {} → {}, {} → {}",
                    before.own_kib,
                    after.own_kib,
                    before.threads,
                    after.threads,
                    before.descriptors,
                    after.descriptors
                ),
                _ => "not measured".to_owned(),
            };
            println!(
                "{:>6}{:>8.0}{:>7}{:>9}{:>7}{:>7}{:>6}{:>8}{:>8}{:>7}{:>7}{:>8}   {change}",
                block.cycles,
                block.seconds,
                figures.conversations,
                figures.messages,
                figures.texts,
                figures.once,
                figures.consented,
                figures.waiting,
                figures.unconfirmed,
                figures.failed,
                figures.discarded,
                figures.never_durable
            );
        }
        println!("\n{} violations", self.violations.len());
        for violation in &self.violations {
            println!("  {violation}");
        }
    }

    /// As JSON, beside the folder this program was built into.
    pub fn write(&self) -> Result<()> {
        let program = std::env::current_exe()?;
        let target = program.ancestors().nth(2).context("the target folder")?;
        let file: PathBuf = target.join(format!("chaos-{}.json", self.server));
        let json = serde_json::to_vec_pretty(self)?;
        std::fs::write(&file, json).with_context(|| file.display().to_string())?;
        println!("written to {}", file.display());
        Ok(())
    }
}

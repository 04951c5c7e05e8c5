//! What a run found, as lines and as JSON.

use anyhow::{Context, Result};
use condorito_tests::machine;
use condorito_tests::server::Kind;
use serde::Serialize;

/// A run under way.
pub struct Report {
    name: &'static str,
    server: Kind,
    began: String,
    load_before: Option<f64>,
    violations: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a, T> {
    machine: String,
    began: &'a str,
    ended: String,
    server: &'static str,
    /// Mean load of a minute before and at the end; the run itself is part of the second.
    load: (Option<f64>, Option<f64>),
    figures: &'a T,
    violations: &'a [String],
}

impl Report {
    /// Begins one.
    pub fn begin(name: &'static str, server: Kind) -> Self {
        println!("{name} against the {} server", server.name());
        Self {
            name,
            server,
            began: machine::now().to_string(),
            load_before: machine::load(),
            violations: Vec::new(),
        }
    }

    /// What must not be.
    pub fn violation(&mut self, violation: String) {
        eprintln!("VIOLATION: {violation}");
        self.violations.push(violation);
    }

    /// Whether there is none.
    pub fn well(&self) -> bool {
        self.violations.is_empty()
    }

    /// Prints it and writes it beside the folder this program was built into.
    pub fn finish<T: Serialize>(&self, figures: &T, lines: Vec<String>) -> Result<()> {
        let ended = machine::now().to_string();
        println!("\n{}\n{} to {ended}", machine::describe(), self.began);
        for line in lines {
            println!("{line}");
        }
        println!("{} violations", self.violations.len());
        for violation in &self.violations {
            println!("  {violation}");
        }
        let written = Written {
            machine: machine::describe(),
            began: &self.began,
            ended,
            server: self.server.name(),
            load: (self.load_before, machine::load()),
            figures,
            violations: &self.violations,
        };
        let program = std::env::current_exe()?;
        let target = program.ancestors().nth(2).context("the target folder")?;
        let file = target.join(format!("{}-{}.json", self.name, self.server.name()));
        std::fs::write(&file, serde_json::to_vec_pretty(&written)?)
            .with_context(|| file.display().to_string())?;
        println!("written to {}", file.display());
        Ok(())
    }
}

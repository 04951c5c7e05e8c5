//! Figures, each beside its limit.

use anyhow::{Context, Result};
use condorito_tests::machine;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// More is better.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Less is better.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// How long something took, over and over.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// One more.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Milliseconds that this share of them did not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was done.
    pub scenario: String,
    /// In which store.
    pub store: String,
    /// Of the next five.
    pub unit: Unit,
    /// The client: a rate, or the median time.
    pub ours: f64,
    /// The time that 95 in 100 did not exceed.
    pub ours_p95: Option<f64>,
    /// The least that is needed for the same, measured in the same way.
    pub limit: f64,
    /// As for the client.
    pub limit_p95: Option<f64>,
    /// What the limit is.
    pub beside: String,
    /// The client's time over the limit's: 1 is as fast as can be.
    pub ratio: f64,
    /// What the project asks for.
    pub target: Option<f64>,
}

impl Figure {
    /// A rate.
    pub fn rate(scenario: &str, store: String, ours: f64, limit: f64, beside: &str) -> Self {
        Self {
            scenario: scenario.to_owned(),
            store,
            unit: Unit::PerSecond,
            ours,
            ours_p95: None,
            limit,
            limit_p95: None,
            beside: beside.to_owned(),
            ratio: limit / ours,
            target: None,
        }
    }

    /// A time.
    pub fn time(scenario: &str, store: String, ours: &Times, limit: &Times, beside: &str) -> Self {
        Self {
            scenario: scenario.to_owned(),
            store,
            unit: Unit::Milliseconds,
            ours: ours.percentile(50),
            ours_p95: Some(ours.percentile(95)),
            limit: limit.percentile(50),
            limit_p95: Some(limit.percentile(95)),
            beside: beside.to_owned(),
            ratio: ours.percentile(50) / limit.percentile(50),
            target: None,
        }
    }

    /// With what the project asks for.
    pub fn target(mut self, target: f64) -> Self {
        self.target = Some(target);
        self
    }

    /// Whether it does what the project asks for.
    fn reached(&self) -> Option<bool> {
        self.target.map(|target| match self.unit {
            Unit::PerSecond => self.ours >= target,
            Unit::Milliseconds => self.ours <= target,
        })
    }
}

/// All of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    machine: String,
    began: String,
    ended: String,
    /// Mean load of a minute before and at the end; the measurement itself is part of the second.
    load: (Option<f64>, Option<f64>),
    figures: Vec<Figure>,
}

impl Report {
    /// Begins a run.
    pub fn begin() -> Self {
        Self {
            machine: machine::describe(),
            began: machine::now().to_string(),
            ended: String::new(),
            load: (machine::load(), None),
            figures: Vec::new(),
        }
    }

    /// One more.
    pub fn push(&mut self, figure: Figure) {
        eprintln!("{}", line(&figure));
        self.figures.push(figure);
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.ended = machine::now().to_string();
        self.load.1 = machine::load();
    }

    /// As a table.
    pub fn print(&self) {
        println!("\n{}\n{} to {}", self.machine, self.began, self.ended);
        if let (Some(before), Some(after)) = self.load {
            println!("load {before} before, {after} at the end");
        }
        println!(
            "\n{:<44}{:<20}{:>11}{:>11}{:>12}{:>8}  {:<5}{:<11}beside",
            "scenario", "store", "ours", "p95", "limit", "ratio", "unit", "target"
        );
        for figure in &self.figures {
            println!("{}", line(figure));
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self)?;
        std::fs::write(file, json).with_context(|| file.display().to_string())?;
        println!("\nwritten to {}", file.display());
        Ok(())
    }
}

fn line(figure: &Figure) -> String {
    let (unit, digits) = match figure.unit {
        Unit::PerSecond => ("1/s", 0),
        Unit::Milliseconds => ("ms", 3),
    };
    let p95 = figure.ours_p95.map_or_else(String::new, |p95| format!("{p95:.digits$}"));
    let target = match (figure.target, figure.reached()) {
        (Some(target), Some(true)) => format!("{target} ok"),
        (Some(target), _) => format!("{target} MISS"),
        (None, _) => String::new(),
    };
    format!(
        "{:<44}{:<20}{:>11.digits$}{:>11}{:>12.digits$}{:>8.2}  {:<5}{:<11}{}",
        figure.scenario,
        figure.store,
        figure.ours,
        p95,
        figure.limit,
        figure.ratio,
        unit,
        target,
        figure.beside
    )
}

#[cfg(test)]
mod tests {
    use super::Times;
    use std::time::Duration;

    #[test]
    fn percentiles_are_times_that_were_taken() {
        let mut times = Times::default();
        for ms in [5, 1, 4, 2, 3] {
            times.push(Duration::from_millis(ms));
        }
        let read = |percent| (times.percentile(percent) * 10.0).round();
        assert_eq!([read(0), read(50), read(95), read(100)], [10.0, 30.0, 50.0, 50.0]);
    }
}

//! What happened to the link so far, for diagnostics.

use condorito_model::link::DownReason;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Counts since the link was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Attempts begun.
    pub attempts: u64,
    /// Attempts that became a link.
    pub connects: u64,
    /// Attempts that did not, by reason.
    pub failures: HashMap<DownReason, u64>,
    /// Links that ended, by reason.
    pub disconnects: HashMap<DownReason, u64>,
    /// Events that arrived, by name; names that mean nothing here are `other`.
    pub events: BTreeMap<&'static str, u64>,
    /// Events of a known name whose payload made no sense.
    pub malformed: u64,
    /// Events of another company, or of none.
    pub foreign: u64,
    /// When the last event arrived, by the own clock.
    pub last_event_at: Option<SystemTime>,
    /// Whether there is a link now.
    pub up: bool,
}

#[derive(Debug, Default)]
pub(super) struct SharedCounters(Mutex<LinkCounters>);

impl SharedCounters {
    pub(super) fn snapshot(&self) -> LinkCounters {
        self.lock().clone()
    }

    pub(super) fn attempt(&self) {
        self.lock().attempts += 1;
    }

    pub(super) fn connect(&self) {
        let mut counters = self.lock();
        counters.connects += 1;
        counters.up = true;
    }

    pub(super) fn failure(&self, reason: DownReason) {
        *self.lock().failures.entry(reason).or_default() += 1;
    }

    pub(super) fn disconnect(&self, reason: DownReason) {
        let mut counters = self.lock();
        counters.up = false;
        *counters.disconnects.entry(reason).or_default() += 1;
    }

    pub(super) fn event(&self, label: &'static str, at: SystemTime) {
        let mut counters = self.lock();
        *counters.events.entry(label).or_default() += 1;
        counters.last_event_at = Some(at);
    }

    pub(super) fn malformed(&self) {
        self.lock().malformed += 1;
    }

    pub(super) fn foreign(&self) {
        self.lock().foreign += 1;
    }

    fn lock(&self) -> MutexGuard<'_, LinkCounters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

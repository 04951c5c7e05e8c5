//! How often each fault, each outcome and each state was reached. A zero over a whole run means
//! that the world is too kind to prove anything.

use std::collections::BTreeMap;

/// Everything that a run of many seeds must reach.
pub const EXPECTED: &[&str] = &[
    // Rows of contract 5.3.
    "5.3 200 with messageId",
    "5.3 echo before the reply",
    "5.3 refused 400",
    "5.3 refused 401",
    "5.3 refused 403",
    "5.3 refused 413",
    "5.3 refused 429",
    "5.3 connection refused",
    "5.3 500 before sending",
    "5.3 500 after sending",
    "5.3 502 before sending",
    "5.3 502 after sending",
    "5.3 cut before the server had it",
    "5.3 cut after the server stored it",
    "5.3 duplicate-entry 500",
    "5.3 not linked",
    // Faults of the world.
    "fault event lost with the link",
    "fault event lost in silence",
    "fault event before the room",
    "fault event duplicated",
    "fault event reordered",
    "fault event delayed",
    "fault link cut",
    "fault server restart",
    "fault 429",
    "fault token expiry",
    "fault clock jump",
    "fault kill and reopen",
    "fault kill with a batch half stored",
    "fault WhatsApp unlinked",
    "fault disk full",
    "fault late media",
    "fault malformed answer",
    "fault WebSocket blocked",
    "second client of the tenant",
    "equal texts",
    // What the operator and colleagues do.
    "colleague read",
    "colleague bot switch",
    "colleague delete",
    "handset text",
    "operator text",
    "operator text to a new number",
    "operator read",
    "operator retry",
    "operator discard",
    "operator delete",
    "operator older page",
    "operator sync",
    "operator notice policy",
    "machine woke",
    // What the operator is told of.
    "notice of a message",
    "notice digest",
    "notice of a failed send",
    "notice of WhatsApp lost",
    // States reached by rows.
    "state queued",
    "state sending",
    "state reconciling",
    "state unconfirmed",
    "state failed",
    "state sent",
    // What was proved on the way.
    "checked while online",
    "checked after an hour of quiet",
    "checked at the end",
    "bulk catch-up",
    "polling pass",
];

/// Ways of the outbox from state to state, which a whole run must take as well.
pub const WAYS: &[&str] = &[
    "outbox queued to sending",
    "outbox queued to failed: its conversation was deleted",
    "outbox queued, discarded",
    "outbox sending to queued",
    "outbox sending to sent",
    "outbox sending to failed",
    "outbox sending to reconciling",
    "outbox reconciling to sent",
    "outbox reconciling to unconfirmed",
    "outbox unconfirmed, sent again",
    "outbox unconfirmed to sent by a late echo",
    "outbox unconfirmed, discarded",
    "outbox failed, sent again",
    "outbox failed, discarded",
    "outbox sent by a guess to unconfirmed",
    "outbox sent, its conversation deleted",
];

/// The rare ones among them, which take some thousand seeds.
pub const RARE_WAYS: &[&str] = &[
    "outbox queued again, then the echo of the first try",
    "outbox sent by a guess to queued",
    "outbox sent by a guess to failed",
];

/// Counts by name.
#[derive(Debug, Default, Clone)]
pub struct Coverage(pub BTreeMap<&'static str, u64>);

impl Coverage {
    /// One more.
    pub fn hit(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    /// What was never reached of what some hundred seeds reach.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        EXPECTED.iter().chain(WAYS).filter(|name| !self.0.contains_key(**name)).copied().collect()
    }

    /// What was never reached of what takes some thousand seeds.
    #[must_use]
    pub fn missing_rare(&self) -> Vec<&'static str> {
        RARE_WAYS.iter().filter(|name| !self.0.contains_key(**name)).copied().collect()
    }
}

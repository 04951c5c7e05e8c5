//! Places at which a test can end the process, to show that nothing is lost there.

use std::fmt;
use std::sync::Arc;

/// A place between two durable steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The outbox transaction is written, not committed.
    OutboxWritten,
    /// The outbox is committed; the cache is not.
    OutboxCommitted,
    /// The cache transaction is written, not committed.
    CacheWritten,
    /// Both are committed; nobody was told.
    CacheCommitted,
    /// The cache is about to be checkpointed for a purge.
    CheckpointBegun,
    /// It was; nothing is purged yet.
    CheckpointDone,
    /// A damaged outbox was copied as far as it could be read; the copy is not in place.
    SalvageWritten,
    /// The damaged outbox is set aside; the copy is not in place.
    SalvageSetAside,
}

impl Step {
    /// Every place.
    pub const ALL: &'static [Self] = &[
        Self::OutboxWritten,
        Self::OutboxCommitted,
        Self::CacheWritten,
        Self::CacheCommitted,
        Self::CheckpointBegun,
        Self::CheckpointDone,
        Self::SalvageWritten,
        Self::SalvageSetAside,
    ];
}

/// What to do at each [`Step`]; nothing by default.
#[derive(Clone, Default)]
pub struct Failpoints(Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Failpoints {
    /// Calls `hook` at each step, on the thread that takes it.
    pub fn new(hook: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    pub(crate) fn pass(&self, step: Step) {
        if let Some(hook) = &self.0 {
            hook(step);
        }
    }
}

impl fmt::Debug for Failpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Failpoints(set)" } else { "Failpoints" })
    }
}

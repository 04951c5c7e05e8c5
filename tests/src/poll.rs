//! Waiting for a condition that can only be asked for, with a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, MissedTickBehavior};

/// Time between two looks.
const STEP: Duration = Duration::from_millis(40);

/// Looks again and again until `look` finds something, and returns it.
///
/// # Errors
/// The first error of `look`, or, after `limit`, one that names `what` and the last thing seen.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Seen<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    let mut steps = tokio::time::interval(STEP);
    steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        steps.tick().await;
        let Ok(seen) = tokio::time::timeout_at(deadline, look()).await else {
            bail!("waited {limit:?} for {what}; the last look did not come back");
        };
        let seen = seen?;
        match seen {
            Seen::Yes(found) => return Ok(found),
            Seen::NotYet(last) if Instant::now() >= deadline => {
                bail!("waited {limit:?} for {what}; last seen: {last}")
            }
            Seen::NotYet(_) => {}
        }
    }
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// The condition holds.
    Yes(T),
    /// It does not; says what was there instead.
    NotYet(String),
}

impl<T> Seen<T> {
    /// `Yes` of the value, or `NotYet` with `otherwise`.
    pub fn from_option(found: Option<T>, otherwise: impl Into<String>) -> Self {
        match found {
            Some(found) => Self::Yes(found),
            None => Self::NotYet(otherwise.into()),
        }
    }
}

impl Seen<()> {
    /// `Yes` if `holds`, or `NotYet` with `otherwise`.
    pub fn when(holds: bool, otherwise: impl Into<String>) -> Self {
        Self::from_option(holds.then_some(()), otherwise)
    }
}

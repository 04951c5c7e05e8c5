//! Waiting for a condition that can only be asked for, with a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, MissedTickBehavior};

/// Time between two looks.
const STEP: Duration = Duration::from_millis(40);

/// Looks again and again until `look` finds something, and returns it.
///
/// # Errors
/// The first error of `look`, or one that names `what` and the last thing seen, after `limit`.
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
        let seen = look().await?;
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

//! Wake from sleep, seen from a clock that jumped: the same on every platform, and without
//! asking it.

use super::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;

/// Compares the wall clock from tick to tick and asks for a new link when much more time passed
/// than the tick took. A clock that is set forward looks alike; that costs one reconnect.
pub(super) async fn watch(
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    tick: Duration,
    jump: Duration,
    commands: mpsc::Sender<Command>,
) {
    let mut last = clock();
    loop {
        tokio::time::sleep(tick).await;
        let now = clock();
        let passed = now.duration_since(last).unwrap_or(Duration::ZERO);
        last = now;
        if passed > tick.saturating_add(jump) {
            tracing::info!(?passed, "the clock jumped: woken from sleep");
            let _ = commands.try_send(Command::Cycle);
        }
    }
}

//! Waking up: a machine that has slept has lost its link without a word, and finds out by itself
//! only when the next heartbeat is missed. The client is told as soon as it is known.

use std::time::{Duration, Instant, SystemTime};

use tauri::{AppHandle, Manager, Runtime};

use crate::core::Core;

/// Time between two looks at the clocks.
const TICK: Duration = Duration::from_secs(5);

/// So much more than a tick must have gone by to call it sleep: more than a busy machine makes a
/// task wait, less than the 45 s in which a dead link shows by itself.
const SLEPT: Duration = Duration::from_secs(15);

/// Tells the client of every waking from now on.
pub fn watch<R: Runtime>(app: &AppHandle<R>) {
    tauri::async_runtime::spawn(watch_clocks(app.clone()));
    #[cfg(target_os = "linux")]
    tauri::async_runtime::spawn(logind::watch(app.clone()));
}

/// For every platform: clocks that went on while nothing ran.
async fn watch_clocks<R: Runtime>(app: AppHandle<R>) {
    loop {
        let (steady, wall) = (Instant::now(), SystemTime::now());
        tokio::time::sleep(TICK).await;
        if has_slept(steady.elapsed(), wall.elapsed().unwrap_or_default()) {
            wake(&app).await;
        }
    }
}

/// Whether one of the clocks says that the machine slept during a tick. The steady clock stands
/// still meanwhile on Linux and macOS and goes on on Windows; the wall clock always goes on, and
/// when it is merely set forward, a reconnect too many does no harm.
fn has_slept(steady: Duration, wall: Duration) -> bool {
    steady.max(wall) > TICK + SLEPT
}

async fn wake<R: Runtime>(app: &AppHandle<R>) {
    tracing::info!("the machine woke");
    app.state::<Core>().wake().await;
}

/// What systemd's login manager says of sleep, without the wait for the next tick.
#[cfg(target_os = "linux")]
mod logind {
    use futures_util::StreamExt;
    use tauri::{AppHandle, Runtime};

    #[zbus::proxy(
        interface = "org.freedesktop.login1.Manager",
        default_service = "org.freedesktop.login1",
        default_path = "/org/freedesktop/login1"
    )]
    trait LoginManager {
        /// `true` before the machine goes to sleep, `false` after it woke.
        #[zbus(signal)]
        fn prepare_for_sleep(&self, start: bool) -> zbus::Result<()>;
    }

    /// Tells the client of every waking that logind announces; ends where there is no logind.
    pub async fn watch<R: Runtime>(app: AppHandle<R>) {
        if let Err(error) = listen(&app).await {
            tracing::info!(%error, "no login manager to ask about sleep: the clocks have to do");
        }
    }

    async fn listen<R: Runtime>(app: &AppHandle<R>) -> zbus::Result<()> {
        let bus = zbus::Connection::system().await?;
        let manager = LoginManagerProxy::new(&bus).await?;
        let mut announcements = manager.receive_prepare_for_sleep().await?;
        while let Some(announced) = announcements.next().await {
            if announced.args().is_ok_and(|args| !args.start) {
                super::wake(app).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_clock_that_jumped_for_sleep_and_a_busy_machine_not() {
        let second = Duration::from_secs(1);
        let cases = [
            (TICK, TICK, false),
            // A task that waited for the processor.
            (TICK + 9 * second, TICK + 9 * second, false),
            // Asleep on Linux or macOS, where the steady clock stands still.
            (TICK, 3600 * second, true),
            // Asleep on Windows.
            (3600 * second, 3600 * second, true),
            // Set back: `elapsed` of the wall clock fails and counts as nothing.
            (TICK, Duration::ZERO, false),
        ];
        for (steady, wall, slept) in cases {
            assert_eq!(has_slept(steady, wall), slept, "steady {steady:?}, wall {wall:?}");
        }
    }
}

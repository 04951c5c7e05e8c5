//! What a process takes of the machine, where the system tells (`/proc`).

use std::time::Duration;

use serde::Serialize;

/// One look at a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Footprint {
    /// Resident memory in KiB.
    pub rss_kib: u64,
    /// Of that, what is its own and not a mapped file, in KiB.
    pub own_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Footprint {
    /// Of a process that runs; `None` when it does not or the system has no `/proc`.
    pub fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let figure = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        Some(Self {
            rss_kib: figure("VmRSS:")?,
            own_kib: figure("RssAnon:")?,
            threads: figure("Threads:")?,
            descriptors: u64::try_from(descriptors).ok()?,
        })
    }
}

/// Processor time a process has used, to the hundredth of a second.
pub fn processor_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything; what follows it does not.
    let (_, figures) = stat.rsplit_once(')')?;
    let mut figures = figures.split_whitespace().skip(11);
    let user: u64 = figures.next()?.parse().ok()?;
    let system: u64 = figures.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Footprint, processor_time};

    #[test]
    fn this_process_has_memory_threads_and_descriptors() {
        let seen = Footprint::of(std::process::id()).unwrap_or_default();
        assert!(seen.rss_kib >= seen.own_kib && seen.own_kib > 100, "{seen:?}");
        assert!(seen.threads > 0 && seen.descriptors > 2, "{seen:?}");
        assert!(processor_time(std::process::id()).is_some());
    }
}

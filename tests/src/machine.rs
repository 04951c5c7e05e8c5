//! The machine that was measured on.

use condorito_model::Timestamp;
use std::time::SystemTime;

/// What can be said of it.
pub fn describe() -> String {
    let model = proc_line("/proc/cpuinfo", "model name").unwrap_or_else(|| "processor".into());
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = proc_line("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(String::new, |kib| format!(", {} GiB", kib / 1024 / 1024));
    let (system, kind) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{model}, {cores} cores{memory}, {system} {kind}")
}

/// Processes that want to run, as a mean of the last minute, where the system says.
pub fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The wall clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The value of a line `name: value`.
fn proc_line(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

//! Latencies.

use serde::Serialize;
use std::time::Duration;

/// How long something took, over and over, in milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<f64>);

/// What is told of them, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// Half took no longer.
    pub p50: f64,
    /// 95 in 100 took no longer.
    pub p95: f64,
    /// 99 in 100 took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Times {
    /// One more.
    pub fn push(&mut self, time: Duration) {
        self.push_ms(time.as_secs_f64() * 1000.0);
    }

    /// One more, in milliseconds; of two clocks it may come out negative.
    pub fn push_ms(&mut self, ms: f64) {
        self.0.push(ms);
    }

    /// What is told of them.
    pub fn summary(&self) -> Summary {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(place).copied().unwrap_or(f64::NAN)
        };
        Summary { count: sorted.len(), p50: at(50), p95: at(95), p99: at(99), max: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn percentiles_are_times_that_were_taken() {
        let mut times = Times::default();
        for ms in 1..=200 {
            times.push_ms(f64::from(ms));
        }
        let told = times.summary();
        let rounded = [told.p50, told.p95, told.p99, told.max].map(f64::round);
        assert_eq!((told.count, rounded), (200, [100.0, 190.0, 198.0, 200.0]));
    }
}

//! How long to wait before the next attempt.

use rand::Rng;
use std::time::Duration;

/// Doubles from the first wait to the longest, without end; each wait is somewhere in the upper
/// half of its step, so that the clients of a restarted server do not come all at once.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    step: u32,
}

impl Backoff {
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, step: 0 }
    }

    /// A link has held for so long: a stable one begins the waits anew.
    pub(super) fn held(&mut self, time: Duration, stable: Duration) {
        if time >= stable {
            self.step = 0;
        }
    }

    pub(super) fn next(&mut self, chance: &mut impl Rng) -> Duration {
        // Beyond 2^20 any first wait is past the longest.
        let factor = 1u32 << self.step.min(20);
        self.step = self.step.saturating_add(1);
        let full = self.first.saturating_mul(factor).min(self.longest);
        full.mul_f64(chance.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::STABLE_AFTER;
    use super::Backoff;
    use rand::SeedableRng as _;
    use rand::rngs::SmallRng;
    use std::time::Duration;

    #[test]
    fn waits_grow_to_the_longest_and_stay_there() {
        let mut chance = SmallRng::seed_from_u64(7);
        let longest = Duration::from_secs(30);
        let mut backoff = Backoff::new(Duration::from_millis(500), longest);
        let mut full = Duration::from_millis(500);
        for _ in 0..5000 {
            let wait = backoff.next(&mut chance);
            assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            full = (full * 2).min(longest);
        }
    }

    #[test]
    fn a_link_cut_each_minute_is_dialled_again_at_once() {
        let mut chance = SmallRng::seed_from_u64(7);
        let first = Duration::from_millis(500);
        let mut backoff = Backoff::new(first, Duration::from_secs(30));
        for _ in 0..20 {
            assert!(backoff.next(&mut chance) <= first);
            backoff.held(Duration::from_secs(59), STABLE_AFTER);
        }
        // One that is dropped as soon as it is up is not.
        for _ in 0..20 {
            backoff.next(&mut chance);
            backoff.held(Duration::from_secs(9), STABLE_AFTER);
        }
        assert!(backoff.next(&mut chance) >= Duration::from_secs(15));
    }
}

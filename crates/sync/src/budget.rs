//! The request budget (design 3.7): 500 requests per 15 minutes and address, shared with every
//! colleague behind the same router. Headers tell the truth where they come; without them the own
//! requests are counted.

use condorito_model::rest::Headers;

/// How much of a window may be used, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests per window where the server does not say.
    pub window_requests: u32,
    /// Length of a window in milliseconds.
    pub window_ms: u64,
    /// Background requests per window.
    pub background: u32,
    /// The last so many of a window are the operator's.
    pub reserve: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window_requests: 500, window_ms: 15 * 60 * 1000, background: 300, reserve: 150 }
    }
}

/// Who a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Someone waits for it.
    Interactive,
    /// Nobody does.
    Background,
}

/// What is known of the current window.
#[derive(Debug, Clone)]
pub struct Budget {
    limits: Limits,
    /// When the current window ends; `None` before its first request.
    window_end: Option<u64>,
    /// Left in the window as the server last said, less what has left since.
    remaining: u32,
    /// What the server allows per window, where it says.
    allowed: u32,
    background_used: u32,
    in_flight: u32,
    blocked_until: Option<u64>,
}

impl Budget {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            window_end: None,
            remaining: limits.window_requests,
            allowed: limits.window_requests,
            background_used: 0,
            in_flight: 0,
            blocked_until: None,
        }
    }

    /// Begins a new window when the old one is over.
    pub(crate) fn roll(&mut self, mono: u64) {
        if self.window_end.is_some_and(|end| mono >= end) {
            self.window_end = None;
            self.remaining = self.allowed;
            self.background_used = 0;
        }
        if self.blocked_until.is_some_and(|end| mono >= end) {
            self.blocked_until = None;
        }
    }

    /// Whether a request of this priority may leave now.
    pub(crate) fn admits(&self, priority: Priority) -> bool {
        if self.blocked_until.is_some() {
            return false;
        }
        match priority {
            Priority::Interactive => self.remaining > 0,
            Priority::Background => {
                self.background_used < self.share(self.limits.background)
                    && self.remaining > self.share(self.limits.reserve)
            }
        }
    }

    /// How many background requests the window still has.
    pub(crate) fn room(&self) -> u32 {
        let share = self.share(self.limits.background).saturating_sub(self.background_used);
        share.min(self.remaining.saturating_sub(self.share(self.limits.reserve)))
    }

    /// Whether idle reading ahead may use the window: only its first part.
    pub(crate) fn admits_trickle(&self) -> bool {
        self.admits(Priority::Background)
            && self.background_used < self.share(self.limits.background) / 2
            && self.remaining > self.share(self.limits.reserve).saturating_mul(2)
    }

    /// A part of the usual window, scaled down where the server allows less.
    fn share(&self, part: u32) -> u32 {
        let usual = u64::from(self.limits.window_requests.max(1));
        let scaled = u64::from(part).saturating_mul(u64::from(self.allowed)) / usual;
        u32::try_from(scaled).unwrap_or(part).min(part)
    }

    /// A request leaves.
    pub(crate) fn spend(&mut self, mono: u64, priority: Priority) {
        self.window_end.get_or_insert(mono.saturating_add(self.limits.window_ms));
        self.remaining = self.remaining.saturating_sub(1);
        self.in_flight = self.in_flight.saturating_add(1);
        if priority == Priority::Background {
            self.background_used = self.background_used.saturating_add(1);
        }
    }

    /// Its answer came.
    pub(crate) fn learn(&mut self, mono: u64, headers: &Headers) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(limit) = headers.limit {
            self.allowed = limit;
        }
        if let Some(remaining) = headers.remaining {
            self.remaining = remaining.saturating_sub(self.in_flight);
        }
        if let Some(reset) = headers.reset_in_ms {
            // One second more: the header has whole seconds.
            self.window_end =
                Some(mono.saturating_add(reset.min(self.limits.window_ms)).saturating_add(1000));
        }
    }

    /// 429: nothing leaves until the window is over.
    pub(crate) fn block(&mut self, mono: u64, retry_after_ms: Option<u64>) {
        let wait = retry_after_ms
            .or_else(|| self.window_end.map(|end| end.saturating_sub(mono)))
            .unwrap_or(60_000)
            .clamp(1000, self.limits.window_ms);
        let until = mono.saturating_add(wait);
        self.blocked_until = Some(self.blocked_until.map_or(until, |old| old.max(until)));
        self.remaining = 0;
        self.window_end = self.blocked_until;
    }

    /// Until when 429 holds everything back.
    #[must_use]
    pub const fn blocked_until(&self) -> Option<u64> {
        self.blocked_until
    }

    /// When something that is not admitted now may be admitted.
    pub(crate) fn next_change(&self) -> Option<u64> {
        self.blocked_until.or(self.window_end)
    }

    /// Requests left in the window, as far as known.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Background requests used in the window.
    #[must_use]
    pub const fn background_used(&self) -> u32 {
        self.background_used
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Limits, Priority};
    use condorito_model::rest::Headers;

    fn headers(remaining: u32, reset_in_ms: u64) -> Headers {
        Headers {
            limit: Some(500),
            remaining: Some(remaining),
            reset_in_ms: Some(reset_in_ms),
            server_time: None,
        }
    }

    #[test]
    fn background_stops_at_300_and_the_operator_goes_on() {
        let mut budget = Budget::new(Limits::default());
        let mut background = 0;
        while budget.admits(Priority::Background) {
            budget.spend(0, Priority::Background);
            budget.learn(0, &Headers::default());
            background += 1;
        }
        assert_eq!(background, 300);
        assert!(budget.admits(Priority::Interactive));
        budget.roll(15 * 60 * 1000);
        assert!(budget.admits(Priority::Background));
    }

    #[test]
    fn the_last_150_are_the_operators_when_colleagues_use_the_window() {
        let mut budget = Budget::new(Limits::default());
        budget.spend(0, Priority::Background);
        budget.learn(0, &headers(150, 60_000));
        assert!(!budget.admits(Priority::Background));
        assert!(budget.admits(Priority::Interactive));
        budget.roll(61_000);
        assert!(budget.admits(Priority::Background));
    }

    #[test]
    fn a_429_stops_everything_until_its_time() {
        let mut budget = Budget::new(Limits::default());
        budget.spend(0, Priority::Interactive);
        budget.block(0, Some(30_000));
        assert!(!budget.admits(Priority::Interactive));
        budget.roll(29_999);
        assert!(!budget.admits(Priority::Interactive));
        budget.roll(30_000);
        assert!(budget.admits(Priority::Interactive));
    }

    #[test]
    fn a_smaller_allowance_is_shared_in_the_same_parts() {
        let mut budget = Budget::new(Limits::default());
        let answer = Headers { limit: Some(50), remaining: Some(49), ..Headers::default() };
        budget.spend(0, Priority::Background);
        budget.learn(0, &answer);
        let mut background = 1;
        while budget.admits(Priority::Background) {
            budget.spend(0, Priority::Background);
            budget.learn(0, &Headers::default());
            background += 1;
        }
        assert_eq!(background, 30);
    }

    #[test]
    fn answers_under_way_are_not_counted_twice() {
        let mut budget = Budget::new(Limits::default());
        for _ in 0..4 {
            budget.spend(0, Priority::Background);
        }
        budget.learn(0, &headers(499, 900_000));
        assert_eq!(budget.remaining(), 496);
    }
}

//! Timers, on the monotonic clock.

use super::*;

impl Engine {
    /// Sets a timer this many milliseconds from now.
    pub(crate) fn after_ms(&mut self, delay: u64, timer: Timer) {
        self.at(self.now.mono.saturating_add(delay), timer);
    }

    /// Sets a timer at a time.
    pub(crate) fn at(&mut self, due: u64, timer: Timer) {
        let replaces = matches!(timer, Timer::Reconcile(_));
        let set = self.timers.iter().find(|(_, set)| **set == timer).map(|(key, _)| *key);
        match set {
            Some((set_for, _)) if set_for <= due && !replaces => return,
            Some(key) => {
                self.timers.remove(&key);
            }
            None => {}
        }
        self.next_timer = self.next_timer.saturating_add(1);
        self.timers.insert((due, self.next_timer), timer);
    }

    pub(super) fn fire_timers(&mut self) {
        while let Some((&key, _)) = self.timers.first_key_value() {
            if key.0 > self.now.mono {
                break;
            }
            let Some(timer) = self.timers.remove(&key) else {
                break;
            };
            match timer {
                Timer::Poll => self.poll(),
                Timer::Reconcile(local_id) => self.reconcile_step(&local_id),
                Timer::Recount => self.recount(),
                Timer::Join => self.search_the_join(),
                Timer::Purge => self.purge(),
                Timer::LinkStatus => self.ask_link_status(),
                Timer::Rewrite => self.rewrite(),
                Timer::Trickle => self.trickle(),
                Timer::Echo => self.miss_echoes(),
                Timer::Digest => self.tell_digest(),
                Timer::Wake => {}
            }
        }
    }
}

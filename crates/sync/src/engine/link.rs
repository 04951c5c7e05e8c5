//! The session and the link: what ends with them, and what begins.

use super::*;
use condorito_model::ErrorCode;
use condorito_model::link::LinkFact;

/// How long the server may take to put a new link into its room.
const JOINED_WITHIN_MS: u64 = 2000;
/// When to look for what was lost meanwhile where counts cannot tell. By then the link has brought
/// messages for at least as long as it may have missed them, which says how many to ask for.
const JOIN_SEARCH_MS: u64 = 2 * JOINED_WITHIN_MS + 1000;

impl Engine {
    pub(super) fn lose_session(&mut self, gate: Gate) {
        self.gate = gate;
        self.link_lost(ErrorCode::SessionExpired);
        self.link = LinkState::Idle;
    }

    pub(super) fn on_link(&mut self, fact: LinkFact) {
        match fact {
            LinkFact::Connecting { attempt } => {
                if !self.polling() {
                    self.link = LinkState::Connecting { attempt };
                }
            }
            LinkFact::Waiting { attempt, retry_in_ms, blocked, .. } => {
                let was_polling = self.polling();
                self.link = LinkState::Waiting {
                    attempt,
                    retry_at: self.now.mono.saturating_add(retry_in_ms),
                    blocked,
                };
                if blocked && !was_polling {
                    self.begin_polling();
                } else if !blocked {
                    self.link_lost(ErrorCode::Offline);
                }
            }
            LinkFact::Up { generation } => {
                self.link_lost(ErrorCode::Offline);
                self.link = LinkState::Up { generation };
                self.outbox.retry_now();
                self.begin_pass();
                // Nothing answers the join (contract 3.1), so a quick pass can be over before the
                // room lets events through: on loopback one in some dozens was lost.
                self.after_ms(JOINED_WITHIN_MS, Timer::Recount);
                self.live_since_up = 0;
                self.after_ms(JOIN_SEARCH_MS, Timer::Join);
            }
            LinkFact::Event { generation, event } => {
                if self.link == (LinkState::Up { generation }) {
                    self.last_event_at = Some(self.server_now());
                    self.on_event(event);
                }
            }
            LinkFact::Down { generation, .. } => {
                if self.link == (LinkState::Up { generation }) {
                    self.link = LinkState::Connecting { attempt: 0 };
                    self.link_lost(ErrorCode::Offline);
                }
            }
        }
    }

    /// What the link brought until now may lack what came meanwhile: all is compared again, whether
    /// or not its end is noticed later. While there is none, the supervisor dials by itself.
    /// A 429 holds until the monotonic clock says so, even if that stood still: the wall clock may
    /// have jumped.
    pub(super) fn on_wake(&mut self) {
        if !self.reachable() {
            return;
        }
        self.outbox.retry_now();
        // Who asked for a comparison gets one that began after the call.
        if let Some(pass) = self.pass.as_mut() {
            self.sync_waiters.append(&mut pass.take_tokens());
        }
        self.link_lost(ErrorCode::Offline);
        self.begin_pass();
    }

    /// Whether live events have stopped but REST is asked from time to time.
    pub(crate) const fn polling(&self) -> bool {
        matches!(self.link, LinkState::Waiting { blocked: true, .. })
    }

    /// Whether requests can be expected to get through.
    pub(crate) fn reachable(&self) -> bool {
        self.opened
            && self.gate == Gate::SignedIn
            && (matches!(self.link, LinkState::Up { .. }) || self.polling())
    }

    /// Everything that counted on the link ends; what it brought is kept.
    pub(super) fn link_lost(&mut self, reason: ErrorCode) {
        self.compared = false;
        self.caught_up = false;
        self.abandon_pass(reason);
        self.abandon_loads(reason);
        self.requests.drop_background();
        self.recall_sends();
        for conv in self.convs.iter_mut() {
            conv.synced = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Command, Config, Effect, Engine, Input, Now, Token};
    use condorito_model::Timestamp;
    use condorito_model::link::LinkFact;
    use condorito_model::record::Snapshot;
    use condorito_model::rest::{Failure, Headers, Request};

    fn at(mono: u64, wall: i64) -> Now {
        Now { mono, wall: Timestamp::from_millis(wall) }
    }

    /// An engine whose link just came up, and the request for its list.
    fn up() -> (Engine, crate::RequestId) {
        let mut engine = Engine::new(Config::default());
        let start = at(0, 0);
        engine.handle(start, Input::Opened { snapshot: Box::new(Snapshot::default()) });
        engine.handle(start, Input::SignedIn);
        let fact = LinkFact::Up { generation: 1 };
        let effects = engine.handle(start, Input::Link { fact });
        let list = lists(&effects).next();
        (engine, list.unwrap_or(crate::RequestId(0)))
    }

    fn lists(effects: &[Effect]) -> impl Iterator<Item = crate::RequestId> {
        effects.iter().filter_map(|effect| match effect {
            Effect::Request { id, request: Request::Conversations { .. } } => Some(*id),
            _ => None,
        })
    }

    #[test]
    fn a_wake_compares_anew_and_forgets_nobody_who_waits() {
        let (mut engine, _) = up();
        let command = Command::SyncNow;
        engine.handle(at(1, 1), Input::Command { token: Token(9), command });
        // The second one finds the waiter in the pass of the first.
        for time in [2, 3] {
            let effects = engine.handle(at(time, 3), Input::Wake);
            assert_eq!(lists(&effects).count(), 1, "{effects:?}");
            let answered = |effect: &Effect| matches!(effect, Effect::Answer { .. });
            assert!(!effects.iter().any(answered), "{effects:?}");
        }
    }

    #[test]
    fn a_wake_without_a_link_leaves_the_dialling_to_the_supervisor() {
        let mut engine = Engine::new(Config::default());
        engine.handle(at(0, 0), Input::Opened { snapshot: Box::new(Snapshot::default()) });
        engine.handle(at(0, 0), Input::SignedIn);
        assert_eq!(engine.handle(at(1, 1), Input::Wake), []);
    }

    #[test]
    fn a_wake_asks_nothing_during_a_429_whatever_the_wall_clock_says() {
        let (mut engine, list) = up();
        let result = Err(Failure::RateLimited { retry_after_ms: Some(300_000) });
        let headers = Headers::default();
        let answer = Input::Answer { request: list, result, headers, rtt_ms: 1 };
        engine.handle(at(1, 1), answer);
        let effects = engine.handle(at(2, 86_400_000), Input::Wake);
        assert_eq!(lists(&effects).count(), 0, "{effects:?}");
    }
}

//! The session and the link: what ends with them, and what begins.

use super::*;
use condorito_model::ErrorCode;
use condorito_model::link::LinkFact;

/// How long the server may take to put a new link into its room.
const JOINED_WITHIN_MS: u64 = 2000;

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
    pub(super) fn on_wake(&mut self) {
        // The monotonic clock may have stood still where the server's went on.
        let limited = self.shown.as_ref().and_then(|shown| shown.limited_until);
        if limited.is_some_and(|until| until <= self.now.wall) {
            self.budget.unblock();
        }
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

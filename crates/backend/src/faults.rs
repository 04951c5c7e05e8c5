//! Faults that can be ordered, and the board on which the ordered ones wait for their turn.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{core::Core, events::Departure};

/// How far a send gets before it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "at")]
pub enum SendStage {
    /// WhatsApp never got the message.
    BeforeDelivery,
    /// WhatsApp got it, the server did not store it. With `reportAfterMs` WhatsApp reports it
    /// that much later and it is stored and emitted then; without it the history never has it.
    #[serde(rename_all = "camelCase")]
    AfterDelivery {
        /// Milliseconds until the late echo.
        report_after_ms: Option<u64>,
    },
    /// Delivered, stored and emitted; only the answer is wrong.
    AfterStoring,
}

/// What the sender gets instead of its 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BadAnswer {
    /// 500 E4.
    Status500,
    /// The connection closes without a byte of answer.
    Cut,
    /// No answer ever; the connection stays open.
    Silence,
}

/// A way to send rubbish to the sockets of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Garbage {
    /// `message:new` with a text, a number, null and a list instead of an object.
    NotAnObject,
    /// `message:new` without any argument.
    NoArguments,
    /// Objects that lack what matters.
    MissingFields,
    /// Objects whose members have other types.
    WrongTypes,
    /// A sound `message:new` of another tenant.
    ForeignTenant,
    /// A sound `message:new` without `clientCode`.
    NoTenant,
    /// Events nobody has heard of.
    UnknownEvents,
}

/// What becomes of the next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) delay: Duration,
    pub(crate) copies: u32,
    pub(crate) hold: bool,
    /// With `hold`: this is the last one of the group.
    pub(crate) release: bool,
}

#[derive(Debug, Default)]
struct Orders {
    sends: VecDeque<(SendStage, BadAnswer)>,
    drop: u32,
    duplicate: u32,
    hold: u32,
    event_delay: Duration,
    request_delay: Duration,
}

/// Ordered faults that have not happened yet.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Orders>);

impl Board {
    fn with<T: Default>(&self, act: impl FnOnce(&mut Orders) -> T) -> T {
        self.0.lock().map(|mut orders| act(&mut orders)).unwrap_or_default()
    }

    /// The fault of the send that is about to happen, if one was ordered.
    pub(crate) fn next_send(&self) -> Option<(SendStage, BadAnswer)> {
        self.with(|orders| orders.sends.pop_front())
    }

    pub(crate) fn request_delay(&self) -> Duration {
        self.with(|orders| orders.request_delay)
    }

    /// Lost before doubled before reordered, when several were ordered.
    pub(crate) fn next_event(&self) -> Fate {
        let mut fate = Fate { delay: Duration::ZERO, copies: 1, hold: false, release: false };
        if let Ok(mut orders) = self.0.lock() {
            fate.delay = orders.event_delay;
            if orders.drop > 0 {
                orders.drop -= 1;
                fate.copies = 0;
            } else if orders.duplicate > 0 {
                orders.duplicate -= 1;
                fate.copies = 2;
            } else if orders.hold > 0 {
                orders.hold -= 1;
                fate.hold = true;
                fate.release = orders.hold == 0;
            }
        }
        fate
    }

    pub(crate) fn stop_holding(&self) {
        self.with(|orders| orders.hold = 0);
    }
}

/// Orders faults on a running instance. Counted ones wait for the next occasions; the others act
/// at once.
pub struct Faults<'a> {
    core: &'a Arc<Core>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self { core }
    }

    fn order(&self, act: impl FnOnce(&mut Orders)) {
        self.core.faults.with(act);
    }

    /// Disconnects every socket the orderly way, as `disconnect(true)` does.
    pub async fn kick(&self) {
        self.core.sockets.kick().await;
    }

    /// Closes every TCP connection without another byte, WebSockets included.
    pub fn cut(&self) {
        self.core.switch.cut_all();
    }

    /// A black hole: connections, old and new, stay open and no byte passes.
    pub fn stall(&self) {
        self.core.switch.freeze();
    }

    /// Ends [`Self::stall`]; what was on its way arrives.
    pub fn resume(&self) {
        self.core.switch.thaw();
    }

    /// Every request waits this long before it is served; zero ends it.
    pub fn delay_requests(&self, delay: Duration) {
        self.order(|orders| orders.request_delay = delay);
    }

    /// Every event waits this long before it is sent; zero ends it.
    pub fn delay_events(&self, delay: Duration) {
        self.order(|orders| orders.event_delay = delay);
    }

    /// The next `count` sends (texts and files) fail at `stage` with `answer`.
    pub fn fail_sends(&self, count: usize, stage: SendStage, answer: BadAnswer) {
        self.order(|orders| orders.sends.extend(std::iter::repeat_n((stage, answer), count)));
    }

    /// The next `count` events are recorded but not sent.
    pub fn drop_events(&self, count: u32) {
        self.order(|orders| orders.drop = orders.drop.saturating_add(count));
    }

    /// The next `count` events are sent twice.
    pub fn duplicate_events(&self, count: u32) {
        self.order(|orders| orders.duplicate = orders.duplicate.saturating_add(count));
    }

    /// The next `count` events are held back and sent last first (after 1.5 s without another one,
    /// whatever there is).
    pub fn reorder_events(&self, count: u32) {
        self.order(|orders| orders.hold = orders.hold.saturating_add(count));
    }

    /// Sends rubbish to the tenant's sockets.
    pub fn garbage(&self, client_code: &str, garbage: Garbage) {
        let _ = self.core.departures.send(Departure::Garbage(client_code.to_owned(), garbage));
    }

    /// For `duration`, every API request is answered 429 with `Retry-After`.
    pub fn too_many_requests(&self, duration: Duration) {
        self.core.limiter.exhaust(duration, Instant::now());
    }

    /// Forgets every count of the global limiter, and ends [`Self::too_many_requests`].
    pub fn reset_limiter(&self) {
        self.core.limiter.clear();
    }

    /// The database cannot be reached: guarded routes answer 401 `UNAUTHORIZED` (contract 10).
    pub fn database_down(&self, down: bool) {
        self.core.database.set_down(down);
    }

    /// Takes back whatever was ordered and has not happened, and ends what lasts.
    pub fn clear(&self) {
        self.order(|orders| *orders = Orders::default());
        self.core.switch.thaw();
        self.core.limiter.clear();
        self.core.database.set_down(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_faults_are_used_up_in_their_order() {
        // given
        let board = Board::default();
        board.with(|orders| {
            orders.drop = 1;
            orders.duplicate = 1;
            orders.hold = 2;
        });
        // when
        let fates: Vec<_> =
            (0..5).map(|_| board.next_event()).map(|f| (f.copies, f.hold, f.release)).collect();
        // then
        assert_eq!(
            fates,
            [
                (0, false, false),
                (2, false, false),
                (1, true, false),
                (1, true, true),
                (1, false, false)
            ]
        );
    }
}

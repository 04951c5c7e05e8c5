//! The connection as shown: *online* only when nothing is missing (design 3.5).

use crate::engine::{Engine, Gate, LinkState};
use crate::input::Effect;
use condorito_model::Timestamp;
use condorito_model::view::{Connection, ConnectionState};

impl Engine {
    /// Says so when the connection as shown changed.
    pub(crate) fn show_connection(&mut self) {
        let (state, attempt, retry_at) = self.connection_state();
        let same = self.shown.as_ref().filter(|shown| shown.state == state);
        let since = same.map_or(self.now.wall, |shown| shown.since);
        let progress = self
            .pass
            .as_ref()
            .filter(|_| state == ConnectionState::Syncing)
            .filter(|pass| pass.targets_in_all > 0)
            .map(|pass| {
                let left = u32::try_from(pass.targets.len()).unwrap_or(u32::MAX);
                (pass.targets_in_all.saturating_sub(left), pass.targets_in_all)
            });
        let connection = Connection {
            state,
            since,
            attempt,
            next_retry_at: retry_at.and_then(|at| self.wall_of(at, same)),
            transport: match state {
                ConnectionState::Syncing | ConnectionState::Online => Some("websocket".into()),
                ConnectionState::Polling => Some("rest".into()),
                _ => None,
            },
            rtt_ms: self.rtt_ms,
            last_event_at: self.last_event_at,
            progress,
            limited_until: self.budget.blocked_until().and_then(|at| {
                let shown = self.shown.as_ref().and_then(|shown| shown.limited_until);
                shown.or_else(|| self.wall_of(at, None))
            }),
        };
        if self.visible_change(&connection) {
            self.shown = Some(connection.clone());
            self.out.push(Effect::Connection { connection });
        } else {
            self.shown = Some(connection);
        }
    }

    fn connection_state(&self) -> (ConnectionState, u32, Option<u64>) {
        if self.gate != Gate::SignedIn {
            return (ConnectionState::Stopped, 0, None);
        }
        match self.link {
            LinkState::Idle => (ConnectionState::Connecting, 0, None),
            LinkState::Connecting { attempt } => (ConnectionState::Connecting, attempt, None),
            LinkState::Waiting { attempt, retry_at, blocked } => {
                let state = if blocked && self.compared {
                    ConnectionState::Polling
                } else {
                    ConnectionState::Offline
                };
                (state, attempt, Some(retry_at))
            }
            LinkState::Up { .. } if self.caught_up => (ConnectionState::Online, 0, None),
            LinkState::Up { .. } => (ConnectionState::Syncing, 0, None),
        }
    }

    /// A time on the monotonic clock as wall time; what is shown already keeps its value.
    fn wall_of(&self, mono: u64, shown: Option<&Connection>) -> Option<Timestamp> {
        let delay = i64::try_from(mono.saturating_sub(self.now.mono)).unwrap_or(i64::MAX);
        let wall = self.now.wall.plus_millis(delay);
        let old = shown.and_then(|shown| shown.next_retry_at);
        old.filter(|old| old.as_millis().abs_diff(wall.as_millis()) < 100).or(Some(wall))
    }

    /// Round trips and event times change all the time and are read on demand.
    fn visible_change(&self, new: &Connection) -> bool {
        self.shown.as_ref().is_none_or(|old| {
            (old.state, old.attempt, old.next_retry_at, old.progress, old.limited_until)
                != (new.state, new.attempt, new.next_retry_at, new.progress, new.limited_until)
        })
    }
}

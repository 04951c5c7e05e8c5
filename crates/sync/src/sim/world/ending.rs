//! Calm at the end, and what is looked at on the way.

use super::*;
use crate::sim::oracle;
use crate::{Command, Input};
use condorito_model::ConversationId;
use condorito_model::view::ConnectionState;

impl World {
    pub(super) fn calm_down(&mut self) {
        self.calm = true;
        self.server.linked = true;
        self.temper.request_faults = 0.0;
        self.temper.event_loss = 0.0;
        self.temper.event_twist = 0.0;
        for client in 0..self.clients.len() {
            let Some(state) = self.clients.get_mut(client) else {
                continue;
            };
            state.disk_full = false;
            state.blocked = false;
            if state.alive && state.expired {
                state.expired = false;
                self.input(client, Input::SignedIn);
                self.redial(client);
            }
        }
    }

    pub(super) fn read_everything(&mut self, client: usize) {
        for _ in 0..40 {
            let Some(state) = self.clients.get(client) else {
                return;
            };
            let open: Vec<ConversationId> = state
                .store
                .conversations
                .keys()
                .filter(|id| !id.is_local())
                .filter(|id| {
                    let coverage = state.store.coverage(**id);
                    let total =
                        self.server.threads.get(id).map_or(0, |thread| thread.messages.len());
                    total > 0 && (!coverage.start_known || coverage.gap)
                })
                .copied()
                .collect();
            if open.is_empty() {
                return;
            }
            for id in open {
                self.command(client, Command::LoadMessages { conversation_id: id, older: true });
            }
            self.live_until(self.now + 20 * MINUTE);
        }
    }

    /// After an hour in which nothing happened and nobody asked for a comparison: what a link misses
    /// before it is in its room is found by itself.
    pub(super) fn check_the_quiet(&mut self) {
        for client in 0..self.clients.len() {
            let sure = self.clients.get(client).is_some_and(|state| {
                state.alive && state.up && !state.deceived && state.state == ConnectionState::Online
            });
            if sure && self.failure.is_none() {
                self.hit("checked after an hour of quiet");
                if let Err(what) = oracle::while_online(self, client) {
                    self.fail(format!("after an hour of quiet: {what}"));
                }
            }
        }
    }

    /// What must hold at every instant, looked at when it may have changed.
    pub(super) fn watch(&mut self, settled: bool) {
        if self.failure.is_some() {
            return;
        }
        if self.server.deliveries.len() != self.delivered {
            self.delivered = self.server.deliveries.len();
            if let Err(what) = oracle::at_any_time(self) {
                self.fail(what);
                return;
            }
        }
        if !settled {
            return;
        }
        for client in 0..self.clients.len() {
            let quiet = self.clients.get(client).is_some_and(|state| {
                state.alive
                    && state.up
                    && !state.broken
                    && !state.deceived
                    && !state.missed_the_room
                    // Where contacts never rest no count is exact: at rest it must be.
                    && (!self.busy || state.engine.is_sure())
                    && !state.disk_full
                    && state.state == ConnectionState::Online
                    && state.batches.is_empty()
                    && state.requests_open == 0
            });
            if quiet && !self.events_under_way(client) {
                self.hit("checked while online");
                if let Err(what) = oracle::while_online(self, client) {
                    self.fail(what);
                    return;
                }
            }
        }
    }
}

//! Kills, restarts, expiries, full disks.

use super::*;
use crate::{Engine, Input};
use condorito_model::view::ConnectionState;
use rand::Rng;

impl World {
    pub(super) fn kill(&mut self, client: usize) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.alive {
            return;
        }
        // What the disk had taken stays, and it may have taken some of what was handed to it.
        let pending = state.batches.len();
        let taken = if pending > 0 { self.rng.random_range(0..=pending) } else { 0 };
        for _ in 0..taken {
            if let Some((_, ops)) = state.batches.pop_front()
                && !state.disk_full
            {
                state.store.apply(&ops);
            }
        }
        let half = !state.batches.is_empty();
        state.batches.clear();
        state.alive = false;
        state.up = false;
        state.broken = false;
        state.life += 1;
        state.tick_at = None;
        state.requests_open = 0;
        state.blocked_until = 0;
        state.state = ConnectionState::Stopped;
        state.deceived = false;
        // Stored, and nobody was told.
        for local_id in std::mem::take(&mut state.discards).into_values() {
            if let Some(written) = state.written.get_mut(&local_id) {
                written.discarded = true;
            }
        }
        self.hit("fault kill and reopen");
        if half {
            self.hit("fault kill with a batch half stored");
        }
        let wait = self.rng.random_range(100..120_000);
        self.schedule(wait, Happening::Reopen { client });
    }

    pub(super) fn reopen(&mut self, client: usize) {
        let config = self.config;
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        state.alive = true;
        state.expired = false;
        state.generation += 1;
        state.engine = Engine::new(config);
        let snapshot = Box::new(state.store.snapshot());
        self.input(client, Input::Opened { snapshot });
        self.give_policy(client);
        self.input(client, Input::SignedIn);
        self.redial(client);
    }

    pub(super) fn disturb(&mut self) {
        if self.calm {
            return;
        }
        let next = self.rng.random_range(1..self.temper.disturb_every * 2);
        self.schedule(next, Happening::Disturb);
        let client = self.rng.random_range(0..self.clients.len());
        if self.busy {
            self.cut(client);
            return;
        }
        self.wake(client);
        match self.rng.random_range(0..10) {
            0..=2 => self.cut(client),
            3 => self.kill(client),
            4 => {
                self.hit("fault server restart");
                // The limiter forgets, and so does WhatsApp's link in this process.
                self.server.window = (self.server.allowance, self.now + self.server.window_ms);
                for client in 0..self.clients.len() {
                    self.cut(client);
                }
                self.unlink();
            }
            5 => self.unlink(),
            6 => {
                self.hit("fault token expiry");
                if let Some(state) = self.clients.get_mut(client)
                    && state.alive
                {
                    state.expired = true;
                }
            }
            7 => {
                self.hit("fault clock jump");
                let skew = self.rng.random_range(-90_000_000..90_000_000);
                if let Some(state) = self.clients.get_mut(client) {
                    state.skew = skew;
                }
            }
            8 => {
                self.hit("fault WebSocket blocked");
                if let Some(state) = self.clients.get_mut(client) {
                    state.blocked = true;
                }
                self.cut(client);
                let wait = self.rng.random_range(60_000..400_000);
                self.schedule(wait, Happening::Unblock { client });
            }
            _ => {
                self.hit("fault disk full");
                if let Some(state) = self.clients.get_mut(client) {
                    state.disk_full = true;
                }
                let wait = self.rng.random_range(1000..30_000);
                self.schedule(wait, Happening::DiskBack { client });
            }
        }
    }

    pub(super) fn unlink(&mut self) {
        self.hit("fault WhatsApp unlinked");
        self.server.linked = false;
        let wait = self.rng.random_range(5000..200_000);
        self.schedule(wait, Happening::Relink);
    }
}

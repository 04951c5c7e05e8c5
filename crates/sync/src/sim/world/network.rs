//! Events and links: lost, doubled, overtaken, cut.

use super::*;
use crate::Input;
use condorito_model::fact::ServerEvent;
use condorito_model::link::{DownReason, LinkFact};
use rand::Rng;

impl World {
    // ---- The link -------------------------------------------------------------------------

    pub(super) fn broadcast(&mut self, events: Vec<ServerEvent>) {
        for event in events {
            for client in 0..self.clients.len() {
                self.emit(client, &event);
            }
        }
    }

    pub(super) fn emit(&mut self, client: usize, event: &ServerEvent) {
        let lost = self.rng.random_bool(self.temper.event_loss);
        let twist = self.rng.random_bool(self.temper.event_twist);
        let quick = self.rng.random_range(1..30);
        let late = self.rng.random_range(100..8000);
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.up || state.broken {
            self.hit("fault event lost with the link");
            return;
        }
        if self.now < state.in_room_at {
            state.missed_the_room = true;
            self.hit("fault event before the room");
            return;
        }
        if lost {
            state.deceived = true;
            self.hit("fault event lost in silence");
            return;
        }
        let generation = state.generation;
        let due = (self.now + quick).max(state.last_event_due);
        state.last_event_due = due;
        let what = Happening::Event { client, generation, event: Box::new(event.clone()) };
        if twist {
            match late % 3 {
                0 => {
                    self.hit("fault event duplicated");
                    self.schedule(due - self.now, what.clone());
                    self.schedule(due - self.now + late, what);
                }
                1 => {
                    // Others overtake it.
                    self.hit("fault event reordered");
                    self.schedule(due - self.now + late, what);
                }
                _ => {
                    self.hit("fault event delayed");
                    if let Some(state) = self.clients.get_mut(client) {
                        state.last_event_due = due + late;
                    }
                    self.schedule(due - self.now + late, what);
                }
            }
        } else {
            self.schedule(due - self.now, what);
        }
    }

    pub(super) fn cut(&mut self, client: usize) {
        let notice = if self.rng.random_bool(0.5) { 5 } else { self.rng.random_range(5..45_000) };
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if state.up && !state.broken {
            state.broken = true;
            let generation = state.generation;
            self.hit("fault link cut");
            self.schedule(notice, Happening::Noticed { client, generation });
        }
    }

    pub(super) fn link_down(&mut self, client: usize, generation: u64) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.alive || !state.up || state.generation != generation {
            return;
        }
        state.up = false;
        state.broken = false;
        state.deceived = false;
        state.missed_the_room = false;
        let fact = LinkFact::Down { generation, reason: DownReason::Broken };
        self.input(client, Input::Link { fact });
        self.redial(client);
    }

    pub(super) fn redial(&mut self, client: usize) {
        let Some(state) = self.clients.get(client) else {
            return;
        };
        let life = state.life;
        if state.up {
            return;
        }
        self.schedule(50, Happening::Dial { client, life, attempt: 1 });
    }

    pub(super) fn dial(&mut self, client: usize, life: u32, attempt: u32) {
        if !self.is_life(client, life) {
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if state.up || state.expired {
            return;
        }
        let blocked = state.blocked;
        let fails = blocked || (!self.calm && self.rng.random_bool(0.3));
        self.input(client, Input::Link { fact: LinkFact::Connecting { attempt } });
        if fails {
            let wait = self.rng.random_range(500..30_000);
            let fact = LinkFact::Waiting {
                attempt,
                retry_in_ms: wait,
                reason: DownReason::Unreachable,
                blocked,
            };
            self.input(client, Input::Link { fact });
            self.schedule(wait, Happening::Dial { client, life, attempt: attempt + 1 });
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        state.generation += 1;
        state.up = true;
        state.broken = false;
        state.deceived = false;
        state.missed_the_room = false;
        // Nothing answers the join: up to two seconds (the engine's `JOINED_WITHIN_MS`).
        let slow = if self.room.random_bool(0.5) { 1900 } else { 50 };
        state.in_room_at = self.now + self.room.random_range(0..slow);
        let generation = state.generation;
        self.input(client, Input::Link { fact: LinkFact::Up { generation } });
    }

    pub(super) fn expire(&mut self, client: usize) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let life = state.life;
        state.up = false;
        state.broken = false;
        self.input(client, Input::SessionExpired);
        let wait = self.rng.random_range(2000..60_000);
        self.schedule(wait, Happening::SignIn { client, life });
    }

    pub(super) fn events_under_way(&self, client: usize) -> bool {
        self.arrivals_open > 0
            || self.clients.get(client).is_some_and(|state| state.events_open > 0)
    }
}

//! One desktop: inputs into its engine, effects out of it.

use super::*;
use crate::{Answered, Effect, Input, Now};
use condorito_model::record::{StoreFault, StoreOp};
use condorito_model::rest::Request;
use condorito_model::view::ConnectionState;
use rand::Rng;

/// So often may one question be asked within a second while nothing answers: links that come and
/// go, each with its comparison, are among it.
const STORM: usize = 6;

/// So many background requests may have left before the first headers told how many are allowed.
const HEADERS_UNKNOWN: u32 = 8;

impl Client {
    /// How often this was asked in the last second without any answer, when that is too often.
    fn storm(&mut self, now: u64, request: &Request) -> Option<usize> {
        let question = match request {
            Request::Messages { conversation_id, .. } => format!("page of {conversation_id}"),
            request => format!("{request:?}"),
        };
        let times = self.asked.entry(question).or_default();
        times.retain(|at| at + 1000 > now);
        times.push(now);
        Some(times.len()).filter(|times| *times > STORM)
    }
}

impl World {
    // ---- The engine's side ----------------------------------------------------------------

    pub(super) fn input(&mut self, client: usize, input: Input) {
        let now = self.now;
        let wall = self.wall(client);
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let mut input = input;
        if let Some(plant) = self.plant
            && !plant.spoil_input(state.state, &mut input)
        {
            return;
        }
        if self.trace {
            eprintln!("{now} {client} <- {input:?}");
        }
        let effects = state.engine.handle(Now { mono: now, wall }, input);
        if self.trace {
            for effect in &effects {
                eprintln!("{now} {client} -> {effect:?}");
            }
        }
        let deadline = state.engine.deadline();
        let life = state.life;
        for effect in effects {
            self.effect(client, effect);
        }
        if let Some(due) = deadline
            && let Some(state) = self.clients.get_mut(client)
        {
            let due = due.max(now + 1);
            if state.tick_at.is_none_or(|set| due < set) {
                state.tick_at = Some(due);
                self.schedule(due - now, Happening::Tick { client, life });
            }
        }
    }

    pub(super) fn effect(&mut self, client: usize, effect: Effect) {
        let now = self.now;
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let life = state.life;
        match effect {
            Effect::Store { ticket, mut ops } => {
                if let Some(plant) = self.plant {
                    plant.spoil_batch(&state.store, &mut ops);
                }
                for op in &ops {
                    if let StoreOp::PutOutbox { row } = op {
                        note_state(state, row, &mut self.coverage);
                    }
                }
                state.batches.push_back((ticket, ops));
                let delay = self.rng.random_range(1..40);
                self.schedule(delay, Happening::Commit { client, life });
            }
            Effect::Request { id, mut request } => {
                if let Some(plant) = self.plant {
                    plant.spoil_request(&state.store, &mut request);
                }
                let used = state.engine.budget().background_used();
                let most = 300 * self.server.allowance / 500 + HEADERS_UNKNOWN;
                if used > most {
                    let what = format!("client {client} asked {used} of {most} in the background");
                    self.fail(what);
                    return;
                }
                if now < state.blocked_until && !self.calm {
                    let what = format!("client {client} asks during a 429: {request:?}");
                    self.fail(what);
                    return;
                }
                state.requests_open += 1;
                if let Some(times) = state.storm(now, &request) {
                    let what =
                        format!("client {client} asked {times} times in a second: {request:?}");
                    self.fail(what);
                    return;
                }
                self.depart(client, life, id, request);
            }
            Effect::Answer { token, result } => {
                let discarded = state.discards.remove(&token);
                if result.is_ok()
                    && let Some(written) = discarded.and_then(|id| state.written.get_mut(&id))
                {
                    written.discarded = true;
                }
                if let Ok(Answered::Synced { .. }) = result {
                    state.synced = true;
                }
            }
            Effect::Connection { connection } => {
                state.state = connection.state;
                if connection.state == ConnectionState::Polling {
                    self.hit("polling pass");
                }
            }
            Effect::Notify { notice } => self.noticed(client, &notice),
            Effect::Whatsapp { .. } | Effect::Stats { .. } => {}
        }
    }

    pub(super) fn commit(&mut self, client: usize, life: u32) {
        if !self.is_life(client, life) {
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let Some((ticket, ops)) = state.batches.pop_front() else {
            return;
        };
        if !state.disk_full {
            self.note_ways(client, &ops);
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let result =
            if state.disk_full { Err(StoreFault::Full) } else { Ok(state.store.apply(&ops)) };
        self.input(client, Input::Stored { ticket, result });
    }
}

//! The calendar: what happens next, and who hears of it.

use super::*;
use crate::Input;
use condorito_model::fact::ServerEvent;
use condorito_model::link::LinkFact;
use condorito_model::rest::Failure;

impl World {
    pub(super) fn schedule(&mut self, delay: u64, what: Happening) {
        match &what {
            Happening::Event { client, .. } => {
                if let Some(state) = self.clients.get_mut(*client) {
                    state.events_open += 1;
                }
            }
            Happening::Arrive { .. } => self.arrivals_open += 1,
            _ => {}
        }
        self.next += 1;
        self.calendar.insert((self.now + delay, self.next), what);
    }

    pub(super) fn live_until(&mut self, end: u64) {
        while self.failure.is_none() {
            let Some((&(at, key), _)) = self.calendar.first_key_value() else {
                break;
            };
            if at > end {
                break;
            }
            let Some(what) = self.calendar.remove(&(at, key)) else {
                break;
            };
            self.now = at;
            self.happen(what);
        }
        self.now = self.now.max(end);
    }

    fn happen(&mut self, what: Happening) {
        let settles = matches!(
            what,
            Happening::Commit { .. } | Happening::Answer { .. } | Happening::Event { .. }
        );
        match what {
            Happening::Traffic => self.traffic(),
            Happening::Operator(client) => self.operator(client),
            Happening::Disturb => self.disturb(),
            Happening::Arrive { client, life, id, request, fate } => {
                self.arrivals_open = self.arrivals_open.saturating_sub(1);
                self.arrive(client, life, id, &request, fate);
            }
            Happening::Answer { client, life, id, result, headers } => {
                if self.is_life(client, life) {
                    if let Some(state) = self.clients.get_mut(client) {
                        state.requests_open = state.requests_open.saturating_sub(1);
                        if result.is_ok() {
                            state.asked.clear();
                        }
                        if let Err(Failure::RateLimited { retry_after_ms }) = &result {
                            state.blocked_until = self.now + retry_after_ms.unwrap_or(0);
                        }
                    }
                    let expired = result == Err(Failure::SessionExpired);
                    self.input(client, Input::Answer { request: id, result, headers, rtt_ms: 50 });
                    if expired {
                        self.expire(client);
                    }
                }
            }
            Happening::Commit { client, life } => self.commit(client, life),
            Happening::Event { client, generation, event } => {
                if let Some(state) = self.clients.get_mut(client) {
                    state.events_open = state.events_open.saturating_sub(1);
                }
                let up = self.clients.get(client).is_some_and(|state| {
                    state.alive && state.up && !state.broken && state.generation == generation
                });
                if up {
                    let fact = LinkFact::Event { generation, event: *event };
                    self.input(client, Input::Link { fact });
                } else {
                    self.hit("fault event lost with the link");
                }
            }
            Happening::Noticed { client, generation } => self.link_down(client, generation),
            Happening::Dial { client, life, attempt } => self.dial(client, life, attempt),
            Happening::Reopen { client } => self.reopen(client),
            Happening::SignIn { client, life } => {
                if self.is_life(client, life) {
                    if let Some(state) = self.clients.get_mut(client) {
                        state.expired = false;
                    }
                    self.input(client, Input::SignedIn);
                    self.redial(client);
                }
            }
            Happening::Relink => {
                self.server.linked = true;
                let event = ServerEvent::Whatsapp {
                    state: condorito_model::fact::WhatsappState::Connected,
                    qr: None,
                    phone: None,
                    reason: None,
                };
                self.broadcast(vec![event]);
            }
            Happening::Tick { client, life } => {
                if self.is_life(client, life)
                    && let Some(state) = self.clients.get_mut(client)
                    && state.tick_at == Some(self.now)
                {
                    state.tick_at = None;
                }
                let due = self
                    .clients
                    .get(client)
                    .filter(|state| state.alive && state.life == life)
                    .and_then(|state| state.engine.deadline());
                // Not due yet: the engine has put it off, and is asked again for the time.
                if due.is_some() {
                    self.input(client, Input::Tick);
                }
            }
            Happening::Unblock { client } => {
                if let Some(state) = self.clients.get_mut(client) {
                    state.blocked = false;
                }
            }
            Happening::DiskBack { client } => {
                if let Some(state) = self.clients.get_mut(client) {
                    state.disk_full = false;
                }
            }
        }
        self.watch(settles);
    }

    pub(super) fn is_life(&self, client: usize, life: u32) -> bool {
        self.clients.get(client).is_some_and(|state| state.alive && state.life == life)
    }
}

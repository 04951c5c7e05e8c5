//! What becomes of a request on its way there and back.

use super::*;
use crate::RequestId;
use crate::sim::server::Done;
use condorito_model::rest::{Failure, Headers, Reply, Request};
use rand::{Rng, seq::IndexedRandom};

impl World {
    // ---- Requests -------------------------------------------------------------------------

    pub(super) fn depart(&mut self, client: usize, life: u32, id: RequestId, request: Request) {
        let headers = Headers::default();
        let Some(state) = self.clients.get(client) else {
            return;
        };
        if state.expired {
            let result = Err(Failure::SessionExpired);
            self.schedule(5, Happening::Answer { client, life, id, result, headers });
            return;
        }
        let cut = state.broken || (!state.up && !state.blocked);
        let refused = cut && self.rng.random_bool(0.6)
            || self.rng.random_bool(self.temper.request_faults * 0.15);
        if refused {
            if request.is_send() {
                self.hit("5.3 connection refused");
            }
            let result = Err(Failure::NotSent);
            self.schedule(20, Happening::Answer { client, life, id, result, headers });
            return;
        }
        let fate = if cut {
            if self.rng.random_bool(0.5) { Fate::LostBefore } else { Fate::LostAfter }
        } else {
            self.fate(request.is_send())
        };
        if let Request::NewestMessages { .. } = request {
            self.hit("bulk catch-up");
        }
        let delay = self.rng.random_range(5..400);
        self.schedule(delay, Happening::Arrive { client, life, id, request, fate });
    }

    pub(super) fn fate(&mut self, send: bool) -> Fate {
        if !self.rng.random_bool(self.temper.request_faults) {
            return Fate::Well;
        }
        let fates: &[Fate] = if send {
            &[
                Fate::LostBefore,
                Fate::LostAfter,
                Fate::Fault500Before,
                Fate::Fault500After,
                Fate::Bad502Before,
                Fate::Bad502After,
                Fate::Unauthorized,
                Fate::Forbidden,
                Fate::TooLarge,
                Fate::Refused,
                Fate::RefusedNumber,
                Fate::MalformedAfter,
            ]
        } else {
            &[
                Fate::LostBefore,
                Fate::LostAfter,
                Fate::Fault500Before,
                Fate::Bad502After,
                Fate::Unauthorized,
                Fate::MalformedAfter,
            ]
        };
        *fates.choose(&mut self.rng).unwrap_or(&Fate::Well)
    }

    pub(super) fn arrive(
        &mut self,
        client: usize,
        life: u32,
        id: RequestId,
        request: &Request,
        fate: Fate,
    ) {
        let send = request.is_send();
        let back = self.rng.random_range(5..400);
        let mut slow = back;
        let (result, headers) = if fate == Fate::LostBefore {
            if send {
                self.hit("5.3 cut before the server had it");
            }
            slow = self.rng.random_range(500..90_000);
            (Err(Failure::Unclear { status: None }), Headers::default())
        } else if !self.server.admit(self.now) {
            self.hit("fault 429");
            if send {
                self.hit("5.3 refused 429");
            }
            let wait = self.server.window.1.saturating_sub(self.now);
            // Seconds, rounded up, as `Retry-After` has it.
            let retry_after_ms = Some(wait.div_ceil(1000) * 1000);
            (Err(Failure::RateLimited { retry_after_ms }), self.server.headers(self.now))
        } else {
            self.execute(client, request, fate, &mut slow)
        };
        self.schedule(slow, Happening::Answer { client, life, id, result, headers });
    }

    pub(super) fn execute(
        &mut self,
        client: usize,
        request: &Request,
        fate: Fate,
        slow: &mut u64,
    ) -> (Result<Reply, Failure>, Headers) {
        let send = request.is_send();
        let headers = self.server.headers(self.now);
        let before = match fate {
            Fate::Fault500Before => {
                Some((Failure::ServerFault { status: 500 }, "5.3 500 before sending"))
            }
            Fate::Bad502Before => {
                Some((Failure::Unclear { status: Some(502) }, "5.3 502 before sending"))
            }
            Fate::Unauthorized => Some((Failure::ServerFault { status: 401 }, "5.3 refused 401")),
            Fate::Forbidden => {
                Some((Failure::Refused { status: 403, message: None }, "5.3 refused 403"))
            }
            Fate::TooLarge => {
                Some((Failure::Refused { status: 413, message: None }, "5.3 refused 413"))
            }
            Fate::Refused => {
                Some((Failure::Refused { status: 400, message: None }, "5.3 refused 400"))
            }
            Fate::RefusedNumber => Some((Failure::RefusedNumber, "5.3 duplicate-entry 500")),
            _ => None,
        };
        if let Some((failure, name)) = before {
            if send {
                self.hit(name);
            }
            return (Err(failure), headers);
        }
        let gone = match request {
            Request::DeleteConversation { conversation_id } => {
                self.server.threads.get(conversation_id).map(|thread| thread.fact.phone.clone())
            }
            _ => None,
        };
        let (done, events) = self.server.execute(client, request, self.now);
        if gone.is_some() && done == Done::Reply(Reply::Done) {
            self.deleted.extend(gone);
        }
        self.broadcast(events);
        if send && self.rng.random_bool(0.1) {
            *slow = self.rng.random_range(1000..55_000);
        }
        let mut name = None;
        let result = match (fate, done) {
            (_, Done::NotLinked) => {
                name = Some("5.3 not linked");
                Err(Failure::NotLinked)
            }
            (_, Done::Fault(status)) if status < 500 => {
                Err(Failure::Refused { status, message: None })
            }
            (_, Done::Fault(status)) => Err(Failure::ServerFault { status }),
            (Fate::LostAfter, _) => {
                *slow = self.rng.random_range(500..90_000);
                name = Some("5.3 cut after the server stored it");
                Err(Failure::Unclear { status: None })
            }
            (Fate::Fault500After, _) => {
                name = Some("5.3 500 after sending");
                Err(Failure::ServerFault { status: 500 })
            }
            (Fate::Bad502After, _) => {
                name = Some("5.3 502 after sending");
                Err(Failure::Unclear { status: Some(502) })
            }
            (Fate::MalformedAfter, _) => {
                self.hit("fault malformed answer");
                Err(Failure::Malformed)
            }
            (_, Done::Reply(reply)) => {
                name = Some("5.3 200 with messageId");
                Ok(reply)
            }
        };
        if send && let Some(name) = name {
            self.hit(name);
        }
        (result, headers)
    }
}

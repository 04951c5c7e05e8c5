//! Open outcomes: a request left, and nobody knows what became of it. The conversation's history
//! and the live echoes are looked at for a while; then the operator is asked (design 3.3).

use crate::budget::Priority;
use crate::engine::{Engine, Timer};
use crate::requests::Purpose;
use condorito_model::LocalId;
use condorito_model::fact::ConversationFact;
use condorito_model::record::OutboxState;
use condorito_model::rest::Request;
use std::collections::BTreeMap;

/// When to look, in milliseconds after the link is there; the last one is the end. The server may
/// work at a send for 55 s (contract 4.4) when only the connection was lost …
const AFTER_CUT: [u64; 6] = [1000, 4000, 10_000, 25_000, 45_000, 65_000];
/// … but has stopped when it answered with a 500.
const AFTER_FAULT: [u64; 4] = [500, 3000, 8000, 15_000];

/// How far the look for one text is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    began: u64,
    step: usize,
    fault: bool,
}

/// All of them.
pub(crate) type Looks = BTreeMap<LocalId, Look>;

impl Engine {
    /// The outcome is open, unless an echo has come already.
    pub(crate) fn leave_open(&mut self, local_id: &LocalId, cut: bool) {
        let Some(row) = self.outbox.row_mut(local_id) else {
            return;
        };
        if row.state != OutboxState::Sending {
            return;
        }
        row.state = OutboxState::Reconciling;
        self.put_outbox(local_id);
        self.outbox
            .looks
            .insert(local_id.clone(), Look { began: self.now.mono, step: 0, fault: !cut });
        if self.reachable() && self.caught_up {
            self.begin_look(local_id);
        }
    }

    /// The link is there and everything is compared: every open outcome is looked up from now.
    pub(crate) fn reconcile_all(&mut self) {
        let open: Vec<LocalId> = self
            .outbox
            .rows()
            .filter(|row| row.state == OutboxState::Reconciling)
            .map(|row| row.local_id.clone())
            .collect();
        for local_id in open {
            self.begin_look(&local_id);
        }
    }

    fn begin_look(&mut self, local_id: &LocalId) {
        let now = self.now.mono;
        let look = self.outbox.looks.entry(local_id.clone()).or_default();
        look.began = now;
        look.step = 0;
        let first = if look.fault { AFTER_FAULT[0] } else { AFTER_CUT[0] };
        self.after_ms(first, Timer::Reconcile(local_id.clone()));
    }

    /// One look, or the end of looking.
    pub(crate) fn reconcile_step(&mut self, local_id: &LocalId) {
        let Some(row) = self.outbox.row(local_id) else {
            return;
        };
        if row.state != OutboxState::Reconciling {
            self.outbox.looks.remove(local_id);
            return;
        }
        if !self.reachable() || !self.caught_up {
            // Begins again with the next link.
            return;
        }
        let phone = row.phone.clone();
        let Some(look) = self.outbox.looks.get_mut(local_id) else {
            return;
        };
        let plan: &[u64] = if look.fault { &AFTER_FAULT } else { &AFTER_CUT };
        look.step = look.step.saturating_add(1);
        let next = plan.get(look.step).map(|at| look.began.saturating_add(*at));
        match next {
            Some(at) => {
                self.at(at, Timer::Reconcile(local_id.clone()));
                self.look(&phone);
            }
            None => self.give_to_operator(local_id),
        }
    }

    fn look(&mut self, phone: &str) {
        match self.convs.id_of_phone(phone).filter(|id| !id.is_local()) {
            Some(id) => self.load(id, Priority::Interactive, None),
            None if !self.requests.has(&Purpose::FindConversation) => {
                let request = Request::Conversations { limit: 50, offset: 0 };
                self.request(Purpose::FindConversation, request, Priority::Interactive);
            }
            None => {}
        }
    }

    /// The top of the list came: a conversation that a send has made is in it.
    pub(crate) fn on_found(&mut self, rows: Vec<ConversationFact>) {
        let mut ops = Vec::new();
        let mut found = Vec::new();
        for fact in rows {
            let wanted = self.convs.get(fact.id).is_none()
                && !self.tombstones.contains(&fact.id)
                && self.outbox.rows().any(|row| row.phone == fact.phone);
            if wanted {
                self.adopt(&fact, &mut ops);
                found.push(fact.id);
            }
        }
        if !ops.is_empty() {
            self.store(ops, crate::engine::After::Nothing);
        }
        for id in found {
            self.load(id, Priority::Interactive, None);
        }
    }

    fn give_to_operator(&mut self, local_id: &LocalId) {
        self.outbox.looks.remove(local_id);
        let Some(row) = self.outbox.row_mut(local_id) else {
            return;
        };
        row.state = OutboxState::Unconfirmed;
        let phone = row.phone.clone();
        self.put_outbox(local_id);
        self.tell_failed(&phone, true);
    }
}

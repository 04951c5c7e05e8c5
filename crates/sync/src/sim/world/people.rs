//! Contacts, colleagues and the operator.

use super::*;
use crate::sim::server::server_time;
use crate::{Command, Input, Token};
use condorito_model::fact::{MessageKind, Sender};
use condorito_model::record::{OutboxRow, OutboxState};
use condorito_model::rest::Request;
use condorito_model::{ConversationId, LocalId};
use rand::{Rng, seq::IndexedRandom};

impl World {
    // ---- What people do ---------------------------------------------------------------------

    pub(super) fn text(&mut self) -> String {
        if self.rng.random_bool(self.temper.equal_texts) {
            self.hit("equal texts");
            return "dale".to_owned();
        }
        self.made += 1;
        format!("texto {}", self.made)
    }

    pub(super) fn some_thread(&mut self) -> Option<ConversationId> {
        let ids: Vec<ConversationId> = self.server.threads.keys().copied().collect();
        ids.choose(&mut self.rng).copied()
    }

    pub(super) fn traffic(&mut self) {
        if self.calm {
            return;
        }
        let next = self.rng.random_range(1..self.temper.traffic_every * 2);
        self.schedule(next, Happening::Traffic);
        let burst = if self.rng.random_bool(0.1) { self.rng.random_range(2..12) } else { 1 };
        for _ in 0..burst {
            self.one_act();
        }
    }

    pub(super) fn one_act(&mut self) {
        let dice = self.rng.random_range(0..if self.busy { 78 } else { 100 });
        let now = self.now;
        let mut events = Vec::new();
        match dice {
            0..=64 => {
                let id = if (dice < 8 && !self.busy) || self.server.threads.is_empty() {
                    let number = self.rng.random_range(0..60);
                    self.server.thread_of(&phone(number), "Contacto", now)
                } else {
                    match self.some_thread() {
                        Some(id) => id,
                        None => return,
                    }
                };
                let text = self.text();
                let late = self.rng.random_bool(0.05);
                if late {
                    self.hit("fault late media");
                    let lag = self.rng.random_range(1000..60_000);
                    let kind = MessageKind::Image;
                    events.extend(self.server.store(id, Sender::Contact, kind, None, now, lag));
                } else {
                    let kind = MessageKind::Text;
                    events.extend(self.server.store(
                        id,
                        Sender::Contact,
                        kind,
                        Some(&text),
                        now,
                        0,
                    ));
                }
            }
            65..=77 => {
                let Some(id) = self.some_thread() else { return };
                self.hit("handset text");
                let text = self.text();
                let (from, kind) = if dice % 3 == 0 {
                    (Sender::Bot, MessageKind::Text)
                } else {
                    (Sender::Client, MessageKind::Text)
                };
                events.extend(self.server.store(id, from, kind, Some(&text), now, 0));
            }
            78..=88 => {
                let Some(id) = self.some_thread() else { return };
                self.hit("colleague read");
                self.server.execute(99, &Request::MarkRead { conversation_id: id }, now);
            }
            89..=95 => {
                let Some(id) = self.some_thread() else { return };
                self.hit("colleague bot switch");
                let enabled = dice % 2 == 0;
                self.server.execute(99, &Request::SetBot { conversation_id: id, enabled }, now);
            }
            _ => {
                let Some(id) = self.some_thread() else { return };
                self.hit("colleague delete");
                if let Some(thread) = self.server.threads.get(&id) {
                    self.deleted.insert(thread.fact.phone.clone());
                }
                events.extend(self.server.delete(id));
            }
        }
        self.broadcast(events);
    }

    pub(super) fn operator(&mut self, client: usize) {
        if self.calm {
            return;
        }
        let next = self.rng.random_range(1..self.temper.operator_every * 2);
        self.schedule(next, Happening::Operator(client));
        if !self.clients.get(client).is_some_and(|state| state.alive) {
            return;
        }
        self.change_mind(client);
        let known: Vec<(ConversationId, String)> = self
            .clients
            .get(client)
            .map(|state| {
                state.store.conversations.values().map(|row| (row.id, row.phone.clone())).collect()
            })
            .unwrap_or_default();
        let one = known.choose(&mut self.rng).cloned();
        let dice = self.rng.random_range(0..100);
        match (dice, one) {
            (0..=4, _) => {
                self.hit("operator text to a new number");
                let number = phone(self.rng.random_range(100..130));
                self.write(client, ConversationId(0), &number);
            }
            (5..=49, Some((id, number))) => {
                self.hit("operator text");
                for _ in 0..self.rng.random_range(1..4) {
                    self.write(client, id, &number);
                }
            }
            (50..=69, Some((id, _))) => {
                self.hit("operator read");
                self.command(client, Command::MarkRead { conversation_id: id });
            }
            (70..=79, _) => self.resolve_one(client),
            (80..=89, Some((id, _))) => {
                self.hit("operator older page");
                self.command(client, Command::LoadMessages { conversation_id: id, older: true });
            }
            (90..=92, Some((id, _))) => {
                self.hit("operator delete");
                self.command(client, Command::DeleteConversation { conversation_id: id });
            }
            (93..=95, Some((id, _))) => {
                self.command(
                    client,
                    Command::SetBot { conversation_id: id, enabled: dice % 2 == 0 },
                );
            }
            (96..=97, _) => {
                self.hit("operator sync");
                self.command(client, Command::SyncNow);
            }
            (_, Some((id, _))) => {
                let conversation_id = Some(id);
                self.input(client, Input::Focus { conversation_id, focused: dice % 2 == 0 });
            }
            _ => {}
        }
    }

    pub(super) fn write(&mut self, client: usize, conversation_id: ConversationId, number: &str) {
        let text = self.text();
        self.made += 1;
        let local_id = LocalId(format!("c{client}-{}", self.made));
        let now = server_time(self.now);
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if state.disk_full {
            return;
        }
        let row = state.store.enqueue(OutboxRow {
            local_id: local_id.clone(),
            order: 0,
            conversation_id,
            phone: number.to_owned(),
            text: text.clone(),
            file: None,
            written_at: now,
            state: OutboxState::Queued,
            hold: None,
            attempts: 0,
            consents: 1,
            baseline: None,
            message_id: None,
            error: None,
        });
        state.written.insert(
            local_id,
            Written {
                phone: number.to_owned(),
                text,
                order: row.order,
                consents: 1,
                discarded: false,
            },
        );
        // Durable, and the process may die before the engine hears of it.
        if !self.calm && self.rng.random_bool(0.01) {
            self.kill(client);
            return;
        }
        self.command(client, Command::Written { row: Box::new(row) });
    }

    pub(super) fn resolve_one(&mut self, client: usize) {
        let Some(state) = self.clients.get(client) else {
            return;
        };
        let rows = |wanted: fn(OutboxState) -> bool| -> Vec<LocalId> {
            let rows = state.store.outbox.values().filter(|row| wanted(row.state));
            rows.map(|row| row.local_id.clone()).collect()
        };
        let open = rows(|state| matches!(state, OutboxState::Unconfirmed | OutboxState::Failed));
        let waiting = rows(|state| state == OutboxState::Queued);
        let Some(local_id) = open.choose(&mut self.rng).cloned() else {
            // Thought better of it.
            if let Some(local_id) = waiting.choose(&mut self.rng).cloned() {
                self.discard(client, local_id);
            }
            return;
        };
        if self.rng.random_bool(0.6) {
            self.hit("operator retry");
            // Consent counts from the click on, whatever becomes of the command.
            if let Some(written) =
                self.clients.get_mut(client).and_then(|state| state.written.get_mut(&local_id))
            {
                written.consents += 1;
            }
            self.command(client, Command::Retry { local_id });
        } else {
            self.discard(client, local_id);
        }
    }

    fn discard(&mut self, client: usize, local_id: LocalId) {
        self.hit("operator discard");
        let next = self.clients.get(client).map_or(0, |state| state.next_token + 1);
        if let Some(state) = self.clients.get_mut(client) {
            state.discards.insert(Token(next), local_id.clone());
        }
        self.command(client, Command::Discard { local_id });
    }

    pub(super) fn command(&mut self, client: usize, command: Command) -> Token {
        let Some(state) = self.clients.get_mut(client) else {
            return Token(0);
        };
        state.next_token += 1;
        let token = Token(state.next_token);
        if state.alive {
            self.input(client, Input::Command { token, command });
        }
        token
    }
}

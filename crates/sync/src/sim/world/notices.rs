//! The operator's wishes about notices, and whether they are kept.

use super::*;
use crate::notify::{AT_ONCE, DIGEST_EVERY_MS, WINDOW_MS};
use crate::{Input, Notice, NoticePolicy};
use condorito_model::{ConversationId, Timestamp};

/// What one life of a desktop was told, and what its operator wants to be told of.
#[derive(Debug, Default)]
pub(super) struct Told {
    policy: NoticePolicy,
    /// When messages of which conversation were told of one by one, within the window.
    messages: VecDeque<(u64, ConversationId)>,
    digest_at: Option<u64>,
}

impl World {
    /// As the client does when it starts the engine.
    pub(super) fn give_policy(&mut self, client: usize) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        state.told.messages.clear();
        state.told.digest_at = None;
        let policy = state.told.policy.clone();
        self.input(client, Input::Notices { policy });
    }

    /// Now and then the operator wants something else.
    pub(super) fn change_mind(&mut self, client: usize) {
        if !self.side.random_bool(0.1) {
            return;
        }
        let wall = self.wall(client);
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let known: Vec<ConversationId> = state.store.conversations.keys().copied().collect();
        let policy = &mut state.told.policy;
        match self.side.random_range(0..5) {
            0 => policy.do_not_disturb = !policy.do_not_disturb,
            1 => policy.notify_failed = !policy.notify_failed,
            2 => policy.notify_whatsapp = !policy.notify_whatsapp,
            _ => {
                let Some(id) = known.choose(&mut self.side).copied() else {
                    return;
                };
                let minutes = self.side.random_range(1..10);
                let until = wall.plus_millis(minutes * 60_000);
                match self.side.random_range(0..3) {
                    0 => policy.muted.remove(&id),
                    1 => policy.muted.insert(id, None),
                    _ => policy.muted.insert(id, Some(until)),
                };
            }
        }
        let policy = policy.clone();
        self.hit("operator notice policy");
        self.input(client, Input::Notices { policy });
    }

    /// A notice: only what is wanted, and never a storm.
    pub(super) fn noticed(&mut self, client: usize, notice: &Notice) {
        let (now, wall) = (self.now, self.wall(client));
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let told = &mut state.told;
        let mut wrong = told.policy.do_not_disturb.then_some("although nothing is to be told");
        let name = match notice {
            Notice::Message { conversation_id, .. } => {
                let muted = match told.policy.muted.get(conversation_id) {
                    None => false,
                    Some(None) => true,
                    Some(Some(until)) => wall < *until,
                };
                if muted {
                    wrong = Some("although it is muted");
                }
                told.messages.push_back((now, *conversation_id));
                told.messages.retain(|(at, _)| now - at <= WINDOW_MS);
                let distinct: BTreeSet<ConversationId> =
                    told.messages.iter().map(|(_, id)| *id).collect();
                if distinct.len() > AT_ONCE {
                    wrong = Some("one by one in a burst");
                }
                "notice of a message"
            }
            Notice::Digest { .. } => {
                let last = told.digest_at.replace(now);
                if last.is_some_and(|last| now - last < DIGEST_EVERY_MS) {
                    wrong = Some("too soon after the last digest");
                }
                "notice digest"
            }
            Notice::SendFailed { .. } => {
                if !told.policy.notify_failed {
                    wrong = Some("although it is switched off");
                }
                "notice of a failed send"
            }
            Notice::WhatsappLost => {
                if !told.policy.notify_whatsapp {
                    wrong = Some("although it is switched off");
                }
                "notice of WhatsApp lost"
            }
        };
        self.hit(name);
        if let Some(wrong) = wrong {
            self.fail(format!("client {client} tells {notice:?} {wrong}"));
        }
    }

    /// The machine wakes, or its network changes; a link that is dead is dropped then.
    pub(super) fn wake(&mut self, client: usize) {
        if !self.wakes || !self.side.random_bool(0.3) {
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.alive {
            return;
        }
        let (generation, broken) = (state.generation, state.broken);
        // All is compared again, so what was lost in silence before comes to light.
        if state.up {
            state.deceived = false;
        }
        self.hit("machine woke");
        self.input(client, Input::Wake);
        if broken && self.side.random_bool(0.5) {
            self.schedule(1, Happening::Noticed { client, generation });
        }
    }

    /// What the clock of this desktop shows.
    pub(super) fn wall(&self, client: usize) -> Timestamp {
        let skew = self.clients.get(client).map_or(0, |state| state.skew);
        let now = i64::try_from(self.now).unwrap_or(i64::MAX);
        crate::sim::server::server_time(0).plus_millis(skew).plus_millis(now)
    }
}

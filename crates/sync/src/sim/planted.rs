//! Bugs put in on purpose, each where such a bug would be made: between the engine and its store, its
//! server or its socket.

use super::Plant;
use super::store::MemStore;
use crate::{Config, Input};
use condorito_model::fact::{MessageFact, Sender, ServerEvent};
use condorito_model::link::LinkFact;
use condorito_model::record::{OutboxState, StoreOp};
use condorito_model::rest::{Failure, Request};
use condorito_model::view::ConnectionState;
use condorito_model::{ConversationId, LocalId};

/// Conversations of another tenant have ids from here on.
pub(super) const FOREIGN: i64 = 1_000_000_000;

impl Plant {
    /// Changes the engine's settings.
    pub(super) fn tune(self, config: &mut Config) {
        if self == Self::BudgetOverrun {
            config.limits.background = 10 * config.limits.window_requests;
            config.limits.reserve = 0;
        }
    }

    /// Changes what goes into the engine; false: it never comes.
    pub(super) fn spoil_input(self, state: ConnectionState, input: &mut Input) -> bool {
        match (self, input) {
            (
                Self::DoubleSend,
                Input::Answer { result: result @ Err(Failure::Unclear { .. }), .. },
            ) => *result = Err(Failure::NotSent),
            (
                Self::LimitIgnored,
                Input::Answer { result: result @ Err(Failure::RateLimited { .. }), .. },
            ) => *result = Err(Failure::Refused { status: 429, message: None }),
            (Self::LostEvent, Input::Link { fact: LinkFact::Event { .. } }) => {
                return state != ConnectionState::Syncing;
            }
            (
                Self::ForeignEvent,
                Input::Link {
                    fact:
                        LinkFact::Event {
                            event: ServerEvent::MessageNew { message, conversation }, ..
                        },
                },
            ) if message.id.0 % 50 == 0 => {
                let id = ConversationId(FOREIGN + message.conversation_id.0);
                message.conversation_id = id;
                if let Some(fact) = conversation {
                    fact.id = id;
                }
            }
            _ => {}
        }
        true
    }

    /// Changes what the engine asks of the server.
    pub(super) fn spoil_request(self, store: &MemStore, request: &mut Request) {
        if self == Self::WrongReceiver
            && let Request::SendText { to, .. } = request
            && let Some(other) = store.conversations.values().find(|row| row.phone != *to)
        {
            to.clone_from(&other.phone);
        }
    }

    /// Changes what the engine asks of the store.
    pub(super) fn spoil_batch(self, store: &MemStore, ops: &mut Vec<StoreOp>) {
        match self {
            Self::Resurrected => {
                ops.retain(|op| !matches!(op, StoreOp::RemoveConversations { .. }));
            }
            Self::PurgedEarly => {
                for op in ops {
                    if let StoreOp::PutOutbox { row } = op
                        && row.state == OutboxState::Sent
                    {
                        *op = StoreOp::RemoveOutbox { local_id: row.local_id.clone() };
                    }
                }
            }
            Self::ReadReverted => {
                for op in ops {
                    let StoreOp::PutConversations { rows } = op else { continue };
                    for row in rows {
                        if let Some(old) = store.conversations.get(&row.id) {
                            row.unread = row.unread.max(old.unread);
                        }
                    }
                }
            }
            Self::EchoTwice => {
                for op in ops {
                    let StoreOp::ApplyMessages { conversation_id, messages, local_ids, .. } = op
                    else {
                        continue;
                    };
                    let linked = store.messages.get(conversation_id).and_then(|cached| {
                        cached.values().find_map(|message| message.local_id.clone())
                    });
                    let others = |message: &&MessageFact| {
                        message.from == Sender::Client
                            && !store.has(&message.message_id)
                            && !local_ids.iter().any(|(known, _)| *known == message.message_id)
                    };
                    let own: Option<(_, LocalId)> = linked.and_then(|local_id| {
                        let message = messages.iter().find(others)?;
                        Some((message.message_id.clone(), local_id))
                    });
                    local_ids.extend(own);
                }
            }
            _ => {}
        }
    }
}

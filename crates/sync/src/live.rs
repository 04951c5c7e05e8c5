//! Live events: stored at once, whether a pass is under way or not; what a pass fetches meanwhile
//! is merged by row id, so nothing doubles and nothing has to wait.

use crate::budget::Priority;
use crate::engine::{Engine, Source, Timer};
use condorito_model::fact::{ConversationFact, MessageFact, Sender, ServerEvent, WhatsappState};
use condorito_model::record::{Run, StoreOp};
use condorito_model::view::Whatsapp;
use condorito_model::{ConversationId, ErrorCode};

impl Engine {
    pub(crate) fn on_event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::MessageNew { message, conversation } => {
                self.on_message(message, conversation);
            }
            ServerEvent::ConversationDeleted { conversation_id } => {
                self.on_deleted(conversation_id);
            }
            ServerEvent::StatsUpdated { stats } => {
                self.out.push(crate::input::Effect::Stats { stats });
            }
            ServerEvent::Whatsapp { state, qr, phone, reason } => {
                self.on_whatsapp(Whatsapp { state, phone, qr, reason });
            }
            ServerEvent::BotChanged { conversation_id, enabled } => match conversation_id {
                Some(id) => {
                    self.touch(id);
                    self.apply_bot(id, enabled);
                }
                None => self.apply_bot_all(enabled),
            },
            ServerEvent::Hello { .. } => {}
        }
    }

    fn on_message(&mut self, message: MessageFact, conversation: Option<ConversationFact>) {
        let id = message.conversation_id;
        if self.tombstones.contains(&id) {
            return;
        }
        let mut ops = Vec::new();
        if self.convs.get(id).is_none() {
            let Some(fact) = conversation.as_ref().filter(|fact| fact.id == id) else {
                // Nothing says whose it is: the list does.
                self.after_ms(500, Timer::Recount);
                return;
            };
            self.adopt(fact, &mut ops);
        }
        self.live_since_up = self.live_since_up.saturating_add(1);
        self.touch(id);
        let unbroken = self.is_unbroken(id);
        let Some(conv) = self.convs.get_mut(id) else {
            return;
        };
        let late = message.id <= conv.last_event;
        conv.last_event = conv.last_event.max(message.id);
        if let Some(fact) = conversation.filter(|fact| fact.id == id && !late) {
            // A counter that did not grow with an incoming message lags behind (contract 5.5).
            let lags = message.from == Sender::Contact
                && fact.unread_count <= conv.row.unread
                && conv.coverage.newest_id.is_none_or(|newest| message.id > newest);
            conv.row.unread = fact.unread_count;
            conv.row.bot_enabled = fact.bot_enabled;
            if fact.name.is_some() {
                conv.row.name = fact.name;
            }
            if fact.last_message_at >= conv.row.last_message_at {
                conv.row.last_message = fact.last_message;
                conv.row.last_message_at = fact.last_message_at;
            }
            if lags {
                self.after_ms(5000, Timer::Recount);
            }
        }
        ops.extend(self.put_op(id));
        self.apply(id, vec![message], Run::Live { unbroken }, Source::Live, ops);
    }

    /// Whether nothing can lie between the newest cached message and one that comes now.
    fn is_unbroken(&self, id: ConversationId) -> bool {
        self.convs.get(id).is_some_and(|conv| conv.loaded() && conv.synced && !conv.row.stale)
    }

    pub(crate) fn after_live(&mut self, id: ConversationId, _fresh: &[MessageFact]) {
        let Some(conv) = self.convs.get(id) else {
            return;
        };
        let unknown = !conv.loaded();
        if unknown && self.caught_up && conv.failures == 0 {
            self.load(id, Priority::Background, None);
        }
    }

    /// It was deleted, by whomever: no answer that is still under way may bring it back.
    pub(crate) fn on_deleted(&mut self, id: ConversationId) {
        self.tombstones.insert(id);
        self.forget(id, false);
    }

    /// Removes a conversation; what was written in it stays visible under its number.
    pub(crate) fn forget(&mut self, id: ConversationId, _by_absence: bool) {
        let Some(conv) = self.convs.remove(id) else {
            return;
        };
        let mut ops = vec![StoreOp::RemoveConversations { ids: vec![id] }];
        if self.reads.remove(&id).is_some() {
            ops.push(StoreOp::RemovePendingRead { conversation_id: id });
        }
        if let Some(pass) = self.pass.as_mut() {
            pass.targets.remove(&id);
            pass.incoming.remove(&id);
        }
        self.store(ops, crate::engine::After::Removed { conversation_id: id });
        self.drop_load(id);
        self.rehome_unsent(id, &conv.row.phone, conv.row.name.clone());
        if self.focus.0 == Some(id) {
            self.focus.0 = None;
        }
    }

    fn drop_load(&mut self, id: ConversationId) {
        self.requests.drop_where(|purpose| {
            matches!(purpose, crate::requests::Purpose::Load { conversation_id, .. } if *conversation_id == id)
        });
        self.end_load(id, Err(ErrorCode::ConversationDeleted));
    }

    pub(crate) fn on_whatsapp(&mut self, whatsapp: Whatsapp) {
        let was = self.whatsapp.state;
        match whatsapp.state {
            WhatsappState::Connected => self.set_linked(true),
            WhatsappState::Disconnected
            | WhatsappState::AuthFailure
            | WhatsappState::NotInitialized => self.set_linked(false),
            _ => {}
        }
        let lost = was == WhatsappState::Connected
            && matches!(
                whatsapp.state,
                WhatsappState::Disconnected
                    | WhatsappState::AuthFailure
                    | WhatsappState::NotInitialized
            );
        if lost {
            self.tell(crate::notice::Notice::WhatsappLost);
        }
        if self.whatsapp != whatsapp {
            self.whatsapp = whatsapp.clone();
            self.out.push(crate::input::Effect::Whatsapp { whatsapp });
        }
    }
}

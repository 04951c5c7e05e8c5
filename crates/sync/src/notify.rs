//! What the operator is told of outside the window (design section 7).

use crate::engine::Engine;
use crate::input::Effect;
use crate::notice::{Notice, Preview};
use crate::walk::{LATE_MS, Pass};
use condorito_model::fact::{MessageFact, MessageKind, Sender};
use condorito_model::{ConversationId, MessageId};
use std::collections::BTreeMap;

/// Up to so many conversations are told of one by one after a gap.
const ONE_BY_ONE: usize = 3;

/// The newest message told of, by conversation.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    newest: BTreeMap<ConversationId, (MessageId, Preview)>,
}

impl Engine {
    pub(crate) fn tell(&mut self, notice: Notice) {
        let wanted = match notice {
            Notice::Message { .. } | Notice::Digest { .. } => true,
            Notice::SendFailed { .. } => self.policy.notify_failed,
            Notice::WhatsappLost => self.policy.notify_whatsapp,
        };
        if wanted && !self.policy.do_not_disturb {
            self.out.push(Effect::Notify { notice });
        }
    }

    /// Whether the operator is looking at it.
    fn on_screen(&self, id: ConversationId) -> bool {
        self.focus == (Some(id), true)
    }

    /// New messages were stored: live ones are told of now, others when the pass is over.
    pub(crate) fn count_new(&mut self, id: ConversationId, fresh: &[MessageFact], live: bool) {
        let added = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        // Pages bring older messages along: news is what came since the last contact, or late.
        let since = self.last_contact.map(|at| at.plus_millis(-LATE_MS));
        let of_contact: Vec<&MessageFact> = fresh
            .iter()
            .filter(|message| message.from == Sender::Contact)
            .filter(|message| live || since.is_some_and(|since| message.sent_at > since))
            .collect();
        let count = u32::try_from(of_contact.len()).unwrap_or(u32::MAX);
        let newest = of_contact.iter().max_by_key(|message| (message.sent_at, message.id));
        if let Some(newest) = newest {
            let preview = preview(newest);
            self.notices.newest.insert(id, (newest.message_id.clone(), preview));
        }
        let told_later = match self.pass.as_mut() {
            Some(pass) => {
                pass.report.messages = pass.report.messages.saturating_add(added);
                let later = !live || !pass.is_catching_up();
                if later && newest.is_some() {
                    let entry = pass.incoming.entry(id).or_default();
                    entry.0 = entry.0.saturating_add(count);
                    entry.1 |= live;
                }
                later
            }
            None => !live,
        };
        if !told_later && newest.is_some() {
            self.tell_of(id, count);
        }
    }

    fn tell_of(&mut self, id: ConversationId, at_least: u32) {
        if self.on_screen(id) || self.policy.is_muted(id, self.now.wall) {
            return;
        }
        let Some(conv) = self.convs.get(id) else {
            return;
        };
        let Some((message_id, preview)) = self.notices.newest.get(&id) else {
            return;
        };
        let notice = Notice::Message {
            conversation_id: id,
            message_id: message_id.clone(),
            name: conv.title(),
            preview: preview.clone(),
            count: conv.row.unread.max(at_least),
        };
        self.tell(notice);
    }

    /// After a gap: one by one while they are few, else one for all.
    pub(crate) fn after_pass_notices(&mut self, pass: &Pass) {
        let mut told = Vec::new();
        let mut messages: u32 = 0;
        for (id, (count, live)) in &pass.incoming {
            // On the first sync of all, what was there before is no news.
            if pass.first && !live {
                continue;
            }
            let unread = self.convs.get(*id).is_some_and(|conv| conv.row.unread > 0);
            if unread && !self.on_screen(*id) && !self.policy.is_muted(*id, self.now.wall) {
                told.push((*id, *count));
                messages = messages.saturating_add(*count);
            }
        }
        if told.len() <= ONE_BY_ONE {
            for (id, count) in told {
                self.tell_of(id, count);
            }
        } else {
            let conversations = u32::try_from(told.len()).unwrap_or(u32::MAX);
            self.tell(Notice::Digest { messages, conversations });
        }
    }
}

fn preview(message: &MessageFact) -> Preview {
    match (&message.content, message.kind) {
        (Some(text), MessageKind::Text) if !text.trim().is_empty() => Preview::Text(text.clone()),
        (_, kind) => Preview::Kind(kind),
    }
}

//! What the operator is told of outside the window (design section 7).

use crate::engine::{Engine, Timer};
use crate::input::Effect;
use crate::notice::{Notice, Preview};
use crate::walk::{LATE_MS, Pass};
use condorito_model::fact::{MessageFact, MessageKind, Sender};
use condorito_model::{ConversationId, MessageId};
use std::collections::BTreeMap;

/// Up to so many conversations are told of one by one after a gap.
const ONE_BY_ONE: usize = 3;
/// Up to so many conversations are told of one by one as their messages come, within the window.
pub(crate) const AT_ONCE: usize = 5;
/// How long a message counts towards a burst.
pub(crate) const WINDOW_MS: u64 = 10_000;
/// How often a digest that grows is replaced.
pub(crate) const DIGEST_EVERY_MS: u64 = 3000;
/// How long after the operator's own command its effect is no news.
const OWN_UNLINK_MS: u64 = 60_000;

/// What was told of.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// The newest message of each conversation.
    newest: BTreeMap<ConversationId, (MessageId, Preview)>,
    /// When the latest message of the window came, and how many did.
    recent: BTreeMap<ConversationId, (u64, u32)>,
    /// While more comes than can be told of one by one.
    digest: Option<Digest>,
    digest_told_at: Option<u64>,
    /// Until when WhatsApp is unlinked by the operator's own command.
    unlinking_until: Option<u64>,
}

/// One notice for all that comes in a burst.
#[derive(Debug)]
struct Digest {
    counts: BTreeMap<ConversationId, u32>,
    /// Whether it grew since it was told.
    grown: bool,
}

impl Notices {
    /// Notes what came now and forgets what left the window.
    fn note(&mut self, now: u64, came: &[(ConversationId, u32)]) {
        self.recent.retain(|_, (at, _)| now.saturating_sub(*at) <= WINDOW_MS);
        for (id, count) in came {
            let entry = self.recent.entry(*id).or_default();
            *entry = (now, entry.1.saturating_add(*count));
        }
    }

    /// Adds what came to the digest, which begins with all of the window.
    fn gather(&mut self, came: &[(ConversationId, u32)]) {
        let Some(digest) = self.digest.as_mut() else {
            let counts = self.recent.iter().map(|(id, (_, count))| (*id, *count)).collect();
            self.digest = Some(Digest { counts, grown: true });
            return;
        };
        digest.grown = true;
        for (id, count) in came {
            let entry = digest.counts.entry(*id).or_default();
            *entry = entry.saturating_add(*count);
        }
    }
}

impl Engine {
    pub(crate) fn tell(&mut self, notice: Notice) {
        let wanted = match &notice {
            Notice::Message { .. } | Notice::Digest { .. } => true,
            // The conversation itself shows it.
            Notice::SendFailed { conversation_id, .. } => {
                self.policy.notify_failed && !self.on_screen(*conversation_id)
            }
            Notice::WhatsappLost => {
                let own = self.notices.unlinking_until.is_some_and(|end| self.now.mono < end);
                self.policy.notify_whatsapp && !own
            }
        };
        if wanted && !self.policy.do_not_disturb {
            self.out.push(Effect::Notify { notice });
        }
    }

    /// The operator unlinks WhatsApp here: that it is unlinked then is no news.
    pub(crate) fn begin_unlinking(&mut self) {
        self.notices.unlinking_until = Some(self.now.mono.saturating_add(OWN_UNLINK_MS));
    }

    /// The server did not take that command.
    pub(crate) const fn end_unlinking(&mut self) {
        self.notices.unlinking_until = None;
    }

    /// Whether the operator is looking at it.
    fn on_screen(&self, id: ConversationId) -> bool {
        self.focus == (Some(id), true)
    }

    /// Whether messages of it are told of at all.
    fn worth_telling(&self, id: ConversationId) -> bool {
        self.convs.get(id).is_some()
            && !self.on_screen(id)
            && !self.policy.is_muted(id, self.now.wall)
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
            self.tell_news(&[(id, count)], AT_ONCE);
        }
    }

    /// Tells of new messages one by one, or in a burst by one digest for all.
    fn tell_news(&mut self, came: &[(ConversationId, u32)], one_by_one: usize) {
        if self.policy.do_not_disturb {
            return;
        }
        let came: Vec<(ConversationId, u32)> =
            came.iter().filter(|(id, _)| self.worth_telling(*id)).copied().collect();
        if came.is_empty() {
            return;
        }
        self.notices.note(self.now.mono, &came);
        let many = came.len() > one_by_one || self.notices.recent.len() > AT_ONCE;
        let waiting = self.notices.digest.as_ref().is_some_and(|digest| digest.grown);
        if many || waiting {
            self.notices.gather(&came);
            self.tell_digest();
            return;
        }
        self.notices.digest = None;
        for (id, count) in came {
            self.tell_of(id, count);
        }
    }

    /// Tells the digest as it stands, if it grew and is due; else when it is.
    pub(crate) fn tell_digest(&mut self) {
        let Some(digest) = self.notices.digest.as_ref().filter(|digest| digest.grown) else {
            return;
        };
        let due = self.notices.digest_told_at.map(|at| at.saturating_add(DIGEST_EVERY_MS));
        if let Some(due) = due.filter(|due| self.now.mono < *due) {
            self.at(due, Timer::Digest);
            return;
        }
        let mut messages: u32 = 0;
        let mut conversations: u32 = 0;
        for (id, count) in &digest.counts {
            if !self.worth_telling(*id) {
                continue;
            }
            // What was read meanwhile is no news; a counter may lag behind by the newest.
            let unread = self.convs.get(*id).map_or(0, |conv| conv.row.unread);
            messages = messages.saturating_add((*count).min(unread.max(1)));
            conversations = conversations.saturating_add(1);
        }
        if let Some(digest) = self.notices.digest.as_mut() {
            digest.grown = false;
        }
        if conversations > 0 {
            self.notices.digest_told_at = Some(self.now.mono);
            self.tell(Notice::Digest { messages, conversations });
        }
    }

    fn tell_of(&mut self, id: ConversationId, at_least: u32) {
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
        let told: Vec<(ConversationId, u32)> = pass
            .incoming
            .iter()
            // On the first sync of all, what was there before is no news.
            .filter(|(_, (_, live))| *live || !pass.first)
            .filter(|(id, _)| self.convs.get(**id).is_some_and(|conv| conv.row.unread > 0))
            .map(|(id, (count, _))| (*id, *count))
            .collect();
        self.tell_news(&told, ONE_BY_ONE);
    }
}

fn preview(message: &MessageFact) -> Preview {
    match (&message.content, message.kind) {
        (Some(text), MessageKind::Text) if !text.trim().is_empty() => Preview::Text(text.clone()),
        (_, kind) => Preview::Kind(kind),
    }
}

#[cfg(test)]
mod tests;

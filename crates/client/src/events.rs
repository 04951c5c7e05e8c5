//! What the hosts are told, without ever making the core wait.
//!
//! Each host has a mailbox. States keep their order in a bounded queue; when nobody empties it,
//! older states of a kind give way to newer ones. Changes are merged into one, the first of them
//! delivered at once and then one every 16 ms, so that none is lost however slow the host is.

use crate::commands::results::BotSwitched;
use crate::settings::Settings;
use condorito_model::view::{
    Changed, ChangedMessages, Connection, Dashboard, Notification, SessionStatus, Whatsapp,
};
use condorito_model::{ConversationId, LocalId, RowId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The pause between two `changed`.
const PACE: Duration = Duration::from_millis(16);
/// States that wait for a host at most.
const WAITING: usize = 256;

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal($payload:ty);)+) => {
        /// Something a host is told; serialised as `{"event": …, "payload": …}`.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "event", content = "payload")]
        pub enum Event {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant($payload),)+
        }

        impl Event {
            /// Its name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }
        }

        /// Every event by name with its payload's type, for the bindings.
        pub(crate) fn declared(declare: &mut impl FnMut(&'static str, crate::bindings::Shape)) {
            $(declare($name, crate::bindings::Shape::of::<$payload>());)+
        }
    };
}

events! {
    /// The live connection changed.
    Connection = "connection"(Connection);
    /// Rows to read again.
    Changed = "changed"(Changed);
    /// New figures.
    Dashboard = "dashboard"(Dashboard);
    /// The WhatsApp link changed, or a QR code waits.
    Whatsapp = "whatsapp"(Whatsapp);
    /// The bot was switched.
    Bot = "bot"(BotSwitched);
    /// Something to show outside the window.
    Notification = "notification"(Notification);
    /// Somebody signed in or out, or the session ended.
    Session = "session"(SessionStatus);
    /// The settings changed.
    Settings = "settings"(Settings);
}

/// All mailboxes. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    boxes: Arc<Mutex<Vec<Weak<Mailbox>>>>,
}

#[derive(Debug, Default)]
struct Mailbox {
    content: Mutex<Content>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Content {
    queue: VecDeque<Event>,
    changes: Changes,
    closed: bool,
}

/// Merged changes.
#[derive(Debug, Default)]
struct Changes {
    conversations: BTreeSet<ConversationId>,
    messages: BTreeMap<ConversationId, BTreeSet<RowId>>,
    outbox: BTreeSet<LocalId>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.conversations.is_empty() && self.messages.is_empty() && self.outbox.is_empty()
    }

    fn merge(&mut self, changed: &Changed) {
        self.conversations.extend(&changed.conversations);
        for messages in &changed.messages {
            self.messages.entry(messages.conversation_id).or_default().extend(&messages.ids);
        }
        self.outbox.extend(changed.outbox.iter().cloned());
    }

    fn take(&mut self) -> Changed {
        let Self { conversations, messages, outbox } = std::mem::take(self);
        Changed {
            conversations: conversations.into_iter().collect(),
            messages: messages
                .into_iter()
                .map(|(conversation_id, ids)| ChangedMessages {
                    conversation_id,
                    ids: ids.into_iter().collect(),
                })
                .collect(),
            outbox: outbox.into_iter().collect(),
        }
    }
}

impl Events {
    /// Tells every host. Never waits.
    pub(crate) fn tell(&self, event: &Event) {
        self.lock().retain(|mailbox| match mailbox.upgrade() {
            Some(mailbox) => {
                mailbox.put(event);
                true
            }
            None => false,
        });
    }

    /// A mailbox for what is told from now on.
    pub(crate) fn subscribe(&self) -> EventStream {
        let mailbox = Arc::new(Mailbox::default());
        self.lock().push(Arc::downgrade(&mailbox));
        EventStream { mailbox, changed_at: None }
    }

    /// Ends every stream once it is empty.
    pub(crate) fn close(&self) {
        for mailbox in self.lock().drain(..).filter_map(|mailbox| mailbox.upgrade()) {
            mailbox.lock().closed = true;
            mailbox.arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Mailbox>>> {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    fn put(&self, event: &Event) {
        let mut content = self.lock();
        if let Event::Changed(changed) = event {
            content.changes.merge(changed);
        } else {
            if content.queue.len() >= WAITING {
                let same = content.queue.iter().position(|old| old.name() == event.name());
                content.queue.remove(same.unwrap_or(0));
            }
            content.queue.push_back(event.clone());
        }
        drop(content);
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one host is told, in order.
#[derive(Debug)]
pub struct EventStream {
    mailbox: Arc<Mailbox>,
    changed_at: Option<Instant>,
}

enum Next {
    Event(Box<Event>),
    Wait(Option<Instant>),
    End,
}

impl EventStream {
    /// The next event; `None` when the client has stopped. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.look() {
                Next::Event(event) => return Some(*event),
                Next::End => return None,
                Next::Wait(None) => self.mailbox.arrived.notified().await,
                Next::Wait(Some(due)) => {
                    let arrived = self.mailbox.arrived.notified();
                    let _ = tokio::time::timeout_at(due, arrived).await;
                }
            }
        }
    }

    fn look(&mut self) -> Next {
        let mut content = self.mailbox.lock();
        let due = (!content.changes.is_empty())
            .then(|| self.changed_at.map_or_else(Instant::now, |at| at + PACE));
        if due.is_some_and(|due| due <= Instant::now() || content.closed) {
            self.changed_at = Some(Instant::now());
            return Next::Event(Box::new(Event::Changed(content.changes.take())));
        }
        match content.queue.pop_front() {
            Some(event) => Next::Event(Box::new(event)),
            None if content.closed => Next::End,
            None => Next::Wait(due),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::{Event, Events, PACE, WAITING};
    use condorito_model::view::{Changed, ChangedMessages, SessionState, SessionStatus};
    use condorito_model::{ConversationId, RowId};
    use tokio::time::Instant;

    fn changed(conversation: i64, message: i64) -> Event {
        Event::Changed(Changed {
            conversations: vec![ConversationId(conversation)],
            messages: vec![ChangedMessages {
                conversation_id: ConversationId(conversation),
                ids: vec![RowId(message)],
            }],
            outbox: Vec::new(),
        })
    }

    fn session(backend: &str) -> Event {
        Event::Session(SessionStatus {
            state: SessionState::SignedOut,
            account: None,
            backend: Some(backend.into()),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_change_comes_at_once_and_the_rest_together() {
        let events = Events::default();
        let mut stream = events.subscribe();
        let began = Instant::now();
        events.tell(&changed(1, 10));
        assert_eq!(stream.next().await, Some(changed(1, 10)));
        assert_eq!(began.elapsed().as_millis(), 0);
        for message in [11, 12, 11] {
            events.tell(&changed(1, message));
        }
        let Some(Event::Changed(merged)) = stream.next().await else { unreachable!() };
        assert!(began.elapsed() >= PACE);
        assert_eq!(merged.conversations, [ConversationId(1)]);
        assert_eq!(merged.messages[0].ids, [RowId(11), RowId(12)]);
    }

    #[tokio::test]
    async fn a_host_that_does_not_listen_costs_a_bounded_queue_and_no_change() {
        let events = Events::default();
        let mut stream = events.subscribe();
        for number in 0..i64::try_from(WAITING).unwrap() * 4 {
            events.tell(&session(&number.to_string()));
            events.tell(&changed(1, number));
        }
        events.close();
        let (mut states, mut messages) = (Vec::new(), 0);
        while let Some(event) = stream.next().await {
            match event {
                Event::Changed(changed) => messages += changed.messages[0].ids.len(),
                Event::Session(status) => states.push(status.backend.unwrap()),
                _ => {}
            }
        }
        assert_eq!(messages, WAITING * 4);
        assert_eq!(states.len(), WAITING);
        assert_eq!(states.last(), Some(&(WAITING * 4 - 1).to_string()));
    }
}

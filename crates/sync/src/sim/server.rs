//! The server of the simulated world: contract 4.1 to 4.5 with its quirks, in memory.

use condorito_model::fact::{
    ConversationFact, MessageFact, MessageKind, Sender, ServerEvent, WhatsappState,
};
use condorito_model::rest::{Headers, Reply, Request};
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use std::collections::BTreeMap;

/// A conversation and its history.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Its row.
    pub fact: ConversationFact,
    /// In the order of storing; the order of reading is (`sent_at`, `id`).
    pub messages: Vec<MessageFact>,
}

/// A text that reached WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whose request it was.
    pub client: usize,
    /// What it was there.
    pub local_id: LocalId,
    /// The receiver.
    pub phone: String,
    /// Its id, also when it was never stored.
    pub message_id: MessageId,
}

/// What a request did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// An answer, and events for every client.
    Reply(Reply),
    /// 4xx or 5xx by the contract's rules.
    Fault(u16),
    /// 400 not linked.
    NotLinked,
}

/// The server.
#[derive(Debug, Default)]
pub struct Server {
    /// All conversations.
    pub threads: BTreeMap<ConversationId, Thread>,
    /// Everything that reached WhatsApp through this API, in order.
    pub deliveries: Vec<Delivery>,
    /// Whether WhatsApp is linked.
    pub linked: bool,
    next_conversation: i64,
    next_row: i64,
    next_wa: u64,
    /// Requests left in the window, and when it ends (virtual milliseconds).
    pub window: (u32, u64),
    /// Requests per window.
    pub allowance: u32,
    /// Length of a window.
    pub window_ms: u64,
}

/// Server time of a virtual time.
#[must_use]
pub fn server_time(now: u64) -> Timestamp {
    let millis = 1_790_000_000_000_i64.saturating_add(i64::try_from(now).unwrap_or(i64::MAX));
    Timestamp::from_millis(millis - millis.rem_euclid(1000))
}

impl Server {
    /// An empty server, linked.
    #[must_use]
    pub fn new(allowance: u32, window_ms: u64) -> Self {
        Self {
            linked: true,
            window: (allowance, window_ms),
            allowance,
            window_ms,
            ..Self::default()
        }
    }

    /// Counts a request; false: 429.
    pub fn admit(&mut self, now: u64) -> bool {
        if now >= self.window.1 {
            self.window = (self.allowance, now + self.window_ms);
        }
        let admitted = self.window.0 > 0;
        self.window.0 = self.window.0.saturating_sub(1);
        admitted
    }

    /// The headers of an answer.
    #[must_use]
    pub fn headers(&self, now: u64) -> Headers {
        Headers {
            limit: Some(self.allowance),
            remaining: Some(self.window.0),
            reset_in_ms: Some(self.window.1.saturating_sub(now)),
            server_time: Some(server_time(now)),
        }
    }

    /// The conversation with a number, made when there is none.
    pub fn thread_of(&mut self, phone: &str, name: &str, now: u64) -> ConversationId {
        if let Some(thread) = self.threads.values().find(|thread| thread.fact.phone == phone) {
            return thread.fact.id;
        }
        self.next_conversation += 1;
        let id = ConversationId(self.next_conversation);
        let fact = ConversationFact {
            id,
            phone: phone.to_owned(),
            name: Some(name.to_owned()),
            last_message: None,
            last_message_at: Some(server_time(now)),
            unread_count: 0,
            bot_enabled: true,
            total_messages: None,
        };
        self.threads.insert(id, Thread { fact, messages: Vec::new() });
        id
    }

    /// Stores a message and gives its event. `lag_ms`: how much older its `sent_at` is.
    pub fn store(
        &mut self,
        id: ConversationId,
        from: Sender,
        kind: MessageKind,
        content: Option<&str>,
        now: u64,
        lag_ms: u64,
    ) -> Option<ServerEvent> {
        self.next_row += 1;
        self.next_wa += 1;
        let row = RowId(self.next_row);
        let prefix = if from == Sender::Contact { "false" } else { "true" };
        let thread = self.threads.get_mut(&id)?;
        let sent_at = server_time(now.saturating_sub(lag_ms));
        let message = MessageFact {
            id: row,
            conversation_id: id,
            message_id: MessageId(format!("{prefix}_{}_{}", thread.fact.phone, self.next_wa)),
            from,
            kind,
            content: content.map(str::to_owned),
            sent_at,
            media: None,
            phone: None,
        };
        thread.messages.push(message.clone());
        thread.messages.sort_by_key(|message| (message.sent_at, message.id));
        if thread.fact.last_message_at.is_none_or(|at| at <= sent_at) {
            thread.fact.last_message =
                content.map(str::to_owned).or_else(|| Some("[image]".to_owned()));
            thread.fact.last_message_at = Some(sent_at);
        }
        match from {
            Sender::Contact => thread.fact.unread_count += 1,
            Sender::Client => thread.fact.bot_enabled = false,
            Sender::Bot => {}
        }
        let conversation = thread.fact.clone();
        Some(ServerEvent::MessageNew { message, conversation: Some(conversation) })
    }

    /// Removes a conversation and gives its event.
    pub fn delete(&mut self, id: ConversationId) -> Option<ServerEvent> {
        self.threads.remove(&id)?;
        Some(ServerEvent::ConversationDeleted { conversation_id: id })
    }

    /// Carries out a request; the events go to every client before the answer.
    pub fn execute(
        &mut self,
        client: usize,
        request: &Request,
        now: u64,
    ) -> (Done, Vec<ServerEvent>) {
        let mut events = Vec::new();
        let done = match request {
            Request::Conversations { limit, offset } => {
                let mut rows: Vec<ConversationFact> = self
                    .threads
                    .values()
                    .map(|thread| {
                        let mut fact = thread.fact.clone();
                        fact.total_messages = u32::try_from(thread.messages.len()).ok();
                        fact
                    })
                    .collect();
                rows.sort_by(|a, b| {
                    b.last_message_at.cmp(&a.last_message_at).then(a.id.cmp(&b.id))
                });
                let rows: Vec<_> =
                    rows.into_iter().skip(*offset as usize).take(*limit as usize).collect();
                let raw_rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                Done::Reply(Reply::Conversations { rows, raw_rows })
            }
            Request::Messages { conversation_id, limit, offset } => {
                let all = self
                    .threads
                    .get(conversation_id)
                    .map(|thread| thread.messages.as_slice())
                    .unwrap_or_default();
                let limit = *limit as usize;
                let rows: Vec<MessageFact> = if *offset == 0 {
                    all.iter().skip(all.len().saturating_sub(limit)).cloned().collect()
                } else {
                    all.iter().skip(*offset as usize).take(limit).cloned().collect()
                };
                let raw_rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                Done::Reply(Reply::Messages { rows, raw_rows })
            }
            Request::NewestMessages { limit, offset } => {
                let mut rows: Vec<MessageFact> = self
                    .threads
                    .values()
                    .flat_map(|thread| thread.messages.iter())
                    .filter(|message| message.content.is_some())
                    .cloned()
                    .collect();
                rows.sort_by_key(|message| std::cmp::Reverse((message.sent_at, message.id)));
                let rows: Vec<_> =
                    rows.into_iter().skip(*offset as usize).take(*limit as usize).collect();
                let raw_rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                Done::Reply(Reply::Messages { rows, raw_rows })
            }
            Request::MarkRead { conversation_id } => match self.threads.get_mut(conversation_id) {
                Some(thread) => {
                    thread.fact.unread_count = 0;
                    Done::Reply(Reply::Done)
                }
                None => Done::Fault(500),
            },
            Request::SetBot { conversation_id, enabled } => {
                match self.threads.get_mut(conversation_id) {
                    Some(thread) => {
                        thread.fact.bot_enabled = *enabled;
                        Done::Reply(Reply::BotSet { enabled: *enabled })
                    }
                    None => Done::Fault(404),
                }
            }
            Request::SetBotAll { enabled } => {
                for thread in self.threads.values_mut() {
                    thread.fact.bot_enabled = *enabled;
                }
                Done::Reply(Reply::Done)
            }
            Request::DeleteConversation { conversation_id } => {
                match self.delete(*conversation_id) {
                    Some(event) => {
                        events.push(event);
                        Done::Reply(Reply::Done)
                    }
                    None => Done::Fault(404),
                }
            }
            Request::SendText { to, text, local_id } => {
                if !self.linked {
                    return (Done::NotLinked, events);
                }
                let id = self.thread_of(to, to, now);
                let event =
                    self.store(id, Sender::Client, MessageKind::Text, Some(text.as_str()), now, 0);
                let message_id = match &event {
                    Some(ServerEvent::MessageNew { message, .. }) => message.message_id.clone(),
                    _ => return (Done::Fault(500), events),
                };
                self.deliveries.push(Delivery {
                    client,
                    local_id: local_id.clone(),
                    phone: to.clone(),
                    message_id: message_id.clone(),
                });
                events.extend(event);
                Done::Reply(Reply::Sent { message_id: Some(message_id) })
            }
            Request::WhatsappStatus => Done::Reply(Reply::Whatsapp {
                state: if self.linked {
                    WhatsappState::Connected
                } else {
                    WhatsappState::NotInitialized
                },
                phone: None,
            }),
            _ => Done::Fault(404),
        };
        (done, events)
    }
}

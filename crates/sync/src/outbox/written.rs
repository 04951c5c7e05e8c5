//! What the operator writes, sends again or discards, and the conversations begun for it.

use crate::engine::{After, Engine};
use crate::input::{Answered, Token};
use condorito_model::record::{
    ConversationRow, Coverage, LocalConversation, OutboxRow, OutboxState, StoreOp,
};
use condorito_model::{ConversationId, ErrorCode, LocalId};

impl Engine {
    pub(super) fn insert_local(&mut self, id: ConversationId, phone: &str, name: Option<String>) {
        let row = ConversationRow {
            id,
            phone: phone.to_owned(),
            name,
            last_message: None,
            last_message_at: None,
            unread: 0,
            bot_enabled: false,
            total: Some(0),
            older_unknown: Some(0),
            stale: false,
            local_at: None,
            local_preview: None,
        };
        self.convs.insert(crate::conversation::Conv::from_stored(row, Coverage::default()));
    }

    /// Finds or begins the conversation with a number.
    pub(crate) fn start_conversation(&mut self, phone: &str, token: Token) {
        if let Some(id) = self.convs.id_of_phone(phone) {
            self.answer(token, Ok(Answered::Conversation { id }));
            return;
        }
        let ops = self.begin_local(phone, None);
        let Some(id) = self.convs.id_of_phone(phone) else {
            return;
        };
        let answered = Answered::Conversation { id };
        self.store(ops, After::Answer { token, answered });
    }

    pub(super) fn begin_local(&mut self, phone: &str, name: Option<String>) -> Vec<StoreOp> {
        let id = self.convs.next_local_id();
        self.insert_local(id, phone, name);
        let local = LocalConversation { id, phone: phone.to_owned(), server_id: None };
        let mut ops = vec![StoreOp::PutLocalConversation { row: local }];
        ops.extend(self.put_op(id));
        ops
    }

    /// A text was written and is durable.
    pub(crate) fn on_written(&mut self, row: OutboxRow) {
        let phone = row.phone.clone();
        let mut ops = Vec::new();
        if self.convs.by_phone(&phone).is_none() {
            ops = self.begin_local(&phone, None);
        }
        if let Some(id) = self.convs.id_of_phone(&phone)
            && let Some(conv) = self.convs.get_mut(id)
        {
            conv.row.local_at = Some(row.written_at);
            conv.row.local_preview = Some(row.text.clone());
            ops.extend(self.put_op(id));
        }
        if !ops.is_empty() {
            self.store(ops, After::Nothing);
        }
        self.outbox.insert(row);
    }

    /// Whether something of this conversation is not known to be sent.
    pub(crate) fn has_unsent(&self, id: ConversationId) -> bool {
        self.convs.get(id).is_some_and(|conv| self.outbox.lanes.contains_key(&conv.row.phone))
    }

    /// The preview of a text of ours goes when the server's own shows it.
    pub(crate) fn settle_local_preview(&mut self, id: ConversationId) {
        if self.convs.get(id).is_some_and(|conv| conv.row.local_at.is_some()) {
            self.show_local_preview(id);
        }
    }

    /// The newest text that is not known to be sent is the conversation's preview.
    pub(crate) fn show_local_preview(&mut self, id: ConversationId) {
        let Some(conv) = self.convs.get(id) else {
            return;
        };
        let newest = self
            .outbox
            .rows
            .values()
            .rev()
            .find(|row| row.phone == conv.row.phone && row.state != OutboxState::Sent)
            .map(|row| (row.written_at, row.text.clone()));
        if let Some(conv) = self.convs.get_mut(id) {
            let (at, preview) = newest.unzip();
            if conv.row.local_at != at || conv.row.local_preview != preview {
                conv.row.local_at = at;
                conv.row.local_preview = preview;
                self.put(id);
            }
        }
    }

    /// What was written in a conversation that is gone.
    pub(crate) fn rehome_unsent(
        &mut self,
        _old: ConversationId,
        phone: &str,
        name: Option<String>,
    ) {
        let rows: Vec<(LocalId, OutboxState)> = self
            .outbox
            .rows
            .values()
            .filter(|row| row.phone == phone && row.state != OutboxState::Sent)
            .map(|row| (row.local_id.clone(), row.state))
            .collect();
        // Sent ones went with the conversation.
        let sent: Vec<LocalId> = self
            .outbox
            .rows
            .values()
            .filter(|row| row.phone == phone && row.state == OutboxState::Sent)
            .filter(|row| !self.outbox.in_flight.contains(&row.local_id))
            .map(|row| row.local_id.clone())
            .collect();
        for local_id in sent {
            self.outbox.forget(&local_id);
            let after = After::Dropped { local_id: local_id.clone() };
            self.store(vec![StoreOp::RemoveOutbox { local_id }], after);
        }
        if rows.is_empty() || self.convs.by_phone(phone).is_some() {
            return;
        }
        let ops = self.begin_local(phone, name);
        self.store(ops, After::Nothing);
        for (local_id, state) in rows {
            if state == OutboxState::Queued {
                if let Some(row) = self.outbox.row_mut(&local_id) {
                    row.state = OutboxState::Failed;
                    row.error = Some(ErrorCode::ConversationDeleted);
                    row.hold = None;
                }
                self.put_outbox(&local_id);
            }
        }
        if let Some(id) = self.convs.id_of_phone(phone)
            && let Some(conv) = self.convs.get_mut(id)
        {
            conv.row.local_at = Some(self.now.wall.plus_millis(self.offset_ms));
            self.settle_local_preview(id);
        }
    }

    /// Send again: the operator's consent, which counts once it is durable.
    pub(crate) fn retry(&mut self, local_id: &LocalId, token: Token) {
        let Some(row) = self.outbox.row(local_id) else {
            return self.answer(token, Err(ErrorCode::NotFound));
        };
        match row.state {
            OutboxState::Failed | OutboxState::Unconfirmed => {
                let mut row = row.clone();
                consent(&mut row);
                let local_id = local_id.clone();
                self.store(vec![StoreOp::PutOutbox { row }], After::Consented { local_id, token });
            }
            OutboxState::Queued => {
                self.outbox.pause = None;
                self.answer(token, Ok(Answered::Done));
            }
            _ => self.answer(token, Err(ErrorCode::InFlight)),
        }
    }

    /// The consent is durable. Whatever became known of the text meanwhile stands.
    pub(crate) fn on_consented(&mut self, local_id: &LocalId, token: Token) {
        if let Some(row) = self.outbox.row_mut(local_id) {
            if matches!(row.state, OutboxState::Failed | OutboxState::Unconfirmed) {
                consent(row);
            }
            self.outbox.settle_lane(local_id);
        }
        self.answer(token, Ok(Answered::Done));
    }

    /// Forget it.
    pub(crate) fn discard(&mut self, local_id: &LocalId, token: Token) {
        let Some(row) = self.outbox.row(local_id).cloned() else {
            return self.answer(token, Err(ErrorCode::NotFound));
        };
        if !matches!(
            row.state,
            OutboxState::Queued | OutboxState::Failed | OutboxState::Unconfirmed
        ) {
            return self.answer(token, Err(ErrorCode::InFlight));
        }
        let phone = row.phone.clone();
        // At once, so that it does not leave while this is stored.
        self.outbox.forget(local_id);
        let op = StoreOp::RemoveOutbox { local_id: local_id.clone() };
        self.store(vec![op], After::Discarded { row: Box::new(row), token });
        if let Some(id) = self.convs.id_of_phone(&phone) {
            self.settle_local_preview(id);
        }
    }

    /// The store still has it. It was not to be sent, so it waits for no turn any more: the operator
    /// decides again.
    pub(crate) fn on_not_discarded(&mut self, mut row: OutboxRow, code: ErrorCode) {
        if row.state == OutboxState::Queued {
            let may_be_there = row.attempts > 0;
            row.state = if may_be_there { OutboxState::Unconfirmed } else { OutboxState::Failed };
            row.error = Some(code).filter(|_| !may_be_there);
            row.hold = None;
        }
        let (local_id, phone) = (row.local_id.clone(), row.phone.clone());
        self.outbox.insert(row);
        self.put_outbox(&local_id);
        if let Some(id) = self.convs.id_of_phone(&phone) {
            self.settle_local_preview(id);
        }
    }
}

fn consent(row: &mut OutboxRow) {
    row.state = OutboxState::Queued;
    row.consents = row.consents.saturating_add(1);
    row.error = None;
}

//! Marks: a conversation read here is read on the server too, later if need be, but never over
//! messages that nobody here has seen.

use crate::budget::Priority;
use crate::engine::{After, Engine};
use crate::requests::Purpose;
use condorito_model::record::{PendingRead, StoreOp};
use condorito_model::rest::Request;
use condorito_model::{ConversationId, ErrorCode};

impl Engine {
    /// The operator saw it to its end.
    pub(crate) fn mark_read(&mut self, id: ConversationId, answer: After) {
        let Some(conv) = self.convs.get_mut(id) else {
            return;
        };
        let mut ops = Vec::new();
        if conv.row.unread > 0 {
            conv.row.unread = 0;
            let row = conv.row.clone();
            if !id.is_local() {
                let read = PendingRead { conversation_id: id, up_to: conv.coverage.newest_id };
                self.reads.insert(id, read.clone());
                ops.push(StoreOp::PutPendingRead { read });
            }
            ops.push(StoreOp::PutConversations { rows: vec![row] });
        }
        self.store(ops, answer);
    }

    /// Sends what waits, once the list has shown that it is still so.
    pub(crate) fn flush_reads(&mut self) {
        if !self.reachable() || !self.compared || self.reads.is_empty() {
            return;
        }
        let ready: Vec<ConversationId> = self
            .reads
            .keys()
            .filter(|id| self.convs.get(**id).is_some_and(|conv| !conv.row.stale || !conv.loaded()))
            .filter(|id| !self.requests.has(&Purpose::Read { conversation_id: **id }))
            .copied()
            .collect();
        for id in ready {
            self.request(
                Purpose::Read { conversation_id: id },
                Request::MarkRead { conversation_id: id },
                Priority::Interactive,
            );
        }
    }

    pub(crate) fn on_read(&mut self, id: ConversationId) {
        self.drop_read(id);
    }

    pub(crate) fn on_not_read(&mut self, id: ConversationId, code: ErrorCode) {
        // An unknown conversation answers 500 for ever (contract 4.1).
        if matches!(code, ErrorCode::ServerFault | ErrorCode::Refused | ErrorCode::NotCondorito) {
            self.drop_read(id);
        }
    }

    fn drop_read(&mut self, id: ConversationId) {
        if self.reads.remove(&id).is_some() {
            self.store(vec![StoreOp::RemovePendingRead { conversation_id: id }], After::Nothing);
        }
    }

    /// A page came for a conversation whose mark waits: if the contact wrote meanwhile, the mark is
    /// void, for it would hide a message that nobody has seen.
    pub(crate) fn check_pending_read(&mut self, id: ConversationId) {
        let Some(read) = self.reads.get(&id) else {
            return;
        };
        let up_to = read.up_to;
        let Some(conv) = self.convs.get_mut(id) else {
            return;
        };
        if conv.coverage.newest_id > up_to && conv.row.unread > 0 {
            self.drop_read(id);
        } else {
            conv.row.unread = 0;
        }
    }
}

//! What a new link may have missed: nothing answers the join of the server's room (contract 3.1).

use crate::budget::Priority;
use crate::engine::{Engine, Source, Timer};
use crate::requests::Purpose;
use condorito_model::ConversationId;
use condorito_model::fact::MessageFact;
use condorito_model::record::Run;
use condorito_model::rest::Request;
use std::collections::BTreeMap;

/// The fewest rows of the search, and the most.
const ROWS: (u32, u32) = (200, 5000);
/// How long a search waits for the catch-up under way.
const AFTER_CATCH_UP_MS: u64 = 3000;

impl Engine {
    /// A link that was up before its room let events through may have missed some. Exact counts show
    /// it; where a conversation never rests there are none, so one search brings the newest of all.
    /// Pictures without a caption are not in it (contract 4.3): those wait for an exact count.
    pub(crate) fn search_the_join(&mut self) {
        if !self.reachable() || self.polling() || self.is_sure() {
            return;
        }
        if !self.caught_up {
            self.after_ms(AFTER_CATCH_UP_MS, Timer::Join);
            return;
        }
        if !self.requests.has(&Purpose::Join) {
            let limit = self.live_since_up.saturating_mul(2).clamp(ROWS.0, ROWS.1);
            let request = Request::NewestMessages { limit, offset: 0 };
            self.request(Purpose::Join, request, Priority::Background);
        }
    }

    /// What it brought goes to the conversations that are read; what is there already stays as it is.
    pub(crate) fn on_join(&mut self, rows: Vec<MessageFact>) {
        let mut by_conversation: BTreeMap<ConversationId, Vec<MessageFact>> = BTreeMap::new();
        for row in rows {
            by_conversation.entry(row.conversation_id).or_default().push(row);
        }
        for (id, messages) in by_conversation {
            if self.convs.get(id).is_some_and(|conv| conv.loaded() && conv.unsure) {
                self.apply(id, messages, Run::Scattered, Source::Join, Vec::new());
            }
        }
    }
}

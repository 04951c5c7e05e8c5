//! Older messages on demand. An offset above 0 counts from the oldest message, and the page at 0 is
//! the newest (contract 4.2), so a window is placed by the number of messages the server has; when
//! that number was wrong and the window does not meet the cached run, a larger newest page does.

use crate::budget::Priority;
use crate::engine::{Engine, Source};
use crate::input::{Answered, Token};
use crate::requests::Purpose;
use condorito_model::fact::MessageFact;
use condorito_model::record::Run;
use condorito_model::rest::Request;
use condorito_model::{ConversationId, ErrorCode};

/// Older messages fetched at once.
const STEP: u32 = 100;
/// Rows by which a window overlaps the cached run, because of equal seconds.
const OVERLAP: u32 = 5;

/// An older stretch under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) token: Token,
    /// Whether it is the larger newest page already.
    grown: bool,
    from_start: bool,
    /// The cached run before it came.
    run_before: u32,
}

impl Engine {
    /// Makes the newest page complete, or extends the cached run further back.
    pub(crate) fn load_messages(&mut self, id: ConversationId, older: bool, token: Token) {
        let Some(conv) = self.convs.get(id) else {
            self.answer(token, Err(ErrorCode::NotFound));
            return;
        };
        if id.is_local() {
            self.answer(token, Ok(Answered::Done));
            return;
        }
        if !self.reachable() {
            let code = match self.gate {
                crate::engine::Gate::Expired => ErrorCode::SessionExpired,
                _ => ErrorCode::Offline,
            };
            self.answer(token, Err(code));
            return;
        }
        if !conv.loaded() || conv.row.stale {
            self.load(id, Priority::Interactive, Some(token));
        } else if older && (conv.coverage.gap || !conv.coverage.start_known) {
            self.ask_older(id, token, false);
        } else {
            self.answer(token, Ok(Answered::Done));
        }
    }

    fn ask_older(&mut self, id: ConversationId, token: Token, grown: bool) {
        let Some(conv) = self.convs.get(id) else {
            return;
        };
        let run = conv.coverage.run;
        let start = conv.total_estimate().saturating_sub(run).saturating_sub(STEP);
        // Offset 0 would be the newest page: the very first message comes only with all others.
        let (limit, offset) = if grown || start <= 1 {
            let all = conv.total_estimate().saturating_add(20);
            let more = run.saturating_add(STEP).saturating_add(OVERLAP);
            (if grown { more.max(all.min(more.saturating_mul(2))) } else { all.max(more) }, 0)
        } else {
            (STEP.saturating_add(OVERLAP), start)
        };
        self.request(
            Purpose::Older { conversation_id: id, token, grown },
            Request::Messages { conversation_id: id, limit, offset },
            Priority::Interactive,
        );
    }

    pub(crate) fn on_older(
        &mut self,
        id: ConversationId,
        token: Token,
        grown: bool,
        rows: Vec<MessageFact>,
        from_start: bool,
    ) {
        if self.convs.get(id).is_none() {
            self.answer(token, Err(ErrorCode::NotFound));
            return;
        }
        let run_before = self.convs.get(id).map_or(0, |conv| conv.coverage.run);
        let stretch = Stretch { token, grown, from_start, run_before };
        self.apply(id, rows, Run::Window { from_start }, Source::Older(stretch), Vec::new());
    }

    pub(crate) fn after_older(&mut self, id: ConversationId, stretch: Stretch) {
        let Stretch { token, grown, from_start, run_before } = stretch;
        if let Some(conv) = self.convs.get_mut(id) {
            if from_start {
                conv.row.older_unknown = Some(0);
            }
            let extended = conv.coverage.run > run_before || from_start;
            let known = conv.coverage.start_known && !conv.coverage.gap;
            if !extended && !known && !grown {
                self.ask_older(id, token, true);
                return;
            }
        }
        self.put(id);
        self.answer(token, Ok(Answered::Done));
    }
}

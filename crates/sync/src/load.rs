//! The newest page of one conversation: as deep as its gap goes, once at a time.

use crate::budget::Priority;
use crate::conversation::Conv;
use crate::engine::{Engine, Source};
use crate::input::{Answered, Token};
use crate::requests::Purpose;
use condorito_model::fact::MessageFact;
use condorito_model::record::Run;
use condorito_model::rest::Request;
use condorito_model::{ConversationId, ErrorCode};
use std::collections::BTreeMap;

/// Rows of a newest page.
const PAGE: u32 = 50;
/// The most rows asked for in one conversation before a gap is left open and shown.
const DEEPEST: u32 = 5000;
/// Rows by which stretches below the newest page overlap: what is stored late moves rows up.
const STRETCH_OVERLAP: u32 = 50;

/// The newest page of one conversation, being fetched.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Which one it is: the page of one that was abandoned says nothing to the next.
    serial: u64,
    limit: u32,
    deepened: bool,
    /// So many of the newest rows have been fetched without a hole.
    depth: u32,
    /// Whether stretches below the newest page are being fetched, to find what is missing there.
    below: bool,
    /// Whether everything is being fetched at once.
    whole: bool,
    /// Whether the list was compared after the page under way was asked for: it may be older.
    outdated: bool,
    waiters: Vec<Token>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    pub(crate) pass_counter: u64,
    next: u64,
    under_way: BTreeMap<ConversationId, Load>,
}

impl Loads {
    /// Whether a fetch of this conversation is under way.
    pub(crate) fn has(&self, id: ConversationId) -> bool {
        self.under_way.contains_key(&id)
    }

    /// Whether it is still this one.
    pub(crate) fn is_current(&self, id: ConversationId, serial: u64) -> bool {
        self.under_way.get(&id).is_some_and(|load| load.serial == serial)
    }
}

impl Engine {
    /// A page asked for before the list was may lack what the list has counted.
    pub(crate) fn doubt_pages(&mut self, ids: &[ConversationId]) {
        for id in ids {
            let missing = self.convs.get(*id).is_some_and(|conv| conv.missing > 0);
            if missing && let Some(load) = self.loads.under_way.get_mut(id) {
                let purpose = Purpose::Load { conversation_id: *id, serial: load.serial };
                load.outdated = !self.requests.has_not_left(&purpose);
            }
        }
    }

    /// Fetches the newest page of a conversation, or joins the fetch under way.
    pub(crate) fn load(&mut self, id: ConversationId, priority: Priority, waiter: Option<Token>) {
        let Some(conv) = self.convs.get(id) else {
            if let Some(token) = waiter {
                self.answer(token, Err(ErrorCode::NotFound));
            }
            return;
        };
        let missing = u32::try_from(conv.missing.max(0)).unwrap_or(DEEPEST);
        // What was read before any list told its number is read again as a whole: nothing says
        // where in it something may be missing.
        let again = if conv.loaded() { 0 } else { conv.coverage.cached };
        let limit = missing.max(again).saturating_add(10).clamp(PAGE, DEEPEST);
        let known = self.loads.under_way.contains_key(&id);
        if !known {
            self.loads.next = self.loads.next.saturating_add(1);
        }
        let asked = waiter.is_some();
        let load = self.loads.under_way.entry(id).or_insert(Load {
            serial: self.loads.next,
            limit,
            deepened: false,
            depth: 0,
            below: false,
            whole: false,
            outdated: false,
            waiters: Vec::new(),
        });
        load.waiters.extend(waiter);
        let limit = load.limit;
        let purpose = Purpose::Load { conversation_id: id, serial: load.serial };
        if known {
            // On its way, or being stored: it is waited for. Still waiting: someone may be in a hurry.
            if priority == Priority::Interactive {
                self.requests.hasten(&purpose, self.now.mono, asked);
            }
            return;
        }
        self.ask_page(id, limit, 0, priority);
    }

    fn ask_page(&mut self, id: ConversationId, limit: u32, offset: u32, priority: Priority) {
        let Some(serial) = self.loads.under_way.get(&id).map(|load| load.serial) else {
            return;
        };
        if let Some(pass) = self.pass.as_mut()
            && pass.targets.contains(&id)
        {
            pass.report.requests = pass.report.requests.saturating_add(1);
        }
        self.request(
            Purpose::Load { conversation_id: id, serial },
            Request::Messages { conversation_id: id, limit, offset },
            priority,
        );
    }

    /// A page came; a page that was not full is the whole conversation.
    pub(crate) fn on_page(
        &mut self,
        id: ConversationId,
        serial: u64,
        rows: Vec<MessageFact>,
        full: bool,
    ) {
        let loaded = self.convs.get(id).map(Conv::loaded);
        if !self.loads.is_current(id, serial) {
            // Of a link before this one: what it brought is kept, nothing is claimed.
            if loaded == Some(true) {
                self.apply(id, rows, Run::Scattered, Source::Join, Vec::new());
            }
            return;
        }
        let from_start = !full;
        if loaded.is_none() {
            self.end_load(id, Err(ErrorCode::NotFound));
            return;
        }
        let window = Run::Window { from_start };
        self.apply(id, rows, window, Source::Window { from_start, serial }, Vec::new());
    }

    /// A page that would not come: the conversation stays marked, so its gap is shown.
    pub(crate) fn on_no_page(&mut self, id: ConversationId, serial: u64, code: ErrorCode) {
        if self.loads.is_current(id, serial) {
            if let Some(conv) = self.convs.get_mut(id) {
                conv.failures = conv.failures.saturating_add(1);
            }
            self.end_load(id, Err(code));
        }
    }

    pub(crate) fn end_load(&mut self, id: ConversationId, result: Result<(), ErrorCode>) {
        if let Some(load) = self.loads.under_way.remove(&id) {
            for token in load.waiters {
                self.answer(token, result.map(|()| Answered::Done));
            }
        }
        if let Some(pass) = self.pass.as_mut() {
            pass.targets.remove(&id);
        }
    }

    pub(crate) fn abandon_loads(&mut self, code: ErrorCode) {
        let ids: Vec<ConversationId> = self.loads.under_way.keys().copied().collect();
        for id in ids {
            self.end_load(id, Err(code));
        }
        self.requests.drop_where(|purpose| matches!(purpose, Purpose::Load { .. }));
    }

    pub(crate) fn after_window(&mut self, id: ConversationId, serial: u64, from_start: bool) {
        let Some(conv) = self.convs.get_mut(id) else {
            return;
        };
        let load = self.loads.under_way.get_mut(&id).filter(|load| load.serial == serial);
        let Some(load) = load else {
            // Nobody waits any more (the link went): what came is kept, nothing is claimed.
            return;
        };
        let priority =
            if load.waiters.is_empty() { Priority::Background } else { Priority::Interactive };
        if load.outdated {
            load.outdated = false;
            if conv.missing > 0 {
                let limit = load.limit;
                self.ask_page(id, limit, 0, priority);
                return;
            }
        }
        let first = conv.row.older_unknown.is_none();
        if from_start {
            conv.row.older_unknown = Some(0);
            conv.missing = 0;
        } else if first {
            let total = conv.row.total.unwrap_or(u32::MAX);
            let older = total.saturating_sub(conv.coverage.cached);
            conv.row.older_unknown = Some(if conv.row.total.is_none() { PAGE } else { older });
            conv.missing = 0;
        }
        let joined = first || from_start || !conv.coverage.gap;
        if !load.below {
            load.depth = if from_start { u32::MAX } else { load.limit };
        }
        // What is missing may lie between any two cached messages below what was fetched, whether or
        // not a gap is marked elsewhere: only what is below all of them is further back.
        let within = conv.missing > 0 && load.depth < conv.coverage.cached;
        if !load.below {
            let next = if !joined && load.limit < DEEPEST {
                Some(load.limit.saturating_mul(4))
            } else if joined && conv.missing > 0 && !load.deepened {
                // Joined, and still the counts differ: a late row may lie deeper (contract 3.3).
                load.deepened = true;
                Some(load.limit.saturating_mul(4).max(200))
            } else if within && load.limit < DEEPEST {
                let missing = u32::try_from(conv.missing).unwrap_or(u32::MAX);
                Some(conv.coverage.cached.saturating_add(missing).saturating_add(10))
            } else {
                None
            };
            if let Some(limit) = next.map(|limit| limit.min(DEEPEST)) {
                load.limit = limit;
                self.ask_page(id, limit, 0, priority);
                return;
            }
        }
        if within {
            // Offsets above 0 count from the oldest message (contract 4.2).
            let missing = u32::try_from(conv.missing).unwrap_or(u32::MAX);
            let below = conv.total_estimate().saturating_add(missing).saturating_sub(load.depth);
            let offset = below.saturating_sub(DEEPEST).max(1);
            let limit = below.saturating_sub(offset).saturating_add(STRETCH_OVERLAP);
            load.below = true;
            load.depth = if offset == 1 {
                u32::MAX
            } else {
                load.depth.saturating_add(below.saturating_sub(offset))
            };
            self.ask_page(id, limit, offset, priority);
            return;
        }
        if conv.missing > 0 && load.below && !load.whole && conv.coverage.start_known {
            // The very first message has no offset of its own: it comes only with all others.
            let missing = u32::try_from(conv.missing).unwrap_or(u32::MAX);
            load.whole = true;
            load.limit = conv.total_estimate().saturating_add(missing).saturating_add(100);
            let limit = load.limit;
            self.ask_page(id, limit, 0, priority);
            return;
        }
        if conv.missing > 0 {
            let rest = u32::try_from(conv.missing).unwrap_or(u32::MAX);
            conv.row.older_unknown = conv.row.older_unknown.map(|older| older.saturating_add(rest));
            conv.missing = 0;
        }
        conv.row.stale = false;
        conv.settle();
        self.check_pending_read(id);
        self.put(id);
        self.end_load(id, Ok(()));
    }
}

//! Catching up: what the list showed to be new is fetched, as deep as the gap goes.
//!
//! When many conversations changed, one search for everything (`q=%`, contract 4.3) brings the
//! newest messages of all of them; counts then decide which still need a page of their own. So a
//! reconnect after a night costs a handful of requests instead of one per conversation.

use crate::budget::Priority;
use crate::conversation::Conv;
use crate::engine::{After, Engine, Source, Timer};
use crate::input::{Answered, Token};
use crate::requests::Purpose;
use condorito_model::fact::MessageFact;
use condorito_model::record::{Coverage, Run, StoreOp};
use condorito_model::rest::Request;
use condorito_model::{ConversationId, ErrorCode, LocalId, MessageId};
use std::collections::BTreeMap;

/// Rows of a newest page.
const PAGE: u32 = 50;
/// The most rows asked for in one conversation before a gap is left open and shown.
const DEEPEST: u32 = 5000;
/// Rows by which stretches below the newest page overlap: what is stored late moves rows up.
const STRETCH_OVERLAP: u32 = 50;
/// From so many changed conversations on, one search for everything comes first.
const BULK_FROM: usize = 6;
/// The most rows of that search.
const BULK_ROWS: i64 = 5000;

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
    /// The fetch of this conversation, if it is still this one.
    fn get(&self, id: ConversationId, serial: u64) -> Option<&Load> {
        self.under_way.get(&id).filter(|load| load.serial == serial)
    }

    pub(crate) fn is_current(&self, id: ConversationId, serial: u64) -> bool {
        self.get(id, serial).is_some()
    }
}

impl Engine {
    /// Fetches what these conversations lack, in this order.
    pub(crate) fn catch_up(&mut self, ids: &[ConversationId]) {
        self.doubt_pages(ids);
        let urgent: Vec<ConversationId> = ids
            .iter()
            .filter(|id| self.focus.0 == Some(**id) || self.has_unsent(**id))
            .copied()
            .collect();
        for id in &urgent {
            self.load(*id, Priority::Interactive, None);
        }
        if let Some(limit) = self.bulk_rows(ids)
            && let Some(pass) = self.pass.as_mut()
        {
            pass.report.requests = pass.report.requests.saturating_add(1);
            let purpose = Purpose::Bulk { pass: pass.number };
            let request = Request::NewestMessages { limit, offset: 0 };
            self.request(purpose, request, Priority::Background);
            return;
        }
        for id in ids {
            self.load(*id, Priority::Background, None);
        }
    }

    /// A page asked for before the list was may lack what the list has counted.
    fn doubt_pages(&mut self, ids: &[ConversationId]) {
        for id in ids {
            let missing = self.convs.get(*id).is_some_and(|conv| conv.missing > 0);
            if missing && let Some(load) = self.loads.under_way.get_mut(id) {
                let purpose = Purpose::Load { conversation_id: *id, serial: load.serial };
                load.outdated = !self.requests.has_not_left(&purpose);
            }
        }
    }

    /// How many rows one search for everything should bring, when it is worth it.
    fn bulk_rows(&self, ids: &[ConversationId]) -> Option<u32> {
        let missing: Vec<i64> = ids
            .iter()
            .filter_map(|id| self.convs.get(*id))
            .filter(|conv| conv.loaded() && conv.missing > 0 && !conv.coverage.gap)
            .map(|conv| conv.missing)
            .collect();
        if missing.len() < BULK_FROM {
            return None;
        }
        // Conversations that were never read have new messages among the newest too.
        let unread = self.convs.iter().filter(|conv| !conv.loaded() && conv.row.unread > 0);
        let unread: i64 = unread.map(|conv| i64::from(conv.row.unread)).sum();
        let rows = missing.iter().sum::<i64>().saturating_add(unread).saturating_add(20);
        u32::try_from(rows.min(BULK_ROWS)).ok()
    }

    /// How many conversations may be read ahead in this pass, when so many must be caught up: on a
    /// cold start most of what the window has left, later no more than the most recent ones.
    pub(crate) fn room_to_read_ahead(&self, must: usize) -> usize {
        let room = usize::try_from(self.budget.room()).unwrap_or(usize::MAX);
        let catching_up = if must < BULK_FROM { must } else { 10 };
        let room = room.saturating_sub(room / 5).saturating_sub(catching_up);
        let cold = self.pass.as_ref().is_some_and(|pass| pass.first);
        if cold { room } else { room.min(self.config.eager) }
    }

    /// The newest messages of all conversations: each goes to its own.
    pub(crate) fn on_bulk(&mut self, number: u64, rows: Vec<MessageFact>, _raw_rows: u32) {
        if !self.is_current(number) {
            return;
        }
        let mut by_conversation: BTreeMap<ConversationId, Vec<MessageFact>> = BTreeMap::new();
        for row in rows {
            by_conversation.entry(row.conversation_id).or_default().push(row);
        }
        let targets: Vec<ConversationId> = self
            .pass
            .as_ref()
            .map(|pass| pass.targets.iter().copied().collect())
            .unwrap_or_default();
        for id in targets {
            let messages = by_conversation.remove(&id).unwrap_or_default();
            let wanted = self
                .convs
                .get(id)
                .is_some_and(|conv| conv.loaded() && conv.missing > 0 && !conv.coverage.gap);
            if wanted && !messages.is_empty() && !self.loads.under_way.contains_key(&id) {
                self.apply(id, messages, Run::Scattered, Source::Bulk, Vec::new());
            } else {
                self.load(id, Priority::Background, None);
            }
        }
        // What is new in conversations that were never read can be shown and found, with its gap.
        for (id, messages) in by_conversation {
            let unread =
                self.convs.get(id).is_some_and(|conv| !conv.loaded() && conv.row.unread > 0);
            if unread && !self.loads.under_way.contains_key(&id) {
                self.apply(id, messages, Run::Scattered, Source::Bulk, Vec::new());
            }
        }
    }

    /// The search brought nothing: every conversation is asked for itself.
    pub(crate) fn on_no_bulk(&mut self, number: u64) {
        if !self.is_current(number) {
            return;
        }
        let targets: Vec<ConversationId> = self
            .pass
            .as_ref()
            .map(|pass| pass.targets.iter().copied().collect())
            .unwrap_or_default();
        for id in targets {
            self.load(id, Priority::Background, None);
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

    /// Hands messages of one conversation to the store, with the echoes among them matched first.
    pub(crate) fn apply(
        &mut self,
        id: ConversationId,
        mut messages: Vec<MessageFact>,
        run: Run,
        source: Source,
        mut ops: Vec<StoreOp>,
    ) {
        if source != Source::Live {
            self.grow(id);
        }
        messages.retain(|message| message.conversation_id == id);
        messages.sort_by_key(|message| (message.sent_at, message.id));
        messages.dedup_by(|a, b| a.id == b.id);
        let Some(phone) = self.convs.get(id).map(|conv| conv.row.phone.clone()) else {
            return;
        };
        let mut local_ids: Vec<(MessageId, LocalId)> = Vec::new();
        let mut by_row: Vec<&MessageFact> = messages.iter().collect();
        by_row.sort_by_key(|message| message.id);
        let mut written = Vec::new();
        for message in by_row {
            if let Some(local_id) = self.match_echo(message, &phone, &mut written) {
                local_ids.push((message.message_id.clone(), local_id));
            }
        }
        for message in &messages {
            self.max_row = self.max_row.max(message.id);
        }
        let mut afters = Vec::new();
        // The outbox first: a row that knows its message hides behind it (design 6).
        let mut batch = Vec::new();
        for local_id in written {
            if let Some(row) = self.outbox.row(&local_id) {
                batch.push(StoreOp::PutOutbox { row: row.clone() });
                afters.push(After::Outbox { local_id });
            }
        }
        batch.append(&mut ops);
        batch.push(StoreOp::ApplyMessages {
            conversation_id: id,
            messages: messages.clone(),
            run,
            local_ids,
        });
        afters.push(After::Applied { conversation_id: id, messages, source });
        self.store_all(batch, afters);
        self.settle_local_preview(id);
    }

    /// Messages are stored; `fresh` are those that were new.
    pub(crate) fn on_applied(
        &mut self,
        id: ConversationId,
        fresh: Vec<MessageFact>,
        coverage: Coverage,
        source: &Source,
    ) {
        let live = *source == Source::Live;
        let Some(conv) = self.convs.get_mut(id) else {
            return;
        };
        conv.coverage = coverage;
        conv.failures = 0;
        conv.weigh(&fresh);
        if live {
            let counted =
                fresh.iter().filter(|message| Some(message.sent_at) <= conv.listed_at).count();
            let counted = i64::try_from(counted).unwrap_or(i64::MAX);
            conv.missing = conv.missing.saturating_sub(counted).max(0);
            if conv.synced && conv.missing == 0 && !conv.row.stale {
                conv.settle();
            }
        } else {
            conv.found(&fresh);
        }
        self.count_new(id, &fresh, live);
        match source {
            Source::Live => self.after_live(id, &fresh),
            Source::Bulk => self.after_bulk(id),
            Source::Join => {}
            Source::Window { from_start, serial } => {
                self.after_window(id, *serial, *from_start);
            }
            Source::Older(stretch) => self.after_older(id, *stretch),
        }
    }

    fn after_bulk(&mut self, id: ConversationId) {
        let Some(conv) = self.convs.get_mut(id) else {
            return;
        };
        if !conv.loaded() {
            return;
        }
        // A gap is closed by an exact count only; a page shows what lies within.
        if conv.missing > 0 || (conv.coverage.gap && conv.unsure) {
            self.load(id, Priority::Background, None);
            return;
        }
        conv.row.stale = false;
        conv.settle();
        let close = conv.coverage.gap;
        self.put(id);
        if close {
            self.store(
                vec![StoreOp::CloseGaps { conversation_id: id }],
                After::Closed { conversation_id: id },
            );
        }
        self.end_load(id, Ok(()));
    }

    fn after_window(&mut self, id: ConversationId, serial: u64, from_start: bool) {
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

    /// One conversation at a time: those whose page would not come before, then, while the window
    /// has plenty left, those that were never read.
    pub(crate) fn trickle(&mut self) {
        if !self.reachable() || !self.caught_up {
            return;
        }
        let next = self
            .convs
            .iter()
            .filter(|conv| !conv.row.id.is_local())
            .filter(|conv| conv.row.stale && (conv.loaded() || conv.failures == 0))
            .max_by_key(|conv| {
                (conv.loaded(), conv.row.unread > 0, conv.row.last_message_at, conv.row.id)
            })
            .map(|conv| conv.row.id);
        if let Some(id) = next {
            if self.budget.admits_trickle() && self.pass.is_none() {
                self.load(id, Priority::Background, None);
            }
            self.after_ms(3000, Timer::Trickle);
        }
    }

    /// The store did not take it: what is remembered of it is not so.
    pub(crate) fn distrust(&mut self, id: ConversationId) {
        if let Some(conv) = self.convs.get_mut(id) {
            conv.row.stale = true;
            conv.synced = false;
        }
        self.end_load(id, Err(ErrorCode::StoreFault));
    }
}

//! Catching up: what the list showed to be new is fetched, as deep as the gap goes.
//!
//! When many conversations changed, one search for everything (`q=%`, contract 4.3) brings the
//! newest messages of all of them; counts then decide which still need a page of their own. So a
//! reconnect after a night costs a handful of requests instead of one per conversation.

use crate::budget::Priority;
use crate::engine::{After, Engine, Source, Timer};
use crate::requests::Purpose;
use condorito_model::fact::MessageFact;
use condorito_model::record::{Coverage, Run, StoreOp};
use condorito_model::rest::Request;
use condorito_model::{ConversationId, ErrorCode, LocalId, MessageId};
use std::collections::BTreeMap;

/// From so many changed conversations on, one search for everything comes first.
const BULK_FROM: usize = 6;
/// The most rows of that search.
const BULK_ROWS: i64 = 5000;

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
            if wanted && !messages.is_empty() && !self.loads.has(id) {
                self.apply(id, messages, Run::Scattered, Source::Bulk, Vec::new());
            } else {
                self.load(id, Priority::Background, None);
            }
        }
        // What is new in conversations that were never read can be shown and found, with its gap.
        for (id, messages) in by_conversation {
            let unread =
                self.convs.get(id).is_some_and(|conv| !conv.loaded() && conv.row.unread > 0);
            if unread && !self.loads.has(id) {
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

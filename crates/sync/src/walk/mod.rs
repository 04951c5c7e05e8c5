//! A pass: the list of conversations is compared page by page, then what changed is caught up.
//!
//! Only a walk to the list's end shows deletions further down (design 3.5). Offsets over a list
//! that reorders with each message give duplicates and gaps (contract 4.1), so pages overlap, and a
//! walk whose pages do not meet begins again.

mod compare;
mod when;

use crate::budget::Priority;
use crate::conversation::Conv;
use crate::engine::{After, Engine, META_WALK};
use crate::input::{Ticket, Token};
use crate::requests::Purpose;
use condorito_model::fact::ConversationFact;
use condorito_model::record::{ConversationRow, StoreOp};
use condorito_model::rest::Request;
use condorito_model::view::SyncReport;
use condorito_model::{ConversationId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Rows by which pages of the list overlap.
const OVERLAP: u32 = 5;
/// A list of so many pages or fewer is always walked to its end.
const CHEAP_PAGES: usize = 3;
/// How often a walk may begin again, and how often counters may be compared again.
const ROUNDS: u8 = 3;
/// How much older than its storing a message's time may be: media are downloaded first.
pub(crate) const LATE_MS: i64 = 15 * 60 * 1000;
/// Rows of a look at the top of the list.
const TOP: u32 = 50;

/// How far down the list a pass goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// To the end.
    Complete,
    /// Until a page brings nothing new.
    Changed,
    /// One look at the top.
    Top,
}

/// Where a pass is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Walking,
    /// Looking at the top again, at conversations that moved or seem to be gone.
    Checking {
        gone: BTreeSet<ConversationId>,
    },
    CatchingUp,
}

/// One comparison with the server.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) number: u64,
    depth: Depth,
    stage: Stage,
    /// Time of the newest message known before, less the longest that a download may take: a late
    /// media message does not move its conversation up (contract 3.3), so rows down to here are
    /// compared even when a page brought nothing new.
    look_back_to: Option<Timestamp>,
    /// Where the page under way begins.
    offset: u32,
    /// Ids in the order of the list.
    walked: Vec<ConversationId>,
    seen: BTreeSet<ConversationId>,
    /// Known before it began.
    before: BTreeSet<ConversationId>,
    /// Conversations of which an event came since the page under way was asked for.
    touched: BTreeSet<ConversationId>,
    /// The same since the pass began: these may have moved up unseen.
    moved: BTreeSet<ConversationId>,
    last_row_at: Option<Timestamp>,
    restarts: u8,
    checks: u8,
    recheck: bool,
    reached_end: bool,
    /// Conversations to catch up before it is over.
    pub(crate) targets: BTreeSet<ConversationId>,
    pub(crate) targets_in_all: u32,
    /// Conversations read before any list told how many messages they have.
    guessed: BTreeSet<ConversationId>,
    /// The last batch handed to the store when nothing was left to catch up.
    settled_by: Option<Ticket>,
    tokens: Vec<Token>,
    pub(crate) report: SyncReport,
    changed: BTreeSet<ConversationId>,
    /// New messages of contacts by conversation: how many, and whether one came live.
    pub(crate) incoming: BTreeMap<ConversationId, (u32, bool)>,
    /// Nothing was known before: nothing is news.
    pub(crate) first: bool,
}

impl Pass {
    /// Whether the list is compared, so that counters can be trusted.
    pub(crate) fn is_catching_up(&self) -> bool {
        self.stage == Stage::CatchingUp
    }

    /// Those who wait for its end, to wait for another one.
    pub(crate) fn take_tokens(&mut self) -> Vec<Token> {
        std::mem::take(&mut self.tokens)
    }
}

impl Engine {
    pub(crate) fn is_current(&self, number: u64) -> bool {
        self.pass.as_ref().is_some_and(|pass| pass.number == number)
    }

    fn start_pass(&mut self, depth: Depth) {
        let number = self.pass_number();
        if depth != Depth::Top {
            self.doubt = false;
        }
        let tokens = match depth {
            Depth::Complete => std::mem::take(&mut self.sync_waiters),
            Depth::Changed | Depth::Top => Vec::new(),
        };
        self.pass = Some(Pass {
            number,
            depth,
            stage: Stage::Walking,
            look_back_to: self
                .convs
                .iter()
                .filter_map(|conv| conv.row.last_message_at)
                .max()
                .map(|newest| newest.plus_millis(-LATE_MS)),
            offset: 0,
            walked: Vec::new(),
            seen: BTreeSet::new(),
            before: self.convs.iter().map(|conv| conv.row.id).collect(),
            touched: BTreeSet::new(),
            moved: BTreeSet::new(),
            last_row_at: None,
            restarts: 0,
            checks: 0,
            recheck: false,
            reached_end: false,
            targets: BTreeSet::new(),
            targets_in_all: 0,
            guessed: BTreeSet::new(),
            settled_by: None,
            tokens,
            report: SyncReport::default(),
            changed: BTreeSet::new(),
            incoming: BTreeMap::new(),
            first: self.last_contact.is_none(),
        });
        self.ask_list();
        self.ask_link_status();
    }

    fn pass_number(&mut self) -> u64 {
        self.loads.pass_counter = self.loads.pass_counter.saturating_add(1);
        self.loads.pass_counter
    }

    fn ask_list(&mut self) {
        let Some(pass) = self.pass.as_mut() else {
            return;
        };
        pass.touched.clear();
        let (limit, offset) = match (&pass.stage, pass.depth) {
            (Stage::Walking, Depth::Complete | Depth::Changed) => (self.config.page, pass.offset),
            _ => (TOP, 0),
        };
        pass.report.requests = pass.report.requests.saturating_add(1);
        let purpose = Purpose::List { pass: pass.number };
        self.request(purpose, Request::Conversations { limit, offset }, Priority::Background);
    }

    pub(crate) fn on_list(&mut self, number: u64, rows: Vec<ConversationFact>, raw_rows: u32) {
        if !self.is_current(number) {
            return;
        }
        let Some(pass) = self.pass.as_mut() else {
            return;
        };
        let walking = pass.stage == Stage::Walking;
        if walking && pass.offset > 0 {
            // Rows that moved down were seen; a first row that was not shows that some moved up.
            let meets = rows.first().is_none_or(|row| pass.seen.contains(&row.id));
            if !meets && pass.restarts < ROUNDS {
                pass.restarts = pass.restarts.saturating_add(1);
                pass.walked.clear();
                pass.seen.clear();
                pass.offset = 0;
                pass.last_row_at = None;
                self.ask_list();
                return;
            }
            // Pages that never meet: nobody can say what is gone.
            if !meets {
                pass.before.clear();
            }
        }
        let touched = pass.touched.clone();
        let mut ops = Vec::new();
        let mut news = false;
        let mut fresh = false;
        let mut closable = Vec::new();
        for fact in &rows {
            if self.tombstones.contains(&fact.id) {
                continue;
            }
            if let Some(pass) = self.pass.as_mut() {
                let again = !pass.seen.insert(fact.id);
                if walking && !again {
                    pass.walked.push(fact.id);
                    pass.last_row_at = fact.last_message_at;
                }
                if again && walking {
                    continue;
                }
            }
            let compared = self.compare(fact, touched.contains(&fact.id), &mut ops);
            fresh = true;
            news |= compared.news;
            if compared.close {
                closable.push(fact.id);
            }
        }
        if !ops.is_empty() {
            self.store(ops, After::Nothing);
        }
        for id in closable {
            self.store(
                vec![StoreOp::CloseGaps { conversation_id: id }],
                After::Closed { conversation_id: id },
            );
        }
        // A page of rows seen before says nothing of those below it.
        self.after_list(walking, news || !fresh, raw_rows);
    }

    fn after_list(&mut self, walking: bool, news: bool, raw_rows: u32) {
        let page = self.config.page;
        let Some(pass) = self.pass.as_mut() else {
            return;
        };
        if walking {
            match pass.depth {
                Depth::Top => {}
                Depth::Complete | Depth::Changed => {
                    pass.reached_end = raw_rows < page;
                    let stop = pass.depth == Depth::Changed
                        && !news
                        && pass.last_row_at < pass.look_back_to;
                    if !pass.reached_end && !stop {
                        let step = page.saturating_sub(OVERLAP).max(1);
                        pass.offset = pass.offset.saturating_add(step);
                        self.ask_list();
                        return;
                    }
                }
            }
        }
        let gone = if walking {
            self.absent()
        } else {
            let Some(Pass { stage: Stage::Checking { gone }, seen, moved, .. }) =
                self.pass.as_ref()
            else {
                return;
            };
            // What moved to the top meanwhile is not gone.
            gone.iter().filter(|id| !seen.contains(id) && !moved.contains(id)).copied().collect()
        };
        let Some(pass) = self.pass.as_mut() else {
            return;
        };
        // What moved up while the walk was below it was compared by no page.
        let passed_by = pass.moved.iter().any(|id| !pass.seen.contains(id));
        let moved = (std::mem::take(&mut pass.recheck) || passed_by) && pass.checks < ROUNDS;
        if (walking && !gone.is_empty()) || moved {
            pass.checks = pass.checks.saturating_add(1);
            pass.stage = Stage::Checking { gone };
            self.ask_list();
            return;
        }
        for id in gone {
            self.forget(id, true);
        }
        self.list_compared();
    }

    /// The list is compared: sends may go, and what changed is caught up, most recent first.
    fn list_compared(&mut self) {
        self.compared = true;
        let Some(pass) = self.pass.as_mut() else {
            return;
        };
        pass.stage = Stage::CatchingUp;
        let walked_to_end = pass.depth == Depth::Complete;
        let eager: BTreeSet<ConversationId> = if pass.depth == Depth::Top {
            BTreeSet::new()
        } else {
            pass.walked.iter().take(self.config.eager).copied().collect()
        };
        let written: BTreeSet<String> = self.outbox.rows().map(|row| row.phone.clone()).collect();
        let guessed = self.pass.as_ref().map(|pass| pass.guessed.clone()).unwrap_or_default();
        let passed_by: Vec<ConversationId> = self
            .pass
            .as_ref()
            .map(|pass| pass.moved.difference(&pass.seen).copied().collect())
            .unwrap_or_default();
        for id in passed_by {
            if let Some(conv) = self.convs.get_mut(id)
                && conv.loaded()
                && !conv.synced
            {
                conv.row.stale = true;
            }
        }
        let mut must = Vec::new();
        let mut may = Vec::new();
        for conv in self.convs.iter_mut() {
            if conv.row.id.is_local() {
                continue;
            }
            let entry = (conv.row.last_message_at, conv.row.id);
            if conv.loaded() && !conv.row.stale {
                conv.settle();
            } else if conv.loaded()
                || written.contains(&conv.row.phone)
                || guessed.contains(&conv.row.id)
                // Its page would not come last time.
                || conv.failures > 0
            {
                must.push(entry);
            } else if conv.row.unread > 0 || eager.contains(&conv.row.id) {
                may.push(entry);
            }
        }
        may.sort_by(|a, b| b.cmp(a));
        // With room to spare (design 3.7): the rest is read on demand and by a trickle.
        may.truncate(self.room_to_read_ahead(must.len()));
        let mut targets = must;
        targets.append(&mut may);
        targets.sort_by(|a, b| b.cmp(a));
        let ids: Vec<ConversationId> = targets.into_iter().map(|(_, id)| id).collect();
        if let Some(pass) = self.pass.as_mut() {
            pass.targets = ids.iter().copied().collect();
            pass.targets_in_all = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        }
        if walked_to_end {
            let now = self.server_now();
            self.last_walk = Some(now);
            self.store(
                vec![StoreOp::PutMeta { key: META_WALK.into(), value: now.to_string() }],
                After::Nothing,
            );
        }
        self.catch_up(&ids);
    }
}

/// What comparing one row showed.
#[derive(Debug, Default, Clone, Copy)]
struct Compared {
    news: bool,
    close: bool,
}

/// Notes how many messages the server has that the cache lacks; whether there are any. `touched`:
/// the cache grew while the list was on its way, so it may count fewer than the cache has by now.
fn count_missing(conv: &mut Conv, fact: &ConversationFact, touched: bool) -> bool {
    let newer = fact.last_message_at > conv.row.last_message_at;
    conv.at_listed = u32::from(fact.last_message_at == conv.row.last_message_at);
    match (fact.total_messages, conv.row.older_unknown) {
        (Some(total), Some(older)) => {
            let known = i64::from(conv.coverage.cached) + i64::from(older);
            let missing = i64::from(total) - known;
            conv.unsure = touched;
            if !touched {
                conv.missing = missing;
                return missing > 0 || newer;
            }
            conv.missing = missing.max(0);
            // What the link brought is not missing, and what it is about to bring is not either:
            // a look that finds the conversation at rest will tell.
            !conv.synced && (missing > 0 || newer)
        }
        (_, Some(_)) => {
            newer
                || (fact.last_message_at == conv.row.last_message_at
                    && fact.last_message != conv.row.last_message)
        }
        (_, None) => false,
    }
}

/// The row of the list wins over what events said (contract 5.5).
fn merge_summary(row: &mut ConversationRow, fact: &ConversationFact) {
    row.phone.clone_from(&fact.phone);
    if fact.name.is_some() {
        row.name.clone_from(&fact.name);
    }
    row.last_message.clone_from(&fact.last_message);
    row.last_message_at = fact.last_message_at;
    row.unread = fact.unread_count;
    row.bot_enabled = fact.bot_enabled;
    row.total = fact.total_messages.or(row.total);
}

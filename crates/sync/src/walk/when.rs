//! When a pass begins, and what its end means.

use super::*;
use crate::engine::{After, Engine, META_CONTACT, Timer};
use crate::input::Answered;
use crate::requests::Purpose;
use condorito_model::record::StoreOp;
use condorito_model::{ConversationId, ErrorCode};

/// How long after a comparison another one follows when counts were not exact; it doubles four
/// times.
const UNSURE_MS: u64 = 5000;

impl Engine {
    /// The link came up (or polling began): everything is compared.
    pub(crate) fn begin_pass(&mut self) {
        let away = self
            .last_contact
            .map(|then| self.server_now().as_millis().saturating_sub(then.as_millis()));
        let hour = i64::try_from(self.config.full_walk_after_ms).unwrap_or(i64::MAX);
        // A clock that went back says nothing: walk.
        let long = away.is_none_or(|ms| ms < 0 || ms > hour);
        let page = usize::try_from(self.config.page).unwrap_or(500);
        let cheap = self.convs.len() <= page.saturating_mul(CHEAP_PAGES);
        let never = self.last_walk.is_none();
        self.start_pass(if long || cheap || never { Depth::Complete } else { Depth::Changed });
    }

    /// Ends the pass without a result.
    pub(crate) fn abandon_pass(&mut self, code: ErrorCode) {
        if let Some(pass) = self.pass.take() {
            self.requests.drop_where(|purpose| {
                matches!(purpose, Purpose::List { pass: p } | Purpose::Bulk { pass: p } if *p == pass.number)
            });
            for token in pass.tokens {
                self.answer(token, Err(code));
            }
            if self.reachable() {
                self.after_ms(5000, Timer::Poll);
            }
        }
        if !self.reachable() {
            for token in std::mem::take(&mut self.sync_waiters) {
                self.answer(token, Err(code));
            }
        }
    }

    /// The server fails at the list: nobody is kept waiting for the comparison.
    pub(crate) fn disappoint(&mut self, code: ErrorCode) {
        let mut waiting = std::mem::take(&mut self.sync_waiters);
        if let Some(pass) = self.pass.as_mut() {
            waiting.append(&mut pass.take_tokens());
        }
        for token in waiting {
            self.answer(token, Err(code));
        }
    }

    /// Ends the pass when everything it was for is there.
    pub(crate) fn advance_pass(&mut self) {
        let empty = self
            .pass
            .as_ref()
            .is_some_and(|pass| pass.stage == Stage::CatchingUp && pass.targets.is_empty());
        let issued = self.last_ticket();
        // Store first: it is over when all of it can be read, not when all of it was fetched.
        let settled = match self.pass.as_mut().filter(|_| empty) {
            Some(pass) => *pass.settled_by.get_or_insert(issued),
            None => issued,
        };
        let over = empty && self.is_stored(settled);
        if over && let Some(mut pass) = self.pass.take() {
            self.caught_up = !self.doubt;
            if self.doubt {
                self.after_ms(5000, Timer::Rewrite);
            }
            let now = self.server_now();
            self.last_contact = Some(now);
            self.store(
                vec![StoreOp::PutMeta { key: META_CONTACT.into(), value: now.to_string() }],
                After::Nothing,
            );
            pass.report.conversations = u32::try_from(pass.changed.len()).unwrap_or(u32::MAX);
            for token in std::mem::take(&mut pass.tokens) {
                self.answer(token, Ok(Answered::Synced { report: pass.report }));
            }
            self.after_pass_notices(&pass);
            self.reconcile_all();
            if self.polling() {
                self.after_ms(10_000, Timer::Poll);
            }
            if self.is_sure() {
                self.unsure_looks = 0;
            } else {
                let wait = UNSURE_MS << self.unsure_looks.min(4);
                self.unsure_looks = self.unsure_looks.saturating_add(1);
                self.after_ms(wait, Timer::Recount);
            }
            self.after_ms(2000, Timer::Trickle);
            self.after_ms(30_000, Timer::Purge);
        }
        if self.pass.is_none() && !self.sync_waiters.is_empty() && self.reachable() {
            self.start_pass(Depth::Complete);
        }
    }

    /// Polling, or the next try after a pass that failed.
    pub(crate) fn poll(&mut self) {
        if self.pass.is_some() || !self.reachable() {
            return;
        }
        if self.caught_up && !self.polling() {
            return;
        }
        if self.compared {
            self.start_pass(Depth::Changed);
        } else {
            self.begin_pass();
        }
    }

    /// No link, but REST answers.
    pub(crate) fn begin_polling(&mut self) {
        self.begin_pass();
    }

    /// A counter looked wrong: one look at the top of the list.
    pub(crate) fn recount(&mut self) {
        if !self.reachable() {
            return;
        }
        match self.pass.as_mut() {
            Some(pass) if pass.is_catching_up() => self.after_ms(1000, Timer::Recount),
            Some(pass) => pass.recheck = true,
            None if self.caught_up => {
                self.start_pass(if self.is_sure() { Depth::Top } else { Depth::Changed });
            }
            None => {}
        }
    }

    /// Messages came in another way than by an event: what a list under way counts may be fewer.
    pub(crate) fn grow(&mut self, id: ConversationId) {
        if let Some(pass) = self.pass.as_mut() {
            pass.touched.insert(id);
        }
    }

    /// An event came: what a page under way says of this conversation is older.
    pub(crate) fn touch(&mut self, id: ConversationId) {
        if let Some(pass) = self.pass.as_mut() {
            pass.touched.insert(id);
            pass.moved.insert(id);
        }
    }
}

//! Requests: what each is for, which goes first, and what becomes of its answer.

use crate::budget::Priority;
use crate::engine::{Engine, Gate, Timer};
use crate::input::{Answered, Effect, RequestId, Token};
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::{ConversationId, ErrorCode, LocalId};
use std::collections::{BTreeMap, VecDeque};

/// Requests for someone who waits, at once.
const INTERACTIVE_AT_ONCE: usize = 6;
/// Background requests at once.
const BACKGROUND_AT_ONCE: usize = 4;
/// How long after a failure even one who asks anew waits for the next try.
const ASKED_AGAIN_MS: u64 = 3000;

/// After so many failures of the list whoever waits for a comparison is told.
const TRIES_WAITED_FOR: u8 = 4;

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A page of the list, for pass number `pass`.
    List { pass: u64 },
    /// The newest messages of all conversations, for pass number `pass`.
    Bulk { pass: u64 },
    /// The newest messages of all, for what a new link may have missed.
    Join,
    /// The newest page of a conversation.
    Load { conversation_id: ConversationId, serial: u64 },
    /// An older stretch of a conversation.
    Older { conversation_id: ConversationId, token: Token, grown: bool },
    /// A text or a file.
    Send { local_id: LocalId },
    /// A look for an echo in a conversation that is not known by id.
    FindConversation,
    /// A mark-read.
    Read { conversation_id: ConversationId },
    /// Somebody's bot switch.
    Bot { conversation_id: ConversationId, token: Token },
    /// The same for all.
    BotAll { enabled: bool, token: Token },
    /// A deletion.
    Delete { conversation_id: ConversationId, token: Token },
    /// Whether WhatsApp is linked.
    LinkStatus,
    /// A question passed through.
    Ask { token: Token },
}

#[derive(Debug, Clone)]
struct Job {
    purpose: Purpose,
    request: Request,
    priority: Priority,
    not_before: u64,
    tries: u8,
    /// When it failed last.
    failed_at: Option<u64>,
}

/// Waiting and under way.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    next: u64,
    waiting: VecDeque<Job>,
    under_way: BTreeMap<RequestId, Job>,
}

impl Requests {
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Forgets background requests that have not left.
    pub(crate) fn drop_background(&mut self) {
        self.waiting.retain(|job| job.priority == Priority::Interactive);
    }

    pub(crate) fn drop_where(&mut self, mut gone: impl FnMut(&Purpose) -> bool) {
        self.waiting.retain(|job| !gone(&job.purpose));
    }

    /// Lets a request that has not left go before those for nobody. One that failed keeps its wait,
    /// or a server that refuses would be asked as fast as it refuses; where the operator `asked`
    /// for it, the wait is no longer than some seconds.
    pub(crate) fn hasten(&mut self, purpose: &Purpose, now: u64, asked: bool) {
        for job in self.waiting.iter_mut().filter(|job| job.purpose == *purpose) {
            job.priority = Priority::Interactive;
            if asked {
                let soon = job.failed_at.map_or(now, |at| at.saturating_add(ASKED_AGAIN_MS));
                job.not_before = job.not_before.min(soon);
            }
        }
    }

    fn under_way(&self, priority: Priority) -> usize {
        self.under_way.values().filter(|job| job.priority == priority).count()
    }

    /// Whether a request for this purpose waits or is under way.
    pub(crate) fn has(&self, purpose: &Purpose) -> bool {
        self.waiting.iter().chain(self.under_way.values()).any(|job| job.purpose == *purpose)
    }

    /// Whether a request for this purpose waits to leave.
    pub(crate) fn has_not_left(&self, purpose: &Purpose) -> bool {
        self.waiting.iter().any(|job| job.purpose == *purpose)
    }

    /// Whether a request for this purpose has left.
    pub(crate) fn has_left(&self, purpose: &Purpose) -> bool {
        self.under_way.values().any(|job| job.purpose == *purpose)
    }
}

impl Engine {
    pub(crate) fn request(&mut self, purpose: Purpose, request: Request, priority: Priority) {
        self.requests.waiting.push_back(Job {
            purpose,
            request,
            priority,
            not_before: 0,
            tries: 0,
            failed_at: None,
        });
    }

    /// Lets waiting requests leave, interactive ones first, in their order.
    pub(crate) fn pump_requests(&mut self) {
        for priority in [Priority::Interactive, Priority::Background] {
            let at_once = match priority {
                Priority::Interactive => INTERACTIVE_AT_ONCE,
                Priority::Background => BACKGROUND_AT_ONCE,
            };
            let mut kept = VecDeque::new();
            while let Some(job) = self.requests.waiting.pop_front() {
                let may = job.priority == priority
                    && job.not_before <= self.now.mono
                    && self.requests.under_way(priority) < at_once
                    && self.budget.admits(priority)
                    && self.gate == Gate::SignedIn;
                if may {
                    self.leave(job);
                } else {
                    if job.not_before > self.now.mono {
                        self.at(job.not_before, Timer::Wake);
                    }
                    kept.push_back(job);
                }
            }
            self.requests.waiting = kept;
        }
    }

    fn leave(&mut self, job: Job) {
        self.budget.spend(self.now.mono, job.priority);
        self.requests.next = self.requests.next.saturating_add(1);
        let id = RequestId(self.requests.next);
        self.out.push(Effect::Request { id, request: job.request.clone() });
        self.requests.under_way.insert(id, job);
    }

    pub(crate) fn on_answer(
        &mut self,
        id: RequestId,
        result: Result<Reply, Failure>,
        headers: &Headers,
        rtt_ms: u32,
    ) {
        self.budget.learn(self.now.mono, headers);
        if let Some(time) = headers.server_time {
            let offset = time.as_millis().saturating_sub(self.now.wall.as_millis());
            // Whole seconds, and the way back: half a second either way is no news.
            if offset.abs_diff(self.offset_ms) > 1500 {
                self.offset_ms = offset;
            }
        }
        let Some(job) = self.requests.under_way.remove(&id) else {
            return;
        };
        // An unclear end may have done it all the same.
        let refused = matches!(
            result,
            Err(Failure::NotSent | Failure::RateLimited { .. } | Failure::Refused { .. })
        );
        if refused && job.request == Request::WhatsappDisconnect {
            self.end_unlinking();
        }
        match &result {
            Ok(_) if !job.request.is_send() => self.rtt_ms = Some(rtt_ms),
            Err(Failure::RateLimited { retry_after_ms }) => {
                self.budget.block(self.now.mono, *retry_after_ms);
                if let Some(until) = self.budget.blocked_until() {
                    self.at(until, Timer::Wake);
                }
                if !job.request.is_send() {
                    if self.patient(&job.purpose) {
                        self.requests.waiting.push_front(job);
                    } else {
                        self.give_up(job.purpose, ErrorCode::RateLimited);
                    }
                    return;
                }
            }
            Ok(_) | Err(_) => {}
        }
        self.settle(job, result);
    }

    /// Whether nobody waits for this one, so that it can wait itself.
    fn patient(&self, purpose: &Purpose) -> bool {
        match purpose {
            Purpose::List { pass } | Purpose::Bulk { pass } => self.is_current(*pass),
            Purpose::Load { conversation_id, serial } => {
                self.reachable() && self.loads.is_current(*conversation_id, *serial)
            }
            Purpose::FindConversation
            | Purpose::Read { .. }
            | Purpose::Join
            | Purpose::LinkStatus => self.reachable(),
            _ => false,
        }
    }

    fn settle(&mut self, mut job: Job, result: Result<Reply, Failure>) {
        let failure = match (job.purpose.clone(), result) {
            (Purpose::Send { local_id }, result) => return self.on_sent(&local_id, result),
            (Purpose::List { pass }, Ok(Reply::Conversations { rows, raw_rows })) => {
                return self.on_list(pass, rows, raw_rows);
            }
            (Purpose::Bulk { pass }, Ok(Reply::Messages { rows, raw_rows })) => {
                return self.on_bulk(pass, rows, raw_rows);
            }
            (Purpose::Join, Ok(Reply::Messages { rows, .. })) => return self.on_join(rows),
            (Purpose::Load { conversation_id, serial }, Ok(Reply::Messages { rows, raw_rows })) => {
                let Request::Messages { limit, offset, .. } = job.request else {
                    return;
                };
                let full = offset > 0 || raw_rows >= limit;
                return self.on_page(conversation_id, serial, rows, full);
            }
            (
                Purpose::Older { conversation_id, token, grown },
                Ok(Reply::Messages { rows, raw_rows }),
            ) => {
                let Request::Messages { limit, offset, .. } = job.request else {
                    return;
                };
                let from_start = offset == 0 && raw_rows < limit;
                return self.on_older(conversation_id, token, grown, rows, from_start);
            }
            (Purpose::FindConversation, Ok(Reply::Conversations { rows, .. })) => {
                return self.on_found(rows);
            }
            (Purpose::Read { conversation_id }, Ok(_)) => return self.on_read(conversation_id),
            (Purpose::Bot { conversation_id, token }, Ok(Reply::BotSet { enabled })) => {
                return self.on_bot_set(conversation_id, token, enabled);
            }
            (Purpose::BotAll { enabled, token }, Ok(_)) => {
                return self.on_bot_all(token, enabled);
            }
            (Purpose::Delete { conversation_id, token }, Ok(_)) => {
                self.on_deleted(conversation_id);
                return self.answer(token, Ok(Answered::Done));
            }
            (
                Purpose::Delete { conversation_id, token },
                Err(Failure::Refused { status: 404, .. }),
            ) => {
                self.on_deleted(conversation_id);
                return self.answer(token, Ok(Answered::Done));
            }
            (Purpose::LinkStatus, Ok(Reply::Whatsapp { state, phone })) => {
                return self.on_link_status(state, phone);
            }
            (Purpose::Ask { token }, Ok(reply)) => {
                if let Reply::Whatsapp { state, phone } = &reply {
                    self.on_link_status(*state, phone.clone());
                }
                return self.answer(token, Ok(Answered::Reply { reply: Box::new(reply) }));
            }
            (_, Ok(_)) => Failure::Malformed,
            (_, Err(failure)) => failure,
        };
        job.tries = job.tries.saturating_add(1);
        let passing = matches!(
            failure,
            Failure::ServerFault { .. }
                | Failure::Unclear { .. }
                | Failure::NotSent
                | Failure::Malformed
        );
        let most = match job.purpose {
            Purpose::List { .. } => u8::MAX,
            Purpose::Load { .. } | Purpose::Bulk { .. } => 4,
            _ => 3,
        };
        if passing && self.patient(&job.purpose) && job.tries < most {
            let wait = 500_u64.saturating_mul(1 << job.tries.min(6)).min(30_000);
            job.not_before = self.now.mono.saturating_add(wait);
            job.failed_at = Some(self.now.mono);
            // It goes on, but who waits is told.
            if matches!(job.purpose, Purpose::List { .. }) && job.tries == TRIES_WAITED_FOR {
                self.disappoint(code_of(&failure));
            }
            self.requests.waiting.push_front(job);
            return;
        }
        self.give_up(job.purpose, code_of(&failure));
    }

    /// The end of a request that brought nothing.
    fn give_up(&mut self, purpose: Purpose, code: ErrorCode) {
        match purpose {
            Purpose::List { pass } => {
                if self.is_current(pass) {
                    self.abandon_pass(code);
                }
            }
            Purpose::Bulk { pass } => self.on_no_bulk(pass),
            Purpose::Load { conversation_id, serial } => {
                self.on_no_page(conversation_id, serial, code);
            }
            Purpose::Read { conversation_id } => self.on_not_read(conversation_id, code),
            Purpose::Older { token, .. }
            | Purpose::Bot { token, .. }
            | Purpose::BotAll { token, .. }
            | Purpose::Delete { token, .. }
            | Purpose::Ask { token } => self.answer(token, Err(code)),
            Purpose::LinkStatus => self.after_ms(60_000, Timer::LinkStatus),
            Purpose::Join | Purpose::FindConversation | Purpose::Send { .. } => {}
        }
    }
}

/// The code that stands for a failure at the boundary.
pub(crate) const fn code_of(failure: &Failure) -> ErrorCode {
    match failure {
        Failure::NotSent => ErrorCode::Offline,
        Failure::Unclear { .. } => ErrorCode::Timeout,
        Failure::RateLimited { .. } => ErrorCode::RateLimited,
        Failure::SessionExpired => ErrorCode::SessionExpired,
        Failure::AccountInactive => ErrorCode::AccountInactive,
        Failure::NotLinked => ErrorCode::NotLinked,
        Failure::Refused { .. } => ErrorCode::Refused,
        Failure::RefusedNumber => ErrorCode::RefusedNumber,
        Failure::ServerFault { .. } => ErrorCode::ServerFault,
        Failure::BadFile { reason } => match reason {
            condorito_model::rest::FileFault::Unreadable => ErrorCode::FileUnreadable,
            condorito_model::rest::FileFault::TooBig => ErrorCode::FileTooBig,
            condorito_model::rest::FileFault::WrongKind => ErrorCode::FileKind,
        },
        Failure::Malformed => ErrorCode::NotCondorito,
    }
}

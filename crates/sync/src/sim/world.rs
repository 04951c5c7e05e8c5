//! The seeded world: what happens when.

use super::coverage::Coverage;
use super::server::{Done, Server, server_time};
use super::store::MemStore;
use super::{Plant, oracle};
use crate::{Answered, Command, Config, Effect, Engine, Input, Now, RequestId, Ticket, Token};
use condorito_model::fact::{MessageKind, Sender, ServerEvent};
use condorito_model::link::{DownReason, LinkFact};
use condorito_model::record::{OutboxRow, OutboxState, StoreFault, StoreOp};
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::view::ConnectionState;
use condorito_model::{ConversationId, LocalId, Timestamp};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const MINUTE: u64 = 60_000;

/// What can happen.
#[derive(Debug, Clone)]
enum Happening {
    Traffic,
    Operator(usize),
    Disturb,
    Arrive {
        client: usize,
        life: u32,
        id: RequestId,
        request: Request,
        fate: Fate,
    },
    Answer {
        client: usize,
        life: u32,
        id: RequestId,
        result: Result<Reply, Failure>,
        headers: Headers,
    },
    Commit {
        client: usize,
        life: u32,
    },
    Event {
        client: usize,
        generation: u64,
        event: Box<ServerEvent>,
    },
    Noticed {
        client: usize,
        generation: u64,
    },
    Dial {
        client: usize,
        life: u32,
        attempt: u32,
    },
    Reopen {
        client: usize,
    },
    SignIn {
        client: usize,
        life: u32,
    },
    Relink,
    Tick {
        client: usize,
        life: u32,
    },
    Unblock {
        client: usize,
    },
    DiskBack {
        client: usize,
    },
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    LostBefore,
    LostAfter,
    Fault500Before,
    Fault500After,
    Bad502Before,
    Bad502After,
    Unauthorized,
    Forbidden,
    TooLarge,
    Refused,
    RefusedNumber,
    MalformedAfter,
}

/// A text as the operator remembers it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub phone: String,
    pub text: String,
    pub order: i64,
    pub consents: u32,
    pub discarded: bool,
}

/// One desktop.
#[derive(Debug)]
pub(super) struct Client {
    pub engine: Engine,
    pub store: MemStore,
    batches: VecDeque<(Ticket, Vec<StoreOp>)>,
    life: u32,
    alive: bool,
    /// The link as the engine knows it.
    generation: u64,
    up: bool,
    /// The link is dead, and nobody has noticed yet.
    broken: bool,
    blocked: bool,
    expired: bool,
    disk_full: bool,
    skew: i64,
    next_token: u64,
    discards: BTreeMap<Token, LocalId>,
    pub written: BTreeMap<LocalId, Written>,
    pub state: ConnectionState,
    /// An event was lost without the link ending: only the next comparison can show it.
    pub deceived: bool,
    last_event_due: u64,
    pub requests_open: usize,
    blocked_until: u64,
    pub synced: bool,
    seen_states: BTreeMap<LocalId, OutboxState>,
    /// When the next tick is in the calendar.
    tick_at: Option<u64>,
    /// Events on their way to it.
    events_open: usize,
}

/// How unkind this seed is.
#[derive(Debug, Clone, Copy)]
struct Temper {
    request_faults: f64,
    event_loss: f64,
    event_twist: f64,
    disturb_every: u64,
    traffic_every: u64,
    operator_every: u64,
    equal_texts: f64,
}

/// One seed's world.
#[derive(Debug)]
pub struct World {
    rng: ChaCha8Rng,
    now: u64,
    calendar: BTreeMap<(u64, u64), Happening>,
    next: u64,
    pub(super) server: Server,
    pub(super) clients: Vec<Client>,
    temper: Temper,
    end: u64,
    calm: bool,
    config: Config,
    plant: Option<Plant>,
    /// Numbers whose conversation was deleted once: what was in it is gone.
    pub(super) deleted: BTreeSet<String>,
    pub(super) coverage: Coverage,
    failure: Option<String>,
    made: u64,
    arrivals_open: usize,
    delivered: usize,
    trace: bool,
}

impl World {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64, plant: Option<Plant>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tight = rng.random_bool(0.25);
        let server = if tight {
            Server::new(60, 2 * MINUTE)
        } else {
            Server::new(500, 15 * MINUTE)
        };
        let mut config = Config::default();
        if rng.random_bool(0.5) {
            config.page = rng.random_range(6..20);
        }
        if rng.random_bool(0.3) {
            config.eager = 2;
        }
        let mut level = |p: f64, lo: f64, hi: f64| {
            if rng.random_bool(p) {
                rng.random_range(lo..hi)
            } else {
                0.0
            }
        };
        let temper = Temper {
            request_faults: level(0.7, 0.02, 0.4),
            event_loss: level(0.25, 0.01, 0.1),
            event_twist: level(0.4, 0.02, 0.3),
            equal_texts: level(0.4, 0.1, 0.6),
            disturb_every: 0,
            traffic_every: 0,
            operator_every: 0,
        };
        let temper = Temper {
            disturb_every: rng.random_range(20_000..300_000),
            traffic_every: rng.random_range(1500..15_000),
            operator_every: rng.random_range(3000..25_000),
            ..temper
        };
        let end = rng.random_range(8..30) * MINUTE;
        let two = rng.random_bool(0.3);
        let mut world = Self {
            rng,
            now: 1000,
            calendar: BTreeMap::new(),
            next: 0,
            server,
            clients: Vec::new(),
            temper,
            end,
            calm: false,
            config,
            plant,
            deleted: BTreeSet::new(),
            coverage: Coverage::default(),
            failure: None,
            made: 0,
            arrivals_open: 0,
            delivered: 0,
            trace: false,
        };
        world.populate();
        for index in 0..if two { 2 } else { 1 } {
            world.add_client(index);
        }
        if two {
            world.coverage.hit("second client of the tenant");
        }
        world.schedule(500, Happening::Traffic);
        world.schedule(5000, Happening::Disturb);
        world
    }

    fn populate(&mut self) {
        let conversations = self.rng.random_range(0..40);
        for index in 0..conversations {
            let id = self.server.thread_of(&phone(index), "Contacto", self.now);
            for _ in 0..self.rng.random_range(0..90) {
                let from = *[Sender::Contact, Sender::Client, Sender::Bot]
                    .choose(&mut self.rng)
                    .unwrap_or(&Sender::Contact);
                let lag = self.rng.random_range(0..86_400_000);
                self.made += 1;
                let text = format!("historia {}", self.made);
                self.server
                    .store(id, from, MessageKind::Text, Some(&text), self.now, lag);
            }
        }
    }

    fn add_client(&mut self, index: usize) {
        self.clients.push(Client {
            engine: Engine::new(self.config),
            store: MemStore::default(),
            batches: VecDeque::new(),
            life: 0,
            alive: false,
            generation: 0,
            up: false,
            broken: false,
            blocked: false,
            expired: false,
            disk_full: false,
            skew: 0,
            next_token: 0,
            discards: BTreeMap::new(),
            written: BTreeMap::new(),
            state: ConnectionState::Stopped,
            deceived: false,
            last_event_due: 0,
            requests_open: 0,
            blocked_until: 0,
            synced: false,
            seen_states: BTreeMap::new(),
            tick_at: None,
            events_open: 0,
        });
        self.schedule(100, Happening::Reopen { client: index });
        self.schedule(8000, Happening::Operator(index));
    }

    fn schedule(&mut self, delay: u64, what: Happening) {
        match &what {
            Happening::Event { client, .. } => {
                if let Some(state) = self.clients.get_mut(*client) {
                    state.events_open += 1;
                }
            }
            Happening::Arrive { .. } => self.arrivals_open += 1,
            _ => {}
        }
        self.next += 1;
        self.calendar.insert((self.now + delay, self.next), what);
    }

    fn hit(&mut self, name: &'static str) {
        self.coverage.hit(name);
    }

    pub(super) fn fail(&mut self, what: String) {
        if self.failure.is_none() {
            self.failure = Some(format!("at {} ms: {what}", self.now));
        }
    }

    /// The same, telling on standard error every input and effect.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = true;
        self
    }

    /// Runs to the end of the seed and past it into calm, then asks the oracle.
    ///
    /// # Errors
    /// What was violated.
    pub fn run(mut self) -> Result<Coverage, String> {
        self.live_until(self.end);
        self.calm_down();
        self.live_until(self.end + 60 * MINUTE);
        // Twice: what one client does in the first (a mark-read that waited) is silent to the other.
        for round in 1..=2 {
            for client in 0..self.clients.len() {
                self.command(client, Command::SyncNow);
            }
            self.live_until(self.end + 60 * MINUTE + round * 40 * MINUTE);
        }
        // Every conversation back to its beginning, as an operator would scroll.
        for client in 0..self.clients.len() {
            self.read_everything(client);
        }
        if self.failure.is_none() {
            if let Err(what) = oracle::at_the_end(&self) {
                self.fail(what);
            }
            self.hit("checked at the end");
        }
        match self.failure {
            Some(what) => Err(what),
            None => Ok(self.coverage),
        }
    }

    fn live_until(&mut self, end: u64) {
        while self.failure.is_none() {
            let Some((&(at, key), _)) = self.calendar.first_key_value() else {
                break;
            };
            if at > end {
                break;
            }
            let Some(what) = self.calendar.remove(&(at, key)) else {
                break;
            };
            self.now = at;
            self.happen(what);
        }
        self.now = self.now.max(end);
    }

    fn calm_down(&mut self) {
        self.calm = true;
        self.server.linked = true;
        self.temper.request_faults = 0.0;
        self.temper.event_loss = 0.0;
        self.temper.event_twist = 0.0;
        for client in 0..self.clients.len() {
            let Some(state) = self.clients.get_mut(client) else {
                continue;
            };
            state.disk_full = false;
            state.blocked = false;
            if state.alive && state.expired {
                state.expired = false;
                self.input(client, Input::SignedIn);
                self.redial(client);
            }
        }
    }

    fn read_everything(&mut self, client: usize) {
        for _ in 0..40 {
            let Some(state) = self.clients.get(client) else {
                return;
            };
            let open: Vec<ConversationId> = state
                .store
                .conversations
                .keys()
                .filter(|id| !id.is_local())
                .filter(|id| {
                    let coverage = state.store.coverage(**id);
                    let total = self
                        .server
                        .threads
                        .get(id)
                        .map_or(0, |thread| thread.messages.len());
                    total > 0 && (!coverage.start_known || coverage.gap)
                })
                .copied()
                .collect();
            if open.is_empty() {
                return;
            }
            for id in open {
                self.command(
                    client,
                    Command::LoadMessages {
                        conversation_id: id,
                        older: true,
                    },
                );
            }
            self.live_until(self.now + 20 * MINUTE);
        }
    }

    fn happen(&mut self, what: Happening) {
        let settles = matches!(
            what,
            Happening::Commit { .. } | Happening::Answer { .. } | Happening::Event { .. }
        );
        match what {
            Happening::Traffic => self.traffic(),
            Happening::Operator(client) => self.operator(client),
            Happening::Disturb => self.disturb(),
            Happening::Arrive {
                client,
                life,
                id,
                request,
                fate,
            } => {
                self.arrivals_open = self.arrivals_open.saturating_sub(1);
                self.arrive(client, life, id, &request, fate);
            }
            Happening::Answer {
                client,
                life,
                id,
                result,
                headers,
            } => {
                if self.is_life(client, life) {
                    if let Some(state) = self.clients.get_mut(client) {
                        state.requests_open = state.requests_open.saturating_sub(1);
                        if let Err(Failure::RateLimited { retry_after_ms }) = &result {
                            state.blocked_until = self.now + retry_after_ms.unwrap_or(0);
                        }
                    }
                    let expired = result == Err(Failure::SessionExpired);
                    self.input(
                        client,
                        Input::Answer {
                            request: id,
                            result,
                            headers,
                            rtt_ms: 50,
                        },
                    );
                    if expired {
                        self.expire(client);
                    }
                }
            }
            Happening::Commit { client, life } => self.commit(client, life),
            Happening::Event {
                client,
                generation,
                event,
            } => {
                if let Some(state) = self.clients.get_mut(client) {
                    state.events_open = state.events_open.saturating_sub(1);
                }
                let up = self.clients.get(client).is_some_and(|state| {
                    state.alive && state.up && !state.broken && state.generation == generation
                });
                if up {
                    let fact = LinkFact::Event {
                        generation,
                        event: *event,
                    };
                    self.input(client, Input::Link { fact });
                } else {
                    self.hit("fault event lost with the link");
                }
            }
            Happening::Noticed { client, generation } => self.link_down(client, generation),
            Happening::Dial {
                client,
                life,
                attempt,
            } => self.dial(client, life, attempt),
            Happening::Reopen { client } => self.reopen(client),
            Happening::SignIn { client, life } => {
                if self.is_life(client, life) {
                    if let Some(state) = self.clients.get_mut(client) {
                        state.expired = false;
                    }
                    self.input(client, Input::SignedIn);
                    self.redial(client);
                }
            }
            Happening::Relink => {
                self.server.linked = true;
                let event = ServerEvent::Whatsapp {
                    state: condorito_model::fact::WhatsappState::Connected,
                    qr: None,
                    phone: None,
                    reason: None,
                };
                self.broadcast(vec![event]);
            }
            Happening::Tick { client, life } => {
                if self.is_life(client, life)
                    && let Some(state) = self.clients.get_mut(client)
                    && state.tick_at == Some(self.now)
                {
                    state.tick_at = None;
                }
                let due = self
                    .clients
                    .get(client)
                    .filter(|state| state.alive && state.life == life)
                    .and_then(|state| state.engine.deadline());
                // Not due yet: the engine has put it off, and is asked again for the time.
                if due.is_some() {
                    self.input(client, Input::Tick);
                }
            }
            Happening::Unblock { client } => {
                if let Some(state) = self.clients.get_mut(client) {
                    state.blocked = false;
                }
            }
            Happening::DiskBack { client } => {
                if let Some(state) = self.clients.get_mut(client) {
                    state.disk_full = false;
                }
            }
        }
        self.watch(settles);
    }

    fn is_life(&self, client: usize, life: u32) -> bool {
        self.clients
            .get(client)
            .is_some_and(|state| state.alive && state.life == life)
    }

    // ---- The engine's side ----------------------------------------------------------------

    fn input(&mut self, client: usize, input: Input) {
        let now = self.now;
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let wall = Timestamp::from_millis(server_time(0).as_millis() + state.skew)
            .plus_millis(i64::try_from(now).unwrap_or(i64::MAX));
        let mut input = input;
        // The planted bugs stand where such bugs would be made: at the engine's own door.
        match (self.plant, &mut input) {
            (
                Some(Plant::DoubleSend),
                Input::Answer {
                    result: result @ Err(Failure::Unclear { .. }),
                    ..
                },
            ) => *result = Err(Failure::NotSent),
            (
                Some(Plant::LostEvent),
                Input::Link {
                    fact: LinkFact::Event { .. },
                },
            ) if state.state == ConnectionState::Syncing => {
                return;
            }
            _ => {}
        }
        if self.trace {
            eprintln!("{now} {client} <- {input:?}");
        }
        let effects = state.engine.handle(Now { mono: now, wall }, input);
        if self.trace {
            for effect in &effects {
                eprintln!("{now} {client} -> {effect:?}");
            }
        }
        let deadline = state.engine.deadline();
        let life = state.life;
        for effect in effects {
            self.effect(client, effect);
        }
        if let Some(due) = deadline
            && let Some(state) = self.clients.get_mut(client)
        {
            let due = due.max(now + 1);
            if state.tick_at.is_none_or(|set| due < set) {
                state.tick_at = Some(due);
                self.schedule(due - now, Happening::Tick { client, life });
            }
        }
    }

    fn effect(&mut self, client: usize, effect: Effect) {
        let now = self.now;
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let life = state.life;
        match effect {
            Effect::Store { ticket, ops } => {
                for op in &ops {
                    if let StoreOp::PutOutbox { row } = op {
                        note_state(state, row, &mut self.coverage);
                    }
                }
                state.batches.push_back((ticket, ops));
                let delay = self.rng.random_range(1..40);
                self.schedule(delay, Happening::Commit { client, life });
            }
            Effect::Request { id, request } => {
                if now < state.blocked_until && !self.calm {
                    let what = format!("client {client} asks during a 429: {request:?}");
                    self.fail(what);
                    return;
                }
                state.requests_open += 1;
                self.depart(client, life, id, request);
            }
            Effect::Answer { token, result } => {
                let discarded = state.discards.remove(&token);
                if result.is_ok()
                    && let Some(written) = discarded.and_then(|id| state.written.get_mut(&id))
                {
                    written.discarded = true;
                }
                if let Ok(Answered::Synced { .. }) = result {
                    state.synced = true;
                }
            }
            Effect::Connection { connection } => {
                state.state = connection.state;
                if connection.state == ConnectionState::Polling {
                    self.hit("polling pass");
                }
            }
            Effect::Whatsapp { .. } | Effect::Stats { .. } | Effect::Notify { .. } => {}
        }
    }

    fn commit(&mut self, client: usize, life: u32) {
        if !self.is_life(client, life) {
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let Some((ticket, ops)) = state.batches.pop_front() else {
            return;
        };
        let result = if state.disk_full {
            Err(StoreFault::Full)
        } else {
            Ok(state.store.apply(&ops))
        };
        self.input(client, Input::Stored { ticket, result });
    }

    // ---- Requests -------------------------------------------------------------------------

    fn depart(&mut self, client: usize, life: u32, id: RequestId, request: Request) {
        let headers = Headers::default();
        let Some(state) = self.clients.get(client) else {
            return;
        };
        if state.expired {
            let result = Err(Failure::SessionExpired);
            self.schedule(
                5,
                Happening::Answer {
                    client,
                    life,
                    id,
                    result,
                    headers,
                },
            );
            return;
        }
        let cut = state.broken || (!state.up && !state.blocked);
        let refused = cut && self.rng.random_bool(0.6)
            || self.rng.random_bool(self.temper.request_faults * 0.15);
        if refused {
            if request.is_send() {
                self.hit("5.3 connection refused");
            }
            let result = Err(Failure::NotSent);
            self.schedule(
                20,
                Happening::Answer {
                    client,
                    life,
                    id,
                    result,
                    headers,
                },
            );
            return;
        }
        let fate = if cut {
            if self.rng.random_bool(0.5) {
                Fate::LostBefore
            } else {
                Fate::LostAfter
            }
        } else {
            self.fate(request.is_send())
        };
        if let Request::NewestMessages { .. } = request {
            self.hit("bulk catch-up");
        }
        let delay = self.rng.random_range(5..400);
        self.schedule(
            delay,
            Happening::Arrive {
                client,
                life,
                id,
                request,
                fate,
            },
        );
    }

    fn fate(&mut self, send: bool) -> Fate {
        if !self.rng.random_bool(self.temper.request_faults) {
            return Fate::Well;
        }
        let fates: &[Fate] = if send {
            &[
                Fate::LostBefore,
                Fate::LostAfter,
                Fate::Fault500Before,
                Fate::Fault500After,
                Fate::Bad502Before,
                Fate::Bad502After,
                Fate::Unauthorized,
                Fate::Forbidden,
                Fate::TooLarge,
                Fate::Refused,
                Fate::RefusedNumber,
                Fate::MalformedAfter,
            ]
        } else {
            &[
                Fate::LostBefore,
                Fate::LostAfter,
                Fate::Fault500Before,
                Fate::Bad502After,
                Fate::Unauthorized,
                Fate::MalformedAfter,
            ]
        };
        *fates.choose(&mut self.rng).unwrap_or(&Fate::Well)
    }

    fn arrive(&mut self, client: usize, life: u32, id: RequestId, request: &Request, fate: Fate) {
        let send = request.is_send();
        let back = self.rng.random_range(5..400);
        let mut slow = back;
        let (result, headers) = if fate == Fate::LostBefore {
            if send {
                self.hit("5.3 cut before the server had it");
            }
            slow = self.rng.random_range(500..90_000);
            (Err(Failure::Unclear { status: None }), Headers::default())
        } else if !self.server.admit(self.now) {
            self.hit("fault 429");
            if send {
                self.hit("5.3 refused 429");
            }
            let wait = self.server.window.1.saturating_sub(self.now);
            // Seconds, rounded up, as `Retry-After` has it.
            let retry_after_ms = Some(wait.div_ceil(1000) * 1000);
            (
                Err(Failure::RateLimited { retry_after_ms }),
                self.server.headers(self.now),
            )
        } else {
            self.execute(client, request, fate, &mut slow)
        };
        self.schedule(
            slow,
            Happening::Answer {
                client,
                life,
                id,
                result,
                headers,
            },
        );
    }

    fn execute(
        &mut self,
        client: usize,
        request: &Request,
        fate: Fate,
        slow: &mut u64,
    ) -> (Result<Reply, Failure>, Headers) {
        let send = request.is_send();
        let headers = self.server.headers(self.now);
        let before = match fate {
            Fate::Fault500Before => Some((
                Failure::ServerFault { status: 500 },
                "5.3 500 before sending",
            )),
            Fate::Bad502Before => Some((
                Failure::Unclear { status: Some(502) },
                "5.3 502 before sending",
            )),
            Fate::Unauthorized => Some((Failure::ServerFault { status: 401 }, "5.3 refused 401")),
            Fate::Forbidden => Some((
                Failure::Refused {
                    status: 403,
                    message: None,
                },
                "5.3 refused 403",
            )),
            Fate::TooLarge => Some((
                Failure::Refused {
                    status: 413,
                    message: None,
                },
                "5.3 refused 413",
            )),
            Fate::Refused => Some((
                Failure::Refused {
                    status: 400,
                    message: None,
                },
                "5.3 refused 400",
            )),
            Fate::RefusedNumber => Some((Failure::RefusedNumber, "5.3 duplicate-entry 500")),
            _ => None,
        };
        if let Some((failure, name)) = before {
            if send {
                self.hit(name);
            }
            return (Err(failure), headers);
        }
        let gone = match request {
            Request::DeleteConversation { conversation_id } => self
                .server
                .threads
                .get(conversation_id)
                .map(|thread| thread.fact.phone.clone()),
            _ => None,
        };
        let (done, events) = self.server.execute(client, request, self.now);
        if gone.is_some() && done == Done::Reply(Reply::Done) {
            self.deleted.extend(gone);
        }
        self.broadcast(events);
        if send && self.rng.random_bool(0.1) {
            *slow = self.rng.random_range(1000..55_000);
        }
        let mut name = None;
        let result = match (fate, done) {
            (_, Done::NotLinked) => {
                name = Some("5.3 not linked");
                Err(Failure::NotLinked)
            }
            (_, Done::Fault(status)) if status < 500 => Err(Failure::Refused {
                status,
                message: None,
            }),
            (_, Done::Fault(status)) => Err(Failure::ServerFault { status }),
            (Fate::LostAfter, _) => {
                *slow = self.rng.random_range(500..90_000);
                name = Some("5.3 cut after the server stored it");
                Err(Failure::Unclear { status: None })
            }
            (Fate::Fault500After, _) => {
                name = Some("5.3 500 after sending");
                Err(Failure::ServerFault { status: 500 })
            }
            (Fate::Bad502After, _) => {
                name = Some("5.3 502 after sending");
                Err(Failure::Unclear { status: Some(502) })
            }
            (Fate::MalformedAfter, _) => {
                self.hit("fault malformed answer");
                Err(Failure::Malformed)
            }
            (_, Done::Reply(reply)) => {
                name = Some("5.3 200 with messageId");
                Ok(reply)
            }
        };
        if send && let Some(name) = name {
            self.hit(name);
        }
        (result, headers)
    }

    // ---- The link -------------------------------------------------------------------------

    fn broadcast(&mut self, events: Vec<ServerEvent>) {
        for event in events {
            for client in 0..self.clients.len() {
                self.emit(client, &event);
            }
        }
    }

    fn emit(&mut self, client: usize, event: &ServerEvent) {
        let lost = self.rng.random_bool(self.temper.event_loss);
        let twist = self.rng.random_bool(self.temper.event_twist);
        let quick = self.rng.random_range(1..30);
        let late = self.rng.random_range(100..8000);
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.up || state.broken {
            self.hit("fault event lost with the link");
            return;
        }
        if lost {
            state.deceived = true;
            self.hit("fault event lost in silence");
            return;
        }
        let generation = state.generation;
        let due = (self.now + quick).max(state.last_event_due);
        state.last_event_due = due;
        let what = Happening::Event {
            client,
            generation,
            event: Box::new(event.clone()),
        };
        if twist {
            match late % 3 {
                0 => {
                    self.hit("fault event duplicated");
                    self.schedule(due - self.now, what.clone());
                    self.schedule(due - self.now + late, what);
                }
                1 => {
                    // Others overtake it.
                    self.hit("fault event reordered");
                    self.schedule(due - self.now + late, what);
                }
                _ => {
                    self.hit("fault event delayed");
                    if let Some(state) = self.clients.get_mut(client) {
                        state.last_event_due = due + late;
                    }
                    self.schedule(due - self.now + late, what);
                }
            }
        } else {
            self.schedule(due - self.now, what);
        }
    }

    fn cut(&mut self, client: usize) {
        let notice = if self.rng.random_bool(0.5) {
            5
        } else {
            self.rng.random_range(5..45_000)
        };
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if state.up && !state.broken {
            state.broken = true;
            let generation = state.generation;
            self.hit("fault link cut");
            self.schedule(notice, Happening::Noticed { client, generation });
        }
    }

    fn link_down(&mut self, client: usize, generation: u64) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.alive || !state.up || state.generation != generation {
            return;
        }
        state.up = false;
        state.broken = false;
        state.deceived = false;
        let fact = LinkFact::Down {
            generation,
            reason: DownReason::Broken,
        };
        self.input(client, Input::Link { fact });
        self.redial(client);
    }

    fn redial(&mut self, client: usize) {
        let Some(state) = self.clients.get(client) else {
            return;
        };
        let life = state.life;
        if state.up {
            return;
        }
        self.schedule(
            50,
            Happening::Dial {
                client,
                life,
                attempt: 1,
            },
        );
    }

    fn dial(&mut self, client: usize, life: u32, attempt: u32) {
        if !self.is_life(client, life) {
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if state.up || state.expired {
            return;
        }
        let blocked = state.blocked;
        let fails = blocked || (!self.calm && self.rng.random_bool(0.3));
        self.input(
            client,
            Input::Link {
                fact: LinkFact::Connecting { attempt },
            },
        );
        if fails {
            let wait = self.rng.random_range(500..30_000);
            let fact = LinkFact::Waiting {
                attempt,
                retry_in_ms: wait,
                reason: DownReason::Unreachable,
                blocked,
            };
            self.input(client, Input::Link { fact });
            self.schedule(
                wait,
                Happening::Dial {
                    client,
                    life,
                    attempt: attempt + 1,
                },
            );
            return;
        }
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        state.generation += 1;
        state.up = true;
        state.broken = false;
        state.deceived = false;
        let generation = state.generation;
        self.input(
            client,
            Input::Link {
                fact: LinkFact::Up { generation },
            },
        );
    }

    fn expire(&mut self, client: usize) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        let life = state.life;
        state.up = false;
        state.broken = false;
        self.input(client, Input::SessionExpired);
        let wait = self.rng.random_range(2000..60_000);
        self.schedule(wait, Happening::SignIn { client, life });
    }

    fn kill(&mut self, client: usize) {
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if !state.alive {
            return;
        }
        // What the disk had taken stays, and it may have taken some of what was handed to it.
        let pending = state.batches.len();
        let taken = if pending > 0 {
            self.rng.random_range(0..=pending)
        } else {
            0
        };
        for _ in 0..taken {
            if let Some((_, ops)) = state.batches.pop_front()
                && !state.disk_full
            {
                state.store.apply(&ops);
            }
        }
        let half = !state.batches.is_empty();
        state.batches.clear();
        state.alive = false;
        state.up = false;
        state.broken = false;
        state.life += 1;
        state.tick_at = None;
        state.requests_open = 0;
        state.blocked_until = 0;
        state.state = ConnectionState::Stopped;
        state.deceived = false;
        state.discards.clear();
        self.hit("fault kill and reopen");
        if half {
            self.hit("fault kill with a batch half stored");
        }
        let wait = self.rng.random_range(100..120_000);
        self.schedule(wait, Happening::Reopen { client });
    }

    fn reopen(&mut self, client: usize) {
        let config = self.config;
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        state.alive = true;
        state.expired = false;
        state.generation += 1;
        state.engine = Engine::new(config);
        let snapshot = Box::new(state.store.snapshot());
        self.input(client, Input::Opened { snapshot });
        self.input(client, Input::SignedIn);
        self.redial(client);
    }

    // ---- What people do ---------------------------------------------------------------------

    fn text(&mut self) -> String {
        if self.rng.random_bool(self.temper.equal_texts) {
            self.hit("equal texts");
            return "dale".to_owned();
        }
        self.made += 1;
        format!("texto {}", self.made)
    }

    fn some_thread(&mut self) -> Option<ConversationId> {
        let ids: Vec<ConversationId> = self.server.threads.keys().copied().collect();
        ids.choose(&mut self.rng).copied()
    }

    fn traffic(&mut self) {
        if self.calm {
            return;
        }
        let next = self.rng.random_range(1..self.temper.traffic_every * 2);
        self.schedule(next, Happening::Traffic);
        let burst = if self.rng.random_bool(0.1) {
            self.rng.random_range(2..12)
        } else {
            1
        };
        for _ in 0..burst {
            self.one_act();
        }
    }

    fn one_act(&mut self) {
        let dice = self.rng.random_range(0..100);
        let now = self.now;
        let mut events = Vec::new();
        match dice {
            0..=64 => {
                let id = if dice < 8 || self.server.threads.is_empty() {
                    let number = self.rng.random_range(0..60);
                    self.server.thread_of(&phone(number), "Contacto", now)
                } else {
                    match self.some_thread() {
                        Some(id) => id,
                        None => return,
                    }
                };
                let text = self.text();
                let late = self.rng.random_bool(0.05);
                if late {
                    self.hit("fault late media");
                    let lag = self.rng.random_range(1000..60_000);
                    let kind = MessageKind::Image;
                    events.extend(self.server.store(id, Sender::Contact, kind, None, now, lag));
                } else {
                    let kind = MessageKind::Text;
                    events.extend(self.server.store(
                        id,
                        Sender::Contact,
                        kind,
                        Some(&text),
                        now,
                        0,
                    ));
                }
            }
            65..=77 => {
                let Some(id) = self.some_thread() else { return };
                self.hit("handset text");
                let text = self.text();
                let (from, kind) = if dice % 3 == 0 {
                    (Sender::Bot, MessageKind::Text)
                } else {
                    (Sender::Client, MessageKind::Text)
                };
                events.extend(self.server.store(id, from, kind, Some(&text), now, 0));
            }
            78..=88 => {
                let Some(id) = self.some_thread() else { return };
                self.hit("colleague read");
                self.server.execute(
                    99,
                    &Request::MarkRead {
                        conversation_id: id,
                    },
                    now,
                );
            }
            89..=95 => {
                let Some(id) = self.some_thread() else { return };
                self.hit("colleague bot switch");
                let enabled = dice % 2 == 0;
                self.server.execute(
                    99,
                    &Request::SetBot {
                        conversation_id: id,
                        enabled,
                    },
                    now,
                );
            }
            _ => {
                let Some(id) = self.some_thread() else { return };
                self.hit("colleague delete");
                if let Some(thread) = self.server.threads.get(&id) {
                    self.deleted.insert(thread.fact.phone.clone());
                }
                events.extend(self.server.delete(id));
            }
        }
        self.broadcast(events);
    }

    fn operator(&mut self, client: usize) {
        if self.calm {
            return;
        }
        let next = self.rng.random_range(1..self.temper.operator_every * 2);
        self.schedule(next, Happening::Operator(client));
        if !self.clients.get(client).is_some_and(|state| state.alive) {
            return;
        }
        let known: Vec<(ConversationId, String)> = self
            .clients
            .get(client)
            .map(|state| {
                state
                    .store
                    .conversations
                    .values()
                    .map(|row| (row.id, row.phone.clone()))
                    .collect()
            })
            .unwrap_or_default();
        let one = known.choose(&mut self.rng).cloned();
        let dice = self.rng.random_range(0..100);
        match (dice, one) {
            (0..=4, _) => {
                self.hit("operator text to a new number");
                let number = phone(self.rng.random_range(100..130));
                self.write(client, ConversationId(0), &number);
            }
            (5..=49, Some((id, number))) => {
                self.hit("operator text");
                for _ in 0..self.rng.random_range(1..4) {
                    self.write(client, id, &number);
                }
            }
            (50..=69, Some((id, _))) => {
                self.hit("operator read");
                self.command(
                    client,
                    Command::MarkRead {
                        conversation_id: id,
                    },
                );
            }
            (70..=79, _) => self.resolve_one(client),
            (80..=89, Some((id, _))) => {
                self.hit("operator older page");
                self.command(
                    client,
                    Command::LoadMessages {
                        conversation_id: id,
                        older: true,
                    },
                );
            }
            (90..=92, Some((id, _))) => {
                self.hit("operator delete");
                self.command(
                    client,
                    Command::DeleteConversation {
                        conversation_id: id,
                    },
                );
            }
            (93..=95, Some((id, _))) => {
                self.command(
                    client,
                    Command::SetBot {
                        conversation_id: id,
                        enabled: dice % 2 == 0,
                    },
                );
            }
            (96..=97, _) => {
                self.hit("operator sync");
                self.command(client, Command::SyncNow);
            }
            (_, Some((id, _))) => {
                let conversation_id = Some(id);
                self.input(
                    client,
                    Input::Focus {
                        conversation_id,
                        focused: dice % 2 == 0,
                    },
                );
            }
            _ => {}
        }
    }

    fn write(&mut self, client: usize, conversation_id: ConversationId, number: &str) {
        let text = self.text();
        self.made += 1;
        let local_id = LocalId(format!("c{client}-{}", self.made));
        let now = server_time(self.now);
        let Some(state) = self.clients.get_mut(client) else {
            return;
        };
        if state.disk_full {
            return;
        }
        let row = state.store.enqueue(OutboxRow {
            local_id: local_id.clone(),
            order: 0,
            conversation_id,
            phone: number.to_owned(),
            text: text.clone(),
            file: None,
            written_at: now,
            state: OutboxState::Queued,
            hold: None,
            attempts: 0,
            consents: 1,
            baseline: None,
            message_id: None,
            error: None,
        });
        state.written.insert(
            local_id,
            Written {
                phone: number.to_owned(),
                text,
                order: row.order,
                consents: 1,
                discarded: false,
            },
        );
        // Durable, and the process may die before the engine hears of it.
        if !self.calm && self.rng.random_bool(0.01) {
            self.kill(client);
            return;
        }
        self.command(client, Command::Written { row: Box::new(row) });
    }

    fn resolve_one(&mut self, client: usize) {
        let Some(state) = self.clients.get(client) else {
            return;
        };
        let open: Vec<LocalId> = state
            .store
            .outbox
            .values()
            .filter(|row| matches!(row.state, OutboxState::Unconfirmed | OutboxState::Failed))
            .map(|row| row.local_id.clone())
            .collect();
        let Some(local_id) = open.choose(&mut self.rng).cloned() else {
            return;
        };
        if self.rng.random_bool(0.6) {
            self.hit("operator retry");
            // Consent counts from the click on, whatever becomes of the command.
            if let Some(written) = self
                .clients
                .get_mut(client)
                .and_then(|state| state.written.get_mut(&local_id))
            {
                written.consents += 1;
            }
            self.command(client, Command::Retry { local_id });
        } else {
            self.hit("operator discard");
            let next = self
                .clients
                .get(client)
                .map_or(0, |state| state.next_token + 1);
            if let Some(state) = self.clients.get_mut(client) {
                state.discards.insert(Token(next), local_id.clone());
            }
            self.command(client, Command::Discard { local_id });
        }
    }

    fn command(&mut self, client: usize, command: Command) -> Token {
        let Some(state) = self.clients.get_mut(client) else {
            return Token(0);
        };
        state.next_token += 1;
        let token = Token(state.next_token);
        if state.alive {
            self.input(client, Input::Command { token, command });
        }
        token
    }

    fn disturb(&mut self) {
        if self.calm {
            return;
        }
        let next = self.rng.random_range(1..self.temper.disturb_every * 2);
        self.schedule(next, Happening::Disturb);
        let client = self.rng.random_range(0..self.clients.len());
        match self.rng.random_range(0..10) {
            0..=2 => self.cut(client),
            3 => self.kill(client),
            4 => {
                self.hit("fault server restart");
                // The limiter forgets, and so does WhatsApp's link in this process.
                self.server.window = (self.server.allowance, self.now + self.server.window_ms);
                for client in 0..self.clients.len() {
                    self.cut(client);
                }
                self.unlink();
            }
            5 => self.unlink(),
            6 => {
                self.hit("fault token expiry");
                if let Some(state) = self.clients.get_mut(client)
                    && state.alive
                {
                    state.expired = true;
                }
            }
            7 => {
                self.hit("fault clock jump");
                let skew = self.rng.random_range(-90_000_000..90_000_000);
                if let Some(state) = self.clients.get_mut(client) {
                    state.skew = skew;
                }
            }
            8 => {
                self.hit("fault WebSocket blocked");
                if let Some(state) = self.clients.get_mut(client) {
                    state.blocked = true;
                }
                self.cut(client);
                let wait = self.rng.random_range(60_000..400_000);
                self.schedule(wait, Happening::Unblock { client });
            }
            _ => {
                self.hit("fault disk full");
                if let Some(state) = self.clients.get_mut(client) {
                    state.disk_full = true;
                }
                let wait = self.rng.random_range(1000..30_000);
                self.schedule(wait, Happening::DiskBack { client });
            }
        }
    }

    fn unlink(&mut self) {
        self.hit("fault WhatsApp unlinked");
        self.server.linked = false;
        let wait = self.rng.random_range(5000..200_000);
        self.schedule(wait, Happening::Relink);
    }

    /// What must hold at every instant, looked at when it may have changed.
    fn watch(&mut self, settled: bool) {
        if self.failure.is_some() {
            return;
        }
        if self.server.deliveries.len() != self.delivered {
            self.delivered = self.server.deliveries.len();
            if let Err(what) = oracle::at_any_time(self) {
                self.fail(what);
                return;
            }
        }
        if !settled {
            return;
        }
        for client in 0..self.clients.len() {
            let quiet = self.clients.get(client).is_some_and(|state| {
                state.alive
                    && state.up
                    && !state.broken
                    && !state.deceived
                    && !state.disk_full
                    && state.state == ConnectionState::Online
                    && state.batches.is_empty()
                    && state.requests_open == 0
            });
            if quiet && !self.events_under_way(client) {
                self.hit("checked while online");
                if let Err(what) = oracle::while_online(self, client) {
                    self.fail(what);
                    return;
                }
            }
        }
    }

    fn events_under_way(&self, client: usize) -> bool {
        self.arrivals_open > 0
            || self
                .clients
                .get(client)
                .is_some_and(|state| state.events_open > 0)
    }
}

fn note_state(state: &mut Client, row: &OutboxRow, coverage: &mut Coverage) {
    let before = state.seen_states.insert(row.local_id.clone(), row.state);
    let name = match row.state {
        OutboxState::Queued => "state queued",
        OutboxState::Sending => "state sending",
        OutboxState::Reconciling => "state reconciling",
        OutboxState::Unconfirmed => "state unconfirmed",
        OutboxState::Failed => "state failed",
        OutboxState::Sent => "state sent",
    };
    coverage.hit(name);
    match (before, row.state) {
        (Some(OutboxState::Unconfirmed), OutboxState::Sent) => {
            coverage.hit("unconfirmed became sent by a late echo");
        }
        (Some(OutboxState::Reconciling), OutboxState::Sent) => coverage.hit("reconciled to sent"),
        (Some(OutboxState::Sending), OutboxState::Sent) if row.message_id.is_some() => {
            coverage.hit("5.3 echo before the reply");
        }
        _ => {}
    }
}

fn phone(number: u32) -> String {
    format!("549387{:07}", 5_550_000 + number)
}

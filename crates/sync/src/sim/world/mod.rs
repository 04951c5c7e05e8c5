//! The seeded world: what happens when.

mod calendar;
mod desktop;
mod ending;
mod faults;
mod network;
mod notices;
mod people;
mod requests;
mod ways;

use crate::sim::coverage::Coverage;
use crate::sim::server::Server;
use crate::sim::store::MemStore;
use crate::sim::{Plant, oracle};
use crate::{Command, Config, Engine, RequestId, Ticket, Token};
use condorito_model::LocalId;
use condorito_model::fact::{MessageKind, Sender, ServerEvent};
use condorito_model::record::{OutboxRow, OutboxState, StoreOp};
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::view::ConnectionState;
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
    /// From when on the server's room lets events through to the link.
    in_room_at: u64,
    /// One was lost before that: the client must find it by itself, but not at once.
    pub missed_the_room: bool,
    last_event_due: u64,
    pub requests_open: usize,
    blocked_until: u64,
    pub synced: bool,
    seen_states: BTreeMap<LocalId, OutboxState>,
    /// When the next tick is in the calendar.
    tick_at: Option<u64>,
    /// Events on their way to it.
    events_open: usize,
    told: notices::Told,
    /// When each question was asked since the server last answered anything.
    asked: BTreeMap<String, Vec<u64>>,
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
    /// Chance of its own for what must not change what else happens in a seed.
    side: ChaCha8Rng,
    /// The same for how long the server takes to put a link into its room.
    room: ChaCha8Rng,
    /// Whether the machines of this seed sleep and wake.
    wakes: bool,
    now: u64,
    calendar: BTreeMap<(u64, u64), Happening>,
    next: u64,
    pub(super) server: Server,
    pub(super) clients: Vec<Client>,
    temper: Temper,
    end: u64,
    /// Contacts never rest, and nothing but the link fails.
    busy: bool,
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
        let mut side = ChaCha8Rng::seed_from_u64(seed.wrapping_add(1 << 32));
        let wakes = side.random_bool(0.25);
        let room = ChaCha8Rng::seed_from_u64(seed.wrapping_add(2 << 32));
        let tight = rng.random_bool(0.25);
        let server =
            if tight { Server::new(60, 2 * MINUTE) } else { Server::new(500, 15 * MINUTE) };
        let mut config = Config::default();
        if rng.random_bool(0.5) {
            config.page = rng.random_range(6..20);
        }
        if rng.random_bool(0.3) {
            config.eager = 2;
        }
        if let Some(plant) = plant {
            plant.tune(&mut config);
        }
        let mut level = |p: f64, lo: f64, hi: f64| {
            if rng.random_bool(p) { rng.random_range(lo..hi) } else { 0.0 }
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
            side,
            room,
            wakes,
            now: 1000,
            calendar: BTreeMap::new(),
            next: 0,
            server,
            clients: Vec::new(),
            temper,
            end,
            busy: false,
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

    /// A world with few conversations that never rest, and a link that is cut each minute: counts
    /// change while they are compared, and what a link missed soon lies deep: a late file thousands of
    /// messages back.
    #[must_use]
    pub fn busy(seed: u64) -> Self {
        let mut world = Self::new(seed, None);
        world.server = Server::new(500, 15 * MINUTE);
        for index in 0..world.room.random_range(1..12) {
            world.server.thread_of(&phone(index), "Contacto", world.now);
        }
        world.temper = Temper {
            request_faults: 0.0,
            event_loss: 0.0,
            event_twist: 0.0,
            equal_texts: 0.0,
            disturb_every: MINUTE,
            traffic_every: world.room.random_range(10..80),
            operator_every: 15_000,
        };
        world.end = world.room.random_range(2..5) * MINUTE;
        world.busy = true;
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
                self.server.store(id, from, MessageKind::Text, Some(&text), self.now, lag);
            }
        }
    }

    fn add_client(&mut self, index: usize) {
        self.clients.push(Client {
            engine: Engine::new(self.config),
            store: MemStore::new(self.plant == Some(Plant::OrderBroken)),
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
            in_room_at: 0,
            missed_the_room: false,
            last_event_due: 0,
            requests_open: 0,
            blocked_until: 0,
            synced: false,
            seen_states: BTreeMap::new(),
            tick_at: None,
            events_open: 0,
            told: notices::Told::default(),
            asked: BTreeMap::new(),
        });
        self.schedule(100, Happening::Reopen { client: index });
        self.schedule(8000, Happening::Operator(index));
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
        self.check_the_quiet();
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
    let sent = (Some(OutboxState::Sending), OutboxState::Sent) == (before, row.state);
    if sent && row.message_id.is_some() {
        coverage.hit("5.3 echo before the reply");
    }
}

fn phone(number: u32) -> String {
    format!("549387{:07}", 5_550_000 + number)
}

//! The task that owns the engine: one input at a time in, effects out. Everything that takes time
//! happens elsewhere and comes back as an input.

mod resting;
mod task;
mod words;

use self::task::Task;
use crate::commands::results::{BotSwitched, BudgetFigures, ConnectionChange, RequestFigures};
use crate::events::{Event, Events};
use crate::fault;
use crate::quiet::TimeOfDay;
use crate::recording::Recorder;
use crate::voice::Voice;
use condorito_model::fact::Stats;
use condorito_model::link::LinkFact;
use condorito_model::record::Snapshot;
use condorito_model::view::{Connection, ConnectionState, Whatsapp};
use condorito_model::{ConversationId, ErrorCode, LocalId, Timestamp};
use condorito_net::Rest;
use condorito_store::Store;
use condorito_sync::{Answered, Command, Config, Engine, Input, NoticePolicy, Now, Token};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

/// States of the connection that are remembered.
const REMEMBERED: usize = 50;

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A connection while there is nobody to connect for.
pub(crate) fn stopped_connection() -> Connection {
    Connection {
        state: ConnectionState::Stopped,
        since: now(),
        attempt: 0,
        next_retry_at: None,
        transport: None,
        rtt_ms: None,
        last_event_at: None,
        progress: None,
        limited_until: None,
    }
}

type AnswerTo = oneshot::Sender<Result<Answered, ErrorCode>>;

enum Msg {
    Input(Box<Input>),
    /// What an effect brought; only of interest to the engine that asked.
    Back(Generation, Box<Input>),
    Command(Box<Command>, AnswerTo),
    Link(mpsc::Receiver<LinkFact>),
    Settle(oneshot::Sender<()>),
    ClearCache(Why, oneshot::Sender<Result<(), ErrorCode>>),
    End(oneshot::Sender<()>),
}

/// Why the cache is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Somebody wants it so.
    Asked,
    /// It is damaged: it is set aside.
    Damaged,
}

/// Which engine: each one made in place of another is one more.
type Generation = u64;

/// What the engine last said, for whoever asks.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub connection: Connection,
    /// The states before, oldest first.
    pub states: VecDeque<ConnectionChange>,
    pub whatsapp: Whatsapp,
    pub offset_ms: i64,
    pub budget: BudgetFigures,
    /// The newest counters and when they came.
    pub stats: Option<(Stats, Timestamp)>,
    pub requests: BTreeMap<&'static str, RequestFigures>,
}

#[derive(Debug)]
struct Shared {
    shown: Mutex<Shown>,
    /// Server ids of conversations begun here.
    aliases: Mutex<HashMap<ConversationId, ConversationId>>,
}

impl Shared {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection as shown from now on.
    fn connect(&self, connection: &Connection) {
        let mut shown = self.shown();
        let Connection { state, since, .. } = shown.connection;
        if state != connection.state {
            if shown.states.len() == REMEMBERED {
                shown.states.pop_front();
            }
            shown.states.push_back(ConnectionChange { state, since });
        }
        shown.connection.clone_from(connection);
    }

    fn aliases(&self) -> MutexGuard<'_, HashMap<ConversationId, ConversationId>> {
        self.aliases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to the engine's task. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct EngineHandle {
    inbox: mpsc::UnboundedSender<Msg>,
    shared: Arc<Shared>,
}

/// What the engine's task works with.
pub(crate) struct Surroundings {
    pub store: Store,
    pub rest: Rest,
    pub events: Events,
    pub voice: Arc<Voice>,
    pub recorder: Option<Recorder>,
}

impl EngineHandle {
    /// Starts the task with what the store held.
    pub(crate) fn start(
        surroundings: Surroundings,
        snapshot: Snapshot,
        policy: NoticePolicy,
    ) -> Self {
        let (inbox, messages) = mpsc::unbounded_channel();
        let engine = Engine::new(Config::default());
        let shared = Arc::new(Shared {
            shown: Mutex::new(Shown {
                connection: stopped_connection(),
                states: VecDeque::new(),
                whatsapp: engine.whatsapp().clone(),
                offset_ms: 0,
                budget: BudgetFigures::default(),
                stats: None,
                requests: BTreeMap::new(),
            }),
            aliases: Mutex::new(aliases(&snapshot)),
        });
        let handle = Self { inbox, shared: Arc::clone(&shared) };
        let task = Task {
            engine,
            generation: 0,
            known: HashSet::new(),
            began: Instant::now(),
            inbox: messages,
            back: handle.inbox.downgrade(),
            link: None,
            surroundings,
            shared,
            answers: HashMap::new(),
            next_token: 0,
            unstored: 0,
            later: Arc::default(),
            sends: HashSet::new(),
            resting: None,
            logged: None,
        };
        handle.tell(Input::Opened { snapshot: Box::new(snapshot) });
        handle.tell(Input::Notices { policy });
        tokio::spawn(task.run());
        handle
    }

    /// Hands over an input; nothing answers.
    pub(crate) fn tell(&self, input: Input) {
        // A task that has ended needs to know nothing.
        let _ = self.inbox.send(Msg::Input(Box::new(input)));
    }

    /// Takes the reports of a link from now on, in place of those of the one before.
    pub(crate) fn follow(&self, link: mpsc::Receiver<LinkFact>) {
        let _ = self.inbox.send(Msg::Link(link));
    }

    /// Asks, and waits for the answer. The question is in its place as soon as this is called.
    pub(crate) fn ask(
        &self,
        command: Command,
    ) -> impl Future<Output = Result<Answered, ErrorCode>> + use<> {
        let (answer, answered) = oneshot::channel();
        let _ = self.inbox.send(Msg::Command(Box::new(command), answer));
        async { answered.await.unwrap_or(Err(ErrorCode::SignedOut)) }
    }

    /// Waits until everything that was handed over before this is decided and stored.
    pub(crate) async fn settled(&self) {
        let (done, settled) = oneshot::channel();
        if self.inbox.send(Msg::Settle(done)).is_ok() {
            let _ = settled.await;
        }
    }

    /// Throws away what the server has and begins anew with the rest: nobody is signed in then, and
    /// commands that waited for an answer get none.
    pub(crate) async fn clear_cache(&self, why: Why) -> Result<(), ErrorCode> {
        let (done, cleared) = oneshot::channel();
        if self.inbox.send(Msg::ClearCache(why, done)).is_err() {
            return Err(ErrorCode::SignedOut);
        }
        cleared.await.unwrap_or(Err(ErrorCode::SignedOut))
    }

    /// Ends the task; what it has handed to the store is in the store's hands.
    pub(crate) async fn end(&self) {
        let (done, ended) = oneshot::channel();
        if self.inbox.send(Msg::End(done)).is_ok() {
            let _ = ended.await;
        }
    }

    pub(crate) fn shown(&self) -> Shown {
        self.shared.shown().clone()
    }

    /// Under which ids to look for a conversation: a row changes its id in one commit, which the
    /// decision runs ahead of, so both are worth a look, and the new one again.
    pub(crate) fn ids_of(&self, id: ConversationId) -> impl Iterator<Item = ConversationId> + '_ {
        let looks = if id.is_local() { 3 } else { 1 };
        (0..looks).map(move |look| if look == 1 { id } else { self.resolve(id) })
    }

    /// The id that a conversation has by now.
    pub(crate) fn resolve(&self, id: ConversationId) -> ConversationId {
        if id.is_local() { self.shared.aliases().get(&id).copied().unwrap_or(id) } else { id }
    }
}

/// Server ids of conversations begun here.
fn aliases(snapshot: &Snapshot) -> HashMap<ConversationId, ConversationId> {
    let local = snapshot.local_conversations.iter();
    local.filter_map(|local| local.server_id.map(|server| (local.id, server))).collect()
}

//! The task that owns the engine: one input at a time in, effects out. Everything that takes time
//! happens elsewhere and comes back as an input.

use crate::commands::results::{BotSwitched, BudgetFigures, ConnectionChange, RequestFigures};
use crate::events::{Event, Events};
use crate::fault;
use crate::quiet::TimeOfDay;
use crate::recording::Recorder;
use crate::voice::Voice;
use condorito_model::fact::{ServerEvent, Stats};
use condorito_model::link::LinkFact;
use condorito_model::record::{Snapshot, StoreOp};
use condorito_model::rest::Request;
use condorito_model::view::{Connection, ConnectionState, Whatsapp};
use condorito_model::{ConversationId, ErrorCode, LocalId, Timestamp};
use condorito_net::Rest;
use condorito_store::Store;
use condorito_sync::{Answered, Command, Config, Effect, Engine, Input, NoticePolicy, Now, Token};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

/// Batches that may wait for the disk before no more events are taken from the socket.
const UNSTORED: usize = 2000;

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

struct Task {
    engine: Engine,
    generation: Generation,
    /// Texts that this engine began with: who wrote them may tell of them only later.
    known: HashSet<LocalId>,
    began: Instant,
    inbox: mpsc::UnboundedReceiver<Msg>,
    back: mpsc::WeakUnboundedSender<Msg>,
    link: Option<mpsc::Receiver<LinkFact>>,
    surroundings: Surroundings,
    shared: Arc<Shared>,
    answers: HashMap<Token, AnswerTo>,
    next_token: u64,
    unstored: usize,
    /// What waits in [`Task::after_stored`].
    later: Arc<AtomicUsize>,
    /// The connection's state as last logged.
    logged: Option<ConnectionState>,
}

impl Task {
    async fn run(mut self) {
        loop {
            let due = self.engine.deadline().map(|ms| self.began + Duration::from_millis(ms));
            let listen = self.link.is_some() && self.unstored < UNSTORED;
            let idle = self.inbox.is_empty();
            if idle && let Some(recorder) = &self.surroundings.recorder {
                recorder.flush();
            }
            tokio::select! {
                biased;
                message = self.inbox.recv() => match message {
                    None => break,
                    Some(Msg::End(done)) => {
                        let _ = done.send(());
                        break;
                    }
                    Some(Msg::Input(input)) => self.handle(*input),
                    Some(Msg::Back(generation, input)) => self.back(generation, *input),
                    Some(Msg::ClearCache(why, done)) => {
                        let _ = done.send(self.clear_cache(why).await);
                    }
                    Some(Msg::Command(command, answer)) => self.command(*command, answer),
                    Some(Msg::Link(link)) => self.link = Some(link),
                    // Batches are carried out in order: after an empty one, those before it are.
                    Some(Msg::Settle(done)) => {
                        self.surroundings.store.submit(Vec::new(), move |_| {
                            let _ = done.send(());
                        });
                    }
                },
                fact = next(&mut self.link), if listen => match fact {
                    Some(fact) => self.link_fact(fact),
                    None => self.link = None,
                },
                () = wait(due) => self.handle(Input::Tick),
            }
        }
        if let Some(recorder) = &self.surroundings.recorder {
            recorder.flush();
        }
    }

    /// Nothing is decided meanwhile, so nothing of the old cache is written to the new one.
    async fn clear_cache(&mut self, why: Why) -> Result<(), ErrorCode> {
        let Surroundings { store, voice, .. } = &self.surroundings;
        let cleared = match why {
            Why::Asked => store.clear_cache().await,
            Why::Damaged => store.rebuild_cache().await.map(drop),
        };
        cleared.map_err(|error| fault::of_store(&error))?;
        let snapshot = store.snapshot().await.map_err(|error| fault::of_store(&error))?;
        let policy = voice.policy();
        self.generation += 1;
        self.engine = Engine::new(Config::default());
        self.answers.clear();
        *self.shared.aliases() = aliases(&snapshot);
        self.known = snapshot.outbox.iter().map(|row| row.local_id.clone()).collect();
        self.handle(Input::Opened { snapshot: Box::new(snapshot) });
        self.handle(Input::Notices { policy });
        Ok(())
    }

    fn back(&mut self, generation: Generation, input: Input) {
        if matches!(input, Input::Stored { .. }) {
            self.unstored = self.unstored.saturating_sub(1);
        }
        if generation == self.generation {
            self.handle(input);
        }
    }

    fn command(&mut self, command: Command, answer: AnswerTo) {
        if let Command::Written { row } = &command
            && self.known.remove(&row.local_id)
        {
            let _ = answer.send(Ok(Answered::Done));
            return;
        }
        self.next_token += 1;
        let token = Token(self.next_token);
        self.answers.insert(token, answer);
        self.handle(Input::Command { token, command });
    }

    fn link_fact(&mut self, fact: LinkFact) {
        if let LinkFact::Event {
            event: ServerEvent::BotChanged { conversation_id, enabled }, ..
        } = &fact
        {
            let switched = BotSwitched { conversation_id: *conversation_id, enabled: *enabled };
            self.surroundings.events.tell(&Event::Bot(switched));
        }
        self.handle(Input::Link { fact });
    }

    fn handle(&mut self, input: Input) {
        let mono = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let at = Now { mono, wall: now() };
        if let Some(recorder) = &self.surroundings.recorder {
            recorder.input(at, &input);
        }
        let effects = self.engine.handle(at, input);
        if let Some(recorder) = &self.surroundings.recorder {
            recorder.effects(&effects);
        }
        self.show();
        for effect in effects {
            self.carry_out(effect);
        }
    }

    /// Before the effects, so that whoever hears of one can look.
    fn show(&self) {
        let mut shown = self.shared.shown();
        if let Some(connection) = self.engine.connection() {
            // Only what no effect tells; the rest waits for what it is true of.
            shown.connection.rtt_ms = connection.rtt_ms;
            shown.connection.last_event_at = connection.last_event_at;
        }
        if shown.whatsapp != *self.engine.whatsapp() {
            shown.whatsapp.clone_from(self.engine.whatsapp());
        }
        shown.offset_ms = self.engine.server_offset_ms();
        shown.budget = BudgetFigures {
            remaining: self.engine.budget().remaining(),
            background_used: self.engine.budget().background_used(),
        };
    }

    /// Does something once the batches handed over so far are stored, in the order of the calls.
    fn after_stored(&self, then: impl FnOnce() + Send + 'static) {
        if self.unstored == 0 && self.later.load(Ordering::Acquire) == 0 {
            then();
            return;
        }
        self.later.fetch_add(1, Ordering::Relaxed);
        let later = Arc::clone(&self.later);
        // Batches are carried out in order: after an empty one, those before it are.
        self.surroundings.store.submit(Vec::new(), move |_| {
            then();
            later.fetch_sub(1, Ordering::Release);
        });
    }

    fn carry_out(&mut self, effect: Effect) {
        let Surroundings { store, events, voice, .. } = &self.surroundings;
        match effect {
            Effect::Store { ticket, ops } => {
                self.learn_aliases(&ops);
                self.unstored += 1;
                let (back, generation) = (self.back.clone(), self.generation);
                store.submit(ops, move |result| {
                    if let Some(inbox) = back.upgrade() {
                        let stored = Box::new(Input::Stored { ticket, result });
                        let _ = inbox.send(Msg::Back(generation, stored));
                    }
                });
            }
            Effect::Request { id, request } => self.request(id, request),
            Effect::Answer { token, result } => {
                if let Some(answer) = self.answers.remove(&token) {
                    // Whoever asked reads what was done. They may have given up waiting.
                    self.after_stored(move || {
                        let _ = answer.send(result);
                    });
                }
            }
            Effect::Connection { connection } => {
                if self.logged != Some(connection.state) {
                    tracing::info!(state = ?connection.state, "connection");
                    self.logged = Some(connection.state);
                }
                // *Online* says that nothing is missing: not before it can be read.
                let (shared, events) = (Arc::clone(&self.shared), events.clone());
                self.after_stored(move || {
                    shared.connect(&connection);
                    events.tell(&Event::Connection(connection));
                });
            }
            Effect::Whatsapp { whatsapp } => {
                tracing::info!(state = ?whatsapp.state, "whatsapp");
                events.tell(&Event::Whatsapp(whatsapp));
            }
            Effect::Stats { stats } => {
                self.shared.shown().stats = Some((stats, now()));
                let shown = self.shared.shown().clone();
                events.tell(&Event::Dashboard(voice.dashboard(&shown)));
            }
            Effect::Notify { notice } => {
                if let Some(shown) = voice.notification(&notice, TimeOfDay::now()) {
                    events.tell(&Event::Notification(shown));
                }
            }
        }
    }

    fn learn_aliases(&self, ops: &[StoreOp]) {
        for op in ops {
            if let StoreOp::PutLocalConversation { row } = op
                && let Some(server_id) = row.server_id
            {
                self.shared.aliases().insert(row.id, server_id);
                let Surroundings { voice, .. } = &self.surroundings;
                if voice.rename(row.id, server_id)
                    && let Some(inbox) = self.back.upgrade()
                {
                    let policy = voice.policy();
                    let _ = inbox.send(Msg::Input(Box::new(Input::Notices { policy })));
                }
            }
        }
    }

    fn request(&self, id: condorito_sync::RequestId, request: Request) {
        let kind = kind_of(&request);
        tracing::debug!(kind, number = id.0, "request");
        let Surroundings { rest, store, .. } = &self.surroundings;
        let (rest, store) = (rest.clone(), store.clone());
        let (back, generation) = (self.back.clone(), self.generation);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let file = match &request {
                // Without a copy the file itself is tried: earlier versions kept none.
                Request::SendFile { local_id, .. } => {
                    store.outbox_file(local_id.clone()).await.ok().flatten()
                }
                _ => None,
            };
            let answer = rest.execute_with(&request, file).await;
            {
                let mut shown = shared.shown();
                let figures = shown.requests.entry(kind).or_default();
                figures.made += 1;
                if let Err(failure) = &answer.result {
                    figures.failed += 1;
                    tracing::info!(kind, failure = failure_word(failure), "request failed");
                }
            }
            let rtt_ms = answer.rtt_ms.and_then(|ms| u32::try_from(ms).ok()).unwrap_or(0);
            if let Some(inbox) = back.upgrade() {
                let answer = Input::Answer {
                    request: id,
                    result: answer.result,
                    headers: answer.headers,
                    rtt_ms,
                };
                let _ = inbox.send(Msg::Back(generation, Box::new(answer)));
            }
        });
    }
}

async fn next(link: &mut Option<mpsc::Receiver<LinkFact>>) -> Option<LinkFact> {
    match link {
        Some(link) => link.recv().await,
        None => std::future::pending().await,
    }
}

async fn wait(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// A word for the log, without what a request carries.
const fn kind_of(request: &Request) -> &'static str {
    match request {
        Request::Conversations { .. } => "conversations",
        Request::Messages { .. } => "messages",
        Request::NewestMessages { .. } => "newest_messages",
        Request::MarkRead { .. } => "mark_read",
        Request::SetBot { .. } => "set_bot",
        Request::SetBotAll { .. } => "set_bot_all",
        Request::DeleteConversation { .. } => "delete_conversation",
        Request::SendText { .. } => "send_text",
        Request::SendFile { .. } => "send_file",
        Request::WhatsappStatus => "whatsapp_status",
        Request::WhatsappConnect => "whatsapp_connect",
        Request::WhatsappDisconnect => "whatsapp_disconnect",
        Request::Stats => "stats",
        Request::Quota => "quota",
        Request::BotStatus => "bot_status",
    }
}

/// A word for the log: the server's own sentence may name people.
const fn failure_word(failure: &condorito_model::rest::Failure) -> &'static str {
    use condorito_model::rest::Failure;
    match failure {
        Failure::NotSent => "not_sent",
        Failure::Unclear { .. } => "unclear",
        Failure::RateLimited { .. } => "rate_limited",
        Failure::SessionExpired => "session_expired",
        Failure::AccountInactive => "account_inactive",
        Failure::NotLinked => "not_linked",
        Failure::Refused { .. } => "refused",
        Failure::RefusedNumber => "refused_number",
        Failure::ServerFault { .. } => "server_fault",
        Failure::BadFile { .. } => "bad_file",
        Failure::Malformed => "malformed",
    }
}

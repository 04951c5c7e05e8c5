//! The task itself: it waits, decides one input at a time, and carries out what was decided.

use super::resting::Resting;
use super::words::{failure_word, kind_of};
use super::*;
use condorito_model::fact::ServerEvent;
use condorito_model::record::StoreOp;
use condorito_model::rest::Request;
use condorito_sync::{Effect, RequestId};
use std::sync::atomic::Ordering;

/// Batches that may wait for the disk before no more events are taken from the socket.
const UNSTORED: usize = 2000;

pub(super) struct Task {
    pub(super) engine: Engine,
    pub(super) generation: Generation,
    /// Texts that this engine began with: who wrote them may tell of them only later.
    pub(super) known: HashSet<LocalId>,
    pub(super) began: Instant,
    pub(super) inbox: mpsc::UnboundedReceiver<Msg>,
    pub(super) back: mpsc::WeakUnboundedSender<Msg>,
    pub(super) link: Option<mpsc::Receiver<LinkFact>>,
    pub(super) surroundings: Surroundings,
    pub(super) shared: Arc<Shared>,
    pub(super) answers: HashMap<Token, AnswerTo>,
    pub(super) next_token: u64,
    pub(super) unstored: usize,
    /// What waits in [`Task::after_stored`].
    pub(super) later: Arc<AtomicUsize>,
    /// Texts and files that have left and are not answered.
    pub(super) sends: HashSet<RequestId>,
    /// Set once this engine is to end.
    pub(super) resting: Option<Resting>,
    /// The connection's state as last logged.
    pub(super) logged: Option<ConnectionState>,
}

impl Task {
    pub(super) async fn run(mut self) {
        loop {
            let due = self.engine.deadline().map(|ms| self.began + Duration::from_millis(ms));
            let listen = self.link.is_some() && self.unstored < UNSTORED;
            let patience = self.resting.as_ref().map(|resting| resting.until);
            let idle = self.inbox.is_empty();
            if idle && let Some(recorder) = &self.surroundings.recorder {
                recorder.flush();
            }
            tokio::select! {
                biased;
                message = self.inbox.recv() => match message {
                    None => break,
                    Some(Msg::End(done)) => self.rest_to_end(done),
                    Some(Msg::Input(input)) => self.input(*input),
                    Some(Msg::Back(generation, input)) => self.back(generation, *input),
                    Some(Msg::ClearCache(why, done)) => self.rest_to_clear(why, done),
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
                () = wait(patience) => {}
            }
            if let Some(resting) = self.at_rest()
                && !self.after_rest(resting).await
            {
                break;
            }
        }
        if let Some(recorder) = &self.surroundings.recorder {
            recorder.flush();
        }
    }

    fn back(&mut self, generation: Generation, input: Input) {
        if matches!(input, Input::Stored { .. }) {
            self.unstored = self.unstored.saturating_sub(1);
        }
        if generation == self.generation {
            if let Input::Answer { request, .. } = &input {
                self.sends.remove(request);
            }
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

    pub(super) fn handle(&mut self, input: Input) {
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

    fn request(&mut self, id: RequestId, request: Request) {
        let kind = kind_of(&request);
        if request.is_send() {
            self.sends.insert(id);
        }
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

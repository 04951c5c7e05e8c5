//! The way of an event through the client, as `client` drives it: one task holds the engine, takes
//! what the store has done first, and stops listening while too much waits for the disk.

use crate::world::{CODE, World};
use anyhow::{Result, bail, ensure};
use condorito_model::fact::{ConversationFact, ServerEvent, WhatsappState};
use condorito_model::link::LinkFact;
use condorito_model::record::{Coverage, Outcome, Snapshot, StoreFault, StoreOp};
use condorito_model::rest::{Headers, Reply, Request};
use condorito_model::view::ConnectionState;
use condorito_model::wire::{Decoded, decode_event};
use condorito_model::{ConversationId, RowId};
use condorito_store::Store;
use condorito_sync::{Config, Effect, Engine, Input, NoticePolicy, Now, Ticket};
use condorito_tests::machine::now;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;
use tokio::sync::mpsc;

/// Batches that may wait for the disk before no more events are taken, as in `client`.
const UNSTORED: usize = 2_000;
/// Events that may wait for the engine, as in `net`.
const QUEUE: usize = 256;

/// An event's text, decoded as `net` does.
pub fn decode(text: &str) -> Result<ServerEvent> {
    let payload: Value = serde_json::from_str(text)?;
    match decode_event("message:new", &[payload], CODE) {
        Decoded::Event(event) => Ok(event),
        other => bail!("not an event of the own company: {other:?}"),
    }
}

type Done = (Ticket, std::result::Result<Vec<Outcome>, StoreFault>);

/// Where batches go.
enum Disk {
    /// To the store.
    Store(Store),
    /// Nowhere; the outcomes are as if they had been stored.
    Nowhere(HashMap<ConversationId, Coverage>),
}

/// An engine that is online, with everything compared.
pub struct Pipeline {
    engine: Engine,
    disk: Disk,
    began: Instant,
    list: Vec<ConversationFact>,
    tell: mpsc::UnboundedSender<Done>,
    told: mpsc::UnboundedReceiver<Done>,
    unstored: usize,
    refused: usize,
}

impl Pipeline {
    /// Brings an engine online with what the store held; without a store nothing is written.
    pub async fn online(
        store: Option<Store>,
        snapshot: Snapshot,
        list: Vec<ConversationFact>,
    ) -> Result<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        let disk = match store {
            Some(store) => Disk::Store(store),
            None => Disk::Nowhere(
                snapshot.conversations.iter().map(|(row, coverage)| (row.id, *coverage)).collect(),
            ),
        };
        let mut pipeline = Self {
            engine: Engine::new(Config::default()),
            disk,
            began: Instant::now(),
            list,
            tell,
            told,
            unstored: 0,
            refused: 0,
        };
        pipeline.handle(Input::Opened { snapshot: Box::new(snapshot) });
        pipeline.handle(Input::Notices { policy: NoticePolicy::default() });
        pipeline.handle(Input::SignedIn);
        for fact in [LinkFact::Connecting { attempt: 1 }, LinkFact::Up { generation: 1 }] {
            pipeline.handle(Input::Link { fact });
        }
        pipeline.settle().await?;
        let state = pipeline.engine.connection().map(|shown| shown.state);
        ensure!(state == Some(ConnectionState::Online), "the engine is {state:?}");
        Ok(pipeline)
    }

    /// Takes these events in, one after the other, until the last is stored.
    pub async fn run(&mut self, texts: Vec<String>) -> Result<()> {
        let (sender, mut link) = mpsc::channel(QUEUE);
        let decoding = tokio::task::spawn_blocking(move || -> Result<()> {
            for text in texts {
                sender.blocking_send(decode(&text)?)?;
            }
            Ok(())
        });
        let mut open = true;
        while open || self.unstored > 0 {
            let listen = open && self.unstored < UNSTORED;
            tokio::select! {
                biased;
                Some(done) = self.told.recv() => self.stored(done),
                event = link.recv(), if listen => match event {
                    Some(event) => self.event(event),
                    None => open = false,
                },
            }
            self.tick();
        }
        decoding.await??;
        ensure!(self.refused == 0, "{} batches were refused", self.refused);
        Ok(())
    }

    /// The same on this thread, decoding included.
    pub fn run_here(&mut self, texts: &[String]) -> Result<()> {
        for text in texts {
            self.event(decode(text)?);
            self.tick();
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        while self.unstored > 0 {
            match self.told.recv().await {
                Some(done) => self.stored(done),
                None => bail!("the store is gone"),
            }
        }
        Ok(())
    }

    fn event(&mut self, event: ServerEvent) {
        let fact = LinkFact::Event { generation: 1, event };
        self.handle(Input::Link { fact });
    }

    fn stored(&mut self, (ticket, result): Done) {
        self.unstored = self.unstored.saturating_sub(1);
        self.refused += usize::from(result.is_err());
        self.handle(Input::Stored { ticket, result });
    }

    fn tick(&mut self) {
        if self.engine.deadline().is_some_and(|due| due <= self.mono()) {
            self.handle(Input::Tick);
        }
    }

    fn mono(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let at = Now { mono: self.mono(), wall: now() };
            for effect in self.engine.handle(at, input) {
                match effect {
                    Effect::Store { ticket, ops } => inputs.extend(self.store(ticket, ops)),
                    Effect::Request { id, request } => inputs.push_back(Input::Answer {
                        request: id,
                        result: Ok(self.answer(&request)),
                        headers: Headers::default(),
                        rtt_ms: 1,
                    }),
                    _ => {}
                }
            }
        }
    }

    fn store(&mut self, ticket: Ticket, ops: Vec<StoreOp>) -> Option<Input> {
        match &mut self.disk {
            Disk::Store(store) => {
                self.unstored += 1;
                let tell = self.tell.clone();
                store.submit(ops, move |result| {
                    // Nobody listens any more once the run is over.
                    let _ = tell.send((ticket, result));
                });
                None
            }
            Disk::Nowhere(coverages) => {
                let outcomes = ops.iter().map(|op| outcome(op, coverages)).collect();
                Some(Input::Stored { ticket, result: Ok(outcomes) })
            }
        }
    }

    /// The server's answer: nothing has changed.
    fn answer(&self, request: &Request) -> Reply {
        match request {
            Request::Conversations { limit, offset } => {
                let (limit, offset) =
                    (usize::try_from(*limit).unwrap_or(0), usize::try_from(*offset).unwrap_or(0));
                let rows: Vec<_> = self.list.iter().skip(offset).take(limit).cloned().collect();
                Reply::Conversations { raw_rows: u32::try_from(rows.len()).unwrap_or(0), rows }
            }
            Request::WhatsappStatus => {
                Reply::Whatsapp { state: WhatsappState::Connected, phone: None }
            }
            _ => Reply::Done,
        }
    }
}

/// What the store would say of a message that comes after all others.
fn outcome(op: &StoreOp, coverages: &mut HashMap<ConversationId, Coverage>) -> Outcome {
    match op {
        StoreOp::ApplyMessages { conversation_id, messages, .. } => {
            let coverage = coverages.entry(*conversation_id).or_default();
            let inserted: Vec<RowId> = messages.iter().map(|message| message.id).collect();
            let more = u32::try_from(inserted.len()).unwrap_or(0);
            coverage.cached += more;
            coverage.run += more;
            coverage.newest_id = coverage.newest_id.max(inserted.last().copied());
            Outcome::Applied { inserted, joined: true, coverage: *coverage }
        }
        StoreOp::CloseGaps { conversation_id } => Outcome::Closed {
            coverage: coverages.get(conversation_id).copied().unwrap_or_default(),
        },
        StoreOp::PurgeSent => Outcome::Purged { local_ids: Vec::new() },
        _ => Outcome::Done,
    }
}

/// The server's list of a world, newest first.
pub fn list(world: World) -> Vec<ConversationFact> {
    let mut list: Vec<_> =
        (1..).zip(world.tallies()).map(|(id, tally)| world.fact(id, tally)).collect();
    list.sort_by_key(|fact| std::cmp::Reverse((fact.last_message_at, fact.id)));
    list
}

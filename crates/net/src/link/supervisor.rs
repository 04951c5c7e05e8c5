//! The loop that keeps one link alive: dial, forward, drop, wait, dial.

use super::backoff::Backoff;
use super::connection::{Connection, Incoming};
use super::counters::SharedCounters;
use super::{Command, LinkConfig, TokenFault, TokenSource, wake};
use condorito_model::link::{DownReason, LinkFact};
use condorito_model::wire::{Decoded, decode_event, event_label};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

pub(super) struct Supervisor {
    config: LinkConfig,
    tokens: Arc<dyn TokenSource>,
    reports: mpsc::Sender<LinkFact>,
    commands: mpsc::Receiver<Command>,
    /// For the watch over the clock; also keeps `commands` from closing.
    commands_in: mpsc::Sender<Command>,
    stopped: watch::Receiver<bool>,
    counters: Arc<SharedCounters>,
    backoff: Backoff,
    chance: SmallRng,
    generation: u64,
    /// Attempts since the last link.
    attempt: u32,
    /// The last attempt was refused: the next takes a new token.
    refused: bool,
    /// Since when there is no link.
    without: Instant,
}

/// The supervisor is to end.
struct Stop;

/// How an attempt went.
enum Attempt {
    Up(Box<Connection>, Handle, String),
    Failed(DownReason),
    /// Given up to dial again at once.
    Again,
}

impl Supervisor {
    pub(super) fn new(
        config: LinkConfig,
        tokens: Arc<dyn TokenSource>,
        reports: mpsc::Sender<LinkFact>,
        (commands_in, commands): (mpsc::Sender<Command>, mpsc::Receiver<Command>),
        stopped: watch::Receiver<bool>,
        counters: Arc<SharedCounters>,
    ) -> Self {
        Self {
            backoff: Backoff::new(config.first_wait, config.longest_wait),
            config,
            tokens,
            reports,
            commands,
            commands_in,
            stopped,
            counters,
            chance: SmallRng::from_os_rng(),
            generation: 0,
            attempt: 0,
            refused: false,
            without: Instant::now(),
        }
    }

    pub(super) async fn run(mut self) {
        let watch = tokio::spawn(wake::watch(
            Arc::clone(&self.config.clock),
            self.config.tick,
            self.config.jump,
            self.commands_in.clone(),
        ));
        // Nothing else ends it.
        let Err(Stop) = self.keep().await;
        watch.abort();
        let _ = watch.await;
    }

    async fn keep(&mut self) -> Result<std::convert::Infallible, Stop> {
        loop {
            self.attempt = self.attempt.saturating_add(1);
            self.counters.attempt();
            let attempt = self.attempt;
            self.report(LinkFact::Connecting { attempt }).await?;
            let reason = match self.dial().await? {
                Attempt::Again => continue,
                Attempt::Failed(reason) => {
                    self.counters.failure(reason);
                    self.refused = reason == DownReason::Refused;
                    reason
                }
                Attempt::Up(connection, handle, code) => {
                    self.refused = false;
                    self.attempt = 0;
                    let reason = self.hold(*connection, handle, &code).await?;
                    self.without = Instant::now();
                    if reason == DownReason::Cycled {
                        continue;
                    }
                    reason
                }
            };
            self.wait(reason).await?;
        }
    }

    /// One attempt, within one deadline from the token to the welcome.
    async fn dial(&mut self) -> Result<Attempt, Stop> {
        let deadline = Instant::now() + self.config.deadline;
        let fetch = self.tokens.auth(self.refused);
        let auth = tokio::select! {
            biased;
            () = stop(&mut self.stopped, &self.reports) => return Err(Stop),
            () = cycled(&mut self.commands) => return Ok(Attempt::Again),
            auth = tokio::time::timeout_at(deadline, fetch) => auth,
        };
        let auth = match auth {
            Err(_) => return Ok(Attempt::Failed(DownReason::Timeout)),
            Ok(Err(TokenFault::Unavailable)) => {
                return Ok(Attempt::Failed(DownReason::Unreachable));
            }
            // Nothing leaves while nobody is signed in; the owner stops the link or signs in.
            Ok(Err(TokenFault::Ended)) => return Ok(Attempt::Failed(DownReason::Refused)),
            Ok(Ok(auth)) => auth,
        };
        let code = auth.client_code.clone();
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(mut connection) = Connection::open(&self.config, auth, left) else {
            return Ok(Attempt::Failed(DownReason::Unreachable));
        };
        let up = tokio::select! {
            biased;
            () = stop(&mut self.stopped, &self.reports) => None,
            () = cycled(&mut self.commands) => Some(None),
            up = &mut connection.up => Some(Some(up)),
        };
        match up {
            Some(Some(Ok(handle))) => Ok(Attempt::Up(Box::new(connection), handle, code)),
            Some(Some(Err(_))) => Ok(Attempt::Failed(connection.end(false).await)),
            Some(None) => {
                connection.end(true).await;
                Ok(Attempt::Again)
            }
            None => {
                connection.end(true).await;
                Err(Stop)
            }
        }
    }

    /// Forwards until the link ends, and sees to it that it really has ended then.
    async fn hold(
        &mut self,
        mut connection: Connection,
        handle: Handle,
        code: &str,
    ) -> Result<DownReason, Stop> {
        let since = Instant::now();
        self.generation += 1;
        let generation = self.generation;
        self.counters.connect();
        let own = match self.report(LinkFact::Up { generation }).await {
            Err(Stop) => Some(DownReason::Stopped),
            Ok(()) => self.forward(&mut connection, handle, code).await,
        };
        let theirs = connection.end(own.is_some()).await;
        let reason = own.unwrap_or(theirs);
        self.counters.disconnect(reason);
        tracing::info!(generation, ?reason, "link down");
        self.backoff.held(since.elapsed(), self.config.stable_after);
        let down = LinkFact::Down { generation, reason };
        if reason == DownReason::Stopped {
            // As far as there is room: nobody has to be there to take it.
            let _ = self.reports.try_send(down);
            return Err(Stop);
        }
        self.report(down).await?;
        Ok(reason)
    }

    /// The reason to drop the link, or `None` when it has ended by itself. What was queued before
    /// the end is forwarded first.
    async fn forward(
        &mut self,
        connection: &mut Connection,
        handle: Handle,
        code: &str,
    ) -> Option<DownReason> {
        let mut pulse = Pulse::new(handle, self.config.silence);
        let mut tick = tokio::time::interval(self.config.tick.min(self.config.silence / 4));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop(&mut self.stopped, &self.reports) => return Some(DownReason::Stopped),
                () = cycled(&mut self.commands) => return Some(DownReason::Cycled),
                _ = tick.tick() => if pulse.is_gone() {
                    return Some(DownReason::Silent);
                },
                incoming = connection.events.recv() => {
                    if self.take(incoming?, code).await.is_err() {
                        return Some(DownReason::Stopped);
                    }
                },
            }
        }
    }

    async fn take(&mut self, incoming: Incoming, code: &str) -> Result<(), Stop> {
        let Incoming { name, args, .. } = incoming;
        let label = event_label(&name);
        self.counters.event(label, (self.config.clock)());
        match decode_event(&name, &args, code) {
            Decoded::Event(event) => {
                let generation = self.generation;
                self.report(LinkFact::Event { generation, event }).await?;
            }
            Decoded::Foreign => self.counters.foreign(),
            Decoded::Malformed(error) => {
                tracing::warn!(event = label, %error, "event makes no sense");
                self.counters.malformed();
            }
            Decoded::Unknown => {}
        }
        Ok(())
    }

    /// The back-off wait, and the word to the receiver about it.
    async fn wait(&mut self, reason: DownReason) -> Result<(), Stop> {
        let blocked = self.is_blocked().await?;
        let wait = self.backoff.next(&mut self.chance);
        let until = Instant::now() + wait;
        let waiting = LinkFact::Waiting {
            attempt: self.attempt,
            retry_in_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            reason,
            blocked,
        };
        self.report(waiting).await?;
        tokio::select! {
            biased;
            () = stop(&mut self.stopped, &self.reports) => Err(Stop),
            _ = self.commands.recv() => Ok(()),
            () = tokio::time::sleep_until(until) => Ok(()),
        }
    }

    /// Whether no link could be had for long although REST gets through.
    async fn is_blocked(&mut self) -> Result<bool, Stop> {
        if self.without.elapsed() < self.config.blocked_after {
            return Ok(false);
        }
        tokio::select! {
            biased;
            () = stop(&mut self.stopped, &self.reports) => Err(Stop),
            answers = self.tokens.rest_answers() => Ok(answers),
        }
    }

    async fn report(&mut self, fact: LinkFact) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = stop(&mut self.stopped, &self.reports) => Err(Stop),
            sent = self.reports.send(fact) => sent.map_err(|_| Stop),
        }
    }
}

/// Ends when the link is to stop, or nobody holds its handle or its receiver any more.
async fn stop(stopped: &mut watch::Receiver<bool>, reports: &mpsc::Sender<LinkFact>) {
    tokio::select! {
        biased;
        _ = stopped.wait_for(|stop| *stop) => {}
        () = reports.closed() => {}
    }
}

/// Ends when a new link is wanted; to reconnect now means nothing where this is awaited.
async fn cycled(commands: &mut mpsc::Receiver<Command>) {
    loop {
        match commands.recv().await {
            Some(Command::Cycle) => return,
            Some(Command::Reconnect) => {}
            None => std::future::pending().await,
        }
    }
}

/// Signs of life of a connection that show no bytes: its runtime does nothing but serve it, so it
/// goes to sleep again each time something arrived, and not otherwise.
struct Pulse {
    handle: Handle,
    allowance: Duration,
    beats: u64,
    last: Instant,
}

impl Pulse {
    fn new(handle: Handle, allowance: Duration) -> Self {
        Self {
            beats: handle.metrics().worker_park_count(0),
            handle,
            allowance,
            last: Instant::now(),
        }
    }

    fn is_gone(&mut self) -> bool {
        let beats = self.handle.metrics().worker_park_count(0);
        if beats != self.beats {
            self.beats = beats;
            self.last = Instant::now();
        }
        self.last.elapsed() > self.allowance
    }
}

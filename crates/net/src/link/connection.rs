//! One connection: a thread, a runtime and the library on it, from the dial to the end.

use super::{LinkAuth, LinkConfig};
use condorito_model::link::DownReason;
use futures_util::FutureExt as _;
use rust_socketio::asynchronous::{Client, ClientBuilder, ReconnectSettings};
use rust_socketio::{Event, Payload, TransportType};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

/// How the library begins the text of an error when the server refused the handshake. There is
/// no other sign of it.
const REFUSAL: &str = "Received an ConnectError frame";

/// Bytes that one event may take in memory. The backends' own take a few thousand; what a longer
/// one says is asked for by REST on the next link.
const EVENT_CAP: usize = 1 << 20;

/// Bytes that all waiting events may take together.
const QUEUE_CAP: usize = 32 << 20;

/// An event as it came.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) name: String,
    pub(super) args: Vec<Value>,
    _room: Room,
}

/// Its share of what waiting events may take, given back when it is dropped.
#[derive(Debug)]
struct Room {
    taken: Arc<AtomicUsize>,
    bytes: usize,
}

impl Room {
    /// `None` when there is not as much left.
    fn take(taken: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let before = taken.fetch_add(bytes, Ordering::Relaxed);
        let room = Self { taken: Arc::clone(taken), bytes };
        (bytes <= EVENT_CAP && before.saturating_add(bytes) <= QUEUE_CAP).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// About what a value takes in memory. It is no deeper than the library's parser allows.
fn bytes_of(value: &Value) -> usize {
    let own = size_of::<Value>();
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => own,
        Value::String(text) => own + text.len(),
        Value::Array(items) => own + items.iter().map(bytes_of).sum::<usize>(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| 64 + name.len() + bytes_of(value);
            own + fields.iter().map(field).sum::<usize>()
        }
    }
}

/// A connection in the making, alive, or ended.
#[derive(Debug)]
pub(super) struct Connection {
    /// Ends, after what was queued, when the connection has ended.
    pub(super) events: mpsc::Receiver<Incoming>,
    /// The runtime's handle, once the server welcomed us and the room is asked for.
    pub(super) up: oneshot::Receiver<Handle>,
    ended: oneshot::Receiver<DownReason>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the library's callbacks tell.
enum Signal {
    Connected,
    Refused,
    Error,
    Close,
    /// The stream of packets ended; the library would now reconnect. For a connection that the
    /// server closes in good order this is the only sign.
    Ended,
    Overflow,
}

impl Connection {
    /// Dials on a thread of its own. `None` when the system gives no thread.
    pub(super) fn open(config: &LinkConfig, auth: LinkAuth, limit: Duration) -> Option<Self> {
        let (events_in, events) = mpsc::channel(config.queue.max(1));
        let (up_in, up) = oneshot::channel();
        let (ended_in, ended) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let dial = Dial { config: config.clone(), auth, limit };
        let thread = std::thread::Builder::new()
            .name("condorito-link".to_owned())
            .spawn(move || {
                let reason = match Builder::new_current_thread().enable_all().build() {
                    Err(_) => DownReason::Unreachable,
                    Ok(runtime) => {
                        let reason = runtime.block_on(dial.live(events_in, up_in, stopped));
                        // The library's task and its socket end with the runtime, and not before.
                        runtime.shutdown_background();
                        reason
                    }
                };
                let _ = ended_in.send(reason);
            })
            .ok()?;
        Some(Self { events, up, ended, stop: Some(stop), thread: Some(thread) })
    }

    /// Waits for the end that came, or makes it come when `now`, until the thread is gone.
    pub(super) async fn end(mut self, now: bool) -> DownReason {
        if now {
            drop(self.stop.take());
        }
        let reason = (&mut self.ended).await.unwrap_or(DownReason::Broken);
        if let Some(thread) = self.thread.take() {
            // It has said its last word: this takes no time. A panic in it was a broken link.
            let _ = thread.join();
        }
        reason
    }
}

struct Dial {
    config: LinkConfig,
    auth: LinkAuth,
    limit: Duration,
}

impl Dial {
    /// From the dial to the end. Once up, nothing but the library's own doings and the end wake
    /// this runtime: that is what the supervisor feels its pulse by.
    async fn live(
        self,
        events: mpsc::Sender<Incoming>,
        up: oneshot::Sender<Handle>,
        mut stopped: oneshot::Receiver<()>,
    ) -> DownReason {
        let (signals_in, mut signals) = mpsc::unbounded_channel();
        let builder = self.builder(events, signals_in);
        let establish = tokio::time::timeout(self.limit, self.establish(builder, &mut signals));
        tokio::select! {
            biased;
            _ = &mut stopped => return DownReason::Cycled,
            established = establish => match established {
                Err(_) => return DownReason::Timeout,
                Ok(Err(reason)) => return reason,
                Ok(Ok(())) => {}
            },
        }
        if up.send(Handle::current()).is_err() {
            return DownReason::Cycled;
        }
        tokio::select! {
            biased;
            _ = &mut stopped => DownReason::Cycled,
            signal = signals.recv() => ended_by(signal),
        }
    }

    async fn establish(
        &self,
        builder: ClientBuilder,
        signals: &mut mpsc::UnboundedReceiver<Signal>,
    ) -> Result<(), DownReason> {
        let client = builder.connect().await.map_err(|error| {
            tracing::debug!(%error, "no connection");
            DownReason::Unreachable
        })?;
        // That `connect` succeeded means little: only the welcome does.
        match signals.recv().await {
            Some(Signal::Connected) => {}
            signal => return Err(ended_by(signal)),
        }
        // A value, not a text: the library would read a code of digits as a number.
        let code = Payload::Text(vec![Value::String(self.auth.client_code.clone())]);
        match tokio::time::timeout(self.config.emit, client.emit("join_client_room", code)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(DownReason::Broken),
            Err(_) => Err(DownReason::Timeout),
        }
        // The client goes here: from now on only the library's task holds the callbacks, and if
        // that panics, the end of `signals` tells.
    }

    fn builder(
        &self,
        events: mpsc::Sender<Incoming>,
        signals: mpsc::UnboundedSender<Signal>,
    ) -> ClientBuilder {
        let auth = json!({
            "token": self.auth.token.expose_secret(),
            "clientId": self.auth.client_id,
            "clientCode": self.auth.client_code,
        });
        ClientBuilder::new(self.config.url.as_str())
            .transport_type(TransportType::Websocket)
            .tls_config(self.config.tls.clone())
            .auth(auth)
            .reconnect(true)
            .reconnect_on_disconnect(true)
            .on(Event::Connect, tell(&signals, |_| Signal::Connected))
            .on(Event::Close, tell(&signals, |_| Signal::Close))
            .on(Event::Error, tell(&signals, error_signal))
            .on_any(queue(events, signals.clone()))
            .on_reconnect(move || {
                let _ = signals.send(Signal::Ended);
                // For ever: its own reconnecting is not wanted.
                std::future::pending::<ReconnectSettings>().boxed()
            })
    }
}

type Done = futures_util::future::BoxFuture<'static, ()>;

fn done() -> Done {
    std::future::ready(()).boxed()
}

fn tell(
    signals: &mpsc::UnboundedSender<Signal>,
    what: fn(&Payload) -> Signal,
) -> impl FnMut(Payload, Client) -> Done + Send + Sync + 'static {
    let signals = signals.clone();
    move |payload, _| {
        let _ = signals.send(what(&payload));
        done()
    }
}

/// Queues events and never waits: a callback that waits delays the answer to the server's ping.
/// After the first that does not fit none is queued any more, so that none is missing in between.
fn queue(
    events: mpsc::Sender<Incoming>,
    signals: mpsc::UnboundedSender<Signal>,
) -> impl FnMut(Event, Payload, Client) -> Done + Send + Sync + 'static {
    let full = Arc::new(AtomicBool::new(false));
    let taken = Arc::new(AtomicUsize::new(0));
    move |event, payload, _| {
        if full.load(Ordering::Relaxed) {
            return done();
        }
        let args = match payload {
            Payload::Text(args) => args,
            // Nothing binary is in the contract.
            _ => Vec::new(),
        };
        let name = String::from(event);
        let bytes = name.len() + args.iter().map(bytes_of).sum::<usize>();
        let incoming = Room::take(&taken, bytes).map(|room| Incoming { name, args, _room: room });
        if incoming.is_none_or(|incoming| events.try_send(incoming).is_err()) {
            full.store(true, Ordering::Relaxed);
            let _ = signals.send(Signal::Overflow);
        }
        done()
    }
}

fn error_signal(payload: &Payload) -> Signal {
    match payload {
        Payload::Text(parts) => match parts.first() {
            Some(Value::String(text)) if text.starts_with(REFUSAL) => Signal::Refused,
            _ => Signal::Error,
        },
        _ => Signal::Error,
    }
}

/// All of these are one thing, the end; only its name differs.
fn ended_by(signal: Option<Signal>) -> DownReason {
    match signal {
        Some(Signal::Refused) => DownReason::Refused,
        Some(Signal::Close | Signal::Ended) => DownReason::Closed,
        Some(Signal::Overflow) => DownReason::Overflow,
        // A second welcome on one connection is no protocol of ours.
        Some(Signal::Error | Signal::Connected) | None => DownReason::Broken,
    }
}

//! One connection from its beginning to its end.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::WriteHalf;
use tokio::sync::mpsc::UnboundedReceiver;

use super::fault::{Direction, Fault, Kind, Page};
use super::request::Requests;
use super::{Order, Shared};

/// How a connection ends, towards both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With a farewell.
    Closed,
    /// Without.
    Reset,
}

/// Carries a connection until it ends by itself, by its fate or by an order.
pub(super) async fn connection(
    mut client: TcpStream,
    fate: Option<Fault>,
    orders: UnboundedReceiver<Order>,
    shared: &Shared,
) {
    let Ok(mut server) = TcpStream::connect(shared.target).await else {
        shared.count("server unreachable");
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut line = Line {
        shared,
        orders,
        fate,
        ailment: Ailment::default(),
        passed: [0, 0],
        requests: Requests::default(),
        answered: 0,
        swallow: None,
        socket: Socket::No,
    };
    if line.carry(&mut client, &mut server).await == Err(End::Reset) {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// What a connection suffers from.
#[derive(Debug, Default)]
struct Ailment {
    up_still: bool,
    down_still: bool,
    pace: Option<(usize, Duration)>,
    /// Bytes to the client that are still to be damaged.
    corrupt: usize,
}

impl Ailment {
    /// Whether it would never end by itself.
    fn lasts(&self) -> bool {
        self.up_still || self.down_still || self.pace.is_some()
    }
}

/// Whether it is a WebSocket.
enum Socket<'a> {
    No,
    /// The client asked for it.
    Asked,
    /// The server agreed.
    Open(#[expect(dead_code, reason = "counts while it lives")] Counted<'a>),
}

/// Counts an open WebSocket while it lives.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.websockets.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.websockets.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Line<'a> {
    shared: &'a Shared,
    orders: UnboundedReceiver<Order>,
    fate: Option<Fault>,
    ailment: Ailment,
    /// Bytes up and down.
    passed: [u64; 2],
    requests: Requests,
    /// Requests that the client has finished.
    answered: u32,
    /// What the client gets in place of the server's next answer.
    swallow: Option<Page>,
    socket: Socket<'a>,
}

impl Line<'_> {
    /// Always ends with an `Err`: how.
    async fn carry(&mut self, client: &mut TcpStream, server: &mut TcpStream) -> Result<(), End> {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => self.order(order).await?,
                read = from_client.read(&mut up), if !self.ailment.up_still => {
                    let bytes = up.get(..some(read)?).unwrap_or_default();
                    self.up(bytes, &mut to_server, &mut to_client).await?;
                }
                read = from_server.read(&mut down), if !self.ailment.down_still => {
                    let count = some(read)?;
                    let bytes = down.get_mut(..count).unwrap_or_default();
                    self.down(bytes, &mut to_client).await?;
                }
            }
        }
    }

    async fn order(&mut self, order: Option<Order>) -> Result<(), End> {
        match order {
            None => Err(End::Reset),
            Some(Order::Heal) => {
                self.fate = None;
                if self.ailment.lasts() { Err(End::Reset) } else { Ok(()) }
            }
            Some(Order::Strike(fault)) => self.befall(fault.kind).await,
        }
    }

    async fn befall(&mut self, kind: Kind) -> Result<(), End> {
        self.shared.count(kind.name());
        match kind {
            Kind::Cut { reset } => return Err(if reset { End::Reset } else { End::Closed }),
            Kind::Blackhole => (self.ailment.up_still, self.ailment.down_still) = (true, true),
            Kind::HalfOpen(Direction::Up) => self.ailment.up_still = true,
            Kind::HalfOpen(Direction::Down) => self.ailment.down_still = true,
            Kind::Stall(pause) => self.wait(pause).await?,
            Kind::Trickle { bytes, pause } => self.ailment.pace = Some((bytes, pause)),
            Kind::Corrupt(bytes) => self.ailment.corrupt = bytes,
            // Needs a request, see `up`.
            Kind::Answer { .. } => {}
        }
        Ok(())
    }

    /// Waits; an order may end the connection meanwhile, and a healing ends the wait.
    async fn wait(&mut self, pause: Duration) -> Result<(), End> {
        let due = tokio::time::Instant::now() + pause;
        loop {
            let Ok(order) = tokio::time::timeout_at(due, self.orders.recv()).await else {
                return Ok(());
            };
            match order {
                Some(Order::Heal) if !self.ailment.lasts() => {
                    self.fate = None;
                    return Ok(());
                }
                None | Some(Order::Heal) => return Err(End::Reset),
                // One at a time is enough.
                Some(Order::Strike(_)) => {}
            }
        }
    }

    async fn up(
        &mut self,
        bytes: &[u8],
        server: &mut WriteHalf<'_>,
        client: &mut WriteHalf<'_>,
    ) -> Result<(), End> {
        let seen = self.requests.take(bytes);
        if seen.upgrade {
            self.socket = Socket::Asked;
        }
        let before = self.answered;
        self.answered += seen.ended;
        if let Some(Fault { kind: kind @ Kind::Answer { request, page, delivered }, .. }) =
            self.fate
            && before < request
            && request <= self.answered
        {
            self.fate = None;
            self.shared.count(kind.name());
            if !delivered {
                let _ = client.write_all(&page.bytes()).await;
                return Err(End::Closed);
            }
            self.swallow = Some(page);
        }
        let (first, rest) = self.until_fate(Direction::Up, bytes);
        self.write(server, first).await?;
        if let Some(fault) = rest.and_then(|_| self.fate.take()) {
            self.befall(fault.kind).await?;
        }
        if let Some(rest) = rest.filter(|_| !self.ailment.up_still) {
            self.write(server, rest).await?;
        }
        Ok(())
    }

    async fn down(&mut self, bytes: &mut [u8], client: &mut WriteHalf<'_>) -> Result<(), End> {
        if let Some(page) = self.swallow {
            let _ = client.write_all(&page.bytes()).await;
            return Err(End::Closed);
        }
        if matches!(self.socket, Socket::Asked) {
            let agreed = bytes.starts_with(b"HTTP/1.1 101");
            self.socket = if agreed { Socket::Open(Counted::new(self.shared)) } else { Socket::No };
        }
        let (first, rest) = self.until_fate(Direction::Down, bytes);
        let (first, rest) = (first.len(), rest.map(<[u8]>::len));
        let (healthy, later) = bytes.split_at_mut(first);
        self.write_down(client, healthy).await?;
        if let Some(fault) = rest.and_then(|_| self.fate.take()) {
            self.befall(fault.kind).await?;
        }
        if rest.is_some() && !self.ailment.down_still {
            self.write_down(client, later).await?;
        }
        Ok(())
    }

    /// Damages what is to be damaged and hands it over.
    async fn write_down(
        &mut self,
        client: &mut WriteHalf<'_>,
        bytes: &mut [u8],
    ) -> Result<(), End> {
        let damaged = self.ailment.corrupt.min(bytes.len());
        if let Some(bytes) = bytes.get_mut(..damaged) {
            bytes.fill(0xFF);
            self.ailment.corrupt -= damaged;
        }
        self.write(client, bytes).await?;
        if let (Some(tap), Socket::Open(_)) = (&self.shared.tap, &self.socket) {
            let _ = tap.send((Instant::now(), bytes.to_vec()));
        }
        Ok(())
    }

    /// What passes before the fate of the connection, and what after; counts both.
    fn until_fate<'b>(
        &mut self,
        direction: Direction,
        bytes: &'b [u8],
    ) -> (&'b [u8], Option<&'b [u8]>) {
        let passed = match (direction, &mut self.passed) {
            (Direction::Up, [up, _]) => up,
            (Direction::Down, [_, down]) => down,
        };
        let before = *passed;
        *passed += u64::try_from(bytes.len()).unwrap_or(0);
        match self.fate {
            Some(Fault { after: Some((way, at)), .. }) if way == direction && at < *passed => {
                let here = usize::try_from(at.saturating_sub(before)).unwrap_or(0);
                let (first, rest) = bytes.split_at(here.min(bytes.len()));
                (first, Some(rest))
            }
            _ => (bytes, None),
        }
    }

    async fn write(&mut self, to: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<(), End> {
        let Some((piece, pause)) = self.ailment.pace else {
            return to.write_all(bytes).await.map_err(|_| End::Closed);
        };
        for piece in bytes.chunks(piece.max(1)) {
            to.write_all(piece).await.map_err(|_| End::Closed)?;
            self.wait(pause).await?;
        }
        Ok(())
    }
}

/// How many bytes were read; the end of the input, or an error, ends the connection.
fn some(read: std::io::Result<usize>) -> Result<usize, End> {
    match read {
        Ok(0) => Err(End::Closed),
        Ok(count) => Ok(count),
        Err(_) => Err(End::Reset),
    }
}

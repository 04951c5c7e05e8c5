//! The TCP side: a listener whose connections can be cut or frozen from outside, which is how a
//! dead server, a black hole and a reply that never comes are played.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// One accepted connection as the rest of the program sees it.
#[derive(Debug)]
pub(crate) struct Line {
    cut: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
    switch: Arc<Switch>,
}

impl Line {
    /// Ends the connection at once: the other side sees it close without another byte.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        self.reader.wake();
        self.writer.wake();
    }

    /// Whether bytes may pass. `Pending` when frozen (the waker is kept), an error when cut.
    fn gate(&self, waker: &AtomicWaker, context: &Context<'_>) -> Poll<io::Result<()>> {
        // Registered before the flags are read, so that a change in between is not missed.
        waker.register(context.waker());
        if self.cut.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.switch.frozen.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

/// The state all connections of an instance share.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    frozen: AtomicBool,
    lines: Mutex<Vec<Weak<Line>>>,
}

impl Switch {
    /// Connections are accepted but no byte passes in either direction.
    pub(crate) fn freeze(&self) {
        self.frozen.store(true, Ordering::Release);
    }

    /// Lets bytes pass again.
    pub(crate) fn thaw(&self) {
        self.frozen.store(false, Ordering::Release);
        self.each(Line::wake);
    }

    /// Cuts every connection there is now.
    pub(crate) fn cut_all(&self) {
        self.each(Line::cut);
    }

    fn each(&self, act: impl Fn(&Line)) {
        if let Ok(lines) = self.lines.lock() {
            lines.iter().filter_map(Weak::upgrade).for_each(|line| act(&line));
        }
    }

    fn add(self: &Arc<Self>) -> Arc<Line> {
        let line = Arc::new(Line {
            cut: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            switch: Arc::clone(self),
        });
        if let Ok(mut lines) = self.lines.lock() {
            lines.retain(|known| known.strong_count() > 0);
            lines.push(Arc::downgrade(&line));
        }
        line
    }
}

/// Who is on the other side of a request, and the connection it came by.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) line: Arc<Line>,
}

/// A TCP listener that hands out switchable connections.
pub(crate) struct Doorway {
    listener: TcpListener,
    switch: Arc<Switch>,
}

impl Doorway {
    pub(crate) fn new(listener: TcpListener, switch: Arc<Switch>) -> Self {
        Self { listener, switch }
    }
}

impl Listener for Doorway {
    type Io = Wire;
    type Addr = Peer;

    async fn accept(&mut self) -> (Wire, Peer) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Without it a small frame after another waits for an ACK, 40 ms on loopback.
                    let _ = stream.set_nodelay(true);
                    let line = self.switch.add();
                    return (Wire { stream, line: Arc::clone(&line) }, Peer { address, line });
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.listener.local_addr()?, line: self.switch.add() })
    }
}

impl Connected<IncomingStream<'_, Doorway>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doorway>) -> Self {
        stream.remote_addr().clone()
    }
}

/// The bytes of one connection, as long as its [`Line`] lets them pass.
pub(crate) struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.line.gate(&self.line.reader, context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_read(context, buffer),
            closed => closed,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.line.gate(&self.line.writer, context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_write(context, bytes),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.line.gate(&self.line.writer, context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_flush(context),
            closed => closed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A cut connection is dropped, not shut down: that would still say good-bye.
        match self.line.gate(&self.line.writer, context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_shutdown(context),
            closed => closed,
        }
    }
}

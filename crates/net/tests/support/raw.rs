//! Servers that say exactly what a test wants, byte by byte.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use futures_util::{SinkExt as _, StreamExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// A listener whose connections a test serves, each in a task of its own.
pub struct Raw {
    pub url: String,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Raw {
    pub async fn serve<F>(serve: impl Fn(TcpStream, usize) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, number));
            }
        });
        Self { url, accepted, task }
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one whole request; its head, or `None` when the connection ends instead.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |value| value.trim().parse().unwrap());
    while bytes.len() < head + length {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    }
    Some(text)
}

/// A whole answer, keeping the connection.
pub fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub async fn write(stream: &mut (impl AsyncWrite + Unpin), text: &str) {
    // A client that hung up has seen enough.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.flush().await;
}

/// The server's side of one Engine.IO link.
pub struct RawLink<S> {
    socket: WebSocketStream<S>,
    /// The `auth` of the client's connect packet.
    pub auth: serde_json::Value,
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawLink<S> {
    /// Takes the upgrade and the connect packet, and welcomes no one yet.
    pub async fn accept(stream: S, ping_interval: u64, ping_timeout: u64) -> Option<Self> {
        let mut socket = tokio_tungstenite::accept_async(stream).await.ok()?;
        let open = format!(
            "0{{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":{ping_interval},\
             \"pingTimeout\":{ping_timeout},\"maxPayload\":1000000}}"
        );
        socket.send(Message::text(open)).await.ok()?;
        let mut link = Self { socket, auth: serde_json::Value::Null };
        loop {
            let packet = link.hear().await?;
            if let Some(auth) = packet.strip_prefix("40") {
                link.auth = serde_json::from_str(auth).unwrap();
                return Some(link);
            }
        }
    }

    /// Welcomes, and waits for the join.
    pub async fn welcome(&mut self) -> Option<()> {
        self.say("40{\"sid\":\"b\"}").await;
        while !self.hear().await?.starts_with("42[\"join_client_room\"") {}
        Some(())
    }

    pub async fn say(&mut self, packet: &str) {
        let _ = self.socket.send(Message::text(packet.to_owned())).await;
    }

    /// The next packet, or `None` when the link has ended.
    pub async fn hear(&mut self) -> Option<String> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => return Some(text.to_string()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Listens until the client is gone.
    pub async fn until_gone(&mut self) {
        while self.hear().await.is_some() {}
    }

    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}

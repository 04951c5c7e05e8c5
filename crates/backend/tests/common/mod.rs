//! What the tests of this crate share: an instance, an HTTP client, a socket client.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod shapes;

use std::time::Duration;

use condorito_backend::{Backend, BackendHandle, Config, Heartbeat, NewTenant};
use futures_util::future::BoxFuture;
use reqwest::{Method, Response};
use rust_socketio::{
    Event, Payload, TransportType,
    asynchronous::{Client, ClientBuilder},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Longer than anything here may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

pub fn config() -> Config {
    Config {
        heartbeat: Heartbeat { interval: Duration::from_secs(5), timeout: Duration::from_secs(5) },
        ..Config::default()
    }
}

/// An instance with the tenants UNO and DOS (password `secreto1`), both linked.
pub async fn start(config: Config) -> BackendHandle {
    let backend = Backend::start(config).await.unwrap();
    for code in ["UNO", "DOS"] {
        backend.add_tenant(NewTenant::new(code, "secreto1")).await.unwrap();
    }
    backend
}

/// A signed-in HTTP client.
#[derive(Clone)]
pub struct Operator {
    pub http: reqwest::Client,
    pub url: String,
    pub code: String,
    pub id: i64,
    pub token: String,
    pub refresh: String,
}

impl Operator {
    pub async fn sign_in(backend: &BackendHandle, code: &str) -> Self {
        let http = reqwest::Client::new();
        let url = backend.url();
        let body: Value = http
            .post(format!("{url}/api/auth/login"))
            .json(&json!({ "client_code": code, "password": "secreto1" }))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let text = |pointer: &str| body.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        Self {
            http,
            url,
            code: text("/client/client_code"),
            id: body["client"]["id"].as_i64().unwrap(),
            token: text("/tokens/accessToken"),
            refresh: text("/tokens/refreshToken"),
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request =
            self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// The body of a reply that must have this status.
    pub async fn expect(
        &self,
        status: u16,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let response = self.send(method.clone(), path, body).await;
        let found = response.status().as_u16();
        let text = response.text().await.unwrap();
        assert_eq!(found, status, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.expect(200, Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.expect(200, Method::POST, path, Some(body)).await
    }

    pub async fn text(&self, to: &str, text: &str) -> Value {
        self.post("/api/whatsapp/send-message", json!({ "to": to, "message": text })).await
    }
}

/// What a socket reports.
#[derive(Debug)]
pub enum Seen {
    Connected,
    Event(String, Vec<Value>),
    Ended(String),
}

fn say(report: &mpsc::UnboundedSender<Seen>, seen: Seen) -> BoxFuture<'static, ()> {
    let _ = report.send(seen);
    Box::pin(std::future::ready(()))
}

/// A socket client over WebSocket, without reconnecting.
pub struct Socket {
    client: Client,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Socket {
    /// Connects with `auth`; does not wait for the answer to the handshake.
    pub async fn dial(backend: &BackendHandle, auth: Value) -> Self {
        let (report, seen) = mpsc::unbounded_channel();
        let path = backend.socket_path();
        let (connected, closed, failed) = (report.clone(), report.clone(), report.clone());
        let client = ClientBuilder::new(format!("http://{}{path}", backend.address()))
            .transport_type(TransportType::Websocket)
            .reconnect(false)
            .reconnect_on_disconnect(false)
            .auth(auth)
            .on(Event::Connect, move |_, _| say(&connected, Seen::Connected))
            .on(Event::Close, move |_, _| say(&closed, Seen::Ended("close".to_owned())))
            .on(Event::Error, move |payload, _| say(&failed, Seen::Ended(format!("{payload:?}"))))
            .on_any(move |event, payload, _| match (event, payload) {
                (Event::Custom(name), Payload::Text(values)) => {
                    say(&report, Seen::Event(name, values))
                }
                (event, payload) => {
                    say(&report, Seen::Event(format!("{event:?} {payload:?}"), Vec::new()))
                }
            })
            .connect()
            .await
            .unwrap();
        Self { client, seen }
    }

    /// Connected and in the operator's room; `server:hello` has been seen.
    pub async fn join(backend: &BackendHandle, operator: &Operator) -> (Self, Value) {
        let mut socket = Self::dial(
            backend,
            json!({ "token": operator.token, "clientId": operator.id, "clientCode": operator.code }),
        )
        .await;
        assert!(matches!(socket.next().await, Seen::Connected));
        socket.emit("join_client_room", json!(operator.code)).await;
        let hello = socket.expect("server:hello").await;
        (socket, hello)
    }

    pub async fn emit(&self, event: &str, value: Value) {
        self.client.emit(event, Payload::Text(vec![value])).await.unwrap();
    }

    pub async fn next(&mut self) -> Seen {
        tokio::time::timeout(PATIENCE, self.seen.recv())
            .await
            .expect("the socket stayed silent")
            .expect("the socket client is gone")
    }

    /// The first argument of the next event, which must have this name.
    pub async fn expect(&mut self, event: &str) -> Value {
        match self.next().await {
            Seen::Event(name, values) if name == event => {
                values.into_iter().next().unwrap_or(Value::Null)
            }
            other => panic!("expected {event}, saw {other:?}"),
        }
    }

    /// What was seen so far without waiting.
    pub fn seen_by_now(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

//! The double of the existing backend as a child process.

use super::CODE;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub struct Server {
    /// Its public address.
    pub url: String,
    control: String,
    http: reqwest::Client,
    /// Ends when this is dropped.
    _child: Child,
}

impl Server {
    /// A server with the company of the tests.
    pub async fn start(options: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance-server");
        assert!(
            folder.join("node_modules").exists(),
            "run `npm ci` in tests/conformance-server first"
        );
        let mut child = Command::new("node")
            .arg("src/main.mjs")
            .args(options)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the server says where it listens");
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let server = Self {
            url: addresses["url"].as_str().unwrap().to_owned(),
            control: addresses["control"].as_str().unwrap().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _child: child,
        };
        server.order("tenant", json!({"code": CODE})).await;
        server
    }

    /// The same with a past.
    pub async fn with(conversations: u32, messages: u32) -> Self {
        let server = Self::start(&[]).await;
        server.seed(conversations, messages, 5).await;
        server
    }

    /// Every `unread_every`-th conversation has unread messages.
    pub async fn seed(&self, conversations: u32, messages: u32, unread_every: u32) {
        self.order(
            "seed",
            json!({
                "code": CODE, "conversations": conversations, "messagesEach": messages,
                "unreadEvery": unread_every
            }),
        )
        .await;
    }

    /// Gives an order or asks a question.
    pub async fn order(&self, verb: &str, body: Value) -> Value {
        let response = self
            .http
            .post(format!("{}/{verb}", self.control))
            .json(&body)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{verb}: {error}"));
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{verb} {body}: {answer}");
        answer
    }

    /// A contact writes.
    pub async fn inbound(&self, phone: &str, text: &str) -> Value {
        self.order("inbound", json!({"code": CODE, "phone": phone, "name": "Ana", "text": text}))
            .await
    }

    /// The texts that reached WhatsApp, in order.
    pub async fn delivered(&self) -> Vec<String> {
        let answer = self.order("deliveries", json!({"code": CODE})).await;
        let deliveries = answer["deliveries"].as_array().unwrap();
        deliveries.iter().map(|one| one["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until so many texts reached WhatsApp.
    pub async fn until_delivered(&self, count: usize) {
        let arrived = async {
            while self.delivered().await.len() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(super::SOON, arrived).await.expect("it arrives");
    }

    /// All rows, as stored.
    pub async fn state(&self) -> Value {
        self.order("state", json!({"code": CODE})).await
    }

    /// Requests under `/api` since the counters were last set to 0.
    pub async fn requests(&self) -> u64 {
        let answer = self.order("requests", json!({})).await;
        let counts = answer["counts"].as_object().unwrap();
        counts
            .iter()
            .filter(|(pattern, _)| pattern.contains("/api/"))
            .map(|(_, count)| count.as_u64().unwrap())
            .sum()
    }

    pub async fn forget_requests(&self) {
        self.order("reset", json!({"only": "counters"})).await;
    }

    pub async fn down(&self) {
        self.order("down", json!({})).await;
    }

    pub async fn up(&self) {
        self.order("up", json!({})).await;
    }
}

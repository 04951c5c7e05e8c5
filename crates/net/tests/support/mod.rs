//! The npm double of the existing backend, in a process of its own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod link;
pub mod raw;

use condorito_net::{Endpoints, NetOptions, Proxy, Rest, SessionNotice};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// The password of every company the double makes.
pub const PASSWORD: &str = "secreto-1";

/// A running double. It ends when this is dropped.
pub struct Double {
    /// Its public address, without a base path.
    pub url: String,
    control: String,
    http: reqwest::Client,
    _child: Child,
}

impl Double {
    /// Starts one with these options.
    pub async fn start(options: &[&str]) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance-server");
        assert!(
            folder.join("node_modules").is_dir(),
            "the double's packages are missing: run `npm ci` in tests/conformance-server"
        );
        let mut child = Command::new("node")
            .arg("src/main.mjs")
            .args(options)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is needed to run the double");
        let output = child.stdout.take().unwrap();
        let mut lines = BufReader::new(output).lines();
        let line = lines.next_line().await.unwrap().expect("the double says where it listens");
        let addresses: Value = serde_json::from_str(&line).unwrap();
        Self {
            url: addresses["url"].as_str().unwrap().to_owned(),
            control: addresses["control"].as_str().unwrap().to_owned(),
            http: reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap(),
            _child: child,
        }
    }

    /// Starts one with a company that is linked to WhatsApp.
    pub async fn with_company(code: &str, options: &[&str]) -> Self {
        let double = Self::start(options).await;
        double.order("tenant", json!({ "code": code })).await;
        double
    }

    /// Gives an order to the control port.
    pub async fn order(&self, verb: &str, body: Value) -> Value {
        let response =
            self.http.post(format!("{}/{verb}", self.control)).json(&body).send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{verb} {body}: {answer}");
        answer
    }

    /// How often a route was asked for.
    pub async fn count(&self, route: &str) -> u64 {
        let report = self.order("requests", json!({})).await;
        report["counts"][route].as_u64().unwrap_or(0)
    }

    /// What reached WhatsApp.
    pub async fn delivered(&self, code: &str) -> Vec<Value> {
        let report = self.order("deliveries", json!({ "code": code })).await;
        report["deliveries"].as_array().unwrap().clone()
    }

    /// Options for a client of it.
    pub fn options(&self) -> NetOptions {
        options(&self.url)
    }

    /// A client of it, signed in.
    pub async fn signed_in(&self, code: &str) -> (Rest, mpsc::UnboundedReceiver<SessionNotice>) {
        let (rest, notices) = Rest::new(&self.options()).unwrap();
        rest.sign_in(code, &PASSWORD.to_owned().into()).await.unwrap();
        (rest, notices)
    }
}

/// Options for a client of the server at `url`, past any proxy of the machine's.
pub fn options(url: &str) -> NetOptions {
    NetOptions { proxy: Proxy::Direct, ..NetOptions::new(Endpoints::parse(url).unwrap()) }
}

/// The stored conversation with a number.
pub async fn conversation_of(server: &Double, code: &str, phone: &str) -> Value {
    let state = server.order("state", json!({ "code": code })).await;
    let all = state["conversations"].as_array().unwrap();
    all.iter().find(|row| row["contact_phone"] == phone).unwrap().clone()
}

/// Waits until an answer of the control port says what it should.
pub async fn until(
    double: &Double,
    verb: &str,
    body: Value,
    says: impl Fn(&Value) -> bool,
) -> Value {
    within(&format!("`{verb}` to say what it should"), async {
        loop {
            let answer = double.order(verb, body.clone()).await;
            if says(&answer) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// What a future brings, or a failure that says what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

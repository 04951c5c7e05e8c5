//! A link under test: its configuration, its tokens and what it reports.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::{Double, options, until, within};
use condorito_model::fact::ServerEvent;
use condorito_model::link::{DownReason, LinkFact};
use condorito_net::{Link, LinkAuth, LinkConfig, LinkHandle, TokenFault, TokenSource};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

pub const CODE: &str = "NORTE";

/// A token source that says what a test wants.
pub struct Tokens {
    code: &'static str,
    /// Whether each attempt asked for a new token.
    pub asked: Mutex<Vec<bool>>,
    /// Faults that come before any token.
    pub faults: Mutex<VecDeque<TokenFault>>,
    pub rest_answers: AtomicBool,
}

impl Tokens {
    pub fn of(code: &'static str) -> Arc<Self> {
        Arc::new(Self {
            code,
            asked: Mutex::default(),
            faults: Mutex::default(),
            rest_answers: AtomicBool::new(true),
        })
    }
}

impl TokenSource for Tokens {
    fn auth(&self, fresh: bool) -> BoxFuture<'_, Result<LinkAuth, TokenFault>> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(fresh);
        let auth = match self.faults.lock().unwrap().pop_front() {
            Some(fault) => Err(fault),
            None => Ok(LinkAuth {
                token: format!("pase-{}", asked.len()).into(),
                client_id: 4,
                client_code: self.code.to_owned(),
            }),
        };
        Box::pin(std::future::ready(auth))
    }

    fn rest_answers(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(self.rest_answers.load(Ordering::SeqCst)))
    }
}

pub fn quick(url: &str) -> LinkConfig {
    LinkConfig {
        deadline: Duration::from_secs(5),
        first_wait: Duration::from_millis(10),
        longest_wait: Duration::from_millis(40),
        ..LinkConfig::new(&options(url)).unwrap()
    }
}

pub async fn next(facts: &mut mpsc::Receiver<LinkFact>) -> LinkFact {
    within("a fact", facts.recv()).await.expect("the link goes on")
}

/// The first fact that fits.
pub async fn find<T>(
    facts: &mut mpsc::Receiver<LinkFact>,
    fits: impl Fn(LinkFact) -> Option<T>,
) -> T {
    loop {
        if let Some(found) = fits(next(facts).await) {
            return found;
        }
    }
}

pub async fn up(facts: &mut mpsc::Receiver<LinkFact>) -> u64 {
    find(facts, |fact| match fact {
        LinkFact::Up { generation } => Some(generation),
        _ => None,
    })
    .await
}

pub async fn down(facts: &mut mpsc::Receiver<LinkFact>) -> DownReason {
    find(facts, |fact| match fact {
        LinkFact::Down { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

pub async fn waiting(facts: &mut mpsc::Receiver<LinkFact>) -> (DownReason, bool) {
    find(facts, |fact| match fact {
        LinkFact::Waiting { reason, blocked, .. } => Some((reason, blocked)),
        _ => None,
    })
    .await
}

pub async fn event(facts: &mut mpsc::Receiver<LinkFact>) -> ServerEvent {
    find(facts, |fact| match fact {
        LinkFact::Event { event, .. } => Some(event),
        _ => None,
    })
    .await
}

pub async fn joined(server: &Double, code: &str) {
    let room = format!("client_{code}");
    until(server, "sockets", json!({}), |sockets| sockets["rooms"][&room] == 1).await;
}

pub async fn linked(server: &Double) -> (LinkHandle, mpsc::Receiver<LinkFact>) {
    let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
    up(&mut facts).await;
    joined(server, CODE).await;
    (handle, facts)
}

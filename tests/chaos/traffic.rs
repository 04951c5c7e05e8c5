//! Contacts, colleagues and the operator, who go on whatever happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Result;
use condorito_tests::headless::{Headless, Refusal};
use condorito_tests::server::{CODE, Orders, PASSWORD};
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ledger::Ledger;

/// Longest wait of the operator for an answer; the client answers from its store.
const PATIENCE: Duration = Duration::from_secs(30);
/// Numbers that write now and then.
const CONTACTS: u32 = 30;
/// Of a contact that no colleague deletes.
pub const KEPT: &str = "5491150009999";

/// The client that runs now, if one does.
pub type Desk = Arc<RwLock<Option<Arc<Headless>>>>;

/// All who write, until dropped.
pub struct Traffic {
    going: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    counts: Arc<Counts>,
}

/// How much was done.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages of contacts.
    pub contacts: AtomicU64,
    /// Reads, deletions, switches and texts of colleagues.
    pub colleagues: AtomicU64,
    /// Texts the operator wrote.
    pub texts: AtomicU64,
    /// Other commands of the operator.
    pub commands: AtomicU64,
    /// Commands that were not answered within 30 s.
    pub silent: AtomicU64,
    /// Commands refused for a reason other than what the weather explains, by the last code.
    pub odd: std::sync::Mutex<std::collections::BTreeMap<String, u64>>,
}

impl Counts {
    fn odd(&self, what: &str, code: &str) {
        if let Ok(mut odd) = self.odd.lock() {
            *odd.entry(format!("{what}: {code}")).or_default() += 1;
        }
    }
}

impl Traffic {
    /// Begins, paused.
    pub fn begin(seed: u64, orders: &Orders, desk: &Desk, ledger: &Arc<Ledger>) -> Self {
        let (going, gate) = watch::channel(false);
        let counts = Arc::new(Counts::default());
        let chance = |stream| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            chance.set_stream(stream);
            chance
        };
        let tasks = vec![
            tokio::spawn(contacts(chance(1), gate.clone(), orders.clone(), Arc::clone(&counts))),
            tokio::spawn(colleague(chance(2), gate.clone(), orders.clone(), Arc::clone(&counts))),
            tokio::spawn(operator(
                chance(3),
                gate,
                Arc::clone(desk),
                Arc::clone(ledger),
                Arc::clone(&counts),
            )),
        ];
        Self { going, tasks, counts }
    }

    /// Goes on, or pauses once what is under way is done.
    pub fn go(&self, on: bool) {
        self.going.send_replace(on);
    }

    /// How much was done.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Waits for a random time and until the gate is open; false when there is nobody left.
async fn turn(
    chance: &mut ChaCha8Rng,
    gate: &mut watch::Receiver<bool>,
    ms: std::ops::Range<u64>,
) -> bool {
    tokio::time::sleep(Duration::from_millis(chance.random_range(ms))).await;
    gate.wait_for(|&open| open).await.is_ok()
}

fn number(chance: &mut ChaCha8Rng) -> String {
    if chance.random_bool(0.01) {
        return format!("54911600{:05}", chance.random_range(0..100_000));
    }
    if chance.random_bool(0.1) {
        return KEPT.to_owned();
    }
    format!("54911500{:05}", chance.random_range(0..CONTACTS))
}

async fn contacts(
    mut chance: ChaCha8Rng,
    mut gate: watch::Receiver<bool>,
    orders: Orders,
    counts: Arc<Counts>,
) {
    let mut written = 0_u64;
    while turn(&mut chance, &mut gate, 10..90).await {
        // A burst now and then.
        let burst = if chance.random_bool(0.05) { chance.random_range(2..15) } else { 1 };
        let phone = number(&mut chance);
        for _ in 0..burst {
            written += 1;
            // The server may be away: then nobody wrote.
            if orders.contact_writes(&phone, &format!("mensaje {written}")).await.is_ok() {
                counts.contacts.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Another desktop of the same company, past the proxy.
async fn colleague(
    mut chance: ChaCha8Rng,
    mut gate: watch::Receiver<bool>,
    orders: Orders,
    counts: Arc<Counts>,
) {
    let Ok(http) = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(20))
        .build()
    else {
        return;
    };
    let mut desk = Colleague { http, url: orders.url().to_owned(), token: None, written: 0 };
    while turn(&mut chance, &mut gate, 150..700).await {
        match desk.act(&mut chance).await {
            Ok(()) => drop(counts.colleagues.fetch_add(1, Ordering::Relaxed)),
            // Away, or a server that does not know the session: next time anew.
            Err(_) => desk.token = None,
        }
    }
}

struct Colleague {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    written: u64,
}

impl Colleague {
    async fn act(&mut self, chance: &mut ChaCha8Rng) -> Result<()> {
        if self.token.is_none() {
            let body = json!({ "client_code": CODE, "password": PASSWORD });
            let request = self.http.post(format!("{}/api/auth/login", self.url)).json(&body);
            let answer: Value = request.send().await?.error_for_status()?.json().await?;
            let token = answer.pointer("/tokens/accessToken").and_then(Value::as_str);
            self.token = token.map(ToOwned::to_owned);
        }
        let list = self.send(reqwest::Method::GET, "messages/conversations?limit=30", None).await?;
        let rows = list.get("conversations").and_then(Value::as_array);
        let Some(rows) = rows.filter(|rows| !rows.is_empty()) else { return Ok(()) };
        let Some(row) = rows.get(chance.random_range(0..rows.len())) else { return Ok(()) };
        let id = row.get("id").and_then(Value::as_i64).unwrap_or(0);
        let phone = row.get("contact_phone").and_then(Value::as_str).unwrap_or_default();
        let post = reqwest::Method::POST;
        match chance.random_range(0..100) {
            0..60 => self.send(post, &format!("messages/conversation/{id}/read"), None).await?,
            60..65 if phone != KEPT => {
                let path = format!("messages/conversation/{id}");
                self.send(reqwest::Method::DELETE, &path, None).await?
            }
            65..80 => {
                let switch = if chance.random_bool(0.5) { "enable" } else { "disable" };
                self.send(post, &format!("messages/conversation/{id}/bot/{switch}"), None).await?
            }
            _ => {
                self.written += 1;
                let text = format!("de una colega {}", self.written);
                let body = json!({ "to": phone, "message": text, "isBot": false });
                self.send(post, "whatsapp/send-message", Some(body)).await?
            }
        };
        Ok(())
    }

    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}/api/{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

async fn operator(
    mut chance: ChaCha8Rng,
    mut gate: watch::Receiver<bool>,
    desk: Desk,
    ledger: Arc<Ledger>,
    counts: Arc<Counts>,
) {
    let mut written = 0_u64;
    while turn(&mut chance, &mut gate, 60..300).await {
        let client = desk.read().ok().and_then(|client| client.clone());
        let Some(client) = client else { continue };
        let operator = Operator { client: &client, ledger: &ledger, counts: &counts };
        match operator.act(&mut chance, &mut written).await {
            Ok(()) | Err(Refusal::Ended) => {}
            Err(Refusal::Silent) => drop(counts.silent.fetch_add(1, Ordering::Relaxed)),
            Err(Refusal::Code(code)) => counts.odd("command", &code),
        }
    }
}

struct Operator<'a> {
    client: &'a Headless,
    ledger: &'a Ledger,
    counts: &'a Counts,
}

impl Operator<'_> {
    async fn ask(&self, command: &str, args: Value) -> Result<Value, Refusal> {
        self.counts.commands.fetch_add(1, Ordering::Relaxed);
        let answer = self.client.ask(command, args, PATIENCE).await;
        answer.inspect_err(|refusal| {
            if let Refusal::Code(code) = refusal {
                self.counts.odd(command, code);
            }
        })
    }

    async fn act(&self, chance: &mut ChaCha8Rng, written: &mut u64) -> Result<(), Refusal> {
        let list = self.ask("list_conversations", json!({ "limit": 30 })).await?;
        let rows = list.get("items").and_then(Value::as_array);
        let Some(rows) = rows.filter(|rows| !rows.is_empty()) else { return Ok(()) };
        let Some(row) = rows.get(chance.random_range(0..rows.len())) else { return Ok(()) };
        let id = row.get("id").cloned().unwrap_or_default();
        match chance.random_range(0..100) {
            0..55 => self.write(chance, json!({ "conversationId": id }), written).await?,
            55..58 => {
                let phone = number(chance);
                self.write(chance, json!({ "phone": phone }), written).await?;
            }
            58..66 => self.decide(chance).await?,
            66..72 => self.draft(rows, written).await?,
            72..82 => drop(self.ask("mark_read", json!({ "conversationId": id })).await?),
            82..94 => drop(self.ask("list_messages", json!({ "conversationId": id })).await?),
            _ => drop(self.ask("search", json!({ "text": "mensaje" })).await?),
        }
        Ok(())
    }

    /// One text, or several one after the other.
    async fn write(
        &self,
        chance: &mut ChaCha8Rng,
        to: Value,
        written: &mut u64,
    ) -> Result<(), Refusal> {
        let texts = if chance.random_bool(0.1) { chance.random_range(2..5) } else { 1 };
        for _ in 0..texts {
            *written += 1;
            let text = format!("texto {written} del operador");
            let mut args = to.clone();
            if let Value::Object(args) = &mut args {
                args.insert("text".to_owned(), json!(text));
            }
            self.ledger.begin(&text);
            match self.ask("send_text", args).await {
                Ok(answer) => {
                    let local_id = answer.get("localId").and_then(Value::as_str);
                    self.ledger.durable(&text, local_id.unwrap_or_default().to_owned());
                    self.counts.texts.fetch_add(1, Ordering::Relaxed);
                }
                Err(Refusal::Code(code)) => {
                    self.ledger.refused(&text);
                    return Err(Refusal::Code(code));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// What became of some texts is not known, or they failed: another try, or not.
    async fn decide(&self, chance: &mut ChaCha8Rng) -> Result<(), Refusal> {
        let outbox = self.ask("list_outbox", json!({})).await?;
        for item in outbox.get("items").and_then(Value::as_array).into_iter().flatten() {
            let state = item.get("state").and_then(Value::as_str).unwrap_or_default();
            let text = item.get("content").and_then(Value::as_str).unwrap_or_default();
            let local_id = item.get("localId").cloned().unwrap_or_default();
            if !matches!(state, "unconfirmed" | "failed") {
                continue;
            }
            let args = json!({ "localId": local_id });
            if chance.random_bool(0.3) {
                // Before the command: it may be carried out and never be answered.
                self.ledger.consent(text);
                self.ask("retry", args).await?;
            } else if chance.random_bool(0.2) {
                self.ledger.discard(text);
                self.ask("discard", args).await?;
            }
        }
        Ok(())
    }

    async fn draft(&self, rows: &[Value], written: &mut u64) -> Result<(), Refusal> {
        let kept = rows.iter().find(|row| row.get("phone") == Some(&json!(KEPT)));
        let Some(id) = kept.and_then(|row| row.get("id")) else { return Ok(()) };
        *written += 1;
        let text = format!("borrador {written}");
        self.ledger.drafting(&text);
        self.ask("save_draft", json!({ "conversationId": id, "text": text })).await?;
        self.ledger.drafted(&text);
        Ok(())
    }
}

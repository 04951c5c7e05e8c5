//! The two servers behind one set of orders.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use condorito_model::Timestamp;
use rand::Rng;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::double::Double;

/// The company of every run.
pub const CODE: &str = "CAOS01";
/// Its password.
pub const PASSWORD: &str = "secreto-1";

/// How a server is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Conversations it has at the beginning.
    pub conversations: u32,
    /// Messages of each.
    pub messages_each: u32,
    /// Requests in a window.
    pub requests: u32,
    /// The window in seconds.
    pub window_seconds: u32,
    /// Pause between two heartbeats, and how long one may stay unanswered, in milliseconds.
    pub heartbeat_ms: (u32, u32),
    /// For what the npm double leaves to chance.
    pub seed: u64,
}

/// Which server to run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The embedded backend, with its improvements.
    Embedded,
    /// The embedded backend, as the existing one behaves.
    Existing,
    /// The npm double: Express and Socket.IO.
    Npm,
}

impl Kind {
    /// As typed on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Existing => "existing",
            Self::Npm => "npm",
        }
    }
}

/// A server that can be taken away and come back.
pub enum Server {
    /// Rows on disk; killed.
    Embedded(Backend, Orders),
    /// Rows in memory; port and connections taken away.
    Npm(Double, Orders),
}

/// The way to give orders, whether the server is up or not. Clones share it.
#[derive(Debug, Clone)]
pub struct Orders {
    npm: bool,
    url: String,
    control: String,
    http: reqwest::Client,
}

/// A conversation as the server has it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// The number.
    pub phone: String,
    /// The contact's name.
    pub name: Option<String>,
    /// The preview.
    pub last_message: Option<String>,
    /// The counter.
    pub unread: u64,
    /// Whether the bot answers.
    pub bot: bool,
    /// Its messages by time and id.
    pub messages: Vec<Line>,
}

/// A message as the server, or the client, has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The server's id.
    pub id: i64,
    /// WhatsApp's id.
    pub message_id: String,
    /// `contact`, `client` or `bot`.
    pub from: String,
    /// The text.
    pub content: Option<String>,
}

impl Server {
    /// Starts one with the company and some history.
    ///
    /// # Errors
    /// When it is not built or does not come up.
    pub async fn start(kind: Kind, folder: &Path, setting: &Setting) -> Result<Self> {
        let requests = setting.requests.to_string();
        let window = setting.window_seconds.to_string();
        let (interval, timeout) = setting.heartbeat_ms;
        let (interval, timeout) = (interval.to_string(), timeout.to_string());
        let seed = setting.seed.to_string();
        let http = reqwest::Client::builder()
            .no_proxy()
            // A server that was killed leaves connections behind.
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(20))
            .build()?;
        let server = if kind == Kind::Npm {
            let options = [
                ["--limit", &requests],
                ["--window-seconds", &window],
                ["--ping-interval", &interval],
                ["--ping-timeout", &timeout],
                ["--seed", &seed],
            ];
            let double = Double::start(folder, &options.concat())?;
            let control = double.control().to_owned();
            let orders = Orders { npm: true, url: double.url(), control, http };
            orders.give("tenant", json!({ "code": CODE, "password": PASSWORD })).await?;
            Self::Npm(double, orders)
        } else {
            let dialect = if kind == Kind::Existing { "existing" } else { "embedded" };
            let options = [
                ["--limit", &requests],
                ["--limit-window", &window],
                ["--ping-interval", &interval],
                ["--ping-timeout", &timeout],
                ["--dialect", dialect],
            ];
            let backend = Backend::start_with(folder, &options.concat())?;
            let control = format!("{}/__control", backend.url());
            let orders = Orders { npm: false, url: backend.url(), control, http };
            let company = json!({ "clientCode": CODE, "password": PASSWORD });
            orders.give("addTenant", company).await?;
            Self::Embedded(backend, orders)
        };
        server.orders().seed(setting.conversations, setting.messages_each).await?;
        Ok(server)
    }

    /// The server's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        match self {
            Self::Embedded(backend, _) => backend.pid(),
            Self::Npm(double, _) => Some(double.pid()),
        }
    }

    /// The way to give orders.
    pub const fn orders(&self) -> &Orders {
        match self {
            Self::Embedded(_, orders) | Self::Npm(_, orders) => orders,
        }
    }

    /// Takes it away, at once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn die(&mut self) -> Result<()> {
        match self {
            Self::Embedded(backend, _) => backend.kill(),
            Self::Npm(_, orders) => drop(orders.give("down", json!({})).await?),
        }
        Ok(())
    }

    /// Brings it back at the same address. WhatsApp may not be linked then.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn come_back(&mut self) -> Result<()> {
        match self {
            Self::Embedded(backend, _) => backend.come_back(),
            Self::Npm(_, orders) => orders.give("up", json!({ "restarted": true })).await.map(drop),
        }
    }
}

impl Orders {
    /// Its public address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same, for a proxy.
    ///
    /// # Errors
    /// When it has none.
    pub fn address(&self) -> Result<SocketAddr> {
        let address = self.url.strip_prefix("http://").context("the scheme")?;
        address.parse().with_context(|| self.url.clone())
    }

    /// Gives an order in the server's own words.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn give(&self, verb: &str, mut body: Value) -> Result<Value> {
        let url = if self.npm {
            format!("{}/{verb}", self.control)
        } else {
            if let Value::Object(body) = &mut body {
                body.insert("command".to_owned(), json!(verb));
            }
            self.control.clone()
        };
        let answer = self.http.post(&url).json(&body).send().await;
        let answer = answer.with_context(|| format!("order {verb}"))?;
        let status = answer.status();
        let mut answer: Value = answer.json().await?;
        ensure!(status.is_success(), "order {verb}: {answer}");
        if self.npm {
            return Ok(answer);
        }
        match answer.get_mut("ok").map(Value::take) {
            Some(value) => Ok(value),
            None => bail!("order {verb}: {answer}"),
        }
    }

    async fn seed(&self, conversations: u32, each: u32) -> Result<()> {
        let body = if self.npm {
            json!({ "code": CODE, "conversations": conversations, "messagesEach": each,
                "unreadEvery": 5 })
        } else {
            json!({ "tenant": CODE, "conversations": conversations, "messagesEach": each })
        };
        self.give("seed", body).await.map(drop)
    }

    /// A contact writes.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn contact_writes(&self, phone: &str, text: &str) -> Result<Value> {
        let name = format!("Contacto {phone}");
        if self.npm {
            let body = json!({ "code": CODE, "phone": phone, "name": name, "text": text });
            self.give("inbound", body).await
        } else {
            let body = json!({ "tenant": CODE, "phone": phone, "name": name, "text": text });
            self.give("inject", body).await
        }
    }

    /// Links WhatsApp.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn link(&self) -> Result<()> {
        let body = if self.npm {
            json!({ "code": CODE, "value": true })
        } else {
            json!({ "tenant": CODE, "linked": true })
        };
        self.give(if self.npm { "linked" } else { "setLinked" }, body).await.map(drop)
    }

    /// The next sends go wrong in some way.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn spoil_sends(&self, chance: &mut (impl Rng + Send)) -> Result<()> {
        let count = chance.random_range(1..4);
        let drawn = chance.random_range(0..6);
        let (verb, body) = if self.npm {
            let modes = ["500-before", "500-after", "drop-after", "502-html-after", "slow", "400"];
            let mode = modes.get(drawn).copied().unwrap_or("slow");
            let echo = chance.random_bool(0.7);
            ("send-fault", json!({ "mode": mode, "count": count, "delayMs": 700, "echo": echo }))
        } else {
            let (stage, answer) = match drawn {
                0 => (json!({ "at": "beforeDelivery" }), "status500"),
                1 => (json!({ "at": "afterDelivery", "reportAfterMs": 900 }), "status500"),
                2 => (json!({ "at": "afterDelivery", "reportAfterMs": 300 }), "cut"),
                3 => (json!({ "at": "afterStoring" }), "cut"),
                4 => (json!({ "at": "afterDelivery" }), "cut"),
                _ => (json!({ "at": "afterStoring" }), "status500"),
            };
            ("failSends", json!({ "count": count, "stage": stage, "answer": answer }))
        };
        self.give(verb, body).await.map(drop)
    }

    /// Takes back what [`Self::spoil_sends`] ordered and has not happened. The double has no such
    /// order: what is left of it is used up by the next sends.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn spare_sends(&self) -> Result<()> {
        if !self.npm {
            self.give("clearFaults", json!({})).await?;
        }
        Ok(())
    }

    /// Sockets that the server itself counts, where it says.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn sockets(&self) -> Result<Option<u64>> {
        if !self.npm {
            return Ok(None);
        }
        let report = self.give("sockets", json!({})).await?;
        Ok(report.get("live").and_then(Value::as_u64))
    }

    /// What reached WhatsApp, as texts.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn deliveries(&self) -> Result<Vec<String>> {
        let answer = if self.npm {
            self.give("deliveries", json!({ "code": CODE })).await?
        } else {
            self.give("deliveries", json!({ "tenant": CODE })).await?
        };
        let list = answer.get("deliveries").unwrap_or(&answer).as_array().context("deliveries")?;
        let text = |one: &Value| one.get("text").and_then(Value::as_str).map(ToOwned::to_owned);
        Ok(list.iter().filter_map(text).collect())
    }

    /// Everything it has.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn rows(&self) -> Result<Vec<Row>> {
        if self.npm {
            let state = self.give("state", json!({ "code": CODE })).await?;
            let rows = state.get("conversations").and_then(Value::as_array).context("state")?;
            return rows.iter().map(npm_row).collect();
        }
        let list = self.give("conversations", json!({ "tenant": CODE })).await?;
        let mut rows = Vec::new();
        for conversation in list.as_array().context("conversations")? {
            let id = integer(conversation, "id")?;
            let body = json!({ "tenant": CODE, "conversation": id });
            let messages = self.give("messages", body).await?;
            rows.push(Row {
                id,
                phone: text(conversation, "contactPhone").unwrap_or_default(),
                name: text(conversation, "contactName"),
                last_message: text(conversation, "lastMessage"),
                unread: u64::try_from(integer(conversation, "unreadCount")?)?,
                bot: conversation.get("botEnabled").is_some_and(truth),
                messages: lines(&messages, ["id", "messageId", "senderType", "sentAt"])?,
            });
        }
        Ok(rows)
    }
}

fn npm_row(row: &Value) -> Result<Row> {
    let messages = row.get("messages").context("messages")?;
    Ok(Row {
        id: integer(row, "id")?,
        phone: text(row, "contact_phone").unwrap_or_default(),
        name: text(row, "contact_name"),
        last_message: text(row, "last_message"),
        unread: u64::try_from(integer(row, "unread_count")?)?,
        bot: row.get("bot_enabled").is_some_and(truth),
        messages: lines(messages, ["id", "message_id", "sender_type", "sent_at"])?,
    })
}

/// Messages whose members have these names, in order: id, WhatsApp's id, sender, time.
///
/// # Errors
/// When one lacks any of them.
pub fn lines(messages: &Value, names: [&str; 4]) -> Result<Vec<Line>> {
    let [id, message_id, from, sent_at] = names;
    let mut lines = Vec::new();
    for message in messages.as_array().context("messages")? {
        lines.push(Line {
            id: integer(message, id)?,
            message_id: text(message, message_id).context("message id")?,
            from: text(message, from).context("sender")?,
            content: text(message, "content").filter(|text| !text.is_empty()),
            sent_at: match message.get(sent_at) {
                Some(Value::Number(ms)) => Timestamp::from_millis(ms.as_i64().context("time")?),
                Some(text) => serde_json::from_value(text.clone())?,
                None => bail!("no time in {message}"),
            },
        });
    }
    lines.sort_by_key(|line| (line.sent_at, line.id));
    Ok(lines)
}

fn integer(of: &Value, name: &str) -> Result<i64> {
    of.get(name).and_then(Value::as_i64).with_context(|| format!("no {name} in {of}"))
}

fn text(of: &Value, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).map(ToOwned::to_owned)
}

fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1))
}

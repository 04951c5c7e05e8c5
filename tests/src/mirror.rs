//! The client's store against the server's rows, as the client's own commands show it.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::headless::{Headless, Refusal};
use crate::server::{Line, Row, lines};

/// Longest wait for an answer with nothing in the way.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the client shows.
#[derive(Debug, Default)]
pub struct Shown {
    /// Rows of the list by id.
    pub conversations: HashMap<i64, Value>,
    /// Messages that the server knows, by conversation.
    pub messages: HashMap<i64, Vec<Line>>,
    /// Rows without a server's id: local id and conversation.
    pub own: Vec<(String, i64)>,
    /// What `list_outbox` has.
    pub outbox: Vec<Value>,
}

/// What client and server have alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alike {
    /// Conversations.
    pub conversations: usize,
    /// Their messages.
    pub messages: usize,
}

/// Waits until the client says that it mirrors the server.
///
/// # Errors
/// When it does not within a minute.
pub async fn synced(client: &Headless) -> Result<()> {
    let due = Instant::now() + PATIENCE;
    loop {
        match client.ask("sync_now", json!({}), PATIENCE).await {
            Ok(_) => return Ok(()),
            Err(Refusal::Code(_)) if Instant::now() < due => {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Err(refusal) => bail!("sync_now, with nothing in the way: {refusal}"),
        }
    }
}

impl Shown {
    /// All conversations, all messages, all of the outbox.
    ///
    /// # Errors
    /// When a command is refused or not answered, or a conversation is listed twice.
    pub async fn read(client: &Headless) -> Result<Self> {
        let mut shown = Self::default();
        let mut cursor = Value::Null;
        loop {
            let args = json!({ "limit": 500, "cursor": cursor });
            let page = client.ask("list_conversations", args, PATIENCE).await?;
            for row in page.get("items").and_then(Value::as_array).context("items")? {
                let id = row.get("id").and_then(Value::as_i64).context("id")?;
                if shown.conversations.insert(id, row.clone()).is_some() {
                    bail!("conversation {id} is listed twice");
                }
            }
            cursor = page.get("nextCursor").cloned().unwrap_or_default();
            if cursor.is_null() {
                break;
            }
        }
        let ids: Vec<i64> = shown.conversations.keys().copied().collect();
        for id in ids {
            shown.conversation(client, id).await.with_context(|| format!("conversation {id}"))?;
        }
        let outbox = client.ask("list_outbox", json!({}), PATIENCE).await?;
        shown.outbox = outbox.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(shown)
    }

    async fn conversation(&mut self, client: &Headless, id: i64) -> Result<()> {
        let mut before = Value::Null;
        let mut all = Vec::new();
        loop {
            let args = json!({ "conversationId": id, "limit": 200, "before": before });
            let page = client.ask("list_messages", args, PATIENCE).await?;
            let mut items =
                page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            let has_older = page.get("hasOlder").and_then(Value::as_bool).unwrap_or(false);
            let cursor = items.first().and_then(|item| item.get("cursor")).cloned();
            items.append(&mut all);
            all = items;
            match cursor {
                Some(cursor) if has_older => before = cursor,
                _ => break,
            }
        }
        let (known, own): (Vec<Value>, Vec<Value>) = all
            .into_iter()
            .partition(|item| item.get("messageId").is_some_and(|known| !known.is_null()));
        let lines = lines(&json!(known), ["id", "messageId", "from", "sentAt"])?;
        self.messages.insert(id, lines);
        for item in own {
            let local_id = item.get("localId").and_then(Value::as_str).unwrap_or_default();
            self.own.push((local_id.to_owned(), id));
        }
        Ok(())
    }
}

/// Compares everything; says what differs.
pub fn compare(rows: &[Row], shown: &Shown, differences: &mut Vec<String>) -> Alike {
    let mut alike = Alike::default();
    let pending: BTreeSet<i64> = shown
        .outbox
        .iter()
        .filter_map(|item| item.get("conversationId").and_then(Value::as_i64))
        .collect();
    let theirs: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
    for id in shown.conversations.keys() {
        // Begun here: the server learns of it with the first text.
        if *id > 0 && !theirs.contains(id) {
            differences.push(format!("conversation {id} is not on the server"));
        }
    }
    for row in rows {
        let Some(ours) = shown.conversations.get(&row.id) else {
            differences.push(format!("conversation {} is missing", row.id));
            continue;
        };
        let before = differences.len();
        let mut differs = |what: &str, theirs: Value, ours: Option<&Value>| {
            let ours = ours.cloned().unwrap_or_default();
            if theirs != ours {
                differences.push(format!("{what} of {}: server {theirs}, client {ours}", row.id));
            }
        };
        differs("number", json!(row.phone), ours.get("phone"));
        let name = row.name.clone().unwrap_or_else(|| row.phone.clone());
        differs("name", json!(name), ours.get("name"));
        differs("unread", json!(row.unread), ours.get("unreadCount"));
        differs("bot", json!(row.bot), ours.get("botEnabled"));
        if !pending.contains(&row.id) {
            differs("preview", json!(row.last_message), ours.get("lastMessage"));
        }
        let mine = shown.messages.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        messages(row, mine, differences);
        if differences.len() == before {
            alike.conversations += 1;
            alike.messages += mine.len();
        }
    }
    alike
}

fn messages(row: &Row, mine: &[Line], differences: &mut Vec<String>) {
    if row.messages == mine {
        return;
    }
    let ids = |lines: &[Line]| lines.iter().map(|line| line.id).collect::<Vec<_>>();
    let (theirs, ours) = (ids(&row.messages), ids(mine));
    let (have, want): (BTreeSet<_>, BTreeSet<_>) =
        (ours.iter().copied().collect(), theirs.iter().copied().collect());
    let missing: Vec<_> = want.difference(&have).collect();
    let foreign: Vec<_> = have.difference(&want).collect();
    let differing = row
        .messages
        .iter()
        .find(|line| mine.iter().any(|ours| ours.id == line.id && ours != *line));
    differences.push(format!(
        "messages of {}: {} on the server, {} here; missing {missing:?}, not theirs {foreign:?}, \
         twice {}, differing {differing:?}",
        row.id,
        theirs.len(),
        ours.len(),
        ours.len() - have.len(),
    ));
}

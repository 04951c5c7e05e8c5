//! The client's store against the server's rows, and every text against what reached WhatsApp.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use anyhow::Result;
use condorito_tests::mirror::{self, Shown};
use condorito_tests::server::Row;
use serde::Serialize;
use serde_json::{Value, json};

use crate::run::Run;
use crate::traffic::KEPT;

/// What is asked of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// They may be on their way, or being looked up.
    UnderWay,
    /// None may.
    Settled,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Found {
    /// What must not be.
    pub violations: Vec<String>,
    /// What is.
    pub figures: Figures,
}

/// Counts of a check.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Conversations that client and server have alike.
    pub conversations: usize,
    /// Messages that client and server have alike.
    pub messages: usize,
    /// Texts the operator wrote so far.
    pub texts: usize,
    /// Delivered once.
    pub once: usize,
    /// Delivered more often, with as many consents.
    pub consented: usize,
    /// Not delivered, and shown as waiting or on their way.
    pub waiting: usize,
    /// Shown as unconfirmed.
    pub unconfirmed: usize,
    /// Of these, delivered.
    pub unconfirmed_delivered: usize,
    /// Not delivered, and shown as failed.
    pub failed: usize,
    /// Not delivered and discarded by the operator.
    pub discarded: usize,
    /// Not delivered, and the client was killed before it said that they were durable.
    pub never_durable: usize,
    /// Comparisons until both were alike.
    pub comparisons: u32,
}

/// Compares everything.
pub async fn check(run: &Run, strictness: Strictness) -> Result<Found> {
    let client = run.client()?;
    mirror::synced(&client).await?;
    let mut found = Found::default();
    let due = Instant::now() + Duration::from_secs(15);
    loop {
        found.figures.comparisons += 1;
        // What the client begins meanwhile may change both: the next comparison tells.
        let rows = run.orders.rows().await?;
        let shown = Shown::read(&client).await?;
        let mut differences = Vec::new();
        let alike = mirror::compare(&rows, &shown, &mut differences);
        found.figures.conversations = alike.conversations;
        found.figures.messages = alike.messages;
        if differences.is_empty() || Instant::now() > due {
            found.violations = differences;
            texts(run, &rows, &shown, strictness, &mut found).await?;
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let more = found.violations.len().saturating_sub(25);
    if more > 0 {
        found.violations.truncate(25);
        found.violations.push(format!("and {more} more"));
    }
    Ok(found)
}

async fn texts(
    run: &Run,
    rows: &[Row],
    shown: &Shown,
    strictness: Strictness,
    found: &mut Found,
) -> Result<()> {
    let mut delivered: BTreeMap<String, usize> = BTreeMap::new();
    for text in run.orders.deliveries().await? {
        *delivered.entry(text).or_default() += 1;
    }
    let outbox: HashMap<&str, (&str, &Value)> = shown
        .outbox
        .iter()
        .filter_map(|item| {
            let text = |name| item.get(name).and_then(Value::as_str);
            Some((text("localId")?, (text("state")?, item)))
        })
        .collect();
    let history: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.messages)
        .filter(|line| line.from == "client")
        .filter_map(|line| line.content.as_deref())
        .collect();
    for (local_id, conversation) in &shown.own {
        if !outbox.contains_key(local_id.as_str()) {
            found.violations.push(format!(
                "{conversation} shows {local_id}, which neither server nor outbox has"
            ));
        }
    }
    let figures = &mut found.figures;
    let written = run.ledger.all();
    figures.texts = written.len();
    for (text, written) in &written {
        let times = delivered.get(text).copied().unwrap_or(0);
        let row = written.local_id.as_deref().and_then(|local_id| outbox.get(local_id));
        let state = row.map(|(state, _)| *state);
        let consents = written.consents;
        let mut wrong = |what: &str| {
            let row = row.map(|(_, row)| row.to_string()).unwrap_or_default();
            let in_history = history.contains(text.as_str());
            found.violations.push(format!(
                "{text:?} {what}; delivered {times} times, in the history: {in_history}, {written:?} {row}"
            ));
        };
        match times {
            0 => match state {
                Some("queued" | "sending") => figures.waiting += 1,
                Some("unconfirmed") => figures.unconfirmed += 1,
                Some("failed") => figures.failed += 1,
                _ if written.discarded => figures.discarded += 1,
                None if written.local_id.is_none() => figures.never_durable += 1,
                _ => wrong("is lost"),
            },
            _ if times > 1 + consents => wrong("was sent without consent"),
            1 => figures.once += 1,
            _ => figures.consented += 1,
        }
        if times > 0 && consents == 0 && matches!(state, Some("failed" | "queued")) {
            wrong("is shown as not sent, but was");
        }
        if times > 0 && state == Some("unconfirmed") {
            figures.unconfirmed += 1;
            figures.unconfirmed_delivered += 1;
            if strictness == Strictness::Settled && consents == 0 && history.contains(text.as_str())
            {
                wrong("is shown as unconfirmed beside itself");
            }
        }
        if strictness == Strictness::Settled && matches!(state, Some("queued" | "sending")) {
            wrong("is still on its way");
        }
    }
    let kept = shown.conversations.values().find(|row| row.get("phone") == Some(&json!(KEPT)));
    let draft = kept.and_then(|row| row.get("draft")).and_then(Value::as_str);
    if !run.ledger.explains_draft(draft) {
        found.violations.push(format!("the draft is {draft:?}"));
    }
    Ok(())
}

//! Where an event was when: from the bytes on the socket, the client's recording and its output.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use condorito_model::Timestamp;
use condorito_tests::headless::Told;
use condorito_tests::proxy::Tapped;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::stand::number_in;

/// When the first `changed` that names a message was read, by the message's row.
pub async fn told(mut lines: mpsc::UnboundedReceiver<Told>) -> HashMap<i64, Instant> {
    let mut first = HashMap::new();
    while let Some((at, line)) = lines.recv().await {
        let changed = line.get("event").and_then(Value::as_str) == Some("changed");
        let messages = line.pointer("/payload/messages").and_then(Value::as_array);
        let of = messages.filter(|_| changed).into_iter().flatten();
        let ids = of.filter_map(|of| of.get("ids").and_then(Value::as_array)).flatten();
        for id in ids.filter_map(Value::as_i64) {
            first.entry(id).or_insert(at);
        }
    }
    first
}

/// When an event's bytes were handed to the client's socket, by the number in its text.
pub async fn sockets(mut pieces: mpsc::UnboundedReceiver<Tapped>) -> HashMap<u64, Instant> {
    let mut first = HashMap::new();
    // A piece may end within a text; it is found whole in the next one.
    let mut tail = Vec::new();
    while let Some((at, mut bytes)) = pieces.recv().await {
        let mut all = std::mem::take(&mut tail);
        all.append(&mut bytes);
        for place in memchr::memmem::find_iter(&all, b"evento ") {
            let text = all.get(place..(place + 14).min(all.len())).unwrap_or_default();
            if let Some(number) = std::str::from_utf8(text).ok().and_then(number_in) {
                first.entry(number).or_insert(at);
            }
        }
        tail = all.split_off(all.len().saturating_sub(13));
    }
    first
}

/// Wall clock times in milliseconds, by the number of the event.
#[derive(Debug, Default)]
pub struct Recorded {
    /// It went into the decisions.
    pub decided: HashMap<u64, f64>,
    /// The outcome of its transaction came back.
    pub committed: HashMap<u64, f64>,
}

impl Recorded {
    /// Reads a recording: a line of one input with its time, then a line of its effects.
    pub fn read(file: &Path) -> Result<Self> {
        let mut recorded = Self::default();
        let mut of_ticket: HashMap<u64, u64> = HashMap::new();
        let mut last = None;
        let lines = std::fs::File::open(file).with_context(|| file.display().to_string())?;
        for line in BufReader::new(lines).lines() {
            let line: Value = serde_json::from_str(&line?)?;
            if let Some(effects) = line.get("effects").and_then(Value::as_array) {
                let tickets = effects.iter().filter_map(|effect| {
                    effect.get("ticket").filter(|_| effect.get("ops").is_some())?.as_u64()
                });
                for ticket in tickets {
                    if let Some(number) = last {
                        of_ticket.entry(ticket).or_insert(number);
                    }
                }
                last = None;
                continue;
            }
            let wall = line.pointer("/now/wall").cloned().unwrap_or_default();
            let at = serde_json::from_value::<Timestamp>(wall)?.as_millis() as f64;
            let input = line.get("input").unwrap_or(&Value::Null);
            match input.get("input").and_then(Value::as_str) {
                Some("link") => {
                    last = live(input);
                    if let Some(number) = last {
                        recorded.decided.entry(number).or_insert(at);
                    }
                }
                Some("stored") => {
                    let ticket = input.get("ticket").and_then(Value::as_u64);
                    if let Some(number) = ticket.and_then(|ticket| of_ticket.remove(&ticket)) {
                        recorded.committed.insert(number, at);
                    }
                }
                _ => {}
            }
        }
        Ok(recorded)
    }
}

/// The number of the message that an input from the socket brings.
fn live(input: &Value) -> Option<u64> {
    let mut open = vec![input];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                if let Some(number) = number_in(text) {
                    return Some(number);
                }
            }
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                // The counters and previews of the conversation may be those of a later message.
                open.extend(
                    members.iter().filter(|(name, _)| *name != "conversation").map(|m| m.1),
                );
            }
            _ => {}
        }
    }
    None
}

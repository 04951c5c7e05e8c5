//! Events: recorded with their `seq` in the transaction that causes them, sent to the tenant's room
//! in that order, and handed out again by `GET /api/events` (design section 9).

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use rusqlite::{Connection, Transaction, params};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::{
    auth::Caller,
    config::Dialect,
    core::Core,
    database::{DatabaseError, begin},
    faults::{Board, Garbage},
    replies::{Params, Reply},
    sockets::Sockets,
};

/// How many events of a tenant can be asked for again.
pub(crate) const RETAINED: i64 = 20_000;
/// How often old events are removed, in events.
const PRUNE_EVERY: i64 = 500;
/// How long events held back for reordering may wait for company.
const HELD_AT_MOST: Duration = Duration::from_millis(1500);

/// A tenant by its two names: the row's and the room's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TenantKey {
    pub(crate) id: i64,
    pub(crate) code: String,
}

/// Something to be told to a tenant, not yet numbered.
#[derive(Debug)]
pub(crate) struct Happening {
    pub(crate) event: &'static str,
    pub(crate) payload: Value,
}

impl Happening {
    pub(crate) fn new(event: &'static str, payload: Value) -> Self {
        Self { event, payload }
    }
}

/// An event on its way to the sockets.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) code: String,
    pub(crate) name: &'static str,
    pub(crate) payload: Value,
}

/// What travels to the task that emits.
#[derive(Debug)]
pub(crate) enum Departure {
    Event(Event),
    Garbage(String, Garbage),
    /// Answered when everything before it has been handed to the sockets.
    Mark(oneshot::Sender<()>),
}

/// Completes when the events of a change have been handed to the sockets.
pub(crate) struct Emitted(oneshot::Receiver<()>);

impl Emitted {
    pub(crate) async fn wait(self) {
        let _ = self.0.await;
    }
}

impl Core {
    /// Runs `work` in one transaction together with the events it reports, and sends those off
    /// after the commit.
    pub(crate) async fn change<T, F>(
        &self,
        tenant: &TenantKey,
        work: F,
    ) -> Result<(T, Emitted), DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, &mut Vec<Happening>) -> Result<T, DatabaseError>
            + Send
            + 'static,
    {
        let tenant = tenant.clone();
        let dialect = self.config.dialect;
        let departures = self.departures.clone();
        let (mark, emitted) = oneshot::channel();
        let value = self
            .database
            .call(move |connection| {
                let rows = begin(connection)?;
                let mut happenings = Vec::new();
                let value = work(&rows, &mut happenings)?;
                let events = match dialect {
                    Dialect::Embedded => record(&rows, &tenant, happenings)?,
                    Dialect::Existing => unnumbered(&tenant, happenings),
                };
                rows.commit()?;
                // Sent from the database thread: the order of leaving is the order of `seq`.
                for event in events {
                    let _ = departures.send(Departure::Event(event));
                }
                let _ = departures.send(Departure::Mark(mark));
                Ok(value)
            })
            .await?;
        Ok((value, Emitted(emitted)))
    }
}

fn unnumbered(tenant: &TenantKey, happenings: Vec<Happening>) -> Vec<Event> {
    happenings
        .into_iter()
        .map(|Happening { event, payload }| Event {
            code: tenant.code.clone(),
            name: event,
            payload,
        })
        .collect()
}

fn record(
    rows: &Connection,
    tenant: &TenantKey,
    happenings: Vec<Happening>,
) -> Result<Vec<Event>, DatabaseError> {
    let mut events = unnumbered(tenant, happenings);
    for event in &mut events {
        let seq: i64 = rows
            .prepare_cached(
                "UPDATE tenants SET last_seq = last_seq + 1 WHERE id = ?1 RETURNING last_seq",
            )?
            .query_row([tenant.id], |row| row.get(0))?;
        if let Some(members) = event.payload.as_object_mut() {
            members.insert("seq".to_owned(), json!(seq));
        }
        rows.prepare_cached(
            "INSERT INTO events (tenant_id, seq, event, payload) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![tenant.id, seq, event.name, event.payload.to_string()])?;
        if seq % PRUNE_EVERY == 0 {
            rows.execute(
                "DELETE FROM events WHERE tenant_id = ?1 AND seq <= ?2",
                [tenant.id, seq - RETAINED],
            )?;
        }
    }
    Ok(events)
}

/// The number of the tenant's newest event; 0 before the first.
pub(crate) fn last_seq(rows: &Connection, tenant: i64) -> Result<i64, DatabaseError> {
    Ok(rows.query_row("SELECT last_seq FROM tenants WHERE id = ?1", [tenant], |row| row.get(0))?)
}

/// Emits what arrives until the last sender is gone; the faults on events act here.
pub(crate) async fn emit_departures(
    mut inbox: mpsc::UnboundedReceiver<Departure>,
    faults: Arc<Board>,
    sockets: Arc<Sockets>,
) {
    let mut held: Vec<Event> = Vec::new();
    loop {
        let departure = if held.is_empty() {
            inbox.recv().await
        } else {
            match tokio::time::timeout(HELD_AT_MOST, inbox.recv()).await {
                Ok(departure) => departure,
                Err(_) => {
                    faults.stop_holding();
                    release(&mut held, &sockets).await;
                    continue;
                }
            }
        };
        match departure {
            None => break,
            Some(Departure::Mark(done)) => {
                let _ = done.send(());
            }
            Some(Departure::Garbage(code, garbage)) => sockets.emit_garbage(&code, garbage).await,
            Some(Departure::Event(event)) => {
                let fate = faults.next_event();
                if !fate.delay.is_zero() {
                    tokio::time::sleep(fate.delay).await;
                }
                if fate.hold {
                    held.push(event);
                    if fate.release {
                        release(&mut held, &sockets).await;
                    }
                    continue;
                }
                for _ in 0..fate.copies {
                    sockets.emit(&event.code, event.name, &event.payload).await;
                }
            }
        }
    }
}

async fn release(held: &mut Vec<Event>, sockets: &Sockets) {
    for event in held.drain(..).rev() {
        sockets.emit(&event.code, event.name, &event.payload).await;
    }
}

pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/", get(replay))
}

/// Events after `after`, oldest first. `complete` is false when some of them are no longer kept:
/// then only a resync tells what happened.
async fn replay(State(core): State<Arc<Core>>, caller: Caller, params: Params) -> Reply {
    let after = params.count("after", 0)?;
    let limit = params.count("limit", 500)?.clamp(1, 2000);
    let tenant = caller.id();
    let (mut events, oldest) = core
        .database
        .call(move |rows| {
            let events = rows
                .prepare_cached(
                    "SELECT seq, event, payload FROM events
                     WHERE tenant_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
                )?
                .query_map([tenant, after, limit + 1], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
                })?
                .collect::<Result<Vec<_>, _>>()?;
            let oldest: Option<i64> = rows.query_row(
                "SELECT min(seq) FROM events WHERE tenant_id = ?1",
                [tenant],
                |row| row.get(0),
            )?;
            Ok((events, oldest))
        })
        .await?;
    let has_more = i64::try_from(events.len()).unwrap_or(i64::MAX) > limit;
    if has_more {
        events.pop();
    }
    let events: Vec<Value> = events
        .into_iter()
        .map(|(seq, event, payload)| {
            let payload: Value = serde_json::from_str(&payload).unwrap_or(Value::Null);
            json!({ "seq": seq, "event": event, "payload": payload })
        })
        .collect();
    Ok(Json(json!({
        "success": true,
        "events": events,
        "hasMore": has_more,
        "complete": oldest.is_none_or(|oldest| oldest <= after + 1),
    })))
}

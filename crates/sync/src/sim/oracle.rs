//! What must be true.

use super::planted::FOREIGN;
use super::world::{Client, World};
use condorito_model::fact::Sender;
use condorito_model::record::OutboxState;
use condorito_model::{ConversationId, LocalId, MessageId};
use std::collections::{BTreeMap, BTreeSet};

/// At every instant: no send beyond consent, none out of order.
pub(super) fn at_any_time(world: &World) -> Result<(), String> {
    let mut sent: BTreeMap<&LocalId, u32> = BTreeMap::new();
    for delivery in &world.server.deliveries {
        *sent.entry(&delivery.local_id).or_default() += 1;
    }
    for delivery in &world.server.deliveries {
        let written = world.clients.get(delivery.client);
        let written = written.and_then(|state| state.written.get(&delivery.local_id));
        if written.is_some_and(|written| written.phone != delivery.phone) {
            return Err(format!("{:?} was sent to {}", delivery.local_id, delivery.phone));
        }
    }
    for (client, state) in world.clients.iter().enumerate() {
        let foreign = state.store.conversations.keys().find(|id| id.0 >= FOREIGN);
        if let Some(id) = foreign {
            return Err(format!("client {client} keeps {id} of another tenant"));
        }
        for (local_id, written) in &state.written {
            let times = sent.get(local_id).copied().unwrap_or_default();
            if times > written.consents {
                return Err(format!(
                    "client {client}: {local_id:?} was sent {times} times with {} consents",
                    written.consents
                ));
            }
        }
    }
    Ok(())
}

/// *Online* means that nothing is missing: whatever was read at all is as on the server.
pub(super) fn while_online(world: &World, client: usize) -> Result<(), String> {
    let Some(state) = world.clients.get(client) else {
        return Ok(());
    };
    for (id, thread) in &world.server.threads {
        let Some(row) = state.store.conversations.get(id) else {
            return Err(format!("client {client} is online and lacks conversation {id}"));
        };
        if row.older_unknown.is_some() && !row.stale {
            let newest = thread.messages.last().map(|message| &message.message_id);
            if let Some(newest) = newest
                && !state.store.has(newest)
            {
                return Err(format!(
                    "client {client} is online and lacks the newest message of {id}: {newest:?}"
                ));
            }
        }
        if row.stale {
            // Its page would not come: the conversation shows its gap, and is tried again.
            continue;
        }
        unbroken(state, *id, thread.messages.iter().map(|message| &message.message_id).collect())
            .map_err(|what| format!("client {client}, conversation {id}: {what}"))?;
    }
    Ok(())
}

/// No gap is silent: where the cache claims that nothing lies between two messages, nothing does.
fn unbroken(state: &Client, id: ConversationId, server: Vec<&MessageId>) -> Result<(), String> {
    let Some(cached) = state.store.messages.get(&id) else {
        return Ok(());
    };
    let places: BTreeMap<&MessageId, usize> =
        server.iter().enumerate().map(|(place, message_id)| (*message_id, place)).collect();
    let mut previous: Option<usize> = None;
    for message in cached.values() {
        let Some(place) = places.get(&message.fact.message_id).copied() else {
            return Err(format!("{:?} is cached and not on the server", message.fact.message_id));
        };
        if message.joined {
            let expected = previous.map_or(0, |previous| previous + 1);
            if place != expected {
                return Err(format!(
                    "a silent gap before {:?}: place {place}, expected {expected} with {:?}",
                    message.fact.message_id,
                    server.get(expected)
                ));
            }
        }
        previous = Some(place);
    }
    Ok(())
}

/// When all is calm, compared and read to its beginning.
pub(super) fn at_the_end(world: &World) -> Result<(), String> {
    at_any_time(world)?;
    for (client, state) in world.clients.iter().enumerate() {
        if !state.synced {
            return Err(format!("client {client}: sync_now was never answered"));
        }
        while_online(world, client)?;
        conversations(world, client, state)?;
        shown(world, client, state)?;
        written(world, client, state)?;
        order(world, client)?;
    }
    Ok(())
}

fn conversations(world: &World, client: usize, state: &Client) -> Result<(), String> {
    for (id, row) in &state.store.conversations {
        if id.is_local() {
            continue;
        }
        let Some(thread) = world.server.threads.get(id) else {
            return Err(format!("client {client} still has the deleted conversation {id}"));
        };
        let fact = &thread.fact;
        let same = row.unread == fact.unread_count
            && row.bot_enabled == fact.bot_enabled
            && row.last_message == fact.last_message
            && row.last_message_at == fact.last_message_at
            && row.phone == fact.phone;
        if !same {
            return Err(format!("client {client}: {row:?} is not {fact:?}"));
        }
        if row.stale {
            return Err(format!("client {client}: {id} is still marked as behind"));
        }
    }
    Ok(())
}

/// What the list shows: every message of the server once, in order, and beside them only what was
/// written here and is not known to be there.
fn shown(world: &World, client: usize, state: &Client) -> Result<(), String> {
    for (id, thread) in &world.server.threads {
        let server: Vec<&MessageId> =
            thread.messages.iter().map(|message| &message.message_id).collect();
        let listed = state.store.listed(*id);
        let cached: Vec<&MessageId> =
            listed.iter().map(|message| &message.fact.message_id).collect();
        if server != cached {
            return Err(format!(
                "client {client}: conversation {id} has {} messages, the server {}, or in another order",
                cached.len(),
                server.len()
            ));
        }
        let mut locals = BTreeSet::new();
        for message in state.store.messages.get(id).into_iter().flat_map(BTreeMap::values) {
            if let Some(local_id) = &message.local_id {
                if !locals.insert(local_id) {
                    return Err(format!("client {client}: {local_id:?} is shown twice"));
                }
                let text = state.written.get(local_id).map(|written| written.text.as_str());
                if text != message.fact.content.as_deref() || message.fact.from != Sender::Client {
                    return Err(format!("client {client}: {local_id:?} is linked to another text"));
                }
            }
        }
        for row in state.store.outbox.values().filter(|row| row.phone == thread.fact.phone) {
            let hidden = row.message_id.as_ref().is_some_and(|known| state.store.has(known));
            if !hidden && locals.contains(&row.local_id) {
                return Err(format!("client {client}: {:?} is shown twice", row.local_id));
            }
        }
    }
    Ok(())
}

/// Nothing written is lost, nothing is stuck, and what is said of it is so.
fn written(world: &World, client: usize, state: &Client) -> Result<(), String> {
    let mut linked: BTreeMap<&LocalId, &MessageId> = BTreeMap::new();
    for message in state.store.messages.values().flat_map(BTreeMap::values) {
        if let Some(local_id) = &message.local_id {
            linked.insert(local_id, &message.fact.message_id);
        }
    }
    for (local_id, written) in &state.written {
        let row = state.store.outbox.values().find(|row| row.local_id == *local_id);
        let deliveries =
            world.server.deliveries.iter().filter(|delivery| delivery.local_id == *local_id);
        let times = deliveries.count();
        let equal = written.text == "dale";
        match (row, linked.get(local_id)) {
            (None, None) if !written.discarded && !world.deleted.contains(&written.phone) => {
                return Err(format!("client {client}: {local_id:?} is lost"));
            }
            (Some(row), _)
                if matches!(
                    row.state,
                    OutboxState::Queued | OutboxState::Sending | OutboxState::Reconciling
                ) =>
            {
                return Err(format!("client {client}: {row:?} is stuck"));
            }
            (Some(row), None) if row.state == OutboxState::Sent => {
                if times == 0 && !equal {
                    return Err(format!("client {client}: {row:?} was never sent"));
                }
                if !world.deleted.contains(&written.phone) {
                    return Err(format!("client {client}: {row:?} has no message in the cache"));
                }
            }
            (_, Some(_)) if times == 0 && !equal => {
                return Err(format!("client {client}: {local_id:?} is shown as sent and was not"));
            }
            (Some(row), None)
                if row.state == OutboxState::Failed
                    && times > 0
                    && written.consents == 1
                    && !world.deleted.contains(&written.phone) =>
            {
                return Err(format!("client {client}: {row:?} is shown as failed and was sent"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Texts to one receiver leave in the order written, where none was sent again by hand.
fn order(world: &World, client: usize) -> Result<(), String> {
    let Some(state) = world.clients.get(client) else {
        return Ok(());
    };
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for delivery in world.server.deliveries.iter().filter(|delivery| delivery.client == client) {
        let Some(written) = state.written.get(&delivery.local_id) else {
            continue;
        };
        if written.consents > 1 {
            continue;
        }
        let before = last.insert(&delivery.phone, written.order);
        if before.is_some_and(|before| before > written.order) {
            return Err(format!(
                "client {client}: {:?} overtook a text written before it",
                delivery.local_id
            ));
        }
    }
    Ok(())
}

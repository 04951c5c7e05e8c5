//! The tenant `DEMO`: what it finds when it first signs in.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use rusqlite::{Connection, params};

use super::{
    people::{PEOPLE, Person, TAGS, TEMPLATES},
    phrases::{Line, OPENINGS, TALKS},
};
use crate::{
    clock::{now_ms, whole_second},
    core::Core,
    database::DatabaseError,
    error::Error,
    events::TenantKey,
    history::Sender,
    instance,
    sending::delivery::random_id,
    tenants::NewTenant,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The demo's account.
pub(super) fn account() -> NewTenant {
    NewTenant {
        client_code: "DEMO".to_owned(),
        password: "demo1234".to_owned(),
        company_name: "Mates El Cóndor".to_owned(),
        phone: "5491155500001".to_owned(),
        linked: true,
    }
}

/// Makes the tenant and, unless it has conversations already, its history.
pub(crate) async fn prepare(core: &Core, chance: u64) -> Result<TenantKey, Error> {
    let account = account();
    let code = account.client_code.clone();
    let id = instance::add_tenant(core, account).await?;
    core.database
        .change(move |rows| {
            let known: i64 = rows.query_row(
                "SELECT count(*) FROM conversations WHERE tenant_id = ?1",
                [id],
                |row| row.get(0),
            )?;
            if known == 0 {
                write_catalog(rows, id)?;
                write_histories(rows, id, &mut StdRng::seed_from_u64(chance))?;
            }
            Ok(())
        })
        .await?;
    Ok(TenantKey { id, code })
}

fn write_catalog(rows: &Connection, tenant: i64) -> Result<(), DatabaseError> {
    let now = whole_second(now_ms());
    for (name, color, description) in TAGS {
        rows.execute(
            "INSERT INTO tags (tenant_id, name, color, description, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![tenant, name, color, description, now],
        )?;
    }
    for (name, content, category) in TEMPLATES {
        rows.execute(
            "INSERT INTO templates (tenant_id, name, content, category, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![tenant, name, content, category, now],
        )?;
    }
    Ok(())
}

fn write_histories(
    rows: &Connection,
    tenant: i64,
    chance: &mut StdRng,
) -> Result<(), DatabaseError> {
    let now = whole_second(now_ms());
    for (index, person) in (0_i64..).zip(PEOPLE.iter()) {
        // The first ones wrote within the hour, the last ones weeks ago.
        let last = now - (index * index * 14 + 2) * MINUTE_MS;
        let unread = if index % 3 == 0 { chance.random_range(1..=4) } else { 0 };
        let history = compose(chance, last, unread);
        write_history(rows, tenant, person, &history, unread)?;
    }
    Ok(())
}

/// Lines with their times, ending at `last`; the last `unread` ones are a contact's openings.
fn compose(chance: &mut StdRng, last: i64, unread: usize) -> Vec<(Line, i64)> {
    let talks: Vec<&[Line]> =
        (0..chance.random_range(2..=9)).filter_map(|_| TALKS.choose(chance).copied()).collect();
    let mut reversed = Vec::new();
    let mut time = last;
    for _ in 0..unread {
        reversed
            .push(((Sender::Contact, OPENINGS.choose(chance).copied().unwrap_or("Hola")), time));
        time -= chance.random_range(20..240) * 1000;
    }
    for talk in talks.iter().rev() {
        for line in talk.iter().rev() {
            reversed.push((*line, time));
            time -= chance.random_range(15..900) * 1000;
        }
        time -= chance.random_range(DAY_MS / 2..6 * DAY_MS);
    }
    reversed.reverse();
    reversed.into_iter().map(|(line, time)| (line, whole_second(time))).collect()
}

fn write_history(
    rows: &Connection,
    tenant: i64,
    person: &Person,
    history: &[(Line, i64)],
    unread: usize,
) -> Result<(), DatabaseError> {
    let Some(((_, last_text), last_time)) = history.last().copied() else {
        return Ok(());
    };
    let begun = history.first().map_or(last_time, |(_, time)| *time);
    // Whoever was answered by hand has the bot off (contract 4.4).
    let by_hand = history.iter().any(|((sender, _), _)| *sender == Sender::Client);
    rows.execute(
        "INSERT INTO contacts (tenant_id, phone_number, name, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?4)",
        params![tenant, person.phone, person.name, begun],
    )?;
    let contact = rows.last_insert_rowid();
    for tag in person.tags {
        rows.execute(
            "INSERT INTO contact_tags (contact_id, tag_id, assigned_at)
             SELECT ?1, id, ?3 FROM tags WHERE tenant_id = ?2 AND name = ?4",
            params![contact, tenant, begun, tag],
        )?;
    }
    rows.execute(
        "INSERT INTO conversations
             (tenant_id, contact_phone, contact_name, last_message, last_message_at, unread_count,
              bot_enabled, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?5)",
        params![
            tenant,
            person.phone,
            person.name,
            last_text,
            last_time,
            i64::try_from(unread).unwrap_or(0),
            !by_hand,
            begun,
        ],
    )?;
    let conversation = rows.last_insert_rowid();
    let mut message = rows.prepare_cached(
        "INSERT INTO messages
             (tenant_id, conversation_id, message_id, sender_type, content, message_type, is_read,
              sent_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'text', ?6, ?7, ?7)",
    )?;
    let first_unread = history.len().saturating_sub(unread);
    for (index, ((sender, text), time)) in history.iter().enumerate() {
        let direction = *sender != Sender::Contact;
        message.execute(params![
            tenant,
            conversation,
            format!("{direction}_{}@c.us_{}", person.phone, random_id()),
            sender.as_str(),
            text,
            index < first_unread,
            time,
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_history_is_in_order_and_ends_with_what_is_unread() {
        let mut chance = StdRng::seed_from_u64(7);
        for unread in 0..4 {
            let history = compose(&mut chance, 1_760_000_000_000, unread);
            assert!(history.is_sorted_by_key(|(_, time)| *time));
            assert!(
                history
                    .iter()
                    .rev()
                    .take(unread)
                    .all(|((sender, _), _)| *sender == Sender::Contact)
            );
        }
    }
}

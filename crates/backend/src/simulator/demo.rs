//! The tenant `DEMO`: what it finds when it first signs in.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use rusqlite::{Connection, params};

use super::{
    gallery::Gallery,
    people::{PEOPLE, Person, TAGS, TEMPLATES},
    phone::Media,
    phrases::{CAPTIONS, Line, OPENINGS, TALKS},
};
use crate::{
    clock::{now_ms, whole_second},
    core::Core,
    database::DatabaseError,
    demo::{CLIENT_CODE, PASSWORD},
    error::Error,
    events::TenantKey,
    history::Sender,
    instance,
    sending::delivery::random_id,
    tenants::NewTenant,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// So many contacts have been customers for months; the others came by lately.
const REGULARS: i64 = 14;
/// One talk in so many has a picture or a voice note in it.
const TALKS_PER_FILE: u32 = 4;
/// Whose last word is no text, by their place among the people, and what it is. One of them has
/// sent one of each kind.
const LAST_WORDS: [(i64, &str); 7] = [
    (ALL_KINDS, "contact_card"),
    (4, "audio"),
    (5, "document"),
    (7, "image"),
    (8, "location"),
    (10, "sticker"),
    (11, "video"),
];
const ALL_KINDS: i64 = 2;

/// One message of a history.
#[derive(Debug, Clone)]
struct Said {
    sender: Sender,
    text: &'static str,
    file: Option<Media>,
    at: i64,
}

impl Said {
    /// As the list shows it (contract 4.1).
    fn preview(&self) -> String {
        match &self.file {
            Some(file) if self.text.is_empty() => format!("[{}]", file.message_type),
            _ => self.text.to_owned(),
        }
    }
}

/// The demo's account.
pub(super) fn account() -> NewTenant {
    NewTenant {
        client_code: CLIENT_CODE.to_owned(),
        password: PASSWORD.to_owned(),
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
    let known: i64 = core
        .database
        .call(move |rows| {
            let count = "SELECT count(*) FROM conversations WHERE tenant_id = ?1";
            Ok(rows.query_row(count, [id], |row| row.get(0))?)
        })
        .await?;
    if known == 0 {
        let gallery = Gallery::hang(core).await?;
        core.database
            .change(move |rows| {
                write_catalog(rows, id)?;
                write_histories(rows, id, &gallery, &mut StdRng::seed_from_u64(chance))
            })
            .await?;
    }
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
    gallery: &Gallery,
    chance: &mut StdRng,
) -> Result<(), DatabaseError> {
    let now = whole_second(now_ms());
    let files = gallery.common();
    let mut messages = Vec::new();
    for (index, person) in (0_i64..).zip(PEOPLE.iter()) {
        // The first ones wrote within the hour, the last ones weeks ago.
        let last = now - (index * index * 14 + 2) * MINUTE_MS;
        let unread = if index % 3 == 0 { chance.random_range(1..=4) } else { 0 };
        let talks = chance.random_range(if index < REGULARS { 18..=40 } else { 2..=9 });
        let last_words = last_words(gallery, index);
        let before = i64::try_from(last_words.len()).unwrap_or(0) * MINUTE_MS;
        let mut history = compose(chance, &files, last - before, talks, unread);
        history.extend((1..).zip(last_words).map(|(nth, (file, text))| {
            let at = whole_second(last - before + nth * MINUTE_MS);
            Said { sender: Sender::Contact, text, file: Some(file), at }
        }));
        if let Some(conversation) = write_conversation(rows, tenant, person, &history, unread)? {
            let first_unread = history.len().saturating_sub(unread);
            messages.extend(
                history
                    .into_iter()
                    .enumerate()
                    .map(|(at, said)| (conversation, person, said, at < first_unread)),
            );
        }
    }
    // As they came: row ids grow with time, on which clients may lean.
    messages.sort_by_key(|(_, _, said, _)| said.at);
    for (conversation, person, said, read) in messages {
        write_message(rows, tenant, conversation, person, &said, read)?;
    }
    Ok(())
}

/// What a person has sent last.
fn last_words(gallery: &Gallery, person: i64) -> Vec<(Media, &'static str)> {
    let last = LAST_WORDS.iter().find(|(who, _)| *who == person);
    match last {
        Some((ALL_KINDS, _)) => gallery.each_kind(),
        Some((_, kind)) => gallery.one(kind).into_iter().collect(),
        None => Vec::new(),
    }
}

/// So many talks, ending at `last`; the last `unread` messages are a contact's openings.
fn compose(
    chance: &mut StdRng,
    files: &[Media],
    last: i64,
    talks: usize,
    unread: usize,
) -> Vec<Said> {
    let talks: Vec<&[Line]> = (0..talks).filter_map(|_| TALKS.choose(chance).copied()).collect();
    let mut reversed = Vec::new();
    let mut time = last;
    for _ in 0..unread {
        let text = OPENINGS.choose(chance).copied().unwrap_or("Hola");
        reversed.push(Said { sender: Sender::Contact, text, file: None, at: time });
        time -= chance.random_range(20..240) * 1000;
    }
    for talk in talks.iter().rev() {
        // After a contact's first words, so that somebody reacts to it.
        let file = chance
            .random_ratio(1, TALKS_PER_FILE)
            .then(|| files.choose(chance).cloned())
            .flatten()
            .filter(|_| talk.first().is_some_and(|(sender, _)| *sender == Sender::Contact));
        for (index, (sender, text)) in talk.iter().enumerate().rev() {
            if index == 0
                && let Some(file) = &file
            {
                let caption = CAPTIONS.choose(chance).copied().unwrap_or_default();
                let text = if file.message_type == "image" { caption } else { "" };
                let file = Some(file.clone());
                reversed.push(Said { sender: Sender::Contact, text, file, at: time });
                time -= chance.random_range(15..120) * 1000;
            }
            reversed.push(Said { sender: *sender, text, file: None, at: time });
            time -= chance.random_range(15..900) * 1000;
        }
        time -= chance.random_range(DAY_MS / 2..6 * DAY_MS);
    }
    reversed.reverse();
    for said in &mut reversed {
        said.at = whole_second(said.at);
    }
    reversed
}

/// The contact and its conversation, without the messages; its row, unless nothing was said.
fn write_conversation(
    rows: &Connection,
    tenant: i64,
    person: &Person,
    history: &[Said],
    unread: usize,
) -> Result<Option<i64>, DatabaseError> {
    let (Some(first), Some(last)) = (history.first(), history.last()) else {
        return Ok(None);
    };
    let begun = first.at;
    // Whoever was answered by hand has the bot off (contract 4.4).
    let by_hand = history.iter().any(|said| said.sender == Sender::Client);
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
            last.preview(),
            last.at,
            i64::try_from(unread).unwrap_or(0),
            !by_hand,
            begun,
        ],
    )?;
    Ok(Some(rows.last_insert_rowid()))
}

fn write_message(
    rows: &Connection,
    tenant: i64,
    conversation: i64,
    person: &Person,
    said: &Said,
    read: bool,
) -> Result<(), DatabaseError> {
    let own = said.sender != Sender::Contact;
    rows.prepare_cached(
        "INSERT INTO messages
             (tenant_id, conversation_id, message_id, sender_type, content, message_type,
              media_path, file_name, is_read, sent_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
    )?
    .execute(params![
        tenant,
        conversation,
        format!("{own}_{}@c.us_{}", person.phone, random_id()),
        said.sender.as_str(),
        Some(said.text).filter(|text| !text.is_empty()),
        said.file.as_ref().map_or("text", |file| file.message_type),
        said.file.as_ref().and_then(|file| file.path.as_deref()),
        said.file.as_ref().and_then(|file| file.file_name.as_deref()),
        read,
        said.at,
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_history_is_in_order_and_ends_with_what_is_unread() {
        let mut chance = StdRng::seed_from_u64(7);
        let files = [Media::named_by_path("image", "images/a.png".to_owned())];
        for unread in 0..4 {
            let history = compose(&mut chance, &files, 1_760_000_000_000, 30, unread);
            assert!(history.is_sorted_by_key(|said| said.at));
            assert!(history.iter().any(|said| said.file.is_some()));
            let months = history.last().zip(history.first()).map(|(end, start)| end.at - start.at);
            assert!(months > Some(40 * DAY_MS), "{months:?}");
            let unread = history.iter().rev().take(unread);
            assert!(unread.into_iter().all(|said| said.sender == Sender::Contact));
        }
    }
}

//! Histories by the thousand, for benchmarks: one transaction, no events.

use rusqlite::{Connection, params};

use crate::{
    clock::{now_ms, whole_second},
    database::DatabaseError,
    sending::delivery::random_id,
};

/// Seconds between two messages of a seeded conversation.
const STEP_MS: i64 = 60_000;
/// Seeded histories end this long ago, so that the counts of the last 24 hours stay cheap.
const ENDED_MS: i64 = 26 * 3_600_000;

const LINES: [&str; 8] = [
    "Buenas, ¿me pasás el precio?",
    "Sí, ahora te lo confirmo.",
    "¿Hacen envíos a Quilmes?",
    "Sale mañana a primera hora.",
    "Perfecto, quedo atento.",
    "¿Se puede pagar con tarjeta?",
    "Sí, hasta tres cuotas.",
    "Genial, muchas gracias.",
];

/// Writes `conversations` new conversations of `messages_each` messages. Numbers go on where an
/// earlier call ended.
pub(crate) fn seed(
    rows: &Connection,
    tenant: i64,
    conversations: u32,
    messages_each: u32,
) -> Result<(), DatabaseError> {
    let before: i64 = rows.query_row(
        "SELECT count(*) FROM conversations WHERE tenant_id = ?1",
        [tenant],
        |row| row.get(0),
    )?;
    let now = whole_second(now_ms());
    let salt = random_id();
    let mut contact = rows.prepare(
        "INSERT INTO contacts (tenant_id, phone_number, name, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (tenant_id, phone_number) DO NOTHING",
    )?;
    let mut conversation = rows.prepare(
        "INSERT INTO conversations
             (tenant_id, contact_phone, contact_name, last_message, last_message_at, unread_count,
              created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?5)",
    )?;
    let mut message = rows.prepare(
        "INSERT INTO messages
             (tenant_id, conversation_id, message_id, sender_type, content, message_type, is_read,
              sent_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'text', ?6, ?7, ?7)",
    )?;
    let line = |index: i64| {
        let words = usize::try_from(index).ok().and_then(|index| LINES.get(index % LINES.len()));
        format!("{} ({})", words.unwrap_or(&"Hola"), index + 1)
    };
    let each = i64::from(messages_each);
    for index in before..before + i64::from(conversations) {
        let phone = format!("54911{:08}", 20_000_000 + index);
        let name = format!("Cliente {}", index + 1);
        // Each conversation ends a little before the one made before it.
        let end = now - ENDED_MS - index * 1000;
        let start = end - (each - 1).max(0) * STEP_MS;
        let unread = i64::from(index % 10 == 0 && messages_each > 0);
        contact.execute(params![tenant, phone, name, start])?;
        conversation.execute(params![
            tenant,
            phone,
            name,
            (each > 0).then(|| line(each - 1)),
            end,
            unread,
            start,
        ])?;
        let id = rows.last_insert_rowid();
        for number in 0..each {
            let last = number == each - 1;
            let from_contact = (each - 1 - number) % 2 == 0;
            message.execute(params![
                tenant,
                id,
                format!("{from_contact}_{phone}@c.us_{salt}{number:06}"),
                if from_contact { "contact" } else { "client" },
                line(number),
                !(last && unread == 1),
                start + number * STEP_MS,
            ])?;
        }
    }
    Ok(())
}

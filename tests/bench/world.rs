//! The customers of a made-up shop and what they wrote: the same for the same numbers, so that a
//! store filled once can be used again.

use condorito_model::fact::{ConversationFact, MessageFact, MessageKind, Sender};
use condorito_model::record::ConversationRow;
use condorito_model::{ConversationId, MessageId, RowId, Timestamp};
use serde_json::{Value, json};

/// The company's code.
pub const CODE: &str = "BANCO";

/// When the newest stored message was written: 2026-11-20T12:00:00Z.
const NEWEST: i64 = 1_795_176_000_000;
/// Milliseconds between two messages.
const APART: i64 = 20_000;

/// Frequent first: each place is taken half as often as the one four places before it.
const WORDS: [&str; 40] = [
    "hola",
    "gracias",
    "pedido",
    "que",
    "para",
    "precio",
    "mañana",
    "envío",
    "tienen",
    "quiero",
    "por",
    "favor",
    "cuánto",
    "turno",
    "café",
    "dirección",
    "consulta",
    "factura",
    "tarjeta",
    "transferencia",
    "listo",
    "perfecto",
    "local",
    "horario",
    "sábado",
    "domingo",
    "stock",
    "talle",
    "color",
    "negro",
    "blanco",
    "cambio",
    "devolución",
    "retiro",
    "moto",
    "correo",
    "seguimiento",
    "comprobante",
    "descuento",
    "promoción",
];
/// In one message of forty thousand.
pub const RARE_WORD: &str = "zafiro";

const FIRST_NAMES: [&str; 20] = [
    "María", "José", "Lucía", "Juan", "Sofía", "Carlos", "Ana", "Luis", "Paula", "Diego", "Marta",
    "Pablo", "Elena", "Jorge", "Rosa", "Martín", "Inés", "Raúl", "Julia", "Hugo",
];
const LAST_NAMES: [&str; 20] = [
    "González",
    "Rodríguez",
    "Gómez",
    "Fernández",
    "López",
    "Díaz",
    "Martínez",
    "Pérez",
    "García",
    "Sánchez",
    "Romero",
    "Sosa",
    "Torres",
    "Álvarez",
    "Ruiz",
    "Ramírez",
    "Flores",
    "Acosta",
    "Benítez",
    "Medina",
];

/// How many conversations there are, numbered from 1, and how many messages, numbered by time.
///
/// One message in five belongs to the regulars, the first hundredth of the conversations, and of
/// those one in ten to conversation 1, which so is the longest. All others come and go in the order of
/// their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    /// Conversations.
    pub conversations: i64,
    /// Messages.
    pub messages: i64,
}

/// What the messages of a conversation come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// The last of them.
    pub newest: i64,
}

/// A number that looks like chance and is the same every time (splitmix64).
pub fn chance(seed: i64, below: i64) -> i64 {
    let mut z = seed.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).cast_signed().rem_euclid(below.max(1))
}

fn pick(list: &'static [&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or("hola")
}

impl World {
    /// Nobody has written yet.
    pub const EMPTY: Self = Self { conversations: 0, messages: 0 };

    /// The conversation that a message belongs to. Messages after the last one are written in
    /// conversations of late.
    pub fn conversation_of(&self, message: i64) -> i64 {
        let regulars = (self.conversations / 100).max(1);
        let mut place = message;
        if place > self.messages {
            place = self.messages - chance(message ^ 0x5eed, (self.messages / 10).min(5_000));
        }
        if chance(message, 5) == 0 {
            return match chance(message ^ 0xabc, 10) {
                0 => 1,
                _ => chance(message ^ 0xdef, regulars) + 1,
            };
        }
        let others = (self.conversations - regulars).max(1);
        let middle = place * others / self.messages.max(1);
        let offset = chance(message ^ 0x123, 41) - 20;
        regulars + (middle + offset).clamp(1, others)
    }

    /// Count and newest message of each conversation, from conversation 1 on.
    pub fn tallies(&self) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); usize::try_from(self.conversations).unwrap_or(0)];
        for message in 1..=self.messages {
            let index = usize::try_from(self.conversation_of(message) - 1).unwrap_or(0);
            if let Some(tally) = tallies.get_mut(index) {
                tally.count += 1;
                tally.newest = message;
            }
        }
        tallies
    }

    /// Server time of a message.
    pub fn sent_at(&self, message: i64) -> Timestamp {
        Timestamp::from_millis(NEWEST - (self.messages - message) * APART)
    }

    /// A message as the store takes it.
    pub fn message(&self, id: i64) -> MessageFact {
        let conversation = self.conversation_of(id);
        let from = sender(id);
        MessageFact {
            id: RowId(id),
            conversation_id: ConversationId(conversation),
            message_id: MessageId(message_id(id, conversation)),
            from,
            kind: MessageKind::Text,
            content: Some(content(id)),
            sent_at: self.sent_at(id),
            media: None,
            phone: None,
        }
    }

    /// A conversation as the store takes it once all its messages are there.
    pub fn row(&self, id: i64, tally: Tally) -> ConversationRow {
        let fact = self.fact(id, tally);
        ConversationRow {
            id: fact.id,
            phone: fact.phone,
            name: fact.name,
            last_message: fact.last_message,
            last_message_at: fact.last_message_at,
            unread: fact.unread_count,
            bot_enabled: fact.bot_enabled,
            total: fact.total_messages,
            older_unknown: Some(0),
            stale: false,
            local_at: None,
            local_preview: None,
        }
    }

    /// The same as the server's list has it.
    pub fn fact(&self, id: i64, tally: Tally) -> ConversationFact {
        let newest = (tally.count > 0).then_some(tally.newest);
        ConversationFact {
            id: ConversationId(id),
            phone: phone(id),
            name: Some(name(id)),
            last_message: newest.map(content),
            last_message_at: newest.map(|newest| self.sent_at(newest)),
            unread_count: match chance(id ^ 0x77, 7) {
                0 => 2,
                _ => 0,
            },
            bot_enabled: id % 2 == 0,
            total_messages: Some(tally.count),
        }
    }

    /// The payload of `message:new` as the existing backend emits it (contract 3.3, kind A).
    pub fn payload(&self, id: i64, unread: u32) -> Value {
        let fact = self.message(id);
        let conversation = fact.conversation_id.0;
        let at = fact.sent_at.to_string();
        let own = fact.from != Sender::Contact;
        json!({
            "clientCode": CODE,
            "message": {
                "id": id, "conversation_id": conversation,
                "message_id": fact.message_id.as_str(),
                "sender_type": if own { "client" } else { "contact" },
                "from_me": own, "is_from_bot": false,
                "content": fact.content, "message_type": "text",
                "media_url": null, "file_name": null, "media_mimetype": null,
                "media_size": null, "quoted_message_id": null,
                "is_read": 0, "read_at": null, "sent_at": at, "delivered_at": null,
                "created_at": at, "updated_at": null
            },
            "conversation": {
                "id": conversation, "client_id": 6,
                "contact_phone": phone(conversation), "contact_name": name(conversation),
                "last_message": fact.content, "last_message_at": at,
                "unread_count": unread, "is_archived": false, "is_pinned": false,
                "bot_enabled": 1,
                "created_at": "2026-03-24T20:46:37.000Z", "updated_at": at
            },
            "timestamp": at
        })
    }
}

fn sender(id: i64) -> Sender {
    if chance(id ^ 0x5ade, 5) < 2 { Sender::Client } else { Sender::Contact }
}

fn message_id(id: i64, conversation: i64) -> String {
    let own = sender(id) != Sender::Contact;
    format!("{own}_{}@c.us_3EB0{id:018X}", phone(conversation))
}

/// From 4 to 13 words; one message in twenty has a number of its own.
fn content(id: i64) -> String {
    let mut text = String::with_capacity(80);
    for n in 0..chance(id ^ 0x1e9, 10) + 4 {
        // The smaller of two takes the first places more often.
        let seed = id * 16 + n;
        let place = chance(seed, 40).min(chance(seed ^ 0x7fff_0000_0000, 40));
        if n > 0 {
            text.push(' ');
        }
        text.push_str(pick(&WORDS, place));
    }
    if chance(id ^ 0x0bde, 20) == 0 {
        text.push_str(&format!(" {}", order_number(id)));
    }
    if id % 40_000 == 7 {
        text.push(' ');
        text.push_str(RARE_WORD);
    }
    text
}

fn order_number(id: i64) -> i64 {
    1_000_000 + id
}

/// One in ten has no name: then the server puts the number there.
pub fn name(conversation: i64) -> String {
    if chance(conversation ^ 0x4a4e, 10) == 0 {
        return phone(conversation);
    }
    format!(
        "{} {}",
        pick(&FIRST_NAMES, chance(conversation ^ 0xf1, 20)),
        pick(&LAST_NAMES, chance(conversation ^ 0x1a, 20))
    )
}

/// Each has another; all begin with the same five digits.
pub fn phone(conversation: i64) -> String {
    // Coprime to the modulus, so none is met twice.
    format!("54911{:08}", (conversation * 78_317_329) % 100_000_000)
}

#[cfg(test)]
mod tests {
    use super::{CODE, Tally, World};
    use condorito_model::fact::ServerEvent;
    use condorito_model::wire::{Decoded, decode_event};

    const WORLD: World = World { conversations: 1_000, messages: 20_000 };

    #[test]
    fn every_message_has_a_conversation_and_the_first_is_the_longest() {
        let tallies = WORLD.tallies();
        let counted: u32 = tallies.iter().map(|tally| tally.count).sum();
        assert_eq!(counted, 20_000);
        let longest = tallies.iter().map(|tally| tally.count).max();
        assert_eq!(longest, tallies.first().map(|tally| tally.count));
    }

    #[test]
    fn a_payload_decodes_to_the_same_message() {
        for id in [1, 20_000, 20_001] {
            let decoded = decode_event("message:new", &[WORLD.payload(id, 3)], CODE);
            let Decoded::Event(ServerEvent::MessageNew { message, conversation }) = decoded else {
                unreachable!("{id}: {decoded:?}");
            };
            let own = WORLD.message(id);
            let fact = WORLD.fact(own.conversation_id.0, Tally::default());
            assert_eq!(conversation.map(|fact| fact.phone), Some(fact.phone));
            assert_eq!(message, own);
        }
    }
}

//! Recorded shapes of REST replies, with texts of our own, against what they mean.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use condorito_model::fact::{ConversationFact, Media, MessageKind, Sender, Stats, WhatsappState};
use condorito_model::rest::{Reply, Request};
use condorito_model::wire::{DecodeError, decode_reply, parse_body};
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use serde_json::{Value, json};

const LIST: Request = Request::Conversations { limit: 50, offset: 0 };
const PAGE: Request =
    Request::Messages { conversation_id: ConversationId(31), limit: 50, offset: 0 };
const NEWEST: Request = Request::NewestMessages { limit: 50, offset: 0 };

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    parse_body(&std::fs::read(path).unwrap()).unwrap()
}

fn reply(request: &Request, name: &str) -> Reply {
    decode_reply(request, &fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn send() -> Request {
    Request::SendText { to: String::new(), text: String::new(), local_id: LocalId(String::new()) }
}

#[test]
fn a_bad_row_costs_only_itself() {
    let Reply::Conversations { rows, raw_rows } = reply(&LIST, "conversations") else {
        panic!("another reply")
    };
    assert_eq!(raw_rows, 7);
    let time = Timestamp::parse("2025-03-04T13:20:05Z");
    let expected = [
        ConversationFact {
            id: ConversationId(31),
            phone: "5493875550114".to_owned(),
            name: Some("Mirta Sosa".to_owned()),
            last_message: Some("¿tienen turno el jueves?".to_owned()),
            last_message_at: time,
            unread_count: 2,
            bot_enabled: true,
            total_messages: Some(57),
        },
        ConversationFact {
            id: ConversationId(30),
            phone: "5493875550120".to_owned(),
            name: None,
            last_message: Some("[audio]".to_owned()),
            last_message_at: time,
            unread_count: 0,
            bot_enabled: false,
            total_messages: Some(3),
        },
        ConversationFact {
            id: ConversationId(29),
            phone: "5493875550121".to_owned(),
            name: Some("5493875550121".to_owned()),
            last_message: None,
            last_message_at: None,
            unread_count: 4,
            bot_enabled: false,
            total_messages: Some(12),
        },
    ];
    assert_eq!(rows, expected);
}

#[test]
fn every_kind_of_message_is_told() {
    let Reply::Messages { rows, raw_rows: 9 } = reply(&PAGE, "messages-all-kinds") else {
        panic!("another reply")
    };
    let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    let expected = [
        MessageKind::Text,
        MessageKind::Image,
        MessageKind::Document,
        MessageKind::Audio,
        MessageKind::Video,
        MessageKind::Sticker,
        MessageKind::Location,
        MessageKind::ContactCard,
        MessageKind::Text,
    ];
    assert_eq!(kinds, expected);
    let with_file: Vec<_> = rows.iter().map(|row| row.media.is_some()).collect();
    assert_eq!(with_file, [false, true, true, true, true, true, false, false, false]);
    let picture = Media {
        url: Some("http://127.0.0.1:3300/uploads/images/1741094405_qk2f.jpg".to_owned()),
        file_name: Some("image_1741094405".to_owned()),
    };
    assert_eq!(rows[1].media, Some(picture));
    assert_eq!(rows[1].content.as_deref(), Some("así quedó"));
    assert_eq!(rows[4].media, Some(Media { url: None, file_name: None }));
    assert!(rows.iter().all(|row| row.phone.as_deref() == Some("5493875550114")));
}

#[test]
fn senders_ids_and_texts_are_read_as_they_are_meant() {
    let Reply::Messages { rows, raw_rows: 8 } = reply(&PAGE, "messages-senders") else {
        panic!("another reply")
    };
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.id, row.from, row.message_id.as_str(), row.content.as_deref()))
        .collect();
    let expected = [
        (
            RowId(720),
            Sender::Contact,
            "false_5493875550114@c.us_3EB0F720",
            Some("¿tienen turno el jueves?"),
        ),
        (RowId(721), Sender::Client, "true_5493875550114@c.us_3EB0A1", Some("sí, a las 10")),
        (RowId(722), Sender::Bot, "row:722", Some("Horario: 9 a 18")),
        (RowId(723), Sender::Client, "row:723", None),
        (
            RowId(724),
            Sender::Contact,
            "false_5493875550114@c.us_3EB0F724",
            Some("a\u{0}b\u{1e}\r\n\tc \u{202e}txet 😀"),
        ),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_newest_of_all_keep_the_servers_order() {
    let Reply::Messages { rows, raw_rows: 2 } = reply(&NEWEST, "search-newest") else {
        panic!("another reply")
    };
    assert_eq!([rows[0].id, rows[1].id], [RowId(731), RowId(730)]);
}

#[test]
fn a_send_is_known_by_its_id_if_it_has_one() {
    for (name, id) in [
        ("send-text", Some("true_5493875550114@c.us_3EB0B7")),
        ("send-image", Some("true_5493875550114@c.us_3EB0B8")),
        ("send-document-without-id", None),
    ] {
        let message_id = id.map(|id| MessageId(id.to_owned()));
        assert_eq!(reply(&send(), name), Reply::Sent { message_id }, "{name}");
    }
}

#[test]
fn bot_switches_and_counts_are_read() {
    let switch = |enabled| Request::SetBot { conversation_id: ConversationId(31), enabled };
    // What the server says counts, not what was asked.
    assert_eq!(reply(&switch(true), "bot-conversation"), Reply::BotSet { enabled: false });
    assert_eq!(reply(&switch(false), "bot-conversation-status"), Reply::BotSet { enabled: true });
    let all = Request::SetBotAll { enabled: true };
    assert_eq!(reply(&all, "bot-all"), Reply::BotSet { enabled: true });
    let count = |enabled, total| Reply::BotStatus { enabled, total };
    assert_eq!(reply(&Request::BotStatus, "bot-status"), count(5, 8));
    assert_eq!(reply(&Request::BotStatus, "bot-status-empty"), count(0, 0));
}

#[test]
fn an_exhausted_quota_is_read_from_its_limits() {
    let expected = Reply::Quota {
        messages: (2500, 2500),
        tokens: (98_000, 100_000),
        reset_date: Some("2025-04-01".to_owned()),
    };
    assert_eq!(reply(&Request::Quota, "quota-exhausted"), expected);
}

#[test]
fn sums_are_text_and_zero_is_a_number() {
    let stats = Stats {
        total_messages: 146,
        manual_messages: 11,
        bot_messages: 3,
        received_messages: 132,
        active_conversations: 6,
        unread_messages: 9,
    };
    assert_eq!(reply(&Request::Stats, "stats"), Reply::Stats { stats });
    let stats = Stats::default();
    assert_eq!(reply(&Request::Stats, "stats-empty"), Reply::Stats { stats });
}

#[test]
fn only_the_status_tells_whether_whatsapp_is_linked() {
    let cases = [
        ("connected", WhatsappState::Connected, true),
        ("after a restart", WhatsappState::NotInitialized, false),
        ("starting", WhatsappState::Initializing, false),
        ("waiting", WhatsappState::WaitingQr, false),
        ("expired", WhatsappState::QrExpired, false),
        ("failed", WhatsappState::Error, false),
        ("of the future", WhatsappState::Unknown, false),
        ("connect reply", WhatsappState::Initializing, false),
        ("already connected", WhatsappState::Connected, true),
        ("disconnect reply", WhatsappState::Disconnected, false),
    ];
    let bodies = fixture("whatsapp-status");
    assert_eq!(bodies.as_object().unwrap().len(), cases.len());
    for (case, state, has_phone) in cases {
        let phone = has_phone.then(|| "5493875550100".to_owned());
        for request in
            [Request::WhatsappStatus, Request::WhatsappConnect, Request::WhatsappDisconnect]
        {
            let decoded = decode_reply(&request, &bodies[case]);
            let phone = phone.clone();
            assert_eq!(decoded, Ok(Reply::Whatsapp { state, phone }), "{case}");
        }
    }
}

#[test]
fn what_is_no_success_is_no_reply() {
    let bodies = [
        json!({ "success": false, "conversations": [] }),
        json!({ "conversations": [] }),
        json!([]),
        json!("ok"),
        json!(null),
    ];
    for body in bodies {
        assert_eq!(decode_reply(&LIST, &body), Err(DecodeError::NotSuccess), "{body}");
    }
    let read = Request::MarkRead { conversation_id: ConversationId(31) };
    assert_eq!(decode_reply(&read, &json!({ "success": 1 })), Ok(Reply::Done));
    for request in [LIST, PAGE, NEWEST, Request::Stats, Request::Quota, Request::BotStatus] {
        let decoded = decode_reply(&request, &json!({ "success": true }));
        assert!(matches!(decoded, Err(DecodeError::Missing(_))), "{request:?}: {decoded:?}");
    }
}

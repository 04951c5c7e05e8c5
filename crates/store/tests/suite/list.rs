//! The list of conversations, and what each row tells.

use crate::support::{CHAT, FROM_START, Home, at, chat, fact, own, phone, text};
use condorito_model::ConversationId;
use condorito_model::fact::{Media, MessageFact, MessageKind, Sender};
use condorito_model::record::{ConversationRow, OutboxState, StoreOp};
use condorito_model::view::{Conversation, MessageState, Tag};
use condorito_store::{Error, ListQuery};

fn query(limit: u32) -> ListQuery {
    ListQuery { limit, ..ListQuery::default() }
}

fn asked(text: &str) -> ListQuery {
    ListQuery { query: Some(text.into()), ..query(50) }
}

#[tokio::test]
async fn pages_follow_one_another_while_rows_move() {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=10).map(chat).collect() }]).await;
    let first = home.store.conversations(query(4)).await.expect("read");
    assert_eq!(first.items.iter().map(|c| c.id.0).collect::<Vec<_>>(), [10, 9, 8, 7]);
    assert_eq!(first.total, 10);
    // One already seen and one not yet seen move to the top; a new one comes.
    for id in [9, 2, 11] {
        home.put(ConversationRow { last_message_at: Some(at(100 + id)), ..chat(id) }).await;
    }
    let second = ListQuery { cursor: first.next_cursor, ..query(4) };
    let second = home.store.conversations(second).await.expect("read");
    assert_eq!(second.items.iter().map(|c| c.id.0).collect::<Vec<_>>(), [6, 5, 4, 3]);
    let third = ListQuery { cursor: second.next_cursor, ..query(4) };
    let third = home.store.conversations(third).await.expect("read");
    assert_eq!(third.items.iter().map(|c| c.id.0).collect::<Vec<_>>(), [1]);
    assert_eq!((third.next_cursor, third.total), (None, 11));
    let odd = ListQuery { cursor: Some("c:x:1".into()), ..query(4) };
    assert!(matches!(home.store.conversations(odd).await, Err(Error::NoPlace)));
}

#[tokio::test]
async fn filters_and_totals_agree() {
    let home = Home::new().await;
    let rows = (1..=12)
        .map(|id| ConversationRow {
            unread: u32::from(id % 2 == 0),
            bot_enabled: id % 3 == 0,
            ..chat(id)
        })
        .collect();
    home.apply(vec![StoreOp::PutConversations { rows }]).await;
    home.put(ConversationRow { unread: 5, ..chat(1) }).await;
    home.put(ConversationRow { bot_enabled: true, unread: 1, ..chat(2) }).await;
    home.apply(vec![StoreOp::RemoveConversations { ids: vec![ConversationId(12)] }]).await;
    for unread in [None, Some(true), Some(false)] {
        for bot in [None, Some(true), Some(false)] {
            for words in [None, Some("5491")] {
                let asked = ListQuery { unread, bot, query: words.map(Into::into), ..query(50) };
                let page = home.store.conversations(asked).await.expect("read");
                let expected: Vec<i64> = (1..=11)
                    .rev()
                    .filter(|id| unread.is_none_or(|u| u == (id % 2 == 0 || *id == 1)))
                    .filter(|id| bot.is_none_or(|b| b == (id % 3 == 0 || *id == 2)))
                    .collect();
                let found: Vec<i64> = page.items.iter().map(|c| c.id.0).collect();
                assert_eq!(found, expected, "unread {unread:?}, bot {bot:?}, {words:?}");
                assert_eq!(page.total as usize, expected.len());
            }
        }
    }
}

#[tokio::test]
async fn names_and_numbers_are_found_by_parts() {
    let home = Home::new().await;
    for (id, name) in [(1, "José Núñez"), (2, "Café \"Del\" Sur"), (3, "Ana 😀"), (4, "549")]
    {
        home.put(ConversationRow { name: Some(name.into()), ..chat(id) }).await;
    }
    home.put(chat(4321)).await;
    for (text, expected) in [
        ("jose", vec![1]),
        ("NUÑ jo", vec![1]),
        ("s", vec![]),
        ("su", vec![2]),
        ("\"del\"", vec![2]),
        ("del OR ana", vec![]),
        ("name:jose", vec![]),
        ("*", vec![]),
        ("(", vec![]),
        ("😀", vec![]),
        ("000432", vec![4321]),
        ("4321", vec![4321]),
        ("+54 9 (11) 0000-0003", vec![3]),
        ("549", vec![4321, 4, 3, 2, 1]),
        ("99", vec![]),
    ] {
        assert_eq!(home.list(asked(text)).await, expected, "{text:?}");
    }
    home.put(ConversationRow { name: Some("María".into()), ..chat(1) }).await;
    home.put(ConversationRow { name: None, phone: "598123".into(), ..chat(2) }).await;
    for (text, expected) in [
        ("jose", vec![]),
        ("maria", vec![1]),
        ("sur", vec![]),
        ("8123", vec![2]),
        ("0000002", vec![]),
    ] {
        assert_eq!(home.list(asked(text)).await, expected, "after a change: {text:?}");
    }
}

#[tokio::test]
async fn a_broad_search_pages_like_a_narrow_one() {
    let home = Home::new().await;
    let rows = (1..=2_500)
        .map(|id| ConversationRow { unread: u32::from(id % 5 == 0), ..chat(id) })
        .collect();
    home.apply(vec![StoreOp::PutConversations { rows }]).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let asked = ListQuery { cursor, unread: Some(true), limit: 300, ..asked("549110") };
        let page = home.store.conversations(asked).await.expect("read");
        assert_eq!(page.total, 500);
        seen.extend(page.items.iter().map(|c| c.id.0));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=500).rev().map(|n| n * 5).collect::<Vec<i64>>());
}

#[tokio::test]
async fn tags_belong_to_numbers_and_filter() {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=3).map(chat).collect() }]).await;
    let tag = |id: i64| Tag { id, name: format!("tag {id}"), color: "#28a745".into() };
    let contacts = vec![(phone(1), vec![tag(1), tag(2)]), (phone(2), vec![tag(2)])];
    home.store.put_contact_tags(contacts).await.expect("stored");
    let tagged = |ids: &[i64]| ListQuery { tag_ids: Some(ids.to_vec()), ..query(9) };
    assert_eq!(home.list(tagged(&[2])).await, [2, 1]);
    assert_eq!(home.list(tagged(&[1, 9])).await, [1]);
    assert_eq!(home.list(tagged(&[])).await, [3, 2, 1]);
    home.store.put_contact_tags(vec![(phone(1), vec![])]).await.expect("stored");
    assert_eq!(home.list(tagged(&[2])).await, [2]);
    let row = home.store.conversation(ConversationId(2)).await.expect("read").expect("cached");
    assert_eq!(row.tags, [tag(2)]);
}

async fn shown(home: &Home) -> Conversation {
    home.store.conversation(CHAT).await.expect("read").expect("cached")
}

#[tokio::test]
async fn a_row_tells_who_spoke_last_and_who_waits() {
    let home = Home::with_chat().await;
    let row = shown(&home).await;
    assert_eq!((row.name, row.last_from, row.waiting_since), (phone(1), None, None));
    home.messages(vec![fact(1), own(2), fact(3), fact(4)], FROM_START).await;
    let row = shown(&home).await;
    assert_eq!((row.last_from, row.last_state), (Some(Sender::Contact), None));
    assert_eq!(row.waiting_since, Some(at(3)));
    // A text on its way answers; one that failed does not.
    home.store.enqueue(text("a")).await.expect("stored");
    let row = shown(&home).await;
    assert_eq!((row.last_from, row.last_state), (Some(Sender::Client), Some(MessageState::Queued)));
    assert_eq!(row.waiting_since, None);
    let mut failed = text("a");
    failed.state = OutboxState::Failed;
    home.apply(vec![StoreOp::PutOutbox { row: failed }]).await;
    let row = shown(&home).await;
    assert_eq!((row.last_state, row.waiting_since), (Some(MessageState::Failed), Some(at(3))));
    home.messages(vec![own(5)], WINDOW_AFTER).await;
    let row = shown(&home).await;
    assert_eq!(row.waiting_since, None);
}

/// What a row shows of its newest message: the server's words, and the kind.
async fn told(home: &Home, words: &str, second: i64) -> (Option<String>, Option<MessageKind>) {
    let last_message = Some(words.to_owned());
    home.put(ConversationRow { last_message, last_message_at: Some(at(second)), ..chat(1) }).await;
    let row = shown(home).await;
    (row.last_message, row.last_kind)
}

#[tokio::test]
async fn a_row_tells_what_its_newest_message_is() {
    let home = Home::with_chat().await;
    // Nothing is cached: the server's words are all there is.
    for (words, kind) in [
        ("[image]", Some(MessageKind::Image)),
        ("[audio]", Some(MessageKind::Audio)),
        ("[video]", Some(MessageKind::Video)),
        ("[sticker]", Some(MessageKind::Sticker)),
        ("[location]", Some(MessageKind::Location)),
        ("[text]", Some(MessageKind::Text)),
        ("BEGIN:VCARD\nVERSION:3.0\nFN:Juan\nEND:VCARD", Some(MessageKind::ContactCard)),
        ("[nada]", None),
        ("presupuesto.pdf", None),
        ("hola [image]", None),
    ] {
        assert_eq!(told(&home, words, 9).await, (Some(words.to_owned()), kind));
    }
    // The cached message knows better: a document's name and a caption are words like any other,
    // and who writes the server's word for a picture has sent none.
    let kinds = [
        (MessageKind::Document, "presupuesto.pdf"),
        (MessageKind::Image, "la fachada"),
        (MessageKind::Text, "[image]"),
        (MessageKind::Location, "[location]"),
    ];
    for (second, (kind, words)) in (10..).zip(kinds) {
        let media = Some(Media { url: Some(format!("/uploads/{second}")), file_name: None });
        let content = Some(words.to_owned());
        let message = MessageFact { kind, content, media, ..fact(second) };
        home.messages(vec![message], WINDOW_AFTER).await;
        assert_eq!(told(&home, words, second).await, (Some(words.to_owned()), Some(kind)));
    }
    // The list is ahead of the cache.
    assert_eq!(told(&home, "[audio]", 60).await.1, Some(MessageKind::Audio));
    assert_eq!(told(&home, "dale", 60).await.1, None);
    // A file of ours that waits is newer than all of it.
    let mut file = text("a");
    file.file = Some("/tmp/Lista de precios.pdf".into());
    home.store.enqueue(file).await.expect("stored");
    assert_eq!(shown(&home).await.last_kind, Some(MessageKind::Document));
    home.store.enqueue(text("b")).await.expect("stored");
    assert_eq!(shown(&home).await.last_kind, Some(MessageKind::Text));
}

const WINDOW_AFTER: condorito_model::record::Run =
    condorito_model::record::Run::Live { unbroken: true };

#[tokio::test]
async fn the_preview_is_the_newer_of_two_and_drafts_follow_the_number() {
    let home = Home::new().await;
    let mut row = chat(1);
    row.last_message = Some("del servidor".into());
    row.local_at = Some(at(50));
    row.local_preview = Some("de aquí".into());
    home.put(row.clone()).await;
    home.store.save_draft(phone(1), "borrador").await.expect("stored");
    let seen = shown(&home).await;
    assert_eq!(seen.last_message.as_deref(), Some("de aquí"));
    assert_eq!(seen.last_message_at, Some(at(50)));
    assert_eq!(seen.draft.as_deref(), Some("borrador"));
    row.last_message_at = Some(at(60));
    home.put(row).await;
    assert_eq!(shown(&home).await.last_message.as_deref(), Some("del servidor"));
    home.store.save_draft(phone(1), "").await.expect("stored");
    assert_eq!(home.store.draft(phone(1)).await.expect("read"), None);
    let by_phone = home.store.conversation_by_phone(phone(1)).await.expect("read");
    assert_eq!(by_phone, Some(shown(&home).await));
}

#[tokio::test]
async fn a_gap_is_shown_until_nothing_is_missing() {
    let home = Home::new().await;
    for (stale, older_unknown, total, gap) in [
        (false, Some(0), Some(0), false),
        (false, Some(7), Some(9), false),
        (true, Some(0), Some(0), true),
        (false, None, Some(3), true),
        (false, None, None, true),
        (false, None, Some(0), false),
    ] {
        home.put(ConversationRow { stale, older_unknown, total, ..chat(1) }).await;
        assert_eq!(shown(&home).await.gap, gap, "{stale} {older_unknown:?} {total:?}");
    }
}

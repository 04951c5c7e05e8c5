//! Pages of a conversation.

use crate::support::{CHAT, FROM_START, Home, WINDOW, at, chat, fact, facts, ids, own, text};
use condorito_model::record::{OutboxState, Run, StoreOp};
use condorito_model::view::MessageState;
use condorito_model::{LocalId, MessageId, RowId};
use condorito_store::{Anchor, Error, Place};

#[tokio::test]
async fn pages_go_both_ways_and_know_their_ends() {
    let home = Home::with_chat().await;
    home.messages(facts(1..=10), FROM_START).await;
    let newest = home.page(Place::Newest, 4).await;
    assert_eq!(ids(&newest.page.items), [7, 8, 9, 10]);
    assert!(newest.complete && newest.page.has_older && !newest.page.has_newer);
    let cursor = newest.page.items[0].cursor.parse().expect("a cursor");
    let before = home.page(Place::Before(cursor), 6).await;
    assert_eq!(ids(&before.page.items), [1, 2, 3, 4, 5, 6]);
    assert!(before.complete && !before.page.has_older && before.page.has_newer);
    let none = home.page(Place::Before(Anchor::Id(RowId(1))), 6).await;
    assert!(none.complete && none.page.items.is_empty() && !none.page.has_older);
    let after = home.page(Place::After(Anchor::Id(RowId(8))), 6).await;
    assert_eq!(ids(&after.page.items), [9, 10]);
    assert!(after.complete && after.page.has_older && !after.page.has_newer);
    let around = home.page(Place::Around(Anchor::Id(RowId(5))), 5).await;
    assert_eq!(ids(&around.page.items), [3, 4, 5, 6, 7]);
    assert!(around.complete && around.page.has_older && around.page.has_newer);
    let unknown = home.store.messages(CHAT, Place::Around(Anchor::Id(RowId(99))), 5).await;
    assert!(matches!(unknown, Err(Error::NoPlace)), "{unknown:?}");
}

#[tokio::test]
async fn a_page_over_a_gap_says_so() {
    let home = Home::with_chat().await;
    home.messages(facts(1..=3), WINDOW).await;
    home.messages(facts(7..=9), WINDOW).await;
    for (place, limit, expected, complete) in [
        (Place::Newest, 3, vec![7, 8, 9], true),
        (Place::Newest, 4, vec![3, 7, 8, 9], false),
        (Place::Before(Anchor::Id(RowId(9))), 2, vec![7, 8], true),
        (Place::Before(Anchor::Id(RowId(7))), 2, vec![2, 3], false),
        (Place::Before(Anchor::Id(RowId(3))), 2, vec![1, 2], true),
        (Place::Before(Anchor::Id(RowId(3))), 3, vec![1, 2], false),
        (Place::After(Anchor::Id(RowId(1))), 2, vec![2, 3], true),
        (Place::After(Anchor::Id(RowId(3))), 2, vec![7, 8], false),
        (Place::After(Anchor::Id(RowId(7))), 5, vec![8, 9], true),
        (Place::Around(Anchor::Id(RowId(2))), 3, vec![1, 2, 3], true),
        (Place::Around(Anchor::Id(RowId(3))), 3, vec![2, 3, 7], false),
    ] {
        let read = home.page(place, limit).await;
        assert_eq!(ids(&read.page.items), expected, "{place:?}");
        assert_eq!((read.complete, read.page.gap), (complete, !complete), "{place:?} {limit}");
        for message in &read.page.items {
            assert_eq!(message.gap_before, message.id.0 == 7, "{place:?}");
        }
    }
    // Newer ones on the server: the end of the conversation is not known.
    let mut row = chat(CHAT.0);
    row.stale = true;
    home.put(row).await;
    for (place, complete) in [
        (Place::Newest, false),
        (Place::Before(Anchor::Id(RowId(9))), true),
        (Place::After(Anchor::Id(RowId(1))), true),
        (Place::After(Anchor::Id(RowId(7))), false),
        (Place::Around(Anchor::Id(RowId(9))), false),
    ] {
        assert_eq!(home.page(place, 2).await.complete, complete, "{place:?}");
    }
}

#[tokio::test]
async fn unsent_texts_come_last_in_the_order_written() {
    let home = Home::with_chat().await;
    home.messages(vec![fact(1), own(2)], FROM_START).await;
    let mut orders = Vec::new();
    for local_id in ["a", "b", "c"] {
        orders.push(home.store.enqueue(text(local_id)).await.expect("stored"));
    }
    assert_eq!(orders, [1, 2, 3]);
    let page = home.page(Place::Newest, 10).await.page;
    assert_eq!(ids(&page.items), [1, 2, -1, -2, -3]);
    assert_eq!(page.items[0].state, MessageState::Received);
    assert_eq!(page.items[1].state, MessageState::Sent);
    assert_eq!(page.items[2].state, MessageState::Queued);
    assert_eq!(page.items[2].sent_at, at(1000));
    for (place, limit, expected) in [
        (Place::Newest, 2, vec![-2, -3]),
        (Place::Before(Anchor::Id(RowId(-2))), 2, vec![2, -1]),
        (Place::Before(Anchor::Outbox(1)), 9, vec![1, 2]),
        (Place::After(Anchor::Id(RowId(1))), 2, vec![2, -1]),
        (Place::After(Anchor::Outbox(2)), 9, vec![-3]),
        (Place::Around(Anchor::Id(RowId(-1))), 3, vec![2, -1, -2]),
    ] {
        let read = home.page(place, limit).await;
        assert_eq!(ids(&read.page.items), expected, "{place:?}");
        assert!(read.complete, "{place:?}");
    }
}

#[tokio::test]
async fn a_confirmed_text_shows_once_and_keeps_its_local_id() {
    let home = Home::with_chat().await;
    home.messages(facts(1..=2), FROM_START).await;
    home.store.enqueue(text("a")).await.expect("stored");
    let mut sent = text("a");
    sent.state = OutboxState::Sent;
    sent.message_id = Some(MessageId("false_3".into()));
    home.apply(vec![StoreOp::PutOutbox { row: sent.clone() }]).await;
    let page = home.page(Place::Newest, 10).await.page;
    assert_eq!(ids(&page.items), [1, 2, -1]);
    assert_eq!(page.items[2].state, MessageState::Sent);
    home.apply(vec![StoreOp::ApplyMessages {
        conversation_id: CHAT,
        messages: vec![own(3)],
        run: Run::Live { unbroken: true },
        local_ids: vec![(MessageId("false_3".into()), LocalId("a".into()))],
    }])
    .await;
    let page = home.page(Place::Newest, 10).await.page;
    assert_eq!(ids(&page.items), [1, 2, 3]);
    assert_eq!(page.items[2].local_id, Some(LocalId("a".into())));
    // The negative id still names the place.
    let before = home.page(Place::Before(Anchor::Id(RowId(-1))), 10).await.page;
    assert_eq!(ids(&before.items), [1, 2]);
    let purged = home.apply(vec![StoreOp::PurgeSent]).await;
    assert_eq!(
        purged,
        [condorito_model::record::Outcome::Purged { local_ids: vec![LocalId("a".into())] }]
    );
    assert_eq!(home.store.outbox().await.expect("read"), []);
    assert_eq!(ids(&home.page(Place::Newest, 10).await.page.items), [1, 2, 3]);
    // Orders are never given twice.
    assert_eq!(home.store.enqueue(text("b")).await.expect("stored"), 2);
}

#[tokio::test]
async fn ten_thousand_are_paged_through_while_more_come() {
    let home = Home::with_chat().await;
    let all: Vec<i64> = (1..=10_000).collect();
    for (index, window) in all.chunks(200).enumerate() {
        // Each window begins with the last of the one before, as pages of history do.
        let from = if index == 0 { 1 } else { window[0] - 1 };
        let run = if index == 0 { FROM_START } else { WINDOW };
        home.messages(facts(from..=window[window.len() - 1]), run).await;
    }
    let mut seen = Vec::new();
    let mut place = Place::Newest;
    let mut next = 10_000;
    loop {
        let read = home.page(place, 200).await;
        assert!(read.complete, "{place:?}");
        let mut page = ids(&read.page.items);
        let first = &read.page.items[0];
        place = Place::Before(first.cursor.parse().expect("a cursor"));
        page.extend(seen);
        seen = page;
        if !read.page.has_older {
            break;
        }
        next += 1;
        home.messages(vec![fact(next)], Run::Live { unbroken: true }).await;
    }
    assert_eq!(seen, all);
    let (_, _, coverage) = home.messages(vec![], Run::Scattered).await;
    assert_eq!((coverage.cached, coverage.run, coverage.start_known), (10_049, 10_049, true));
}

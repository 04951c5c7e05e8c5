//! Who waits for a first answer, and the counts of the list.

use crate::support::{CHAT, FROM_START, Home, at, chat, fact, fact_at, own, phone, text};
use condorito_model::fact::{MessageFact, Sender};
use condorito_model::record::{ConversationRow, OutboxRow, OutboxState, Run, StoreOp};
use condorito_model::view::{ConversationCounts, Mute};
use condorito_model::{ConversationId, LocalId, MessageId, RowId};
use condorito_store::ListQuery;
use std::time::Instant;

const WAITING: ListQuery = ListQuery {
    query: None,
    unread: None,
    bot: None,
    waiting: Some(true),
    tag_ids: None,
    cursor: None,
    limit: 50,
};

/// A message of conversation `chat` with a row id of its own.
fn said(chat: i64, number: i64, second: i64, from: Sender) -> MessageFact {
    let id = chat * 100 + number;
    MessageFact {
        id: RowId(id),
        conversation_id: ConversationId(chat),
        message_id: MessageId(format!("m-{id}")),
        from,
        ..fact_at(id, second)
    }
}

async fn say(home: &Home, chat: i64, messages: Vec<MessageFact>) {
    home.apply(vec![StoreOp::ApplyMessages {
        conversation_id: ConversationId(chat),
        messages,
        run: Run::Live { unbroken: true },
        local_ids: Vec::new(),
    }])
    .await;
}

/// A text to the contact of conversation `chat`, written at a second.
fn answer(chat: i64, second: i64, state: OutboxState) -> OutboxRow {
    OutboxRow {
        conversation_id: ConversationId(chat),
        phone: phone(chat),
        written_at: at(second),
        state,
        ..text(&format!("texto-{chat}-{second}"))
    }
}

async fn waiting(home: &Home, query: ListQuery) -> (Vec<i64>, u32) {
    let page = home.store.conversations(query).await.expect("read");
    assert!(page.items.iter().all(|item| item.waiting_since.is_some()));
    (page.items.iter().map(|item| item.id.0).collect(), page.total)
}

#[tokio::test]
async fn who_waits_longest_comes_first_until_answered() {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=5).map(chat).collect() }]).await;
    say(&home, 1, vec![said(1, 1, 300, Sender::Contact)]).await;
    say(&home, 2, vec![said(2, 1, 100, Sender::Contact), said(2, 2, 900, Sender::Contact)]).await;
    say(&home, 3, vec![said(3, 1, 50, Sender::Contact), said(3, 2, 60, Sender::Bot)]).await;
    say(&home, 4, vec![said(4, 1, 10, Sender::Client), said(4, 2, 200, Sender::Contact)]).await;
    assert_eq!(waiting(&home, WAITING).await, (vec![2, 4, 1], 3));
    assert_eq!(home.store.conversation_counts().await.expect("read").waiting, 3);

    // Pages follow one another, also when somebody before the cursor is answered.
    let first = ListQuery { limit: 1, ..WAITING };
    let page = home.store.conversations(first.clone()).await.expect("read");
    assert_eq!(page.items[0].waiting_since, Some(at(100)));
    say(&home, 2, vec![said(2, 3, 950, Sender::Client)]).await;
    let next = ListQuery { cursor: page.next_cursor, ..first };
    let page = home.store.conversations(next.clone()).await.expect("read");
    assert_eq!((page.items[0].id.0, page.total), (4, 2));
    let last = ListQuery { cursor: page.next_cursor, ..next };
    let page = home.store.conversations(last).await.expect("read");
    assert_eq!((page.items[0].id.0, page.next_cursor), (1, None));

    // The others, newest first.
    let others = ListQuery { waiting: Some(false), ..WAITING };
    let page = home.store.conversations(others).await.expect("read");
    assert_eq!(page.items.iter().map(|item| item.id.0).collect::<Vec<_>>(), [5, 3, 2]);
    assert_eq!(page.total, 3);
}

#[tokio::test]
async fn an_answer_in_the_outbox_ends_the_wait_unless_it_failed() {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=3).map(chat).collect() }]).await;
    for id in 1..=3 {
        say(&home, id, vec![said(id, 1, id * 100, Sender::Contact)]).await;
    }
    let row = answer(1, 150, OutboxState::Queued);
    home.store.enqueue(row.clone()).await.expect("stored");
    assert_eq!(waiting(&home, WAITING).await, (vec![2, 3], 2));
    assert_eq!(home.store.conversation_counts().await.expect("read").waiting, 2);
    // The contact goes on after what waits to be sent: a new wait, which began later.
    say(&home, 1, vec![said(1, 2, 250, Sender::Contact)]).await;
    assert_eq!(waiting(&home, WAITING).await, (vec![2, 1, 3], 3));
    let failed = OutboxRow { state: OutboxState::Failed, ..row };
    home.apply(vec![StoreOp::PutOutbox { row: failed.clone() }]).await;
    assert_eq!(waiting(&home, WAITING).await, (vec![1, 2, 3], 3));
    home.apply(vec![StoreOp::RemoveOutbox { local_id: failed.local_id }]).await;
    assert_eq!(home.store.conversation_counts().await.expect("read").waiting, 3);
}

#[tokio::test]
async fn filters_and_words_go_with_waiting() {
    let home = Home::new().await;
    let rows = (1..=9)
        .map(|id| ConversationRow {
            name: Some(if id % 2 == 0 { "Ana" } else { "Beto" }.into()),
            unread: u32::from(id % 3 == 0) * 4,
            bot_enabled: id > 5,
            ..chat(id)
        })
        .collect();
    home.apply(vec![StoreOp::PutConversations { rows }]).await;
    for id in 1..=8 {
        say(&home, id, vec![said(id, 1, 900 - id, Sender::Contact)]).await;
    }
    home.store.enqueue(answer(6, 1000, OutboxState::Queued)).await.expect("stored");
    let waits: Vec<i64> = [8, 7, 5, 4, 3, 2, 1].into();
    for unread in [None, Some(true), Some(false)] {
        for bot in [None, Some(true), Some(false)] {
            for words in [None, Some("ana"), Some("5491")] {
                let query = ListQuery { unread, bot, query: words.map(Into::into), ..WAITING };
                let fits = |id: &i64| {
                    unread.is_none_or(|unread| (id % 3 == 0) == unread)
                        && bot.is_none_or(|bot| (*id > 5) == bot)
                        && (words != Some("ana") || id % 2 == 0)
                };
                let expected: Vec<i64> = waits.iter().copied().filter(fits).collect();
                let case = format!("{query:?}");
                let count = expected.len() as u32;
                assert_eq!(waiting(&home, query.clone()).await, (expected, count), "{case}");
                let others = ListQuery { waiting: Some(false), ..query };
                let page = home.store.conversations(others).await.expect("read");
                let expected: Vec<i64> = [9, 6].into_iter().filter(fits).collect();
                let found: Vec<i64> = page.items.iter().map(|item| item.id.0).collect();
                assert_eq!(
                    (found, page.total),
                    (expected.clone(), expected.len() as u32),
                    "{case}"
                );
            }
        }
    }
}

#[tokio::test]
async fn counts_follow_every_change() {
    let home = Home::new().await;
    let counts = || async { home.store.conversation_counts().await.expect("read") };
    assert_eq!(counts().await, ConversationCounts::default());
    let rows = vec![
        ConversationRow { unread: 3, bot_enabled: true, ..chat(1) },
        ConversationRow { unread: 2, ..chat(2) },
        chat(3),
    ];
    home.apply(vec![StoreOp::PutConversations { rows }]).await;
    say(&home, 1, vec![said(1, 1, 1, Sender::Contact)]).await;
    let all = ConversationCounts { all: 3, unread: 2, waiting: 1, bot_off: 2, unread_messages: 5 };
    assert_eq!(counts().await, all);
    // More unread in a conversation that has some already.
    home.put(ConversationRow { unread: 9, bot_enabled: true, ..chat(1) }).await;
    assert_eq!(counts().await, ConversationCounts { unread_messages: 11, ..all });
    home.put(ConversationRow { bot_enabled: false, ..chat(1) }).await;
    let read = ConversationCounts { unread: 1, bot_off: 3, unread_messages: 2, ..all };
    assert_eq!(counts().await, read);
    home.apply(vec![StoreOp::RemoveConversations { ids: vec![ConversationId(1)] }]).await;
    let gone = ConversationCounts { all: 2, waiting: 0, bot_off: 2, ..read };
    assert_eq!(counts().await, gone);
}

#[tokio::test]
async fn a_message_taken_out_changes_who_waits() {
    let home = Home::with_chat().await;
    home.messages(vec![fact(1), own(2)], FROM_START).await;
    assert_eq!(waiting(&home, WAITING).await.1, 0);
    // The server now says that the answer was the contact's.
    let theirs = MessageFact { from: Sender::Contact, ..own(2) };
    home.messages(vec![theirs], FROM_START).await;
    let page = home.store.conversations(WAITING).await.expect("read");
    assert_eq!(page.items[0].waiting_since, Some(at(1)));
}

#[tokio::test]
async fn a_mute_is_kept_and_follows_its_conversation() {
    let home = Home::with_chat().await;
    let mute =
        || async { home.store.conversation(CHAT).await.expect("read").expect("cached").mute };
    assert_eq!(mute().await, None);
    home.store.mute(CHAT, Some(None)).await.expect("stored");
    assert_eq!(mute().await, Some(Mute { until: None }));
    home.store.mute(CHAT, Some(Some(at(5)))).await.expect("stored");
    assert_eq!(mute().await, Some(Mute { until: Some(at(5)) }));
    home.store.mute(CHAT, None).await.expect("stored");
    assert_eq!(mute().await, None);

    let local = condorito_model::record::LocalConversation {
        id: ConversationId(-1),
        phone: phone(9),
        server_id: None,
    };
    home.apply(vec![StoreOp::PutLocalConversation { row: local.clone() }]).await;
    home.store.mute(local.id, Some(None)).await.expect("stored");
    let server_id = Some(ConversationId(9));
    let row = condorito_model::record::LocalConversation { server_id, ..local };
    home.apply(vec![StoreOp::PutLocalConversation { row }]).await;
    assert_eq!(home.store.mutes().await.expect("read"), [(ConversationId(9), None)]);
}

#[tokio::test]
async fn a_hundred_thousand_conversations_cost_no_more_than_a_page() {
    let home = Home::new().await;
    for thousand in 0..100 {
        let ids = thousand * 1000 + 1..=(thousand + 1) * 1000;
        let rows = ids.clone().map(|id| ConversationRow { unread: 2, ..chat(id) }).collect();
        let mut ops = vec![StoreOp::PutConversations { rows }];
        ops.extend(ids.map(|id| StoreOp::ApplyMessages {
            conversation_id: ConversationId(id),
            messages: vec![said(id, 1, id, Sender::Contact)],
            run: Run::Live { unbroken: true },
            local_ids: Vec::new(),
        }));
        home.apply(ops).await;
    }
    for id in 1..=20 {
        let row = OutboxRow {
            local_id: LocalId(format!("r-{id}")),
            ..answer(id * 1000, 200_000, OutboxState::Queued)
        };
        home.store.enqueue(row).await.expect("stored");
    }
    let (mut counting, mut listing) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let began = Instant::now();
        let counts = home.store.conversation_counts().await.expect("read");
        counting.push(began.elapsed());
        assert_eq!(
            (counts.all, counts.waiting, counts.unread_messages),
            (100_000, 99_980, 200_000)
        );
        let began = Instant::now();
        let (ids, total) = waiting(&home, WAITING).await;
        listing.push(began.elapsed());
        assert_eq!((ids.len(), ids[0], total), (50, 1, 99_980));
    }
    counting.sort_unstable();
    listing.sort_unstable();
    println!("counts {:?}, waiting page {:?} (medians)", counting[10], listing[10]);
    // The plans are held by another test; this holds the order of magnitude on a busy machine.
    assert!(counting[10].as_millis() < 50, "{counting:?}");
    assert!(listing[10].as_millis() < 100, "{listing:?}");
}

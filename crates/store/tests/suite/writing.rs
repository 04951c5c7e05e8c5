//! The writer: groups, order, faults, change sets.

use crate::support::{CHAT, FROM_START, Home, chat, fact, facts, ids, own, reopen, text};
use condorito_model::record::{ConversationRow, OutboxState, Outcome, Run, StoreFault, StoreOp};
use condorito_model::view::{Changed, ChangedMessages};
use condorito_model::{ConversationId, ErrorCode, LocalId, MessageId, RowId};
use condorito_store::{Failpoints, Options, Place, Step};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// A writer that stops at its first `step` until it is let go.
struct Held {
    options: Options,
    reached: Receiver<()>,
    go: Sender<()>,
    commits: Arc<AtomicUsize>,
}

fn held_at(step: Step) -> Held {
    let (tell, reached) = channel();
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    let first = AtomicUsize::new(0);
    let hook = move |passed| {
        if passed == Step::CacheCommitted {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        if passed == step && first.fetch_add(1, Ordering::SeqCst) == 0 {
            tell.send(()).expect("somebody waits");
            wait.lock().expect("not poisoned").recv().expect("somebody lets go");
        }
    };
    let failpoints = Failpoints::new(hook);
    Held { options: Options { failpoints, ..Options::default() }, reached, go, commits }
}

#[tokio::test]
async fn what_waits_shares_a_commit_and_keeps_its_order() {
    let held = held_at(Step::CacheWritten);
    let home = Home::with(held.options).await;
    let (tell, told) = channel();
    for id in 0..1_000 {
        let tell = tell.clone();
        let rows = vec![ConversationRow { unread: id, ..chat(1) }];
        home.store.submit(vec![StoreOp::PutConversations { rows }], move |stored| {
            tell.send((id, stored)).expect("the test waits");
        });
        if id == 0 {
            held.reached.recv().expect("the first commit");
        }
    }
    held.go.send(()).expect("it waits");
    for id in 0..1_000 {
        assert_eq!(told.recv().expect("an answer"), (id, Ok(vec![Outcome::Done])));
    }
    // The first alone, then 500 and 499.
    assert_eq!(held.commits.load(Ordering::SeqCst), 3);
    let row = home.store.conversation(CHAT).await.expect("read").expect("cached");
    assert_eq!(row.unread_count, 999);
}

#[tokio::test]
async fn reads_do_not_wait_for_the_writer() {
    let held = held_at(Step::CacheWritten);
    let home = Home::with(held.options).await;
    let (tell, told) = channel();
    home.store.submit(vec![StoreOp::PutConversations { rows: vec![chat(1)] }], move |stored| {
        tell.send(stored.is_ok()).expect("the test waits");
    });
    held.reached.recv().expect("the commit");
    // The writer stands still with its transaction open.
    assert_eq!(home.store.conversation(CHAT).await.expect("read"), None);
    held.go.send(()).expect("it waits");
    assert!(told.recv().expect("an answer"));
    assert!(home.store.conversation(CHAT).await.expect("read").is_some());
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_too_much_and_nothing_else() {
    let home = Home::with(Options { max_pages: Some(120), ..Options::default() }).await;
    home.put(chat(1)).await;
    home.put(chat(2)).await;
    let long = "palabra ".repeat(2_000);
    let mut refused = 0;
    for id in 1..=100 {
        let mut message = fact(id);
        message.content = Some(long.clone());
        let op = StoreOp::ApplyMessages {
            conversation_id: CHAT,
            messages: vec![message],
            run: Run::Live { unbroken: true },
            local_ids: Vec::new(),
        };
        match home.store.apply(vec![op]).await {
            Ok(_) => assert_eq!(refused, 0, "message {id}"),
            Err(fault) => {
                assert_eq!(fault, StoreFault::Full);
                refused += 1;
            }
        }
    }
    assert!((50..100).contains(&refused), "{refused}");
    // Reads work, the outbox works, and what becomes free can be used.
    let page = home.page(Place::Newest, 200).await;
    assert_eq!(page.page.items.len(), 100 - refused);
    home.store.enqueue(text("a")).await.expect("stored");
    home.apply(vec![StoreOp::RemoveConversations { ids: vec![CHAT] }]).await;
    home.put(chat(1)).await;
    assert_eq!(home.messages(facts(1..=3), FROM_START).await.0, [1, 2, 3]);
    let too_long = condorito_model::record::OutboxRow { text: long.repeat(40), ..text("b") };
    assert_eq!(home.store.enqueue(too_long).await, Err(StoreFault::Full));
    assert_eq!(home.store.enqueue(text("c")).await.map(|order| order > 1), Ok(true));
    home.store.close().await;
    let (store, report) = reopen(home.folder.path()).await;
    assert!(report.clean);
    assert_eq!(store.outbox().await.expect("read").len(), 2);
}

#[tokio::test]
async fn one_that_does_not_fit_takes_no_other_with_it() {
    let held = held_at(Step::CacheCommitted);
    let home = Home::with(Options { max_pages: Some(120), ..held.options }).await;
    let (tell, told) = channel();
    for id in 1..=9_i64 {
        let tell = tell.clone();
        let name = (id == 5).then(|| "nombre ".repeat(200_000));
        let rows = vec![ConversationRow { name, ..chat(id) }];
        home.store.submit(vec![StoreOp::PutConversations { rows }], move |stored| {
            tell.send((id, stored.map(drop))).expect("the test waits");
        });
        if id == 1 {
            held.reached.recv().expect("the first commit");
        }
    }
    held.go.send(()).expect("it waits");
    for id in 1..=9 {
        let expected = if id == 5 { Err(StoreFault::Full) } else { Ok(()) };
        assert_eq!(told.recv().expect("an answer"), (id, expected));
    }
    let snapshot = home.store.snapshot().await.expect("read");
    let stored: Vec<i64> = snapshot.conversations.iter().map(|(row, _)| row.id.0).collect();
    assert_eq!(stored, [1, 2, 3, 4, 6, 7, 8, 9]);
}

#[tokio::test]
async fn a_text_put_twice_is_there_once() {
    let home = Home::with_chat().await;
    let first = home.store.enqueue(text("a")).await.expect("stored");
    assert_eq!(home.store.enqueue(text("a")).await.expect("stored"), first);
    let mut row = text("a");
    row.state = OutboxState::Failed;
    row.error = Some(ErrorCode::RefusedNumber);
    row.order = 77;
    home.apply(vec![StoreOp::PutOutbox { row: row.clone() }]).await;
    row.order = first;
    assert_eq!(home.store.outbox().await.expect("read"), [row.clone()]);
    assert_eq!(home.store.outbox_row(LocalId("a".into())).await.expect("read"), Some(row));
    let removal = vec![StoreOp::RemoveOutbox { local_id: LocalId("a".into()) }];
    home.apply(removal.clone()).await;
    home.apply(removal).await;
    assert_eq!(home.store.enqueue(text("b")).await.expect("stored"), first + 1);
}

#[tokio::test]
async fn everything_put_comes_back_after_a_restart() {
    let home = Home::with_chat().await;
    home.messages(vec![fact(1), own(2)], FROM_START).await;
    home.store.enqueue(text("a")).await.expect("stored");
    home.store.put_setting("theme", Some("dark".into())).await.expect("stored");
    home.store.put_setting("gone", Some("x".into())).await.expect("stored");
    home.store.put_setting("gone", None).await.expect("stored");
    home.apply(vec![StoreOp::PutMeta { key: "walked".into(), value: "1".into() }]).await;
    let before = home.store.dump().await.expect("read");
    home.store.close().await;
    let (store, report) = reopen(home.folder.path()).await;
    assert!(report.clean);
    assert_eq!(store.dump().await.expect("read"), before);
    assert_eq!(store.setting("theme").await.expect("read").as_deref(), Some("dark"));
    assert_eq!(store.setting("gone").await.expect("read"), None);
    assert_eq!(store.meta("walked").await.expect("read").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_local_id_names_one_message() {
    let home = Home::with_chat().await;
    home.messages(vec![own(1), own(2)], FROM_START).await;
    let link = |id: i64, local: Option<&str>| StoreOp::LinkLocal {
        message_id: MessageId(format!("false_{id}")),
        local_id: local.map(|local| LocalId(local.into())),
    };
    home.store.enqueue(text("a")).await.expect("stored");
    for (ops, expected) in [
        (vec![link(1, Some("a"))], vec![1, 2]),
        (vec![link(2, Some("a"))], vec![1, 2]),
        (vec![link(2, None)], vec![1, 2, -1]),
        (vec![link(9, Some("a"))], vec![1, 2, -1]),
    ] {
        home.apply(ops.clone()).await;
        let page = home.page(Place::Newest, 9).await.page;
        assert_eq!(ids(&page.items), expected, "{ops:?}");
    }
}

#[tokio::test]
async fn a_commit_tells_what_it_changed_and_nothing_else() {
    let told: Arc<Mutex<Vec<Changed>>> = Arc::default();
    let sink = Arc::clone(&told);
    let on_change: condorito_store::OnChange =
        Arc::new(move |changed| sink.lock().expect("not poisoned").push(changed));
    let home = Home::with(Options { on_change: Some(on_change), ..Options::default() }).await;
    let take = || std::mem::take(&mut *told.lock().expect("not poisoned"));
    let messages = |ids: &[i64]| ChangedMessages {
        conversation_id: CHAT,
        ids: ids.iter().copied().map(RowId).collect(),
    };
    home.put(chat(1)).await;
    assert_eq!(take(), [Changed { conversations: vec![CHAT], ..Changed::default() }]);
    home.put(chat(1)).await;
    assert_eq!(take(), []);
    home.messages(facts(1..=2), FROM_START).await;
    let both =
        Changed { conversations: vec![CHAT], messages: vec![messages(&[1, 2])], outbox: vec![] };
    assert_eq!(take(), [both]);
    let mut changed = fact(2);
    changed.content = Some("otro".into());
    home.messages(vec![fact(1), changed], FROM_START).await;
    assert_eq!(take(), [Changed { messages: vec![messages(&[2])], ..Changed::default() }]);
    home.store.enqueue(text("a")).await.expect("stored");
    let queued = Changed {
        conversations: vec![CHAT],
        messages: vec![messages(&[-1])],
        outbox: vec![LocalId("a".into())],
    };
    assert_eq!(take(), [queued]);
    home.store.save_draft(chat(1).phone, "hola").await.expect("stored");
    assert_eq!(take(), [Changed { conversations: vec![CHAT], ..Changed::default() }]);
    home.apply(vec![StoreOp::PutMeta { key: "k".into(), value: "v".into() }]).await;
    assert_eq!(take(), []);
    home.apply(vec![StoreOp::RemoveConversations { ids: vec![CHAT, ConversationId(9)] }]).await;
    assert_eq!(take(), [Changed { conversations: vec![CHAT], ..Changed::default() }]);
}

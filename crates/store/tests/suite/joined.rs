//! What is known of the messages between the cached ones.

use crate::support::{CHAT, FROM_START, Home, WINDOW, fact, fact_at, facts};
use condorito_model::MessageId;
use condorito_model::RowId;
use condorito_model::record::{Coverage, Outcome, Run, StoreOp};
use std::collections::BTreeSet;

fn coverage(cached: u32, newest: i64, gap: bool, start_known: bool, run: u32) -> Coverage {
    Coverage { cached, newest_id: Some(RowId(newest)), gap, start_known, run }
}

#[tokio::test]
async fn windows_that_overlap_leave_no_gap() {
    let home = Home::with_chat().await;
    let first = home.messages(facts(10..=12), WINDOW).await;
    assert_eq!(first, (vec![10, 11, 12], false, coverage(3, 12, false, false, 3)));
    let second = home.messages(facts(12..=14), WINDOW).await;
    assert_eq!(second, (vec![13, 14], true, coverage(5, 14, false, false, 5)));
    let start = home.messages(facts(8..=10), FROM_START).await;
    assert_eq!(start, (vec![8, 9], true, coverage(7, 14, false, true, 7)));
}

#[tokio::test]
async fn a_window_beside_the_cached_ones_leaves_a_gap_that_closes() {
    let home = Home::with_chat().await;
    home.messages(facts(1..=3), FROM_START).await;
    let apart = home.messages(facts(7..=9), WINDOW).await;
    assert_eq!(apart, (vec![7, 8, 9], false, coverage(6, 9, true, true, 3)));
    let between = home.messages(facts(3..=7), WINDOW).await;
    assert_eq!(between, (vec![4, 5, 6], true, coverage(9, 9, false, true, 9)));
}

#[tokio::test]
async fn a_live_message_joins_when_nothing_can_lie_between() {
    let home = Home::with_chat().await;
    let first = home.messages(vec![fact(1)], Run::Live { unbroken: true }).await;
    assert_eq!(first.2, coverage(1, 1, false, true, 1));
    let second = home.messages(vec![fact(2)], Run::Live { unbroken: true }).await;
    assert_eq!(second.2, coverage(2, 2, false, true, 2));
    let apart = home.messages(vec![fact(5)], Run::Live { unbroken: false }).await;
    assert_eq!(apart.2, coverage(3, 5, true, true, 1));
    let late = home.messages(vec![fact_at(6, 0)], Run::Live { unbroken: true }).await;
    assert_eq!(late.2, coverage(4, 6, true, true, 1), "before the first, which was the start");
}

#[tokio::test]
async fn a_file_that_comes_late_keeps_the_stretch_whole() {
    let home = Home::with_chat().await;
    home.messages(facts([1, 2, 4]), FROM_START).await;
    for (run, id) in [(Run::Live { unbroken: false }, 9), (Run::Scattered, 10), (WINDOW, 11)] {
        let (inserted, _, coverage) = home.messages(vec![fact_at(id, 3)], run).await;
        assert_eq!(inserted, [id]);
        assert!(!coverage.gap && coverage.run == coverage.cached, "{run:?}: {coverage:?}");
    }
}

#[tokio::test]
async fn equal_counts_close_the_gaps_and_leave_the_oldest() {
    let home = Home::with_chat().await;
    home.messages(facts([3, 5, 9]), Run::Scattered).await;
    let closed = home.apply(vec![StoreOp::CloseGaps { conversation_id: CHAT }]).await;
    assert_eq!(closed, [Outcome::Closed { coverage: coverage(3, 9, false, false, 3) }]);
    let page = home.page(condorito_store::Place::Newest, 10).await;
    assert!(page.page.has_older && !page.complete, "{page:?}");
}

#[tokio::test]
async fn ids_of_another_conversation_are_refused() {
    let home = Home::with_chat().await;
    home.put(crate::support::chat(2)).await;
    home.messages(facts([1, 2, 3]), FROM_START).await;
    let mut same_row = fact(2);
    same_row.message_id = MessageId("false_other".into());
    let mut same_message = fact(20);
    same_message.message_id = MessageId("false_2".into());
    let apply = |messages| StoreOp::ApplyMessages {
        conversation_id: condorito_model::ConversationId(2),
        messages,
        run: FROM_START,
        local_ids: Vec::new(),
    };
    for message in [same_row, same_message, fact(-4), fact(0)] {
        // The refused one breaks the window: what follows it is not joined.
        let outcome = home.apply(vec![apply(vec![message.clone(), fact_at(30, 30)])]).await;
        let Some(Outcome::Applied { coverage, .. }) = outcome.first() else {
            panic!("{outcome:?}")
        };
        assert_eq!((coverage.cached, coverage.start_known), (1, false), "{message:?}");
    }
    let dump = home.store.dump().await.expect("read");
    assert_eq!(dump.messages.iter().filter(|m| m.fact.conversation_id == CHAT).count(), 3);
}

#[tokio::test]
async fn an_id_twice_in_one_page_leaves_one_message_and_the_truth_comes_back() {
    let home = Home::with_chat().await;
    let greatest = (1 << 53) - 1;
    let mut other = fact(2);
    other.message_id = MessageId("false_other".into());
    other.content = Some("otro".into());
    let mut moved = fact(7);
    moved.message_id = fact(3).message_id;
    let page =
        vec![fact(1), fact(2), other.clone(), fact(3), moved, fact_at(greatest, 60), fact(2)];
    for page in [page.clone(), page.into_iter().rev().collect()] {
        home.messages(page, FROM_START).await;
        let dump = home.store.dump().await.expect("read");
        let rows: BTreeSet<i64> = dump.messages.iter().map(|m| m.fact.id.0).collect();
        let ids: BTreeSet<_> = dump.messages.iter().map(|m| m.fact.message_id.clone()).collect();
        assert_eq!((rows.len(), ids.len()), (dump.messages.len(), dump.messages.len()));
        assert!(rows.len() <= 5 && rows.contains(&1) && rows.contains(&2), "{rows:?}");
    }
    // What the server says next is what is there; only the row it no longer names stays.
    let (_, _, coverage) = home.messages(facts(1..=5), FROM_START).await;
    let dump = home.store.dump().await.expect("read");
    let mut honest = facts(1..=5);
    honest.push(fact_at(greatest, 60));
    let stored: Vec<_> = dump.messages.iter().map(|m| m.fact.clone()).collect();
    assert_eq!(stored, honest);
    assert_eq!(coverage.cached, 6);
}

#[tokio::test]
async fn a_row_that_holds_another_message_is_replaced() {
    let home = Home::with_chat().await;
    home.messages(facts(1..=3), FROM_START).await;
    let mut other = fact(2);
    other.message_id = MessageId("false_new".into());
    let (inserted, joined, coverage) = home.messages(vec![other.clone()], Run::Scattered).await;
    assert_eq!((inserted, joined, coverage.cached, coverage.gap), (vec![], true, 3, false));
    // The same message under another id, at another time.
    let mut moved = fact_at(8, 8);
    moved.message_id = other.message_id.clone();
    let (inserted, _, coverage) = home.messages(vec![moved], Run::Scattered).await;
    assert_eq!((inserted, coverage.cached, coverage.gap), (vec![], 3, true));
    let dump = home.store.dump().await.expect("read");
    let left: Vec<_> = dump.messages.iter().map(|m| (m.fact.id.0, m.joined)).collect();
    assert_eq!(left, [(1, true), (3, true), (8, false)]);
}

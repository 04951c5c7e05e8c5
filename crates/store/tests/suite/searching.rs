//! Full-text search.

use crate::support::{CHAT, FROM_START, Home, chat, fact};
use condorito_model::ConversationId;
use condorito_model::fact::MessageFact;
use condorito_model::record::{Run, StoreOp};
use condorito_store::{Error, SearchQuery};

fn query(text: &str) -> SearchQuery {
    SearchQuery { text: text.into(), limit: 50, ..SearchQuery::default() }
}

fn said(id: i64, content: &str) -> MessageFact {
    MessageFact { content: Some(content.into()), ..fact(id) }
}

async fn found(home: &Home, query: SearchQuery) -> Vec<i64> {
    let page = home.store.search(query).await.expect("read");
    page.hits.iter().map(|hit| hit.message.id.0).collect()
}

#[tokio::test]
async fn words_are_found_however_they_are_typed() {
    let home = Home::with_chat().await;
    let messages = vec![
        said(1, "Un café, por favor"),
        said(2, "cafetería cerrada 😀"),
        said(3, "CAFÉ con leche y \"medialunas\""),
        said(4, "no AND sí; NEAR(x) c1"),
        said(5, "content: mañana ñandú"),
        MessageFact { content: None, ..fact(6) },
    ];
    home.messages(messages, FROM_START).await;
    for (text, expected) in [
        ("cafe", vec![3, 2, 1]),
        ("café", vec![3, 2, 1]),
        ("CAFETER", vec![2]),
        ("leche café", vec![3]),
        ("\"medialunas\"", vec![3]),
        ("\"", vec![]),
        ("no AND", vec![4]),
        ("NEAR(x)", vec![4]),
        ("café OR ñandú", vec![]),
        ("content:mañ", vec![5]),
        ("scope:c1", vec![]),
        ("manana nandu", vec![5]),
        ("c1", vec![4]),
        ("cafetería 😀", vec![2]),
        ("😀", vec![]),
        ("😀😀", vec![]),
        ("-cafe", vec![3, 2, 1]),
        ("cafe*", vec![3, 2, 1]),
        ("^caf", vec![3, 2, 1]),
        ("{content} : x", vec![]),
        ("c", vec![]),
        ("  ", vec![]),
        ("zz", vec![]),
    ] {
        assert_eq!(found(&home, query(text)).await, expected, "{text:?}");
    }
    let page = home.store.search(query("cafe")).await.expect("read");
    assert_eq!(page.hits[0].snippet, "CAFÉ con leche y \"medialunas\"");
    assert_eq!(page.hits[0].ranges, [(0, 4)]);
    assert_eq!(page.hits[2].ranges, [(3, 7)]);
    assert_eq!(page.hits[0].conversation.id, CHAT);
}

#[tokio::test]
async fn the_index_follows_every_change() {
    let home = Home::with_chat().await;
    home.messages(vec![said(1, "primero"), said(2, "segundo")], FROM_START).await;
    home.messages(vec![said(1, "cambiado"), MessageFact { content: None, ..fact(2) }], FROM_START)
        .await;
    assert_eq!(found(&home, query("primero")).await, [0_i64; 0]);
    assert_eq!(found(&home, query("segundo")).await, [0_i64; 0]);
    assert_eq!(found(&home, query("cambiado")).await, [1]);
    home.messages(vec![said(2, "vuelto")], Run::Scattered).await;
    assert_eq!(found(&home, query("vuelto")).await, [2]);
    home.apply(vec![StoreOp::RemoveConversations { ids: vec![CHAT] }]).await;
    for text in ["cambiado", "vuelto"] {
        assert_eq!(found(&home, query(text)).await, [0_i64; 0]);
    }
    home.store.clone().close().await;
    let (store, report) = crate::support::reopen(home.folder.path()).await;
    assert!(report.clean && store.dump().await.expect("read").messages.is_empty());
}

#[tokio::test]
async fn pages_stay_in_step_while_messages_come() {
    let home = Home::new().await;
    home.put(chat(1)).await;
    home.put(chat(2)).await;
    let apply = |conversation: i64, ids: Vec<i64>| StoreOp::ApplyMessages {
        conversation_id: ConversationId(conversation),
        messages: ids.into_iter().map(|id| said(id, "hola mundo")).collect(),
        run: Run::Scattered,
        local_ids: Vec::new(),
    };
    home.apply(vec![apply(1, (1..=9).collect()), apply(2, (10..=15).collect())]).await;
    let first = home.store.search(SearchQuery { limit: 4, ..query("hola") }).await.expect("read");
    assert_eq!(first.hits.iter().map(|hit| hit.message.id.0).collect::<Vec<_>>(), [15, 14, 13, 12]);
    home.apply(vec![apply(1, vec![16, 17])]).await;
    let cursor = first.next_cursor;
    let second = SearchQuery { limit: 4, cursor, ..query("hola") };
    assert_eq!(found(&home, second).await, [11, 10, 9, 8]);
    let inside = SearchQuery { conversation: Some(ConversationId(1)), ..query("hola") };
    assert_eq!(found(&home, inside).await, [17, 16, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let last = home.store.search(SearchQuery { limit: 17, ..query("hola") }).await.expect("read");
    assert_eq!((last.hits.len(), last.next_cursor), (17, None));
    let odd = SearchQuery { cursor: Some("s:x".into()), ..query("hola") };
    assert!(matches!(home.store.search(odd).await, Err(Error::NoPlace)));
}

//! Copies of files that wait, the cache thrown away, and everything as one text.

use crate::support::{CHAT, FROM_START, Home, chat, facts, key_on, own, phone, reopen, text};
use condorito_model::record::{OutboxRow, OutboxState, StoreOp};
use condorito_model::{ConversationId, LocalId, MessageId};
use condorito_store::{ExportError, ExportedRows, ListQuery, SearchQuery, Store};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

fn with_file(local_id: &str) -> OutboxRow {
    OutboxRow { file: Some("/tmp/lista de precios.pdf".into()), ..text(local_id) }
}

async fn copy_of(store: &Store, local_id: &str) -> Option<Vec<u8>> {
    store.outbox_file(LocalId(local_id.into())).await.expect("read")
}

#[tokio::test]
async fn the_copy_of_a_file_stays_until_it_is_sent_or_discarded() {
    let home = Home::with_chat().await;
    let bytes: Vec<u8> = (0..10 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    for local_id in ["uno", "dos"] {
        home.store.enqueue_file(with_file(local_id), bytes.clone()).await.expect("stored");
    }
    // A call repeated after a failed commit changes nothing.
    home.store.enqueue_file(with_file("uno"), b"otros".to_vec()).await.expect("stored");
    home.store.enqueue(text("tres")).await.expect("stored");
    let folder = home.folder;
    home.store.close().await;

    let (store, _) = reopen(folder.path()).await;
    assert_eq!(copy_of(&store, "uno").await.as_ref(), Some(&bytes));
    assert_eq!(copy_of(&store, "tres").await, None);
    let put = |state, message_id: Option<&str>| StoreOp::PutOutbox {
        row: OutboxRow {
            state,
            message_id: message_id.map(|id| MessageId(id.into())),
            ..with_file("uno")
        },
    };
    store.apply(vec![put(OutboxState::Sending, None)]).await.expect("stored");
    store.apply(vec![put(OutboxState::Failed, None)]).await.expect("stored");
    assert_eq!(copy_of(&store, "uno").await.as_ref(), Some(&bytes), "it may be sent again");
    store.apply(vec![put(OutboxState::Sent, Some("true_1"))]).await.expect("stored");
    assert_eq!(copy_of(&store, "uno").await, None);
    let discard = StoreOp::RemoveOutbox { local_id: LocalId("dos".into()) };
    store.apply(vec![discard]).await.expect("stored");
    store.close().await;
    let file = key_on(&folder.path().join("outbox.db"), crate::support::KEY);
    let left: i64 =
        file.query_row("SELECT count(*) FROM outbox_files", [], |row| row.get(0)).expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_cleared_cache_is_as_new_and_the_rest_untouched() {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=300).map(chat).collect() }]).await;
    home.messages(facts(1..=3000), FROM_START).await;
    home.store.enqueue_file(with_file("uno"), b"%PDF".to_vec()).await.expect("stored");
    home.store.save_draft(phone(1), "borrador").await.expect("stored");
    home.store.mute(CHAT, Some(None)).await.expect("stored");
    home.store.put_setting("account", Some("{}".into())).await.expect("stored");
    let before = home.store.sizes().await.expect("read");

    home.store.clear_cache().await.expect("cleared");
    let after = home.store.sizes().await.expect("read");
    assert_eq!((after.conversations, after.messages, after.unread), (0, 0, 0));
    assert_eq!((after.outbox, after.drafts), (1, 1));
    assert!(after.cache_bytes < before.cache_bytes / 4, "{before:?} {after:?}");
    let dump = home.store.dump().await.expect("read");
    assert_eq!(dump.settings.len(), 1);
    assert_eq!(home.store.mutes().await.expect("read").len(), 1);
    assert_eq!(copy_of(&home.store, "uno").await.as_deref(), Some(b"%PDF".as_slice()));

    // What is fetched again is found, counted and searched as before.
    home.put(chat(CHAT.0)).await;
    home.messages(vec![own(7)], FROM_START).await;
    let found = SearchQuery { text: "mensaje".into(), limit: 9, ..SearchQuery::default() };
    assert_eq!(home.store.search(found).await.expect("read").hits.len(), 1);
    assert_eq!(home.list(ListQuery { limit: 9, ..ListQuery::default() }).await, [CHAT.0]);
    assert_eq!(home.store.conversation_counts().await.expect("read").all, 1);
    let folder = home.folder;
    home.store.close().await;
    let (store, report) = reopen(folder.path()).await;
    assert!(report.clean && report.set_aside.is_empty(), "{report:?}");
    assert_eq!(store.sizes().await.expect("read").messages, 1);
}

/// A place to write to that a test can look at, and that may be full.
#[derive(Clone, Default)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    room: Option<usize>,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.text.lock().expect("not poisoned");
        if self.room.is_some_and(|room| text.len() + bytes.len() > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn everything_leaves_as_one_json_text() {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=3).map(chat).collect() }]).await;
    home.messages(facts(1..=40), FROM_START).await;
    home.store.enqueue(text("uno")).await.expect("stored");
    home.store.save_draft(phone(2), "dice \"hola\"\n").await.expect("stored");
    home.store.mute(ConversationId(3), Some(None)).await.expect("stored");
    let paper = Paper::default();
    let mine = paper.clone();
    let about = vec![("account", json!({"clientCode": "EMPRESA"}))];
    let rows = home.store.export(about, move || Ok(mine), |_| Ok(())).await.expect("written");
    assert_eq!(rows, ExportedRows { conversations: 3, messages: 40 });
    let text = paper.text.lock().expect("not poisoned").clone();
    let all: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(all["account"]["clientCode"], "EMPRESA");
    assert_eq!(all["drafts"][0]["text"], "dice \"hola\"\n");
    assert_eq!(all["mutes"], json!([{"conversationId": 3, "until": null}]));
    assert_eq!(all["outbox"][0]["localId"], "uno");
    assert_eq!(all["conversations"].as_array().expect("a list").len(), 3);
    assert_eq!(all["messages"].as_array().expect("a list").len(), 40);
    let first = &all["messages"][0];
    assert_eq!((&first["from"], &first["content"]), (&json!("contact"), &json!("mensaje 1")));

    let full = Paper { room: Some(500), ..Paper::default() };
    let failed = home.store.export(Vec::new(), move || Ok(full), |_| Ok(())).await;
    let Err(ExportError::Write(error)) = failed else { panic!("{failed:?}") };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

//! Files of every released version open, and keep what they held.

use crate::support::{CHAT, KEY, copy, ids, key_on, reopen};
use condorito_model::fact::Sender;
use condorito_model::view::MessageState;
use condorito_model::{ConversationId, LocalId};
use condorito_store::{Error, Key, ListQuery, Options, Place, SearchQuery, Store};
use std::path::{Path, PathBuf};

/// Folders as `examples/store_fixture.rs` wrote them, oldest version first.
const VERSIONS: [&str; 1] = ["v1"];

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version)
}

#[tokio::test]
async fn files_of_every_version_open_and_keep_what_they_held() {
    for version in VERSIONS {
        let folder = copy(&fixture(version));
        let (store, report) = reopen(folder.path()).await;
        assert!(report.set_aside.is_empty(), "{version}: {report:?}");
        let list = ListQuery { query: Some("nunez".into()), limit: 9, ..ListQuery::default() };
        let list = store.conversations(list).await.expect("read");
        assert_eq!(list.items.len(), 1, "{version}");
        let row = &list.items[0];
        assert_eq!((row.id, row.unread_count, row.bot_enabled), (CHAT, 2, true), "{version}");
        assert_eq!(row.last_message.as_deref(), Some("Sin enviar todavía"), "{version}");
        assert_eq!(row.draft.as_deref(), Some("borrador"), "{version}");
        assert_eq!(row.last_state, Some(MessageState::Queued), "{version}");
        assert_eq!(row.tags.len(), 1, "{version}");
        let page = store.messages(CHAT, Place::Newest, 50).await.expect("read").expect("cached");
        assert_eq!(ids(&page.page.items), [1, 2, 3, -1], "{version}");
        assert!(page.page.items[0].media.is_some(), "{version}");
        assert_eq!(page.page.items[1].local_id, Some(LocalId("texto-0".into())), "{version}");
        assert!(!page.complete && page.page.has_older, "{version}");
        let found = SearchQuery { text: "cafe".into(), limit: 9, ..SearchQuery::default() };
        assert_eq!(store.search(found).await.expect("read").hits.len(), 1, "{version}");
        let snapshot = store.snapshot().await.expect("read");
        assert_eq!(snapshot.pending_reads.len(), 1, "{version}");
        assert_eq!(snapshot.local_conversations.len(), 1, "{version}");
        assert_eq!(snapshot.meta, [("walked".into(), "2025-10-09".into())], "{version}");
        assert_eq!(store.setting("theme").await.expect("read").as_deref(), Some("dark"));
        store.close().await;
    }
}

#[tokio::test]
async fn the_second_version_counts_what_the_first_one_held() {
    let folder = copy(&fixture("v1"));
    let outbox = folder.path().join("outbox.db");
    let file = key_on(&outbox, KEY);
    let muted = r#"{"mutedConversations":[1,7]}"#;
    file.execute("INSERT INTO settings (key, value) VALUES ('settings', ?1)", [muted])
        .expect("written");
    file.execute("DELETE FROM outbox", []).expect("written");
    file.close().expect("closes");
    let (store, _) = reopen(folder.path()).await;
    assert_eq!(store.mutes().await.expect("read"), [(CHAT, None), (ConversationId(7), None)]);
    assert_eq!(store.setting("settings").await.expect("read"), None);
    let row = store.conversation(CHAT).await.expect("read").expect("cached");
    let counts = store.conversation_counts().await.expect("read");
    assert_eq!((counts.all, counts.unread, counts.unread_messages), (1, 1, 2));
    assert_eq!(counts.waiting, u32::from(row.waiting_since.is_some()));
    let waiting = ListQuery { waiting: Some(true), limit: 9, ..ListQuery::default() };
    let listed = store.conversations(waiting).await.expect("read").items;
    assert_eq!(listed.first().map(|row| row.waiting_since), Some(row.waiting_since));
    // The messages say the same.
    let page = store.messages(CHAT, Place::Newest, 50).await.expect("read").expect("cached").page;
    let answered = page.items.iter().rposition(|message| message.from != Sender::Contact);
    let first = page.items.get(answered.map_or(0, |at| at + 1));
    assert_eq!(row.waiting_since, first.map(|message| message.sent_at));
}

#[tokio::test]
async fn settings_that_make_no_sense_do_not_stop_a_migration() {
    for odd in ["", "{", "[]", r#"{"mutedConversations":"x"}"#, r#"{"mutedConversations":[null]}"#]
    {
        let folder = copy(&fixture("v1"));
        let file = key_on(&folder.path().join("outbox.db"), KEY);
        file.execute("INSERT INTO settings (key, value) VALUES ('settings', ?1)", [odd])
            .expect("written");
        file.close().expect("closes");
        let (store, report) = reopen(folder.path()).await;
        assert!(!report.outbox_salvaged, "{odd}");
        assert_eq!(store.mutes().await.expect("read"), [], "{odd}");
    }
}

/// Everything that SQLite keeps of a schema, but for the pages.
fn schema(file: &Path) -> Vec<String> {
    let file = key_on(file, KEY);
    let mut statement = file
        .prepare("SELECT ifnull(sql, name) FROM sqlite_schema ORDER BY type, name")
        .expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("text")
}

#[tokio::test]
async fn a_migrated_file_has_the_schema_of_a_new_one() {
    let new = tempfile::TempDir::new().expect("a folder");
    reopen(new.path()).await.0.close().await;
    for version in VERSIONS {
        let folder = copy(&fixture(version));
        reopen(folder.path()).await.0.close().await;
        for name in ["outbox.db", "cache.db"] {
            let expected = schema(&new.path().join(name));
            assert_eq!(schema(&folder.path().join(name)), expected, "{version} {name}");
        }
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::TempDir::new().expect("a folder");
    // A file of version 0 that already has the last table of version 1 cannot be migrated.
    let path = folder.path().join("cache.db");
    let file = key_on(&path, KEY);
    file.execute_batch("CREATE TABLE meta (other TEXT)").expect("written");
    file.close().expect("closes");
    let opened = Store::open(folder.path(), Key::new(KEY), Options::default()).await;
    assert!(matches!(opened, Err(Error::Database(_) | Error::Damaged)), "{:?}", opened.err());
    assert_eq!(schema(&path), ["CREATE TABLE meta (other TEXT)"]);
    let file = key_on(&path, KEY);
    let version: i64 =
        file.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number");
    assert_eq!(version, 0);
}

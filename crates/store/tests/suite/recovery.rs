//! Damage, wrong keys, newer versions, a held folder.

use crate::support::{CHAT, FROM_START, Home, KEY, chat, copy, facts, key_on, phone, reopen, text};
use condorito_model::record::{ConversationRow, LocalConversation, PendingRead, Run, StoreOp};
use condorito_model::{ConversationId, RowId};
use condorito_store::{Anchor, Dump, Error, Key, Options, Place, Store, set_aside};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const PAGE: u64 = 4096;

/// A closed store with some of everything; each table fills several pages.
async fn filled() -> TempDir {
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: (1..=200).map(chat).collect() }]).await;
    home.messages(facts(1..=500), FROM_START).await;
    let rows = (1..=100).map(|n| StoreOp::PutOutbox { row: text(&format!("texto-{n:03}")) });
    home.apply(rows.collect()).await;
    for n in 1..=5 {
        home.store.save_draft(phone(n), format!("borrador {n}")).await.expect("stored");
    }
    home.store.put_setting("theme", Some("dark".into())).await.expect("stored");
    home.apply(vec![
        StoreOp::PutPendingRead { read: PendingRead { conversation_id: CHAT, up_to: None } },
        StoreOp::PutLocalConversation {
            row: LocalConversation { id: ConversationId(-1), phone: phone(9), server_id: None },
        },
        StoreOp::PutMeta { key: "walked".into(), value: "yes".into() },
    ])
    .await;
    home.store.close().await;
    home.folder
}

/// As a process that was killed leaves it: everything in place, the mark too.
fn unclean(folder: &Path) {
    fs::write(folder.join("in-use"), "").expect("written");
}

fn pages(file: &Path) -> u64 {
    fs::metadata(file).expect("there").len() / PAGE
}

/// Overwrites the middle of a page; the first is number 0.
fn damage(file: &Path, page: u64) {
    let mut file = OpenOptions::new().read(true).write(true).open(file).expect("opens");
    let mut bytes = [0; 64];
    file.seek(SeekFrom::Start(page * PAGE + 1000)).expect("seeks");
    file.read_exact(&mut bytes).expect("reads");
    for byte in &mut bytes {
        *byte = !*byte;
    }
    file.seek(SeekFrom::Start(page * PAGE + 1000)).expect("seeks");
    file.write_all(&bytes).expect("writes");
}

/// Names and contents of all files but the lock.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "lock" && !name.ends_with("-shm") && !name.ends_with("-wal"))
        .map(|name| (name.clone(), fs::read(folder.join(name)).expect("read")))
        .collect()
}

#[tokio::test]
async fn a_damaged_cache_is_made_anew_and_the_outbox_is_untouched() {
    let original = filled().await;
    let pages = pages(&original.path().join("cache.db"));
    assert!(pages > 30, "{pages}");
    let places = [0, 1, 2, pages / 4, pages / 2, pages - 3, pages - 1];
    for (page, limit) in places.into_iter().flat_map(|page| [(page, 0), (page, u64::MAX)]) {
        let folder = copy(original.path());
        damage(&folder.path().join("cache.db"), page);
        unclean(folder.path());
        let outbox = fs::read(folder.path().join("outbox.db")).expect("read");
        let options = Options { structure_check_up_to: limit, ..Options::default() };
        let opened = Store::open(folder.path(), Key::new(KEY), options).await;
        let (store, _, report) = opened.expect("opens");
        assert!(!report.clean && report.cache_rebuilt && !report.outbox_salvaged, "page {page}");
        assert_eq!(report.set_aside, [folder.path().join("cache.damaged-1")]);
        assert!(report.set_aside[0].exists());
        let dump = store.dump().await.expect("read");
        assert_eq!((dump.messages.len(), dump.snapshot.conversations.len()), (0, 0));
        assert_eq!((dump.snapshot.outbox.len(), dump.drafts.len()), (100, 5), "page {page}");
        store.close().await;
        assert_eq!(fs::read(folder.path().join("outbox.db")).expect("read"), outbox);
        let (_, report) = reopen(folder.path()).await;
        assert!(report.clean, "page {page}");
    }
}

/// Options by which every cache is large enough to be checked while it is in use, and what hears
/// of damage.
fn checked_in_use() -> (Options, Receiver<()>) {
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let on_damage = move || {
        tell.lock().expect("not poisoned").send(()).expect("the test waits");
    };
    let options = Options {
        structure_check_up_to: 0,
        on_damage: Some(Arc::new(on_damage)),
        ..Options::default()
    };
    (options, told)
}

#[tokio::test]
async fn a_large_cache_is_checked_in_use_and_made_anew_when_it_is_damaged() {
    let original = filled().await;
    let pages = pages(&original.path().join("cache.db"));
    // Pages of messages: opening reads none of them.
    for page in [pages - 3, pages - 1] {
        let folder = copy(original.path());
        damage(&folder.path().join("cache.db"), page);
        unclean(folder.path());
        let (options, told) = checked_in_use();
        let opened = Store::open(folder.path(), Key::new(KEY), options).await;
        let (store, snapshot, report) = opened.expect("opens");
        // The first page of the list is there before the check is over.
        assert!(report.cache_unchecked && !report.cache_rebuilt, "page {page}: {report:?}");
        assert_eq!(snapshot.conversations.len(), 200, "page {page}");
        told.recv_timeout(Duration::from_secs(60)).expect("the damage is found");
        // What is written meanwhile is not lost.
        let order = store.enqueue(text("texto-nuevo")).await.expect("stored");
        let aside = store.rebuild_cache().await.expect("made anew");
        assert_eq!(aside, folder.path().join("cache.damaged-1"));
        assert!(aside.exists());
        let dump = store.dump().await.expect("read");
        assert_eq!((dump.messages.len(), dump.snapshot.conversations.len()), (0, 0));
        assert_eq!(dump.snapshot.outbox.len(), 101, "page {page}");
        assert_eq!(dump.snapshot.outbox[100].order, order);
        assert_eq!(dump.drafts.len(), 5, "page {page}");
        // The new one is written, read and kept.
        store
            .apply(vec![StoreOp::PutConversations { rows: vec![chat(CHAT.0)] }])
            .await
            .expect("stored");
        store.close().await;
        let (store, report) = reopen(folder.path()).await;
        assert!(report.set_aside.is_empty(), "page {page}: {report:?}");
        let dump = store.dump().await.expect("read");
        assert_eq!(dump.snapshot.conversations.len(), 1, "page {page}");
        assert_eq!(dump.snapshot.outbox.len(), 101, "page {page}");
    }
}

#[tokio::test]
async fn damage_found_in_use_is_repaired_at_the_next_start_when_nobody_did() {
    let original = filled().await;
    let folder = copy(original.path());
    let cache = folder.path().join("cache.db");
    damage(&cache, pages(&cache) - 1);
    unclean(folder.path());
    let (options, told) = checked_in_use();
    let (store, _, _) = Store::open(folder.path(), Key::new(KEY), options).await.expect("opens");
    told.recv_timeout(Duration::from_secs(60)).expect("the damage is found");
    store.close().await;
    let (store, report) = reopen(folder.path()).await;
    assert!(report.cache_rebuilt && !report.outbox_salvaged, "{report:?}");
    assert_eq!(store.dump().await.expect("read").snapshot.outbox.len(), 100);
}

#[tokio::test]
async fn a_sound_cache_stays_while_it_is_checked_written_and_checkpointed() {
    let original = filled().await;
    for _ in 0..5 {
        let folder = copy(original.path());
        unclean(folder.path());
        let (options, told) = checked_in_use();
        let (store, _, report) =
            Store::open(folder.path(), Key::new(KEY), options).await.expect("opens");
        assert!(report.cache_unchecked);
        for id in 501..600 {
            let rows = (1..=200).map(|row| ConversationRow { unread: 3, ..chat(row) }).collect();
            let messages = StoreOp::ApplyMessages {
                conversation_id: CHAT,
                messages: facts([id]),
                run: Run::Live { unbroken: true },
                local_ids: Vec::new(),
            };
            // A purge checkpoints the cache.
            let ops = vec![StoreOp::PutConversations { rows }, messages, StoreOp::PurgeSent];
            store.apply(ops).await.expect("stored");
        }
        store.close().await;
        assert!(told.try_recv().is_err(), "taken for damaged");
        let (store, report) = reopen(folder.path()).await;
        assert!(report.clean && report.set_aside.is_empty(), "{report:?}");
        assert_eq!(store.sizes().await.expect("read").messages, 599);
    }
}

/// What an outbox file holds.
fn kept(dump: &Dump) -> (Vec<String>, usize, usize, usize, usize) {
    (
        dump.snapshot.outbox.iter().map(|row| row.local_id.0.clone()).collect(),
        dump.drafts.len(),
        dump.settings.len(),
        dump.snapshot.pending_reads.len(),
        dump.snapshot.local_conversations.len(),
    )
}

#[tokio::test]
async fn a_damaged_outbox_is_salvaged_and_the_cache_is_untouched() {
    let original = filled().await;
    let (store, _) = reopen(original.path()).await;
    let whole = kept(&store.dump().await.expect("read"));
    store.close().await;
    let pages = pages(&original.path().join("outbox.db"));
    let mut best = 0;
    for page in 0..pages {
        let folder = copy(original.path());
        damage(&folder.path().join("outbox.db"), page);
        unclean(folder.path());
        let (store, report) = reopen(folder.path()).await;
        assert!(report.outbox_salvaged && !report.cache_rebuilt, "page {page}: {report:?}");
        assert_eq!(report.set_aside, [folder.path().join("outbox.damaged-1")]);
        let dump = store.dump().await.expect("read");
        assert_eq!((dump.messages.len(), dump.snapshot.conversations.len()), (500, 200));
        let left = kept(&dump);
        assert!(left.0.iter().all(|id| whole.0.contains(id)), "page {page}");
        best = best.max(left.0.len());
        // A damaged page costs one table at most, and of a long one only what lies in it.
        let lost = [
            left.0.len() < whole.0.len(),
            left.1 < whole.1,
            left.2 < whole.2,
            left.3 < whole.3,
            left.4 < whole.4,
        ];
        // The first page has the schema: without it no table can be found.
        let first_page = page == 0;
        assert!(
            first_page || lost.iter().filter(|lost| **lost).count() <= 1,
            "page {page}: {lost:?} {left:?}"
        );
        // Orders of rows that could not be read are not given again.
        assert!(store.enqueue(text("new")).await.expect("stored") > 100, "page {page}");
    }
    assert_eq!(best, 100);
}

#[tokio::test]
async fn damage_met_without_a_check_is_repaired() {
    let original = filled().await;
    let (mut at_opening, mut while_running) = (0, 0);
    for page in 2..pages(&original.path().join("cache.db")) {
        let folder = copy(original.path());
        damage(&folder.path().join("cache.db"), page);
        let (store, report) = reopen(folder.path()).await;
        assert!(report.clean, "page {page}: {report:?}");
        if report.cache_rebuilt {
            at_opening += 1;
            continue;
        }
        let mut failed = false;
        for place in [Place::Newest, Place::Before(Anchor::Id(RowId(301)))] {
            match store.messages(CHAT, place, 200).await {
                Ok(read) => assert_eq!(read.expect("cached").page.items.len(), 200),
                Err(Error::Damaged) => failed = true,
                Err(other) => panic!("page {page}: {other:?}"),
            }
        }
        // What exists nowhere else still goes in.
        store.enqueue(text("new")).await.expect("stored");
        store.close().await;
        if failed {
            while_running += 1;
            let (store, report) = reopen(folder.path()).await;
            assert!(!report.clean && report.cache_rebuilt, "page {page}: {report:?}");
            assert_eq!(store.outbox().await.expect("read").len(), 101);
        }
    }
    assert!(at_opening > 0 && while_running > 0, "{at_opening} {while_running}");
}

#[tokio::test]
async fn another_key_is_told_from_damage_and_touches_nothing() {
    let folder = filled().await;
    for mark in [false, true] {
        if mark {
            unclean(folder.path());
        }
        let before = contents(folder.path());
        let opened = Store::open(folder.path(), Key::new([8; 32]), Options::default()).await;
        assert!(matches!(opened, Err(Error::WrongKey)), "{:?}", opened.err());
        assert_eq!(contents(folder.path()), before);
    }
    let (store, report) = reopen(folder.path()).await;
    assert!(!report.clean && report.set_aside.is_empty());
    assert_eq!(store.dump().await.expect("read").messages.len(), 500);
}

#[tokio::test]
async fn files_without_a_key_are_set_aside_not_deleted() {
    let folder = filled().await;
    let moved = set_aside(folder.path()).expect("moved");
    assert_eq!(
        moved,
        [folder.path().join("outbox.damaged-1"), folder.path().join("cache.damaged-1")]
    );
    let (store, _, report) =
        Store::open(folder.path(), Key::new([8; 32]), Options::default()).await.expect("opens");
    assert!(report.clean && store.outbox().await.expect("read").is_empty());
    let file = key_on(&moved[0], KEY);
    let rows: i64 =
        file.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).expect("rows");
    assert_eq!(rows, 100);
}

#[tokio::test]
async fn a_newer_file_is_refused_undamaged() {
    for name in ["outbox.db", "cache.db"] {
        let folder = filled().await;
        let file = key_on(&folder.path().join(name), KEY);
        file.execute_batch("PRAGMA user_version = 99; CREATE TABLE later (x);").expect("written");
        file.close().expect("closes");
        unclean(folder.path());
        let before = contents(folder.path());
        let opened = Store::open(folder.path(), Key::new(KEY), Options::default()).await;
        assert!(matches!(&opened, Err(Error::Newer(file)) if file == Path::new(name)));
        assert_eq!(contents(folder.path()), before);
    }
}

#[tokio::test]
async fn a_folder_is_held_by_one() {
    let home = Home::new().await;
    let path = home.folder.path().to_owned();
    let opened = Store::open(&path, Key::new(KEY), Options::default()).await;
    assert!(matches!(opened, Err(Error::Busy)), "{:?}", opened.err());
    assert!(matches!(set_aside(&path), Err(Error::Busy)));
    let other = home.store.clone();
    home.store.close().await;
    let (_store, report) = reopen(&path).await;
    assert!(report.clean);
    assert!(matches!(other.outbox().await, Err(Error::Closed)));
    assert!(other.enqueue(text("late")).await.is_err());
}

#[tokio::test]
async fn nothing_can_be_read_without_the_key() {
    let folder = filled().await;
    for (name, bytes) in contents(folder.path()) {
        for word in [b"mensaje".as_slice(), b"borrador", b"texto-", b"54911", b"SQLite format"] {
            let found = bytes.windows(word.len()).any(|window| window == word);
            assert!(!found, "{name} shows {}", String::from_utf8_lossy(word));
        }
    }
}

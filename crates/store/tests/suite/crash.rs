//! The process ends between any two steps; the next start loses nothing and doubles nothing.

use crate::support::{CHAT, FROM_START, Home, KEY, copy, fact, own, phone, reopen, text};
use condorito_model::record::{OutboxRow, OutboxState, Outcome, Run, StoreOp};
use condorito_model::{LocalId, MessageId};
use condorito_store::{Failpoints, Key, Options, Place, Step, Store};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// Set for a child: its folder, and after how many steps it ends.
const FOLDER: &str = "CRASH_FOLDER";
const STEPS: &str = "CRASH_STEPS";

/// Texts of the story, each with the id of its message.
const TEXTS: [(&str, i64); 3] = [("a", 11), ("b", 12), ("c", 13)];

fn confirmed(local_id: &str, message: i64) -> OutboxRow {
    let message_id = Some(MessageId(format!("false_{message}")));
    OutboxRow { state: OutboxState::Sent, message_id, ..text(local_id) }
}

/// Ends the process, as a kill would, when `left` steps were taken.
fn ending(left: usize) -> Failpoints {
    let left = AtomicUsize::new(left);
    Failpoints::new(move |_: Step| {
        if left.fetch_sub(1, Ordering::SeqCst) == 0 {
            std::process::abort();
        }
    })
}

/// Each text is written, sent and confirmed, with a purge in between; what is durable is printed.
async fn story(folder: &Path, failpoints: Failpoints) {
    let options = Options { failpoints, ..Options::default() };
    let (store, _, _) = Store::open(folder, Key::new(KEY), options).await.expect("opens");
    for (local_id, message) in TEXTS {
        store.enqueue(text(local_id)).await.expect("stored");
        println!("written {local_id}");
        let confirm = vec![
            StoreOp::PutOutbox { row: confirmed(local_id, message) },
            StoreOp::ApplyMessages {
                conversation_id: CHAT,
                messages: vec![own(message)],
                run: Run::Live { unbroken: true },
                local_ids: vec![(MessageId(format!("false_{message}")), LocalId(local_id.into()))],
            },
        ];
        store.apply(confirm).await.expect("stored");
        println!("confirmed {local_id}");
        let purged = store.apply(vec![StoreOp::PurgeSent]).await.expect("stored");
        assert!(matches!(&purged[..], [Outcome::Purged { local_ids }] if local_ids.len() == 1));
    }
    store.close().await;
    println!("closed");
}

/// The other process. Run by itself, it tells the whole story in a folder of its own.
#[tokio::test]
async fn child() {
    if let (Ok(folder), Ok(steps)) = (std::env::var(FOLDER), std::env::var(STEPS)) {
        story(Path::new(&folder), ending(steps.parse().expect("a number"))).await;
        return;
    }
    let folder = prepared().await;
    story(folder.path(), Failpoints::default()).await;
    assert_eq!(shown(folder.path()).await, ["10", "a", "b", "c"]);
}

/// Runs the story until a step; answers what was printed.
fn run_child(test: &str, folder: &Path, steps: usize) -> String {
    let child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(STEPS, steps.to_string())
        .stderr(Stdio::null())
        .output()
        .expect("runs");
    String::from_utf8_lossy(&child.stdout).into_owned()
}

/// A folder with a conversation that is in the cache's file itself, not only in its log.
async fn prepared() -> TempDir {
    let home = Home::with_chat().await;
    home.messages(vec![fact(10)], FROM_START).await;
    home.store.close().await;
    home.folder
}

/// What the conversation shows: local ids, or row ids where there are none.
async fn shown(folder: &Path) -> Vec<String> {
    let (store, _) = reopen(folder).await;
    let page = store.messages(CHAT, Place::Newest, 200).await.expect("read").expect("cached").page;
    let shown = page.items.iter().map(|message| match &message.local_id {
        Some(local_id) => local_id.0.clone(),
        None => message.id.0.to_string(),
    });
    let shown = shown.collect();
    store.close().await;
    shown
}

fn check(shown: &[String], printed: &str, case: &str) {
    assert_eq!(shown.first().map(String::as_str), Some("10"), "{case}");
    let mut texts: Vec<&str> = shown[1..].iter().map(String::as_str).collect();
    for (local_id, _) in TEXTS {
        if printed.contains(&format!("written {local_id}")) {
            assert!(texts.contains(&local_id), "{case}: {local_id} is lost: {texts:?}");
        }
    }
    let count = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), count, "{case}: shown twice: {shown:?}");
}

#[tokio::test]
async fn a_kill_at_any_step_loses_and_doubles_nothing() {
    let original = prepared().await;
    let mut steps = 0;
    loop {
        let folder = copy(original.path());
        let printed = run_child("crash::child", folder.path(), steps);
        // With the cache's log gone too, as after a power cut: it is not synced at each commit.
        let cut = copy(folder.path());
        for suffix in ["-wal", "-shm"] {
            let log = cut.path().join(format!("cache.db{suffix}"));
            if log.exists() {
                fs::remove_file(log).expect("removed");
            }
        }
        check(&shown(folder.path()).await, &printed, &format!("killed at step {steps}"));
        check(&shown(cut.path()).await, &printed, &format!("power cut at step {steps}"));
        if printed.contains("closed") {
            break;
        }
        steps += 1;
    }
    // Each text: two commits of one file and one of both, and the checkpoint, twice or thrice.
    assert!(steps > 20, "only {steps} steps were tried");
}

/// The other process of the test below; by itself it salvages in a folder of its own.
#[tokio::test]
async fn salvaging_child() {
    let given = (std::env::var(FOLDER), std::env::var(STEPS));
    if let (Ok(folder), Ok(steps)) = given {
        let failpoints = ending(steps.parse().expect("a number"));
        let options = Options { failpoints, ..Options::default() };
        let opened = Store::open(Path::new(&folder), Key::new(KEY), options).await;
        opened.expect("opens").0.close().await;
        println!("closed");
        return;
    }
    let folder = damaged_outbox().await;
    let (store, report) = reopen(folder.path()).await;
    assert!(report.outbox_salvaged);
    assert_eq!(store.outbox().await.expect("read").len(), 3);
}

/// A folder whose outbox has three texts and a damaged last page.
async fn damaged_outbox() -> TempDir {
    let home = Home::with_chat().await;
    for (local_id, _) in TEXTS {
        home.store.enqueue(text(local_id)).await.expect("stored");
    }
    home.store.save_draft(phone(1), "borrador").await.expect("stored");
    home.store.close().await;
    let path = home.folder.path().join("outbox.db");
    let mut bytes = fs::read(&path).expect("read");
    let end = bytes.len() - 100;
    bytes[end] = !bytes[end];
    fs::write(&path, bytes).expect("written");
    fs::write(home.folder.path().join("in-use"), "").expect("written");
    home.folder
}

#[tokio::test]
async fn a_kill_during_a_salvage_loses_nothing_more() {
    let original = damaged_outbox().await;
    let mut steps = 0;
    loop {
        let folder = copy(original.path());
        let printed = run_child("crash::salvaging_child", folder.path(), steps);
        let (store, report) = reopen(folder.path()).await;
        let outbox = store.outbox().await.expect("read");
        assert_eq!(outbox.len(), 3, "killed at step {steps}: {report:?}");
        assert!(folder.path().join("outbox.damaged-1").exists(), "step {steps}");
        assert!(!folder.path().join("outbox.damaged-2").exists(), "step {steps}");
        store.close().await;
        assert!(!folder.path().join("outbox.salvage.db").exists(), "step {steps}");
        if printed.contains("closed") {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 2);
}

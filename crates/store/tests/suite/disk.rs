//! Disks that are full, and folders that cannot be written. Linux: a file system of the test's own
//! is mounted in a namespace of its own, and another user is asked for where the superuser runs the
//! tests. A machine that allows none of it fails the test by the name of what it lacks.
#![cfg(target_os = "linux")]

use crate::support::{CHAT, FROM_START, Home, KEY, chat, facts, reopen, text};
use condorito_model::record::{StoreFault, StoreOp};
use condorito_store::{Error, Key, Options, Store};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Set for a child: its folder, and what is wrong with it.
const FOLDER: &str = "DISK_FOLDER";
const WRONG: &str = "DISK_WRONG";

/// Runs `script` in `sh` with the folder as `$1` and this test program as `$2`; by `launcher`.
fn run(launcher: &[&str], script: &str, folder: &Path, wrong: &str, this: &Path) -> String {
    let script = format!("{script} && exec \"$2\" --exact disk::child --nocapture");
    let mut command = Command::new("env");
    let output = command
        .args(launcher)
        .args(["sh", "-c", &script, "sh"])
        .args([folder, this])
        .env(FOLDER, folder)
        .env(WRONG, wrong)
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{error}");
    said
}

/// How a process gets mounts of its own here.
fn with_mounts() -> &'static [&'static str] {
    const WAYS: [&[&str]; 2] = [&["unshare", "-rm"], &["unshare", "-m"]];
    let works = |way: &&&[&str]| {
        Command::new("env").args(**way).arg("true").output().is_ok_and(|done| done.status.success())
    };
    WAYS.iter().find(works).expect(
        "needs a mount namespace: `unshare` of util-linux, and either unprivileged user namespaces \
         (sysctl kernel.unprivileged_userns_clone=1, \
         kernel.apparmor_restrict_unprivileged_userns=0) or the right to mount (CAP_SYS_ADMIN)",
    )
}

fn this_program() -> std::path::PathBuf {
    std::env::current_exe().expect("this test")
}

/// The other process; by itself it has nothing to do but to show that a sound disk is none of it.
#[tokio::test]
async fn child() {
    match (std::env::var(FOLDER), std::env::var(WRONG).as_deref()) {
        (Ok(folder), Ok("full" | "limited")) => fill_up(Path::new(&folder)).await,
        (Ok(folder), Ok("read-only")) => cannot_write(Path::new(&folder)).await,
        _ => {
            let home = Home::with_chat().await;
            assert_eq!(home.store.enqueue(text("a")).await.expect("stored"), 1);
        }
    }
}

/// Writes until the disk is full; what was taken stays, and after room is made all goes on.
async fn fill_up(folder: &Path) {
    let (store, _) = reopen(folder).await;
    store
        .apply(vec![StoreOp::PutConversations { rows: vec![chat(CHAT.0)] }])
        .await
        .expect("stored");
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![1; 200 << 10]).expect("written");
    let mut taken: i64 = 0;
    let error = loop {
        let mut row = text(&format!("t-{taken:05}"));
        row.text = "texto ".repeat(200);
        match store.enqueue(row).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 20_000, "the disk is never full");
    };
    println!("taken {taken}, then {error:?}");
    assert!(matches!(error, StoreFault::Full | StoreFault::Io), "{error:?}");
    // What was taken can be read, and a store opened anew on the full disk has it or says why not.
    assert_eq!(store.outbox().await.expect("read").len() as i64, taken);
    store.close().await;
    match Store::open(folder, Key::new(KEY), Options::default()).await {
        Ok((store, _, report)) => {
            assert!(report.set_aside.is_empty(), "{report:?}");
            assert_eq!(store.outbox().await.expect("read").len() as i64, taken);
            store.close().await;
        }
        Err(Error::Full | Error::Folder(_) | Error::Database(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
    fs::remove_file(&ballast).expect("removed");
    println!("survived {taken}");
}

#[tokio::test]
async fn a_full_disk_says_so_and_keeps_every_text_that_was_taken() {
    let folder = TempDir::new().expect("a folder");
    let mount = "mount -t tmpfs -o size=1500k tmpfs \"$1\"";
    let said = run(with_mounts(), mount, folder.path(), "full", &this_program());
    assert!(said.contains("then Full") && said.contains("survived"), "{said}");
    // Blocks of 512 bytes; the signal is ignored, so that writing fails as on a full disk.
    let limit = "trap '' XFSZ && ulimit -f 1200";
    let limited = run(&[], limit, folder.path(), "limited", &this_program());
    assert!(limited.contains("survived"), "{limited}");
    // Without the limit everything is there and goes on.
    let (store, _) = reopen(folder.path()).await;
    let taken = store.outbox().await.expect("read").len();
    assert!(limited.contains(&format!("survived {taken}\n")), "{taken}: {limited}");
    store.enqueue(text("después")).await.expect("stored");
}

/// The folder has a store, and nothing there can be written.
async fn cannot_write(folder: &Path) {
    let error = Store::open(folder, Key::new(KEY), Options::default()).await.err();
    println!("refused {error:?}");
    assert!(matches!(error, Some(Error::Folder(_) | Error::Database(_))), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused_untouched() {
    // Nothing can be made here, whoever asks.
    cannot_write(Path::new("/proc/self/task/cuenta")).await;
    let home = Home::new().await;
    home.apply(vec![StoreOp::PutConversations { rows: vec![chat(CHAT.0)] }]).await;
    home.messages(facts(1..=20), FROM_START).await;
    home.store.enqueue(text("a")).await.expect("stored");
    home.store.close().await;
    let files = || -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(home.folder.path()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut all: Vec<_> =
            paths.map(|path| (path.display().to_string(), fs::read(path).expect("read"))).collect();
        all.sort();
        all
    };
    let before = files();
    let folder = home.folder.path();
    // A file system that takes nothing.
    let bind = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"";
    let said = run(with_mounts(), bind, folder, "read-only", &this_program());
    assert!(said.contains("refused"), "{said}");
    assert_eq!(files(), before);
    // A folder that may be read and no more. The superuser may write to it all the same, so there
    // somebody else has to try, with a copy of this program where they can reach it.
    let mode = |mode: u32| {
        let entries = fs::read_dir(folder).expect("a folder").map(|one| one.expect("one").path());
        for path in entries.chain([folder.to_owned()]) {
            let bits = if path.is_dir() { mode | 0o111 } else { mode };
            fs::set_permissions(&path, fs::Permissions::from_mode(bits)).expect("set");
        }
    };
    mode(0o444);
    let said = if fs::metadata("/proc/self").expect("a process").uid() == 0 {
        let reachable = TempDir::new().expect("a folder");
        fs::set_permissions(&reachable, fs::Permissions::from_mode(0o755)).expect("set");
        let copy = reachable.path().join("suite");
        fs::copy(this_program(), &copy).expect("copied");
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        run(&nobody, ":", folder, "read-only", &copy)
    } else {
        run(&[], ":", folder, "read-only", &this_program())
    };
    mode(0o644);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("set");
    assert!(said.contains("refused"), "{said}");
    assert_eq!(files(), before);
    let (store, report) = reopen(home.folder.path()).await;
    assert!(report.clean);
    assert_eq!(store.outbox().await.expect("read").len(), 1);
}

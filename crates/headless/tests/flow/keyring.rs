//! Secrets in the keyring of the system.

use crate::support::{CODE, Keyring, Launch, PASSWORD, Server, credentials, files_below};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Sizes of the files, which tell whether anything was written.
fn databases(folder: &Path) -> BTreeMap<String, u64> {
    files_below(&folder.join("accounts"))
        .into_iter()
        .map(|path| (path.display().to_string(), std::fs::metadata(&path).unwrap().len()))
        .collect()
}

#[tokio::test]
async fn a_locked_keyring_costs_nothing_but_patience() {
    let server = Server::with(4, 3).await;
    let home = tempfile::tempdir().unwrap();
    let keyring = Keyring::start(home.path()).await;
    let launch = Launch::new(&server.url).secrets("os").environment(&keyring.environment);
    let mut client = launch.start();
    client.ok("login", credentials()).await;
    client.connection("online").await;
    assert!(!client.folder().join("secrets.json").exists());
    let (_, launch) = client.finish().await;
    let before = databases(&launch.folder());
    assert!(before.len() >= 2, "{before:?}");

    keyring.lock().await;
    let mut client = launch.start();
    assert_eq!(client.code("list_conversations", json!({})).await, "keyring_locked");
    let error = client.error("login", credentials()).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("keyring_locked"), &json!(true)));
    let (_, launch) = client.finish().await;
    assert_eq!(databases(&launch.folder()), before, "nothing was touched");
    drop(keyring);

    // The same keyring, unlocked: everything is there, and nobody has to sign in.
    let keyring = Keyring::start(home.path()).await;
    let mut client = launch.environment(&keyring.environment).start();
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 4);
    client.connection("online").await;
    client.ok("logout", json!({"wipe": true})).await;
    assert!(databases(&client.folder()).is_empty());
}

#[tokio::test]
async fn without_a_keyring_only_a_passing_session_is_possible() {
    let server = Server::with(4, 3).await;
    let nowhere = [
        ("DBUS_SESSION_BUS_ADDRESS".to_owned(), "unix:path=/nonexistent".to_owned()),
        ("XDG_RUNTIME_DIR".to_owned(), "/nonexistent".to_owned()),
    ];
    let mut client = Launch::new(&server.url).secrets("os").environment(&nowhere).start();
    let error = client.error("login", credentials()).await;
    assert_eq!((&error["code"], &error["source"]), (&json!("keyring_missing"), &json!("secrets")));
    assert!(error["message"].as_str().unwrap().contains("--secret-store file"), "{error}");

    let args = json!({"clientCode": CODE, "password": PASSWORD, "remember": false});
    client.ok("login", args).await;
    client.connection("online").await;
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 4);
    assert!(!databases(&client.folder()).is_empty());
    // Even a kill leaves nothing that could be read, and the next start removes the rest.
    let launch = client.kill().await;
    let mut client = launch.start();
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedOut");
    assert!(databases(&client.folder()).is_empty());
}

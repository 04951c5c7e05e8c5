//! What a page that has been taken over may try: names that are not declared, arguments of any
//! shape. Nothing but a stable code with a sentence comes back, and nothing is changed.
#![allow(clippy::unwrap_used, clippy::panic)]

use condorito_client::commands::COMMANDS;
use condorito_client::{Client, ClientOptions, ErrorCode, SecretStore};
use serde_json::{Value, json};

/// A client nobody has signed in to, in a folder of its own.
fn client(folder: &std::path::Path) -> Client {
    let options = ClientOptions { secret_store: SecretStore::File, ..ClientOptions::new(folder) };
    Client::start(options).unwrap().0
}

#[tokio::test]
async fn a_name_that_is_not_declared_reaches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path());
    let declared = COMMANDS.iter().map(|command| command.name);
    let upper = declared.clone().map(str::to_uppercase);
    let longer = declared.clone().map(|name| format!("{name}\0"));
    let inner = ["run", "stop", "start", "", "*", "core:event|emit", "plugin:fs|read", "__proto__"];
    for name in upper.chain(longer).chain(inner.map(str::to_owned)) {
        let answer = client.command(&name, json!({})).await;
        let error = answer.err().unwrap_or_else(|| panic!("{name:?} did something"));
        assert_eq!(error.code, ErrorCode::UnknownCommand, "{name:?}");
        assert!(!error.message.is_empty(), "{name:?}");
    }
    client.stop().await;
}

/// Values where numbers, texts or objects belong.
fn wrong() -> Vec<Value> {
    let long = "9".repeat(100_000);
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    vec![
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!({"$ne": null}),
        json!(["a", 1, null]),
        json!("' OR 1=1 --"),
        json!("../../../etc/passwd\0"),
        json!(long),
        deep,
    ]
}

#[tokio::test]
async fn every_command_checks_the_shape_of_its_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path());
    let before = client.command("get_settings", Value::Null).await.unwrap();
    for command in COMMANDS {
        for text in ["algo", "1", "null"] {
            let answer = client.command(command.name, json!(text)).await;
            let code = answer.err().map(|error| error.code);
            assert_eq!(code, Some(ErrorCode::InvalidInput), "{} {text:?}", command.name);
        }
        for value in wrong() {
            // Under every name that some command knows. Not a backend: nothing is to be dialled.
            let args = json!({
                "conversationId": value, "phone": value, "text": value, "path": value,
                "localId": value, "messageId": value, "limit": value, "cursor": value,
                "before": value, "enabled": value, "patch": [value], "clientCode": [value],
                "password": [value], "backend": [value], "until": value, "wipe": [value],
            });
            if let Err(error) = client.command(command.name, args).await {
                assert!(
                    command.may_fail_with(error.code) && error.code != ErrorCode::Internal,
                    "{}: {:?}",
                    command.name,
                    error.code
                );
                assert!(!error.message.is_empty(), "{}", command.name);
            }
        }
    }
    assert_eq!(client.command("get_settings", Value::Null).await.unwrap(), before);
    // A path that is not whole names no place, also not the folder the app was started in.
    let here = std::path::absolute("' OR 1=1 --").unwrap();
    assert!(!here.exists(), "{} was written", here.display());
    client.stop().await;
}

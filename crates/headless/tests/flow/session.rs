//! Signing in and out, sessions that end, and what is left on disk.

use crate::support::{CODE, Launch, PASSWORD, Server, credentials, files_below, online};
use serde_json::{Value, json};

#[tokio::test]
async fn signs_in_with_the_servers_spelling() {
    let server = Server::with(3, 3).await;
    let mut client = Launch::new(&server.url).start();
    let before = client.ok("session_status", json!({})).await;
    assert_eq!(before["state"], "signedOut");
    assert_eq!(client.ok("connection_status", json!({})).await["state"], "stopped");

    let account = client.ok("login", json!({"clientCode": "cli001", "password": PASSWORD})).await;
    assert_eq!(account["clientCode"], CODE);
    assert_eq!(account["isAdmin"], false);
    let status = client.event("session", |_| true).await;
    assert_eq!(status["state"], "signedIn");
    assert_eq!(status["account"], account);
    assert_eq!(status["backend"], server.url.as_str());
    assert_eq!(client.ok("session_status", json!({})).await, status);
    client.connection("online").await;
}

#[tokio::test]
async fn says_why_nobody_can_sign_in() {
    let server = Server::start(&[]).await;
    server.order("tenant", json!({"code": "PARADA", "status": "suspended"})).await;
    let mut client = Launch::new(&server.url).start();
    let cases = [
        (json!({"clientCode": CODE, "password": "otra-clave"}), "wrong_credentials"),
        (json!({"clientCode": "NADIE", "password": PASSWORD}), "wrong_credentials"),
        (json!({"clientCode": CODE, "password": "corta"}), "wrong_credentials"),
        (json!({"clientCode": "", "password": ""}), "wrong_credentials"),
        (json!({"clientCode": "PARADA", "password": PASSWORD}), "account_inactive"),
        (json!({"clientCode": CODE}), "invalid_input"),
        (json!({"clientCode": CODE, "password": PASSWORD, "backend": "no es"}), "invalid_backend"),
        (
            json!({"clientCode": CODE, "password": PASSWORD, "backend": "ftp://a"}),
            "invalid_backend",
        ),
        (
            json!({"clientCode": CODE, "password": PASSWORD, "backend": "http://127.0.0.1:9"}),
            "unreachable",
        ),
    ];
    for (args, code) in cases {
        assert_eq!(client.code("login", args.clone()).await, code, "{args}");
    }
    server.order("unauthorized", json!({"on": true})).await;
    assert_eq!(client.code("login", credentials()).await, "server_fault");
    server.order("unauthorized", json!({"on": false})).await;
    server.order("rate-limit-now", json!({"seconds": 60})).await;
    assert_eq!(client.code("login", credentials()).await, "rate_limited");
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedOut");
    assert!(!client.folder().join("accounts").exists());
}

#[tokio::test]
async fn stays_signed_in_and_browses_offline() {
    let (server, client) = online(8, 6).await;
    let (_, launch) = client.finish().await;
    server.down().await;

    let mut client = launch.start();
    let status = client.ok("session_status", json!({})).await;
    assert_eq!(status["state"], "signedIn");
    assert_eq!(status["account"]["clientCode"], CODE);
    let list = client.ok("list_conversations", json!({})).await;
    assert_eq!(list["total"], 8);
    let page = client.ok("list_messages", json!({"conversationId": 1})).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 6);
    client.connection("offline").await;
    assert_eq!(client.code("sync_now", json!({})).await, "offline");

    server.up().await;
    client.ok("reconnect_now", json!({})).await;
    client.connection("online").await;
}

#[tokio::test]
async fn a_session_not_remembered_ends_with_the_process() {
    let server = Server::with(4, 4).await;
    let mut client = Launch::new(&server.url).start();
    let args = json!({"clientCode": CODE, "password": PASSWORD, "remember": false});
    client.ok("login", args).await;
    client.connection("online").await;
    let secrets = std::fs::read_to_string(client.folder().join("secrets.json")).unwrap();
    assert!(!secrets.contains("tokens:"), "{secrets}");
    let (_, launch) = client.finish().await;

    let mut client = launch.start();
    assert_eq!(client.ok("session_status", json!({})).await["state"], "expired");
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 4);
    client.ok("login", credentials()).await;
    client.connection("online").await;
}

#[tokio::test]
async fn an_expired_token_is_renewed_unnoticed() {
    let (server, mut client) = online(4, 4).await;
    let secrets = client.folder().join("secrets.json");
    let before = std::fs::read_to_string(&secrets).unwrap();
    server.order("token-expire-all", json!({})).await;
    client.skip_events();
    client.ok("sync_now", json!({})).await;
    client.ok("send_text", json!({"conversationId": 1, "text": "sigue"})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert_eq!(server.delivered().await, ["sigue"]);
    assert_eq!(client.events("session").len(), 1, "only the sign-in");
    let report = server.order("requests", json!({})).await;
    assert_eq!(report["counts"]["POST /api/auth/refresh"], 1, "{report:#}");

    // The new ones are kept.
    let (_, launch) = client.finish().await;
    assert_ne!(std::fs::read_to_string(&secrets).unwrap(), before);
    let mut client = launch.start();
    client.connection("online").await;
}

#[tokio::test]
async fn a_revoked_session_leaves_everything_readable() {
    let (server, mut client) = online(6, 4).await;
    server.order("token-revoke", json!({})).await;
    client.skip_events();
    client.call("sync_now", json!({})).await;
    let status = client.event("session", |status| status["state"] == "expired").await;
    assert_eq!(status["account"]["clientCode"], CODE);
    assert_eq!(client.ok("connection_status", json!({})).await["state"], "stopped");
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 6);
    assert_eq!(client.code("sync_now", json!({})).await, "session_expired");
    let written = client.ok("send_text", json!({"conversationId": 2, "text": "espera"})).await;
    client
        .until("list_outbox", json!({}), |outbox| outbox["items"][0]["hold"] == "signed_out")
        .await;

    // It is the same after a start.
    let (_, launch) = client.finish().await;
    let mut client = launch.start();
    assert_eq!(client.ok("session_status", json!({})).await["state"], "expired");
    let outbox = client.ok("list_outbox", json!({})).await;
    assert_eq!(outbox["items"][0]["localId"], written["localId"]);
    assert_eq!(server.delivered().await, [""; 0]);

    client.ok("login", credentials()).await;
    client.connection("online").await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert_eq!(server.delivered().await, ["espera"]);
}

#[tokio::test]
async fn an_inactive_account_stops_and_keeps_its_data() {
    let (server, mut client) = online(3, 3).await;
    server.order("tenant", json!({"code": CODE, "status": "inactive"})).await;
    client.skip_events();
    client.call("sync_now", json!({})).await;
    client.event("session", |status| status["state"] == "expired").await;
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 3);
    assert_eq!(client.code("login", credentials()).await, "account_inactive");
}

#[tokio::test]
async fn a_database_outage_ends_no_session() {
    let (server, mut client) = online(3, 3).await;
    server.order("unauthorized", json!({"on": true})).await;
    assert!(client.call("whatsapp_status", json!({})).await.get("ok").is_some());
    client.ok("send_text", json!({"conversationId": 1, "text": "paciencia"})).await;
    client.event("changed", |changed| changed["outbox"] != json!([])).await;
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedIn");
    server.order("unauthorized", json!({"on": false})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert_eq!(server.delivered().await, ["paciencia"]);
}

#[tokio::test]
async fn signing_out_keeps_the_cache_for_the_same_account() {
    let (_server, mut client) = online(5, 3).await;
    client.ok("save_draft", json!({"conversationId": 3, "text": "a medias"})).await;
    client.ok("logout", json!({})).await;
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedOut");
    assert_eq!(client.ok("connection_status", json!({})).await["state"], "stopped");
    assert_eq!(client.code("list_conversations", json!({})).await, "signed_out");
    let secrets = std::fs::read_to_string(client.folder().join("secrets.json")).unwrap();
    assert!(!secrets.contains("tokens:"), "{secrets}");
    client.ok("logout", json!({})).await;

    let (_, launch) = client.finish().await;
    let mut client = launch.start();
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedOut");
    client.ok("login", credentials()).await;
    let kept = client.ok("get_conversation", json!({"conversationId": 3})).await;
    assert_eq!(kept["draft"], "a medias");
}

#[tokio::test]
async fn a_wipe_leaves_nothing_of_the_account() {
    let (_server, mut client) = online(5, 3).await;
    assert!(client.folder().join("secrets.json").exists());
    client.ok("logout", json!({"wipe": true})).await;
    let names: Vec<String> = files_below(&client.folder())
        .iter()
        .map(|path| path.strip_prefix(client.folder()).unwrap().display().to_string())
        .collect();
    assert!(names.iter().all(|name| ["app.json", "lock"].contains(&name.as_str())), "{names:?}");
    let app = std::fs::read_to_string(client.folder().join("app.json")).unwrap();
    assert!(!app.contains(CODE), "{app}");

    client.ok("login", credentials()).await;
    client.connection("online").await;
}

#[tokio::test]
async fn two_accounts_do_not_meet() {
    let (server, mut client) = online(5, 3).await;
    server.order("tenant", json!({"code": "OTRA"})).await;
    let other = json!({"clientCode": "OTRA", "password": PASSWORD});
    client.ok("login", other).await;
    client.connection("online").await;
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 0);
    server.inbound("5491160000001", "de la primera").await;
    server
        .order("inbound", json!({"code": "OTRA", "phone": "5491155550199", "text": "propio"}))
        .await;
    let shown = client.event("notification", |_| true).await;
    assert_eq!(shown["body"], "propio");
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 1);

    client.ok("login", credentials()).await;
    client.connection("online").await;
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 5);
}

#[tokio::test]
async fn files_without_their_key_are_never_overwritten() {
    let (_server, client) = online(4, 3).await;
    let (_, launch) = client.finish().await;
    let secrets = launch.folder().join("secrets.json");
    let kept = std::fs::read_to_string(&secrets).unwrap();
    std::fs::remove_file(&secrets).unwrap();

    let mut client = launch.start();
    assert_eq!(client.code("list_conversations", json!({})).await, "key_missing");
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedOut");
    let error = client.error("login", credentials()).await;
    assert_eq!((&error["code"], &error["source"]), (&json!("key_missing"), &json!("secrets")));
    assert!(!secrets.exists(), "no key was made");

    // With the key back everything is there again.
    let (_, launch) = client.finish().await;
    std::fs::write(&secrets, kept).unwrap();
    let mut client = launch.start();
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 4);

    // Without it the operator can begin anew; the old files stay.
    let (_, launch) = client.finish().await;
    std::fs::remove_file(&secrets).unwrap();
    let mut client = launch.start();
    let mut args = credentials();
    args["setAside"] = Value::Bool(true);
    client.ok("login", args).await;
    client.connection("online").await;
    assert_eq!(client.ok("list_conversations", json!({})).await["total"], 4);
    let kept = files_below(&client.folder())
        .iter()
        .filter(|path| path.to_string_lossy().contains(".damaged-"))
        .count();
    assert_eq!(kept, 2, "{:#?}", files_below(&client.folder()));
}

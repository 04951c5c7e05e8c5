//! Nothing that a contact or the operator wrote, no number, name, token or password, is to be found
//! where it does not belong: logs at their loudest, diagnostics, and files in clear.

use crate::support::{CODE, Launch, PASSWORD, Server, credentials, files_below};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What must not be found, each by a word of its own.
const NAME: &str = "Canarionombre";
const TEXT: &str = "canariotexto";
const OWN: &str = "canariopropio";
const DRAFT: &str = "canarioborrador";
const WRONG: &str = "canarioclave-9";
const SOUGHT: &str = "canariobusca";
const CAPTION: &str = "canarioepigrafe";
const FILE: &str = "canarioarchivo";
const NUMBER: &str = "5491177700123";
const OTHER_NUMBER: &str = "5491177700456";
const SERVER_WORDS: &str = "canarioservidor";

/// The tokens as the secrets' file has them.
fn tokens(secrets: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, secret) in secrets["secrets"].as_object().unwrap() {
        let secret = secret.as_str().unwrap();
        if name.starts_with("key:") {
            found.push(secret.to_owned());
        } else {
            let tokens: Value = serde_json::from_slice(&STANDARD.decode(secret).unwrap()).unwrap();
            let members = tokens.as_object().unwrap().values();
            found.extend(members.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    found.retain(|token| token.len() > 20);
    assert!(found.len() >= 3, "a key and two tokens: {}", found.len());
    found
}

#[tokio::test]
async fn no_canary_is_found_outside_the_encrypted_files() {
    let server = Server::with(3, 3).await;
    let inbound = |phone: &'static str, text: String| {
        let order = json!({"code": CODE, "phone": phone, "name": NAME, "text": text});
        server.order("inbound", order)
    };
    inbound(NUMBER, format!("{TEXT} antes")).await;
    let trace = [("CONDORITO_LOG".to_owned(), "trace".to_owned())];
    let mut client = Launch::new(&server.url).environment(&trace).start();
    client.code("login", json!({"clientCode": CODE, "password": WRONG})).await;
    client.ok("login", credentials()).await;
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;

    // Receive, answer, search, draft, mute; a new number, and a file.
    inbound(NUMBER, format!("{TEXT} ahora {SOUGHT}")).await;
    let told = client.event("notification", |told| told["title"] == NAME).await;
    let chat = told["conversationId"].clone();
    client.ok("send_text", json!({"conversationId": chat, "text": OWN})).await;
    client.ok("send_text", json!({"phone": OTHER_NUMBER, "text": OWN})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    let hits = client.ok("search", json!({"text": SOUGHT})).await;
    assert_eq!(hits["hits"].as_array().unwrap().len(), 1);
    client.ok("list_conversations", json!({"query": NAME})).await;
    client.ok("list_messages", json!({"conversationId": chat})).await;
    client.ok("save_draft", json!({"conversationId": chat, "text": DRAFT})).await;
    client.ok("mute", json!({"conversationId": chat, "minutes": 5})).await;
    client.ok("check_phone", json!({"phone": OTHER_NUMBER})).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{FILE}.pdf"));
    std::fs::write(&path, format!("%PDF-1.4\n{TEXT}\n%%EOF")).unwrap();
    let args = json!({"conversationId": chat, "path": path, "caption": CAPTION});
    client.ok("send_file", args.clone()).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;

    // What goes wrong: commands, sends with the server's own words, events, the connection.
    client.code("search", json!({"text": 7, "conversationId": NUMBER})).await;
    client.code("check_phone", json!({"phone": NAME})).await;
    client.code("send_text", json!({"phone": NAME, "text": OWN})).await;
    client.code("send_file", json!({"phone": NUMBER, "path": format!("/no/{FILE}.pdf")})).await;
    client.code("test_backend", json!({"backend": format!("http://{NAME}:{WRONG}@a")})).await;
    client.code(TEXT, json!({"text": TEXT})).await;
    client.line(&format!("{TEXT} no es JSON")).await;
    let message = format!("{SERVER_WORDS} {NUMBER}");
    let body = json!({"success": false, "message": message, "error": message});
    let refuse = json!({"match": "POST /api/whatsapp/send", "status": 400, "body": body});
    server.order("http-fault", refuse).await;
    client.ok("send_text", json!({"conversationId": chat, "text": OWN})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"][0]["state"] == "failed").await;
    for payload in [json!(TEXT), json!({"message": {"content": TEXT, "id": NUMBER}}), json!(null)] {
        let order = json!({"code": CODE, "event": "message:new", "payload": payload});
        server.order("emit-raw", order).await;
    }
    server.down().await;
    client.connection("offline").await;
    client.ok("send_file", args).await;
    client.ok("send_text", json!({"conversationId": chat, "text": OWN})).await;
    server.up().await;
    client.ok("reconnect_now", json!({})).await;
    client.connection("online").await;
    server.order("token-expire-all", json!({})).await;
    client.ok("sync_now", json!({})).await;
    let first = client.ok("diagnostics", json!({})).await;
    assert!(first["states"].as_array().unwrap().len() >= 3, "{first:#}");
    let written = folder.path().join("diagnostico.json");
    client.ok("export_diagnostics", json!({"path": written})).await;
    let secrets_file = client.folder().join("secrets.json");
    let secrets = tokens(&serde_json::from_slice(&std::fs::read(&secrets_file).unwrap()).unwrap());
    // Killed: logs of the files are not folded in, either.
    let launch = client.kill().await;
    let mut client = launch.start();
    client.connection("online").await;
    client.ok("clear_cache", json!({})).await;
    client.connection("online").await;
    let log = client.log();
    assert!(log.lines().count() > 50 && log.contains("DEBUG"), "the log is not at its loudest");
    let (_, launch) = client.finish().await;

    let mut places = vec![
        ("the log".to_owned(), log.into_bytes()),
        ("diagnostics".to_owned(), first.to_string().into_bytes()),
        ("exported diagnostics".to_owned(), std::fs::read(&written).unwrap()),
    ];
    for file in files_below(&launch.folder()) {
        if file != secrets_file {
            places.push((file.display().to_string(), std::fs::read(&file).unwrap()));
        }
    }
    assert!(places.iter().any(|(name, _)| name.ends_with("app.json")));
    assert!(places.iter().any(|(name, _)| name.ends_with("cache.db")));
    let words = [
        NAME,
        TEXT,
        OWN,
        DRAFT,
        WRONG,
        PASSWORD,
        SOUGHT,
        CAPTION,
        FILE,
        NUMBER,
        OTHER_NUMBER,
        SERVER_WORDS,
        // The numbers as people write them, and without the country.
        "1177700123",
        "1177700456",
    ];
    for (name, bytes) in &places {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for word in words.into_iter().map(str::to_owned).chain(secrets.iter().cloned()) {
            assert!(!text.contains(&word.to_lowercase()), "{word} is in {name}");
        }
    }
}

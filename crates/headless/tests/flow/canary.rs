//! Nothing that a contact or the operator wrote, no number, name, token or password, is to be found
//! where it does not belong: in whatever the program writes, in whatever form.
//!
//! Declared are: the protocol's answers on standard output (no secret there either), the file of
//! secrets (tokens and keys, nothing else), the company's code in `app.json`, and what the operator
//! has written to a place of their own choice.

use crate::support::{
    CODE, Headless, Launch, PASSWORD, SOON, Server, Words, credentials, files_below,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use condorito_backend::{Backend, BadAnswer, Config, Garbage, NewTenant, SendStage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// A server's words when it is broken.
const PAGE: &str = "canariopagina";
/// A company's code and password.
const COMPANY: &str = "CANARIOEMPRESA";
const COMPANY_PASSWORD: &str = "canario-contraseña-7";
/// Bytes of a file.
const BYTES: &str = "canariobytes";

/// The numbers as people write them, and without the country.
const NUMBERS: [&str; 4] = [NUMBER, OTHER_NUMBER, "1177700123", "1177700456"];
/// Everything of people, whoever wrote it.
const PRIVATE: [&str; 10] =
    [NAME, TEXT, OWN, DRAFT, SOUGHT, CAPTION, FILE, SERVER_WORDS, PAGE, BYTES];

/// A program with places of its own for everything, which may leave a core as large as it likes.
fn exposed(backend: &str) -> Launch {
    let launch = Launch::new(backend).before("ulimit -c unlimited").with("CONDORITO_LOG", "trace");
    let places = ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];
    places.into_iter().fold(launch, |launch, name| {
        let place = launch.root().join(name);
        std::fs::create_dir(&place).unwrap();
        launch.with(name, place)
    })
}

/// The tokens and keys as the file of secrets has them now.
fn tokens(folder: &Path) -> BTreeSet<String> {
    let secrets = std::fs::read(folder.join("secrets.json")).unwrap();
    let secrets: Value = serde_json::from_slice(&secrets).unwrap();
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
    found.into_iter().collect()
}

/// What can be seen of a living process by others, beside its memory.
#[cfg(target_os = "linux")]
fn seen(client: &Headless) -> Vec<(String, Vec<u8>)> {
    let process = PathBuf::from(format!("/proc/{}", client.pid()));
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert!(core.split_whitespace().nth(4) == Some("0"), "it may leave a core: {core}");
    let threads = std::fs::read_dir(process.join("task")).unwrap().flatten();
    let mut paths: Vec<_> = threads.map(|thread| thread.path().join("comm")).collect();
    paths.extend(["cmdline", "environ", "status"].map(|name| process.join(name)));
    let mut seen: Vec<_> = paths
        .into_iter()
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap_or_default()))
        .collect();
    for descriptor in std::fs::read_dir(process.join("fd")).unwrap().flatten() {
        let target = std::fs::read_link(descriptor.path()).unwrap_or_default();
        seen.push((format!("a descriptor: {}", target.display()), Vec::new()));
    }
    assert!(seen.iter().any(|(_, bytes)| !bytes.is_empty()));
    seen
}

#[cfg(not(target_os = "linux"))]
fn seen(_client: &Headless) -> Vec<(String, Vec<u8>)> {
    Vec::new()
}

/// What is sought, and where it is declared to be.
#[derive(Default)]
struct Hunt {
    /// What nobody may find anywhere, beside people's words.
    passwords: Vec<&'static str>,
    /// The company's code, if it is a canary: in `app.json`.
    code: Option<&'static str>,
    /// Tokens and keys, of all times: in the file of secrets.
    secrets: BTreeSet<String>,
}

impl Hunt {
    fn words(&self, with_code: bool, with_secrets: bool) -> Words {
        let mut all: Vec<&str> = PRIVATE.into_iter().chain(NUMBERS).chain([WRONG]).collect();
        all.extend(&self.passwords);
        all.extend(self.code.filter(|_| with_code));
        all.extend(self.secrets.iter().map(String::as_str).filter(|_| with_secrets));
        Words::new(all)
    }

    /// Searches every file below everything the program was given, and `more`; not below
    /// `declared`, where copies in clear lie until the next start.
    fn search(&self, launch: &Launch, declared: Option<&str>, more: &[(String, Vec<u8>)]) {
        let everything = self.words(true, true);
        let (in_app_file, in_secrets) = (self.words(false, true), self.words(true, false));
        let mut names = Vec::new();
        for file in files_below(launch.root()) {
            let name = file.strip_prefix(launch.root()).unwrap().display().to_string();
            if declared.is_some_and(|folder| name.starts_with(folder)) {
                continue;
            }
            let words = match name.as_str() {
                "data/app.json" => &in_app_file,
                "data/secrets.json" => &in_secrets,
                _ => &everything,
            };
            let bytes = std::fs::read(&file).unwrap();
            words.assert_absent([(name.as_str(), bytes.as_slice())]);
            names.push(name);
        }
        let more = more.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        everything.assert_absent(more);
        for must in ["log", "data/app.json", "data/secrets.json", "cache.db", "outbox.db"] {
            assert!(names.iter().any(|name| name.ends_with(must)), "no {must} in {names:?}");
        }
        assert!(!names.iter().any(|name| name.starts_with("core")), "a core was left: {names:?}");
    }

    /// Searches what the protocol said: people's words belong there, secrets never.
    fn search_answers(&self, client: &Headless) {
        let secrets = self.secrets.iter().map(String::as_str);
        let words = Words::new(self.passwords.iter().copied().chain([WRONG]).chain(secrets));
        let said = client.said();
        assert!(said.len() > 1000);
        words.assert_absent([("standard output", said.as_bytes())]);
    }
}

#[tokio::test]
async fn no_canary_is_found_outside_the_encrypted_files() {
    let server = Server::with(3, 3).await;
    let inbound = |phone: &'static str, text: String| {
        let order = json!({"code": CODE, "phone": phone, "name": NAME, "text": text});
        server.order("inbound", order)
    };
    inbound(NUMBER, format!("{TEXT} antes")).await;
    let mut client = exposed(&server.url).start();
    let mut hunt = Hunt { passwords: vec![PASSWORD], ..Hunt::default() };
    client.code("login", json!({"clientCode": CODE, "password": WRONG})).await;
    client.ok("login", credentials()).await;
    client.connection("online").await;
    hunt.secrets.extend(tokens(&client.folder()));
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
    std::fs::write(&path, format!("%PDF-1.4\n{TEXT} {BYTES}\n%%EOF")).unwrap();
    let args = json!({"conversationId": chat, "path": path, "caption": CAPTION});
    client.ok("send_file", args.clone()).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    let bytes = STANDARD.encode(format!("%PDF-1.4\n{BYTES}\n%%EOF"));
    let order = json!({
        "code": CODE, "phone": NUMBER, "type": "document", "fileName": format!("{FILE}.pdf"),
        "mediaBase64": bytes, "mimeType": "application/pdf",
    });
    let media = json!({"messageId": server.order("inbound", order).await["id"]});
    client.until("list_messages", json!({"conversationId": chat}), has(&media)).await;
    assert_eq!(client.ok("media_info", media.clone()).await["state"], "ready");
    let opened = client.ok("media_file", media).await;
    let opened = PathBuf::from(opened["path"].as_str().unwrap());
    assert!(opened.starts_with(client.folder().join("opened")));
    // What is declared would be found: the search sees what there is.
    assert!(hunt.words(true, true).find(&std::fs::read(&opened).unwrap()).is_some());

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
    broken_answers(&server, &mut client).await;
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
    hunt.secrets.extend(tokens(&client.folder()));
    hunt.search_answers(&client);
    let mut more = seen(&client);
    more.push(("diagnostics".to_owned(), first.to_string().into_bytes()));
    more.push(("exported diagnostics".to_owned(), std::fs::read(&written).unwrap()));
    // Killed: logs of the files are not folded in, either.
    let launch = client.kill().await;
    hunt.search(&launch, Some("data/opened/"), &more);
    let mut client = launch.start();
    client.connection("online").await;
    client.ok("clear_cache", json!({})).await;
    client.connection("online").await;
    let log = client.log();
    assert!(log.lines().count() > 50 && log.contains("DEBUG"), "the log is not at its loudest");
    hunt.search_answers(&client);
    let (_, launch) = client.finish().await;
    hunt.search(&launch, None, &[]);
}

/// Whether a page of messages has this one.
fn has(message: &Value) -> impl Fn(&Value) -> bool + use<> {
    let id = message["messageId"].clone();
    move |page| page["items"].as_array().unwrap().iter().any(|one| one["id"] == id)
}

/// Answers that are none: a proxy's page with a good status, half a JSON, the server's own trace.
async fn broken_answers(server: &Server, client: &mut Headless) {
    let words = format!("{PAGE} {NUMBER} {TEXT}");
    let trace = json!({"error": words, "stack": format!("Error: {words}\n at {NAME}")});
    for (status, body) in [
        (200, json!(format!("<html><body>{words}</body></html>"))),
        (200, json!(format!("{{\"success\":true,\"data\":[{{\"contact_name\":\"{words}"))),
        (500, trace),
        (403, json!({"success": false, "message": words})),
    ] {
        let fault = json!({"match": "GET /api/messages", "status": status, "body": body});
        server.order("http-fault", fault).await;
        // Whatever it answers: the fault must have been met.
        client.call("sync_now", json!({})).await;
        let met = async {
            while server.order("network", json!({})).await["pendingFaults"]["http"] != 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, met).await.expect("asked for");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_found_after_crashes_on_the_embedded_backend() {
    let mut config = Config::default();
    // Short lives: tokens are renewed all the time, and each is sought.
    config.tokens.access = Duration::from_secs(4);
    let backend = Backend::start(config).await.unwrap();
    backend.add_tenant(NewTenant::new(COMPANY, COMPANY_PASSWORD)).await.unwrap();
    backend.seed(COMPANY, 3, 3).await.unwrap();
    let mut hunt =
        Hunt { passwords: vec![COMPANY_PASSWORD], code: Some(COMPANY), ..Hunt::default() };
    let mut client = exposed(&backend.url()).start();

    // Sign-ins that fail, each in its way, and one that does not.
    let with = |password: &str| json!({"clientCode": COMPANY, "password": password});
    assert_eq!(client.code("login", with(WRONG)).await, "wrong_credentials");
    backend.go_down().await;
    assert_eq!(client.code("login", with(COMPANY_PASSWORD)).await, "unreachable");
    backend.come_up().await.unwrap();
    backend.faults().database_down(true);
    assert_eq!(client.code("login", with(COMPANY_PASSWORD)).await, "server_fault");
    backend.faults().database_down(false);
    client.ok("login", with(COMPANY_PASSWORD)).await;
    client.connection("online").await;
    hunt.secrets.extend(tokens(&client.folder()));

    let text = format!("{TEXT} {SOUGHT}");
    backend.inject_message(COMPANY, NUMBER, NAME, &text).await.unwrap();
    let told = client.event("notification", |told| told["title"] == NAME).await;
    let chat = told["conversationId"].clone();
    // Each its own: equal texts are taken for one another, as they may be.
    let own = |number: u8| json!({"conversationId": chat, "text": format!("{OWN} {number}")});
    client.ok("send_text", own(1)).await;
    client.ok("save_draft", json!({"conversationId": chat, "text": DRAFT})).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(format!("{FILE}.pdf"));
    std::fs::write(&path, format!("%PDF-1.4\n{BYTES}\n%%EOF")).unwrap();
    let file = json!({"conversationId": chat, "path": path, "caption": CAPTION});
    client.ok("send_file", file.clone()).await;
    let empty = |outbox: &Value| outbox["items"] == json!([]);
    client.until("list_outbox", json!({}), empty).await;

    // Sends that fail, rubbish, a server that is ill, and one that is gone.
    let faults = backend.faults();
    faults.fail_sends(1, SendStage::BeforeDelivery, BadAnswer::Status500);
    client.ok("send_text", own(2)).await;
    let state = |wanted: &'static str| move |all: &Value| all["items"][0]["state"] == *wanted;
    client.until("list_outbox", json!({}), state("unconfirmed")).await;
    faults.fail_sends(1, SendStage::AfterStoring, BadAnswer::Cut);
    client.ok("send_text", own(3)).await;
    let one = |all: &Value| all["items"].as_array().unwrap().len() == 1;
    client.until("list_outbox", json!({}), one).await;
    for garbage in [
        Garbage::NotAnObject,
        Garbage::NoArguments,
        Garbage::MissingFields,
        Garbage::WrongTypes,
        Garbage::ForeignTenant,
        Garbage::NoTenant,
        Garbage::UnknownEvents,
    ] {
        faults.garbage(COMPANY, garbage);
    }
    // It is answered when the database is back; meanwhile requests fail.
    faults.database_down(true);
    let asked = client.begin("sync_now", json!({})).await;
    client.ok("send_text", own(4)).await;
    let held =
        |all: &Value| all["items"].as_array().unwrap().iter().any(|one| !one["hold"].is_null());
    client.until("list_outbox", json!({}), held).await;
    faults.database_down(false);
    asked.await.unwrap();
    client.until("list_outbox", json!({}), one).await;
    faults.cut();
    client.event("connection", |shown| shown["state"] != "online").await;
    client.connection("online").await;
    backend.go_down().await;
    client.connection("offline").await;
    client.ok("send_text", own(5)).await;
    client.ok("send_file", file).await;
    let written = place.path().join("diagnostico.json");
    client.ok("export_diagnostics", json!({"path": written})).await;
    let mut more = seen(&client);
    more.push(("exported diagnostics".to_owned(), std::fs::read(&written).unwrap()));
    hunt.secrets.extend(tokens(&client.folder()));
    hunt.search_answers(&client);
    let launch = client.kill().await;
    hunt.search(&launch, None, &more);

    // Up again, with other tokens; ended as by a fault of its own, which may leave no core.
    backend.come_up().await.unwrap();
    let mut client = launch.start();
    client.connection("online").await;
    client.until("list_outbox", json!({}), |all| all["items"].as_array().unwrap().len() == 1).await;
    let known = tokens(&client.folder());
    let renewed = async {
        let mut turn = tokio::time::interval(Duration::from_millis(250));
        loop {
            turn.tick().await;
            // Whoever asks the server does so with a token that lives.
            client.call("sync_now", json!({})).await;
            let tokens = tokens(&client.folder());
            if !tokens.is_subset(&known) {
                break tokens;
            }
        }
    };
    let renewed = tokio::time::timeout(SOON, renewed).await.expect("a token is renewed");
    hunt.secrets.extend(known);
    hunt.secrets.extend(renewed);
    hunt.search_answers(&client);
    let (status, launch) = client.signal("-ABRT").await;
    assert!(!status.success());
    hunt.search(&launch, None, &[]);

    // Signed out and wiped, nothing is left to declare.
    let mut client = launch.start();
    client.connection("online").await;
    hunt.secrets.extend(tokens(&client.folder()));
    client.ok("logout", json!({"wipe": true})).await;
    hunt.search_answers(&client);
    let (_, launch) = client.finish().await;
    let left = std::fs::read(launch.folder().join("secrets.json")).unwrap_or_default();
    hunt.words(true, true).assert_absent([("the file of secrets", left.as_slice())]);
    assert!(!launch.folder().join("accounts").exists());
    backend.shutdown().await;
}

//! Settings that change what is told, in which language, and by which way.

use crate::support::{Launch, Server, online};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn every_change_of_the_settings_is_told() {
    let (_server, mut client) = online(1, 1).await;
    let settings = client.ok("get_settings", json!({})).await;
    assert_eq!(settings["waitMarks"], json!([5, 60]));
    assert_eq!(
        (&settings["quietHours"], &settings["showTags"], &settings["notifyFailed"]),
        (&Value::Null, &json!(true), &json!(true))
    );
    let patch = json!({"quietHours": {"from": "22:00", "to": "07:00"}, "textScale": 2.0});
    let changed = client.ok("set_settings", json!({"patch": patch})).await;
    assert_eq!(client.event("settings", |_| true).await, changed);
    assert_eq!(changed["quietHours"], patch["quietHours"]);
    let bad = json!({"patch": {"waitMarks": [60, 5]}});
    assert_eq!(client.code("set_settings", bad).await, "invalid_input");
    assert_eq!(client.ok("get_settings", json!({})).await, changed);
}

#[tokio::test]
async fn it_is_quiet_in_the_hours_of_quiet_and_what_came_is_counted() {
    let (server, mut client) = online(1, 1).await;
    let unread = |counts: &Value| counts["unreadMessages"].as_i64().unwrap();
    let before = unread(&client.ok("conversation_counts", json!({})).await);
    // Two halves that make the whole day: one of them is now, whatever the clock says.
    for hours in [("00:00", "23:59"), ("23:59", "00:00")] {
        let patch = json!({"quietHours": {"from": hours.0, "to": hours.1}, "sound": false});
        client.ok("set_settings", json!({"patch": patch})).await;
        server.inbound("5491155550001", &format!("desde {}", hours.0)).await;
        // Once it is compared with the server, it was told of, or was not.
        client.ok("sync_now", json!({})).await;
    }
    let fits = move |counts: &Value| unread(counts) == before + 2;
    client.until("conversation_counts", json!({}), fits).await;
    client.ok("set_settings", json!({"patch": {"quietHours": null}})).await;
    server.inbound("5491155550002", "de día").await;
    let told = client.event("notification", |told| told["body"] == "de día").await;
    assert_eq!(told["silent"], true, "sound is off");
    assert_eq!(client.events("notification").len(), 2, "one half was quiet, the other not");
}

#[tokio::test]
async fn the_language_that_was_set_wins_over_the_command_line() {
    let server = Server::start(&[]).await;
    let mut client = Launch::new(&server.url).locale("en").start();
    let english = client.error("list_outbox", json!({})).await["message"].clone();
    client.ok("set_settings", json!({"patch": {"locale": "pt"}})).await;
    let portuguese = client.error("list_outbox", json!({})).await["message"].clone();
    assert_ne!(english, portuguese);
    let (_, launch) = client.finish().await;
    let mut client = launch.start();
    assert_eq!(client.error("list_outbox", json!({})).await["message"], portuguese);
    client.ok("set_settings", json!({"patch": {"locale": null}})).await;
    assert_eq!(client.error("list_outbox", json!({})).await["message"], english);
}

#[tokio::test]
async fn a_backend_is_tried_without_changing_anything() {
    let server = Server::start(&[]).await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", other.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n<html";
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(page.as_bytes()).await;
        }
    });
    let mut client = Launch::new("https://crm.example").start();
    let status = client.ok("session_status", json!({})).await;
    let good = client.ok("test_backend", json!({"backend": server.url})).await;
    assert_eq!(good["ok"], true);
    assert!(good["rttMs"].as_u64().is_some_and(|rtt| rtt < 10_000), "{good}");
    for (args, code) in [
        (json!({"backend": "no es"}), "invalid_backend"),
        (json!({"backend": "ftp://a"}), "invalid_backend"),
        (json!({"backend": "http://127.0.0.1:9"}), "unreachable"),
        (json!({"backend": address}), "not_condorito"),
        (json!({"backend": server.url, "extraCa": "/no/hay.pem"}), "untrusted"),
        (json!({"backend": server.url, "proxy": "http://127.0.0.1:9"}), "unreachable"),
        (json!({}), "invalid_input"),
    ] {
        assert_eq!(client.code("test_backend", args.clone()).await, code, "{args}");
    }
    assert_eq!(client.ok("session_status", json!({})).await, status);
    answering.abort();
}

/// A proxy for one request a connection; counts them.
async fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&served);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(pass_on(stream));
        }
    });
    (address, served)
}

async fn pass_on(stream: TcpStream) -> std::io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut line = String::new();
    client.read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let (method, url) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or((url, ""));
    let mut server = TcpStream::connect(host).await?;
    let head = format!("{method} /{path} HTTP/1.1\r\nConnection: close\r\n");
    server.write_all(head.as_bytes()).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

#[tokio::test]
async fn another_proxy_is_used_at_once() {
    let (server, mut client) = online(2, 2).await;
    let (address, served) = proxy().await;
    client.skip_events();
    client.ok("set_settings", json!({"patch": {"proxy": address}})).await;
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;
    let through = served.load(Ordering::SeqCst);
    assert!(through > 0, "nothing went through the proxy");
    client.ok("send_text", json!({"conversationId": 1, "text": "por el proxy"})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert!(served.load(Ordering::SeqCst) > through);
    assert_eq!(server.delivered().await, ["por el proxy"]);

    let settings = client.ok("get_settings", json!({})).await;
    for (patch, code) in [
        (json!({"extraCa": "/no/hay.pem"}), "untrusted"),
        (json!({"proxy": "::"}), "invalid_input"),
    ] {
        let args = json!({"patch": patch});
        assert_eq!(client.code("set_settings", args).await, code, "{patch}");
    }
    assert_eq!(client.ok("get_settings", json!({})).await, settings);

    client.ok("set_settings", json!({"patch": {"proxy": "direct"}})).await;
    let through = served.load(Ordering::SeqCst);
    client.connection("online").await;
    client.ok("sync_now", json!({})).await;
    assert_eq!(served.load(Ordering::SeqCst), through);
    // The session lives on, and so does the account after a start.
    let (_, launch) = client.finish().await;
    let mut client = launch.start();
    client.connection("online").await;
    assert_eq!(client.ok("session_status", json!({})).await["state"], "signedIn");
}

//! A server that means harm: answers that grow when they are read, heads without end, floods of
//! huge events. Whatever it does costs bounded memory and time, and the next good answer works.
//! (Endless and dripping bodies, redirects and nonsense are in `transport`.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::ConversationId;
use condorito_model::LocalId;
use condorito_model::fact::ServerEvent;
use condorito_model::link::{DownReason, LinkFact};
use condorito_model::rest::{Failure, Reply, Request};
use condorito_model::view::Account;
use condorito_net::{Link, NetOptions, Rest, Tokens as Session};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::link::{CODE, Tokens, down, event, quick, up, waiting};
use support::options;
use support::raw::{Raw, RawLink, answer, read_request, write};
use tokio::io::AsyncWriteExt as _;

const LIST: Request = Request::Conversations { limit: 500, offset: 0 };
const NONE: &str = r#"{"success":true,"conversations":[]}"#;
/// How much the whole process may grow, server and client, whatever comes.
const MEMORY: u64 = 700 << 20;

/// Held by who measures: the peak is the whole process's.
static MEASURING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn text() -> Request {
    Request::SendText {
        to: "5493875550101".to_owned(),
        text: "una sola vez".to_owned(),
        local_id: LocalId("a-1".to_owned()),
    }
}

fn client(options: &NetOptions) -> Rest {
    let (rest, _notices) = Rest::new(options).unwrap();
    let account = Account {
        id: 1,
        client_code: CODE.to_owned(),
        company_name: "Norte".to_owned(),
        email: None,
        phone: None,
        is_admin: false,
    };
    rest.resume(account, Session::new("a.b.c".to_owned().into(), "d.e.f".to_owned().into()));
    rest
}

/// The most memory this process ever held, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kib| kib << 10)
}

/// What is sent after an answer's head.
#[derive(Debug, Clone)]
enum Body {
    /// These bytes.
    Whole(Vec<u8>),
    /// These, as many times.
    Times(&'static [u8], usize),
    /// These without end, one piece every 20 ms.
    Drip(&'static [u8]),
}

struct Case {
    name: &'static str,
    head: String,
    body: Body,
    of_a_list: fn(&Result<Reply, Failure>) -> bool,
    of_a_send: fn(&Result<Reply, Failure>) -> bool,
}

fn malformed(result: &Result<Reply, Failure>) -> bool {
    matches!(result, Err(Failure::Malformed))
}

fn unclear(result: &Result<Reply, Failure>) -> bool {
    matches!(result, Err(Failure::Unclear { .. }))
}

fn ok_head(more: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{more}\r\n")
}

/// A good answer, packed: were it unpacked, it would be taken, and a bomb would be, too.
const PACKED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\x2e\x4d\x4e\x4e\x2d\x2e\x56\xb2\x2a\x29\x2a\x4d\xd5\x51\x4a\xce\xcf\x2b\x4b\x2d\x2a\x4e\x2c\xc9\xcc\xcf\x03\x0a\x46\xc7\xd6\x02\x00\x47\x6b\x0a\x8a\x23\x00\x00\x00";

fn cases() -> Vec<Case> {
    let of = |name, head: String, body| Case {
        name,
        head,
        body,
        of_a_list: malformed,
        of_a_send: unclear,
    };
    let json = "Content-Type: application/json\r\nConnection: close\r\n";
    vec![
        of("ten million values", ok_head(json), Body::Times(b"{\"a\":0},", 7 << 20)),
        of("a list of a million", ok_head(json), {
            let row = br#"{"id":7,"contact_phone":"5493875550101"},"#;
            let rows = [&b"{\"success\":true,\"conversations\":["[..], &row.repeat(1_000_000)];
            Body::Whole([&rows.concat()[..], b"{}]}"].concat())
        }),
        of("one text of 60 MiB", ok_head(json), {
            Body::Whole([b"\"".to_vec(), vec![b'a'; 60 << 20], b"\"".to_vec()].concat())
        }),
        of("deep objects", ok_head(json), Body::Times(b"{\"a\":", 100_000)),
        of("deep in a row", ok_head(json), {
            let deep = [b"[".repeat(50_000), b"]".repeat(50_000)].concat();
            Body::Whole([b"{\"success\":true,\"conversations\":", &deep[..], b"}"].concat())
        }),
        // Never asked for, so never unpacked.
        of(
            "packed",
            ok_head("Content-Encoding: gzip\r\nConnection: close\r\n"),
            Body::Whole(PACKED.to_vec()),
        ),
        of("HTML that says it is JSON", ok_head(json), Body::Whole(b"<html>login</html>".to_vec())),
        of(
            "an image",
            ok_head("Content-Type: image/png\r\nConnection: close\r\n"),
            Body::Whole(b"\x89PNG\r\n\x1a\n\0\0".repeat(1000)),
        ),
        Case {
            of_a_list: unclear,
            ..of("a head without end", "HTTP/1.1 200 OK\r\n".into(), {
                Body::Times(
                    b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
                    1 << 20,
                )
            })
        },
        Case {
            of_a_list: unclear,
            ..of("one header without end", "HTTP/1.1 200 OK\r\nX-A: ".into(), {
                Body::Times(&[b'a'; 1024], 64 << 10)
            })
        },
        Case {
            of_a_list: unclear,
            ..of("a head that drips", "HTTP/1.1 200 OK\r\n".into(), Body::Drip(b"X-A: a\r\n"))
        },
        Case {
            of_a_list: unclear,
            ..of("a body that drips", ok_head("Transfer-Encoding: chunked\r\n"), {
                Body::Drip(b"1\r\n[\r\n")
            })
        },
        Case {
            of_a_list: unclear,
            ..of("interim answers without end", String::new(), {
                Body::Times(b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n", 2 << 20)
            })
        },
        Case {
            of_a_list: unclear,
            ..of("a length that lies", ok_head("Content-Length: 10\r\nContent-Length: 20\r\n"), {
                Body::Whole(vec![b' '; 20])
            })
        },
    ]
}

async fn send_body(stream: &mut tokio::net::TcpStream, body: &Body) {
    match body {
        Body::Whole(bytes) => {
            let _ = stream.write_all(bytes).await;
        }
        Body::Times(piece, times) => {
            let many = (64 << 10) / piece.len() + 1;
            let block = piece.repeat(many);
            for _ in 0..times.div_ceil(many) {
                if stream.write_all(&block).await.is_err() {
                    return;
                }
            }
        }
        Body::Drip(piece) => {
            while stream.write_all(piece).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_means_harm_costs_bounded_memory_and_time() {
    let _alone = MEASURING.lock().await;
    let before = peak_memory();
    for case in cases() {
        let evil = Arc::new(AtomicBool::new(true));
        let (turned, head, body) = (Arc::clone(&evil), case.head.clone(), case.body.clone());
        let server = Raw::serve(move |mut stream, _| {
            let (evil, head, body) = (Arc::clone(&turned), head.clone(), body.clone());
            async move {
                while read_request(&mut stream).await.is_some() {
                    if !evil.load(Ordering::SeqCst) {
                        write(&mut stream, &answer(200, NONE)).await;
                        continue;
                    }
                    write(&mut stream, &head).await;
                    send_body(&mut stream, &body).await;
                    return;
                }
            }
        })
        .await;
        let mut options = options(&server.url);
        options.timeouts.request = Duration::from_secs(8);
        options.timeouts.send = Duration::from_secs(8);
        if matches!(case.body, Body::Drip(_)) {
            options.timeouts.request = Duration::from_millis(400);
            options.timeouts.send = Duration::from_millis(400);
        }
        let rest = client(&options);
        for (request, fits) in [(LIST, case.of_a_list), (text(), case.of_a_send)] {
            let begun = Instant::now();
            let result = rest.execute(&request).await.result;
            assert!(fits(&result), "{}: {request:?}: {result:?}", case.name);
            let took = begun.elapsed();
            assert!(took < Duration::from_secs(12), "{}: {took:?}", case.name);
        }
        // It was no more than one bad answer.
        evil.store(false, Ordering::SeqCst);
        let good = rest.execute(&LIST).await.result;
        assert!(matches!(good, Ok(Reply::Conversations { .. })), "{}: {good:?}", case.name);
    }
    let grown = peak_memory().saturating_sub(before);
    println!("peak memory grew by {} MiB", grown >> 20);
    assert!(grown < MEMORY, "{} MiB", grown >> 20);
}

#[tokio::test]
async fn no_token_follows_a_redirect_of_rest_or_socket() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let elsewhere = Raw::serve(move |mut stream, _| {
        let ears = Arc::clone(&ears);
        async move {
            if let Some(head) = read_request(&mut stream).await {
                ears.lock().unwrap().push(head);
            }
            write(&mut stream, &answer(200, NONE)).await;
        }
    })
    .await;
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url.clone();
        let server = Raw::serve(move |mut stream, _| {
            let head = format!(
                "HTTP/1.1 {status} X\r\nLocation: {location}/api/x\r\n\
                 Refresh: 0; url={location}\r\nContent-Length: 0\r\n\r\n"
            );
            async move {
                while read_request(&mut stream).await.is_some() {
                    write(&mut stream, &head).await;
                }
            }
        })
        .await;
        let rest = client(&options(&server.url));
        for request in [LIST, text(), Request::Stats] {
            assert!(rest.execute(&request).await.result.is_err(), "{status} {request:?}");
        }
        let wrong = "secreto-1".to_owned().into();
        assert!(rest.sign_in(CODE, &wrong).await.is_err(), "{status}");
        let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
        assert_eq!(waiting(&mut facts).await.0, DownReason::Unreachable, "{status}");
        handle.stop().await;
    }
    assert_eq!(*heard.lock().unwrap(), Vec::<String>::new());
}

/// One event of the own company with a text of this many bytes.
fn event_of(bytes: usize) -> String {
    let payload = json!({ "clientCode": CODE, "conversationId": 1, "x": "a".repeat(bytes) });
    format!("42[\"conversation:deleted\",{payload}]")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_that_mean_harm_cost_the_link_and_bounded_memory() {
    let _alone = MEASURING.lock().await;
    let before = peak_memory();
    let deep = |open: &str, close: &str| {
        format!("42[\"message:new\",{}{}]", open.repeat(100_000), close.repeat(100_000))
    };
    let many = format!(
        "42[\"message:new\",{{\"clientCode\":\"NORTE\",\"a\":[{}0]}}]",
        "1,".repeat(2 << 20)
    );
    let cases: Vec<(&str, Vec<String>)> = vec![
        ("one huge event", vec![event_of(8 << 20)]),
        ("many large events", vec![event_of(900 << 10); 400]),
        ("deep arrays", vec![deep("[", "]")]),
        ("deep objects", vec![deep("{\"a\":", "}")]),
        ("four million values", vec![many]),
        ("larger than the protocol's limit", vec![event_of(70 << 20)]),
        ("a name without end", vec![format!("42[\"{}\",1]", "a".repeat(4 << 20))]),
        ("attachments announced", vec!["459999999999-[\"message:new\"]".into(), "41".into()]),
        ("a number without end", vec![format!("42[\"message:new\",{}]", "9".repeat(1 << 20))]),
        ("another namespace", vec!["42/otra,[\"message:new\",{}]".into(), "41".into()]),
        (
            "an id out of range",
            vec!["4299999999999999999999[\"message:new\",{}]".into(), "41".into()],
        ),
    ];
    for (case, packets) in cases {
        let packets = Arc::new(packets);
        let server = Raw::serve(move |stream, number| {
            let packets = Arc::clone(&packets);
            async move {
                let Some(mut link) = RawLink::accept(stream, 400, 1600).await else { return };
                if link.welcome().await.is_none() {
                    return;
                }
                if number == 0 {
                    for packet in packets.iter() {
                        link.say(packet).await;
                    }
                } else {
                    link.say(&event_of(10)).await;
                }
                link.until_gone().await;
            }
        })
        .await;
        let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
        assert_eq!(up(&mut facts).await, 1, "{case}");
        let begun = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(15), down(&mut facts)).await;
        println!("{case}: {ended:?} after {:?}", begun.elapsed());
        assert!(ended.is_ok(), "{case}: the link was kept");
        assert_eq!(up(&mut facts).await, 2, "{case}");
        let good = ServerEvent::ConversationDeleted { conversation_id: ConversationId(1) };
        assert_eq!(event(&mut facts).await, good, "{case}");
        handle.stop().await;
    }
    let grown = peak_memory().saturating_sub(before);
    println!("peak memory grew by {} MiB", grown >> 20);
    assert!(grown < MEMORY, "{} MiB", grown >> 20);
}

#[tokio::test]
async fn a_storm_of_foreign_and_unknown_events_is_counted_and_nothing_else() {
    let names = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&names);
    let server = Raw::serve(move |stream, _| {
        let count = Arc::clone(&count);
        async move {
            let Some(mut link) = RawLink::accept(stream, 5000, 5000).await else { return };
            link.welcome().await;
            for id in 1..=1000 {
                let foreign = json!({ "clientCode": "SUR", "conversationId": id });
                link.say(&format!("42[\"conversation:deleted\",{foreign}]")).await;
                link.say(&format!("42[\"nombre-{id}\",{foreign}]")).await;
                count.fetch_add(1, Ordering::SeqCst);
            }
            link.say(&event_of(10)).await;
            link.until_gone().await;
        }
    })
    .await;
    let (handle, mut facts) = Link::start(quick(&server.url), Tokens::of(CODE));
    up(&mut facts).await;
    // The first fact after all those is the only own event.
    let first = support::link::next(&mut facts).await;
    assert!(matches!(first, LinkFact::Event { .. }), "{first:?}");
    assert_eq!(names.load(Ordering::SeqCst), 1000);
    let counters = handle.counters();
    assert_eq!(counters.foreign, 1000);
    // A server cannot fill the memory with names.
    assert!(counters.events.len() <= 3, "{:?}", counters.events);
    handle.stop().await;
}

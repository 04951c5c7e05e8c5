//! What no well-behaved server does: connections cut at the worst moment, bodies without end,
//! other people's certificates. Against servers that speak byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::LocalId;
use condorito_model::link::LinkFact;
use condorito_model::rest::{Failure, Reply, Request};
use condorito_model::view::Account;
use condorito_net::{Link, LinkConfig, NetOptions, Rest, SignInError, Tokens};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::raw::{Raw, RawLink, answer, read_request, write};
use support::{options, within};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_native_tls::{TlsAcceptor, native_tls};

const STATS: &str = r#"{"success":true,"stats":{"total_messages":1}}"#;
const SENT: &str = r#"{"success":true,"messageId":"true_549@c.us_A1"}"#;
const LIST: Request = Request::Conversations { limit: 500, offset: 0 };

fn text() -> Request {
    Request::SendText {
        to: "5493875550101".to_owned(),
        text: "una sola vez".to_owned(),
        local_id: LocalId("a-1".to_owned()),
    }
}

/// A client with a session that was never asked for.
fn client(options: &NetOptions) -> Rest {
    let (rest, _notices) = Rest::new(options).unwrap();
    rest.resume(
        Account {
            id: 1,
            client_code: "NORTE".to_owned(),
            company_name: "Norte".to_owned(),
            email: None,
            phone: None,
            is_admin: false,
        },
        Tokens::new("a.b.c".to_owned().into(), "d.e.f".to_owned().into()),
    );
    rest
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The request was read whole.
    AfterRequest,
    /// Read whole, then the connection is reset.
    Reset,
    /// In the middle of the answer's head.
    InHead,
    /// In the middle of the answer's body.
    InBody,
}

#[tokio::test]
async fn a_send_is_never_repeated_when_a_kept_alive_connection_is_cut() {
    for cut in [Cut::AfterRequest, Cut::Reset, Cut::InHead, Cut::InBody] {
        let sends = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sends);
        let server = Raw::serve(move |mut stream, _| {
            let count = Arc::clone(&count);
            async move {
                while let Some(head) = read_request(&mut stream).await {
                    if head.starts_with("get") {
                        write(&mut stream, &answer(200, STATS)).await;
                        continue;
                    }
                    // Only the first send is cut: a second one would be answered, and so be seen.
                    if count.fetch_add(1, Ordering::SeqCst) > 0 {
                        write(&mut stream, &answer(200, SENT)).await;
                        continue;
                    }
                    match cut {
                        Cut::AfterRequest => {}
                        Cut::Reset => stream.set_zero_linger().unwrap(),
                        Cut::InHead => write(&mut stream, "HTTP/1.1 200 OK\r\nConte").await,
                        Cut::InBody => {
                            let whole = answer(200, SENT);
                            write(&mut stream, &whole[..whole.len() - 9]).await;
                        }
                    }
                    return;
                }
            }
        })
        .await;
        let rest = client(&options(&server.url));
        // A connection is open and idle when the send comes, as in real life.
        for _ in 0..3 {
            assert!(rest.execute(&Request::Stats).await.result.is_ok());
        }
        assert_eq!(server.accepted(), 1, "kept alive");

        let answer = rest.execute(&text()).await;

        let status = (cut == Cut::InBody).then_some(200);
        assert_eq!(answer.result, Err(Failure::Unclear { status }), "{cut:?}");
        assert_eq!(sends.load(Ordering::SeqCst), 1, "{cut:?}");
        assert!(rest.execute(&Request::Stats).await.result.is_ok());
        assert_eq!(sends.load(Ordering::SeqCst), 1, "{cut:?}: nothing comes later either");
        // The next send is on its own as well.
        let answer = rest.execute(&text()).await;
        assert!(matches!(answer.result, Ok(Reply::Sent { .. })), "{cut:?}: {answer:?}");
        assert_eq!((sends.load(Ordering::SeqCst), server.accepted()), (2, 3), "{cut:?}");
    }
}

#[tokio::test]
async fn each_send_has_a_connection_of_its_own() {
    let server = Raw::serve(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            write(&mut stream, &answer(200, SENT)).await;
        }
    })
    .await;
    let rest = client(&options(&server.url));
    for sent in 1..=5 {
        assert!(rest.execute(&text()).await.result.is_ok());
        assert_eq!(server.accepted(), sent, "a reused one could be found closed");
    }
}

/// Answers every request with these bytes, then with more of `endless` until the client leaves.
async fn hostile(head: &'static str, endless: &'static [u8]) -> Raw {
    Raw::serve(move |mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            write(&mut stream, head).await;
            if endless.is_empty() {
                continue;
            }
            while stream.write_all(endless).await.is_ok() {}
            return;
        }
    })
    .await
}

const SPACES: &[u8] = &[b' '; 64 << 10];
const CHUNK: &[u8] = b"1000\r\n[[[[[[[[[[[[[[[[\r\n";

#[tokio::test]
async fn bodies_without_end_cost_no_more_than_the_cap() {
    let open = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    let refusal = "HTTP/1.1 400 No\r\nContent-Type: application/json\r\n\r\n";
    let before = peak_memory();
    for head in [open, announced] {
        let server = hostile(head, SPACES).await;
        let rest = client(&options(&server.url));
        let answer = within("the cap", rest.execute(&LIST)).await;
        assert_eq!(answer.result, Err(Failure::Malformed), "{head}");
        let answer = within("the cap", rest.execute(&text())).await;
        assert_eq!(answer.result, Err(Failure::Unclear { status: Some(200) }), "{head}");
    }
    let server = hostile(refusal, SPACES).await;
    let rest = client(&options(&server.url));
    let answer = within("the cap", rest.execute(&text())).await;
    assert_eq!(answer.result, Err(Failure::Unclear { status: Some(400) }));
    let answer = within("the cap", rest.execute(&Request::Stats)).await;
    assert_eq!(answer.result, Err(Failure::Refused { status: 400, message: None }));
    let grown = peak_memory().saturating_sub(before);
    println!("peak memory grew by {} MiB under endless bodies", grown >> 20);
    assert!(grown < 256 << 20, "{grown}");
}

/// The most memory this process ever held, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kib| kib << 10)
}

#[tokio::test]
async fn nonsense_is_an_answer_of_a_kind() {
    let deep: &'static str = Box::leak(answer(200, &"[".repeat(200_000)).into_boxed_str());
    let unclear = |status| Failure::Unclear { status };
    let cases = [
        ("no HTTP", "hola\r\n\r\n", unclear(None), unclear(None)),
        ("no status", "HTTP/1.1 doscientos\r\n\r\n", unclear(None), unclear(None)),
        ("deep", deep, Failure::Malformed, unclear(Some(200))),
        (
            "empty",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            Failure::Malformed,
            unclear(Some(200)),
        ),
        ("no body", "HTTP/1.1 204 OK\r\n\r\n", Failure::Malformed, unclear(Some(204))),
        (
            "bad chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            unclear(Some(200)),
            unclear(Some(200)),
        ),
    ];
    for (case, bytes, of_a_list, of_a_send) in cases {
        let server = hostile(bytes, b"").await;
        let rest = client(&options(&server.url));
        assert_eq!(rest.execute(&LIST).await.result, Err(of_a_list), "{case}");
        assert_eq!(rest.execute(&text()).await.result, Err(of_a_send), "{case}");
    }
    let server = hostile("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK).await;
    let rest = client(&options(&server.url));
    assert!(rest.execute(&LIST).await.result.is_err());
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_in_time() {
    let server = Raw::serve(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            write(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    })
    .await;
    let mut options = options(&server.url);
    options.timeouts.request = Duration::from_millis(500);
    options.timeouts.send = Duration::from_millis(500);
    let rest = client(&options);
    for request in [LIST, text()] {
        let begun = Instant::now();
        let answer = rest.execute(&request).await;
        assert_eq!(answer.result, Err(Failure::Unclear { status: Some(200) }));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_tells_no_token() {
    let elsewhere = Raw::serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        write(&mut stream, &answer(200, SENT)).await;
    })
    .await;
    let location = elsewhere.url.clone();
    let server = Raw::serve(move |mut stream, _| {
        let location = location.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                let redirect = format!(
                    "HTTP/1.1 307 X\r\nLocation: {location}/x\r\nContent-Length: 0\r\n\r\n"
                );
                write(&mut stream, &redirect).await;
            }
        }
    })
    .await;
    let rest = client(&options(&server.url));
    let answer = rest.execute(&text()).await;
    assert_eq!(answer.result, Err(Failure::Unclear { status: Some(307) }));
    let answer = rest.execute(&LIST).await;
    assert_eq!(answer.result, Err(Failure::Refused { status: 307, message: None }));
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn what_cannot_be_reached_was_not_sent() {
    let closed = {
        let server = Raw::serve(|_, _| async {}).await;
        server.url.clone()
    };
    let plain = Raw::serve(|mut stream, _| async move {
        read_request(&mut stream).await;
    })
    .await;
    let tls_to_plain = plain.url.replace("http:", "https:");
    for url in [&closed, &tls_to_plain, "http://nadie.invalid"] {
        let rest = client(&options(url));
        let answer = within("a failure", rest.execute(&text())).await;
        assert_eq!(answer.result, Err(Failure::NotSent), "{url}");
    }
    // It may have been read, and that is enough.
    let rest = client(&options(&plain.url));
    let answer = rest.execute(&text()).await;
    assert_eq!(answer.result, Err(Failure::Unclear { status: None }));
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_taken_by_rest_and_socket_alike() {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (pem, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let identity = native_tls::Identity::from_pkcs8(pem.as_bytes(), key.as_bytes()).unwrap();
    let acceptor = TlsAcceptor::from(native_tls::TlsAcceptor::new(identity).unwrap());
    let server = Raw::serve(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            // A client that does not trust the certificate leaves here.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let mut stream = BufReader::new(stream);
            let head = stream.fill_buf().await.unwrap_or(&[]);
            if !head.starts_with(b"GET /socket.io/") {
                read_request(&mut stream).await;
                write(&mut stream, &answer(200, STATS)).await;
                return;
            }
            let Some(mut link) = RawLink::accept(stream, 5000, 5000).await else {
                return;
            };
            link.welcome().await;
            link.until_gone().await;
        }
    })
    .await;
    let url = server.url.replace("http:", "https:").replace("127.0.0.1", "localhost");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("propia.pem");
    std::fs::write(&file, pem).unwrap();

    let stranger = options(&url);
    assert_eq!(client(&stranger).execute(&text()).await.result, Err(Failure::NotSent));
    let (rest, _notices) = Rest::new(&stranger).unwrap();
    let error = rest.sign_in("NORTE", &"secreto-1".to_owned().into()).await;
    assert_eq!(error.err(), Some(SignInError::Untrusted));

    let friend = NetOptions { extra_ca: Some(file), ..stranger.clone() };
    assert!(client(&friend).execute(&Request::Stats).await.result.is_ok());

    for (options, trusted) in [(stranger, false), (friend, true)] {
        let config = LinkConfig::new(&options).unwrap();
        let (handle, mut facts) = Link::start(config, Arc::new(client(&options)));
        assert_eq!(facts.recv().await, Some(LinkFact::Connecting { attempt: 1 }));
        let fact = within("an attempt", facts.recv()).await.unwrap();
        assert_eq!(matches!(fact, LinkFact::Up { .. }), trusted, "{fact:?}");
        handle.stop().await;
    }
}

#[tokio::test]
async fn an_unusable_certificate_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let junk = folder.path().join("vacío.pem");
    std::fs::write(&junk, "nada").unwrap();
    for file in [junk, folder.path().join("no-está.pem")] {
        let options = NetOptions { extra_ca: Some(file.clone()), ..options("https://localhost") };
        assert!(Rest::new(&options).is_err(), "{file:?}");
    }
}

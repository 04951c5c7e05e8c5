//! Sends, and every row of their failure table, against the double of the existing backend
//! (contract 4.4, 4.5, 5.3).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::fact::{MessageKind, Sender};
use condorito_model::rest::{Failure, FileFault, Reply, Request};
use condorito_model::{ConversationId, LocalId};
use condorito_net::Rest;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use support::{Double, PASSWORD, conversation_of, until};

const CODE: &str = "NORTE";
const PHONE: &str = "5493875550101";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";

fn text(words: &str) -> Request {
    text_to(PHONE, words)
}

fn text_to(to: &str, words: &str) -> Request {
    Request::SendText {
        to: to.to_owned(),
        text: words.to_owned(),
        local_id: LocalId("a-1".to_owned()),
    }
}

fn file(path: &Path, caption: Option<&str>) -> Request {
    Request::SendFile {
        to: PHONE.to_owned(),
        path: path.to_str().unwrap().to_owned(),
        caption: caption.map(str::to_owned),
        local_id: LocalId("a-2".to_owned()),
    }
}

#[tokio::test]
async fn each_way_a_send_can_fail_has_its_failure() {
    let server = Double::with_company(CODE, &["--limit", "10000"]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let unclear = |status| Failure::Unclear { status };
    let cases = [
        ("500-before", 0, Failure::ServerFault { status: 500 }),
        ("500-after", 1, Failure::ServerFault { status: 500 }),
        ("drop-before", 0, unclear(None)),
        ("drop-after", 1, unclear(None)),
        ("stall-before", 0, unclear(None)),
        ("stall-after", 1, unclear(None)),
        ("502-html", 0, unclear(Some(502))),
        ("502-html-after", 1, unclear(Some(502))),
    ];
    for (mode, sent, expected) in cases {
        let before = server.delivered(CODE).await.len();
        server.order("reset", json!({ "only": "counters" })).await;
        let fault = json!({ "mode": mode, "delayMs": 50 });
        server.order("send-fault", fault).await;
        assert_eq!(rest.execute(&text(mode)).await.result, Err(expected), "{mode}");
        assert_eq!(server.delivered(CODE).await.len() - before, sent, "{mode}");
        assert_eq!(server.count("POST /api/whatsapp/send-message").await, 1, "{mode}");
    }

    server.order("send-fault", json!({ "mode": "400" })).await;
    let answer = rest.execute(&text("no")).await;
    assert!(matches!(answer.result, Err(Failure::Refused { status: 400, message: Some(_) })));
    let answer = rest.execute(&text_to("", "sin destino")).await;
    assert!(matches!(answer.result, Err(Failure::Refused { status: 400, .. })));
    let answer = rest.execute(&text("   ")).await;
    assert_eq!(answer.result, Err(Failure::ServerFault { status: 500 }));
}

#[tokio::test]
async fn proxies_and_nonsense_in_front_of_a_send_leave_it_open() {
    let server = Double::with_company(CODE, &["--limit", "10000"]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let page = json!("<html>espere</html>");
    let unclear = |status| Failure::Unclear { status: Some(status) };
    let cases = [
        (200, page.clone(), unclear(200)),
        (200, json!({ "success": false }), unclear(200)),
        (200, json!({ "success": true, "messageId": {} }), unclear(200)),
        (302, page.clone(), unclear(302)),
        (403, page.clone(), unclear(403)),
        (408, json!({ "error": "tarde" }), unclear(408)),
        (413, page.clone(), Failure::Refused { status: 413, message: None }),
        (500, page.clone(), unclear(500)),
        (503, json!({ "error": "cerrado" }), Failure::ServerFault { status: 503 }),
        (504, json!({ "error": "tarde" }), unclear(504)),
    ];
    for (status, body, expected) in cases {
        let fault = json!({ "match": "send-message", "status": status, "body": body });
        server.order("http-fault", fault).await;
        assert_eq!(rest.execute(&text("x")).await.result, Err(expected), "{status} {body}");
    }
    assert!(server.delivered(CODE).await.is_empty());

    let cases = [
        (200, page.clone(), Failure::Malformed),
        (200, json!({ "success": false, "error": "no" }), Failure::Malformed),
        (200, json!({ "success": true, "conversations": "todas" }), Failure::Malformed),
        (304, page.clone(), Failure::Refused { status: 304, message: None }),
        (404, page.clone(), Failure::Refused { status: 404, message: None }),
        (500, page.clone(), Failure::ServerFault { status: 500 }),
        (502, page.clone(), unclear(502)),
    ];
    for (status, body, expected) in cases {
        let fault = json!({ "match": "conversations", "status": status, "body": body });
        server.order("http-fault", fault).await;
        let answer = rest.execute(&Request::Conversations { limit: 5, offset: 0 }).await;
        assert_eq!(answer.result, Err(expected), "{status} {body}");
    }
}

#[tokio::test]
async fn a_send_that_takes_too_long_is_open() {
    let server = Double::with_company(CODE, &[]).await;
    let mut options = server.options();
    options.timeouts.send = Duration::from_millis(400);
    let (rest, _notices) = Rest::new(&options).unwrap();
    rest.sign_in(CODE, &PASSWORD.to_owned().into()).await.unwrap();
    server.order("send-fault", json!({ "mode": "stall-after" })).await;

    let answer = rest.execute(&text("lento")).await;

    assert_eq!(answer.result, Err(Failure::Unclear { status: None }));
    assert_eq!(server.delivered(CODE).await.len(), 1);
    assert_eq!(server.count("POST /api/whatsapp/send-message").await, 1);
}

#[tokio::test]
async fn a_number_that_the_server_mangles_is_told_apart_from_a_fault() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let abroad = text_to("59899123456", "hola");
    assert!(matches!(rest.execute(&abroad).await.result, Ok(Reply::Sent { .. })));
    assert_eq!(rest.execute(&abroad).await.result, Err(Failure::RefusedNumber));
    assert_eq!(server.delivered(CODE).await.len(), 1);
}

#[tokio::test]
async fn without_a_linked_whatsapp_nothing_is_refused_for_good() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foto.png");
    std::fs::write(&path, PNG).unwrap();
    server.order("linked", json!({ "code": CODE, "value": false })).await;

    assert_eq!(rest.execute(&text("hola")).await.result, Err(Failure::NotLinked));
    assert_eq!(rest.execute(&file(&path, None)).await.result, Err(Failure::NotLinked));

    server.order("linked", json!({ "code": CODE, "value": true })).await;
    let answer = rest.execute(&text("hola")).await;
    let Ok(Reply::Sent { message_id: Some(id) }) = answer.result else {
        panic!("{:?}", answer.result)
    };
    assert_eq!(server.delivered(CODE).await[0]["messageId"], id.as_str());
}

#[tokio::test]
async fn over_the_limit_nothing_was_done() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    server.order("rate-limit-now", json!({ "seconds": 60 })).await;
    for request in [text("hola"), Request::Stats] {
        let answer = rest.execute(&request).await;
        let Err(Failure::RateLimited { retry_after_ms: Some(wait) }) = answer.result else {
            panic!("{answer:?}")
        };
        assert!((50_000..=60_000).contains(&wait), "{wait}");
        assert_eq!(answer.headers.remaining, Some(0));
        assert!(answer.headers.reset_in_ms.unwrap() <= 61_000);
    }
    assert!(server.delivered(CODE).await.is_empty());
}

#[tokio::test]
async fn files_go_to_their_route_with_their_name() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("cotización año 2.pdf");
    let picture = folder.path().join("foto.png");
    std::fs::write(&document, PDF).unwrap();
    std::fs::write(&picture, PNG).unwrap();

    let answer = rest.execute(&file(&document, Some("va adjunta"))).await;
    assert!(matches!(answer.result, Ok(Reply::Sent { message_id: Some(_) })), "{answer:?}");
    let answer = rest.execute(&file(&picture, None)).await;
    assert!(matches!(answer.result, Ok(Reply::Sent { message_id: Some(_) })), "{answer:?}");

    until(&server, "state", json!({ "code": CODE }), |state| {
        state["conversations"][0]["messages"].as_array().is_some_and(|all| all.len() == 2)
    })
    .await;
    let id = conversation_of(&server, CODE, PHONE).await["id"].as_i64().unwrap();
    let page = Request::Messages { conversation_id: ConversationId(id), limit: 50, offset: 0 };
    let Ok(Reply::Messages { rows, .. }) = rest.execute(&page).await.result else {
        panic!("no messages")
    };
    let sent = rows.iter().find(|row| row.kind == MessageKind::Document).unwrap();
    assert_eq!(sent.from, Sender::Client);
    assert_eq!(sent.content.as_deref(), Some("va adjunta"));
    let media = sent.media.clone().unwrap();
    assert_eq!(media.file_name.as_deref(), Some("cotización año 2.pdf"));
    let bytes = rest.media(&media.url.unwrap(), 1 << 20).await.unwrap();
    assert_eq!(bytes, PDF, "the stored host is not the one that has it");
    let picture = rows.iter().find(|row| row.kind == MessageKind::Image).unwrap();
    let stored = picture.media.clone().unwrap().url.unwrap();
    assert_eq!(rest.media(&stored, 3).await, Err(Failure::Malformed), "over the cap");
    let gone = rest.media("http://localhost:3000/uploads/images/1_nada.jpg", 9).await;
    assert_eq!(gone, Err(Failure::Refused { status: 404, message: None }));
}

#[tokio::test]
async fn a_file_that_the_server_would_refuse_never_leaves() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    server.order("reset", json!({ "only": "counters" })).await;
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let big = [PDF, &vec![b' '; 10 << 20]].concat();
    let cases = [
        (written("planilla.csv", b"a;b"), FileFault::WrongKind),
        (written("grande.pdf", &big), FileFault::TooBig),
        (folder.path().join("nada.pdf"), FileFault::Unreadable),
    ];
    for (path, reason) in cases {
        let answer = rest.execute(&file(&path, None)).await;
        assert_eq!(answer.result, Err(Failure::BadFile { reason }));
    }
    assert_eq!(server.order("requests", json!({})).await["total"], 0);
}

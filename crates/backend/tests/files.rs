//! Images and documents through the API (contract 4.5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Operator, Socket, config, shapes::assert_shape, start};
use condorito_backend::{Config, Dialect};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const ANA: &str = "5491155550001";
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\nnot really a picture";

fn part(name: &str, mime: &str, bytes: &[u8]) -> Part {
    Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(mime).unwrap()
}

async fn send(operator: &Operator, route: &str, form: Form) -> (u16, Value) {
    let response = operator
        .http
        .post(format!("{}/api/whatsapp/{route}", operator.url))
        .bearer_auth(&operator.token)
        .multipart(form)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_told_some_time_after_its_reply_and_can_be_fetched() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    let form = Form::new()
        .text("to", ANA)
        .text("caption", "la foto")
        .part("image", part("foto.png", "image/png", PIXEL));
    // when
    let (status, reply) = send(&operator, "send-image", form).await;
    // then
    assert_eq!(status, 200);
    assert_shape(&reply, "imageReply");
    assert!(socket.seen_by_now().is_empty(), "the echo comes later");
    let echo = socket.expect("message:new").await;
    assert_shape(&echo, "messageNew");
    assert_eq!(echo["message"]["message_id"], reply["messageId"]);
    assert_eq!(echo["message"]["message_type"], json!("image"));
    assert_eq!(echo["message"]["content"], json!("la foto"));
    assert!(echo["message"]["file_name"].as_str().unwrap().starts_with("image-"));
    socket.expect("stats:updated").await;
    let file = reqwest::get(echo["message"]["media_url"].as_str().unwrap()).await.unwrap();
    assert_eq!(file.status(), 200);
    assert_eq!(file.headers()["cross-origin-resource-policy"], "same-origin");
    assert_eq!(file.bytes().await.unwrap(), PIXEL);
    backend.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_keeps_its_name_and_has_it_as_content() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    let form = Form::new()
        .text("to", ANA)
        .part("document", part("señas.pdf", "application/pdf", b"%PDF-1.4"));
    // when
    let (status, reply) = send(&operator, "send-document", form).await;
    // then
    assert_eq!(status, 200);
    assert_shape(&reply, "documentReply");
    assert_eq!(reply["filename"], json!("señas.pdf"));
    assert_eq!(reply["size"], json!(8));
    let echo = socket.expect("message:new").await;
    assert_eq!(echo["message"]["content"], json!("señas.pdf"));
    assert_eq!(echo["message"]["file_name"], json!("señas.pdf"));
    assert_eq!(echo["conversation"]["last_message"], json!("señas.pdf"));
    backend.shutdown().await;
}

#[tokio::test]
async fn the_existing_dialect_garbles_plain_names_only() {
    let backend = start(Config { dialect: Dialect::Existing, ..config() }).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    for (disposition, name) in [
        ("filename=\"ñ.pdf\"", "Ã±.pdf"),
        ("filename=\"n.pdf\"; filename*=UTF-8''%C3%B1.pdf", "ñ.pdf"),
    ] {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n{ANA}\r\n\
             --x\r\nContent-Disposition: form-data; name=\"document\"; {disposition}\r\n\
             Content-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n"
        );
        let reply: Value = operator
            .http
            .post(format!("{}/api/whatsapp/send-document", operator.url))
            .bearer_auth(&operator.token)
            .header("content-type", "multipart/form-data; boundary=x")
            .body(body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(reply["filename"], json!(name), "{reply}");
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn what_the_filter_refuses() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let big = vec![0; 10 * 1024 * 1024 + 1];
    let to = || Form::new().text("to", ANA);
    // when, then
    for (case, route, form, status) in [
        ("no file", "send-image", to(), 400),
        (
            "no receiver",
            "send-image",
            Form::new().part("image", part("a.png", "image/png", PIXEL)),
            400,
        ),
        ("wrong field", "send-image", to().part("file", part("a.png", "image/png", PIXEL)), 500),
        ("audio", "send-image", to().part("image", part("a.ogg", "audio/ogg", b"x")), 400),
        ("too big", "send-image", to().part("image", part("a.png", "image/png", &big)), 400),
        (
            "a PDF as image",
            "send-image",
            to().part("image", part("a.pdf", "application/pdf", b"%PDF")),
            200,
        ),
        ("a sheet", "send-document", to().part("document", part("a.xlsx", sheet, b"x")), 400),
        (
            "an image as document",
            "send-document",
            to().part("document", part("a.png", "image/png", PIXEL)),
            400,
        ),
        ("no document", "send-document", to(), 400),
    ] {
        let (found, reply) = send(&operator, route, form).await;
        assert_eq!(found, status, "{case}: {reply}");
        match status {
            400 => assert_shape(&reply, "E2"),
            500 => assert_shape(&reply, "E7"),
            _ => {}
        }
    }
    backend.set_linked("UNO", false).await.unwrap();
    let form = to().part("image", part("a.png", "image/png", PIXEL));
    let (status, reply) = send(&operator, "send-image", form).await;
    assert_eq!((status, &reply["message"]), (400, &json!("Cliente de WhatsApp no está conectado")));
    let missing = reqwest::get(format!("{}/uploads/images/no.png", backend.url())).await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_shape(&missing.json().await.unwrap(), "E8");
    backend.shutdown().await;
}

#[tokio::test]
async fn a_file_with_a_key_is_sent_once() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let form = || {
        Form::new()
            .text("to", ANA)
            .text("clientMessageId", "f-1")
            .part("document", part("a.pdf", "application/pdf", b"%PDF"))
    };
    let (_, first) = send(&operator, "send-document", form()).await;
    let (_, again) = send(&operator, "send-document", form()).await;
    assert_eq!(first, again);
    assert_eq!(backend.deliveries("UNO").await.unwrap().len(), 1);
    assert_eq!(backend.conversations("UNO").await.unwrap()[0].total_messages, 1);
    backend.shutdown().await;
}

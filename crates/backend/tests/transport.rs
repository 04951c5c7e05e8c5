//! The limiter, body limits and unknown paths (contract 1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Operator, Socket, config, shapes::assert_shape, start};
use condorito_backend::{Backend, Config, Error, Limiter};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limiter_counts_everything_below_api_and_nothing_else() {
    // given: five requests per minute, one of them the sign-in
    let limiter = Limiter { max: 5, window: Duration::from_secs(60) };
    let backend = start(Config { limiter, ..config() }).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    // when
    let mut remaining = Vec::new();
    for path in ["/api/auth/health", "/api/nada", "/api/messages/nada", "/api/auth/verify"] {
        let response = operator.http.get(format!("{}{path}", backend.url())).send().await.unwrap();
        assert_ne!(response.status(), 429, "{path}");
        assert_eq!(response.headers()["x-ratelimit-limit"], "5");
        let left = response.headers()["x-ratelimit-remaining"].to_str().unwrap().to_owned();
        remaining.push(left);
    }
    // then
    assert_eq!(remaining, ["3", "2", "1", "0"]);
    let response = operator.send(Method::GET, "/api/auth/verify", None).await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(response.headers().contains_key("x-ratelimit-reset"));
    assert_shape(&response.json().await.unwrap(), "E7");
    // neither health, nor media, nor sockets
    let free = operator.send(Method::GET, "/health", None).await;
    assert_eq!(free.status(), 200);
    assert!(!free.headers().contains_key("x-ratelimit-limit"));
    assert_eq!(operator.send(Method::GET, "/uploads/no.png", None).await.status(), 404);
    Socket::join(&backend, &operator).await;
    // a restart clears it
    backend.restart().await.unwrap();
    operator.get("/api/auth/verify").await;
    backend.shutdown().await;
}

#[tokio::test]
async fn a_window_ends() {
    let limiter = Limiter { max: 2, window: Duration::from_secs(1) };
    let backend = start(Config { limiter, ..config() }).await;
    let ask = || reqwest::get(format!("{}/api/auth/health", backend.url()));
    // Between two windows there is a refusal, and after it an admission.
    let mut statuses = Vec::new();
    while !statuses.ends_with(&[429, 200]) {
        assert!(statuses.len() < 100_000, "the window never ended");
        statuses.push(ask().await.unwrap().status().as_u16());
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let post = |path: &str, mime: &str, body: String| {
        operator
            .http
            .post(format!("{}{path}", backend.url()))
            .bearer_auth(&operator.token)
            .header("content-type", mime)
            .body(body)
            .send()
    };
    let malformed = post("/api/auth/login", "application/json", "{\"a\":".into()).await.unwrap();
    assert_eq!(malformed.status(), 400);
    assert_shape(&malformed.json().await.unwrap(), "E7");
    let long = format!("{{\"message\":\"{}\"}}", "x".repeat(10 * 1024 * 1024));
    let long = post("/api/whatsapp/send-message", "application/json", long).await.unwrap();
    assert_eq!(long.status(), 413);
    assert_shape(&long.json().await.unwrap(), "E7");
    // Without a JSON content type a body reads as nothing.
    let plain = post("/api/auth/login", "text/plain", "{}".into()).await.unwrap();
    assert_eq!(plain.status(), 400);
    assert_shape(&plain.json().await.unwrap(), "E3");
    backend.shutdown().await;
}

#[tokio::test]
async fn unknown_paths_ask_for_a_token_first_where_guarded() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    for (path, status) in [
        ("/", 404),
        ("/api/nope", 404),
        ("/api/health", 404),
        ("/api/messages/nope", 401),
        ("/api/contacts/nope/x", 401),
        ("/api/ai/config", 401),
        ("/api/messagesX", 404),
    ] {
        let response = reqwest::get(format!("{}{path}", backend.url())).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let body: Value = response.json().await.unwrap();
        if status == 401 {
            assert_eq!(body["code"], json!("TOKEN_MISSING"));
            let known = operator.expect(404, Method::GET, path, None).await;
            assert_eq!(known["path"], json!(path));
        } else {
            assert_shape(&body, "E8");
            assert_eq!(body["path"], json!(path));
        }
    }
    let wrong = operator.expect(404, Method::PATCH, "/api/messages/conversations", None).await;
    assert_eq!(wrong["method"], json!("PATCH"));
    backend.shutdown().await;
}

#[tokio::test]
async fn health_needs_no_token() {
    let backend = start(config()).await;
    let health: Value =
        reqwest::get(format!("{}/health", backend.url())).await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], json!("OK"));
    assert!(health["uptime"].is_f64());
    backend.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let backend = start(config()).await;
    let taken = Config { address: backend.address(), ..config() };
    assert!(matches!(Backend::start(taken).await, Err(Error::Listen { .. })));
    let odd = Config { base_path: "backend/".to_owned(), ..config() };
    assert!(matches!(Backend::start(odd).await, Err(Error::BasePath(_))));
    backend.shutdown().await;
}

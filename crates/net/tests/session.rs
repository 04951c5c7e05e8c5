//! Sign-in, guards and renewal against the double of the existing backend (contract 2).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use condorito_model::rest::{Failure, Reply, Request};
use condorito_net::{Rest, SessionNotice, SignInError, Tokens};
use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::collections::HashSet;
use support::{Double, PASSWORD, options, within};

const REFRESH: &str = "POST /api/auth/refresh";
const PAGE: Request = Request::Conversations { limit: 50, offset: 0 };

fn text() -> Request {
    Request::SendText {
        to: "5493875550101".to_owned(),
        text: "sale hoy".to_owned(),
        local_id: condorito_model::LocalId("a-1".to_owned()),
    }
}

#[tokio::test]
async fn a_sign_in_takes_the_spelling_of_the_server() {
    let server = Double::with_company("NORTE", &[]).await;
    server.order("tenant", json!({ "code": "JEFA", "companyName": "Admin" })).await;
    let (rest, _notices) = Rest::new(&server.options()).unwrap();

    let signed_in = rest.sign_in("norte", &PASSWORD.to_owned().into()).await.unwrap();
    assert_eq!(signed_in.account.client_code, "NORTE");
    assert!(!signed_in.account.is_admin);
    assert_eq!(rest.account().unwrap(), signed_in.account);
    assert_eq!(rest.verify().await.unwrap(), signed_in.account);

    let signed_in = rest.sign_in("JEFA", &PASSWORD.to_owned().into()).await.unwrap();
    assert!(signed_in.account.is_admin);
    assert!(rest.verify().await.unwrap().is_admin);
}

#[tokio::test]
async fn each_failed_sign_in_says_why() {
    let server = Double::with_company("NORTE", &[]).await;
    server.order("tenant", json!({ "code": "CERRADA", "status": "suspended" })).await;
    let (rest, _notices) = Rest::new(&server.options()).unwrap();
    let sign_in = async |code: &str, password: &str| {
        rest.sign_in(code, &password.to_owned().into()).await.unwrap_err()
    };

    assert_eq!(sign_in("NORTE", "equivocada").await, SignInError::WrongCredentials);
    assert_eq!(sign_in("NADIE", PASSWORD).await, SignInError::WrongCredentials);
    assert_eq!(sign_in("CERRADA", PASSWORD).await, SignInError::AccountInactive);
    for (code, password) in [("NORTE", "corta"), ("NO", PASSWORD), ("", "")] {
        let error = sign_in(code, password).await;
        assert!(matches!(error, SignInError::Invalid { message: Some(_) }), "{error:?}");
    }

    server.order("unauthorized", json!({ "on": true })).await;
    assert_eq!(sign_in("NORTE", PASSWORD).await, SignInError::ServerFault { status: 500 });
    server.order("unauthorized", json!({ "on": false })).await;

    let pages = [
        (json!(200), SignInError::NotCondorito),
        (json!(404), SignInError::NotCondorito),
        (json!(401), SignInError::NotCondorito),
        (json!(302), SignInError::NotCondorito),
        (json!(502), SignInError::ServerFault { status: 502 }),
        (json!("drop"), SignInError::Unreachable),
    ];
    for (status, expected) in pages {
        let fault = json!({ "match": "login", "status": status, "body": "<html>otra cosa</html>" });
        server.order("http-fault", fault).await;
        assert_eq!(sign_in("NORTE", PASSWORD).await, expected, "{status}");
    }
    let fault = json!({ "match": "login", "status": 200, "body": { "success": true } });
    server.order("http-fault", fault).await;
    assert_eq!(sign_in("NORTE", PASSWORD).await, SignInError::NotCondorito);

    server.order("rate-limit-now", json!({ "seconds": 40 })).await;
    let SignInError::RateLimited { retry_after_ms: Some(wait) } = sign_in("NORTE", PASSWORD).await
    else {
        panic!("not limited")
    };
    assert!((30_000..=40_000).contains(&wait), "{wait}");

    server.order("down", json!({})).await;
    assert_eq!(sign_in("NORTE", PASSWORD).await, SignInError::Unreachable);
    assert_eq!(rest.account(), None);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_request_made_again() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, mut notices) = server.signed_in("NORTE").await;
    for request in [PAGE, text()] {
        server.order("token-expire-all", json!({})).await;
        server.order("reset", json!({ "only": "counters" })).await;

        let answer = rest.execute(&request).await;

        assert!(answer.result.is_ok(), "{answer:?}");
        assert_eq!(server.count(REFRESH).await, 1);
        let SessionNotice::Renewed(tokens) = notices.recv().await.unwrap() else {
            panic!("no new tokens")
        };
        // What the owner was given to keep is a session on its own.
        let (again, _notices) = Rest::new(&server.options()).unwrap();
        again.resume(rest.account().unwrap(), tokens);
        assert!(again.execute(&Request::Stats).await.result.is_ok());
    }
    assert_eq!(server.delivered("NORTE").await.len(), 1, "the guard's 401 came before sending");
}

#[tokio::test]
async fn a_hundred_requests_renew_the_token_once() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, _notices) = server.signed_in("NORTE").await;
    server.order("token-expire-all", json!({})).await;

    let answers = join_all((0..100).map(|_| rest.execute(&Request::Stats))).await;

    let failed: Vec<_> = answers.iter().filter(|a| a.result.is_err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(server.count(REFRESH).await, 1);
}

#[tokio::test]
async fn a_hundred_requests_share_a_renewal_that_fails() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, mut notices) = server.signed_in("NORTE").await;
    server.order("token-expire-all", json!({})).await;
    let slow = json!({ "match": "refresh", "status": 500, "delayMs": 3000 });
    server.order("http-fault", slow).await;

    let answers = join_all((0..100).map(|_| rest.execute(&Request::Stats))).await;

    for answer in answers {
        assert_eq!(answer.result, Err(Failure::NotSent));
    }
    assert_eq!(server.count(REFRESH).await, 1);
    assert!(notices.try_recv().is_err(), "a failing server is no end of the session");
    assert!(rest.execute(&Request::Stats).await.result.is_ok());
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_before_the_request() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, _notices) = Rest::new(&server.options()).unwrap();
    let signed_in = rest.sign_in("NORTE", &PASSWORD.to_owned().into()).await.unwrap();
    let claims = URL_SAFE_NO_PAD.encode(r#"{"iat":1000,"exp":87400}"#);
    let stale = format!("e30.{claims}.c2ln");
    let refresh = signed_in.tokens.refresh().clone();
    rest.resume(signed_in.account, Tokens::new(stale.into(), refresh));
    server.order("reset", json!({ "only": "counters" })).await;

    assert!(rest.execute(&PAGE).await.result.is_ok());

    let report = server.order("requests", json!({})).await;
    let order: Vec<_> = report["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| (request["pattern"].as_str().unwrap(), request["status"].as_u64()))
        .collect();
    assert_eq!(
        order,
        [("/api/auth/refresh", Some(200)), ("/api/messages/conversations", Some(200))]
    );
}

#[tokio::test]
async fn an_end_of_the_session_is_told_once_and_asks_nothing_more() {
    let server = Double::start(&[]).await;
    for (case, order, body) in [
        ("both tokens expired", "token-revoke", json!({})),
        ("company gone", "tenant", json!({ "code": "NORTE", "deleted": true })),
    ] {
        server.order("tenant", json!({ "code": "NORTE" })).await;
        let (rest, mut notices) = server.signed_in("NORTE").await;
        server.order(order, body).await;

        let answers = join_all((0..5).map(|_| rest.execute(&PAGE))).await;
        for answer in answers {
            assert_eq!(answer.result, Err(Failure::SessionExpired), "{case}");
        }
        assert!(matches!(notices.try_recv(), Ok(SessionNotice::Expired)), "{case}");
        assert!(notices.try_recv().is_err(), "{case}");

        server.order("reset", json!({ "only": "counters" })).await;
        assert_eq!(rest.execute(&text()).await.result, Err(Failure::SessionExpired));
        assert_eq!(server.order("requests", json!({})).await["total"], 0, "{case}");
    }
}

#[tokio::test]
async fn a_token_of_another_key_ends_the_session() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, mut notices) = server.signed_in("NORTE").await;
    server.order("reset", json!({})).await;
    server.order("tenant", json!({ "code": "NORTE" })).await;

    assert_eq!(rest.execute(&PAGE).await.result, Err(Failure::SessionExpired));
    assert!(matches!(notices.try_recv(), Ok(SessionNotice::Expired)));
    assert_eq!(server.count(REFRESH).await, 0, "the other token has the same key");
}

#[tokio::test]
async fn an_inactive_account_keeps_its_tokens() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, mut notices) = server.signed_in("NORTE").await;
    let set = async |status: &str| {
        let order = json!({ "code": "NORTE", "status": status });
        server.order("tenant", order).await;
    };

    for _ in 0..2 {
        set("suspended").await;
        assert_eq!(rest.execute(&PAGE).await.result, Err(Failure::AccountInactive));
        assert_eq!(rest.execute(&text()).await.result, Err(Failure::AccountInactive));
        assert!(matches!(notices.try_recv(), Ok(SessionNotice::Inactive)));
        assert!(notices.try_recv().is_err());
        set("active").await;
        assert!(rest.execute(&PAGE).await.result.is_ok());
    }
    assert!(server.delivered("NORTE").await.is_empty());
}

#[tokio::test]
async fn a_database_outage_does_not_touch_the_session() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, mut notices) = server.signed_in("NORTE").await;
    server.order("unauthorized", json!({ "on": true })).await;

    assert_eq!(rest.execute(&PAGE).await.result, Err(Failure::ServerFault { status: 401 }));
    assert!(rest.health().await);
    server.order("token-expire-all", json!({})).await;
    assert_eq!(rest.execute(&PAGE).await.result, Err(Failure::NotSent), "no token to be had");

    server.order("unauthorized", json!({ "on": false })).await;
    assert!(rest.execute(&PAGE).await.result.is_ok());
    assert!(matches!(notices.try_recv(), Ok(SessionNotice::Renewed(_))));
}

#[tokio::test]
async fn a_401_without_a_code_is_no_matter_of_the_session() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, mut notices) = server.signed_in("NORTE").await;
    let body =
        json!({ "success": false, "message": "Falló la vinculación", "errorType": "timeout" });
    let fault = json!({ "match": "connect", "status": 401, "body": body });
    server.order("http-fault", fault).await;

    let answer = rest.execute(&Request::WhatsappConnect).await;
    let refused =
        Failure::Refused { status: 401, message: Some("Falló la vinculación".to_owned()) };
    assert_eq!(answer.result, Err(refused));
    assert!(notices.try_recv().is_err());
    assert!(rest.execute(&PAGE).await.result.is_ok());
}

#[tokio::test]
async fn a_renewal_over_the_limit_waits_as_told() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, _notices) = server.signed_in("NORTE").await;
    server.order("token-expire-all", json!({})).await;
    let fault = json!({ "match": "refresh", "status": 429, "headers": { "Retry-After": "12" } });
    server.order("http-fault", fault).await;

    let limited = Failure::RateLimited { retry_after_ms: Some(12_000) };
    assert_eq!(rest.execute(&text()).await.result, Err(limited));
    assert!(rest.execute(&PAGE).await.result.is_ok());
}

#[tokio::test]
async fn signing_out_forgets_the_session_even_when_nobody_answers() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, _notices) = server.signed_in("NORTE").await;
    rest.sign_out().await;
    assert_eq!(server.count("POST /api/auth/logout").await, 1);
    assert_eq!(rest.account(), None);
    assert_eq!(rest.execute(&PAGE).await.result, Err(Failure::NotSent));

    let (rest, _notices) = server.signed_in("NORTE").await;
    server.order("down", json!({})).await;
    within("the sign-out", rest.sign_out()).await;
    assert_eq!(rest.account(), None);
}

#[tokio::test]
async fn secrets_are_never_printed() {
    let server = Double::with_company("NORTE", &[]).await;
    let (rest, _notices) = Rest::new(&options(&server.url)).unwrap();
    let signed_in = rest.sign_in("NORTE", &PASSWORD.to_owned().into()).await.unwrap();
    let printed = format!("{rest:?} {signed_in:?}");
    for secret in [signed_in.tokens.access(), signed_in.tokens.refresh()] {
        assert!(!printed.contains(secret.expose_secret()));
    }
    let parts: HashSet<_> =
        [PASSWORD, "Bearer"].into_iter().filter(|s| printed.contains(s)).collect();
    assert!(parts.is_empty(), "{parts:?}");
    assert!(matches!(rest.execute(&Request::Stats).await.result, Ok(Reply::Stats { .. })));
}

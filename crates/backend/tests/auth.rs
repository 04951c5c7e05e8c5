//! `/api/auth` (contract 2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Operator, config, shapes::assert_shape, start};
use condorito_backend::{Config, NewTenant, TokenLifetimes};
use reqwest::Method;
use serde_json::{Value, json};

async fn post(url: &str, path: &str, body: Value) -> (u16, Value) {
    let response =
        reqwest::Client::new().post(format!("{url}{path}")).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn login_answers_in_the_recorded_shape_and_with_the_stored_code() {
    let backend = start(config()).await;
    let login = json!({ "client_code": "uno", "password": "secreto1" });
    let (status, body) = post(&backend.url(), "/api/auth/login", login).await;
    assert_eq!(status, 200);
    assert_shape(&body["client"], "client");
    assert_shape(&body["tokens"], "tokens");
    assert_shape(&body["stats"], "totals");
    assert_eq!(body["client"]["client_code"], json!("UNO"));
    assert_eq!(body["isAdmin"], json!(false));
    assert_eq!(body["redirectTo"], json!("/dashboard"));
    assert_eq!(body["tokens"]["expiresIn"], json!("24h"));
    backend.shutdown().await;
}

#[tokio::test]
async fn bodies_are_checked_strictly_and_one_fault_is_told() {
    let backend = start(config()).await;
    for (path, body, told) in [
        ("login", json!({}), "client_code"),
        ("login", json!({ "client_code": "AB", "password": "secreto1" }), "client_code"),
        ("login", json!({ "client_code": "UNO", "password": "corta" }), "password"),
        (
            "login",
            json!({ "client_code": "UNO", "password": "secreto1", "recordar": true }),
            "recordar",
        ),
        ("login", json!({ "client_code": 7, "password": "secreto1" }), "client_code"),
        ("refresh", json!({}), "refreshToken"),
        ("refresh", json!({ "refreshToken": "x", "otra": 1 }), "otra"),
    ] {
        let (status, reply) =
            post(&backend.url(), &format!("/api/auth/{path}"), body.clone()).await;
        assert_eq!(status, 400, "{path} {body}");
        assert_shape(&reply, "E3");
        let errors = reply["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{path} {body}: {reply}");
        assert!(errors[0].as_str().unwrap().contains(told), "{path} {body}: {reply}");
    }
    backend.shutdown().await;
}

#[tokio::test]
async fn wrong_credentials_are_401_without_code_and_a_suspended_account_is_403() {
    let backend = start(config()).await;
    for (code, password) in [("UNO", "equivocada"), ("NADIE", "secreto1")] {
        let body = json!({ "client_code": code, "password": password });
        let (status, reply) = post(&backend.url(), "/api/auth/login", body).await;
        assert_eq!(status, 401);
        assert_shape(&reply, "E2");
    }
    backend.set_status("UNO", "suspended").await.unwrap();
    // The state is looked at before the password.
    let body = json!({ "client_code": "UNO", "password": "equivocada" });
    let (status, reply) = post(&backend.url(), "/api/auth/login", body).await;
    assert_eq!(status, 403);
    assert_shape(&reply, "E2");
    backend.shutdown().await;
}

#[tokio::test]
async fn guards_name_the_reason() {
    // given
    let lifetimes = TokenLifetimes { access: Duration::ZERO, refresh: Duration::from_secs(3600) };
    let backend = start(Config { tokens: lifetimes, ..config() }).await;
    let other = start(config()).await;
    let mut operator = Operator::sign_in(&backend, "UNO").await;
    let foreign = Operator::sign_in(&other, "UNO").await.token;
    let verify = "/api/auth/verify";
    // when, then: no header at all
    let bare = reqwest::get(format!("{}{verify}", backend.url())).await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.json::<Value>().await.unwrap()["code"], json!("TOKEN_MISSING"));
    // the token of zero life, rubbish, and one signed by another secret
    for (token, code) in [
        (operator.token.clone(), "TOKEN_EXPIRED"),
        ("esto.no.sirve".to_owned(), "TOKEN_INVALID"),
        (foreign, "TOKEN_INVALID"),
    ] {
        operator.token = token;
        let reply = operator.expect(401, Method::GET, verify, None).await;
        assert_shape(&reply, "E1");
        assert_eq!(reply["code"], json!(code));
    }
    // a refresh token is a bearer token too, with or without the scheme
    operator.token = operator.refresh.clone();
    operator.get(verify).await;
    let plain = reqwest::Client::new()
        .get(format!("{}{verify}", backend.url()))
        .header("authorization", &operator.refresh)
        .send()
        .await
        .unwrap();
    assert_eq!(plain.status(), 200);
    // the database is away
    backend.faults().database_down(true);
    let reply = operator.expect(401, Method::GET, verify, None).await;
    assert_eq!(reply["code"], json!("UNAUTHORIZED"));
    backend.faults().database_down(false);
    // the account is not active
    backend.set_status("UNO", "inactive").await.unwrap();
    let reply = operator.expect(403, Method::GET, verify, None).await;
    assert_eq!(reply["code"], json!("ACCOUNT_INACTIVE"));
    backend.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn refresh_gives_a_new_pair_and_refuses_in_three_ways() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let ask = |token: String| {
        let url = backend.url();
        async move { post(&url, "/api/auth/refresh", json!({ "refreshToken": token })).await }
    };
    let (status, reply) = ask(operator.refresh.clone()).await;
    assert_eq!(status, 200);
    assert_shape(&reply["tokens"], "tokens");
    assert_shape(&reply["client"], "client");
    assert!(reply.get("stats").is_none() && reply.get("isAdmin").is_none());
    let (status, reply) = ask("garabato".to_owned()).await;
    assert_eq!(status, 401);
    assert_shape(&reply, "E7");
    let (status, reply) = ask(operator.token.clone()).await;
    assert_eq!(status, 401);
    assert_shape(&reply, "E2");
    backend.set_status("UNO", "suspended").await.unwrap();
    let (status, reply) = ask(operator.refresh).await;
    assert_eq!(status, 500);
    assert_shape(&reply, "E7");
    backend.shutdown().await;
}

#[tokio::test]
async fn verify_and_profile_answer_in_the_recorded_shapes() {
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let verify = operator.get("/api/auth/verify").await;
    assert_shape(&verify["client"], "client");
    assert_shape(&verify["stats"], "totals");
    assert_eq!(verify["tokenInfo"]["issuer"], json!("crm-condorito"));
    assert_eq!(verify["tokenInfo"]["audience"], json!("crm-client"));
    let profile = operator.get("/api/auth/profile").await;
    assert_eq!(profile["whatsappSession"]["status"], json!("connected"));
    assert_eq!(profile["botConfig"]["is_enabled"], json!(1));
    let change = json!({ "company_name": "Ferretería Uno", "phone": "+5491130000009" });
    let changed = operator.expect(200, Method::PUT, "/api/auth/profile", Some(change)).await;
    assert_eq!(changed["client"]["company_name"], json!("Ferretería Uno"));
    for bad in [json!({ "email": "sin arroba" }), json!({ "phone": "abc" }), json!({ "id": 3 })] {
        let reply = operator.expect(400, Method::PUT, "/api/auth/profile", Some(bad)).await;
        assert_shape(&reply, "E3");
    }
    operator.post("/api/auth/logout", json!({})).await;
    operator.get("/api/auth/verify").await;
    backend.shutdown().await;
}

#[tokio::test]
async fn a_password_change_needs_the_old_one_and_is_limited_to_ten_tries() {
    // given
    let backend = start(config()).await;
    let operator = Operator::sign_in(&backend, "UNO").await;
    let path = "/api/auth/change-password";
    let body = |current: &str, new: &str, again: &str| json!({ "currentPassword": current, "newPassword": new, "confirmPassword": again });
    // when, then
    let wrong = body("equivocada", "Nueva12345", "Nueva12345");
    let reply = operator.expect(401, Method::POST, path, Some(wrong)).await;
    assert_shape(&reply, "E2");
    let weak = body("secreto1", "todominus", "todominus");
    let reply = operator.expect(400, Method::POST, path, Some(weak)).await;
    assert_eq!(reply["errors"].as_array().unwrap().len(), 2);
    assert_eq!(reply["strength"], json!("medium"));
    let differing = body("secreto1", "Nueva12345", "Nueva12346");
    let reply = operator.expect(400, Method::POST, path, Some(differing)).await;
    assert_shape(&reply, "E3");
    let good = body("secreto1", "Nueva12345", "Nueva12345");
    operator.expect(200, Method::POST, path, Some(good)).await;
    let login = json!({ "client_code": "UNO", "password": "Nueva12345" });
    assert_eq!(post(&backend.url(), "/api/auth/login", login).await.0, 200);
    for _ in 0..6 {
        operator.send(Method::POST, path, Some(json!({}))).await;
    }
    let reply = operator.expect(429, Method::POST, path, Some(json!({}))).await;
    assert_eq!(reply["code"], json!("RATE_LIMIT_EXCEEDED"));
    assert_eq!(reply["retryAfter"], json!(900));
    backend.shutdown().await;
}

#[tokio::test]
async fn a_code_can_be_asked_for() {
    let backend = start(config()).await;
    backend.add_tenant(NewTenant::new("TRES-3", "secreto1")).await.unwrap();
    let path = "/api/auth/validate-client-code";
    let url = backend.url();
    let (status, reply) = post(&url, path, json!({ "client_code": "tres-3" })).await;
    assert_eq!((status, &reply["available"]), (200, &json!(false)));
    let (status, reply) = post(&url, path, json!({ "client_code": "LIBRE" })).await;
    assert_eq!((status, &reply["available"]), (200, &json!(true)));
    let (status, reply) = post(&url, path, json!({ "client_code": "con espacio" })).await;
    assert_eq!((status, &reply["available"]), (400, &json!(false)));
    backend.shutdown().await;
}

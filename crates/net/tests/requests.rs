//! Every request but the sends, against the double of the existing backend (contract 4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use condorito_model::fact::WhatsappState;
use condorito_model::rest::{Failure, Reply, Request};
use condorito_model::{ConversationId, LocalId};
use condorito_net::{Endpoints, NetOptions, Rest};
use serde_json::json;
use support::{Double, PASSWORD, conversation_of};

const CODE: &str = "NORTE";
const PHONE: &str = "5493875550101";

#[tokio::test]
async fn lists_decode_and_headers_are_read() {
    let server = Double::with_company(CODE, &["--limit", "200"]).await;
    let seed = json!({ "code": CODE, "conversations": 7, "messagesEach": 5, "unreadEvery": 2 });
    server.order("seed", seed).await;
    let (rest, _notices) = server.signed_in(CODE).await;

    let answer = rest.execute(&Request::Conversations { limit: 5, offset: 0 }).await;
    let Ok(Reply::Conversations { rows, raw_rows: 5 }) = &answer.result else {
        panic!("{answer:?}")
    };
    assert!(rows.iter().all(|row| row.total_messages == Some(5)), "{rows:?}");
    assert!(rows.windows(2).all(|pair| pair[0].last_message_at >= pair[1].last_message_at));
    assert_eq!(answer.headers.limit, Some(200));
    assert_eq!(answer.headers.remaining, Some(198));
    let reset = answer.headers.reset_in_ms.unwrap();
    assert!((890_000..=901_000).contains(&reset), "{reset}");
    assert!(answer.headers.server_time.is_some() && answer.rtt_ms.is_some());

    let answer = rest.execute(&Request::Conversations { limit: 5, offset: 5 }).await;
    assert!(matches!(answer.result, Ok(Reply::Conversations { raw_rows: 2, .. })));

    let conversation_id = rows[0].id;
    let messages = |limit, offset| Request::Messages { conversation_id, limit, offset };
    let answer = rest.execute(&messages(3, 0)).await;
    let Ok(Reply::Messages { rows: newest, raw_rows: 3 }) = answer.result else {
        panic!("{:?}", answer.result)
    };
    assert!(newest.windows(2).all(|pair| pair[0].sent_at <= pair[1].sent_at));
    assert!(newest.iter().all(|row| row.phone.as_deref() == Some(&rows[0].phone)));
    let answer = rest.execute(&messages(2, 1)).await;
    let Ok(Reply::Messages { rows: older, .. }) = answer.result else {
        panic!("{:?}", answer.result)
    };
    assert!(older[0].sent_at < newest[0].sent_at, "counted from the oldest");

    let answer = rest.execute(&Request::NewestMessages { limit: 10, offset: 0 }).await;
    let Ok(Reply::Messages { rows, raw_rows: 10 }) = answer.result else {
        panic!("{:?}", answer.result)
    };
    assert!(rows.windows(2).all(|pair| pair[0].sent_at >= pair[1].sent_at), "newest first");
}

#[tokio::test]
async fn conversations_are_read_switched_and_deleted() {
    let server = Double::with_company(CODE, &[]).await;
    let seed = json!({ "code": CODE, "conversations": 1, "messagesEach": 2, "unreadEvery": 1 });
    server.order("seed", seed).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let answer = rest.execute(&Request::Conversations { limit: 5, offset: 0 }).await;
    let Ok(Reply::Conversations { rows, .. }) = answer.result else {
        panic!("{:?}", answer.result)
    };
    let conversation_id = rows[0].id;
    let unknown = ConversationId(4711);

    let answer = rest.execute(&Request::MarkRead { conversation_id }).await;
    assert_eq!(answer.result, Ok(Reply::Done));
    assert_eq!(conversation_of(&server, CODE, &rows[0].phone).await["unread_count"], 0);
    let answer = rest.execute(&Request::MarkRead { conversation_id: unknown }).await;
    assert_eq!(answer.result, Err(Failure::ServerFault { status: 500 }));

    for enabled in [false, true] {
        let answer = rest.execute(&Request::SetBot { conversation_id, enabled }).await;
        assert_eq!(answer.result, Ok(Reply::BotSet { enabled }));
        let answer = rest.execute(&Request::SetBotAll { enabled: !enabled }).await;
        assert_eq!(answer.result, Ok(Reply::BotSet { enabled: !enabled }));
    }
    let answer = rest.execute(&Request::BotStatus).await;
    assert_eq!(answer.result, Ok(Reply::BotStatus { enabled: 0, total: 1 }));

    let delete = Request::DeleteConversation { conversation_id };
    assert_eq!(rest.execute(&delete).await.result, Ok(Reply::Done));
    let answer = rest.execute(&delete).await;
    assert!(matches!(answer.result, Err(Failure::Refused { status: 404, message: Some(_) })));

    let answer = rest.execute(&Request::Quota).await;
    let Ok(Reply::Quota { messages, tokens, reset_date }) = answer.result else {
        panic!("{:?}", answer.result)
    };
    assert!(messages.1 > 0 && tokens.1 > 0 && reset_date.unwrap().len() == 10);
}

#[tokio::test]
async fn the_whatsapp_link_is_told_by_its_status_alone() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    let state = async |request: &Request| match rest.execute(request).await.result {
        Ok(Reply::Whatsapp { state, phone }) => (state, phone.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(state(&Request::WhatsappStatus).await, (WhatsappState::Connected, true));
    // A restart: the session in the database still says connected.
    let restart = json!({ "code": CODE, "value": false, "silent": true });
    server.order("linked", restart).await;
    assert_eq!(state(&Request::WhatsappStatus).await, (WhatsappState::NotInitialized, false));
    server.order("linked", json!({ "code": CODE, "value": true })).await;
    assert_eq!(state(&Request::WhatsappDisconnect).await, (WhatsappState::Disconnected, false));
    assert_eq!(state(&Request::WhatsappConnect).await, (WhatsappState::Initializing, false));
    // The code comes a moment after the answer.
    while state(&Request::WhatsappStatus).await.0 != WhatsappState::WaitingQr {}
    server.order("show-qr", json!({ "code": CODE, "ageSeconds": 600 })).await;
    assert_eq!(state(&Request::WhatsappStatus).await, (WhatsappState::QrExpired, false));
}

#[tokio::test]
async fn a_base_path_goes_into_everything() {
    let server = Double::with_company(CODE, &["--base-path", "/backend"]).await;
    let base = format!("{}/backend/", server.url);
    let options = NetOptions { endpoints: Endpoints::parse(&base).unwrap(), ..server.options() };
    let (rest, _notices) = Rest::new(&options).unwrap();
    rest.sign_in(CODE, &PASSWORD.to_owned().into()).await.unwrap();
    assert!(rest.health().await);
    assert!(rest.execute(&Request::Stats).await.result.is_ok());
    let bytes = json!({ "code": CODE, "phone": PHONE, "type": "image", "mediaBase64": "aG9sYQ==" });
    server.order("inbound", bytes).await;
    let conversation = conversation_of(&server, CODE, PHONE).await;
    let stored = conversation["messages"][0]["media_url"].as_str().unwrap();
    assert_eq!(rest.media(stored, 100).await.unwrap(), b"hola");

    let (rest, _notices) = Rest::new(&server.options()).unwrap();
    assert!(rest.sign_in(CODE, &PASSWORD.to_owned().into()).await.is_err());
}

#[tokio::test]
async fn nothing_leaves_when_there_is_no_connection() {
    let server = Double::with_company(CODE, &[]).await;
    let (rest, _notices) = server.signed_in(CODE).await;
    server.order("down", json!({})).await;
    let send = Request::SendText {
        to: PHONE.to_owned(),
        text: "hola".to_owned(),
        local_id: LocalId("a-1".to_owned()),
    };
    for request in [send, Request::Stats, Request::WhatsappConnect] {
        let answer = rest.execute(&request).await;
        assert_eq!(answer.result, Err(Failure::NotSent), "{request:?}");
        assert_eq!(answer.rtt_ms, None);
    }
    assert!(!rest.health().await);
}

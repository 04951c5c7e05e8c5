//! A server whose ids collide, by mistake or on purpose: what is another conversation's stays as it
//! was, nothing grows, it is said in the log by counts and ids only, and what comes next works.

use crate::support::{CODE, Headless, Server, mirror_of, online, open_store, state_of};
use serde_json::{Value, json};

/// The greatest id that is taken: what JavaScript holds exactly.
const GREATEST: i64 = (1 << 53) - 1;

/// Ids that are none.
fn no_ids() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(GREATEST + 1),
        json!(u64::MAX),
        json!(1e300),
        json!(1.5),
        json!("uno"),
        json!(true),
        json!([1]),
        json!({"id": 1}),
        Value::Null,
    ]
}

/// Conversation `id` and its messages, as the server has them.
async fn row(server: &Server, id: i64) -> Value {
    let state = server.state().await;
    let all = state["conversations"].as_array().unwrap();
    all.iter().find(|row| row["id"] == id).unwrap().clone()
}

/// The newest message of a conversation, as the server has it.
fn newest(row: &Value) -> &Value {
    row["messages"].as_array().unwrap().iter().max_by_key(|one| one["id"].as_i64()).unwrap()
}

/// A message of a contact and its conversation, as an event carries them.
fn event(conversation: &Value, id: &Value, message_id: &str, text: &str) -> Value {
    json!({
        "clientCode": CODE,
        "message": {
            "id": id, "conversation_id": conversation["id"], "message_id": message_id,
            "sender_type": "contact", "from_me": false, "is_from_bot": false, "content": text,
            "message_type": "text", "sent_at": newest(conversation)["sent_at"],
        },
        "conversation": {
            "id": conversation["id"], "contact_phone": conversation["contact_phone"],
            "contact_name": conversation["contact_name"], "last_message": text,
            "last_message_at": newest(conversation)["sent_at"], "unread_count": 1,
            "bot_enabled": 1,
        },
        "timestamp": newest(conversation)["sent_at"],
    })
}

async fn emit(server: &Server, payload: Value) {
    let order = json!({"code": CODE, "event": "message:new", "payload": payload});
    server.order("emit-raw", order).await;
}

/// What is shown of a conversation.
async fn shown(client: &mut Headless, id: i64) -> Value {
    client.ok("list_messages", json!({"conversationId": id, "limit": 100})).await["items"].take()
}

fn has_text(text: &str) -> impl Fn(&Value) -> bool + use<> {
    let text = text.to_owned();
    move |page| page["items"].as_array().unwrap().iter().any(|item| item["content"] == *text)
}

/// A contact writes, and it is seen live: whatever came before did not stop the events.
async fn goes_on(server: &Server, client: &mut Headless, id: i64, text: &str) {
    let phone = row(server, id).await["contact_phone"].as_str().unwrap().to_owned();
    server.inbound(&phone, text).await;
    client.until("list_messages", json!({"conversationId": id}), has_text(text)).await;
}

/// Lets the client ask, answers with `body` once, and sees that it was asked for.
async fn answer_once(server: &Server, client: &mut Headless, path: &str, body: Value) {
    let fault = json!({"match": format!("GET {path}"), "status": 200, "body": body});
    server.order("http-fault", fault).await;
    client.call("sync_now", json!({})).await;
    let left = server.order("network", json!({})).await["pendingFaults"]["http"].clone();
    assert_eq!(left, 0, "{path} was not asked for");
}

/// Ends the program: it holds what the server has, and its log speaks of no text and no number.
async fn ends_like(server: &Server, mut client: Headless) {
    client.ok("sync_now", json!({})).await;
    let log = client.log();
    assert!(!log.contains("choque") && !log.contains("54911"), "{log}");
    let (status, launch) = client.finish().await;
    assert!(status.success());
    let counts = mirror_of(&server.state().await, &open_store(&launch.folder()).await);
    assert_eq!(counts.len(), 3);
}

#[tokio::test]
async fn an_event_with_ids_of_another_conversation_changes_nothing_there() {
    let (server, mut client) = online(3, 4).await;
    client.ok("sync_now", json!({})).await;
    let (one, two) = (row(&server, 1).await, row(&server, 2).await);
    let before = [shown(&mut client, 1).await, shown(&mut client, 3).await];
    let theirs = newest(&one);
    let message_id = theirs["message_id"].as_str().unwrap();
    // Its row, its message, and both.
    emit(&server, event(&two, &theirs["id"], "false_choque1", "choque de fila")).await;
    emit(&server, event(&two, &json!(900_001), message_id, "choque de mensaje")).await;
    emit(&server, event(&two, &theirs["id"], message_id, "choque de ambos")).await;
    // A message of one conversation that comes with another's summary.
    let mut crossed = event(&two, &theirs["id"], "false_choque2", "choque cruzado");
    crossed["conversation"]["id"] = json!(3);
    crossed["conversation"]["contact_name"] = json!("choque");
    emit(&server, crossed).await;
    for id in no_ids() {
        let mut whole = event(&two, &id, "false_choque3", "choque sin fila");
        emit(&server, whole.clone()).await;
        whole["message"]["id"] = json!(900_002);
        whole["message"]["conversation_id"] = id.clone();
        whole["conversation"]["id"] = id;
        emit(&server, whole).await;
    }
    goes_on(&server, &mut client, 2, "sigue").await;
    goes_on(&server, &mut client, 1, "sigue acá").await;
    let after = [shown(&mut client, 1).await, shown(&mut client, 3).await];
    let rest: Vec<&Value> = after[0].as_array().unwrap().iter().collect();
    let was: Vec<&Value> = before[0].as_array().unwrap().iter().collect();
    assert!(was.iter().all(|message| rest.contains(message)), "{rest:#?}");
    assert_eq!((rest.len(), &after[1]), (was.len() + 1, &before[1]));
    for item in shown(&mut client, 2).await.as_array().unwrap() {
        assert!(!item["content"].as_str().unwrap_or_default().contains("choque"), "{item}");
    }
    let counts = client.ok("conversation_counts", json!({})).await;
    assert_eq!(counts["all"], 3);
    let link = client.ok("diagnostics", json!({})).await["link"].clone();
    let malformed = u64::try_from(2 * no_ids().len()).unwrap();
    assert_eq!(link["malformed"], malformed, "{link}");
    assert!(client.log().contains("a message of another conversation"));
    ends_like(&server, client).await;
}

#[tokio::test]
async fn the_greatest_id_does_not_stop_what_comes_after_it() {
    let (server, mut client) = online(3, 4).await;
    client.ok("sync_now", json!({})).await;
    let two = row(&server, 2).await;
    emit(&server, event(&two, &json!(GREATEST), "false_choque4", "choque enorme")).await;
    client.until("list_messages", json!({"conversationId": 2}), has_text("choque enorme")).await;
    goes_on(&server, &mut client, 2, "sigue").await;
    client
        .until("list_conversations", json!({}), |list| {
            let items = list["items"].as_array().unwrap();
            items.iter().any(|item| item["id"] == 2 && item["lastMessage"] == "sigue")
        })
        .await;
    // What is sent finds its echo, and leaves once.
    let args = json!({"conversationId": 2, "text": "respuesta"});
    let local_id = client.ok("send_text", args).await["localId"].clone();
    client
        .until("list_messages", json!({"conversationId": 2}), |page| {
            state_of(page, &local_id).as_deref() == Some("sent")
        })
        .await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
    assert_eq!(server.delivered().await, ["respuesta"]);
}

#[tokio::test]
async fn a_page_that_holds_an_id_twice_or_rows_of_others_harms_no_other_conversation() {
    let (server, mut client) = online(3, 4).await;
    client.ok("sync_now", json!({})).await;
    let (one, two) = (row(&server, 1).await, row(&server, 2).await);
    let before = [shown(&mut client, 2).await, shown(&mut client, 3).await];
    // Something to ask for that no event told.
    let quiet = json!({
        "code": CODE, "phone": one["contact_phone"], "text": "callado", "silent": true,
    });
    server.order("inbound", quiet).await;
    let one = row(&server, 1).await;
    let mut rows = one["messages"].as_array().unwrap().clone();
    let like = |message: &Value, change: Value| {
        let mut other = message.clone();
        other["content"] = json!("choque");
        other.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        other
    };
    let (last, theirs) = (newest(&one).clone(), newest(&two).clone());
    rows.push(like(&last, json!({"message_id": "false_choque5"})));
    rows.push(like(&last, json!({"id": 900_003})));
    rows.push(like(&theirs, json!({"conversation_id": 1})));
    rows.push(like(&theirs, json!({})));
    rows.push(like(&theirs, json!({"conversation_id": 1, "id": 900_004})));
    for id in no_ids() {
        rows.push(like(&last, json!({"id": id, "message_id": "false_choque6"})));
    }
    let body = json!({"success": true, "messages": rows, "conversation_id": 1});
    answer_once(&server, &mut client, "/api/messages/conversation/1\\b", body).await;
    let after = [shown(&mut client, 2).await, shown(&mut client, 3).await];
    assert_eq!(after, before);
    let items = shown(&mut client, 1).await;
    assert!(items.as_array().unwrap().len() <= rows.len(), "{items:#}");
    goes_on(&server, &mut client, 1, "sigue").await;
    goes_on(&server, &mut client, 2, "sigue").await;
}

#[tokio::test]
async fn a_list_with_ids_twice_and_numbers_that_change_is_lived_through() {
    let (server, mut client) = online(3, 4).await;
    client.ok("sync_now", json!({})).await;
    client.ok("save_draft", json!({"conversationId": 2, "text": "a medio escribir"})).await;
    let before = [shown(&mut client, 1).await, shown(&mut client, 2).await];
    let mut rows = Vec::new();
    for id in [1, 2, 3] {
        let mut row = row(&server, id).await;
        row.as_object_mut().unwrap().remove("messages");
        rows.push(row);
    }
    let with = |row: &Value, field: &str, value: Value| {
        let mut other = row.clone();
        other["contact_name"] = json!("choque");
        other[field] = value;
        other
    };
    let mut page = rows.clone();
    // One twice, one with another's number, and rows without an id.
    page.push(with(&rows[0], "unread_count", json!(7)));
    page[1] = with(&rows[1], "contact_phone", json!("5491177700999"));
    page.push(with(&rows[2], "contact_phone", rows[0]["contact_phone"].clone()));
    page.extend(no_ids().into_iter().map(|id| with(&rows[0], "id", id)));
    let body = json!({"success": true, "conversations": page});
    answer_once(&server, &mut client, "/api/messages/conversations\\?", body).await;
    let counts = client.ok("conversation_counts", json!({})).await;
    assert_eq!(counts["all"], 3);
    let after = [shown(&mut client, 1).await, shown(&mut client, 2).await];
    assert_eq!(after, before);

    // What is written goes to the number that is shown.
    let chat = client.ok("get_conversation", json!({"conversationId": 2})).await;
    client.ok("send_text", json!({"conversationId": 2, "text": "¿a quién?"})).await;
    server.until_delivered(1).await;
    let sent = server.order("deliveries", json!({"code": CODE})).await["deliveries"][0].clone();
    let number = chat["phone"].as_str().unwrap();
    assert_eq!(sent["to"], format!("{number}@c.us"), "{sent}");

    // The truth comes back with the next list; the draft is where it was.
    client.ok("sync_now", json!({})).await;
    let chat = client.ok("get_conversation", json!({"conversationId": 2})).await;
    assert_eq!(
        (&chat["phone"], &chat["name"]),
        (&rows[1]["contact_phone"], &rows[1]["contact_name"])
    );
    assert_eq!(chat["draft"], "a medio escribir");
    goes_on(&server, &mut client, 2, "sigue").await;
    client.ok("send_text", json!({"conversationId": 1, "text": "hola"})).await;
    client.until("list_outbox", json!({}), |outbox| outbox["items"] == json!([])).await;
}

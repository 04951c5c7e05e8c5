//! What a host does when the machine wakes: there is no command for it.

use crate::support::{CODE, SOON, Server, credentials};
use condorito_client::{Client, ClientOptions, Event, EventStream, SecretStore};
use condorito_model::view::ConnectionState;
use serde_json::{Value, json};
use tokio::time::timeout;

async fn until_online(events: &mut EventStream) {
    let online = async {
        while let Some(event) = events.next().await {
            if matches!(event, Event::Connection(shown) if shown.state == ConnectionState::Online) {
                return;
            }
        }
        panic!("the client ended");
    };
    timeout(SOON, online).await.expect("it comes online");
}

async fn found(client: &Client, text: &str) -> bool {
    let hits = client.command("search", json!({"text": text})).await.unwrap();
    hits["hits"].as_array().is_some_and(|hits| !hits.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn waking_makes_a_new_link_and_catches_up() {
    let server = Server::with(3, 2).await;
    let folder = tempfile::tempdir().unwrap();
    let options = ClientOptions {
        backend: Some(server.url.clone()),
        secret_store: SecretStore::File,
        ..ClientOptions::new(folder.path())
    };
    let (client, mut events) = Client::start(options).unwrap();
    // Nobody is signed in: nothing happens.
    client.wake().await;
    client.command("set_settings", json!({"patch": {"proxy": "direct"}})).await.unwrap();
    client.command("login", credentials()).await.unwrap();
    until_online(&mut events).await;

    let lost = json!({"code": CODE, "phone": "5491155550001", "text": "perdido", "silent": true});
    server.order("inbound", lost).await;
    assert!(!found(&client, "perdido").await, "the event was lost");
    let links = |report: &Value| report["connections"].as_u64().unwrap();
    let before = links(&server.order("sockets", json!({})).await);
    client.wake().await;
    let caught_up = async {
        while !found(&client, "perdido").await {
            events.next().await.expect("the client lives");
        }
    };
    timeout(SOON, caught_up).await.expect("it catches up");
    let linked = async {
        while links(&server.order("sockets", json!({})).await) == before {
            events.next().await.expect("the client lives");
        }
    };
    timeout(SOON, linked).await.expect("a new link");
    client.stop().await;
}

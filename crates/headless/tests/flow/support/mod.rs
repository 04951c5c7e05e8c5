//! The server, the program, and what lies on disk.

mod canary;
#[cfg(target_os = "linux")]
mod clock;
mod disk;
#[cfg(target_os = "linux")]
mod keyring;
mod program;
mod server;

pub use canary::Words;
#[cfg(target_os = "linux")]
pub use clock::Clock;
pub use disk::{files_below, mirror_of, open_store};
#[cfg(target_os = "linux")]
pub use keyring::Keyring;
pub use program::{Headless, Launch};
pub use server::Server;

use serde_json::{Value, json};
use std::time::Duration;

/// The company of every test.
pub const CODE: &str = "CLI001";
pub const PASSWORD: &str = "secreto-1";

/// Longest wait for something that should happen soon; generous, for two cores are shared.
pub const SOON: Duration = Duration::from_secs(30);

/// Arguments of a sign-in.
pub fn credentials() -> Value {
    json!({"clientCode": CODE, "password": PASSWORD})
}

/// A server with `conversations` of `messages` each, and a program that is signed in and online.
pub async fn online(conversations: u32, messages: u32) -> (Server, Headless) {
    let server = Server::with(conversations, messages).await;
    let mut client = Launch::new(&server.url).start();
    client.ok("login", credentials()).await;
    client.connection("online").await;
    (server, client)
}

/// The state that a text written here shows in its conversation.
pub fn state_of(page: &Value, local_id: &Value) -> Option<String> {
    let items = page["items"].as_array().unwrap();
    let mine: Vec<&Value> = items.iter().filter(|item| item["localId"] == *local_id).collect();
    assert!(mine.len() <= 1, "shown twice: {page:#}");
    mine.first().map(|item| item["state"].as_str().unwrap().to_owned())
}

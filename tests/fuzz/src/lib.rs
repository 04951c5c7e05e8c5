//! What must hold of every decoder, whatever bytes it gets. `cargo xtask fuzz` looks for bytes of
//! which it does not; the tests beside this run over the corpora and over chance.

#![allow(clippy::panic, reason = "a promise that does not hold is what is looked for")]

#[path = "../../../src-tauri/src/links.rs"]
mod links;

use condorito_client::Settings;
use condorito_model::rest::{Reply, Request};
use condorito_model::wire::{
    Decoded, ServerError, TokenTimes, decode_account, decode_event, decode_renewal, decode_reply,
    decode_sign_in, parse_body,
};
use condorito_model::{ConversationId, LocalId};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Code of the company whose events are taken.
const OWN: &str = "NORTE";

/// A decoder under trial.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of its corpus and of its fuzzer.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 5] = [
    Target { name: "event", check: event },
    Target { name: "body", check: body },
    Target { name: "headers", check: headers },
    Target { name: "link", check: link },
    Target { name: "settings", check: settings },
];

/// The packet of a socket event, `["name", argument…]`: none of another company becomes one.
pub fn event(bytes: &[u8]) {
    let Ok(Value::Array(mut packet)) = serde_json::from_slice(bytes) else { return };
    if packet.is_empty() {
        return;
    }
    let args = packet.split_off(1);
    let Some(name) = packet.first().and_then(Value::as_str) else { return };
    let decoded = decode_event(name, &args, OWN);
    let code = args.first().and_then(|payload| payload.get("clientCode"));
    let own = code.and_then(Value::as_str) == Some(OWN);
    let greeting = name == "server:hello" && code.is_none();
    if !own && !greeting {
        let kept = matches!(decoded, Decoded::Event(_) | Decoded::Malformed(_));
        assert!(!kept, "another company's: {decoded:?}");
    }
}

/// An answer's body, read as the answer to each request; rows that come through are sound.
pub fn body(bytes: &[u8]) {
    let Ok(body) = parse_body(bytes) else { return };
    let _ = (decode_sign_in(&body), decode_renewal(&body), decode_account(&body));
    let _ = TokenTimes::of_claims(&body);
    let said = ServerError::of(&body);
    let _ = (said.is_not_linked(), said.is_contact_clash());
    for request in requests() {
        match decode_reply(&request, &body) {
            Ok(Reply::Messages { rows, raw_rows }) => {
                assert!(rows.len() <= raw_rows as usize, "rows from nowhere");
                for row in rows {
                    assert!(row.id.0 > 0 && row.conversation_id.0 > 0, "{row:?}");
                    assert!(!row.message_id.as_str().is_empty(), "{row:?}");
                }
            }
            Ok(Reply::Conversations { rows, raw_rows }) => {
                assert!(rows.len() <= raw_rows as usize, "rows from nowhere");
                assert!(rows.iter().all(|row| row.id.0 > 0), "{rows:?}");
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn requests() -> Vec<Request> {
    let conversation_id = ConversationId(31);
    let local_id = LocalId(String::new());
    vec![
        Request::Conversations { limit: 5, offset: 0 },
        Request::Messages { conversation_id, limit: 5, offset: 0 },
        Request::MarkRead { conversation_id },
        Request::SetBot { conversation_id, enabled: true },
        Request::SendText { to: String::new(), text: String::new(), local_id },
        Request::WhatsappStatus,
        Request::Stats,
        Request::Quota,
        Request::BotStatus,
    ]
}

/// An answer's headers, `name: value` a line.
pub fn headers(bytes: &[u8]) {
    let mut map = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(100) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        let name = HeaderName::from_bytes(name);
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            map.append(name, value);
        }
    }
    let (read, wait) = condorito_net::read_headers(&map);
    assert!(read.reset_in_ms.is_none() || wait.is_some(), "{read:?} {wait:?}");
}

/// A link, into the app or out of it: what is let through is what it looks like.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match links::place(text) {
        Some(links::Place::Conversation(id)) => assert!(id.0 > 0, "{text:?}"),
        Some(links::Place::Phone(digits)) => {
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{text:?}");
        }
        None => {}
    }
    if let Some(url) = links::checked(text) {
        assert!(["https", "http", "mailto", "tel"].contains(&url.scheme()), "{text:?}");
        assert!(!url.as_str().contains(char::is_control), "{text:?}");
        if matches!(url.scheme(), "https" | "http") {
            assert!(url.has_host() && url.username().is_empty(), "{text:?}");
        }
    }
}

/// Settings as they are kept, and as a patch: sound ones stay sound, whatever is laid over them.
pub fn settings(bytes: &[u8]) {
    let _ = serde_json::from_slice::<Settings>(bytes);
    let Ok(patch) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(patched) = Settings::default().patched(&patch) {
        let machine = &patched.machine;
        assert!((0.8..=2.0).contains(&machine.text_scale), "{patch}");
        assert!(machine.undo_send_seconds <= 30, "{patch}");
        // What is kept comes back.
        let kept = serde_json::to_vec(&patched).unwrap_or_default();
        let again: Option<Settings> = serde_json::from_slice(&kept).ok();
        assert_eq!(again.as_ref(), Some(&patched), "{patch}");
    }
}

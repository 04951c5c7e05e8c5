//! What the program has left on disk.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use condorito_model::fact::Sender;
use condorito_store::{Dump, Key, Options, Store};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// All that the only account has stored. The program must have ended.
pub async fn open_store(data_dir: &Path) -> Dump {
    let secrets: Value =
        serde_json::from_slice(&std::fs::read(data_dir.join("secrets.json")).unwrap()).unwrap();
    let (name, key) = secrets["secrets"]
        .as_object()
        .unwrap()
        .iter()
        .find_map(|(name, secret)| Some((name.strip_prefix("key:")?, secret.as_str().unwrap())))
        .unwrap();
    let key = Key::from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    let folder = data_dir.join("accounts").join(name);
    let (store, _, _) = Store::open(folder, key, Options::default()).await.unwrap();
    let dump = store.dump().await.unwrap();
    store.close().await;
    dump
}

/// Holds a store against the server's rows: the same conversations with the same figures, no
/// message that the server does not have, and of every conversation that was read the newest
/// messages without a hole. Answers the number of cached messages by conversation.
pub fn mirror_of(server: &Value, dump: &Dump) -> BTreeMap<i64, usize> {
    let theirs: BTreeMap<i64, &Value> = server["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["id"].as_i64().unwrap(), row))
        .collect();
    let ours = &dump.snapshot.conversations;
    let ids: Vec<i64> = ours.iter().map(|(row, _)| row.id.0).collect();
    assert_eq!(ids, theirs.keys().copied().collect::<Vec<_>>(), "the conversations");
    let mut counts = BTreeMap::new();
    for (row, _) in ours {
        let id = row.id.0;
        let their = theirs[&id];
        assert_eq!(Some(row.phone.as_str()), their["contact_phone"].as_str(), "number of {id}");
        assert_eq!(row.name.as_deref(), their["contact_name"].as_str(), "name of {id}");
        assert_eq!(row.last_message.as_deref(), their["last_message"].as_str(), "preview of {id}");
        assert_eq!(Some(u64::from(row.unread)), their["unread_count"].as_u64(), "unread of {id}");
        let bot = their["bot_enabled"].as_bool().or(their["bot_enabled"].as_i64().map(|n| n != 0));
        assert_eq!(Some(row.bot_enabled), bot, "bot of {id}");

        let mut all: Vec<&Value> = their["messages"].as_array().unwrap().iter().collect();
        all.sort_by_key(|message| {
            (message["sent_at"].as_str().unwrap(), message["id"].as_i64().unwrap())
        });
        let cached: Vec<_> =
            dump.messages.iter().filter(|one| one.fact.conversation_id.0 == id).collect();
        assert!(cached.len() <= all.len(), "more messages than the server in {id}");
        let newest = &all[all.len() - cached.len()..];
        for (one, their) in cached.iter().zip(newest) {
            assert_eq!(one.fact.id.0, their["id"].as_i64().unwrap(), "message of {id}");
            let text = their["content"].as_str().filter(|text| !text.is_empty());
            assert_eq!(one.fact.content.as_deref(), text, "text in {id}");
            let sender = match one.fact.from {
                Sender::Contact => "contact",
                Sender::Client => "client",
                Sender::Bot => "bot",
            };
            assert_eq!(Some(sender), their["sender_type"].as_str(), "sender in {id}");
        }
        counts.insert(id, cached.len());
    }
    counts
}

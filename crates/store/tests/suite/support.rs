//! What the tests share: a folder that goes away, short forms of facts and rows.

use condorito_model::fact::{MessageFact, MessageKind, Sender};
use condorito_model::record::{
    ConversationRow, Coverage, OutboxRow, OutboxState, Outcome, Run, StoreOp,
};
use condorito_model::view::Message;
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use condorito_store::{Key, ListQuery, OpenReport, Options, Place, Store};
use std::path::Path;
use tempfile::TempDir;

pub const KEY: [u8; 32] = [7; 32];

/// The conversation that most tests use.
pub const CHAT: ConversationId = ConversationId(1);

/// A store in a folder of its own.
pub struct Home {
    pub folder: TempDir,
    pub store: Store,
}

impl Home {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let folder = TempDir::new().expect("a folder");
        let (store, _, _) =
            Store::open(folder.path(), Key::new(KEY), options).await.expect("opens");
        Self { folder, store }
    }

    /// One with the conversation [`CHAT`].
    pub async fn with_chat() -> Self {
        let home = Self::new().await;
        home.put(chat(CHAT.0)).await;
        home
    }

    pub async fn put(&self, row: ConversationRow) {
        self.apply(vec![StoreOp::PutConversations { rows: vec![row] }]).await;
    }

    pub async fn apply(&self, ops: Vec<StoreOp>) -> Vec<Outcome> {
        self.store.apply(ops).await.expect("stored")
    }

    /// Applies messages to [`CHAT`]; answers what was inserted, `joined`, and the coverage.
    pub async fn messages(
        &self,
        messages: Vec<MessageFact>,
        run: Run,
    ) -> (Vec<i64>, bool, Coverage) {
        let op =
            StoreOp::ApplyMessages { conversation_id: CHAT, messages, run, local_ids: Vec::new() };
        match self.apply(vec![op]).await.pop() {
            Some(Outcome::Applied { inserted, joined, coverage }) => {
                (inserted.into_iter().map(|id| id.0).collect(), joined, coverage)
            }
            other => panic!("{other:?}"),
        }
    }

    /// The ids of a page of [`CHAT`], and the page.
    pub async fn page(&self, place: Place, limit: u32) -> condorito_store::Messages {
        self.store.messages(CHAT, place, limit).await.expect("read").expect("cached")
    }

    pub async fn list(&self, query: ListQuery) -> Vec<i64> {
        let page = self.store.conversations(query).await.expect("read");
        page.items.iter().map(|conversation| conversation.id.0).collect()
    }
}

pub async fn reopen(folder: &Path) -> (Store, OpenReport) {
    let (store, _, report) =
        Store::open(folder, Key::new(KEY), Options::default()).await.expect("opens");
    (store, report)
}

pub const WINDOW: Run = Run::Window { from_start: false };
pub const FROM_START: Run = Run::Window { from_start: true };

pub fn ids(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|message| message.id.0).collect()
}

/// A conversation without messages; its number is made from its id.
pub fn chat(id: i64) -> ConversationRow {
    ConversationRow {
        id: ConversationId(id),
        phone: phone(id),
        name: None,
        last_message: None,
        last_message_at: Some(at(id)),
        unread: 0,
        bot_enabled: false,
        total: Some(0),
        older_unknown: Some(0),
        stale: false,
        local_at: None,
        local_preview: None,
    }
}

pub fn phone(id: i64) -> String {
    format!("549110000{id:04}")
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_760_000_000_000 + seconds * 1000)
}

/// Message `id` of [`CHAT`], from the contact, sent at second `id`.
pub fn fact(id: i64) -> MessageFact {
    fact_at(id, id)
}

pub fn fact_at(id: i64, second: i64) -> MessageFact {
    MessageFact {
        id: RowId(id),
        conversation_id: CHAT,
        message_id: MessageId(format!("false_{id}")),
        from: Sender::Contact,
        kind: MessageKind::Text,
        content: Some(format!("mensaje {id}")),
        sent_at: at(second),
        media: None,
        phone: None,
    }
}

pub fn facts(ids: impl IntoIterator<Item = i64>) -> Vec<MessageFact> {
    ids.into_iter().map(fact).collect()
}

pub fn own(id: i64) -> MessageFact {
    MessageFact { from: Sender::Client, ..fact(id) }
}

/// A text written in [`CHAT`].
pub fn text(local_id: &str) -> OutboxRow {
    OutboxRow {
        local_id: LocalId(local_id.into()),
        order: 0,
        conversation_id: CHAT,
        phone: phone(CHAT.0),
        text: format!("texto {local_id}"),
        file: None,
        written_at: at(1000),
        state: OutboxState::Queued,
        hold: None,
        attempts: 0,
        consents: 1,
        baseline: None,
        message_id: None,
        error: None,
    }
}

/// A connection of the test's own to a file of the store.
pub fn key_on(file: &Path, key: [u8; 32]) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(file).expect("opens");
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    connection.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"")).expect("unlocks");
    connection
}

/// A folder with the same files.
pub fn copy(folder: &Path) -> TempDir {
    let copy = TempDir::new().expect("a folder");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("copied");
    }
    copy
}

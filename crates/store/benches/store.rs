//! Throughput of writing, beside the same rows put in with plain `rusqlite`, and latency of the
//! reads behind each screen, by size. `STORE_BENCH_MESSAGES=1000000` adds a size; one conversation
//! in it has a tenth of all messages.
#![allow(missing_docs, clippy::expect_used)]

use condorito_model::fact::{MessageFact, MessageKind, Sender};
use condorito_model::record::{ConversationRow, Run, StoreOp};
use condorito_model::{ConversationId, MessageId, RowId, Timestamp};
use condorito_store::{Anchor, Key, ListQuery, Options, Place, SearchQuery, Store};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rusqlite::{Connection, params};
use std::hint::black_box;
use std::sync::mpsc::channel;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Events of one round of writing.
const EVENTS: i64 = 5_000;
/// Conversations that they fall into.
const CHATS: i64 = 200;
/// Messages to each conversation in the stores that are read.
const PER_CHAT: i64 = 50;

const WORDS: [&str; 16] = [
    "hola",
    "gracias",
    "pedido",
    "mañana",
    "precio",
    "envío",
    "café",
    "tarjeta",
    "dirección",
    "consulta",
    "turno",
    "factura",
    "tienen",
    "quiero",
    "cuánto",
    "listo",
];

fn content(id: i64) -> String {
    let word = |n: i64| {
        let index = usize::try_from((id * 31 + n * n * 7 + n).rem_euclid(16)).unwrap_or(0);
        WORDS.get(index).copied().unwrap_or("hola")
    };
    format!("{} {id} {} {} {} {} {}", word(1), word(2), word(3), word(4), word(5), word(6))
}

fn at(id: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + id * 1000)
}

fn message(id: i64, chat: i64) -> MessageFact {
    MessageFact {
        id: RowId(id),
        conversation_id: ConversationId(chat),
        message_id: MessageId(format!("false_5491100000000@c.us_{id:016X}")),
        from: if id % 3 == 0 { Sender::Client } else { Sender::Contact },
        kind: MessageKind::Text,
        content: Some(content(id)),
        sent_at: at(id),
        media: None,
        phone: None,
    }
}

fn chat(id: i64, newest: i64) -> ConversationRow {
    ConversationRow {
        id: ConversationId(id),
        phone: format!("54911{id:08}"),
        name: Some(format!("Contacto {id}")),
        last_message: Some(content(newest)),
        last_message_at: Some(at(newest)),
        unread: u32::from(id % 7 == 0),
        bot_enabled: id % 2 == 0,
        total: Some(50),
        older_unknown: Some(0),
        stale: false,
        local_at: None,
        local_preview: None,
    }
}

fn event(id: i64) -> Vec<StoreOp> {
    let of = id % CHATS + 1;
    vec![
        StoreOp::PutConversations { rows: vec![chat(of, id)] },
        StoreOp::ApplyMessages {
            conversation_id: ConversationId(of),
            messages: vec![message(id, of)],
            run: Run::Live { unbroken: true },
            local_ids: Vec::new(),
        },
    ]
}

fn open(runtime: &Runtime) -> (TempDir, Store) {
    let folder = TempDir::new().expect("a folder");
    let opened =
        runtime.block_on(Store::open(folder.path(), Key::new([7; 32]), Options::default()));
    (folder, opened.expect("opens").0)
}

/// An encrypted file with plain tables, in batches of 500 rows.
fn plain(indexed: bool) -> (TempDir, Connection) {
    let folder = TempDir::new().expect("a folder");
    let connection = Connection::open(folder.path().join("plain.db")).expect("opens");
    let key = "07".repeat(32);
    connection
        .execute_batch(&format!(
            "PRAGMA key = \"x'{key}'\"; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE messages (id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL,
               message_id TEXT NOT NULL, sender INTEGER NOT NULL, content TEXT,
               sent_at INTEGER NOT NULL) STRICT;"
        ))
        .expect("a schema");
    if indexed {
        connection
            .execute_batch(
                "CREATE UNIQUE INDEX by_message ON messages (message_id);
                 CREATE INDEX by_time ON messages (conversation_id, sent_at, id);
                 CREATE VIRTUAL TABLE texts USING fts5 (content, content = 'messages',
                   content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2',
                   prefix = '2 3 4');
                 CREATE TRIGGER texts_in AFTER INSERT ON messages BEGIN
                   INSERT INTO texts (rowid, content) VALUES (new.id, new.content); END;",
            )
            .expect("indexes");
    }
    (folder, connection)
}

fn insert_plain(connection: &mut Connection) {
    let ids: Vec<i64> = (1..=EVENTS).collect();
    for batch in ids.chunks(500) {
        let transaction = connection.transaction().expect("begins");
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                .expect("a statement");
            for id in batch {
                let row = message(*id, id % CHATS + 1);
                insert
                    .execute(params![
                        row.id.0,
                        row.conversation_id.0,
                        row.message_id.as_str(),
                        0,
                        row.content,
                        row.sent_at.as_millis()
                    ])
                    .expect("inserted");
            }
        }
        transaction.commit().expect("commits");
    }
}

fn writing(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("write");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS.unsigned_abs()));
    group.bench_function("live events", |bencher| {
        bencher.iter_batched(
            || open(&runtime),
            |(folder, store)| {
                let (tell, told) = channel();
                for id in 1..=EVENTS {
                    let tell = tell.clone();
                    store.submit(event(id), move |stored| {
                        tell.send(stored.is_ok()).expect("the bench waits");
                    });
                }
                assert!(told.iter().take(5_000).all(|stored| stored));
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    for (name, indexed) in [("plain rows", false), ("plain rows, indexes and search", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || plain(indexed),
                |(folder, mut connection)| {
                    insert_plain(&mut connection);
                    (folder, connection)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// A store with this many messages, a tenth of them in conversation 1.
fn filled(runtime: &Runtime, messages: i64) -> (TempDir, Store) {
    let (folder, store) = open(runtime);
    let first = messages / 10;
    let chats = (messages - first) / PER_CHAT;
    let fill = |chat_id: i64, ids: Vec<i64>| {
        let newest = ids.last().copied().unwrap_or(1);
        vec![
            StoreOp::PutConversations { rows: vec![chat(chat_id, newest)] },
            StoreOp::ApplyMessages {
                conversation_id: ConversationId(chat_id),
                messages: ids.into_iter().map(|id| message(id, chat_id)).collect(),
                run: Run::Window { from_start: true },
                local_ids: Vec::new(),
            },
        ]
    };
    runtime.block_on(async {
        for chat_id in 2..=chats + 1 {
            let from = first + (chat_id - 2) * PER_CHAT + 1;
            store.apply(fill(chat_id, (from..from + PER_CHAT).collect())).await.expect("stored");
        }
        store.apply(fill(1, (1..=first).collect())).await.expect("stored");
    });
    (folder, store)
}

fn reading(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut sizes = vec![1_000, 20_000];
    sizes.extend(std::env::var("STORE_BENCH_MESSAGES").ok().and_then(|n| n.parse::<i64>().ok()));
    let mut group = criterion.benchmark_group("read");
    for size in sizes {
        let (folder, store) = filled(&runtime, size);
        let middle = Anchor::Id(RowId(size / 20));
        let list = |query: Option<&str>| ListQuery {
            query: query.map(str::to_owned),
            limit: 50,
            ..ListQuery::default()
        };
        let search = |text: &str, conversation| SearchQuery {
            text: text.into(),
            conversation,
            limit: 50,
            cursor: None,
        };
        let id = |name: &str| BenchmarkId::new(name.to_owned(), size);
        group.bench_function(id("list page"), |bencher| {
            bencher.iter(|| {
                black_box(runtime.block_on(store.conversations(list(None)))).expect("read")
            });
        });
        for (name, query) in [("list by name", "contacto 1"), ("list by number", "0001")] {
            group.bench_function(id(name), |bencher| {
                bencher.iter(|| {
                    black_box(runtime.block_on(store.conversations(list(Some(query)))))
                        .expect("read")
                });
            });
        }
        for (name, place) in
            [("open conversation", Place::Newest), ("page in the middle", Place::Before(middle))]
        {
            group.bench_function(id(name), |bencher| {
                bencher.iter(|| {
                    black_box(runtime.block_on(store.messages(ConversationId(1), place, 50)))
                        .expect("read")
                });
            });
        }
        for (name, query) in [
            ("search, common word", search("hola", None)),
            ("search, two letters", search("ca", None)),
            ("search, one number", search("777", None)),
            ("search, one conversation", search("hola", Some(ConversationId(9)))),
        ] {
            group.bench_function(id(name), |bencher| {
                bencher.iter(|| {
                    black_box(runtime.block_on(store.search(query.clone()))).expect("read")
                });
            });
        }
        let sizes = runtime.block_on(store.sizes()).expect("read");
        eprintln!("{size} messages: {} bytes", sizes.cache_bytes);
        runtime.block_on(store.close());
        for (name, mark) in [("open after a clean end", false), ("open after a kill", true)] {
            group.sample_size(10).bench_function(id(name), |bencher| {
                bencher.iter_batched(
                    || {
                        if mark {
                            std::fs::write(folder.path().join("in-use"), "").expect("written");
                        }
                    },
                    |()| {
                        let (store, snapshot, _) = Store::open_blocking(
                            folder.path(),
                            &Key::new([7; 32]),
                            &Options::default(),
                        )
                        .expect("opens");
                        runtime.block_on(store.close());
                        snapshot
                    },
                    BatchSize::PerIteration,
                );
            });
        }
        group.sample_size(100);
    }
    group.finish();
}

criterion_group!(benches, writing, reading);
criterion_main!(benches);

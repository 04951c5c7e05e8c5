//! How SQLite carries out the hot queries: by which index, and never by reading a whole table.
#![allow(clippy::expect_used)]

use crate::apply::{BY_PHONE, hot_queries as written};
use crate::reads::hot_queries as read;
use crate::schema::FileKind;
use rusqlite::Connection;

/// The steps of a plan, one a line.
fn plan(file: &Connection, sql: &str) -> String {
    let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a plan");
    // Parameters stay unbound: the plan does not depend on them.
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().expect("a step") {
        lines.push(row.get::<_, String>(3).expect("text"));
    }
    lines.join("\n")
}

#[test]
fn hot_queries_use_their_index() {
    let mut outbox = Connection::open_in_memory().expect("a file");
    FileKind::Outbox.migrate(&mut outbox).expect("migrates");
    let mut cache = Connection::open_in_memory().expect("a file");
    FileKind::Cache.migrate(&mut cache).expect("migrates");
    let by_phone = [(BY_PHONE, "INDEX conversations_by_phone")];
    for (sql, index) in written().into_iter().chain(read()).chain(by_phone) {
        let of_outbox = sql.contains("FROM outbox") || sql.contains("FROM mutes");
        let file = if of_outbox { &outbox } else { &cache };
        let plan = plan(file, sql);
        assert!(plan.contains(index), "{index} is not used:\n{sql}\n{plan}");
        for line in plan.lines() {
            let scans = line.starts_with("SCAN") && !line.contains("VIRTUAL TABLE INDEX");
            assert!(!scans && !line.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
    }
}

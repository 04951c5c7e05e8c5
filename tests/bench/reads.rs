//! What each screen reads, beside the least SQL that finds the same rows in the same file.

use crate::events::name;
use crate::figure::{Figure, Report, Times};
use crate::kept::Kept;
use crate::plain;
use crate::world::{self, RARE_WORD, World, chance};
use anyhow::{Context, Result, ensure};
use condorito_model::ConversationId;
use condorito_model::view::Message;
use condorito_store::{ListQuery, Place, SearchQuery, Store};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::time::Instant;

/// Rows of a page.
const PAGE: u32 = 50;

/// Milliseconds that the project allows for a page.
const PAGE_TARGET: f64 = 10.0;
/// Milliseconds that the project allows for a search.
const SEARCH_TARGET: f64 = 50.0;

macro_rules! list_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, conversations.phone, conversations.name, last_message, last_message_at,
               unread, bot_enabled FROM ",
            $rest,
            " ORDER BY sort_at DESC, id DESC LIMIT 50"
        )
    };
}
macro_rules! messages_sql {
    ($condition:literal) => {
        concat!(
            "SELECT id, message_id, sender, kind, content, sent_at, has_media, local_id
             FROM messages WHERE conversation_id = ?1 ",
            $condition,
            " ORDER BY sent_at DESC, id DESC LIMIT 50"
        )
    };
}
const LIST: &str = list_sql!("conversations");
const LIST_AFTER: &str = list_sql!("conversations WHERE (sort_at, id) < (?1, ?2)");
const LIST_UNREAD: &str = list_sql!("conversations WHERE unread > 0");
const BY_NAME: &str = list_sql!(
    "conversation_names JOIN conversations ON id = conversation_names.rowid
     WHERE conversation_names MATCH ?1"
);
const BY_DIGITS: &str = list_sql!(
    "conversation_phones JOIN conversations ON id = conversation_phones.rowid
     WHERE conversation_phones MATCH ?1"
);
const NEWEST: &str = messages_sql!("");
const OLDER: &str = messages_sql!("AND (sent_at, id) < (?2, ?3)");
const SEARCH: &str = "
    SELECT rowid, content FROM message_texts WHERE message_texts MATCH ?1
    ORDER BY rowid DESC LIMIT 50";

const BY_INDEX: &str = "SELECT … LIMIT 50 by index";
const BY_MATCH: &str = "FTS5 MATCH, 50 texts by rowid";
const BY_JOIN: &str = "FTS5 MATCH, join, sort, 50 rows";

/// One read, and the same in plain SQL.
struct Case {
    ours: Read,
    sql: &'static str,
    values: Vec<Value>,
}

enum Read {
    List(ListQuery),
    Messages(ConversationId, Place),
    Search(SearchQuery),
}

struct Scenario {
    name: &'static str,
    beside: &'static str,
    target: f64,
    /// Taken in turn.
    cases: Vec<Case>,
}

/// Measures the reads of one store, each this many times.
pub async fn measure(report: &mut Report, kept: &Kept, world: World, runs: usize) -> Result<()> {
    let (store, _, _) = kept.open().await?;
    let cache = plain::reader(&kept.account, &kept.key)?;
    let mut scenarios = lists(&store).await?;
    scenarios.extend(conversations(&store, world, runs).await?);
    scenarios.extend(searches());
    // A short list has no page deep down.
    for scenario in scenarios.into_iter().filter(|scenario| !scenario.cases.is_empty()) {
        report.push(scenario.measure(&store, &cache, world, runs).await?);
    }
    drop(cache);
    store.close().await;
    Ok(())
}

impl Scenario {
    fn new(name: &'static str, beside: &'static str, target: f64, cases: Vec<Case>) -> Self {
        Self { name, beside, target, cases }
    }

    /// In turns, so that both meet the same noise.
    async fn measure(
        &self,
        store: &Store,
        cache: &Connection,
        world: World,
        runs: usize,
    ) -> Result<Figure> {
        let (mut ours, mut limit) = (Times::default(), Times::default());
        let warm_up = 5;
        for (run, case) in self.cases.iter().cycle().take(runs + warm_up).enumerate() {
            let began = Instant::now();
            let found = case.ours.count(store).await?;
            let time = began.elapsed();
            let began = Instant::now();
            let expected = case.count(cache)?;
            let least = began.elapsed();
            ensure!(found == expected, "{}: {found} rows, plain SQL has {expected}", self.name);
            if run >= warm_up {
                ours.push(time);
                limit.push(least);
            }
        }
        let figure = Figure::time(self.name, name(world), &ours, &limit, self.beside);
        Ok(figure.target(self.target))
    }
}

impl Case {
    /// Reads every column of every row; answers how many rows.
    fn count(&self, cache: &Connection) -> Result<usize> {
        let mut select = cache.prepare_cached(self.sql)?;
        let columns = select.column_count();
        let mut rows = select.query(params_from_iter(&self.values))?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                let _: Value = row.get(column)?;
            }
            count += 1;
        }
        Ok(count)
    }
}

impl Read {
    async fn count(&self, store: &Store) -> Result<usize> {
        Ok(match self {
            Self::List(query) => store.conversations(query.clone()).await?.items.len(),
            Self::Messages(id, place) => {
                store.messages(*id, *place, PAGE).await?.map_or(0, |read| read.page.items.len())
            }
            Self::Search(query) => store.search(query.clone()).await?.hits.len(),
        })
    }
}

/// The list: its top, a page deep down, its filters, and what is typed above it.
async fn lists(store: &Store) -> Result<Vec<Scenario>> {
    let all = || ListQuery { limit: PAGE, ..ListQuery::default() };
    let typed = |text: &str, expression: String, sql| Case {
        ours: Read::List(ListQuery { query: Some(text.to_owned()), ..all() }),
        sql,
        values: vec![Value::Text(expression)],
    };
    let by_name = |words: &[&str]| {
        let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"*")).collect();
        typed(&words.join(" "), quoted.join(" AND "), BY_NAME)
    };
    let by_digits = |digits: &str| typed(digits, format!("\"{digits}\""), BY_DIGITS);
    let top = Case { ours: Read::List(all()), sql: LIST, values: Vec::new() };
    let unread = Case {
        ours: Read::List(ListQuery { unread: Some(true), ..all() }),
        sql: LIST_UNREAD,
        values: Vec::new(),
    };
    let page = |name, cases| Scenario::new(name, BY_INDEX, PAGE_TARGET, cases);
    let filter = |name, cases| Scenario::new(name, BY_JOIN, SEARCH_TARGET, cases);
    Ok(vec![
        page("list, first page", vec![top]),
        page("list, a page by cursor", deep_pages(store).await?),
        page("list, unread only", vec![unread]),
        filter(
            "list, by first and last name",
            vec![
                by_name(&["maría", "gonzález"]),
                by_name(&["ana", "lópez"]),
                by_name(&["hugo", "sosa"]),
            ],
        ),
        filter(
            "list, by three letters of a name",
            vec![by_name(&["mar"]), by_name(&["gon"]), by_name(&["per"])],
        ),
        filter(
            "list, by four digits of a number",
            vec![by_digits("4321"), by_digits("0707"), by_digits("2468")],
        ),
        filter("list, by digits that all numbers have", vec![by_digits("54911")]),
    ])
}

/// Pages from the top of the list to its end.
async fn deep_pages(store: &Store) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut query = ListQuery { limit: 500, ..ListQuery::default() };
    loop {
        let page = store.conversations(query.clone()).await?;
        let (Some(last), Some(cursor)) = (page.items.last(), page.next_cursor) else {
            return Ok(cases);
        };
        query.cursor = Some(cursor);
        // Conversations without a message come last; their place cannot be read off the row.
        let Some(at) = last.last_message_at else {
            return Ok(cases);
        };
        cases.push(Case {
            ours: Read::List(ListQuery { limit: PAGE, ..query.clone() }),
            sql: LIST_AFTER,
            values: vec![at.as_millis().into(), last.id.0.into()],
        });
    }
}

/// Conversations all over the list, short and long, and the page before the newest.
async fn conversations(store: &Store, world: World, runs: usize) -> Result<Vec<Scenario>> {
    let regulars = (world.conversations / 100).max(1);
    let (mut newest, mut older) = (Vec::new(), Vec::new());
    for run in 0..i64::try_from(runs)? {
        let id = match run % 2 {
            0 => chance(run ^ 0x0e, regulars) + 1,
            _ => chance(run ^ 0x0f, world.conversations) + 1,
        };
        newest.push(Case {
            ours: Read::Messages(ConversationId(id), Place::Newest),
            sql: NEWEST,
            values: vec![id.into()],
        });
        // Every regular has more than a page; conversation 1 has hundreds of pages.
        let id = if run % 2 == 0 { 1 } else { id.min(regulars) };
        if let Some(first) = pages_back(store, id, run % 8).await? {
            older.push(Case {
                ours: Read::Messages(ConversationId(id), Place::Before(first.cursor.parse()?)),
                sql: OLDER,
                values: vec![id.into(), first.sent_at.as_millis().into(), first.id.0.into()],
            });
        }
    }
    let page = |name, cases| Scenario::new(name, BY_INDEX, PAGE_TARGET, cases);
    Ok(vec![page("conversation opened", newest), page("conversation, an older page", older)])
}

/// The oldest message of a page this far back, or of the last one there is.
async fn pages_back(store: &Store, id: i64, pages: i64) -> Result<Option<Message>> {
    let id = ConversationId(id);
    let mut first: Option<Message> = None;
    for _ in 0..=pages {
        let place = match &first {
            Some(first) => Place::Before(first.cursor.parse()?),
            None => Place::Newest,
        };
        let read = store.messages(id, place, PAGE).await?.context("no such")?;
        match read.page.items.into_iter().next() {
            Some(message) => first = Some(message),
            None => break,
        }
    }
    Ok(first)
}

fn searches() -> Vec<Scenario> {
    let case = |words: &[&str], conversation: Option<i64>| {
        let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"*")).collect();
        let content = format!("content : ({})", quoted.join(" AND "));
        let expression = match conversation {
            Some(id) => format!("scope : \"c{id}\" AND {content}"),
            None => content,
        };
        Case {
            ours: Read::Search(SearchQuery {
                text: words.join(" "),
                conversation: conversation.map(ConversationId),
                cursor: None,
                limit: PAGE,
            }),
            sql: SEARCH,
            values: vec![Value::Text(expression)],
        }
    };
    let search = |name, cases| Scenario::new(name, BY_MATCH, SEARCH_TARGET, cases);
    let phone = world::phone(2);
    let digits = phone.get(5..).unwrap_or_default();
    vec![
        search(
            "search, a common word",
            vec![case(&["hola"], None), case(&["gracias"], None), case(&["pedido"], None)],
        ),
        search("search, a rare word", vec![case(&[RARE_WORD], None)]),
        search("search, a word nobody wrote", vec![case(&["xilofón"], None)]),
        search(
            "search, two letters",
            vec![case(&["pr"], None), case(&["gr"], None), case(&["ca"], None)],
        ),
        search(
            "search, two common words",
            vec![case(&["hola", "precio"], None), case(&["gracias", "envio"], None)],
        ),
        search("search, a common and a rare word", vec![case(&["hola", RARE_WORD], None)]),
        search("search, eight digits", vec![case(&[digits], None)]),
        search(
            "search in the longest conversation",
            vec![case(&["hola"], Some(1)), case(&["turno"], Some(1))],
        ),
        search(
            "search in a short conversation",
            vec![case(&["hola"], Some(777)), case(&["turno"], Some(777))],
        ),
    ]
}

//! SQLite behind one thread of its own: statements run one after another, and the async side only
//! ever awaits. A change and the events it causes are committed together, and the events are handed
//! on from that thread, so that they leave in the order of their `seq`.

mod migrations;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior, functions::FunctionFlags};
use tokio::sync::oneshot;

use crate::config::DatabaseLocation;

/// Failure of a statement or of the thread that runs them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by a newer version.
    #[error("the database has schema {found}, this program knows {known}")]
    Newer {
        /// Version found in the file.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// The thread could not be started.
    #[error("cannot start the database thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The instance is shutting down, or a fault says the database is out of reach.
    #[error("the database is not reachable")]
    Unavailable,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Order {
    Run(Job),
    Stop,
}

/// The handle to the database thread.
pub(crate) struct Database {
    orders: mpsc::Sender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
    down: Arc<AtomicBool>,
}

impl Database {
    /// Opens or makes the database, brings its schema up to date and starts the thread.
    pub(crate) fn open(location: &DatabaseLocation) -> Result<Self, DatabaseError> {
        let mut connection = match location {
            DatabaseLocation::Memory => Connection::open_in_memory()?,
            DatabaseLocation::File(path) => open_file(path)?,
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch("PRAGMA foreign_keys = ON")?;
        add_fold(&connection)?;
        migrations::migrate(&mut connection)?;
        let (orders, inbox) = mpsc::channel::<Order>();
        let thread =
            std::thread::Builder::new().name("backend-database".to_owned()).spawn(move || {
                while let Ok(Order::Run(job)) = inbox.recv() {
                    job(&mut connection);
                }
            })?;
        Ok(Self {
            orders,
            thread: Mutex::new(Some(thread)),
            down: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Runs `work` on the database thread and waits for what it returns.
    pub(crate) async fn call<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        if self.down.load(Ordering::Acquire) {
            return Err(DatabaseError::Unavailable);
        }
        let (answer, reply) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // The caller may be gone (its connection was cut); the work is done all the same.
            let _ = answer.send(work(connection));
        });
        self.orders.send(Order::Run(job)).map_err(|_| DatabaseError::Unavailable)?;
        reply.await.map_err(|_| DatabaseError::Unavailable)?
    }

    /// Runs `work` in one transaction that is committed when it returns `Ok`.
    pub(crate) async fn change<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, DatabaseError> + Send + 'static,
    {
        self.call(move |connection| {
            let transaction = begin(connection)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Makes every later call fail, as when the database server is down (contract 10), or ends that.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Release);
    }

    /// Ends the thread after the work already asked for.
    pub(crate) async fn close(&self) {
        let _ = self.orders.send(Order::Stop);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// A transaction that holds the write lock from the start, so that it cannot fail half way.
pub(crate) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, rusqlite::Error> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn open_file(path: &Path) -> Result<Connection, DatabaseError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// `fold(text)`: what a collation that ignores case and accents would compare (contract 4.1, 4.3).
fn add_fold(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("fold", 1, flags, |context| {
        Ok(context.get::<Option<String>>(0)?.map(|text| fold(&text)))
    })
}

/// Lower case, with the accents of Spanish and Portuguese removed.
pub(crate) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn folding_ignores_case_and_accents() {
        assert_eq!(fold("ÑANDÚ Güemes Ação"), "nandu guemes acao");
    }

    #[tokio::test]
    async fn a_failed_change_leaves_nothing() {
        // given
        let database = Database::open(&DatabaseLocation::Memory).unwrap();
        // when
        let outcome = database
            .change(|rows| {
                rows.execute("INSERT INTO settings (name, value) VALUES ('a', 'b')", [])?;
                rows.execute("INSERT INTO nothing VALUES (1)", [])?;
                Ok(())
            })
            .await;
        // then
        assert!(outcome.is_err());
        let count: i64 = database
            .call(|rows| {
                Ok(rows.query_row("SELECT count(*) FROM settings WHERE name = 'a'", [], |row| {
                    row.get(0)
                })?)
            })
            .await
            .unwrap();
        assert_eq!(count, 0);
        database.close().await;
        assert!(matches!(database.call(|_| Ok(())).await, Err(DatabaseError::Unavailable)));
    }
}

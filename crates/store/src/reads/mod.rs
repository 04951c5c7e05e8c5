//! Reading. Each read sees one committed state of each file, the outbox's taken first: what leaves
//! the outbox has reached the cache before, so nothing disappears in between.

mod conversations;
mod dump;
mod export;
mod media;
mod messages;
mod place;
mod search;
mod terms;
mod view;
mod waiting;

pub use conversations::ListQuery;
pub(crate) use dump::snapshot;
pub use dump::{Draft, Dump, Sizes, StoredMessage};
pub use export::{ExportError, ExportedRows};
pub use messages::Messages;
pub use place::{Anchor, Place};
pub use search::SearchQuery;

use crate::connection;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::open::path;
use crate::schema::FileKind;
use rusqlite::{Connection, Transaction};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection to each file that cannot write.
#[derive(Debug)]
pub(crate) struct Reader {
    outbox: Connection,
    cache: Connection,
}

impl Reader {
    pub(crate) fn open(folder: &Path, key: &Key) -> Result<Self> {
        Ok(Self {
            outbox: connection::reader(&path(folder, FileKind::Outbox), key)?,
            cache: connection::reader(&path(folder, FileKind::Cache), key)?,
        })
    }

    /// Reads one state of each file.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Pinned<'_>) -> Result<T>) -> Result<T> {
        let outbox = pin(&self.outbox)?;
        let cache = pin(&self.cache)?;
        read(&Pinned { outbox: &outbox, cache: &cache })
    }
}

/// One state of each file; the outbox's is not newer than the cache's.
pub(crate) struct Pinned<'a> {
    pub(crate) outbox: &'a Connection,
    pub(crate) cache: &'a Connection,
}

/// A transaction takes its state with the first read, not when it begins.
fn pin(connection: &Connection) -> Result<Transaction<'_>> {
    let transaction = connection.unchecked_transaction()?;
    transaction.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1")?.exists([])?;
    Ok(transaction)
}

/// While it lives, nobody reads.
pub(crate) struct Pause(#[expect(dead_code, reason = "held, not used")] OwnedSemaphorePermit);

/// The readers, handed out one to each read.
#[derive(Clone)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Reader>>>,
    permits: Arc<Semaphore>,
    count: u32,
    damaged: Arc<AtomicBool>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Readers {
    pub(crate) fn new(readers: Vec<Reader>, damaged: Arc<AtomicBool>) -> Self {
        let count = readers.len();
        Self {
            idle: Arc::new(Mutex::new(readers)),
            permits: Arc::new(Semaphore::new(count)),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            damaged,
        }
    }

    /// Runs a read where it may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Pinned<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Closed)?;
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            let reader = this.lock().pop().ok_or(Error::Closed)?;
            let result = reader.read(read);
            if matches!(result, Err(Error::Damaged)) {
                this.damaged.store(true, Ordering::Relaxed);
            }
            this.lock().push(reader);
            drop(permit);
            result
        })
        .await
        .map_err(|_| Error::Closed)?
    }

    /// Waits for the reads under way and closes the connections, until [`Self::resume`].
    pub(crate) async fn pause(&self) -> Result<Pause> {
        let permits = Arc::clone(&self.permits).acquire_many_owned(self.count);
        let permits = permits.await.map_err(|_| Error::Closed)?;
        self.lock().clear();
        Ok(Pause(permits))
    }

    /// Opens the files again.
    pub(crate) async fn resume(&self, pause: Pause, folder: Arc<PathBuf>, key: Key) -> Result<()> {
        let count = self.count;
        let opened = tokio::task::spawn_blocking(move || {
            (0..count).map(|_| Reader::open(&folder, &key)).collect::<Result<Vec<_>>>()
        });
        let readers = opened.await.map_err(|_| Error::Closed)??;
        self.lock().extend(readers);
        drop(pause);
        Ok(())
    }

    /// Waits for the reads under way and closes the connections.
    pub(crate) async fn close(&self) {
        if let Ok(permits) = self.permits.acquire_many(self.count).await {
            self.permits.close();
            drop(permits);
            self.lock().clear();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queries behind a page, and the index each needs.
#[cfg(test)]
pub(crate) fn hot_queries() -> Vec<(&'static str, &'static str)> {
    vec![
        (conversations::ALL, "INDEX conversations_by_time"),
        (conversations::UNREAD, "INDEX conversations_unread"),
        (conversations::READ, "INDEX conversations_by_time"),
        (conversations::BOT, "INDEX conversations_by_bot"),
        (conversations::UNREAD_BOT, "INDEX conversations_"),
        (conversations::READ_BOT, "INDEX conversations_by_bot"),
        (conversations::WALK, "COVERING INDEX conversations_by_time"),
        (conversations::BY_ID, "INTEGER PRIMARY KEY"),
        (conversations::BY_NAME, "VIRTUAL TABLE INDEX 0:M"),
        (conversations::BY_DIGITS, "VIRTUAL TABLE INDEX 0:M"),
        (conversations::BY_TAG, "INDEX phone_tags_by_tag"),
        (waiting::WAITING, "COVERING INDEX conversations_waiting"),
        (messages::CACHED_DOWN, "INDEX messages_by_time"),
        (messages::CACHED_UP, "INDEX messages_by_time"),
        (messages::CACHED_AT, "INDEX messages_by_time"),
        (messages::BY_EITHER_ID, "INDEX messages_by_local"),
        (view::NEWEST, "INDEX messages_by_time"),
        (view::FIRST_AFTER, "INDEX messages_by_time"),
        (view::MUTED, "INTEGER PRIMARY KEY"),
        (view::BY_LOCAL, "INDEX messages_by_local"),
        (view::TAGS, "PRIMARY KEY"),
        (view::OUTBOX_DOWN, "INDEX outbox_by_phone"),
        (view::OUTBOX_UP, "INDEX outbox_by_phone"),
        (search::SEARCH, "VIRTUAL TABLE INDEX"),
    ]
}

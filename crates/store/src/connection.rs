//! Unlocked connections with the settings of their file.

use crate::error::Result;
use crate::key::Key;
use crate::schema::FileKind;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Statements kept prepared on a connection; more than the store has.
const PREPARED: usize = 96;

/// How long a checkpoint waits for readers, and a reader for a recovery.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection that reads and writes; the file is made when it is missing.
pub(crate) fn writer(path: &Path, key: &Key, kind: FileKind) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = unlocked(path, key, flags)?;
    // On macOS only F_FULLFSYNC reaches the disk; elsewhere both settings mean nothing.
    connection.execute_batch(match kind {
        FileKind::Outbox => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON; PRAGMA cache_size = -2000;"
        }
        FileKind::Cache => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA checkpoint_fullfsync = ON; PRAGMA cache_size = -16000;"
        }
        // What is thrown out gives its room back; that must be said before there is a table.
        FileKind::Media => {
            "PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA cache_size = -4000;"
        }
    })?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn reader(path: &Path, key: &Key) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = unlocked(path, key, flags)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8000;")?;
    Ok(connection)
}

fn unlocked(path: &Path, key: &Key, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    // It would print to standard error by itself; its errors come back as results.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&key.pragma())?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    // Sorting and temporary tables must not reach the disk unencrypted.
    connection.execute_batch("PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

//! The ways in which the store fails.

use condorito_model::record::StoreFault;
use rusqlite::ErrorCode as Sqlite;
use std::path::PathBuf;

/// An answer of the store, or why there is none.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process holds the folder.
    #[error("another process holds the folder")]
    Busy,
    /// The files exist, but were written with another key. Nothing was touched.
    #[error("the files were written with another key")]
    WrongKey,
    /// A file was written by a newer version. Nothing was touched.
    #[error("{0} was written by a newer version")]
    Newer(PathBuf),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// A file is damaged; opening the store again checks and repairs.
    #[error("a file is damaged")]
    Damaged,
    /// A cursor or an id that names no place.
    #[error("no such place")]
    NoPlace,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The folder cannot be used.
    #[error("the folder cannot be used")]
    Folder(#[from] std::io::Error),
    /// Anything else that SQLite reports.
    #[error("the database failed")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match fault(&error) {
            StoreFault::Full => Self::Full,
            StoreFault::Damaged => Self::Damaged,
            StoreFault::Io => Self::Database(error),
        }
    }
}

impl From<StoreFault> for Error {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Full => Self::Full,
            StoreFault::Damaged => Self::Damaged,
            StoreFault::Io => {
                Self::Folder(std::io::Error::other("the database could not be written"))
            }
        }
    }
}

/// What a batch is told of a database error.
///
/// SQLCipher reports a page that it cannot decrypt as damage, as a general error or as a lack of
/// memory, depending on who asked for the page; the last two for as long as the connection lives.
/// Statements of ours have no general errors of their own once they run. Should one of these mean
/// what it says, the check at the next start finds nothing and costs a moment.
pub(crate) fn fault(error: &rusqlite::Error) -> StoreFault {
    match error.sqlite_error() {
        Some(found) => match found.code {
            Sqlite::DiskFull => StoreFault::Full,
            Sqlite::DatabaseCorrupt | Sqlite::NotADatabase | Sqlite::OutOfMemory => {
                StoreFault::Damaged
            }
            Sqlite::Unknown if found.extended_code == rusqlite::ffi::SQLITE_ERROR => {
                StoreFault::Damaged
            }
            _ => StoreFault::Io,
        },
        None => StoreFault::Io,
    }
}

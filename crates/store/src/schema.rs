//! Versions of the two files. Migrations only go forward, all of a file's in one transaction.

use crate::error::{Error, Result};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

/// One of an account's two files, by what its loss would mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// What exists nowhere else.
    Outbox,
    /// What the server can tell again.
    Cache,
}

const OUTBOX: &[M<'static>] = &[M::up(include_str!("../schema/outbox_v1.sql"))];
const CACHE: &[M<'static>] = &[M::up(include_str!("../schema/cache_v1.sql"))];

impl FileKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox.db",
            Self::Cache => "cache.db",
        }
    }

    const fn steps(self) -> &'static [M<'static>] {
        match self {
            Self::Outbox => OUTBOX,
            Self::Cache => CACHE,
        }
    }

    /// The version that this program writes.
    pub(crate) const fn version(self) -> usize {
        self.steps().len()
    }

    /// Brings a file to [`FileKind::version`], or leaves it as it was.
    pub(crate) fn migrate(self, connection: &mut Connection) -> Result<()> {
        match Migrations::from_slice(self.steps()).to_latest(connection) {
            Ok(()) => Ok(()),
            Err(rusqlite_migration::Error::RusqliteError { err, .. }) => Err(err.into()),
            Err(rusqlite_migration::Error::MigrationDefinition(_)) => {
                Err(Error::Newer(self.name().into()))
            }
            Err(other) => Err(Error::Folder(std::io::Error::other(other.to_string()))),
        }
    }
}

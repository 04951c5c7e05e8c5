//! Versions of the files. Migrations only go forward, all of a file's in one transaction.

use crate::error::{Error, Result};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

/// One of an account's files, by what its loss would mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// What exists nowhere else.
    Outbox,
    /// What the server can tell again.
    Cache,
    /// Files of messages, as far as there is room.
    Media,
}

const OUTBOX: &[&str] =
    &[include_str!("../schema/outbox_v1.sql"), include_str!("../schema/outbox_v2.sql")];
const CACHE: &[&str] =
    &[include_str!("../schema/cache_v1.sql"), include_str!("../schema/cache_v2.sql")];

const MEDIA: &[&str] = &[include_str!("../schema/media_v1.sql")];

impl FileKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox.db",
            Self::Cache => "cache.db",
            Self::Media => "media.db",
        }
    }

    const fn steps(self) -> &'static [&'static str] {
        match self {
            Self::Outbox => OUTBOX,
            Self::Cache => CACHE,
            Self::Media => MEDIA,
        }
    }

    /// The version that this program writes.
    pub(crate) const fn version(self) -> usize {
        self.steps().len()
    }

    /// Makes everything that a new file has, within a transaction of the caller's.
    pub(crate) fn make(self, transaction: &Connection) -> rusqlite::Result<()> {
        for step in self.steps() {
            transaction.execute_batch(step)?;
        }
        let version = i64::try_from(self.version()).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", version)
    }

    /// Brings a file to [`FileKind::version`], or leaves it as it was.
    pub(crate) fn migrate(self, connection: &mut Connection) -> Result<()> {
        let steps: Vec<M<'_>> = self.steps().iter().copied().map(M::up).collect();
        match Migrations::from_slice(&steps).to_latest(connection) {
            Ok(()) => Ok(()),
            Err(rusqlite_migration::Error::RusqliteError { err, .. }) => Err(err.into()),
            Err(rusqlite_migration::Error::MigrationDefinition(_)) => {
                Err(Error::Newer(self.name().into()))
            }
            Err(other) => Err(Error::Folder(std::io::Error::other(other.to_string()))),
        }
    }
}

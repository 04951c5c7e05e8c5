//! Opening an account's folder.

use crate::apply::Files;
use crate::connection;
use crate::error::{Error, Result};
use crate::failpoint::Failpoints;
use crate::key::Key;
use crate::lock::{End, FolderLock};
use crate::reads::{Reader, snapshot};
use crate::recovery::{self, Check, State};
use crate::schema::FileKind;
use crate::writer::OnChange;
use condorito_model::record::Snapshot;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Is told that the cache is damaged.
pub type OnDamage = Arc<dyn Fn() + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Is told what each commit changed, on the writer's thread; must return soon.
    pub on_change: Option<OnChange>,
    /// Where it is given, a large cache is checked after an unclean end while it is in use, and this
    /// is called, on a thread of its own, when it turns out to be damaged: then
    /// [`crate::Store::rebuild_cache`] is to be called. Else the check comes first.
    pub on_damage: Option<OnDamage>,
    /// Reads that may run at the same time.
    pub readers: usize,
    /// After an unclean end, files of up to so many bytes are checked by their structure, larger
    /// ones by the authentication of each page: with a million messages the structure takes nine
    /// seconds.
    pub structure_check_up_to: u64,
    /// The greatest size of each file in pages of 4 KiB; beyond it the disk counts as full.
    pub max_pages: Option<u32>,
    /// For tests.
    pub failpoints: Failpoints,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            on_change: None,
            on_damage: None,
            readers: 3,
            structure_check_up_to: 64 << 20,
            max_pages: None,
            failpoints: Failpoints::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("on_change", &self.on_change.is_some())
            .field("on_damage", &self.on_damage.is_some())
            .field("readers", &self.readers)
            .field("structure_check_up_to", &self.structure_check_up_to)
            .field("max_pages", &self.max_pages)
            .field("failpoints", &self.failpoints)
            .finish()
    }
}

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// Whether the last use ended properly. If not, both files were read through, or the cache is
    /// being read through.
    pub clean: bool,
    /// Whether the cache is still being checked.
    pub cache_unchecked: bool,
    /// Whether the cache was damaged and is new now: everything is to be fetched again.
    pub cache_rebuilt: bool,
    /// Whether the outbox was damaged: what could be read of it was kept.
    pub outbox_salvaged: bool,
    /// The damaged files, under the names they now have.
    pub set_aside: Vec<PathBuf>,
}

/// What an open store consists of.
pub(crate) struct Opened {
    pub(crate) lock: FolderLock,
    pub(crate) files: Files,
    pub(crate) readers: Vec<Reader>,
    pub(crate) snapshot: Snapshot,
    pub(crate) report: OpenReport,
}

/// What one attempt at opening yields.
struct Attempt {
    files: Files,
    readers: Vec<Reader>,
    snapshot: Snapshot,
    report: OpenReport,
}

pub(crate) fn open(folder: &Path, key: &Key, options: &Options) -> Result<Opened> {
    let lock = FolderLock::take(folder)?;
    recovery::resume_salvage(folder)?;
    let end = lock.last_end();
    let check = match end {
        End::Clean => Check::Opens,
        End::Unclean => Check::Pages { structure_up_to: options.structure_check_up_to },
        End::Damaged => Check::Structure,
    };
    let attempt = match attempt(&lock, key, options, check) {
        // Opening reads enough to meet damage that the check left out.
        Err(Error::Damaged) if check != Check::Structure => {
            attempt(&lock, key, options, Check::Structure)
        }
        other => other,
    };
    let Attempt { files, readers, snapshot, mut report } = attempt?;
    report.clean = end == End::Clean;
    Ok(Opened { lock, files, readers, snapshot, report })
}

fn attempt(lock: &FolderLock, key: &Key, options: &Options, check: Check) -> Result<Attempt> {
    let folder = lock.folder();
    let mut report = OpenReport::default();
    let later = options.on_damage.is_some()
        && match check {
            Check::Pages { structure_up_to } => size(folder, FileKind::Cache) > structure_up_to,
            Check::Opens | Check::Structure => false,
        };
    let examine = |kind, check| recovery::examine(&path(folder, kind), key, kind, check);
    let outbox = examine(FileKind::Outbox, check)?;
    let cache = examine(FileKind::Cache, if later { Check::Opens } else { check })?;
    report.cache_unchecked = later && cache == State::Sound;
    if another_key(outbox, cache) {
        return Err(Error::WrongKey);
    }
    lock.mark()?;
    if matches!(outbox, State::Unreadable | State::Damaged) {
        let aside = recovery::salvage_outbox(folder, key, &options.failpoints)?;
        report.outbox_salvaged = true;
        report.set_aside.push(aside);
    }
    if matches!(cache, State::Unreadable | State::Damaged) {
        report.set_aside.push(recovery::set_aside(folder, FileKind::Cache)?);
        report.cache_rebuilt = true;
    }
    let files = Files {
        outbox: prepare(folder, key, FileKind::Outbox, options)?,
        cache: prepare(folder, key, FileKind::Cache, options)?,
        failpoints: options.failpoints.clone(),
    };
    let readers = (0..options.readers.max(1))
        .map(|_| Reader::open(folder, key))
        .collect::<Result<Vec<_>>>()?;
    let snapshot = snapshot(&files.outbox, &files.cache)?;
    Ok(Attempt { files, readers, snapshot, report })
}

/// One file may have lost its first page; that none opens means another key.
fn another_key(outbox: State, cache: State) -> bool {
    matches!(
        (outbox, cache),
        (State::Unreadable, State::Unreadable | State::Missing)
            | (State::Missing, State::Unreadable)
    )
}

fn size(folder: &Path, kind: FileKind) -> u64 {
    std::fs::metadata(path(folder, kind)).map_or(0, |meta| meta.len())
}

pub(crate) fn prepare(
    folder: &Path,
    key: &Key,
    kind: FileKind,
    options: &Options,
) -> Result<rusqlite::Connection> {
    let mut connection = connection::writer(&path(folder, kind), key, kind)?;
    kind.migrate(&mut connection)?;
    if let Some(pages) = options.max_pages {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(connection)
}

pub(crate) fn path(folder: &Path, kind: FileKind) -> PathBuf {
    folder.join(kind.name())
}

/// Moves the files out of the way, for an account whose key is lost: what the server has can be
/// fetched again, what it has not stays where nothing deletes it. The media file is removed.
///
/// # Errors
/// [`Error::Busy`] while the folder is in use; [`Error::Folder`] when it cannot be changed.
pub fn set_aside(folder: &Path) -> Result<Vec<PathBuf>> {
    let lock = FolderLock::take(folder)?;
    let mut moved = Vec::new();
    for kind in [FileKind::Outbox, FileKind::Cache] {
        if path(folder, kind).exists() {
            moved.push(recovery::set_aside(lock.folder(), kind)?);
        }
    }
    // Nothing of it is lost that the server still has, and it may be large.
    crate::media::remove(lock.folder())?;
    lock.unmark()?;
    Ok(moved)
}

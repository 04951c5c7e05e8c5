//! The folder's lock, and the mark that tells an unclean end.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

const LOCK: &str = "lock";
const MARK: &str = "in-use";
const DAMAGED: &[u8] = b"damaged";

/// How often, and after what pause, a folder in use is tried.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// How the last use of a folder ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All was closed, or there was none.
    Clean,
    /// The process was killed, or the power failed.
    Unclean,
    /// A file was found damaged.
    Damaged,
}

/// A folder that this process alone may use, until it is dropped. The operating system lets go of
/// it when the process ends, however that happens; a pid file would outlive a crash.
#[derive(Debug)]
pub(crate) struct FolderLock {
    folder: PathBuf,
    _file: File,
}

impl FolderLock {
    /// Makes the folder where it is missing, and takes it.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        create_private(folder)?;
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
        for patience in (0..TRIES).rev() {
            match file.try_lock() {
                Ok(()) => return Ok(Self { folder: folder.to_owned(), _file: file }),
                // A process that this one has just forked holds a copy of a lock let go of, until
                // it becomes another program.
                Err(TryLockError::WouldBlock) if patience > 0 => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How the last use ended.
    pub(crate) fn last_end(&self) -> End {
        match fs::read(self.folder.join(MARK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => End::Clean,
            Ok(text) if text == DAMAGED => End::Damaged,
            _ => End::Unclean,
        }
    }

    /// Notes that the files are in use; survives a power cut.
    pub(crate) fn mark(&self) -> io::Result<()> {
        File::create(self.folder.join(MARK))?.sync_all()?;
        sync_folder(&self.folder)
    }

    /// Notes that damage was met: the next start looks closely.
    pub(crate) fn mark_damaged(&self) -> io::Result<()> {
        fs::write(self.folder.join(MARK), DAMAGED)
    }

    /// Notes that the files were closed properly.
    pub(crate) fn unmark(&self) -> io::Result<()> {
        match fs::remove_file(self.folder.join(MARK)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Makes renames and new files in `folder` durable, where the system has a way to.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

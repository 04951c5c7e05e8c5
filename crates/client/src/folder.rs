//! The data folder: who holds it, what lies where, and `app.json`.

use crate::secrets::{UNFINISHED, replace_file};
use crate::settings::MachineSettings;
use condorito_store::Key;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// Another process holds it.
    #[error("another process holds the data folder")]
    Busy,
    /// It cannot be made, read or written.
    #[error("the data folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// The data folder, held by an advisory lock of the system until this is dropped: a pid file would
/// outlive a crash.
#[derive(Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
    _lock: File,
}

/// What must be known before sign-in. No secret and no data of customers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AppFile {
    /// The last backend, as it was given.
    pub backend: Option<String>,
    /// The last account's code.
    pub client_code: Option<String>,
    /// Whether the last account is signed in, or was until its session ended.
    pub signed_in: bool,
    /// The settings of this machine.
    pub settings: MachineSettings,
}

impl DataFolder {
    /// Makes the folder where it is missing, and takes it.
    ///
    /// # Errors
    /// [`FolderFault::Busy`] when another process has it.
    pub(crate) fn take(root: &Path) -> Result<Self, FolderFault> {
        make_private(root)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {
                // What a kill left half written may hold secrets.
                if let Err(error) = remove_unfinished(root) {
                    tracing::warn!(%error, "half-written files could not be removed");
                }
                Ok(Self { root: root.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(FolderFault::Busy),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `app.json`; a damaged one is the same as none, for all of it can be typed again.
    pub(crate) fn app_file(&self) -> AppFile {
        let Ok(bytes) = fs::read(self.root.join("app.json")) else {
            return AppFile::default();
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            tracing::warn!("app.json is damaged and is written anew");
            AppFile::default()
        })
    }

    pub(crate) fn write_app_file(&self, content: &AppFile) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(content).map_err(io::Error::other)?;
        replace_file(&self.root.join("app.json"), &json)
    }

    /// The folder of an account.
    pub(crate) fn account(&self, name: &str) -> PathBuf {
        self.root.join("accounts").join(name)
    }

    /// Whether an account has files here.
    pub(crate) fn has_account(&self, name: &str) -> bool {
        let folder = self.account(name);
        ["outbox.db", "cache.db"].iter().any(|file| folder.join(file).exists())
    }

    /// Removes everything of an account.
    pub(crate) fn remove_account(&self, name: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.account(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Leaves no trace of there having been accounts, unless there are others.
        match fs::remove_dir(self.root.join("accounts")) {
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl DataFolder {
    /// Where copies in clear lie that other programs were handed.
    pub(crate) fn opened(&self) -> PathBuf {
        self.root.join("opened")
    }

    /// Removes those copies.
    pub(crate) fn remove_opened(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.opened()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Folders of sessions that are not kept begin with this.
const PASSING: &str = "session-";

impl DataFolder {
    /// A folder and a key for a session that is not kept: both are gone when it ends.
    pub(crate) fn passing(&self) -> io::Result<(Key, PathBuf)> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("{PASSING}{}", uuid::Uuid::new_v4().simple());
        Ok((Key::new(*bytes), self.account(&name)))
    }

    /// Whether a folder is one of those.
    pub(crate) fn is_passing(&self, folder: &Path) -> bool {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PASSING))
    }

    /// Removes what sessions that are not kept have left behind, also those that crashed.
    pub(crate) fn remove_passing(&self) -> io::Result<()> {
        let accounts = match fs::read_dir(self.root.join("accounts")) {
            Ok(accounts) => accounts,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for folder in accounts {
            let folder = folder?.path();
            if self.is_passing(&folder) {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(())
    }
}

/// The name of an account's folder and secrets: says neither backend nor code.
pub(crate) fn account_name(backend: &str, client_code: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(backend.as_bytes());
    hash.update([0]);
    hash.update(client_code.as_bytes());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Removes files of the folder that were being written when the app was killed.
fn remove_unfinished(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{AppFile, DataFolder, FolderFault, account_name};

    #[test]
    fn one_process_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let held = DataFolder::take(root.path()).unwrap();
        assert!(matches!(DataFolder::take(root.path()), Err(FolderFault::Busy)));
        drop(held);
        assert!(DataFolder::take(root.path()).is_ok());
    }

    #[test]
    fn what_a_kill_left_half_written_goes_at_the_next_start() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::take(root.path()).unwrap();
        folder.write_app_file(&AppFile::default()).unwrap();
        let half = crate::secrets::begin_file(root.path()).unwrap().keep().unwrap().1;
        drop(folder);
        let _folder = DataFolder::take(root.path()).unwrap();
        assert!(!half.exists());
        assert!(root.path().join("app.json").exists());
    }

    #[test]
    fn the_app_file_comes_back_and_a_damaged_one_is_none() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::take(root.path()).unwrap();
        assert_eq!(folder.app_file(), AppFile::default());
        let content = AppFile { backend: Some("https://crm.example".into()), ..AppFile::default() };
        folder.write_app_file(&content).unwrap();
        assert_eq!(folder.app_file(), content);
        std::fs::write(root.path().join("app.json"), "{\"backend\":").unwrap();
        assert_eq!(folder.app_file(), AppFile::default());
    }

    #[test]
    fn accounts_do_not_meet() {
        let names = [
            account_name("https://a", "X"),
            account_name("https://a", "x"),
            account_name("https://b", "X"),
            account_name("https://aX", ""),
        ];
        for (at, name) in names.iter().enumerate() {
            assert_eq!(name.len(), 32);
            assert_eq!(names.iter().position(|other| other == name), Some(at));
        }
    }
}

//! `secrets.json`: replaced as a whole, so a crash leaves the old one or the new one.

use super::{Place, SecretFault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretSlice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::NamedTempFile;
use zeroize::{Zeroize, Zeroizing};

pub(super) struct SecretsFile {
    folder: PathBuf,
    /// Held while the file is read and replaced.
    turn: Mutex<()>,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    /// Base64 by name.
    secrets: BTreeMap<String, String>,
}

impl Drop for Content {
    fn drop(&mut self) {
        for secret in self.secrets.values_mut() {
            secret.zeroize();
        }
    }
}

impl SecretsFile {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), turn: Mutex::new(()) }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("secrets.json")
    }

    fn read(&self) -> Result<Content, SecretFault> {
        match std::fs::read(self.path()).map(Zeroizing::new) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| SecretFault::File),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Content::default()),
            Err(_) => Err(SecretFault::File),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Content)) -> Result<(), SecretFault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut content = self.read()?;
        change(&mut content);
        if content.secrets.is_empty() {
            return match std::fs::remove_file(self.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(SecretFault::File),
                _ => Ok(()),
            };
        }
        let json =
            Zeroizing::new(serde_json::to_vec_pretty(&content).map_err(|_| SecretFault::File)?);
        replace(&self.path(), &json).map_err(|error| {
            tracing::error!(kind = ?error.kind(), "the file of secrets could not be written");
            SecretFault::File
        })
    }
}

/// Files that are being written are called so until they are whole.
pub(crate) const UNFINISHED: &str = ".unfinished-";

/// A file to be put in place of another in `folder`, made 0600 where there are such modes.
pub(crate) fn begin(folder: &Path) -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)
}

/// Puts a file in place of another at once; it can be read by its owner only.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = begin(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl Place for SecretsFile {
    fn get(&self, name: &str) -> Result<Option<SecretSlice<u8>>, SecretFault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let content = self.read()?;
        match content.secrets.get(name) {
            Some(text) => {
                let bytes = STANDARD.decode(text).map_err(|_| SecretFault::File)?;
                Ok(Some(SecretSlice::from(bytes)))
            }
            None => Ok(None),
        }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretFault> {
        self.change(|content| {
            content.secrets.insert(name.to_owned(), STANDARD.encode(secret));
        })
    }

    fn delete(&self, name: &str) -> Result<(), SecretFault> {
        if self.get(name)?.is_none() {
            return Ok(());
        }
        self.change(|content| {
            content.secrets.remove(name);
        })
    }
}

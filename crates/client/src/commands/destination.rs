//! Files that a command writes outside the app's own folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use condorito_model::ErrorCode;
use tempfile::NamedTempFile;

use crate::fault;

/// Where the operator wants a file, as the platform's dialog names it.
#[derive(Debug)]
pub(super) struct Destination {
    path: PathBuf,
    folder: PathBuf,
}

impl Destination {
    /// Only a whole path says where: what a relative one is relative to, the operator cannot see.
    ///
    /// # Errors
    /// [`ErrorCode::FileUnwritable`] for a relative path and for a folder.
    pub(super) fn new(text: &str) -> Result<Self, ErrorCode> {
        let path = Path::new(text);
        match path.parent() {
            Some(folder) if path.is_absolute() && !path.is_dir() => {
                Ok(Self { path: path.to_owned(), folder: folder.to_owned() })
            }
            _ => Err(ErrorCode::FileUnwritable),
        }
    }

    /// Whether a device or a pipe is there, which is written into and never replaced.
    fn is_special(&self) -> bool {
        self.path.exists() && !self.path.is_file()
    }

    /// A file beside it, under another name until it is whole; dropped before that, it is gone.
    pub(super) fn begin(&self) -> std::io::Result<NamedTempFile> {
        if self.is_special() {
            return Err(std::io::ErrorKind::AlreadyExists.into());
        }
        tempfile::Builder::new().prefix(".condorito-").tempfile_in(&self.folder)
    }

    /// Puts the whole file in its place.
    pub(super) fn finish(&self, file: NamedTempFile) -> std::io::Result<()> {
        file.as_file().sync_all()?;
        file.persist(&self.path).map(drop).map_err(|error| error.error)
    }

    /// Writes all of it: either the whole file is there afterwards, or what was there before.
    ///
    /// # Errors
    /// Codes of files.
    pub(super) async fn write(self, bytes: Vec<u8>) -> Result<(), ErrorCode> {
        let write = move || {
            if self.is_special() {
                return std::fs::write(&self.path, &bytes);
            }
            let mut file = self.begin()?;
            file.write_all(&bytes)?;
            self.finish(file)
        };
        let written = tokio::task::spawn_blocking(write).await.map_err(|_| ErrorCode::Internal)?;
        written.map_err(|error| fault::of_file(&error))
    }
}

//! The demonstration inside another program: a backend whose company has a past and whose contacts
//! go on writing.

use crate::config::{Config, DatabaseLocation, Demo, Whatsapp};
use crate::{Backend, BackendHandle, Error};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// The demonstration company's code.
pub const CLIENT_CODE: &str = "DEMO";
/// Its password; no secret, for it guards nothing.
pub const PASSWORD: &str = "demo1234";

/// When a QR code on show is scanned by itself: there is no phone to do it.
const SCAN: Duration = Duration::from_secs(8);

/// At most one backend, with its rows in a folder of its own. Clones are the same one.
#[derive(Clone)]
pub struct Embedded {
    folder: PathBuf,
    running: Arc<Mutex<Option<BackendHandle>>>,
}

impl Embedded {
    /// One that keeps its rows in `folder`, not yet started.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, running: Arc::default() }
    }

    /// Starts it where it does not run yet; answers its address.
    ///
    /// # Errors
    /// When the folder cannot be written, or the backend does not start.
    pub async fn start(&self) -> Result<String, Error> {
        let mut running = self.running.lock().await;
        if let Some(backend) = &*running {
            return Ok(backend.url());
        }
        tokio::fs::create_dir_all(&self.folder).await?;
        let backend = Backend::start(Config {
            database: DatabaseLocation::File(self.folder.join("backend.db")),
            uploads: Some(self.folder.join("uploads")),
            demo: Some(Demo::default()),
            whatsapp: Whatsapp { scan_after: Some(SCAN), ..Whatsapp::default() },
            ..Config::default()
        })
        .await?;
        Ok(running.insert(backend).url())
    }

    /// Stops it, if it runs.
    pub async fn stop(&self) {
        if let Some(backend) = self.running.lock().await.take() {
            backend.shutdown().await;
        }
    }
}

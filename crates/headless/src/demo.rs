//! The embedded backend in this process, started when somebody signs in to it.

use condorito_backend::{
    Backend, BackendHandle, Config, DatabaseLocation, Demo as DemoConfig, Whatsapp,
};
use condorito_client::DemoStarter;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// When a QR code on show is scanned by itself: there is no phone to do it.
const SCAN: Duration = Duration::from_secs(8);

/// At most one of them. Its rows stay in the data folder.
pub(crate) struct Demo {
    folder: PathBuf,
    running: Arc<Mutex<Option<BackendHandle>>>,
}

impl Demo {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, running: Arc::default() }
    }

    pub(crate) fn starter(&self) -> DemoStarter {
        let folder = self.folder.clone();
        let running = Arc::clone(&self.running);
        Arc::new(move || {
            let folder = folder.clone();
            let running = Arc::clone(&running);
            Box::pin(async move {
                std::fs::create_dir_all(&folder)?;
                let backend = Backend::start(Config {
                    database: DatabaseLocation::File(folder.join("backend.db")),
                    uploads: Some(folder.join("uploads")),
                    demo: Some(DemoConfig::default()),
                    whatsapp: Whatsapp { scan_after: Some(SCAN), ..Whatsapp::default() },
                    ..Config::default()
                })
                .await?;
                let url = backend.url();
                *running.lock().await = Some(backend);
                Ok(url)
            })
        })
    }

    pub(crate) async fn stop(&self) {
        if let Some(backend) = self.running.lock().await.take() {
            backend.shutdown().await;
        }
    }
}

//! The embedded backend in this process, started when somebody signs in to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use condorito_backend::{Backend, BackendHandle, Config, DatabaseLocation, Whatsapp};
use condorito_client::DemoStarter;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// When a QR code on show is scanned by itself: the demo has no phone to do it.
const SCAN: Duration = Duration::from_secs(8);

/// The name under which the client knows this backend.
pub const ADDRESS: &str = "demo";

/// How the embedded backend's demonstration company signs in. It ends with the app: a demo is
/// looked at, not kept.
pub fn credentials() -> Value {
    json!({ "backend": ADDRESS, "clientCode": "DEMO", "password": "demo1234", "remember": false })
}

/// At most one backend, with its rows in a folder of its own.
pub struct Demo {
    folder: PathBuf,
    running: Arc<Mutex<Option<BackendHandle>>>,
}

impl Demo {
    /// A demo that keeps its rows in `folder`, not yet started.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, running: Arc::default() }
    }

    /// What starts it when the client asks for the address of `demo`.
    pub fn starter(&self) -> DemoStarter {
        let (folder, running) = (self.folder.clone(), Arc::clone(&self.running));
        Arc::new(move || {
            let (folder, running) = (folder.clone(), Arc::clone(&running));
            Box::pin(async move {
                tokio::fs::create_dir_all(&folder).await?;
                let backend = Backend::start(Config {
                    database: DatabaseLocation::File(folder.join("backend.db")),
                    uploads: Some(folder.join("uploads")),
                    demo: Some(condorito_backend::Demo::default()),
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

    /// Stops it, if it runs.
    pub async fn stop(&self) {
        if let Some(backend) = self.running.lock().await.take() {
            backend.shutdown().await;
        }
    }
}

//! The embedded backend in this process, started when somebody signs in to it.

use std::path::PathBuf;
use std::sync::Arc;

use condorito_backend::demo::{CLIENT_CODE, Embedded, PASSWORD};
use condorito_client::DemoStarter;
use serde_json::{Value, json};

/// The name under which the client knows this backend.
pub const ADDRESS: &str = "demo";

/// How the embedded backend's demonstration company signs in. It ends with the app: a demo is
/// looked at, not kept.
pub fn credentials() -> Value {
    json!({
        "backend": ADDRESS, "clientCode": CLIENT_CODE, "password": PASSWORD, "remember": false
    })
}

/// At most one backend, with its rows in a folder of its own.
pub struct Demo(Embedded);

impl Demo {
    /// A demo that keeps its rows in `folder`, not yet started.
    pub fn new(folder: PathBuf) -> Self {
        Self(Embedded::new(folder))
    }

    /// What starts it when the client asks for the address of `demo`.
    pub fn starter(&self) -> DemoStarter {
        let demo = self.0.clone();
        Arc::new(move || {
            let demo = demo.clone();
            Box::pin(async move { Ok(demo.start().await?) })
        })
    }

    /// Stops it, if it runs.
    pub async fn stop(&self) {
        self.0.stop().await;
    }
}

//! The embedded backend in this process, started when somebody signs in to it.

use condorito_backend::demo::Embedded;
use condorito_client::DemoStarter;
use std::sync::Arc;

/// What starts it when the client asks for the address of `demo`.
pub(crate) fn starter(demo: &Embedded) -> DemoStarter {
    let demo = demo.clone();
    Arc::new(move || {
        let demo = demo.clone();
        Box::pin(async move { Ok(demo.start().await?) })
    })
}

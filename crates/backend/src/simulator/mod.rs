//! The people on the other side.

pub(crate) mod bulk;
pub(crate) mod demo;
mod gallery;
mod media;
mod people;
pub(crate) mod phone;
mod phrases;
pub(crate) mod traffic;

use tokio::sync::broadcast;

use crate::events::TenantKey;

/// A contact's phone got a message of the tenant.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) tenant: TenantKey,
    /// The raw WhatsApp user.
    pub(crate) user: String,
}

/// Tells the simulated contacts what reached their phones.
#[derive(Debug, Clone)]
pub(crate) struct Hearing(broadcast::Sender<Heard>);

impl Hearing {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(1024).0)
    }

    pub(crate) fn tell(&self, heard: Heard) {
        // Nobody listens when no demo runs.
        let _ = self.0.send(heard);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Heard> {
        self.0.subscribe()
    }
}

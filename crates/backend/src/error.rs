//! What can stop the backend from starting or an order from being carried out.

use std::net::SocketAddr;

/// Failure of a call on the library's surface.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is taken or may not be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The base path is neither empty nor of the form `/one/two`.
    #[error("the base path must be empty or start with '/' and not end with it: {0:?}")]
    BasePath(String),
    /// SQLite refused.
    #[error("database: {0}")]
    Database(#[from] crate::database::DatabaseError),
    /// A folder or file could not be made.
    #[error("files: {0}")]
    Files(#[from] std::io::Error),
    /// A password could not be hashed, or the system gave no randomness.
    #[error("secrets: {0}")]
    Secrets(String),
    /// No tenant has this code.
    #[error("no tenant has the code {0:?}")]
    UnknownTenant(String),
    /// A picture, such as a QR code, could not be drawn.
    #[error("picture: {0}")]
    Picture(String),
    /// A reply could not be written as JSON.
    #[error("reply: {0}")]
    Reply(String),
}

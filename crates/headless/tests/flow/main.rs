//! The built program against the double of the existing backend and against the embedded one.
//!
//! Needs Node and `npm ci` in `tests/conformance-server`. Every test has a server, a data folder
//! and processes of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod canary;
mod catchup;
#[cfg(target_os = "linux")]
mod clock;
mod embedded;
mod ids;
#[cfg(target_os = "linux")]
mod keyring;
mod listing;
mod media;
mod messages;
mod protocol;
mod sending;
mod session;
mod settings;
mod storage;
mod support;
mod unclear;
mod wake;

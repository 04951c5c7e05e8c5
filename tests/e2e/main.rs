//! The built app on a desktop of its own, against a backend in another process.

#![cfg(target_os = "linux")]

mod offline;
mod operator;
mod session;
mod traffic;
mod window;

//! The built app on a desktop of its own, against a backend in another process.

#![cfg(target_os = "linux")]

mod window;

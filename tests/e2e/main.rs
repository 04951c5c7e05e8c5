//! The built app on a desktop of its own, against a backend in another process.

#![cfg(target_os = "linux")]

mod files;
mod links;
mod media;
mod notices;
mod offline;
mod operator;
mod session;
mod startup;
mod texts;
mod traffic;
mod tray;
mod wake;
mod window;

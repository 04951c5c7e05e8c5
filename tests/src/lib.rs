//! Shared parts of the tests over the real parts: the processes that make up a desktop, a backend
//! and an app, and waiting for what they do.

#[cfg(target_os = "linux")]
pub mod app;
pub mod backend;
pub mod built;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
pub mod login_manager;
#[cfg(target_os = "linux")]
pub mod notifications;
pub mod poll;
pub mod process;
#[cfg(target_os = "linux")]
pub mod screen;
#[cfg(target_os = "linux")]
pub mod tray;

//! Shared parts of the tests over the real parts: the processes that make up a desktop, a backend
//! and an app, the faults between them, and waiting for what they do.

#[cfg(target_os = "linux")]
pub mod app;
pub mod backend;
pub mod built;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
pub mod dock;
pub mod double;
pub mod footprint;
pub mod headless;
#[cfg(target_os = "linux")]
pub mod login_manager;
pub mod machine;
pub mod mirror;
#[cfg(target_os = "linux")]
pub mod notifications;
pub mod poll;
pub mod process;
pub mod proxy;
#[cfg(target_os = "linux")]
pub mod screen;
pub mod server;
#[cfg(target_os = "linux")]
pub mod tray;

//! Entry point of the desktop app; everything lives in the library.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

/// Gives back what a catch-up with large pages needed for a moment; the system's may keep it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    condorito_desktop::run()
}

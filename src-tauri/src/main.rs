//! Entry point of the desktop app; everything lives in the library.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    condorito_desktop::run()
}

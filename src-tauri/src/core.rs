//! The client behind the window.

use std::path::PathBuf;

use serde_json::Value;
use tauri::AppHandle;

use crate::failure::Failure;
use crate::options::{Locale, Options};

/// Placeholder.
pub struct Core;

impl Core {
    /// Starts it.
    pub fn start(
        _app: &AppHandle,
        _options: &Options,
        _data_dir: PathBuf,
        _locale: Locale,
    ) -> Self {
        Self
    }

    /// Runs a command.
    ///
    /// # Errors
    /// Always.
    pub async fn command(&self, _name: &str, _args: Value) -> Result<Value, Failure> {
        Err(Failure::input("unknown_command", "no client yet"))
    }

    /// Focus.
    pub fn set_focus(&self, _conversation: Option<i64>, _focused: bool) {}

    /// Stop.
    pub async fn stop(&self) {}
}

//! Starting with the session of the desktop.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod entry;

use std::ffi::OsString;
use std::path::PathBuf;

/// How the session starts the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub args: Vec<String>,
}

/// Why starting with the session could not be switched.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// The entry cannot be written or removed.
    #[error("the entry cannot be changed: {0}")]
    Io(#[from] std::io::Error),
    /// The system's own list refuses.
    #[cfg(not(target_os = "linux"))]
    #[error("the system refuses: {0}")]
    Refused(#[from] auto_launch::Error),
    /// There is no folder for it.
    #[cfg(target_os = "linux")]
    #[error("neither XDG_CONFIG_HOME nor HOME names a folder")]
    Homeless,
}

/// Makes the session start the app as `start` says, or with `None` no longer.
///
/// # Errors
/// [`AutostartError`]; what was there before is then still there.
pub fn set(start: Option<&Start>) -> Result<(), AutostartError> {
    entry::set(start)
}

/// The program that runs now, as it can be started again.
///
/// # Errors
/// When the system does not say.
pub fn this_program() -> std::io::Result<PathBuf> {
    // An AppImage runs from a mount that is gone when it ends.
    let image: Option<OsString> =
        std::env::var_os("APPIMAGE").filter(|_| cfg!(target_os = "linux"));
    image.map_or_else(std::env::current_exe, |image| Ok(image.into()))
}

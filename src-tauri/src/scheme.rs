//! Links into the app lead to it also where no package has told the desktop so: an AppImage, or a
//! program that was built or unpacked by hand.

use tauri::{AppHandle, Runtime};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::links;
use crate::options::Options;

/// Tells the desktop that links into the app are opened by this program. Without effect on what a
/// package installed; on macOS only the bundle can say it. Does not wait: the desktop's programs
/// are asked.
pub fn register<R: Runtime>(app: &AppHandle<R>, options: &Options) {
    // A link starts the app on the usual folder, so only that app may claim it.
    if cfg!(target_os = "macos") || options.data_dir.is_some() || is_packaged() {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let links = app.deep_link();
        let known = links.is_registered(links::OWN).unwrap_or_default();
        if let Err(error) = if known { Ok(()) } else { links.register(links::OWN) } {
            tracing::warn!(%error, "links into the app will not open it");
        }
    });
}

/// Whether a package put the program where it is, with an entry of its own for the links.
fn is_packaged() -> bool {
    cfg!(target_os = "linux")
        && std::env::var_os("APPIMAGE").is_none()
        && std::env::current_exe().is_ok_and(|program| program.starts_with("/usr"))
}

//! The unread count on the app's icon in docks and task bars.

use tauri::{AppHandle, Runtime};

/// The count on the icon, kept up by the one task that shows what has changed.
#[derive(Default)]
pub struct Launcher {
    #[cfg(target_os = "linux")]
    bus: Option<zbus::Connection>,
}

/// Why the count cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum LauncherError {
    /// The session bus does not take it.
    #[cfg(target_os = "linux")]
    #[error("the session bus: {0}")]
    Bus(#[from] zbus::Error),
    /// The system does not take it.
    #[cfg(not(target_os = "linux"))]
    #[error("the badge: {0}")]
    Window(#[from] tauri::Error),
}

#[cfg(target_os = "linux")]
impl Launcher {
    /// Shows how many conversations have something unread, and with none, no count.
    ///
    /// Tauri's badge goes through libunity, which speaks up only where Unity runs. The docks of
    /// Ubuntu, KDE, Cinnamon and others listen to the same signal without it; they drop the count
    /// when its sender leaves the bus, so the connection stays.
    ///
    /// # Errors
    /// When there is no session bus.
    pub async fn show<R: Runtime>(
        &mut self,
        app: &AppHandle<R>,
        unread: u64,
    ) -> Result<(), LauncherError> {
        let bus = match &self.bus {
            Some(bus) => bus,
            None => self.bus.insert(zbus::Connection::session().await?),
        };
        let name = app.config().product_name.as_deref().unwrap_or("condorito-desktop");
        // Named as the installed package names its entry.
        let entry = format!("application://{name}.desktop");
        let count = zbus::Variant::from(i64::try_from(unread).unwrap_or(i64::MAX));
        let visible = zbus::Variant::from(unread > 0);
        let shown = std::collections::HashMap::from([("count", count), ("count-visible", visible)]);
        let (path, interface) =
            ("/com/canonical/unity/launcherentry/1", "com.canonical.Unity.LauncherEntry");
        bus.emit_signal(None::<&str>, path, interface, "Update", &(entry, shown)).await?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
impl Launcher {
    /// Shows how many conversations have something unread, and with none, no count.
    ///
    /// # Errors
    /// When the system refuses.
    #[allow(clippy::unused_async, reason = "as on Linux")]
    pub async fn show<R: Runtime>(
        &mut self,
        app: &AppHandle<R>,
        unread: u64,
    ) -> Result<(), LauncherError> {
        use tauri::Manager;

        if let Some(window) = app.get_webview_window(crate::window::LABEL) {
            window.set_badge_count(i64::try_from(unread).ok().filter(|&unread| unread > 0))?;
        }
        Ok(())
    }
}

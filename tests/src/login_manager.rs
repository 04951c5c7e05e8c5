//! A login manager that sends the machine to sleep and wakes it, in word only.

use anyhow::{Context, Result};
use zbus::Connection;

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";

/// The login manager on the test's own bus, which is its system bus too.
pub struct LoginManager {
    connection: Connection,
}

impl LoginManager {
    /// Takes the name `org.freedesktop.login1` on the bus at `address`.
    ///
    /// # Errors
    /// When the bus cannot be reached or the name is taken.
    pub async fn start(address: &str) -> Result<Self> {
        let connection = zbus::connection::Builder::address(address)
            .name(NAME)
            .build()
            .await
            .context("the recorded login manager")?;
        Ok(Self { connection })
    }

    /// Announces that the machine goes to sleep, and then that it woke.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn sleep_and_wake(&self) -> Result<()> {
        for going_to_sleep in [true, false] {
            let manager = "org.freedesktop.login1.Manager";
            self.connection
                .emit_signal(None::<&str>, PATH, manager, "PrepareForSleep", &(going_to_sleep,))
                .await
                .context("PrepareForSleep could not be emitted")?;
        }
        Ok(())
    }
}

//! Pictures of every screen of the real app on the demo's company, in each theme, language and
//! size. `cargo xtask screenshots` builds and runs it.

use anyhow::Result;

#[cfg(target_os = "linux")]
mod scenes;

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    use clap::Parser;

    scenes::take(&scenes::Arguments::parse()).await
}

#[cfg(not(target_os = "linux"))]
fn main() -> Result<()> {
    anyhow::bail!("the app is driven on Linux only, where display, bus and keyring can be its own")
}

//! Shows that `cargo xtask demo` works, on a desktop of its own: ends well once the demo's window has
//! shown a message that arrived live.

use anyhow::Result;

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    use std::time::Duration;

    use condorito_tests::app::App;
    use condorito_tests::built::artifacts;
    use condorito_tests::desktop::Desktop;

    /// The demo's contacts write every few seconds.
    const LIVE: Duration = Duration::from_secs(90);

    /// True once a row of the list tells of a message that it did not tell of at first.
    const NEWS: &str = "
        const rows = [...document.querySelectorAll('[data-testid=conversation-row]')];
        const unread = new Map(rows.map((row) => [row.dataset.id, Number(row.dataset.unread)]));
        const online = document.querySelector('[data-testid=connection-state]')?.dataset.state;
        if (online !== 'online') return online ?? document.body.innerText;
        window.atFirst ??= unread;
        return [...unread].some(([id, count]) => count > (window.atFirst.get(id) ?? 0)) || rows.length;
    ";

    let desktop = Desktop::start(&artifacts("demo_check")?).await?;
    let app = App::start(&desktop, &["--backend", "demo"]).await?;
    app.until_within(LIVE, "a live message in the list", NEWS, vec![]).await?;
    app.screenshot("live").await
}

#[cfg(not(target_os = "linux"))]
fn main() -> Result<()> {
    anyhow::bail!("the app is driven on Linux only, where display, bus and keyring can be its own")
}

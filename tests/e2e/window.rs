//! The window by itself.

use anyhow::Result;
use condorito_tests::app::App;
use condorito_tests::built::artifacts;
use condorito_tests::desktop::Desktop;

#[tokio::test]
async fn shows_its_page() -> Result<()> {
    let desktop = Desktop::start(&artifacts("window")?).await?;

    let app = App::start(&desktop, &["--locale", "es"]).await?;

    app.until(
        "the page's title",
        "return document.title === 'CRM Condorito' || document.title",
    )
    .await?;
    app.screenshot("window").await
}

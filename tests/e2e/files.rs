//! Files that leave the app: the platform's dialog, and what is written.

use anyhow::{Context, Result};
use condorito_tests::app::SOON;
use serde_json::Value;

use crate::operator::{Operator, by_id};

#[tokio::test]
async fn own_data_is_exported_to_where_the_operator_says() -> Result<()> {
    let operator = Operator::at_work("files", &["¿Me lo exportás?"]).await?;
    let (app, screen) = (&operator.app, &operator.desktop.screen);
    operator.open(operator.anas_conversation().await?).await?;
    app.until("the message", "return document.querySelector('[data-testid=message]') !== null")
        .await?;
    app.click(&by_id("nav-settings")).await?;
    app.click(&by_id("settings-data")).await?;

    // A dialog that is closed changes nothing.
    let main = screen.until_there(SOON).await?;
    let before = app.value(&by_id("export-data-path")).await?;
    app.click(&by_id("export-data-path-choose")).await?;
    let dialog = screen.until_dialog(main, true, SOON).await?.context("a dialog")?;
    app.screenshot("dialog").await?;
    screen.close(dialog)?;
    screen.until_dialog(main, false, SOON).await?;
    let again = "return !document.querySelector('[data-testid=export-data-path-choose]').disabled";
    app.until("to be asked again", again).await?;
    assert_eq!(app.value(&by_id("export-data-path")).await?, before);

    // What is exported is all there.
    let path = operator.desktop.data_dir().join("mis datos.json");
    app.fill(&by_id("export-data-path"), &path.to_string_lossy()).await?;
    app.click(&by_id("export-data")).await?;
    let done = "return document.querySelector('[data-testid=export-data-done]')?.innerText.includes('mis datos.json') ?? null";
    app.until("it to be done", done).await?;
    let written: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    assert!(written.to_string().contains("¿Me lo exportás?"), "{written}");
    Ok(())
}

//! The backend goes away, and so does the app.

use anyhow::Result;
use condorito_tests::app::SOON;
use serde_json::json;

use crate::operator::{Operator, by_id, row};

#[tokio::test]
async fn what_is_written_without_a_backend_survives_a_kill_and_leaves_once_in_order() -> Result<()>
{
    let mut operator =
        Operator::at_work("offline", &["Quiero un presupuesto", "De la mesa grande"]).await?;
    let conversation = operator.anas_conversation().await?;
    operator.open(conversation).await?;

    operator.backend.kill();

    operator
        .app
        .until("a banner", "return document.querySelector('[data-testid=offline-banner]') !== null")
        .await?;
    operator.app.fill(&by_id("conversation-search"), "presupu").await?;
    operator
        .app
        .until("a hit", "return document.querySelector('[data-testid=search-hit]')?.innerText.includes('presupuesto') ?? null")
        .await?;
    operator.app.screenshot("1-search").await?;
    operator.app.click(&by_id("search-hit")).await?;
    operator.answer("Primero").await?;
    operator.answer("Segundo").await?;
    operator.until_own_messages("queued", &["Primero", "Segundo"]).await?;
    operator.app.screenshot("2-queued").await?;

    let mut operator = operator.with_a_killed_app().await?;

    operator
        .app
        .until_within(
            SOON,
            "the list",
            "return document.querySelector(arguments[0]) !== null",
            vec![json!(row(conversation))],
        )
        .await?;
    operator.open(conversation).await?;
    operator.until_own_messages("queued", &["Primero", "Segundo"]).await?;
    operator.app.screenshot("3-reopened").await?;

    operator.backend.come_back()?;

    operator.until_connection("online").await?;
    operator.until_own_messages("sent", &["Primero", "Segundo"]).await?;
    operator.until_delivered(&["Primero", "Segundo"]).await?;
    operator.app.screenshot("4-delivered").await
}

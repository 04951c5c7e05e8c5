//! Getting in, and being put out.

use anyhow::Result;
use condorito_tests::app::SOON;
use serde_json::json;

use crate::operator::{Operator, PASSWORD, by_id};

#[tokio::test]
async fn a_wrong_password_says_what_to_do() -> Result<()> {
    let operator = Operator::at_the_door("wrong_password", &[]).await?;

    operator.sign_in("Equivocada-1").await?;

    let script = "
        const said = document.querySelector('[data-testid=login-error]')?.innerText ?? '';
        return (said.includes('contraseña') && said.includes('probá de nuevo')) || said;
    ";
    operator.app.until("what is wrong and what to do", script).await?;
    let focused = operator
        .app
        .evaluate("return document.activeElement?.dataset.testid ?? null", vec![])
        .await?;
    assert_eq!(focused, json!("login-password"));
    operator.app.screenshot("wrong").await?;

    operator.sign_in(PASSWORD).await?;
    operator.until_connection("online").await
}

#[tokio::test]
async fn the_demo_is_one_click_away() -> Result<()> {
    let operator = Operator::at_the_door("demo", &[]).await?;

    operator.app.click(&by_id("login-demo")).await?;

    operator.until_connection("online").await?;
    operator
        .app
        .until(
            "conversations",
            "return document.querySelectorAll('[data-testid=conversation-row]').length > 5",
        )
        .await
}

#[tokio::test]
async fn an_ended_session_still_lets_the_operator_read() -> Result<()> {
    let mut operator = Operator::at_work("expired", &["Sigo esperando"]).await?;
    let conversation = operator.anas_conversation().await?;

    operator.backend.replace()?;

    operator
        .app
        .until_within(
            SOON * 2,
            "the session to have ended",
            "return document.querySelector('[data-testid=session-banner]') !== null || document.body.innerText",
            vec![],
        )
        .await?;
    operator.open(conversation).await?;
    operator
        .app
        .until(
            "the message",
            "return document.querySelector('[data-testid=message]')?.innerText.includes('Sigo esperando') ?? null",
        )
        .await?;
    operator.app.screenshot("expired").await
}

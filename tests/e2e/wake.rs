//! The machine sleeps and wakes.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::operator::Operator;

/// Much less than the 45 s after which a link that is dead without a word is given up.
const AT_ONCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn waking_from_sleep_catches_up_at_once() -> Result<()> {
    let operator = Operator::at_work("wake", &["Hola"]).await?;
    operator.backend.order("dropEvents", json!({"count": 1000})).await?;
    operator.ana_writes("Mientras dormías").await?;
    operator.backend.order("clearFaults", json!({})).await?;

    operator.desktop.login_manager.sleep_and_wake().await?;

    let shown = "return document.body.innerText.includes('Mientras dormías')";
    operator.app.until_within(AT_ONCE, "what was missed", shown, vec![]).await?;
    operator.until_connection("online").await
}

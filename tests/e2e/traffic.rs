//! Messages that come and go while everything works.

use std::collections::BTreeSet;

use anyhow::Result;
use condorito_tests::app::SOON;
use condorito_tests::poll::{Seen, until};
use serde_json::json;

use crate::operator::{Operator, row};

#[tokio::test]
async fn a_live_message_is_notified_opened_by_a_click_and_answered_once() -> Result<()> {
    let operator = Operator::at_work("traffic", &["Hola, ¿está abierto?"]).await?;
    let conversation = operator.anas_conversation().await?;
    operator.app.screenshot("1-list").await?;
    let before = operator.desktop.notifications.calls();
    assert_eq!(before, [], "what was there before is no news");

    operator.ana_writes("¿Hacen envíos a <b>Salta</b>?").await?;
    operator.ana_writes("Es para el sábado").await?;

    let unread = "
        const row = document.querySelector(arguments[0]);
        return (row?.dataset.unread === '3' && row.innerText.includes('Es para el sábado'))
            || (row?.outerHTML ?? document.body.innerText);
    ";
    operator
        .app
        .until_within(SOON, "an unread row", unread, vec![json!(row(conversation))])
        .await?;
    let notifications = &operator.desktop.notifications;
    let shown =
        notifications.wait_for("Ana's last message", SOON, |it| it.body.contains("sábado")).await?;
    let ids: BTreeSet<u32> = notifications.calls().iter().map(|it| it.id).collect();
    assert_eq!(ids, BTreeSet::from([shown.id]), "one notification for one conversation");
    assert!(shown.summary.contains("Ana Pérez"), "{shown:?}");
    assert!(
        notifications.calls().iter().all(|it| !it.body.contains("<b>")),
        "a contact's text is no markup"
    );
    operator.app.screenshot("2-unread").await?;

    // As a person would, click again when nothing happens: the app may not be listening yet.
    until("the click to open the conversation", SOON, async || {
        notifications.click(shown.id).await?;
        let open = operator
            .app
            .evaluate(
                "return document.querySelector(arguments[0])?.ariaCurrent ?? null",
                vec![json!(row(conversation))],
            )
            .await?;
        Ok(Seen::when(open == json!("true"), open.to_string()))
    })
    .await?;
    operator.until_open(conversation).await?;
    operator.app.screenshot("3-opened").await?;

    operator.answer("Sí, a todo el país").await?;

    operator.until_own_messages("sent", &["Sí, a todo el país"]).await?;
    operator.until_delivered(&["Sí, a todo el país"]).await?;
    operator.app.screenshot("4-answered").await
}

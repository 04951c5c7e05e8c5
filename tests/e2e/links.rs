//! One instance of the app, and links into it.

use anyhow::Result;
use condorito_tests::app::SOON;
use serde_json::{Value, json};

use crate::operator::{Operator, row};

/// The conversation of a number that has none yet.
const CARLA: &str = "5493875550193";

async fn conversations(operator: &Operator) -> Result<Value> {
    let page = operator.app.command("list_conversations", json!({"limit": 50})).await?;
    Ok(page.get("items").cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_second_start_raises_the_first_and_passes_its_link_on() -> Result<()> {
    let operator = Operator::at_work("links", &["Hola"]).await?;
    let (app, desktop) = (&operator.app, &operator.desktop);
    let ana = operator.anas_conversation().await?;
    let window = desktop.screen.until_in_front(SOON).await?;

    // Without a link: raised from wherever it is.
    desktop.screen.minimise(window, SOON).await?;
    desktop.launch_again(&[]).await?;
    desktop.screen.until_in_front(SOON).await?;
    desktop.screen.close(window)?;
    desktop.screen.until_hidden(SOON).await?;
    desktop.launch_again(&[]).await?;
    desktop.screen.until_in_front(SOON).await?;

    // What is not exactly a link of ours does nothing but raise the window.
    let before = conversations(&operator).await?;
    for hostile in [
        "condorito://conversation/999999",
        &format!("condorito://conversation/{ana}?send=hola"),
        &format!("condorito://conversation/{ana}/delete"),
        "condorito://conversation/<img src=x onerror=alert(1)>",
        "condorito://phone/123",
        "condorito://phone/54911502399621234",
        "condorito://logout",
        "https://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ] {
        desktop.launch_again(&[hostile]).await?;
    }
    assert_eq!(conversations(&operator).await?, before);

    desktop.launch_again(&[&format!("condorito://conversation/{ana}")]).await?;
    operator.until_open(ana).await?;

    desktop.launch_again(&[&format!("condorito://phone/{CARLA}")]).await?;
    let opened = "
        const row = document.querySelector('[data-testid=conversation-row][aria-current=true]');
        return (Number(row?.dataset.id) < 0) || (row?.outerHTML ?? document.body.innerText);
    ";
    app.until("the conversation with the number", opened).await?;
    let all = conversations(&operator).await?;
    let of_carla = all.as_array().into_iter().flatten().filter(|it| it["phone"] == json!(CARLA));
    assert_eq!(of_carla.count(), 1, "{all}");

    // A link that starts the app leads there too, as soon as there is a page to show it.
    let link = format!("condorito://conversation/{ana}");
    let operator = operator.with_an_app_opened_by(&link).await?;
    operator
        .app
        .until_within(
            SOON,
            "Ana's conversation",
            "return document.querySelector(arguments[0])?.ariaCurrent === 'true'",
            vec![json!(row(ana))],
        )
        .await
}

//! One instance of the app, and links into it.

use anyhow::Result;
use condorito_tests::app::SOON;
use condorito_tests::built::{artifacts, program};
use condorito_tests::desktop::Desktop;
use condorito_tests::poll::{Seen, until};
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

#[tokio::test]
async fn a_program_without_a_package_is_what_opens_the_links() -> Result<()> {
    let desktop = Desktop::start(&artifacts("scheme")?).await?;
    assert_eq!(desktop.opener_of("condorito")?, None);

    // On a folder of its own the app leaves the links to the one on the usual folder.
    let apart = desktop.launch(&[])?;
    desktop.screen.until_there(SOON).await?;
    assert_eq!(desktop.opener_of("condorito")?, None);
    drop(apart);

    let _usual = desktop.launch_on_the_usual_folder(&[])?;
    let opener = until("the links to be the app's", SOON, async || {
        Ok(Seen::from_option(desktop.opener_of("condorito")?, "nobody opens them"))
    })
    .await?;
    let entry = std::fs::read_to_string(desktop.entries_dir().join(opener))?;
    let program = program("condorito-desktop")?;
    assert!(entry.contains(&format!("Exec=\"{}\" %u", program.display())), "{entry}");
    Ok(())
}

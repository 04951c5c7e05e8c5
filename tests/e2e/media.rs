//! A picture of a contact: shown, large, and again without the server.

use anyhow::{Context, Result};
use condorito_tests::app::SOON;
use condorito_tests::built::root;
use serde_json::{Value, json};

use crate::operator::{Operator, by_id};

/// Whether the page has drawn a picture.
const DRAWN: &str = "
    const image = document.querySelector(arguments[0] + ' img');
    return (image?.complete && image.naturalWidth > 0) || (image?.src ?? document.body.innerText);
";

#[tokio::test]
async fn a_picture_is_shown_and_stays_without_the_server() -> Result<()> {
    let mut operator = Operator::at_work("media", &["¿Me mandás una foto?"]).await?;
    let conversation = operator.anas_conversation().await?;
    operator.open(conversation).await?;
    let path = root().join("icons/128x128.png");
    let path = path.to_str().context("a path that is text")?;
    let args = json!({"conversationId": conversation, "path": path, "caption": "La foto"});
    operator.app.command("send_file", args).await?;
    let drawn = |within: String| (DRAWN, vec![Value::from(within)]);
    let (script, args) = drawn(by_id("picture"));
    operator.app.until_within(SOON * 2, "the picture", script, args).await?;

    // Large, from the keyboard's and the mouse's reach alike.
    operator.app.click(&by_id("picture")).await?;
    let (script, args) = drawn(by_id("viewer"));
    operator.app.until_within(SOON, "the large picture", script, args).await?;
    operator.app.screenshot("viewer").await?;
    // No larger than it is: nothing small is blurred unasked.
    let size = "
        const { width, height } = document.querySelector('[data-testid=viewer] img').getBoundingClientRect();
        return [width, height];
    ";
    assert_eq!(operator.app.evaluate(size, vec![]).await?, json!([128, 128]));
    operator.app.click(&by_id("viewer-copy")).await?;
    let copied = operator.desktop.screen.until_copied("image/png", SOON).await?;
    let measures = copied.get(16..24).context("the head of a PNG")?;
    assert_eq!(measures, [0, 0, 0, 128, 0, 0, 0, 128], "what can be pasted is the picture");
    operator.app.click(&by_id("viewer-close")).await?;

    operator.backend.kill();
    let operator = operator.with_a_killed_app().await?;
    operator.until_connection("offline").await?;
    operator.open(conversation).await?;
    let (script, args) = drawn(by_id("picture"));
    operator.app.until_within(SOON, "the kept picture", script, args).await?;
    operator.app.screenshot("offline").await?;
    let said = "return document.querySelector('[data-testid=preview-kind]')?.innerText ?? document.body.innerText";
    assert_eq!(operator.app.evaluate(said, vec![]).await?, json!("Foto"));
    let shape = "return document.querySelector('[data-testid=picture-box]').style.aspectRatio";
    assert_eq!(operator.app.evaluate(shape, vec![]).await?, json!("128 / 128"));

    // The page may show what is kept here, and nothing from elsewhere in its place.
    let seen = operator
        .app
        .evaluate("return document.querySelector('[data-testid=picture] img').src", vec![])
        .await?;
    let address = seen.as_str().context("an address")?;
    assert!(address.starts_with("media://localhost/"), "{address}");
    Ok(())
}

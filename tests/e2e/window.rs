//! The window by itself.

use anyhow::Result;
use condorito_tests::app::App;
use condorito_tests::built::artifacts;
use condorito_tests::desktop::Desktop;
use serde_json::json;

use crate::operator::{Operator, by_id};

/// Collects what the content security policy refuses from now on.
const WATCH_POLICY: &str = "
    window.refused = [];
    addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective));
";

#[tokio::test]
async fn runs_no_script_and_no_style_that_is_not_its_own() -> Result<()> {
    let desktop = Desktop::start(&artifacts("window")?).await?;
    let app = App::start(&desktop, &["--locale", "es"]).await?;
    app.until("something to press", "return document.querySelector('button') !== null").await?;
    app.evaluate(WATCH_POLICY, vec![]).await?;

    app.evaluate(
        "
        const script = document.createElement('script');
        script.textContent = 'window.intruded = true';
        const style = document.createElement('style');
        style.textContent = 'body { display: none }';
        const image = document.createElement('img');
        image.src = 'https://example.com/pixel.png';
        document.body.append(script, style, image);
        fetch('https://example.com/').catch(() => {});
        ",
        vec![],
    )
    .await?;

    app.until("four refusals", "return window.refused.length >= 4 || window.refused").await?;
    let seen = app
        .evaluate(
            "return [window.intruded ?? null, getComputedStyle(document.body).display, window.refused.sort()]",
            vec![],
        )
        .await?;
    assert_eq!(
        seen,
        json!([null, "block", ["connect-src", "img-src", "script-src-elem", "style-src-elem"]])
    );
    app.screenshot("window").await
}

#[tokio::test]
async fn gives_the_page_no_more_than_it_needs() -> Result<()> {
    let desktop = Desktop::start(&artifacts("window_rights")?).await?;
    let app = App::start(&desktop, &[]).await?;
    app.until("something to press", "return document.querySelector('button') !== null").await?;

    for (command, args) in [
        ("plugin:event|emit", json!({"event": "core", "payload": null})),
        ("plugin:window|close", json!({"label": "main"})),
        ("plugin:webview|create_webview_window", json!({"options": {"label": "second"}})),
        ("open_link", json!({"url": "file:///etc/passwd"})),
    ] {
        app.evaluate(
            "
            window.answer = null;
            window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(
                () => { window.answer = 'done'; },
                (refusal) => { window.answer = 'refused'; },
            );
            ",
            vec![json!(command), args],
        )
        .await?;
        app.until(
            &format!("{command} to be refused"),
            "return window.answer === 'refused' || window.answer",
        )
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn nothing_of_the_chat_shows_through_another_place() -> Result<()> {
    let operator = Operator::at_work("window_places", &["Hola", "¿Están?"]).await?;
    operator.open(operator.anas_conversation().await?).await?;
    let app = &operator.app;
    app.until(
        "the messages",
        "return document.querySelectorAll('[data-testid=message]').length === 2",
    )
    .await?;

    for place in ["settings", "whatsapp"] {
        app.click(&by_id(&format!("nav-{place}"))).await?;
        let hidden = "
            const all = [...document.querySelectorAll('[data-testid=message], [data-testid=composer]')];
            return all.length > 0 && all.every((one) => getComputedStyle(one).visibility === 'hidden');
        ";
        app.until("the chat to be hidden", hidden).await?;
    }
    app.click(&by_id("nav-chat")).await?;
    let back = "
        const message = document.querySelector('[data-testid=message]');
        return message !== null && getComputedStyle(message).visibility === 'visible';
    ";
    app.until("the messages again", back).await
}

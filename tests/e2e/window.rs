//! The window by itself.

use anyhow::Result;
use condorito_tests::app::App;
use condorito_tests::built::artifacts;
use condorito_tests::desktop::Desktop;
use serde_json::json;

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

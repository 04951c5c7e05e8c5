//! What is typed is kept, and what comes is text and nothing else.

use anyhow::Result;
use condorito_tests::app::SOON;
use condorito_tests::poll::{Seen, until};
use serde_json::json;

use crate::operator::{Operator, by_id};

/// Texts that would act if they were taken for more than text. The UI's own tests send two hundred
/// through every field; these see the real web view and its policy.
const HOSTILE: [&str; 9] = [
    "<script>window.injected = 1</script>",
    "<img src=x onerror=\"window.injected = 1\" data-injected>",
    "<svg onload=\"window.injected = 1\" data-injected>",
    "<iframe srcdoc=\"<script>parent.injected = 1</script>\" data-injected></iframe>",
    "<style data-injected>* { background: url(https://attacker.example/x) }</style>",
    "<link rel=stylesheet href=\"https://attacker.example/x.css\" data-injected>",
    "*<b data-injected>*_<i data-injected>_~`</span>`~",
    "javascript:window.injected=1 [x](javascript:window.injected=1)",
    "{{constructor.constructor('window.injected = 1')()}} ${window.injected = 1}",
];

#[tokio::test]
async fn a_draft_survives_a_kill() -> Result<()> {
    let operator = Operator::at_work("texts_draft", &["Hola"]).await?;
    let conversation = operator.anas_conversation().await?;
    operator.open(conversation).await?;
    operator.app.fill(&by_id("composer"), "Mañana te paso").await?;
    until("the draft to be kept", SOON, async || {
        let args = json!({ "conversationId": conversation });
        let row = operator.app.command("get_conversation", args).await?;
        Ok(Seen::when(row.get("draft") == Some(&json!("Mañana te paso")), row.to_string()))
    })
    .await?;

    let operator = operator.with_a_killed_app().await?;

    operator.open(conversation).await?;
    let typed = "
        const value = document.querySelector('[data-testid=composer]')?.value ?? null;
        return value === 'Mañana te paso' || value;
    ";
    operator.app.until("the draft in the composer", typed).await
}

#[tokio::test]
async fn no_text_of_a_contact_becomes_more_than_text() -> Result<()> {
    let operator = Operator::at_work("texts_hostile", &HOSTILE).await?;
    let app = &operator.app;
    let watch = "
        window.refused = [];
        addEventListener('securitypolicyviolation', (event) => window.refused.push(event.blockedURI));
    ";
    app.evaluate(watch, vec![]).await?;
    operator.open(operator.anas_conversation().await?).await?;
    for text in HOSTILE {
        operator.ana_writes(text).await?;
    }
    let all = "
        const shown = document.querySelectorAll('[data-testid=message]').length;
        return shown === arguments[0] || shown;
    ";
    app.until_within(SOON, "all messages", all, vec![json!(2 * HOSTILE.len())]).await?;
    app.fill(&by_id("conversation-search"), "injected").await?;
    app.until("hits", "return document.querySelector('[data-testid=search-hit]') !== null").await?;
    app.screenshot("hostile").await?;

    let left = "
        return [
            window.injected ?? null,
            document.querySelectorAll('[data-injected], iframe, main script, main style, main link').length,
            window.refused,
        ];
    ";
    assert_eq!(app.evaluate(left, vec![]).await?, json!([null, 0, []]));
    Ok(())
}

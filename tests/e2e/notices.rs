//! Notifications, as the desktop's notification server gets them.

use anyhow::Result;
use condorito_tests::app::SOON;
use condorito_tests::poll::{Seen, until};
use serde_json::{Value, json};

use crate::operator::{ANA, Operator, TENANT, by_id};

/// The conversation as the core has it.
async fn conversation(operator: &Operator, id: i64) -> Result<Value> {
    operator.app.command("get_conversation", json!({"conversationId": id})).await
}

#[tokio::test]
async fn says_no_more_and_no_louder_than_the_settings_allow() -> Result<()> {
    let operator = Operator::at_work("notices", &["Hola"]).await?;
    let (app, notifications) = (&operator.app, &operator.desktop.notifications);
    let ana = operator.anas_conversation().await?;
    let next = async |text: &str, wanted: &str| {
        operator.ana_writes(text).await?;
        notifications.wait_for(text, SOON, |it| it.body.contains(wanted)).await
    };

    // With its text, its sound and a way to mark it as read; markup is text.
    let first = next("<b>¿Precio?</b> & más", "Precio").await?;
    assert!(first.body.contains("&lt;b&gt;¿Precio?&lt;/b&gt; &amp; más"), "{first:?}");
    assert!(first.summary.contains("Ana Pérez"), "{first:?}");
    assert!(first.sound.is_some() && !first.suppressed, "{first:?}");
    assert_eq!(first.actions, ["default", "Ver", "mark-read", "Marcar como leído"]);

    // Where the server renders nothing, nothing is escaped; where it can take an answer, it may.
    notifications.set_capabilities(&["actions", "body", "inline-reply"]);
    app.set(json!({"sound": false})).await?;
    let second = next("<i>¿Y el envío?</i>", "envío").await?;
    assert!(second.body.contains("<i>¿Y el envío?</i>"), "{second:?}");
    assert_eq!((second.id, second.replaces), (first.id, first.id), "one for one conversation");
    assert!(second.body.contains("3 mensajes"), "with the count: {second:?}");
    assert!(second.sound.is_none() && second.suppressed, "{second:?}");
    assert_eq!(second.actions.get(4..), Some(&["inline-reply".into(), "Responder".into()][..]));

    notifications.reply(second.id, "Sí, mañana").await?;
    operator.until_delivered(&["Sí, mañana"]).await?;
    notifications.until_closed(second.id, SOON).await?;

    // Without actions there are none; the name alone, then nothing at all.
    notifications.set_capabilities(&["body"]);
    app.set(json!({"notificationPrivacy": "name"})).await?;
    let named = next("Secreto uno", "").await?;
    assert!(!notifications.calls().iter().any(|it| it.body.contains("Secreto")), "{named:?}");
    app.set(json!({"notificationPrivacy": "none"})).await?;
    operator.ana_writes("Secreto dos").await?;
    let hidden = notifications
        .wait_for("one without a name", SOON, |it| !it.summary.contains("Ana"))
        .await?;
    assert!(hidden.actions.is_empty(), "{hidden:?}");
    assert!(!hidden.body.contains("Secreto"), "{hidden:?}");

    // Muted, nothing; afterwards the next one, marked as read by its button.
    app.set(json!({"notificationPrivacy": "full"})).await?;
    notifications.set_capabilities(&["actions", "body"]);
    app.command("mute", json!({"conversationId": ana, "minutes": 60})).await?;
    operator.ana_writes("Callada").await?;
    until("the muted message", SOON, async || {
        let row = conversation(&operator, ana).await?;
        Ok(Seen::when(row.get("lastMessage") == Some(&json!("Callada")), row.to_string()))
    })
    .await?;
    app.command("unmute", json!({"conversationId": ana})).await?;
    next("De nuevo", "De nuevo").await?;
    assert!(!notifications.calls().iter().any(|it| it.body.contains("Callada")));

    // In the hours of quiet nothing either.
    app.set(json!({"quietHours": around_now()})).await?;
    operator.ana_writes("De noche").await?;
    until("the message of the quiet hours", SOON, async || {
        let row = conversation(&operator, ana).await?;
        Ok(Seen::when(row.get("lastMessage") == Some(&json!("De noche")), row.to_string()))
    })
    .await?;
    app.set(json!({"quietHours": null})).await?;
    let last = next("De día", "De día").await?;
    assert!(!notifications.calls().iter().any(|it| it.body.contains("De noche")));
    notifications.press(last.id, "mark-read").await?;
    until("it to be read", SOON, async || {
        let row = conversation(&operator, ana).await?;
        Ok(Seen::when(row.get("unreadCount") == Some(&json!(0)), row.to_string()))
    })
    .await
}

/// Hours that began one ago and end in two, wherever midnight is.
fn around_now() -> Value {
    let now = jiff::Zoned::now();
    let hour = |by: i8| format!("{:02}:00", (now.hour() + by).rem_euclid(24));
    json!({"from": hour(-1), "to": hour(2)})
}

#[tokio::test]
async fn a_click_opens_the_message_from_the_tray_too() -> Result<()> {
    let operator = Operator::at_work("notices_hidden", &["Hola"]).await?;
    let desktop = &operator.desktop;
    let ana = operator.anas_conversation().await?;
    let window = desktop.screen.until_in_front(SOON).await?;
    desktop.screen.close(window)?;
    desktop.screen.until_hidden(SOON).await?;

    operator.ana_writes("¿Seguís ahí?").await?;
    let notifications = &desktop.notifications;
    let shown = notifications.wait_for("it", SOON, |it| it.body.contains("Seguís")).await?;
    notifications.click(shown.id).await?;

    desktop.screen.until_in_front(SOON).await?;
    operator.until_open(ana).await
}

#[tokio::test]
async fn many_at_once_are_one_digest() -> Result<()> {
    let operator = Operator::at_work("notices_digest", &["Hola"]).await?;
    let notifications = &operator.desktop.notifications;

    // What comes in while the link is dead is found by the pass after waking.
    operator.backend.order("dropEvents", json!({"count": 1000})).await?;
    for last in 0..6 {
        let phone = format!("549387555010{last}");
        operator.stranger_writes(&phone, &format!("Consulta {last}")).await?;
    }
    operator.backend.order("clearFaults", json!({})).await?;
    operator.desktop.login_manager.sleep_and_wake().await?;

    let digest = notifications
        .wait_for("a digest", SOON, |it| it.body.contains('6') && !it.body.contains("Consulta"))
        .await?;
    let told: Vec<u32> = notifications.calls().iter().map(|it| it.id).collect();
    assert!(told.iter().all(|&id| id == digest.id), "one for all of them: {told:?}");
    operator.desktop.screen.until_in_front(SOON).await?;
    notifications.click(digest.id).await?;
    operator
        .app
        .until(
            "the conversations",
            "return document.querySelector('[data-testid=conversation-list]') !== null",
        )
        .await
}

#[tokio::test]
async fn tells_of_a_failed_text_and_of_a_lost_whatsapp() -> Result<()> {
    let operator = Operator::at_work("notices_trouble", &["Hola"]).await?;
    let (app, desktop) = (&operator.app, &operator.desktop);
    let notifications = &desktop.notifications;
    let ana = operator.anas_conversation().await?;

    // Nobody knows what became of it, and the history never says. It is looked for a while.
    let unclear = json!({"count": 1, "stage": {"at": "afterDelivery"}, "answer": "status500"});
    operator.backend.order("failSends", unclear).await?;
    app.command("send_text", json!({"phone": ANA, "text": "¿Llega?"})).await?;
    operator.until_delivered(&["¿Llega?"]).await?;

    operator.backend.order("setLinked", json!({"tenant": TENANT, "linked": false})).await?;
    let lost = notifications
        .wait_for("the lost WhatsApp", SOON, |it| it.summary.contains("WhatsApp"))
        .await?;
    assert_eq!(lost.urgency, 2, "{lost:?}");
    let window = desktop.screen.until_there(SOON).await?;
    desktop.screen.close(window)?;
    desktop.screen.until_hidden(SOON).await?;
    notifications.click(lost.id).await?;
    desktop.screen.until_in_front(SOON).await?;
    let there = format!("return document.querySelector('{}') !== null", by_id("whatsapp-state"));
    app.until("the link to WhatsApp", &there).await?;

    let failed = notifications
        .wait_for("the failed text", SOON * 3, |it| it.body.contains("Ana Pérez"))
        .await?;
    assert!(failed.id != lost.id, "{failed:?}");
    notifications.click(failed.id).await?;
    operator.until_open(ana).await
}

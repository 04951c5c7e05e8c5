//! The tray, through the panel's own protocol, and what closing the window means.

use anyhow::Result;
use condorito_tests::app::SOON;
use condorito_tests::dock::Count;
use condorito_tests::poll::{Seen, until};
use serde_json::json;

use crate::operator::{Operator, by_id};

#[tokio::test]
async fn the_tray_tells_what_is_up_and_keeps_the_app_when_its_window_is_closed() -> Result<()> {
    let operator = Operator::at_the_door("tray", &[]).await?;
    let (app, desktop) = (&operator.app, &operator.desktop);
    let item = desktop.panel.item(SOON).await?;
    item.until_it_says("Sesión cerrada · Todo leído", SOON).await?;
    let plain = item.pictures().await?;
    let mut dock = desktop.dock().await?;

    operator.sign_in(crate::operator::PASSWORD).await?;
    operator.until_connection("online").await?;
    operator.ana_writes("Hola").await?;

    item.until_it_says("En línea · Sin leer: 1", SOON).await?;
    assert_eq!(item.tooltip().await?.0, "CRM Condorito");
    let counted = item.pictures().await?;
    assert_ne!(counted, plain, "the count is drawn into the icon");
    let entry = "application://CRM Condorito.desktop".to_owned();
    let one = Count { entry: entry.clone(), count: Some(1) };
    assert_eq!(dock.next(SOON).await?, one, "the count is on the app's icon too");
    let menu = item.menu().await?;
    let said: Vec<_> = menu.iter().map(|line| (line.label.as_str(), line.enabled)).collect();
    assert_eq!(
        said,
        [
            ("Abrir CRM Condorito", true),
            ("En línea · Sin leer: 1", false),
            ("", true),
            ("No molestar", true),
            ("", true),
            ("Salir", true),
        ]
    );

    // Closed by the button of its frame, the window is gone and the app is not.
    let window = desktop.screen.until_there(SOON).await?;
    desktop.screen.close(window)?;
    desktop.screen.until_hidden(SOON).await?;
    operator.ana_writes("¿Hay alguien?").await?;
    desktop.notifications.wait_for("Ana's message", SOON, |it| it.body.contains("alguien")).await?;

    item.choose("Abrir CRM Condorito").await?;
    let window = desktop.screen.until_in_front(SOON).await?;
    desktop.screen.close(window)?;
    desktop.screen.until_hidden(SOON).await?;
    item.click().await?;
    desktop.screen.until_in_front(SOON).await?;

    // The language follows the settings at once, and the state of the connection the connection.
    app.set(json!({"locale": "en"})).await?;
    item.until_it_says("Online · Unread: 1", SOON).await?;
    app.set(json!({"locale": "pt"})).await?;
    item.until_it_says("On-line · Não lidas: 1", SOON).await?;

    item.choose("Sair").await?;
    app.until_ended(desktop).await
}

#[tokio::test]
async fn do_not_disturb_is_switched_in_the_tray() -> Result<()> {
    let operator = Operator::at_work("tray_quiet", &["Hola"]).await?;
    let (app, desktop) = (&operator.app, &operator.desktop);
    let item = desktop.panel.item(SOON).await?;

    item.choose("No molestar").await?;

    item.until_it_says("En línea · Sin leer: 1 · No molestar", SOON).await?;
    let settings = app.command("get_settings", json!({})).await?;
    assert_eq!(settings.get("doNotDisturb"), Some(&json!(true)));
    let checked = item.menu().await?.into_iter().find_map(|line| line.checked);
    assert_eq!(checked, Some(true));
    operator.ana_writes("En silencio").await?;
    let shown = "return document.body.innerText.includes('En silencio')";
    app.until("the message in the list", shown).await?;

    // Switched off in the window, the tray follows, and the next message is told of.
    app.set(json!({"doNotDisturb": false})).await?;
    item.until_it_says("En línea · Sin leer: 1", SOON).await?;
    operator.ana_writes("En voz alta").await?;
    let notifications = &desktop.notifications;
    notifications.wait_for("the next", SOON, |it| it.body.contains("En voz alta")).await?;
    let silent = notifications.calls().into_iter().filter(|it| it.body.contains("En silencio"));
    assert_eq!(silent.count(), 0);
    Ok(())
}

#[tokio::test]
async fn closing_ends_the_app_where_it_is_set_so() -> Result<()> {
    let operator = Operator::at_the_door("tray_close", &[]).await?;
    let (app, desktop) = (&operator.app, &operator.desktop);
    app.until("the first screen", "return document.querySelector('button') !== null").await?;
    let window = desktop.screen.until_there(SOON).await?;

    app.set(json!({"closeToTray": false})).await?;
    desktop.screen.close(window)?;

    app.until_ended(desktop).await
}

#[tokio::test]
async fn what_is_open_in_a_minimised_window_is_not_seen() -> Result<()> {
    let operator = Operator::at_work("tray_seen", &["Hola"]).await?;
    let (app, desktop) = (&operator.app, &operator.desktop);
    let conversation = operator.anas_conversation().await?;
    let window = desktop.screen.until_in_front(SOON).await?;
    operator.open(conversation).await?;

    // Looked at, it is not told of; the message that is comes after it.
    operator.ana_writes("La veo").await?;
    let shown = "return document.querySelector('[data-testid=message-list]')?.innerText.includes('La veo') ?? null";
    app.until("the message", shown).await?;
    desktop.screen.minimise(window, SOON).await?;
    let blurred = "return !document.hasFocus()";
    app.until("the window without the focus", blurred).await?;
    operator.ana_writes("No la veo").await?;

    let notifications = &desktop.notifications;
    let told = notifications.wait_for("it", SOON, |it| it.body.contains("No la veo")).await?;
    assert_eq!(notifications.calls().first(), Some(&told), "what was seen is not told of");

    // Looked at again, it is no longer told of.
    desktop.launch_again(&[]).await?;
    desktop.screen.until_in_front(SOON).await?;
    notifications.until_closed(told.id, SOON).await?;
    until("it to be read", SOON, async || {
        let row = app.command("get_conversation", json!({"conversationId": conversation})).await?;
        Ok(Seen::when(row.get("unreadCount") == Some(&json!(0)), row.to_string()))
    })
    .await?;
    app.click(&by_id("composer")).await
}

//! How the app starts: with the session, in the tray, where its window was, and without a flash.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use condorito_tests::app::{App, SOON};
use condorito_tests::built::artifacts;
use condorito_tests::desktop::Desktop;
use condorito_tests::poll::{Seen, until};
use condorito_tests::screen::Area;
use serde_json::json;

/// The first screen is painted.
const PAINTED: &str = "return document.querySelector('button') !== null";

#[tokio::test]
async fn starting_with_the_session_is_an_entry_that_comes_and_goes() -> Result<()> {
    let desktop = Desktop::start(&artifacts("autostart")?).await?;
    let app = App::start(&desktop, &["--locale", "es"]).await?;
    app.until("the first screen", PAINTED).await?;
    let folder = desktop.config_dir().join("autostart");
    let entry = folder.join("condorito-desktop.desktop");
    ensure!(!entry.exists(), "nobody has asked for it");
    let exec = async |wanted: &str| {
        until("the line that starts the app", SOON, async || {
            let text = std::fs::read_to_string(&entry).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with("Exec=")).unwrap_or_default();
            Ok(Seen::from_option(line.ends_with(wanted).then(|| line.to_owned()), text.clone()))
        })
        .await
    };

    app.set(json!({"startAtLogin": true})).await?;
    let data_dir = desktop.data_dir();
    let line = exec(&format!("\"--data-dir\" \"{}\"", data_dir.display())).await?;
    let program = line.trim_start_matches("Exec=\"").split('"').next().context("a program")?;
    ensure!(std::path::Path::new(program).is_file(), "{program} can be started");

    app.set(json!({"startMinimised": true})).await?;
    exec("\"--minimised\"").await?;

    app.set(json!({"startAtLogin": false})).await?;
    until("the entry to go", SOON, async || Ok(Seen::when(!entry.exists(), "it is there"))).await
}

#[tokio::test]
async fn starts_in_the_tray_when_asked_to() -> Result<()> {
    let desktop = Desktop::start(&artifacts("minimised")?).await?;
    let app = App::start(&desktop, &["--locale", "es", "--minimised"]).await?;
    app.until("the first screen", PAINTED).await?;
    let item = desktop.panel.item(SOON).await?;
    item.until_it_says("Sesión cerrada · Todo leído", SOON).await?;
    // Answered after `ui_ready`, which is what shows the window of an ordinary start.
    app.command("get_settings", json!({})).await?;
    assert_eq!(desktop.screen.window()?, None, "there is no window");

    item.choose("Abrir CRM Condorito").await?;

    desktop.screen.until_in_front(SOON).await.map(drop)
}

#[tokio::test]
async fn the_window_comes_back_where_it_was_and_within_reach() -> Result<()> {
    let desktop = Desktop::start(&artifacts("place")?).await?;
    let file = desktop.data_dir().join("window.json");
    let place = Area { x: 150, y: 60, width: 900, height: 640 };
    {
        let _app = desktop.launch(&[])?;
        let window = desktop.screen.until_in_front(SOON).await?;
        desktop.screen.put(window, place)?;
        desktop.screen.until_at(window, place, SOON).await?;
        until("the place to be written", SOON, async || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            Ok(Seen::when(text.contains("900") && text.contains("640"), text.clone()))
        })
        .await?;
        // Killed here, as by a power cut.
    }
    {
        let _app = desktop.launch(&[])?;
        let window = desktop.screen.until_in_front(SOON).await?;
        desktop.screen.until_at(window, place, SOON).await?;
    }

    // On a screen that is no longer there.
    let gone = json!({"x": 4000, "y": 200, "width": 1000, "height": 700, "maximised": false});
    std::fs::write(&file, gone.to_string())?;
    let _app = desktop.launch(&[])?;
    let window = desktop.screen.until_in_front(SOON).await?;
    let area = desktop.screen.area(window)?;
    ensure!(area.x >= 0 && area.x + 1000 <= 1440 && area.y >= 0, "{area:?}");
    assert_eq!((area.width, area.height), (1000, 700));
    Ok(())
}

/// Time between two pictures.
const FRAME: Duration = Duration::from_millis(50);

/// How long is looked at a window after it has been painted.
const SETTLED: Duration = Duration::from_secs(1);

#[tokio::test]
async fn no_light_frame_is_seen_in_the_dark() -> Result<()> {
    // By the settings against the system, and by the system alone.
    for (test, theme, system_is_dark) in
        [("flash_chosen", "dark", false), ("flash_system", "system", true)]
    {
        let desktop = Desktop::start(&artifacts(test)?).await?;
        let gtk = desktop.config_dir().join("gtk-3.0");
        std::fs::create_dir_all(&gtk)?;
        std::fs::write(
            gtk.join("settings.ini"),
            format!("[Settings]\ngtk-application-prefer-dark-theme={system_is_dark}\n"),
        )?;
        std::fs::create_dir_all(desktop.data_dir())?;
        let settings = json!({"settings": {"theme": theme}});
        std::fs::write(desktop.data_dir().join("app.json"), settings.to_string())?;

        let _app = desktop.launch(&[])?;
        let began = Instant::now();
        let (mut frames, mut painted) = (0, None::<Instant>);
        let mut steps = tokio::time::interval(FRAME);
        while painted.is_none_or(|since| since.elapsed() < SETTLED) {
            ensure!(began.elapsed() < SOON * 2, "{test}: nothing was painted in {frames} pictures");
            steps.tick().await;
            let Some(picture) = desktop.screen.picture()? else {
                continue;
            };
            frames += 1;
            ensure!(
                picture.light < 0.5,
                "{test}: picture {frames}, {:?} after the start, is light: {picture:?}",
                began.elapsed()
            );
            if !picture.blank {
                painted.get_or_insert_with(Instant::now);
            }
        }
        ensure!(frames >= 10, "{test}: {frames} pictures");
    }
    Ok(())
}

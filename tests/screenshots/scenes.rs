//! The screens, and the way to each of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use condorito_tests::app::{App, SOON};
use condorito_tests::backend::Backend;
use condorito_tests::built::{artifacts, root};
use condorito_tests::desktop::Desktop;
use condorito_tests::screen::Area;
use serde_json::json;

mod media;

const THEMES: [&str; 2] = ["light", "dark"];
const LOCALES: [&str; 3] = ["es", "en", "pt"];
const SIZES: [(u32, u32); 2] = [(1280, 800), (900, 600)];

/// The largest text of the settings, in per cent, and how it is looked at: nothing may be cut off or
/// need scrolling sideways then (WCAG 1.4.4 and 1.4.10).
const LARGE_TEXT: u32 = 200;
const LARGE_TEXT_IN: [(&str, &str); 2] = [("es", "light"), ("en", "dark")];
const LARGE_TEXT_SIZES: [(u32, u32); 3] = [(1280, 800), (900, 600), (640, 600)];

/// Sections of the settings, by the ids that the UI gives them.
const SECTIONS: [&str; 9] = [
    "account",
    "look",
    "notifications",
    "window",
    "connection",
    "data",
    "shortcuts",
    "diagnostics",
    "about",
];

/// Documents that show pictures: those they name are renewed beside them.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/guia.md"];

/// Where the pictures of documents lie.
const SHOWN: &str = "docs/screenshots";

/// Whether nothing that is shown lies beside the window or scrolls sideways; else, what does.
const CUT_OFF: &str = "
    const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('[inert], .sr-only');
    const told = 'button, input, select, textarea, a[href], h1, h2, h3, p, label, dt, dd';
    const beside = [...document.querySelectorAll(told)].filter((one) => {
        const { left, right } = one.getBoundingClientRect();
        return shown(one) && (left < -1 || right > innerWidth + 1);
    });
    const sideways = [...document.querySelectorAll('body, body *')].filter((one) =>
        shown(one) && /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1
            && !one.matches('input, textarea'));
    const all = [...beside, ...sideways];
    return all.length === 0 || all.map((one) => one.outerHTML.slice(0, 160));
";

/// Whether the message that was looked for stands in the view of the conversation.
const FOUND_IN_VIEW: &str = "
    const view = document.querySelector('[data-testid=message-list]')?.getBoundingClientRect();
    const mark = document.querySelector('[data-testid=message][tabindex=\"0\"] mark');
    if (!view || !mark || getComputedStyle(mark).visibility !== 'visible') return 'nothing is marked';
    const found = mark.getBoundingClientRect();
    return (found.bottom > view.top && found.top < view.bottom) || [found, view];
";

/// What to take pictures of.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Where all pictures go; without it, `target/screenshots`.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Only these themes.
    #[arg(long, value_delimiter = ',')]
    theme: Vec<String>,
    /// Only these languages.
    #[arg(long, value_delimiter = ',')]
    locale: Vec<String>,
}

/// One look of the app; its pictures are named by it.
#[derive(Debug, Clone, Copy)]
struct Look {
    theme: &'static str,
    locale: &'static str,
    size: (u32, u32),
    /// Size of the text, in per cent.
    text: u32,
}

impl Look {
    fn all(arguments: &Arguments) -> Vec<Self> {
        let mut looks = Vec::new();
        for locale in LOCALES {
            for theme in THEMES {
                looks.extend(SIZES.map(|size| Self { theme, locale, size, text: 100 }));
            }
        }
        looks.retain(|look| look.wanted(arguments));
        looks
    }

    fn with_large_text(arguments: &Arguments) -> Vec<Self> {
        let sized = |(locale, theme)| {
            LARGE_TEXT_SIZES.map(|size| Self { theme, locale, size, text: LARGE_TEXT })
        };
        let mut looks: Vec<Self> = LARGE_TEXT_IN.into_iter().flat_map(sized).collect();
        looks.retain(|look| look.wanted(arguments));
        looks
    }

    fn wanted(&self, arguments: &Arguments) -> bool {
        let among = |list: &[String], one: &str| list.is_empty() || list.iter().any(|it| it == one);
        among(&arguments.locale, self.locale) && among(&arguments.theme, self.theme)
    }

    fn file(self, scene: &str) -> String {
        let (width, height) = self.size;
        let text = if self.text == 100 { String::new() } else { format!("-text{}", self.text) };
        format!("{scene}-{}-{}-{width}x{height}{text}", self.locale, self.theme)
    }
}

/// Takes them.
///
/// # Errors
/// When a part does not come up or a screen is not reached.
pub async fn take(arguments: &Arguments) -> Result<()> {
    let folder = arguments.folder.clone().unwrap_or_else(|| root().join("target/screenshots"));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    std::fs::create_dir_all(root().join(SHOWN))?;
    let logs = artifacts("screenshots")?;
    let looks = Look::all(arguments);
    let large = Look::with_large_text(arguments);

    // Few messages come by themselves, so that the pictures of one run tell one story.
    let mut backend = Backend::start_with(&logs, &["--demo", "--messages-per-minute", "1"])?;
    let desktop = Desktop::start(&logs).await?;
    let app = App::start(&desktop, &["--locale", "es", "--backend", &backend.url()]).await?;
    let mut camera =
        Camera { app: &app, desktop: &desktop, folder, shown: pictures_shown()?, taken: 0 };

    for &look in looks.iter().chain(&large) {
        camera.put_on(look).await?;
        app.until("the sign-in screen", &there("login-submit")).await?;
        camera.take(look, "sign-in").await?;
    }

    sign_in(&app).await?;
    let online = "
        const state = document.querySelector('[data-testid=connection-state]')?.dataset.state;
        return state === 'online' || state || document.body.innerText;
    ";
    app.until("to be online", online).await?;
    for &look in &looks {
        camera.put_on(look).await?;
        camera.media(look).await?;
        camera.online(look).await?;
    }
    for &look in &large {
        camera.put_on(look).await?;
        camera.online_with_large_text(look).await?;
    }

    backend.kill();
    app.until_within(SOON * 2, "to be offline", &there("offline-banner"), vec![]).await?;
    for &look in looks.iter().chain(&large) {
        camera.put_on(look).await?;
        camera.open_conversation().await?;
        camera.take(look, "offline").await?;
    }
    println!("{} pictures in {}", camera.taken, camera.folder.display());
    Ok(())
}

/// Names of the pictures that the documents show.
fn pictures_shown() -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).context(document)?;
        let places = text.split("screenshots/").skip(1);
        names.extend(places.filter_map(|rest| Some(rest.split_once(".png")?.0.to_owned())));
    }
    Ok(names)
}

async fn sign_in(app: &App) -> Result<()> {
    app.fill("[data-testid=login-code]", "DEMO").await?;
    app.fill("[data-testid=login-password]", "demo1234").await?;
    app.click("[data-testid=login-submit]").await
}

fn there(id: &str) -> String {
    format!(
        "return document.querySelector('[data-testid={id}]') !== null || document.body.innerText"
    )
}

fn gone(id: &str) -> String {
    format!("return document.querySelector('[data-testid={id}]') === null")
}

fn test_id(id: &str) -> String {
    format!("[data-testid={id}]")
}

struct Camera<'a> {
    app: &'a App,
    desktop: &'a Desktop,
    folder: PathBuf,
    shown: BTreeSet<String>,
    taken: usize,
}

impl Camera<'_> {
    /// Makes the app look like this.
    async fn put_on(&self, look: Look) -> Result<()> {
        let (width, height) = look.size;
        let window = self.desktop.screen.until_there(SOON).await?;
        self.desktop.screen.put(window, Area { x: 40, y: 20, width, height })?;
        let scale = f64::from(look.text) / 100.0;
        let settings = json!({ "theme": look.theme, "locale": look.locale, "textScale": scale });
        self.app.set(settings).await?;
        let worn = "
            const root = document.documentElement;
            const is = [root.dataset.theme, root.lang.slice(0, 2), `${innerWidth}x${innerHeight}`,
                getComputedStyle(root).fontSize].join(' ');
            return is === arguments[0] || is;
        ";
        let wanted = format!("{} {} {width}x{height} {}px", look.theme, look.locale, 16.0 * scale);
        self.app.until_within(SOON, "the look", worn, vec![json!(wanted)]).await
    }

    async fn take(&mut self, look: Look, scene: &str) -> Result<()> {
        let name = look.file(scene);
        let picture = self.app.picture().await?;
        if look.text != 100 {
            self.app.until(&format!("all of {name} within the window"), CUT_OFF).await?;
        }
        write(&self.folder.join(&name), &picture)?;
        if self.shown.contains(&name) {
            write(&root().join(SHOWN).join(&name), &picture)?;
        }
        self.taken += 1;
        Ok(())
    }

    /// Opens a conversation that has a history, as its bubbles show.
    async fn open_conversation(&self) -> Result<()> {
        self.app.click(&test_id("nav-chat")).await?;
        self.app.click(&test_id("conversation-row")).await?;
        self.app.until("messages", &there("message")).await
    }

    /// Every screen that needs a session.
    async fn online(&mut self, look: Look) -> Result<()> {
        self.open_conversation().await?;
        self.take(look, "chat").await?;
        self.click_open("contact-toggle", "contact-panel").await?;
        self.take(look, "contact").await?;
        self.app.click(&test_id("contact-close")).await?;
        self.app.until("its end", &gone("contact-panel")).await?;

        self.app.fill(&test_id("conversation-search"), "mate").await?;
        self.app.until("hits", &there("search-hit")).await?;
        self.take(look, "search").await?;
        self.app.click(&test_id("search-hit")).await?;
        self.app.until("the search in the conversation", &there("find-bar")).await?;
        self.app.until("what was found, in view", FOUND_IN_VIEW).await?;
        self.take(look, "find").await?;
        self.app.click(&test_id("find-close")).await?;
        self.app.until("its end", &gone("find-bar")).await?;
        self.app.click(&test_id("conversation-search")).await?;
        self.keys("Escape", false).await?;
        self.app.until("the list again", &gone("search-hit")).await?;

        self.keys("k", true).await?;
        self.app.until("the palette", &there("palette")).await?;
        self.take(look, "palette").await?;
        self.keys("Escape", false).await?;
        self.app.until("its end", &gone("palette")).await?;

        self.keys("n", true).await?;
        self.app.until("the dialog", &there("new-phone")).await?;
        self.take(look, "new-conversation").await?;
        self.keys("Escape", false).await?;
        self.app.until("its end", &gone("new-phone")).await?;

        self.app.click(&test_id("nav-whatsapp")).await?;
        self.app.until("the state of WhatsApp", &there("whatsapp-state")).await?;
        self.take(look, "whatsapp").await?;

        self.app.click(&test_id("nav-settings")).await?;
        for section in SECTIONS {
            self.app.click(&test_id(&format!("settings-{section}"))).await?;
            self.take(look, &format!("settings-{section}")).await?;
        }
        self.app.click(&test_id("nav-chat")).await
    }

    /// The screens that are fullest, with text twice as large.
    async fn online_with_large_text(&mut self, look: Look) -> Result<()> {
        // One column shows either, list or messages: the section leads from these back to the list.
        let in_list = there("conversation-row");
        self.app.click(&test_id("nav-chat")).await?;
        self.app.until("the list", &in_list).await?;
        self.take(look, "list").await?;
        self.open_conversation().await?;
        self.take(look, "chat").await?;
        self.keys("i", true).await?;
        self.app.until("the contact", &there("contact-panel")).await?;
        self.take(look, "contact").await?;
        self.app.click(&test_id("contact-close")).await?;
        self.app.until("its end", &gone("contact-panel")).await?;

        self.keys("k", true).await?;
        self.app.until("the palette", &there("palette")).await?;
        self.take(look, "palette").await?;
        self.keys("Escape", false).await?;
        self.app.until("its end", &gone("palette")).await?;

        self.app.click(&test_id("nav-settings")).await?;
        let choose = "
            const list = document.querySelector('[data-testid=settings-pages]');
            if (!list) return 'no list of sections';
            list.value = 'look';
            list.dispatchEvent(new Event('change', { bubbles: true }));
            return true;
        ";
        self.app.until("the list of sections", choose).await?;
        self.take(look, "settings").await?;
        self.app.click(&test_id("nav-chat")).await
    }

    /// Clicks on one thing and waits for another to be there.
    async fn click_open(&self, what: &str, opens: &str) -> Result<()> {
        self.app.click(&test_id(what)).await?;
        self.app.until(opens, &there(opens)).await
    }

    /// Presses a key where the focus is.
    async fn keys(&self, key: &str, control: bool) -> Result<()> {
        let press = "
            const target = document.activeElement ?? document.body;
            target.dispatchEvent(new KeyboardEvent('keydown', {
                key: arguments[0], ctrlKey: arguments[1], bubbles: true, cancelable: true,
            }));
        ";
        self.app.evaluate(press, vec![json!(key), json!(control)]).await.map(drop)
    }
}

fn write(path: &Path, picture: &[u8]) -> Result<()> {
    let path = path.with_extension("png");
    std::fs::write(&path, picture).with_context(|| path.display().to_string())
}

//! What contacts send besides text: the conversation of the demo that has one of each kind.

use anyhow::Result;
use condorito_tests::app::SOON;
use serde_json::json;

use super::{Camera, Look, gone, test_id};

/// Who has sent one of each kind, in `crates/backend`.
const SENDER: &str = "Carla Domínguez";

/// Presses the row of somebody, once it is there.
const OPEN: &str = "
    const rows = [...document.querySelectorAll('[data-testid=conversation-row]')];
    const row = rows.find((one) => one.innerText.includes(arguments[0]));
    row?.click();
    return row !== undefined || rows.map((one) => one.innerText);
";

/// Goes to the end, as the reader's hand does, and answers whether the last message is there.
const AT_THE_END: &str = "
    const list = document.querySelector('[data-testid=message-list]');
    list?.dispatchEvent(new WheelEvent('wheel'));
    if (list) list.scrollTop = list.scrollHeight;
    return (list?.querySelector('[data-testid=contact-card]') ?? null) !== null || document.body.innerText;
";

/// Brings the first of these to the top, as the reader's hand does, and answers whether it is there
/// and its picture, if it has one, is drawn.
const IN_VIEW: &str = "
    const list = document.querySelector('[data-testid=message-list]');
    const one = list.querySelector(`[data-testid=${arguments[0]}]`);
    if (!one) {
        list.dispatchEvent(new WheelEvent('wheel'));
        list.scrollTop -= 200;
        return list.innerText;
    }
    const above = one.getBoundingClientRect().top - list.getBoundingClientRect().top - 40;
    const image = one.querySelector('img');
    const atEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 2;
    if (Math.abs(above) < 2 || (above > 0 && atEnd)) return !image || (image.complete && image.naturalWidth > 0);
    list.dispatchEvent(new WheelEvent('wheel'));
    list.scrollTop += above;
    return above;
";

/// Whether the large picture is drawn.
const DRAWN: &str = "
    const image = document.querySelector('[data-testid=viewer] img');
    return (image?.complete && image.naturalWidth > 0) || document.body.innerText;
";

/// Lets the film begin, unless it has, and answers whether a frame of it is drawn.
const PLAYS: &str = "
    document.querySelector('[data-testid=video-play]')?.click();
    const film = document.querySelector('[data-testid=video-player]');
    return film?.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
        || document.querySelector('[data-testid=video-note]')?.innerText || document.body.innerText;
";

impl Camera<'_> {
    /// A picture of each kind of message, and the large view of a picture.
    pub(super) async fn media(&mut self, look: Look) -> Result<()> {
        self.app.click(&test_id("nav-chat")).await?;
        self.until_said(OPEN, SENDER).await?;
        self.app.until_within(SOON, "the card", AT_THE_END, vec![]).await?;
        self.take(look, "media").await?;
        self.until_said(IN_VIEW, "picture").await?;
        self.take(look, "media-pictures").await?;
        self.app.click(&test_id("picture")).await?;
        self.app.until_within(SOON, "the large picture", DRAWN, vec![]).await?;
        self.take(look, "media-viewer").await?;
        self.app.click(&test_id("viewer-close")).await?;
        self.app.until("its end", &gone("viewer")).await?;
        self.until_said(IN_VIEW, "video").await?;
        self.app.until_within(SOON, "the film", PLAYS, vec![]).await?;
        self.take(look, "media-video").await
    }

    async fn until_said(&self, script: &str, about: &str) -> Result<()> {
        self.app.until_within(SOON, about, script, vec![json!(about)]).await
    }
}

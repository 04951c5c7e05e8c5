//! Pages of messages: from the cache where it is known to be whole there, else with the server's
//! help for as long as a person waits.

use super::args::{ListMessages, PlaceArg};
use super::conversations::PAGE;
use crate::account::OpenAccount;
use crate::client::Client;
use crate::fault;
use crate::locale::Locale;
use condorito_model::fact::MessageKind;
use condorito_model::view::{ConnectionState, Message, MessagePage};
use condorito_model::{ErrorCode, RowId};
use condorito_store::{Anchor, Error, Messages, Place};
use condorito_sync::Command;
use std::time::Duration;
use tokio::time::Instant;

/// How long a page may wait for the server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Stretches that one page asks for at most: a jump far back must not eat the request budget.
const STRETCHES: u32 = 4;

/// How long a page may wait to learn how large its pictures are: a large file may just be written.
const PIXELS_PATIENCE: Duration = Duration::from_millis(50);

/// Gives an error its sentence; the store speaks no language.
pub(super) fn word(message: &mut Message, locale: Locale) {
    if let Some(error) = &mut message.error {
        error.message = locale.sentence(error.code).to_owned();
    }
}

impl Client {
    pub(crate) async fn list_messages(&self, args: ListMessages) -> Result<MessagePage, ErrorCode> {
        let open = self.account().await?;
        let place = place(&args)?;
        let limit = args.limit.unwrap_or(PAGE);
        let given_up = Instant::now() + PATIENCE;
        let mut read = page(&open, &args, place, limit).await?;
        // The first question makes the newest page whole; a page further back needs more.
        let mut older = matches!(place, Place::Before(_));
        for _ in 0..STRETCHES {
            if read.complete || !is_reachable(&open) {
                break;
            }
            let conversation_id = open.engine.resolve(args.conversation_id);
            let asked = open.engine.ask(Command::LoadMessages { conversation_id, older });
            match tokio::time::timeout_at(given_up, asked).await {
                Ok(Ok(_)) => {}
                Ok(Err(ErrorCode::NotFound)) => return Err(ErrorCode::NotFound),
                // What the cache has is better than an error.
                Ok(Err(_)) | Err(_) => break,
            }
            older = true;
            read = page(&open, &args, place, limit).await?;
        }
        let locale = self.locale();
        let mut page = read.page;
        for message in &mut page.items {
            word(message, locale);
        }
        tell_pixels(&open, &mut page.items).await;
        Ok(page)
    }
}

/// Tells how large the pictures are that are kept here, so that their place can be held. Without it
/// they are shown all the same.
async fn tell_pixels(open: &OpenAccount, messages: &mut [Message]) {
    let pictures = || messages.iter().filter(|message| message.kind == MessageKind::Image);
    let urls: Vec<String> =
        pictures().filter_map(|message| message.media.as_ref()?.url.clone()).collect();
    let (false, Ok(store)) = (urls.is_empty(), open.media.store()) else {
        return;
    };
    let known = match tokio::time::timeout(PIXELS_PATIENCE, store.pixels(urls)).await {
        Ok(Ok(known)) => known,
        Ok(Err(error)) => {
            tracing::warn!(%error, "sizes of pictures could not be read");
            return;
        }
        Err(_) => return,
    };
    for media in messages.iter_mut().filter_map(|message| message.media.as_mut()) {
        if let Some(&(width, height)) = media.url.as_ref().and_then(|url| known.get(url)) {
            (media.width, media.height) = (Some(width), Some(height));
        }
    }
}

/// Whether asking the server makes sense now.
pub(super) fn is_reachable(open: &OpenAccount) -> bool {
    matches!(
        open.engine.shown().connection.state,
        ConnectionState::Syncing | ConnectionState::Online | ConnectionState::Polling
    )
}

async fn page(
    open: &OpenAccount,
    args: &ListMessages,
    place: Place,
    limit: u32,
) -> Result<Messages, ErrorCode> {
    for id in open.engine.ids_of(args.conversation_id) {
        match open.store.messages(id, place, limit).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(Error::NoPlace) => return Err(ErrorCode::NotFound),
            Err(error) => return Err(fault::of_store(&error)),
        }
    }
    Err(ErrorCode::NotFound)
}

fn place(args: &ListMessages) -> Result<Place, ErrorCode> {
    let anchor = |place: &PlaceArg| match place {
        PlaceArg::Id(id) => Ok(Anchor::Id(RowId(*id))),
        PlaceArg::Cursor(cursor) => cursor.parse().map_err(|_| ErrorCode::InvalidInput),
    };
    match (&args.before, &args.after, args.around) {
        (None, None, None) => Ok(Place::Newest),
        (Some(before), None, None) => Ok(Place::Before(anchor(before)?)),
        (None, Some(after), None) => Ok(Place::After(anchor(after)?)),
        (None, None, Some(id)) => Ok(Place::Around(Anchor::Id(RowId(id)))),
        _ => Err(ErrorCode::InvalidInput),
    }
}

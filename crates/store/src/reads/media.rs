//! What a message carries, for whoever fetches it.

use super::Pinned;
use crate::error::{Error, Result};
use crate::row;
use crate::store::Store;
use condorito_model::RowId;
use condorito_model::fact::{Media, MessageKind};
use rusqlite::OptionalExtension;

impl Store {
    /// What a cached message is, and its file if it has one.
    ///
    /// # Errors
    /// [`Error::NoPlace`] for an id that the cache does not have.
    pub async fn media_of(&self, id: RowId) -> Result<(MessageKind, Option<Media>)> {
        self.readers.read(move |files| media_of(files, id)).await
    }
}

fn media_of(files: &Pinned<'_>, id: RowId) -> Result<(MessageKind, Option<Media>)> {
    files
        .cache
        .prepare_cached(
            "SELECT kind, has_media, media_url, media_name FROM messages WHERE id = ?1",
        )?
        .query_row([id.0], |found| Ok((row::kind(found.get(0)?), row::media(found, 1)?)))
        .optional()?
        .ok_or(Error::NoPlace)
}

//! Files of messages: shown, saved, opened, thrown away.

use super::args::{MediaOf, Nothing, SaveMedia};
use super::destination::Destination;
use super::results::{Exported, MediaInfo, MediaState, OpenedFile};
use crate::account::OpenAccount;
use crate::client::Client;
use crate::fault;
use crate::media::{MediaPart, Picture, file_name, is_openable, is_raster};
use condorito_model::{ErrorCode, RowId};
use condorito_store::MediaFacts;
use std::ops::Range;
use std::sync::Arc;

/// A message's file, as the server names it.
struct Source {
    open: Arc<OpenAccount>,
    id: RowId,
    url: String,
    name: Option<String>,
}

impl Client {
    pub(crate) async fn media_info(&self, args: MediaOf) -> Result<MediaInfo, ErrorCode> {
        let Some(source) = self.source(args.message_id).await? else {
            return Ok(MediaInfo::without(MediaState::None));
        };
        let fetch = args.fetch.unwrap_or(true);
        let facts = if fetch { Some(source.fetched().await?) } else { source.known().await? };
        Ok(match facts {
            None => MediaInfo::without(MediaState::Remote),
            Some(facts) if facts.gone => MediaInfo::without(MediaState::Gone),
            Some(facts) => MediaInfo {
                state: MediaState::Ready,
                name: Some(source.file_name(&facts)),
                size: Some(facts.size),
                width: facts.pixels.map(|(width, _)| width),
                height: facts.pixels.map(|(_, height)| height),
                openable: is_openable(&facts.mime),
                mime: Some(facts.mime),
            },
        })
    }

    pub(crate) async fn save_media(&self, args: SaveMedia) -> Result<Exported, ErrorCode> {
        let (_, bytes) = self.whole(args.message_id).await?;
        Destination::new(&args.path)?.write(bytes).await?;
        Ok(Exported { path: args.path })
    }

    pub(crate) async fn media_file(&self, args: MediaOf) -> Result<OpenedFile, ErrorCode> {
        let (source, facts) = self.ready(args.message_id).await?;
        if !is_openable(&facts.mime) {
            return Err(ErrorCode::FileKind);
        }
        let (_, bytes) = self.whole(args.message_id).await?;
        let folder = self.inner.folder.opened();
        let name = source.file_name(&facts);
        let write = move || {
            crate::folder::make_private(&folder)?;
            // A folder each, so that the file can have its name.
            let own = tempfile::Builder::new().tempdir_in(folder)?;
            let path = own.path().join(name);
            std::fs::write(&path, bytes)?;
            let _ = own.keep();
            Ok(path)
        };
        let path = tokio::task::spawn_blocking(write).await.map_err(|_| ErrorCode::Internal)?;
        let path = path.map_err(|error: std::io::Error| fault::of_io(&error))?;
        let path = path.into_os_string().into_string().map_err(|_| ErrorCode::Internal)?;
        Ok(OpenedFile { path })
    }

    pub(crate) async fn clear_media(&self, _: Nothing) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        open.media.store()?.clear().await.map_err(|error| fault::of_store(&error))?;
        self.inner.folder.remove_opened().map_err(|error| fault::of_io(&error))
    }

    /// A part of a message's kept file, for a page to show; all of it where no part is named, and
    /// the small picture of it with `thumbnail`. Asks the server for nothing.
    ///
    /// # Errors
    /// `not_found` for what is not kept; `file_kind` for what a page must not show.
    pub async fn media_part(
        &self,
        message_id: i64,
        thumbnail: bool,
        range: Option<Range<u64>>,
    ) -> Result<MediaPart, ErrorCode> {
        let source = self.source(message_id).await?.ok_or(ErrorCode::NotFound)?;
        let store = source.open.media.store()?;
        if thumbnail {
            let bytes =
                store.thumbnail(source.url).await.map_err(|error| fault::of_store(&error))?;
            let bytes = bytes.ok_or(ErrorCode::NotFound)?;
            let png = bytes.starts_with(b"\x89PNG");
            return Ok(MediaPart {
                mime: if png { "image/png" } else { "image/jpeg" }.into(),
                size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                start: 0,
                bytes,
            });
        }
        let range = range.unwrap_or(0..u64::MAX);
        let start = range.start;
        let read = store.read(source.url, range).await.map_err(|error| fault::of_store(&error))?;
        let (facts, bytes) = read.ok_or(ErrorCode::NotFound)?;
        let shown = is_raster(&facts.mime)
            || facts.mime.starts_with("audio/")
            || facts.mime.starts_with("video/");
        if !shown {
            return Err(ErrorCode::FileKind);
        }
        Ok(MediaPart { mime: facts.mime, size: facts.size, start, bytes })
    }

    /// A message's picture, decoded, for the clipboard; fetched where it is not kept.
    ///
    /// # Errors
    /// `not_found` for what is gone, `file_kind` for what is no picture or cannot be decoded, and
    /// what fetching answers.
    pub async fn picture(&self, message_id: i64) -> Result<Picture, ErrorCode> {
        let (facts, bytes) = self.whole(message_id).await?;
        if !is_raster(&facts.mime) {
            return Err(ErrorCode::FileKind);
        }
        let decoded = tokio::task::spawn_blocking(move || Picture::decoded(&bytes)).await;
        decoded.map_err(|_| ErrorCode::Internal)?.ok_or(ErrorCode::FileKind)
    }

    /// `None` for a message without a file.
    async fn source(&self, message_id: i64) -> Result<Option<Source>, ErrorCode> {
        let (open, id) = (self.account().await?, RowId(message_id));
        let (_, media) = open.store.media_of(id).await.map_err(|error| fault::of_store(&error))?;
        let Some((url, name)) = media.and_then(|media| Some((media.url?, media.file_name))) else {
            return Ok(None);
        };
        Ok(Some(Source { open, id, url, name }))
    }

    async fn ready(&self, message_id: i64) -> Result<(Source, MediaFacts), ErrorCode> {
        let source = self.source(message_id).await?.ok_or(ErrorCode::NotFound)?;
        let facts = source.fetched().await?;
        if facts.gone { Err(ErrorCode::NotFound) } else { Ok((source, facts)) }
    }

    async fn whole(&self, message_id: i64) -> Result<(MediaFacts, Vec<u8>), ErrorCode> {
        let (source, _) = self.ready(message_id).await?;
        let store = source.open.media.store()?;
        let read = store.read(source.url, 0..u64::MAX).await;
        read.map_err(|error| fault::of_store(&error))?.ok_or(ErrorCode::NotFound)
    }
}

impl Source {
    async fn known(&self) -> Result<Option<MediaFacts>, ErrorCode> {
        self.open.media.known(&self.url).await
    }

    async fn fetched(&self) -> Result<MediaFacts, ErrorCode> {
        self.open.media.fetched(self.id, &self.url, self.name.as_deref()).await
    }

    fn file_name(&self, facts: &MediaFacts) -> String {
        let otherwise = format!("condorito-{}", self.id.0);
        file_name(self.name.as_deref(), &facts.extension, &otherwise)
    }
}

impl MediaInfo {
    const fn without(state: MediaState) -> Self {
        Self {
            state,
            mime: None,
            name: None,
            size: None,
            width: None,
            height: None,
            openable: false,
        }
    }
}

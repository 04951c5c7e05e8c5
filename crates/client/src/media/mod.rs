//! Files of messages: fetched once, without a token, and kept encrypted. Their addresses are all
//! that guards them on the server (contract S5), so they are never logged and go to no host but
//! the one that they name.

mod kind;
mod picture;

pub(crate) use kind::{Kind, file_name, is_openable, is_raster};
pub use picture::Picture;

use condorito_model::rest::Failure;
use condorito_model::{ErrorCode, RowId};
use condorito_net::Rest;
use condorito_store::{Key, MediaFacts, MediaFile, MediaStore};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

use crate::fault;

/// Bytes of one file, at most: the server takes none over 50 MB from WhatsApp.
const LARGEST: usize = 64 << 20;
/// Bytes of all files of an account, at most.
const CAP: u64 = 512 << 20;
/// Files that are fetched at the same time.
const AT_ONCE: usize = 3;

/// An account's files of messages.
#[derive(Debug)]
pub(crate) struct MediaCache {
    /// `None` where the file cannot be opened: everything but media works.
    store: Option<MediaStore>,
    rest: Rest,
    fetches: Semaphore,
    /// One fetch of a file at a time, by its address.
    flights: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A part of a file for a page to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPart {
    /// The type from the bytes.
    pub mime: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Where the part begins.
    pub start: u64,
    /// The part.
    pub bytes: Vec<u8>,
}

impl MediaCache {
    pub(crate) async fn open(folder: &Path, key: Key, rest: Rest) -> Self {
        let store = match MediaStore::open(folder, key, CAP).await {
            Ok(store) => Some(store),
            Err(error) => {
                tracing::error!(%error, "the media file could not be opened");
                None
            }
        };
        Self { store, rest, fetches: Semaphore::new(AT_ONCE), flights: Mutex::default() }
    }

    pub(crate) fn store(&self) -> Result<&MediaStore, ErrorCode> {
        self.store.as_ref().ok_or(ErrorCode::StoreFault)
    }

    pub(crate) fn bytes_on_disk(&self) -> u64 {
        self.store.as_ref().map_or(0, MediaStore::bytes_on_disk)
    }

    pub(crate) async fn close(&self) {
        if let Some(store) = &self.store {
            store.close().await;
        }
    }

    /// What is known of a file without asking the server.
    pub(crate) async fn known(&self, url: &str) -> Result<Option<MediaFacts>, ErrorCode> {
        self.store()?.facts(url).await.map_err(|error| fault::of_store(&error))
    }

    /// What is known of a file, fetched where it was not before.
    pub(crate) async fn fetched(
        &self,
        id: RowId,
        url: &str,
        name: Option<&str>,
    ) -> Result<MediaFacts, ErrorCode> {
        if let Some(facts) = self.known(url).await? {
            return Ok(facts);
        }
        let flight = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(flights.entry(url.to_owned()).or_default())
        };
        let _alone = flight.lock().await;
        if let Some(facts) = self.known(url).await? {
            return Ok(facts);
        }
        let facts = self.fetch(id, url, name).await;
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(url);
        facts
    }

    async fn fetch(
        &self,
        id: RowId,
        url: &str,
        name: Option<&str>,
    ) -> Result<MediaFacts, ErrorCode> {
        let _slot = self.fetches.acquire().await.map_err(|_| ErrorCode::Internal)?;
        let store = self.store()?;
        let bytes = match self.rest.media(url, LARGEST).await {
            Ok(bytes) => bytes,
            Err(Failure::Refused { status: 404 | 410, .. }) => {
                tracing::debug!(message = id.0, "a file is no longer on the server");
                store.put_gone(url).await.map_err(|error| fault::of_store(&error))?;
                return Ok(MediaFacts {
                    gone: true,
                    mime: String::new(),
                    extension: String::new(),
                    size: 0,
                    pixels: None,
                });
            }
            Err(failure) => {
                tracing::info!(message = id.0, "a file could not be fetched");
                return Err(code_of(&failure));
            }
        };
        let name = name.map(str::to_owned);
        let file = tokio::task::spawn_blocking(move || examined(bytes, name.as_deref()));
        let file = file.await.map_err(|_| ErrorCode::Internal)?;
        let facts = file.facts.clone();
        store.put(url, file).await.map_err(|error| fault::of_store(&error))?;
        Ok(facts)
    }
}

/// What the bytes are; a picture that cannot be read is a file like any other.
fn examined(bytes: Vec<u8>, name: Option<&str>) -> MediaFile {
    let kind = Kind::of(&bytes, name);
    let preview = is_raster(&kind.mime).then(|| picture::preview(&bytes)).flatten();
    let broken = is_raster(&kind.mime) && preview.is_none();
    let Kind { mime, extension } = if broken { Kind::unknown() } else { kind };
    MediaFile {
        facts: MediaFacts {
            gone: false,
            mime,
            extension,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            pixels: preview.as_ref().map(|preview| preview.pixels),
        },
        bytes,
        thumbnail: preview.map(|preview| preview.thumbnail),
    }
}

const fn code_of(failure: &Failure) -> ErrorCode {
    match failure {
        Failure::NotSent => ErrorCode::Offline,
        Failure::Unclear { .. } => ErrorCode::Timeout,
        Failure::RateLimited { .. } => ErrorCode::RateLimited,
        Failure::ServerFault { .. } => ErrorCode::ServerFault,
        _ => ErrorCode::Refused,
    }
}

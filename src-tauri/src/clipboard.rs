//! Pictures on the clipboard. Texts the page puts there itself.

use std::sync::{Arc, Mutex, PoisonError};

use arboard::ImageData;
use condorito_client::{ErrorCode, Picture};

/// The clipboard, opened when it is first needed and then held: on X11 its owner hands out what is
/// on it as long as it lives.
#[derive(Clone, Default)]
pub struct Clipboard(Arc<Mutex<Option<arboard::Clipboard>>>);

impl Clipboard {
    /// Puts a picture on it.
    ///
    /// # Errors
    /// `internal` when there is no clipboard, or it does not take the picture.
    pub async fn put(&self, picture: Picture) -> Result<(), ErrorCode> {
        let this = self.clone();
        // It is encoded and waits for the desktop.
        let put = tokio::task::spawn_blocking(move || this.put_now(picture));
        put.await.map_err(|_| ErrorCode::Internal)?.map_err(|error| {
            tracing::warn!(%error, "the clipboard did not take a picture");
            ErrorCode::Internal
        })
    }

    fn put_now(&self, picture: Picture) -> Result<(), arboard::Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clipboard = match held.as_mut() {
            Some(clipboard) => clipboard,
            None => held.insert(arboard::Clipboard::new()?),
        };
        let put = clipboard.set_image(ImageData {
            width: usize::try_from(picture.width).map_err(|_| arboard::Error::ConversionFailure)?,
            height: usize::try_from(picture.height)
                .map_err(|_| arboard::Error::ConversionFailure)?,
            bytes: picture.rgba.into(),
        });
        if put.is_err() {
            // The next one asks the desktop anew.
            *held = None;
        }
        put
    }
}

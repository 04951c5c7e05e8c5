//! What lies on this machine: how much, all of it as a file, and the cache thrown away.

use super::args::{Export, Nothing};
use super::destination::Destination;
use super::messages::is_reachable;
use super::results::{DataExported, StorageUsage};
use crate::actor::{Why, now};
use crate::client::Client;
use crate::fault;
use condorito_model::ErrorCode;
use condorito_store::ExportError;
use serde_json::json;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Bytes that are handed to the system at a time.
const BUFFER: usize = 256 << 10;

impl Client {
    pub(crate) async fn storage_usage(&self, _: Nothing) -> Result<StorageUsage, ErrorCode> {
        let open = self.account().await?;
        let sizes = open.store.sizes().await.map_err(|error| fault::of_store(&error))?;
        let root = self.inner.folder.root();
        let logs = root.join("logs");
        let log_bytes = tokio::task::spawn_blocking(move || bytes_below(&logs)).await;
        Ok(StorageUsage {
            folder: root.display().to_string(),
            cache_bytes: sizes.cache_bytes,
            outbox_bytes: sizes.outbox_bytes,
            media_bytes: open.media.bytes_on_disk(),
            log_bytes: log_bytes.unwrap_or(0),
            conversations: sizes.conversations,
            messages: sizes.messages,
        })
    }

    pub(crate) async fn export_data(&self, args: Export) -> Result<DataExported, ErrorCode> {
        let open = self.account().await?;
        let destination = Arc::new(Destination::new(&args.path)?);
        let about = vec![
            ("exportedAt", json!(now())),
            ("backend", json!(open.backend)),
            ("account", json!(open.account())),
            ("settings", json!(self.settings())),
        ];
        let place = Arc::clone(&destination);
        let begin = move || Ok(BufWriter::with_capacity(BUFFER, place.begin()?));
        let finish = move |out: BufWriter<NamedTempFile>| {
            destination.finish(out.into_inner().map_err(io::IntoInnerError::into_error)?)
        };
        let rows = open.store.export(about, begin, finish).await.map_err(|error| match error {
            ExportError::Store(error) => fault::of_store(&error),
            ExportError::Write(error) => fault::of_file(&error),
        })?;
        Ok(DataExported {
            path: args.path,
            conversations: rows.conversations,
            messages: rows.messages,
        })
    }

    pub(crate) async fn clear_cache(&self, _: Nothing) -> Result<(), ErrorCode> {
        self.restored().await;
        // Nobody signs in or out meanwhile.
        let _turn = self.inner.turn.lock().await;
        let open = self.account().await?;
        if self.current().expired {
            return Err(ErrorCode::SessionExpired);
        }
        if !is_reachable(&open) {
            return Err(ErrorCode::Offline);
        }
        self.renew_cache(&open, Why::Asked).await
    }
}

/// Bytes of all files in a folder and below; of what cannot be read, none.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

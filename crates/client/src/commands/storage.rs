//! What lies on this machine: how much, all of it as a file, and the cache thrown away.

use super::args::{Export, Nothing};
use super::results::{DataExported, StorageUsage};
use crate::client::Client;
use crate::fault;
use condorito_model::ErrorCode;
use std::path::Path;

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
            media_bytes: 0,
            log_bytes: log_bytes.unwrap_or(0),
            conversations: sizes.conversations,
            messages: sizes.messages,
        })
    }

    pub(crate) async fn export_data(&self, _: Export) -> Result<DataExported, ErrorCode> {
        Err(ErrorCode::Internal)
    }

    pub(crate) async fn clear_cache(&self, _: Nothing) -> Result<(), ErrorCode> {
        Err(ErrorCode::Internal)
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

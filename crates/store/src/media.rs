//! The files of messages: fetched once, kept as long as there is room. Nothing else depends on
//! them, so a damaged file is set aside and made anew, and a write that fails loses nothing.

use crate::connection;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::open::path;
use crate::recovery::{self, Check, State};
use crate::schema::FileKind;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a piece.
const PIECE: usize = 256 << 10;
/// Rows about files that the server no longer has, at most: they weigh nothing, but grow.
const GONE_KEPT: i64 = 20_000;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFacts {
    /// The server no longer has it; nothing else here means anything then.
    pub gone: bool,
    /// Its type, from its bytes.
    pub mime: String,
    /// The ending that belongs to it, without a dot; empty when unknown.
    pub extension: String,
    /// Bytes.
    pub size: u64,
    /// Pixels of a picture, across and down.
    pub pixels: Option<(u32, u32)>,
}

/// A file to be kept.
#[derive(Debug, Clone)]
pub struct MediaFile {
    /// What is known of it; its size is that of `bytes`.
    pub facts: MediaFacts,
    /// All of it.
    pub bytes: Vec<u8>,
    /// A small picture of it.
    pub thumbnail: Option<Vec<u8>>,
}

/// The files of an account's messages, encrypted, up to so many bytes. Clones share them.
#[derive(Clone)]
pub struct MediaStore {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    key: Key,
    cap: u64,
    /// `None` once closed.
    file: Mutex<Option<Connection>>,
}

impl fmt::Debug for MediaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStore").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

impl MediaStore {
    /// Opens the file in a folder that the caller holds, or makes it. `cap`: bytes of all files
    /// together, at most.
    ///
    /// # Errors
    /// [`Error::Newer`] leaves the file untouched.
    pub async fn open(folder: impl Into<PathBuf>, key: Key, cap: u64) -> Result<Self> {
        let folder = folder.into();
        blocking(move || {
            let file = prepare(&folder, &key)?;
            let file = Mutex::new(Some(file));
            Ok(Self { inner: Arc::new(Inner { folder, key, cap, file }) })
        })
        .await
    }

    /// What is known of the file with this address; `None` when it was never fetched.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn facts(&self, url: impl Into<String>) -> Result<Option<MediaFacts>> {
        let url = url.into();
        self.with(move |file| facts(file, &url)).await
    }

    /// How large the pictures among these files are, in pixels; only what is kept is known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn pixels(&self, urls: Vec<String>) -> Result<HashMap<String, (u32, u32)>> {
        self.with(move |file| {
            let mut known = HashMap::with_capacity(urls.len());
            for url in &urls {
                if let Some(pixels) = facts(file, url)?.and_then(|facts| facts.pixels) {
                    known.insert(url.clone(), pixels);
                }
            }
            Ok(known)
        })
        .await
    }

    /// A part of a file, cut off where the file ends, with what is known of it. Counts as a use.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(
        &self,
        url: impl Into<String>,
        range: Range<u64>,
    ) -> Result<Option<(MediaFacts, Vec<u8>)>> {
        let url = url.into();
        self.with(move |file| {
            let Some(facts) = facts(file, &url)?.filter(|facts| !facts.gone) else {
                return Ok(None);
            };
            touch(file, &url)?;
            let range = range.start.min(facts.size)..range.end.min(facts.size);
            Ok(Some((facts, part(file, &url, range)?)))
        })
        .await
    }

    /// The small picture of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn thumbnail(&self, url: impl Into<String>) -> Result<Option<Vec<u8>>> {
        let url = url.into();
        self.with(move |file| {
            touch(file, &url)?;
            let found = file
                .prepare_cached(
                    "SELECT bytes FROM thumbnails
                     WHERE file_id = (SELECT id FROM files WHERE url = ?1)",
                )?
                .query_row([&url], |row| row.get(0))
                .optional()?;
            Ok(found)
        })
        .await
    }

    /// Keeps a file; those not used for longest make room. One that is larger than all the room
    /// is not kept.
    ///
    /// # Errors
    /// When it was not stored.
    pub async fn put(&self, url: impl Into<String>, media: MediaFile) -> Result<()> {
        let (url, cap) = (url.into(), self.inner.cap);
        let weight = weight(&media);
        if weight > cap {
            return Ok(());
        }
        self.with(move |file| {
            let transaction = file.unchecked_transaction()?;
            transaction.execute("DELETE FROM files WHERE url = ?1", [&url])?;
            make_room(&transaction, cap - weight)?;
            insert(&transaction, &url, &media)?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }

    /// Remembers that the server no longer has a file.
    ///
    /// # Errors
    /// When it was not stored.
    pub async fn put_gone(&self, url: impl Into<String>) -> Result<()> {
        let url = url.into();
        self.with(move |file| {
            let transaction = file.unchecked_transaction()?;
            transaction.execute("DELETE FROM files WHERE url = ?1", [&url])?;
            transaction.execute(
                "INSERT INTO files (url, gone, mime, extension, size, used)
                 VALUES (?1, 1, '', '', 0, (SELECT ifnull(max(used), 0) + 1 FROM files))",
                [&url],
            )?;
            transaction.execute(
                "DELETE FROM files WHERE gone AND id <= (SELECT max(id) FROM files) - ?1",
                [GONE_KEPT],
            )?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }

    /// Throws all files away and gives their room back.
    ///
    /// # Errors
    /// When it could not be done.
    pub async fn clear(&self) -> Result<()> {
        self.with(|file| {
            file.execute_batch("DELETE FROM files;")?;
            file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        })
        .await
    }

    /// Bytes on the disk.
    #[must_use]
    pub fn bytes_on_disk(&self) -> u64 {
        let base = path(&self.inner.folder, FileKind::Media);
        ["", "-wal"]
            .iter()
            .map(|suffix| {
                let mut name = base.as_os_str().to_owned();
                name.push(suffix);
                std::fs::metadata(Path::new(&name)).map_or(0, |meta| meta.len())
            })
            .sum()
    }

    /// Closes the file; what is asked later answers [`Error::Closed`].
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        let closed = blocking(move || {
            inner.file.lock().unwrap_or_else(PoisonError::into_inner).take();
            Ok(())
        });
        // Only a runtime that is ending does not run it; then the file is closed with the process.
        let _ = closed.await;
    }

    /// Works with the file where it may block; a damaged one is made anew and asked once more.
    async fn with<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let mut file = inner.file.lock().unwrap_or_else(PoisonError::into_inner);
            match work(file.as_ref().ok_or(Error::Closed)?) {
                Err(Error::Damaged) => {
                    tracing::error!("the media file is damaged and is made anew");
                    *file = None;
                    set_aside(&inner.folder)?;
                    let new = file.insert(prepare(&inner.folder, &inner.key)?);
                    work(new)
                }
                other => other,
            }
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}

/// A file that another key wrote is as lost as a damaged one: the account's others have opened.
fn prepare(folder: &Path, key: &Key) -> Result<Connection> {
    let file = path(folder, FileKind::Media);
    let state = recovery::examine(&file, key, FileKind::Media, Check::Opens)?;
    if matches!(state, State::Unreadable | State::Damaged) {
        set_aside(folder)?;
    }
    let mut connection = connection::writer(&file, key, FileKind::Media)?;
    connection.execute_batch("PRAGMA foreign_keys = ON;")?;
    FileKind::Media.migrate(&mut connection)?;
    Ok(connection)
}

/// One that was set aside before goes: all of it can be fetched again, and it may be large.
fn set_aside(folder: &Path) -> Result<()> {
    remove_named(folder, "media.damaged-1")?;
    recovery::set_aside(folder, FileKind::Media).map(drop)
}

/// Removes the file, for an account whose key is lost.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    remove_named(folder, FileKind::Media.name())
}

fn remove_named(folder: &Path, name: &str) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        match std::fs::remove_file(folder.join(format!("{name}{suffix}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn facts(file: &Connection, url: &str) -> Result<Option<MediaFacts>> {
    let found = file
        .prepare_cached(
            "SELECT gone, mime, extension, size, width, height FROM files WHERE url = ?1",
        )?
        .query_row([url], |row| {
            let (width, height): (Option<u32>, Option<u32>) = (row.get(4)?, row.get(5)?);
            Ok(MediaFacts {
                gone: row.get(0)?,
                mime: row.get(1)?,
                extension: row.get(2)?,
                size: row.get::<_, i64>(3)?.try_into().unwrap_or(0),
                pixels: width.zip(height),
            })
        })
        .optional()?;
    Ok(found)
}

fn touch(file: &Connection, url: &str) -> Result<()> {
    // Nothing is written when it was the last one used anyway.
    file.prepare_cached(
        "UPDATE files SET used = (SELECT max(used) + 1 FROM files)
         WHERE url = ?1 AND used < (SELECT max(used) FROM files)",
    )?
    .execute([url])?;
    Ok(())
}

fn part(file: &Connection, url: &str, range: Range<u64>) -> Result<Vec<u8>> {
    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
    if length == 0 {
        return Ok(Vec::new());
    }
    let piece = PIECE as u64;
    let first = range.start / piece;
    let skip = usize::try_from(range.start % piece).unwrap_or(0);
    let mut statement = file.prepare_cached(
        "SELECT bytes FROM pieces WHERE file_id = (SELECT id FROM files WHERE url = ?1)
           AND number BETWEEN ?2 AND ?3 ORDER BY number",
    )?;
    let last = (range.end - 1) / piece;
    let mut rows = statement.query(params![
        url,
        i64::try_from(first).unwrap_or(i64::MAX),
        i64::try_from(last).unwrap_or(i64::MAX)
    ])?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.extend_from_slice(&row.get::<_, Vec<u8>>(0)?);
    }
    bytes.drain(..skip.min(bytes.len()));
    bytes.truncate(length);
    Ok(bytes)
}

fn insert(file: &Connection, url: &str, media: &MediaFile) -> Result<()> {
    let MediaFile { facts, bytes, thumbnail } = media;
    file.prepare_cached(
        "INSERT INTO files (url, gone, mime, extension, size, width, height, used)
         VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, (SELECT ifnull(max(used), 0) + 1 FROM files))",
    )?
    .execute(params![
        url,
        facts.mime,
        facts.extension,
        i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        facts.pixels.map(|(width, _)| width),
        facts.pixels.map(|(_, height)| height),
    ])?;
    let id = file.last_insert_rowid();
    let mut piece =
        file.prepare_cached("INSERT INTO pieces (file_id, number, bytes) VALUES (?1, ?2, ?3)")?;
    for (number, chunk) in (0_i64..).zip(bytes.chunks(PIECE)) {
        piece.execute(params![id, number, chunk])?;
    }
    if let Some(thumbnail) = thumbnail {
        file.prepare_cached("INSERT INTO thumbnails (file_id, bytes) VALUES (?1, ?2)")?
            .execute(params![id, thumbnail])?;
    }
    Ok(())
}

/// Throws out what was not used for longest until the rest is no more than `room`.
fn make_room(file: &Connection, room: u64) -> Result<()> {
    let total: i64 = file.query_row(
        "SELECT ifnull((SELECT sum(size) FROM files), 0)
              + ifnull((SELECT sum(length(bytes)) FROM thumbnails), 0)",
        [],
        |row| row.get(0),
    )?;
    let mut total = u64::try_from(total).unwrap_or(0);
    while total > room {
        let oldest = file
            .prepare_cached(
                "SELECT id, size + ifnull((SELECT length(bytes) FROM thumbnails WHERE file_id = id), 0)
                 FROM files WHERE NOT gone ORDER BY used LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((id, freed)) = oldest else { break };
        file.prepare_cached("DELETE FROM files WHERE id = ?1")?.execute([id])?;
        total = total.saturating_sub(u64::try_from(freed).unwrap_or(0));
    }
    Ok(())
}

fn weight(media: &MediaFile) -> u64 {
    let thumbnail = media.thumbnail.as_ref().map_or(0, Vec::len);
    u64::try_from(media.bytes.len().saturating_add(thumbnail)).unwrap_or(u64::MAX)
}

//! The handle of an open store.

use crate::apply::{Answer, Work};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::open::{self, OnDamage, OpenReport, Opened, Options};
use crate::reads::Readers;
use crate::recovery;
use crate::schema::FileKind;
use crate::writer::{Job, Reply, Writer};
use condorito_model::record::{OutboxRow, Outcome, Snapshot, StoreFault, StoreOp};
use condorito_model::view::Tag;
use condorito_model::{ConversationId, Timestamp};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// An account's two files, held by this process. Clones share them; the last one closes them.
///
/// Writing goes through one thread, in the order of the calls; reading has connections of its own
/// and never waits for it. Needs a tokio runtime.
#[derive(Clone)]
pub struct Store {
    folder: Arc<PathBuf>,
    writer: Sender<Job>,
    pub(crate) readers: Readers,
    /// The check of a cache in use.
    check: Arc<Mutex<Option<JoinHandle<()>>>>,
    key: Key,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the files in `folder`, makes those that are missing, and repairs what is damaged.
    /// Reads all of them after an unclean end, so it may take seconds: see [`Store::open`].
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::WrongKey`] and [`Error::Newer`] leave the files untouched.
    pub fn open_blocking(
        folder: &Path,
        key: &Key,
        options: &Options,
    ) -> Result<(Self, Snapshot, OpenReport)> {
        let Opened { lock, files, readers, snapshot, report } = open::open(folder, key, options)?;
        let damaged = Arc::new(AtomicBool::new(false));
        let unchecked = Arc::new(AtomicBool::new(report.cache_unchecked));
        let writer = Writer {
            files,
            lock,
            key: key.clone(),
            damaged: Arc::clone(&damaged),
            unchecked: Arc::clone(&unchecked),
            options: Options { on_damage: None, ..options.clone() },
        };
        let store = Self {
            folder: Arc::new(folder.to_owned()),
            writer: writer.start()?,
            readers: Readers::new(readers, Arc::clone(&damaged)),
            check: Arc::default(),
            key: key.clone(),
        };
        if report.cache_unchecked
            && let Some(on_damage) = options.on_damage.clone()
        {
            store.check_cache(damaged, unchecked, on_damage)?;
        }
        Ok((store, snapshot, report))
    }

    /// Reads the cache through on a thread of its own. Until that is done this use counts as one
    /// that did not end properly, and after damage as one that met it.
    fn check_cache(
        &self,
        damaged: Arc<AtomicBool>,
        unchecked: Arc<AtomicBool>,
        on_damage: OnDamage,
    ) -> Result<()> {
        let (file, key) = (open::path(&self.folder, FileKind::Cache), self.key.clone());
        let check = move || match recovery::is_sound_in_use(&file, &key) {
            Ok(true) => unchecked.store(false, Ordering::Relaxed),
            Ok(false) => {
                tracing::error!("the cache is damaged");
                damaged.store(true, Ordering::Relaxed);
                on_damage();
            }
            Err(error) => tracing::warn!(%error, "the cache could not be checked"),
        };
        let thread = thread::Builder::new().name("store-check".into()).spawn(check)?;
        *self.check.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Waits for the check of a cache in use, if there is one: its file stays open until then.
    async fn checked(&self) {
        let check = self.check.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(check) = check {
            // What it found is noted already.
            let _ = tokio::task::spawn_blocking(move || check.join()).await;
        }
    }

    /// Sets a damaged cache aside and makes a new one; what exists nowhere else is untouched.
    /// Reads wait meanwhile. The caller forgets what it knows of the cache and reads
    /// [`Store::snapshot`] anew. Answers where the damaged file is now.
    ///
    /// # Errors
    /// When it could not be done; the next opening tries again.
    pub async fn rebuild_cache(&self) -> Result<PathBuf> {
        self.checked().await;
        let pause = self.readers.pause().await?;
        let (sender, receiver) = oneshot::channel();
        let done = Box::new(move |result| drop(sender.send(result)));
        let sent = self.writer.send(Job::RebuildCache { done });
        let rebuilt = match sent {
            Ok(()) => receiver.await.unwrap_or(Err(Error::Closed)),
            Err(_) => Err(Error::Closed),
        };
        self.readers.resume(pause, Arc::clone(&self.folder), self.key.clone()).await?;
        rebuilt
    }

    /// [`Store::open_blocking`] on a thread of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn open(
        folder: impl Into<PathBuf>,
        key: Key,
        options: Options,
    ) -> Result<(Self, Snapshot, OpenReport)> {
        let folder = folder.into();
        tokio::task::spawn_blocking(move || Self::open_blocking(&folder, &key, &options))
            .await
            .map_err(|_| Error::Closed)?
    }

    /// The folder of the files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Carries out operations in order and answers one outcome for each. All or nothing per file;
    /// the outbox is committed before the cache. After an error nothing is stored, save that the
    /// outbox part may be when the cache failed: repeating the batch is always right.
    ///
    /// # Errors
    /// Why it was not stored. Later batches are not affected.
    pub async fn apply(&self, ops: Vec<StoreOp>) -> std::result::Result<Vec<Outcome>, StoreFault> {
        self.write(Work::Ops(ops)).await.map(|answer| answer.outcomes)
    }

    /// As [`Store::apply`], without waiting: `done` is called on the writer's thread once the
    /// batch is committed or failed, and must return soon. Batches are carried out in the order of
    /// the calls.
    pub fn submit(
        &self,
        ops: Vec<StoreOp>,
        done: impl FnOnce(std::result::Result<Vec<Outcome>, StoreFault>) + Send + 'static,
    ) {
        self.send(
            Work::Ops(ops),
            Box::new(move |answer| done(answer.map(|answer| answer.outcomes))),
        );
    }

    /// Puts a text just written at the end of the queue; it survives a power cut once this
    /// answers. `row.order` is ignored: the answer is the order given. Repeating a `local_id`
    /// changes nothing.
    ///
    /// # Errors
    /// Why it was not stored.
    pub async fn enqueue(&self, row: OutboxRow) -> std::result::Result<i64, StoreFault> {
        self.write(Work::Enqueue(Box::new(row), None)).await.map(|answer| answer.order)
    }

    /// As [`Store::enqueue`], with a copy of the file's bytes in the same commit. The copy goes
    /// when the row is sent or removed.
    ///
    /// # Errors
    /// Why it was not stored.
    pub async fn enqueue_file(
        &self,
        row: OutboxRow,
        bytes: Vec<u8>,
    ) -> std::result::Result<i64, StoreFault> {
        self.write(Work::Enqueue(Box::new(row), Some(bytes))).await.map(|answer| answer.order)
    }

    /// Mutes a conversation until then (`None`: for good), or with `None` no longer.
    ///
    /// # Errors
    /// Why it was not stored.
    pub async fn mute(
        &self,
        id: ConversationId,
        until: Option<Option<Timestamp>>,
    ) -> std::result::Result<(), StoreFault> {
        self.write(Work::Mute { id, until }).await.map(drop)
    }

    /// Throws away all that the server has, and gives its room back; what exists nowhere else
    /// stays. The caller forgets what it knows of the cache and reads [`Store::snapshot`] anew.
    ///
    /// # Errors
    /// When it could not be done; then nothing was.
    pub async fn clear_cache(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        let done = Box::new(move |result| drop(sender.send(result)));
        self.writer.send(Job::ClearCache { done }).map_err(|_| Error::Closed)?;
        receiver.await.unwrap_or(Err(Error::Closed))
    }

    /// Keeps the text begun for a number; empty text forgets it.
    ///
    /// # Errors
    /// Why it was not stored.
    pub async fn save_draft(
        &self,
        phone: impl Into<String>,
        text: impl Into<String>,
    ) -> std::result::Result<(), StoreFault> {
        self.write(Work::Draft { phone: phone.into(), text: text.into() }).await.map(drop)
    }

    /// Keeps a setting of the account; `None` forgets it.
    ///
    /// # Errors
    /// Why it was not stored.
    pub async fn put_setting(
        &self,
        key: impl Into<String>,
        value: Option<String>,
    ) -> std::result::Result<(), StoreFault> {
        self.write(Work::Setting { key: key.into(), value }).await.map(drop)
    }

    /// Replaces the tags of each number named (cache).
    ///
    /// # Errors
    /// Why it was not stored.
    pub async fn put_contact_tags(
        &self,
        contacts: Vec<(String, Vec<Tag>)>,
    ) -> std::result::Result<(), StoreFault> {
        self.write(Work::Tags(contacts)).await.map(drop)
    }

    /// Waits for reads under way, stores what was submitted, closes the files and lets go of the
    /// folder. Other clones answer [`Error::Closed`] from now on.
    pub async fn close(self) {
        self.checked().await;
        self.readers.close().await;
        let (sender, receiver) = oneshot::channel();
        let done = Box::new(move || {
            let _ = sender.send(());
        });
        if self.writer.send(Job::Close { done }).is_ok() {
            // An error means that the thread has ended already.
            let _ = receiver.await;
        }
    }

    async fn write(&self, work: Work) -> std::result::Result<Answer, StoreFault> {
        let (sender, receiver) = oneshot::channel();
        self.send(work, Box::new(move |answer| drop(sender.send(answer))));
        receiver.await.unwrap_or(Err(StoreFault::Io))
    }

    fn send(&self, work: Work, reply: Reply) {
        if let Err(std::sync::mpsc::SendError(Job::Write { reply, .. })) =
            self.writer.send(Job::Write { work, reply })
        {
            reply(Err(StoreFault::Io));
        }
    }
}

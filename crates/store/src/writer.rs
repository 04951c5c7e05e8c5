//! The one thread that writes.

use crate::apply::{Answer, Changes, Files, Group, Work};
use crate::error::fault;
use crate::key::Key;
use crate::lock::FolderLock;
use crate::open::{Options, prepare};
use crate::recovery;
use crate::schema::FileKind;
use condorito_model::record::StoreFault;
use condorito_model::view::Changed;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// How many batches share a commit at most; with 500, one commit costs little beside its rows.
const GROUP: usize = 500;

/// Is told what a commit changed, on the writer's thread.
pub type OnChange = Arc<dyn Fn(Changed) + Send + Sync>;

pub(crate) type Reply = Box<dyn FnOnce(Result<Answer, StoreFault>) + Send>;

pub(crate) enum Job {
    Write {
        work: Work,
        reply: Reply,
    },
    /// The cache is emptied.
    ClearCache {
        done: Box<dyn FnOnce(crate::error::Result<()>) + Send>,
    },
    /// The damaged cache is set aside and made anew.
    RebuildCache {
        done: Box<dyn FnOnce(crate::error::Result<PathBuf>) + Send>,
    },
    Close {
        done: Box<dyn FnOnce() + Send>,
    },
}

/// What the writer owns.
pub(crate) struct Writer {
    pub(crate) files: Files,
    pub(crate) lock: FolderLock,
    /// Whether a file was seen damaged: then the next start must check.
    pub(crate) damaged: Arc<AtomicBool>,
    /// Whether the check of the cache is not over: then the next start must check, too.
    pub(crate) unchecked: Arc<AtomicBool>,
    pub(crate) key: Key,
    pub(crate) options: Options,
}

impl Writer {
    /// Starts the thread. It ends after [`Job::Close`], or when nobody can send any more.
    pub(crate) fn start(self) -> std::io::Result<Sender<Job>> {
        let (sender, receiver) = channel();
        thread::Builder::new().name("store-writer".into()).spawn(move || self.serve(&receiver))?;
        Ok(sender)
    }

    fn serve(mut self, jobs: &Receiver<Job>) {
        let mut carried = None;
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = carried.take().or_else(|| jobs.recv().ok()) else {
                break;
            };
            let first = match first {
                Job::ClearCache { done } => {
                    done(self.files.clear_cache());
                    continue;
                }
                Job::RebuildCache { done } => {
                    done(self.rebuild_cache());
                    continue;
                }
                first => first,
            };
            let mut group = Vec::new();
            let mut next = Some(first);
            // Takes what is waiting and commits at once: under load groups grow by themselves,
            // without load nobody waits for a timer.
            while let Some(job) = next.take() {
                match job {
                    Job::Close { done } => {
                        closing = Some(done);
                        break;
                    }
                    alone @ (Job::ClearCache { .. } | Job::RebuildCache { .. }) => {
                        carried = Some(alone);
                        break;
                    }
                    Job::Write { work, reply } => {
                        let alone = work.stands_alone();
                        if alone && !group.is_empty() {
                            carried = Some(Job::Write { work, reply });
                            break;
                        }
                        group.push((work, reply));
                        if alone || group.len() == GROUP {
                            break;
                        }
                        next = jobs.try_recv().ok();
                    }
                }
            }
            self.commit(group);
        }
        for job in jobs.try_iter() {
            if let Job::Write { reply, .. } = job {
                reply(Err(StoreFault::Io));
            }
        }
        self.close();
        if let Some(done) = closing {
            done();
        }
    }

    /// Commits a group; should that fail, each of its batches by itself, so that none suffers for
    /// another.
    fn commit(&self, group: Vec<(Work, Reply)>) {
        if group.is_empty() {
            return;
        }
        match self.attempt(group.iter().map(|(work, _)| work)) {
            Ok((answers, changes)) => {
                self.tell(changes);
                for ((_, reply), answer) in group.into_iter().zip(answers) {
                    reply(Ok(answer));
                }
            }
            Err(_) if group.len() > 1 => {
                for (work, reply) in group {
                    self.commit(vec![(work, reply)]);
                }
            }
            Err(fault) => {
                for (_, reply) in group {
                    reply(Err(fault));
                }
            }
        }
    }

    fn attempt<'w>(
        &self,
        group: impl Iterator<Item = &'w Work>,
    ) -> Result<(Vec<Answer>, Changes), StoreFault> {
        let mut transaction = Group::new(&self.files);
        let answers = group.map(|work| transaction.run(work)).collect::<Result<Vec<_>, _>>();
        let done = match answers {
            Ok(answers) => transaction.commit().map(|changes| (answers, changes)),
            Err(error) => {
                drop(transaction);
                Err(error)
            }
        };
        done.map_err(|error| {
            let fault = fault(&error);
            // The error's text is left out: it may quote a statement.
            tracing::error!(?fault, code = ?error.sqlite_error_code(), "a batch was not stored");
            if fault == StoreFault::Damaged {
                self.damaged.store(true, Ordering::Relaxed);
            }
            fault
        })
    }

    fn tell(&self, changes: Changes) {
        if let Some(on_change) = &self.options.on_change
            && let Some(changed) = changes.into_changed()
        {
            on_change(changed);
        }
    }

    /// The file must be closed for it to be renamed, wherever it is open.
    fn rebuild_cache(&mut self) -> crate::error::Result<PathBuf> {
        let none = rusqlite::Connection::open_in_memory()?;
        let damaged = std::mem::replace(&mut self.files.cache, none);
        if let Err((damaged, _)) = damaged.close() {
            drop(damaged);
        }
        let folder = self.lock.folder();
        let aside = recovery::set_aside(folder, FileKind::Cache)?;
        self.files.cache = prepare(folder, &self.key, FileKind::Cache, &self.options)?;
        self.unchecked.store(false, Ordering::Relaxed);
        Ok(aside)
    }

    /// Closes the files, which copies their logs into them, then lets go of the folder.
    fn close(self) {
        let Self { files, lock, damaged, unchecked, .. } = self;
        let Files { outbox, cache, .. } = files;
        let closed = outbox.close().is_ok() & cache.close().is_ok();
        let marked = if damaged.load(Ordering::Relaxed) {
            lock.mark_damaged()
        } else if closed && !unchecked.load(Ordering::Relaxed) {
            lock.unmark()
        } else {
            Ok(())
        };
        if let Err(error) = marked {
            tracing::warn!(%error, "how this use ended could not be noted");
        }
        drop(lock);
    }
}

//! The client as its hosts hold it.

use crate::account::OpenAccount;
use crate::actor::now;
use crate::events::{EventStream, Events};
use crate::folder::{AppFile, DataFolder, FolderFault};
use crate::locale::Locale;
use crate::recording::Recorder;
use crate::secrets::{SecretStore, Secrets};
use crate::settings::{MachineSettings, Settings};
use crate::voice::Voice;
use condorito_model::{ConversationId, ErrorCode, Timestamp};
use condorito_sync::Input;
use futures_util::future::BoxFuture;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OnceCell, watch};

/// Starts the embedded backend and answers its address; called at most once.
pub type DemoStarter = Arc<
    dyn Fn() -> BoxFuture<'static, Result<String, Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Sync,
>;

/// How a client is started.
#[derive(Clone)]
pub struct ClientOptions {
    /// Everything it writes lies here.
    pub data_dir: PathBuf,
    /// The backend to sign in to where `login` names none: an address, or `demo`.
    pub backend: Option<String>,
    /// Where secrets are kept.
    pub secret_store: SecretStore,
    /// The language unless the operator has set another.
    pub locale: Option<Locale>,
    /// A file to write the run of the decisions to. It will hold texts and names.
    pub record: Option<PathBuf>,
    /// What `demo` stands for, where the host has it.
    pub demo: Option<DemoStarter>,
}

impl ClientOptions {
    /// The defaults for this data folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            backend: None,
            secret_store: SecretStore::default(),
            locale: None,
            record: None,
            demo: None,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("data_dir", &self.data_dir)
            .field("secret_store", &self.secret_store)
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

/// Why a client cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderFault),
    /// The recording cannot be made.
    #[error("the recording cannot be made: {0}")]
    Recording(#[source] io::Error),
}

impl StartFault {
    /// Its code at the boundary.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Folder(FolderFault::Busy) => ErrorCode::StoreBusy,
            Self::Folder(FolderFault::Io(error)) | Self::Recording(error) => {
                crate::fault::of_io(error)
            }
        }
    }
}

/// The client. Clones are the same one.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: ClientOptions,
    pub(crate) folder: DataFolder,
    pub(crate) secrets: Secrets,
    pub(crate) started_at: Timestamp,
    /// Held while somebody signs in or out.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) demo: OnceCell<String>,
    events: Events,
    voice: Arc<Voice>,
    recorder: Option<Recorder>,
    app: Mutex<AppFile>,
    current: Mutex<Current>,
    /// Whether the last account was looked for.
    restored: watch::Sender<bool>,
    focus: Mutex<(Option<ConversationId>, bool)>,
}

/// Who is there.
#[derive(Default, Clone)]
pub(crate) struct Current {
    pub(crate) open: Option<Arc<OpenAccount>>,
    pub(crate) expired: bool,
    /// Why the last account's files are not open.
    pub(crate) fault: Option<ErrorCode>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// Takes the data folder and begins to open the last account; commands wait for that. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    /// When the folder is held by another process, or it or the recording cannot be written.
    pub fn start(options: ClientOptions) -> Result<(Self, EventStream), StartFault> {
        let folder = DataFolder::take(&options.data_dir)?;
        if let Err(error) = folder.remove_opened() {
            tracing::warn!(%error, "copies for other programs could not be removed");
        }
        let recorder = options
            .record
            .as_deref()
            .map(Recorder::create)
            .transpose()
            .map_err(StartFault::Recording)?;
        let app = folder.app_file();
        let locale = language(&options, &app.settings);
        let settings = Settings { machine: app.settings.clone() };
        let events = Events::default();
        let stream = events.subscribe();
        let client = Self {
            inner: Arc::new(Inner {
                secrets: Secrets::new(options.secret_store, folder.root()),
                options,
                folder,
                started_at: now(),
                turn: tokio::sync::Mutex::default(),
                demo: OnceCell::new(),
                events,
                voice: Arc::new(Voice::new(locale, settings)),
                recorder,
                app: Mutex::new(app),
                current: Mutex::default(),
                restored: watch::Sender::new(false),
                focus: Mutex::default(),
            }),
        };
        let restoring = client.clone();
        tokio::spawn(async move {
            restoring.restore().await;
            restoring.inner.restored.send_replace(true);
        });
        Ok((client, stream))
    }

    /// What is told from now on.
    #[must_use]
    pub fn subscribe(&self) -> EventStream {
        self.inner.events.subscribe()
    }

    /// The language in use.
    #[must_use]
    pub fn locale(&self) -> Locale {
        self.inner.voice.locale()
    }

    pub(crate) fn locale_of(&self, settings: &MachineSettings) -> Locale {
        language(&self.inner.options, settings)
    }

    /// The settings, for hosts that act on them.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.inner.voice.settings()
    }

    /// What is on screen: no notification is made of the conversation that is open in a window
    /// with the focus.
    pub fn set_focus(&self, conversation: Option<ConversationId>, focused: bool) {
        *self.inner.focus.lock().unwrap_or_else(PoisonError::into_inner) = (conversation, focused);
        if let Some(open) = self.current().open {
            self.tell_focus(&open);
        }
    }

    /// The machine woke, or its network changed: the link is made anew at once, and what was missed
    /// is caught up with. Does nothing while nobody is signed in.
    pub async fn wake(&self) {
        if let Some(open) = self.current().open {
            open.engine.tell(Input::Wake);
            open.renew_link().await;
        }
    }

    pub(crate) fn tell_focus(&self, open: &OpenAccount) {
        let (conversation_id, focused) =
            *self.inner.focus.lock().unwrap_or_else(PoisonError::into_inner);
        open.engine.tell(Input::Focus { conversation_id, focused });
    }

    /// Ends the link, stores what is under way and closes the files. Nobody is signed out.
    pub async fn stop(&self) {
        let _turn = self.inner.turn.lock().await;
        let open = self.change_current(|current| current.open.take());
        if let Some(open) = open {
            self.close(&open).await;
        }
        if let Err(error) = self.inner.folder.remove_opened() {
            tracing::warn!(%error, "copies for other programs could not be removed");
        }
        self.inner.events.close();
    }

    pub(crate) fn events(&self) -> &Events {
        &self.inner.events
    }

    pub(crate) fn voice(&self) -> &Arc<Voice> {
        &self.inner.voice
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.inner.recorder.as_ref()
    }

    pub(crate) fn current(&self) -> Current {
        self.lock_current().clone()
    }

    pub(crate) fn change_current<T>(&self, change: impl FnOnce(&mut Current) -> T) -> T {
        change(&mut self.lock_current())
    }

    fn lock_current(&self) -> MutexGuard<'_, Current> {
        self.inner.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the last account was looked for.
    pub(crate) async fn restored(&self) {
        let _ = self.inner.restored.subscribe().wait_for(|restored| *restored).await;
    }

    /// The open account, or why there is none.
    pub(crate) async fn account(&self) -> Result<Arc<OpenAccount>, ErrorCode> {
        self.restored().await;
        let current = self.current();
        current.open.ok_or(current.fault.unwrap_or(ErrorCode::SignedOut))
    }

    pub(crate) fn app(&self) -> AppFile {
        self.inner.app.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes `app.json`.
    pub(crate) fn change_app(&self, change: impl FnOnce(&mut AppFile)) -> Result<(), ErrorCode> {
        let mut app = self.inner.app.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = app.clone();
        change(&mut new);
        if *app != new {
            self.inner.folder.write_app_file(&new).map_err(|error| crate::fault::of_io(&error))?;
            *app = new;
        }
        Ok(())
    }
}

/// What the operator has set wins over the host's wish.
fn language(options: &ClientOptions, settings: &MachineSettings) -> Locale {
    settings.locale.or(options.locale).unwrap_or_default()
}

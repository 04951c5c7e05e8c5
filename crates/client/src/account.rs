//! An open account: its files, its engine, its way to the server.

use crate::actor::{EngineHandle, Surroundings};
use crate::client::Client;
use crate::events::Event;
use crate::fault;
use crate::media::MediaCache;
use condorito_model::ErrorCode;
use condorito_model::view::Account;
use condorito_net::{Endpoints, Link, LinkConfig, LinkCounters, LinkHandle, NetOptions, Rest};
use condorito_store::{Key, Options, Store};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Names of settings in the account's own file.
pub(crate) const ACCOUNT: &str = "account";
pub(crate) const FIGURES: &str = "figures";

/// An account whose files are open. Commands hold it while they run.
pub(crate) struct OpenAccount {
    /// Name of its folder and secrets.
    pub name: String,
    /// Its backend, as it is kept and shown.
    pub backend: String,
    /// The address that its name stands for.
    pub endpoints: Endpoints,
    pub store: Store,
    pub engine: EngineHandle,
    pub rest: Rest,
    pub media: MediaCache,
    /// Whether its tokens are kept.
    pub remember: AtomicBool,
    /// Texts are written one after the other, so that they leave in the order of the calls.
    pub writing: tokio::sync::Mutex<()>,
    /// Held while a WhatsApp link is being asked for: a second try would end the first
    /// (contract 4.13).
    pub pairing: tokio::sync::Mutex<()>,
    /// Tells that the cache turned out to be damaged.
    pub damage: Mutex<Option<mpsc::UnboundedReceiver<()>>>,
    account: Mutex<Option<Account>>,
    link_config: Mutex<LinkConfig>,
    link: tokio::sync::Mutex<Option<LinkHandle>>,
}

/// What is needed to open one.
pub(crate) struct Opening {
    pub name: String,
    pub folder: PathBuf,
    pub key: Key,
    pub backend: String,
    pub net: NetOptions,
    pub rest: Rest,
    pub remember: bool,
    /// Who it is, when the server just said so; else what is kept.
    pub account: Option<Account>,
}

impl OpenAccount {
    /// Opens the files and starts the engine; nobody is signed in yet.
    pub(crate) async fn open(client: &Client, opening: Opening) -> Result<Self, ErrorCode> {
        let Opening { name, folder, key, backend, net, rest, remember, account } = opening;
        let events = client.events().clone();
        let told = events.clone();
        let (tell_damage, damage) = mpsc::unbounded_channel();
        let options = Options {
            on_change: Some(Arc::new(move |changed| told.tell(&Event::Changed(changed)))),
            // Nobody listens any more when the account is closed.
            on_damage: Some(Arc::new(move || {
                let _ = tell_damage.send(());
            })),
            ..Options::default()
        };
        let (store, snapshot, report) =
            Store::open(folder.clone(), key.clone(), options).await.map_err(|error| {
                tracing::error!(%error, "the account's files could not be opened");
                fault::of_store(&error)
            })?;
        tracing::info!(
            conversations = snapshot.conversations.len(),
            outbox = snapshot.outbox.len(),
            clean = report.clean,
            cache_unchecked = report.cache_unchecked,
            cache_rebuilt = report.cache_rebuilt,
            outbox_salvaged = report.outbox_salvaged,
            "files open"
        );
        let media = MediaCache::open(&folder, key, rest.clone()).await;
        let account = match account {
            Some(account) => {
                let json = serde_json::to_string(&account).ok();
                store.put_setting(ACCOUNT, json).await.map_err(fault::of_write)?;
                Some(account)
            }
            None => kept(&store, ACCOUNT).await,
        };
        let voice = Arc::clone(client.voice());
        voice.set_figures(kept(&store, FIGURES).await.unwrap_or_default());
        let mutes = store.mutes().await.map_err(|error| fault::of_store(&error))?;
        voice.set_mutes(mutes.into_iter().collect());
        let policy = voice.policy();
        let link_config = LinkConfig::with_tls(&net, rest.tls());
        let surroundings = Surroundings {
            store: store.clone(),
            rest: rest.clone(),
            events,
            voice,
            recorder: client.recorder().cloned(),
        };
        let half_done = !snapshot.outbox.is_empty()
            || !snapshot.pending_reads.is_empty()
            || !snapshot.local_conversations.is_empty();
        let engine = EngineHandle::start(surroundings, snapshot, policy);
        // What a kill left half done is put right before anybody looks.
        if half_done {
            engine.settled().await;
        }
        Ok(Self {
            name,
            backend,
            endpoints: net.endpoints,
            engine,
            store,
            rest,
            media,
            remember: AtomicBool::new(remember),
            writing: tokio::sync::Mutex::default(),
            pairing: tokio::sync::Mutex::default(),
            damage: Mutex::new(Some(damage)),
            account: Mutex::new(account),
            link_config: Mutex::new(link_config),
            link: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) fn account(&self) -> Option<Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server said who it is.
    pub(crate) async fn set_account(&self, account: &Account) {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(account.clone());
        let json = serde_json::to_string(account).ok();
        if self.store.put_setting(ACCOUNT, json).await.is_err() {
            tracing::warn!("who is signed in could not be kept");
        }
    }

    pub(crate) fn remembered(&self) -> bool {
        self.remember.load(Ordering::Relaxed)
    }

    /// Starts the link where there is none.
    pub(crate) async fn start_link(&self) {
        let mut link = self.link.lock().await;
        if link.is_none() {
            let (handle, facts) =
                Link::start(self.link_config().clone(), Arc::new(self.rest.clone()));
            self.engine.follow(facts);
            *link = Some(handle);
        }
    }

    fn link_config(&self) -> MutexGuard<'_, LinkConfig> {
        self.link_config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes another way to the same backend, at once.
    pub(crate) async fn take_way(&self, net: &NetOptions) -> Result<(), ErrorCode> {
        self.rest.take_way(net).map_err(|error| fault::of_setup(&error))?;
        *self.link_config() = LinkConfig::with_tls(net, self.rest.tls());
        let mut link = self.link.lock().await;
        if let Some(running) = link.take() {
            running.stop().await;
            drop(link);
            self.start_link().await;
        }
        Ok(())
    }

    pub(crate) async fn stop_link(&self) {
        if let Some(link) = self.link.lock().await.take() {
            link.stop().await;
        }
    }

    pub(crate) async fn reconnect_now(&self) {
        if let Some(link) = &*self.link.lock().await {
            link.reconnect_now();
        }
    }

    /// Drops the link, whatever is believed of it, and dials at once.
    pub(crate) async fn renew_link(&self) {
        if let Some(link) = &*self.link.lock().await {
            link.cycle();
        }
    }

    pub(crate) async fn link_counters(&self) -> Option<LinkCounters> {
        self.link.lock().await.as_ref().map(LinkHandle::counters)
    }

    /// Stores what is under way, closes the files and lets go of the folder.
    pub(crate) async fn close(&self) {
        self.stop_link().await;
        self.engine.end().await;
        self.media.close().await;
        self.store.clone().close().await;
    }
}

/// A setting of the account; one that cannot be read is the same as none.
async fn kept<T: serde::de::DeserializeOwned>(store: &Store, name: &str) -> Option<T> {
    let json = store.setting(name).await.ok()??;
    serde_json::from_str(&json).ok()
}

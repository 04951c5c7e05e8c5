//! Who is signed in: at the start, by `login` and `logout`, and when the session ends.

use crate::account::{OpenAccount, Opening};
use crate::actor::Why;
use crate::client::{Client, Inner};
use crate::commands::args::{Login, Logout, Nothing, TestBackend};
use crate::commands::results::BackendAnswer;
use crate::events::Event;
use crate::fault;
use crate::folder::account_name;
use crate::secrets::{KeyFound, SecretFault};
use condorito_model::ErrorCode;
use condorito_model::view::{Account, SessionState, SessionStatus};
use condorito_net::{Endpoints, NetOptions, Proxy, Rest, SessionNotice, Tokens};
use condorito_store::Key;
use condorito_sync::Input;
use secrecy::ExposeSecret;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the server may take to hear of a sign-out; it changes nothing there (contract 2.4).
const GOODBYE: Duration = Duration::from_secs(3);

/// The embedded backend, by name.
const DEMO: &str = "demo";

/// Where to sign in.
struct Backend {
    /// As it is kept and shown.
    name: String,
    net: NetOptions,
}

impl Client {
    pub(crate) async fn session_status(&self, _: Nothing) -> Result<SessionStatus, ErrorCode> {
        self.restored().await;
        Ok(self.status())
    }

    fn status(&self) -> SessionStatus {
        let current = self.current();
        match current.open {
            Some(open) => SessionStatus {
                state: if current.expired { SessionState::Expired } else { SessionState::SignedIn },
                account: open.account(),
                backend: Some(open.backend.clone()),
            },
            None => SessionStatus {
                state: SessionState::SignedOut,
                account: None,
                backend: self.app().backend.or_else(|| self.inner.options.backend.clone()),
            },
        }
    }

    pub(crate) fn tell_status(&self) {
        self.events().tell(&Event::Session(self.status()));
    }

    pub(crate) async fn test_backend(&self, args: TestBackend) -> Result<BackendAnswer, ErrorCode> {
        let endpoints = Endpoints::parse(&args.backend).map_err(|_| ErrorCode::InvalidBackend)?;
        let net = net_options(endpoints, args.proxy, args.extra_ca);
        let (rest, _) = Rest::new(&net).map_err(|error| fault::of_setup(&error))?;
        let rtt_ms = rest.probe().await.map_err(|error| error.code())?;
        Ok(BackendAnswer { ok: true, rtt_ms: u32::try_from(rtt_ms).unwrap_or(u32::MAX) })
    }

    async fn backend(&self, given: Option<String>) -> Result<Backend, ErrorCode> {
        let given = given
            .filter(|given| !given.trim().is_empty())
            .or_else(|| self.inner.options.backend.clone())
            .or_else(|| self.app().backend)
            .ok_or(ErrorCode::InvalidBackend)?;
        let (name, address) = if given.trim() == DEMO {
            (Some(DEMO.to_owned()), self.demo_address().await?)
        } else {
            (None, given)
        };
        let endpoints = Endpoints::parse(&address).map_err(|_| ErrorCode::InvalidBackend)?;
        let name = name.unwrap_or_else(|| endpoints.base().to_owned());
        let machine = self.settings().machine;
        let net = net_options(endpoints, machine.proxy, machine.extra_ca);
        Ok(Backend { name, net })
    }

    async fn demo_address(&self) -> Result<String, ErrorCode> {
        let start = self.inner.options.demo.as_ref().ok_or(ErrorCode::InvalidBackend)?;
        let address = self.inner.demo.get_or_try_init(|| async {
            start().await.map_err(|error| {
                tracing::error!(%error, "the embedded backend did not start");
                ErrorCode::Unreachable
            })
        });
        address.await.cloned()
    }

    /// Opens the account of last time: at once, offline too, and without a session if it ended.
    pub(crate) async fn restore(&self) {
        let _turn = self.inner.turn.lock().await;
        if let Err(error) = self.inner.folder.remove_passing() {
            tracing::warn!(kind = ?error.kind(), "a session not kept could not be removed");
        }
        let app = self.app();
        let (Some(backend), Some(code), true) = (app.backend, app.client_code, app.signed_in)
        else {
            return;
        };
        match self.reopen(backend, &code).await {
            Ok(()) => self.change_current(|current| current.fault = None),
            Err(code) => {
                tracing::error!(?code, "the last account could not be opened");
                self.change_current(|current| current.fault = Some(code));
            }
        }
        self.tell_status();
    }

    async fn reopen(&self, backend: String, code: &str) -> Result<(), ErrorCode> {
        let Backend { name: backend, net } = self.backend(Some(backend)).await?;
        let name = account_name(&backend, code);
        let secrets = &self.inner.secrets;
        let key = match secrets.key(&name).await.map_err(SecretFault::code)? {
            KeyFound::Key(key) => key,
            KeyFound::Absent if self.inner.folder.has_account(&name) => {
                return Err(ErrorCode::KeyMissing);
            }
            // Neither files nor key: there is nothing to open.
            KeyFound::Absent => return Ok(()),
        };
        let (rest, notices) = Rest::new(&net).map_err(|error| fault::of_setup(&error))?;
        let tokens = secrets.tokens(&name).await.map_err(SecretFault::code)?;
        let opening = Opening {
            folder: self.inner.folder.account(&name),
            name,
            key,
            backend,
            net,
            rest,
            remember: true,
            account: None,
        };
        let open = self.install(opening, notices).await?;
        match (tokens, open.account()) {
            (Some(tokens), Some(account)) => {
                open.rest.resume(account, tokens);
                self.signed_in(&open).await;
            }
            _ => {
                self.change_current(|current| current.expired = true);
                open.engine.tell(Input::SessionExpired);
            }
        }
        Ok(())
    }

    /// Opens an account and makes it the current one.
    async fn install(
        &self,
        opening: Opening,
        notices: mpsc::UnboundedReceiver<SessionNotice>,
    ) -> Result<Arc<OpenAccount>, ErrorCode> {
        let open = Arc::new(OpenAccount::open(self, opening).await?);
        self.tell_focus(&open);
        tokio::spawn(heed(Arc::downgrade(&self.inner), Arc::downgrade(&open), notices));
        let damage = open.damage.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(damage) = damage {
            tokio::spawn(mend(Arc::downgrade(&self.inner), Arc::downgrade(&open), damage));
        }
        self.change_current(|current| {
            current.open = Some(Arc::clone(&open));
            current.expired = false;
            current.fault = None;
        });
        Ok(open)
    }

    pub(crate) async fn signed_in(&self, open: &OpenAccount) {
        self.change_current(|current| current.expired = false);
        open.engine.tell(Input::SignedIn);
        open.start_link().await;
    }

    /// Throws the cache away and goes on as before: with the session there is, or without.
    pub(crate) async fn renew_cache(&self, open: &OpenAccount, why: Why) -> Result<(), ErrorCode> {
        open.stop_link().await;
        let cleared = open.engine.clear_cache(why).await;
        self.tell_focus(open);
        if self.current().expired {
            open.engine.tell(Input::SessionExpired);
        } else {
            self.signed_in(open).await;
        }
        self.tell_status();
        cleared
    }

    pub(crate) async fn login(&self, args: Login) -> Result<Account, ErrorCode> {
        self.restored().await;
        let _turn = self.inner.turn.lock().await;
        let code = args.client_code.trim();
        if code.is_empty() || args.password.expose_secret().is_empty() {
            return Err(ErrorCode::WrongCredentials);
        }
        let Backend { name: backend, net } = self.backend(args.backend).await?;
        // A session of its own: the one that is there goes on if this fails.
        let (rest, notices) = Rest::new(&net).map_err(|error| fault::of_setup(&error))?;
        let signed_in = rest.sign_in(code, &args.password).await.map_err(|error| {
            tracing::info!(code = ?error.code(), "sign-in failed");
            error.code()
        })?;
        let account = signed_in.account;
        let name = account_name(&backend, &account.client_code);
        let remember = args.remember.unwrap_or(true);
        let open = self.current().open;
        let mut lasting = true;
        if let Some(open) = open.as_ref().filter(|open| open.name == name) {
            self.keep(&name, remember, &signed_in.tokens).await?;
            open.remember.store(remember, Ordering::Relaxed);
            open.set_account(&account).await;
            open.rest.resume(account.clone(), signed_in.tokens);
            self.signed_in(open).await;
        } else {
            let key = self.key(&name, remember, args.set_aside.unwrap_or(false)).await?;
            if let Some(other) = &open {
                self.leave(other).await;
                self.forget_tokens(other).await?;
            }
            lasting = key.is_some();
            if lasting {
                self.keep(&name, remember, &signed_in.tokens).await?;
            }
            let (key, folder) = match key {
                Some(key) => (key, self.inner.folder.account(&name)),
                None => self.inner.folder.passing().map_err(|error| fault::of_io(&error))?,
            };
            let opening = Opening {
                name,
                folder,
                key,
                backend: backend.clone(),
                net,
                rest,
                remember,
                account: Some(account.clone()),
            };
            let open = self.install(opening, notices).await?;
            self.signed_in(&open).await;
        }
        self.change_app(|app| {
            app.backend = Some(backend);
            app.client_code = Some(account.client_code.clone());
            app.signed_in = lasting;
        })?;
        self.tell_status();
        Ok(account)
    }

    /// The key of an account's files; a new one only for files that do not exist. `None` where
    /// there is no keyring and the session is not to be kept anyway.
    async fn key(
        &self,
        name: &str,
        remember: bool,
        set_aside: bool,
    ) -> Result<Option<Key>, ErrorCode> {
        let folder = &self.inner.folder;
        let exists = folder.has_account(name);
        match self.inner.secrets.key(name).await {
            Ok(KeyFound::Key(key)) => return Ok(Some(key)),
            Ok(KeyFound::Absent) if exists && set_aside => {
                let moved = condorito_store::set_aside(&folder.account(name))
                    .map_err(|error| fault::of_store(&error))?;
                tracing::warn!(files = moved.len(), "files without a key were set aside");
            }
            Ok(KeyFound::Absent) if exists => return Err(ErrorCode::KeyMissing),
            Ok(KeyFound::Absent) => {}
            Err(SecretFault::Missing) if !remember => return Ok(None),
            Err(fault) => return Err(fault.code()),
        }
        self.inner.secrets.make_key(name).await.map(Some).map_err(SecretFault::code)
    }

    async fn keep(&self, name: &str, remember: bool, tokens: &Tokens) -> Result<(), ErrorCode> {
        let secrets = &self.inner.secrets;
        if remember {
            secrets.keep_tokens(name, tokens).await.map_err(SecretFault::code)
        } else {
            match secrets.forget_tokens(name).await {
                // Without a keyring there is nothing to forget.
                Ok(()) | Err(SecretFault::Missing) => Ok(()),
                Err(fault) => Err(fault.code()),
            }
        }
    }

    pub(crate) async fn logout(&self, args: Logout) -> Result<(), ErrorCode> {
        self.restored().await;
        let _turn = self.inner.turn.lock().await;
        let wipe = args.wipe.unwrap_or(false);
        let app = self.app();
        let mut name = app
            .backend
            .as_deref()
            .zip(app.client_code.as_deref())
            .map(|(backend, code)| account_name(backend, code));
        if let Some(open) = self.current().open {
            name = Some(open.name.clone());
            self.leave(&open).await;
            if tokio::time::timeout(GOODBYE, open.rest.sign_out()).await.is_err() {
                tracing::debug!("the server did not hear of the sign-out in time");
            }
        }
        self.change_current(|current| *current = Default::default());
        self.change_app(|app| {
            app.signed_in = false;
            if wipe {
                app.backend = None;
                app.client_code = None;
            }
        })?;
        if let Some(name) = name {
            self.keep_nothing(&name, wipe).await?;
        }
        self.tell_status();
        Ok(())
    }

    /// Forgets the tokens; with `wipe` the files and their key too.
    async fn keep_nothing(&self, name: &str, wipe: bool) -> Result<(), ErrorCode> {
        let secrets = &self.inner.secrets;
        let mut results = vec![secrets.forget_tokens(name).await];
        if wipe {
            self.inner.folder.remove_opened().map_err(|error| fault::of_io(&error))?;
            self.inner.folder.remove_account(name).map_err(|error| fault::of_io(&error))?;
            results.push(secrets.forget_key(name).await);
        }
        for result in results {
            match result {
                Ok(()) | Err(SecretFault::Missing) => {}
                Err(fault) => return Err(fault.code()),
            }
        }
        Ok(())
    }

    async fn forget_tokens(&self, open: &OpenAccount) -> Result<(), ErrorCode> {
        self.keep(&open.name, false, &Tokens::new(String::new().into(), String::new().into())).await
    }

    /// Closes an account that somebody signs out of.
    async fn leave(&self, open: &OpenAccount) {
        open.engine.tell(Input::SignedOut);
        self.change_current(|current| current.open = None);
        self.close(open).await;
    }

    /// Closes an account's files; those of a session that is not kept go.
    pub(crate) async fn close(&self, open: &OpenAccount) {
        let passing = self.inner.folder.is_passing(open.store.folder());
        open.close().await;
        if passing && let Err(error) = self.inner.folder.remove_passing() {
            tracing::warn!(kind = ?error.kind(), "a session not kept could not be removed");
        }
    }

    /// The session is over, or the account inactive: the cache stays readable.
    async fn session_ended(&self, open: &OpenAccount, inactive: bool) {
        let _turn = self.inner.turn.lock().await;
        let current = self.current();
        let is_current = current.open.is_some_and(|current| current.name == open.name);
        // Signed in again meanwhile?
        if !is_current || (!inactive && open.rest.account().is_some()) {
            return;
        }
        tracing::warn!(inactive, "the session ended");
        self.change_current(|current| current.expired = true);
        open.engine.tell(Input::SessionExpired);
        open.stop_link().await;
        if !inactive && self.forget_tokens(open).await.is_err() {
            tracing::warn!("tokens that are over could not be forgotten");
        }
        self.tell_status();
    }

    async fn renewed(&self, open: &OpenAccount, tokens: &Tokens) {
        if open.remembered()
            && let Err(fault) = self.inner.secrets.keep_tokens(&open.name, tokens).await
        {
            tracing::warn!(%fault, "renewed tokens could not be kept");
        }
    }
}

/// The way to a backend, by settings.
pub(crate) fn net_options(
    endpoints: Endpoints,
    proxy: Option<String>,
    ca: Option<String>,
) -> NetOptions {
    let mut net = NetOptions::new(endpoints);
    net.extra_ca = ca.map(Into::into);
    net.proxy = match proxy.as_deref() {
        None => Proxy::System,
        Some("direct") => Proxy::Direct,
        Some(url) => Proxy::Url(url.to_owned()),
    };
    net
}

/// Renews the cache when it turns out to be damaged.
async fn mend(
    inner: Weak<Inner>,
    open: Weak<OpenAccount>,
    mut damage: mpsc::UnboundedReceiver<()>,
) {
    while damage.recv().await.is_some() {
        let (Some(inner), Some(open)) = (inner.upgrade(), open.upgrade()) else {
            return;
        };
        let client = Client { inner };
        let _turn = client.inner.turn.lock().await;
        let is_open = client.current().open.is_some_and(|current| Arc::ptr_eq(&current, &open));
        if is_open && let Err(code) = client.renew_cache(&open, Why::Damaged).await {
            tracing::error!(?code, "the damaged cache could not be set aside");
        }
    }
}

/// Takes what the session has to tell, for as long as the account is open.
async fn heed(
    inner: Weak<Inner>,
    open: Weak<OpenAccount>,
    mut notices: mpsc::UnboundedReceiver<SessionNotice>,
) {
    while let Some(notice) = notices.recv().await {
        let (Some(inner), Some(open)) = (inner.upgrade(), open.upgrade()) else {
            return;
        };
        let client = Client { inner };
        match notice {
            SessionNotice::Renewed(tokens) => client.renewed(&open, &tokens).await,
            SessionNotice::Expired => client.session_ended(&open, false).await,
            SessionNotice::Inactive => client.session_ended(&open, true).await,
        }
    }
}

//! The session: whose it is, its tokens, and their renewal, one at a time.

use crate::call::{Call, Content, Exchange, Response, SMALL_CAP, millis};
use crate::tokens::Tokens;
use condorito_model::rest::Failure;
use condorito_model::view::Account;
use condorito_model::wire::{GuardCode, ServerError, decode_renewal};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

/// After a renewal ahead of time that failed, the old token is used at least this long before
/// the next try.
const PAUSE: Duration = Duration::from_secs(30);

/// What the owner of the session must know.
#[derive(Debug, Clone)]
pub enum SessionNotice {
    /// New tokens, to be kept in place of the old ones.
    Renewed(Tokens),
    /// Over: a password is needed. Told once.
    Expired,
    /// The company's account is not active. The tokens are kept.
    Inactive,
}

/// The tokens in use, and which of the session's they are.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) account: Account,
    pub(crate) tokens: Tokens,
    pub(crate) serial: u64,
}

/// Why there is no usable token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoToken {
    /// Nobody signed in.
    SignedOut,
    /// A password is needed.
    Expired,
    /// Too many requests.
    RateLimited(Option<u64>),
    /// The server or the way to it fails; the session may still be good.
    Unavailable,
}

impl NoToken {
    /// As a request's failure: whatever it was, the request itself never left.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::SignedOut | Self::Unavailable => Failure::NotSent,
            Self::Expired => Failure::SessionExpired,
            Self::RateLimited(retry_after_ms) => Failure::RateLimited { retry_after_ms },
        }
    }
}

#[derive(Debug)]
pub(crate) struct Session {
    state: Mutex<State>,
    /// Held by the one renewal that is under way.
    renewing: tokio::sync::Mutex<()>,
    notices: mpsc::UnboundedSender<SessionNotice>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    expired: bool,
    inactive_told: bool,
    /// Of the newest tokens.
    serial: u64,
    /// Renewals that failed so far, and how the last one did.
    failures: u64,
    last_failure: Option<NoToken>,
    quiet_until: Option<Instant>,
    /// The server's clock less the own one, in milliseconds.
    clock_offset: Option<i64>,
}

impl Session {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<SessionNotice>) {
        let (notices, receiver) = mpsc::unbounded_channel();
        let session =
            Self { state: Mutex::default(), renewing: tokio::sync::Mutex::new(()), notices };
        (session, receiver)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session.
    pub(crate) fn begin(&self, account: Account, tokens: Tokens) {
        let mut state = self.state();
        state.serial += 1;
        state.held = Some(Held { account, tokens, serial: state.serial });
        state.expired = false;
        state.inactive_told = false;
        state.quiet_until = None;
    }

    /// Ends it by choice.
    pub(crate) fn forget(&self) -> Option<Held> {
        let mut state = self.state();
        state.expired = false;
        state.held.take()
    }

    pub(crate) fn held(&self) -> Option<Held> {
        self.state().held.clone()
    }

    /// Learns the server's clock from an answer.
    pub(crate) fn observe(&self, response: &Response) {
        if let Some(time) = response.headers.server_time {
            let offset = time.as_millis().saturating_sub(millis(SystemTime::now()));
            self.state().clock_offset = Some(offset);
        }
    }

    /// A request got through the guard.
    pub(crate) fn passed(&self) {
        self.state().inactive_told = false;
    }

    /// The guard says the account is not active.
    pub(crate) fn inactive(&self) {
        let told = std::mem::replace(&mut self.state().inactive_told, true);
        if !told {
            self.tell(SessionNotice::Inactive);
        }
    }

    /// Ends the session if these tokens are still its newest; false when newer ones exist.
    pub(crate) fn expire(&self, serial: u64) -> bool {
        let mut state = self.state();
        match &state.held {
            Some(held) if held.serial != serial => false,
            None => true,
            Some(_) => {
                state.held = None;
                state.expired = true;
                drop(state);
                self.tell(SessionNotice::Expired);
                true
            }
        }
    }

    /// Tokens that are good for a request now, renewed first when their end is near.
    pub(crate) async fn current(&self, exchange: &Exchange) -> Result<Held, NoToken> {
        let (held, left) = {
            let state = self.state();
            let held = state.held.clone().ok_or(absent(&state))?;
            let now = millis(SystemTime::now()).saturating_add(state.clock_offset.unwrap_or(0));
            let left = held.tokens.left_ms(now);
            let quiet = state.quiet_until.is_some_and(|until| Instant::now() < until);
            if left.is_none_or(|left| left > held.tokens.margin_ms() || (quiet && left > 0)) {
                return Ok(held);
            }
            (held, left.unwrap_or(0))
        };
        match self.renew(exchange, held.serial).await {
            Ok(held) => Ok(held),
            // Still good for a while: the renewal was only ahead of time.
            Err(NoToken::Unavailable | NoToken::RateLimited(_)) if left > 0 => {
                self.state().quiet_until = Some(Instant::now() + PAUSE);
                Ok(held)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Newer tokens than those of `serial`. Many may ask at once; one asks the server, and the
    /// others take what it got, be it tokens or a failure.
    pub(crate) async fn renew(&self, exchange: &Exchange, serial: u64) -> Result<Held, NoToken> {
        let failures = self.state().failures;
        let _only = self.renewing.lock().await;
        let held = {
            let state = self.state();
            match &state.held {
                None => return Err(absent(&state)),
                Some(held) if held.serial != serial => return Ok(held.clone()),
                Some(_) if state.failures != failures => {
                    return Err(state.last_failure.clone().unwrap_or(NoToken::Unavailable));
                }
                Some(held) => held.clone(),
            }
        };
        match self.ask(exchange, &held.tokens).await {
            Ok(tokens) => self.replace(serial, tokens),
            Err(NoToken::Expired) => {
                self.expire(serial);
                Err(NoToken::Expired)
            }
            Err(fault) => {
                let mut state = self.state();
                state.failures += 1;
                state.last_failure = Some(fault.clone());
                Err(fault)
            }
        }
    }

    fn replace(&self, serial: u64, tokens: Tokens) -> Result<Held, NoToken> {
        let mut state = self.state();
        state.serial += 1;
        let newest = state.serial;
        let held = match &mut state.held {
            // Signed out, or in again, while the renewal was under way.
            Some(held) if held.serial != serial => return Ok(held.clone()),
            None => return Err(absent(&state)),
            Some(held) => {
                held.tokens = tokens.clone();
                held.serial = newest;
                held.clone()
            }
        };
        state.quiet_until = None;
        drop(state);
        self.tell(SessionNotice::Renewed(tokens));
        Ok(held)
    }

    async fn ask(&self, exchange: &Exchange, tokens: &Tokens) -> Result<Tokens, NoToken> {
        let body = json!({ "refreshToken": tokens.refresh().expose_secret() });
        let response = exchange
            .call(Call {
                method: Method::POST,
                url: exchange.endpoints.rest("/api/auth/refresh"),
                token: None,
                content: Content::Json(&body),
                timeout: exchange.timeouts.request,
                cap: SMALL_CAP,
            })
            .await
            .map_err(|_| NoToken::Unavailable)?;
        self.observe(&response);
        let Ok(body) = &response.body else {
            return Err(NoToken::Unavailable);
        };
        match response.status {
            200..=299 => decode_renewal(body).map(Tokens::from).map_err(|_| NoToken::Unavailable),
            // A database outage looks like a rejection, but is none (2.3).
            401 if ServerError::of(body).code == Some(GuardCode::Unauthorized) => {
                Err(NoToken::Unavailable)
            }
            401 => Err(NoToken::Expired),
            429 => Err(NoToken::RateLimited(response.retry_after_ms)),
            _ => Err(NoToken::Unavailable),
        }
    }

    fn tell(&self, notice: SessionNotice) {
        // An owner that no longer listens has no use for it.
        let _ = self.notices.send(notice);
    }
}

fn absent(state: &State) -> NoToken {
    if state.expired { NoToken::Expired } else { NoToken::SignedOut }
}

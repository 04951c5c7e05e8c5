//! REST: sign-in, and every request of the contract that the decisions ask for.

use crate::call::{BodyFault, Call, Content, Exchange, Response, SMALL_CAP};
use crate::endpoints::{Endpoints, InvalidAddress};
use crate::link::{LinkAuth, TokenFault, TokenSource};
use crate::options::{NetOptions, SetupError};
use crate::prepare::Prepared;
use crate::session::{Held, NoToken, Session, SessionNotice};
use crate::sign_in::{SignIn, SignInError, sign_in_verdict};
use crate::tokens::Tokens;
use crate::verdict;
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::view::Account;
use condorito_model::wire::{GuardCode, decode_account};
use futures_util::future::BoxFuture;
use native_tls::TlsConnector;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::mpsc;

/// REST against one backend. Clones share the session and the connections.
#[derive(Debug, Clone)]
pub struct Rest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    endpoints: Endpoints,
    exchange: RwLock<Arc<Exchange>>,
    session: Session,
}

/// What a request brought, and what the headers of its last answer told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// A reply, or why there is none.
    pub result: Result<Reply, Failure>,
    /// All absent when no answer came.
    pub headers: Headers,
    /// Milliseconds from the request to the head of its answer.
    pub rtt_ms: Option<u64>,
}

impl Rest {
    /// A client of one backend, signed out, and what its session has to tell.
    ///
    /// # Errors
    /// When the options cannot be used.
    pub fn new(
        options: &NetOptions,
    ) -> Result<(Self, mpsc::UnboundedReceiver<SessionNotice>), SetupError> {
        let (session, notices) = Session::new();
        let exchange = RwLock::new(Arc::new(Exchange::new(options)?));
        let endpoints = options.endpoints.clone();
        Ok((Self { inner: Arc::new(Inner { endpoints, exchange, session }) }, notices))
    }

    /// Goes another way to the same backend from now on: proxy, certificates, time-outs. Requests
    /// under way go on as they began; the session stays.
    ///
    /// # Errors
    /// When the options cannot be used, or are of another backend; then nothing changes.
    pub fn take_way(&self, options: &NetOptions) -> Result<(), SetupError> {
        if options.endpoints != self.inner.endpoints {
            return Err(SetupError::Address(InvalidAddress::NotAnAddress));
        }
        let exchange = Arc::new(Exchange::new(options)?);
        *self.inner.exchange.write().unwrap_or_else(PoisonError::into_inner) = exchange;
        Ok(())
    }

    fn exchange(&self) -> Arc<Exchange> {
        Arc::clone(&self.inner.exchange.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The addresses in use.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    /// The TLS policy in use, for the link to share.
    #[must_use]
    pub fn tls(&self) -> TlsConnector {
        self.exchange().tls.clone()
    }

    /// Signs in and begins the session.
    ///
    /// # Errors
    /// See [`SignInError`]; the session before, if any, is untouched then.
    pub async fn sign_in(
        &self,
        client_code: &str,
        password: &SecretString,
    ) -> Result<SignIn, SignInError> {
        // Exactly these keys: an unknown one is refused (contract 2.1).
        let body = json!({ "client_code": client_code, "password": password.expose_secret() });
        let call =
            Call { content: Content::Json(&body), ..self.get("/api/auth/login", Method::POST) };
        let response = self.exchange().call(call).await?;
        self.inner.session.observe(&response);
        let signed_in = sign_in_verdict(&response)?;
        let begun = signed_in.clone();
        self.inner.session.begin(begun.account, begun.tokens);
        Ok(signed_in)
    }

    /// Begins the session of kept tokens, without asking the server.
    pub fn resume(&self, account: Account, tokens: Tokens) {
        self.inner.session.begin(account, tokens);
    }

    /// Whose session it is, if there is one.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        self.inner.session.held().map(|held| held.account)
    }

    /// Ends the session here at once, and tells the server, as far as it can be reached. (The
    /// existing server revokes nothing.)
    pub async fn sign_out(&self) {
        let Some(held) = self.inner.session.forget() else {
            return;
        };
        let call = Call {
            token: Some(held.tokens.access()),
            timeout: self.exchange().timeouts.probe,
            ..self.get("/api/auth/logout", Method::POST)
        };
        if let Err(lost) = self.exchange().call(call).await {
            tracing::debug!(?lost, "the server was not told of the sign-out");
        }
    }

    /// Carries out one request: once, except that a rejected token is renewed and the request
    /// then made again, because the guard answered before anything was done.
    pub async fn execute(&self, request: &Request) -> Answer {
        self.execute_with(request, None).await
    }

    /// [`Rest::execute`] with the bytes of the file to send; without them they are read from its
    /// path.
    pub async fn execute_with(&self, request: &Request, file: Option<Vec<u8>>) -> Answer {
        let exchange = self.exchange();
        let exchange = &*exchange;
        let prepared = match Prepared::new(exchange, request, file).await {
            Ok(prepared) => prepared,
            Err(failure) => return Answer::unsent(failure),
        };
        let session = &self.inner.session;
        let mut again = true;
        loop {
            let held = match session.current(exchange).await {
                Ok(held) => held,
                Err(none) => return Answer::unsent(none.failure()),
            };
            let call = prepared.call(exchange, held.tokens.access());
            let response = match exchange.call(call).await {
                Ok(response) => response,
                Err(lost) => return Answer::unsent(verdict::of_loss(lost)),
            };
            session.observe(&response);
            match self.guarded(&response, &held, again).await {
                Guarded::Passed => {
                    return Answer::of(&response, verdict::judge(request, &response));
                }
                Guarded::Again => again = false,
                Guarded::Failed(failure) => return Answer::of(&response, Err(failure)),
            }
        }
    }

    /// The company as the server has it now.
    ///
    /// # Errors
    /// As for a request.
    pub async fn verify(&self) -> Result<Account, Failure> {
        let session = &self.inner.session;
        let mut again = true;
        loop {
            let held = session.current(&self.exchange()).await.map_err(NoToken::failure)?;
            let call = Call {
                token: Some(held.tokens.access()),
                ..self.get("/api/auth/verify", Method::GET)
            };
            let response = self.exchange().call(call).await.map_err(verdict::of_loss)?;
            session.observe(&response);
            match self.guarded(&response, &held, again).await {
                Guarded::Again => again = false,
                Guarded::Failed(failure) => return Err(failure),
                Guarded::Passed => {
                    // Any GET that answers with neither list nor send fails alike.
                    return match (response.status, &response.body) {
                        (200..=299, Ok(body)) => {
                            decode_account(body).map_err(|_| Failure::Malformed)
                        }
                        _ => {
                            verdict::judge(&Request::Stats, &response).and(Err(Failure::Malformed))
                        }
                    };
                }
            }
        }
    }

    /// Whether `GET /health` is answered by a backend, at no cost of the request budget.
    pub async fn health(&self) -> bool {
        let call =
            Call { timeout: self.exchange().timeouts.probe, ..self.get("/health", Method::GET) };
        match self.exchange().call(call).await {
            Ok(response) => (200..300).contains(&response.status) && response.body.is_ok(),
            Err(_) => false,
        }
    }

    /// Whether a backend answers here: the guard of its routes turns a request without a token
    /// away in words of its own. Milliseconds to its answer. Costs one request of the budget.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn probe(&self) -> Result<u64, SignInError> {
        let response = self.exchange().call(self.get("/api/auth/verify", Method::GET)).await?;
        match (response.status, verdict::guard(&response)) {
            (_, Some(GuardCode::TokenMissing)) => Ok(response.rtt_ms),
            (429, _) => Err(SignInError::RateLimited { retry_after_ms: response.retry_after_ms }),
            (status @ 500.., _) => Err(SignInError::ServerFault { status }),
            _ => Err(SignInError::NotCondorito),
        }
    }

    /// The bytes of a message's file, from its stored address, up to `cap` bytes. No token goes
    /// along: media are served without (contract 4.15).
    ///
    /// # Errors
    /// `Refused {404}` when it is no more; `Malformed` for what is no address or over the cap.
    pub async fn media(&self, stored: &str, cap: usize) -> Result<Vec<u8>, Failure> {
        let url = self.endpoints().media(stored).ok_or(Failure::Malformed)?;
        let call =
            Call { url, timeout: self.exchange().timeouts.send, cap, ..self.get("/", Method::GET) };
        let got = self.exchange().download(call).await;
        match got.map_err(verdict::of_loss)? {
            (200..=299, Ok(bytes)) => Ok(bytes),
            (status @ 200..=299, Err(BodyFault::Cut)) => {
                Err(Failure::Unclear { status: Some(status) })
            }
            (200..=299, Err(_)) => Err(Failure::Malformed),
            (429, _) => Err(Failure::RateLimited { retry_after_ms: None }),
            (status @ 500.., _) => Err(Failure::ServerFault { status }),
            (status, _) => Err(Failure::Refused { status, message: None }),
        }
    }

    /// What the guard's answer means for the session and the request.
    async fn guarded(&self, response: &Response, held: &Held, again: bool) -> Guarded {
        let session = &self.inner.session;
        let Some(code) = verdict::guard(response) else {
            session.passed();
            return Guarded::Passed;
        };
        match code {
            // A database outage: the session is as good as before (2.3).
            GuardCode::Unauthorized => {
                Guarded::Failed(Failure::ServerFault { status: response.status })
            }
            GuardCode::AccountInactive => {
                session.inactive();
                Guarded::Failed(Failure::AccountInactive)
            }
            GuardCode::TokenExpired if again => {
                match session.renew(&self.exchange(), held.serial).await {
                    Ok(_) => Guarded::Again,
                    Err(none) => Guarded::Failed(none.failure()),
                }
            }
            // The refresh token has the same key and the same company: it would fail alike.
            GuardCode::TokenExpired
            | GuardCode::TokenInvalid
            | GuardCode::TokenMissing
            | GuardCode::ClientNotFound => {
                if session.expire(held.serial) {
                    Guarded::Failed(Failure::SessionExpired)
                } else if again {
                    // Another request got newer tokens meanwhile.
                    Guarded::Again
                } else {
                    // Newer ones still, and the session lives: not this request's to judge.
                    Guarded::Failed(Failure::ServerFault { status: response.status })
                }
            }
        }
    }

    /// An ordinary call, to be adjusted.
    fn get(&self, path: &str, method: Method) -> Call<'static> {
        Call {
            method,
            url: self.inner.endpoints.rest(path),
            token: None,
            content: Content::None,
            timeout: self.exchange().timeouts.request,
            cap: SMALL_CAP,
        }
    }
}

impl TokenSource for Rest {
    fn auth(&self, fresh: bool) -> BoxFuture<'_, Result<LinkAuth, TokenFault>> {
        Box::pin(async move {
            let (exchange, session) = (&self.exchange(), &self.inner.session);
            let held = session.current(exchange).await.map_err(token_fault)?;
            let held = if fresh {
                session.renew(exchange, held.serial).await.map_err(token_fault)?
            } else {
                held
            };
            Ok(LinkAuth {
                token: held.tokens.access().clone(),
                client_id: held.account.id,
                client_code: held.account.client_code,
            })
        })
    }

    fn rest_answers(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.health())
    }
}

const fn token_fault(none: NoToken) -> TokenFault {
    match none {
        NoToken::SignedOut | NoToken::Expired => TokenFault::Ended,
        NoToken::RateLimited(_) | NoToken::Unavailable => TokenFault::Unavailable,
    }
}

impl Answer {
    const fn unsent(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            headers: Headers { limit: None, remaining: None, reset_in_ms: None, server_time: None },
            rtt_ms: None,
        }
    }

    const fn of(response: &Response, result: Result<Reply, Failure>) -> Self {
        Self { result, headers: response.headers, rtt_ms: Some(response.rtt_ms) }
    }
}

enum Guarded {
    Passed,
    Again,
    Failed(Failure),
}

//! Sign-in: what its answer means (contract 2.1, 2.2).

use crate::call::{Lost, Response};
use crate::tokens::Tokens;
use condorito_model::ErrorCode;
use condorito_model::view::Account;
use condorito_model::wire::{ServerError, decode_sign_in};

/// A sign-in that succeeded; the session has begun.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The company, spelled as the server spells it, and whether it administers the server.
    pub account: Account,
    /// Its tokens, to be kept.
    pub tokens: Tokens,
}

/// Why a sign-in failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Unknown code or wrong password.
    #[error("unknown code or wrong password")]
    WrongCredentials,
    /// The account is suspended or inactive.
    #[error("the account is not active")]
    AccountInactive,
    /// The code or the password has a form that no account has.
    #[error("code or password has an impossible form")]
    Invalid {
        /// The server's sentence, for display only.
        message: Option<String>,
    },
    /// Too many requests from this address.
    #[error("too many requests")]
    RateLimited {
        /// Milliseconds until the next try makes sense, where known.
        retry_after_ms: Option<u64>,
    },
    /// No connection could be made, or it broke.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted")]
    Untrusted,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The server failed.
    #[error("the server failed with {status}")]
    ServerFault {
        /// HTTP status.
        status: u16,
    },
    /// What answered is no CRM Condorito.
    #[error("what answered is no CRM Condorito")]
    NotCondorito,
}

impl SignInError {
    /// Its code at the boundary.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::WrongCredentials | Self::Invalid { .. } => ErrorCode::WrongCredentials,
            Self::AccountInactive => ErrorCode::AccountInactive,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Unreachable => ErrorCode::Unreachable,
            Self::Untrusted => ErrorCode::Untrusted,
            Self::Timeout => ErrorCode::Timeout,
            Self::ServerFault { .. } => ErrorCode::ServerFault,
            Self::NotCondorito => ErrorCode::NotCondorito,
        }
    }
}

impl From<Lost> for SignInError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NotSent { untrusted: true, .. } => Self::Untrusted,
            Lost::NotSent { timeout: true, .. } | Lost::Unclear { timeout: true } => Self::Timeout,
            Lost::NotSent { .. } | Lost::Unclear { .. } => Self::Unreachable,
        }
    }
}

/// Only a JSON answer is the backend's own word; a proxy may answer 401 or 403 as well.
pub(crate) fn sign_in_verdict(response: &Response) -> Result<SignIn, SignInError> {
    let status = response.status;
    match (status, &response.body) {
        (429, _) => Err(SignInError::RateLimited { retry_after_ms: response.retry_after_ms }),
        (500.., _) => Err(SignInError::ServerFault { status }),
        (200..=299, Ok(body)) => {
            let reply = decode_sign_in(body).map_err(|_| SignInError::NotCondorito)?;
            Ok(SignIn { account: reply.account, tokens: reply.tokens.into() })
        }
        (400, Ok(body)) => Err(SignInError::Invalid { message: ServerError::of(body).message }),
        (401, Ok(_)) => Err(SignInError::WrongCredentials),
        (403, Ok(_)) => Err(SignInError::AccountInactive),
        _ => Err(SignInError::NotCondorito),
    }
}

//! Replies to sign-in, refresh and verify (contract 2.1), and what a token tells without its key.

use super::scalar::{DecodeError, Fields};
use crate::view::Account;
use serde_json::Value;

/// The company name that alone makes an administrator (2.4).
const ADMIN_NAME: &str = "Admin";

/// Two tokens as they came. Not printable; the holder wraps them at once.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// For requests and the socket.
    pub access: String,
    /// For a new pair.
    pub refresh: String,
}

impl std::fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenPair(..)")
    }
}

/// A sign-in that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInReply {
    /// The company, spelled as the server spells it.
    pub account: Account,
    /// Its tokens.
    pub tokens: TokenPair,
}

/// Seconds since 1970 from a token's claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenTimes {
    /// `iat`, when it says so.
    pub issued_at: Option<i64>,
    /// `exp`.
    pub expires_at: i64,
}

impl TokenTimes {
    /// From the JSON of a token's claims; the signature is the server's business.
    ///
    /// # Errors
    /// When there is no `exp`.
    pub fn of_claims(claims: &Value) -> Result<Self, DecodeError> {
        let claims = Fields::of(claims);
        Ok(Self { issued_at: claims.optional_id("iat")?, expires_at: claims.id("exp")? })
    }
}

/// The reply to a sign-in.
///
/// # Errors
/// When the company or a token is missing.
pub fn decode_sign_in(body: &Value) -> Result<SignInReply, DecodeError> {
    let fields = Fields::of(body);
    let mut account = decode_account(body)?;
    account.is_admin = fields.optional_flag("isAdmin")?.unwrap_or(account.is_admin);
    Ok(SignInReply { account, tokens: tokens(fields)? })
}

/// The reply to a refresh: a new pair.
///
/// # Errors
/// When a token is missing.
pub fn decode_renewal(body: &Value) -> Result<TokenPair, DecodeError> {
    success(Fields::of(body))?;
    tokens(Fields::of(body))
}

/// The company in a reply to sign-in, refresh, verify or profile.
///
/// # Errors
/// When it is missing or has no code.
pub fn decode_account(body: &Value) -> Result<Account, DecodeError> {
    let body = Fields::of(body);
    success(body)?;
    let client = body.object("client");
    if !client.exists() {
        return Err(DecodeError::Missing("client"));
    }
    let company_name = client.text("company_name")?.unwrap_or_default();
    Ok(Account {
        id: client.id("id")?,
        client_code: client.needed_text("client_code")?,
        is_admin: company_name == ADMIN_NAME,
        company_name,
        email: client.text("email")?,
        phone: client.text("phone")?,
    })
}

fn success(body: Fields<'_>) -> Result<(), DecodeError> {
    match body.optional_flag("success")? {
        Some(true) => Ok(()),
        Some(false) | None => Err(DecodeError::NotSuccess),
    }
}

fn tokens(body: Fields<'_>) -> Result<TokenPair, DecodeError> {
    let tokens = body.object("tokens");
    Ok(TokenPair {
        access: tokens.needed_text("accessToken")?,
        refresh: tokens.needed_text("refreshToken")?,
    })
}

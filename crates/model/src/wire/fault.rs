//! Error bodies E1 to E9 (contract 1.4) and the codes of the guards (2.3).

use super::scalar::Fields;
use serde_json::Value;

/// The one refusal of a send that has no code of its own: no WhatsApp linked (4.4).
const NOT_LINKED: &str = "Cliente de WhatsApp no está conectado";
/// The unique index that refuses a second conversation with a number the server mangled (5.6).
const CONTACT_INDEX: &str = "unique_client_contact";
const DUPLICATE: &str = "Duplicate entry";

/// What a guard rejected (2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardCode {
    /// `TOKEN_MISSING`.
    TokenMissing,
    /// `TOKEN_EXPIRED`.
    TokenExpired,
    /// `TOKEN_INVALID`.
    TokenInvalid,
    /// `CLIENT_NOT_FOUND`.
    ClientNotFound,
    /// `ACCOUNT_INACTIVE`.
    AccountInactive,
    /// `UNAUTHORIZED`: anything else, also a database outage.
    Unauthorized,
}

/// What an error body says; every field may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerError {
    /// A sentence for display: `message`, else `error`.
    pub message: Option<String>,
    /// The guard's code; `None` also for codes of other places.
    pub code: Option<GuardCode>,
    /// `error` beside a `message`: the raw cause.
    detail: Option<String>,
}

impl ServerError {
    /// Reads an error body of any form; what is not one says nothing.
    #[must_use]
    pub fn of(body: &Value) -> Self {
        let body = Fields::of(body);
        let message = body.text("message").ok().flatten();
        let error = body.text("error").ok().flatten();
        Self {
            code: body.get("code").and_then(Value::as_str).and_then(guard_code),
            message: message.or_else(|| error.clone()),
            detail: error,
        }
    }

    /// Whether a 400 means that this server process has no WhatsApp linked.
    #[must_use]
    pub fn is_not_linked(&self) -> bool {
        self.message.as_deref() == Some(NOT_LINKED)
    }

    /// Whether a 500 came from the index over contacts, so before anything was sent.
    #[must_use]
    pub fn is_contact_clash(&self) -> bool {
        self.detail
            .as_deref()
            .is_some_and(|text| text.contains(DUPLICATE) && text.contains(CONTACT_INDEX))
    }
}

fn guard_code(text: &str) -> Option<GuardCode> {
    Some(match text {
        "TOKEN_MISSING" => GuardCode::TokenMissing,
        "TOKEN_EXPIRED" => GuardCode::TokenExpired,
        "TOKEN_INVALID" => GuardCode::TokenInvalid,
        "CLIENT_NOT_FOUND" => GuardCode::ClientNotFound,
        "ACCOUNT_INACTIVE" => GuardCode::AccountInactive,
        "UNAUTHORIZED" => GuardCode::Unauthorized,
        _ => return None,
    })
}

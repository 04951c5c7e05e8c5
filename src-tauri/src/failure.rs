//! The one shape in which the UI is told what went wrong.

use std::borrow::Cow;

use serde::Serialize;

/// An error as the UI reads it: it acts on the code and shows the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// What happened, for code to match on.
    pub code: Cow<'static, str>,
    /// What happened, for a person.
    pub message: String,
    /// Which part failed: `input`, `network`, `server`, `store` or `secrets`.
    #[serde(rename = "source")]
    pub origin: Cow<'static, str>,
    /// Whether the same call can succeed later.
    pub retryable: bool,
}

impl Failure {
    /// The caller asked for something that cannot be done.
    pub fn input(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            origin: "input".into(),
            retryable: false,
        }
    }
}

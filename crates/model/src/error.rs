//! Errors at the boundary: a stable code, a sentence to act on, a source (design section 4).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ErrorSource {
    /// What was asked for.
    Input,
    /// The way to the server.
    Network,
    /// The server's answer.
    Server,
    /// The files on this machine.
    Store,
    /// The keyring.
    Secrets,
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident => $source:ident, $retryable:literal;)+) => {
        /// Stable codes, written in snake case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, for catalogues and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Where it comes from.
            #[must_use]
            pub const fn source(self) -> ErrorSource {
                match self { $(Self::$name => ErrorSource::$source,)+ }
            }

            /// Whether asking again, without changing anything, can succeed.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)+ }
            }
        }
    };
}

error_codes! {
    /// The line or the arguments make no sense.
    InvalidInput => Input, false;
    /// No command of that name.
    UnknownCommand => Input, false;
    /// The backend address is not one.
    InvalidBackend => Input, false;
    /// Nothing with that id.
    NotFound => Input, false;
    /// Nobody is signed in.
    SignedOut => Input, false;
    /// The number is not one.
    InvalidPhone => Input, false;
    /// The text is on its way; it can be neither retried nor discarded now.
    InFlight => Input, true;
    /// A file cannot be read.
    FileUnreadable => Input, false;
    /// A file is over the server's limit.
    FileTooBig => Input, false;
    /// A file is of a kind that the server refuses.
    FileKind => Input, false;
    /// A file cannot be written where it was asked for.
    FileUnwritable => Input, false;
    /// No connection.
    Offline => Network, true;
    /// No answer in time.
    Timeout => Network, true;
    /// The server cannot be reached.
    Unreachable => Network, true;
    /// Its certificate is not trusted.
    Untrusted => Network, false;
    /// Unknown code or wrong password.
    WrongCredentials => Server, false;
    /// The session ended.
    SessionExpired => Server, false;
    /// The company's account is suspended or inactive.
    AccountInactive => Server, false;
    /// Too many requests from this address.
    RateLimited => Server, true;
    /// No WhatsApp is linked.
    NotLinked => Server, true;
    /// The server refused it.
    Refused => Server, false;
    /// The server cannot answer this number.
    RefusedNumber => Server, false;
    /// The server failed.
    ServerFault => Server, true;
    /// The server answered something else than a CRM Condorito.
    NotCondorito => Server, false;
    /// The conversation was deleted meanwhile.
    ConversationDeleted => Server, false;
    /// The disk is full.
    DiskFull => Store, true;
    /// The folder cannot be written.
    StoreReadOnly => Store, false;
    /// Another process holds the folder.
    StoreBusy => Store, true;
    /// The files were written by a newer version.
    StoreNewer => Store, false;
    /// The files are damaged.
    StoreDamaged => Store, false;
    /// Another fault of the files.
    StoreFault => Store, true;
    /// There is no keyring.
    KeyringMissing => Secrets, false;
    /// The keyring is locked.
    KeyringLocked => Secrets, true;
    /// The files exist, but their key is gone.
    KeyMissing => Secrets, false;
    /// A fault of our own.
    Internal => Store, false;
}

/// An error as it leaves a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CommandError {
    /// Stable code; texts are never matched.
    pub code: ErrorCode,
    /// A sentence in the operator's language; never empty.
    pub message: String,
    /// Where it comes from.
    pub source: ErrorSource,
    /// Whether asking again can succeed.
    pub retryable: bool,
}

impl CommandError {
    /// An error of this code, with its sentence.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: code.source(), retryable: code.retryable() }
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)
    }
}

impl std::error::Error for CommandError {}

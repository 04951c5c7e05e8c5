//! Lenient decoding of what comes over the wire (contract 1.5, 2.1, 3, 4.1 to 4.5 and 4.11 to
//! 4.13).
//!
//! One reading per scalar ([`scalar`]), absent is null, and nothing that comes from outside makes
//! these functions panic. A row of a list that makes no sense is left out and counted; it never
//! takes the page with it. An event of another company never becomes a
//! [`ServerEvent`](crate::fact::ServerEvent).

pub mod auth;
pub mod body;
pub mod event;
pub mod fault;
pub mod reply;
pub mod row;
pub mod scalar;

pub use auth::{
    SignInReply, TokenPair, TokenTimes, decode_account, decode_renewal, decode_sign_in,
};
pub use body::parse_body;
pub use event::{Decoded, decode_event, event_label};
pub use fault::{GuardCode, ServerError};
pub use reply::decode_reply;
pub use scalar::DecodeError;

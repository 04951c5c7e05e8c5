//! Bytes to facts: REST over `reqwest` and the supervisor of the Socket.IO link.
//!
//! * [`Endpoints`] and [`NetOptions`]: where the backend is and how to get there.
//! * [`Rest`]: sign-in, the session, and every request of [`condorito_model::rest`].
//! * [`Link`]: the one live link, reported as [`condorito_model::link::LinkFact`]s.
//!
//! Nothing here decides what to ask or when to send; that is `sync`'s.

mod call;
mod endpoints;
mod file;
pub mod link;
mod options;
mod prepare;
mod rest;
mod session;
mod sign_in;
mod tokens;
mod verdict;

pub use call::read_headers;
pub use endpoints::{Endpoints, InvalidAddress};
pub use file::read_for_sending;
pub use link::{Link, LinkAuth, LinkConfig, LinkCounters, LinkHandle, TokenFault, TokenSource};
pub use options::{NetOptions, Proxy, SetupError, Timeouts};
pub use rest::{Answer, Rest};
pub use session::SessionNotice;
pub use sign_in::{SignIn, SignInError};
pub use tokens::Tokens;

//! The decisions of the client, without I/O, clock or chance: state × input → state and effects.
//!
//! [`Engine`] is driven by `client` with real time, a real server and a real store, and by the
//! simulator (`sim`, feature `sim`) with seeded ones; it cannot tell them apart. Every input and
//! effect can be written down, so a real run can be replayed to the same effects.
//!
//! What is absent on purpose: no socket, no file, no `Instant::now`, no random number, no iteration
//! over an unordered map. A decision that needs a fact of the store asks for it through the outcome
//! of a store operation.

mod budget;
mod catchup;
mod commands;
mod connection;
mod conversation;
mod engine;
mod history;
mod input;
mod join;
mod live;
mod load;
mod notice;
mod notify;
mod outbox;
mod reads;
mod reconcile;
mod requests;
mod walk;

#[cfg(feature = "sim")]
pub mod sim;

pub use budget::{Budget, Limits};
pub use engine::{Config, Engine};
pub use input::{Answered, Command, Effect, Input, Now, RequestId, Ticket, Token};
pub use notice::{Notice, NoticePolicy, Preview};

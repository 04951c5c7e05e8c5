//! The vocabulary of CRM Condorito Desktop: ids, entities, what the server says, what the store
//! is told, what the command surface shows, and the error codes. No I/O and no decisions.
//!
//! * [`fact`]: what a server row or event means, after lenient decoding ([`wire`]).
//! * [`rest`]: the requests of the contract, their replies and the ways in which they fail.
//! * [`record`]: rows as the store keeps them and the operations that change them.
//! * [`view`]: shapes of the command surface (design section 4), exported to TypeScript.
//! * [`error`]: stable error codes at the boundary.

pub mod error;
pub mod fact;
pub mod id;
pub mod link;
pub mod phone;
pub mod record;
pub mod rest;
pub mod time;
pub mod view;
pub mod wire;

pub use error::{CommandError, ErrorCode, ErrorSource};
pub use id::{ConversationId, LocalId, MessageId, RowId};
pub use time::Timestamp;

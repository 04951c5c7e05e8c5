//! Encrypted store of an account: SQLCipher files in one folder, by what their loss would mean.
//!
//! * `outbox.db`: the queue, drafts, marks not yet taken, conversations begun here, settings. It
//!   exists nowhere else: every commit is synced.
//! * `cache.db`: what the server has, with the search index. A damaged one is set aside and made
//!   anew.
//! * `media.db`: files of messages, up to a size ([`MediaStore`]). Nothing depends on it.
//!
//! Invariants:
//!
//! * One thread writes ([`Store::apply`]); readers see committed states only and never wait for it.
//! * The two files never commit together. The outbox is committed first; a page reads the outbox
//!   first and hides a row whose message the cache has; a sent row is purged only after a
//!   checkpoint of the cache. Whatever happens between two of these steps, a message shows once.
//! * `PutConversations` never touches what is known of a conversation's messages, and
//!   `ApplyMessages` never touches anything else.
//! * Pages are found by key, never by counting rows.
//! * Texts, names and numbers are not logged.

mod apply;
mod connection;
mod error;
mod failpoint;
mod key;
mod lock;
mod media;
mod open;
#[cfg(test)]
mod plans;
mod reads;
mod recovery;
mod row;
mod schema;
mod store;
mod writer;

pub use error::{Error, Result};
pub use failpoint::{Failpoints, Step};
pub use key::Key;
pub use media::{MediaFacts, MediaFile, MediaStore};
pub use open::{OnDamage, OpenReport, Options, set_aside};
pub use reads::{
    Anchor, Draft, Dump, ExportError, ExportedRows, ListQuery, Messages, Place, SearchQuery, Sizes,
    StoredMessage,
};
pub use store::Store;
pub use writer::OnChange;

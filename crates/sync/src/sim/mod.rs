//! A deterministic world for the engine: one server, one or two clients of a company, a network
//! that loses, doubles, reorders and delays, processes that are killed, clocks that lie. Every
//! choice comes from the seed, so a failing seed replays by its number.
//!
//! The oracle (design 3): the server's store, the client's store and what the list shows are the
//! same; nothing is sent more often than the operator consented to; nothing written is lost; no
//! notice is told that is not wanted, and no storm of them.

mod coverage;
mod oracle;
mod server;
mod store;
mod world;

pub use coverage::{Coverage, EXPECTED};
pub use store::{Cached, MemStore};
pub use world::World;

/// A bug put into the world on purpose, to see whether the oracle finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// An event that comes while a catch-up ends is lost inside the client.
    LostEvent,
    /// A send whose outcome is open is sent again without asking.
    DoubleSend,
}

/// Runs one seed. `Err` tells what was wrong.
///
/// # Errors
/// The first violation that the oracle saw.
pub fn run(seed: u64, plant: Option<Plant>) -> Result<Coverage, String> {
    World::new(seed, plant).run()
}

/// Runs one seed of the busy world (see [`World::busy`]).
///
/// # Errors
/// The first violation that the oracle saw.
pub fn run_busy(seed: u64) -> Result<Coverage, String> {
    World::busy(seed).run()
}

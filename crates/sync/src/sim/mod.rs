//! A deterministic world for the engine: one server, one or two clients of a company, a network
//! that loses, doubles, reorders and delays, processes that are killed, clocks that lie. Every
//! choice comes from the seed, so a failing seed replays by its number.
//!
//! The oracle (design 3): the server's store, the client's store and what the list shows are the
//! same; nothing is sent more often than the operator consented to; nothing written is lost; no
//! notice is told that is not wanted, and no storm of them.

mod coverage;
mod oracle;
mod planted;
mod server;
mod store;
mod world;

pub use coverage::{Coverage, EXPECTED, RARE_WAYS, WAYS};
pub use store::{Cached, MemStore};
pub use world::World;

/// A bug put into the world on purpose, to see whether the oracle finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// An event that comes while a catch-up ends is lost inside the client.
    LostEvent,
    /// A send whose outcome is open is sent again without asking.
    DoubleSend,
    /// One text is taken for two messages.
    EchoTwice,
    /// A 429 is taken for a refusal, and nothing waits.
    LimitIgnored,
    /// A sent row is purged before the cache has its message for good.
    PurgedEarly,
    /// An event of another tenant is kept.
    ForeignEvent,
    /// A deleted conversation stays in the store.
    Resurrected,
    /// What was read becomes unread again.
    ReadReverted,
    /// Messages of one second are listed in the wrong order.
    OrderBroken,
    /// Nobody counts what the background asks.
    BudgetOverrun,
    /// A text goes to another conversation's number.
    WrongReceiver,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::LostEvent,
        Self::DoubleSend,
        Self::EchoTwice,
        Self::LimitIgnored,
        Self::PurgedEarly,
        Self::ForeignEvent,
        Self::Resurrected,
        Self::ReadReverted,
        Self::OrderBroken,
        Self::BudgetOverrun,
        Self::WrongReceiver,
    ];
}

/// The first of these seeds whose oracle finds the planted bug, and what it says.
#[must_use]
pub fn find_planted(plant: Plant, seeds: std::ops::Range<u64>) -> Option<(u64, String)> {
    seeds.into_iter().find_map(|seed| run(seed, Some(plant)).err().map(|what| (seed, what)))
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

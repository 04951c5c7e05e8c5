//! What happens in a cycle, drawn before the run begins.

use std::time::Duration;

use condorito_tests::proxy::Fault;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// One cycle.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// How long the weather lasts.
    pub length: Duration,
    /// Share of new connections that something befalls, in thousandths.
    pub faulty: u64,
    /// What happens when, in order of time.
    pub blows: Vec<(Duration, Blow)>,
    /// Whether the cycle ends with a wait until the client is online; the next one else begins in
    /// the middle of its recovery.
    pub rests: bool,
    /// Whether the operator's 'reconnect now' shortens the wait.
    pub hurried: bool,
}

/// Something done from outside.
#[derive(Debug, Clone, Copy)]
pub enum Blow {
    /// To every live connection.
    Strike(Fault),
    /// `kill -9` of the client, and the time until it is started again.
    KillClient(Duration),
    /// The server dies, comes back after the first time and has WhatsApp linked after the second.
    KillServer(Duration, Duration),
    /// The next sends go wrong in ways that only the server can arrange.
    SpoilSends,
}

/// Cycles whose client may be killed, out of a block; in the rest one process lives, and its growth
/// is measured.
pub const KILLS: f64 = 0.6;

/// All cycles of a run. `block` is how many lie between two checks.
pub fn draw(seed: u64, cycles: u32, block: u32) -> Vec<Cycle> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    (0..cycles)
        .map(|number| {
            let place = f64::from(number % block) / f64::from(block.min(cycles));
            cycle(&mut chance, place < KILLS)
        })
        .collect()
}

fn cycle(chance: &mut ChaCha8Rng, kills: bool) -> Cycle {
    let ms = |ms| Duration::from_millis(ms);
    let length = chance.random_range(500..2200);
    let mut blows = Vec::new();
    if kills && chance.random_bool(0.55) {
        let away = if chance.random_bool(0.5) { 0 } else { chance.random_range(0..1500) };
        blows.push((ms(chance.random_range(0..length)), Blow::KillClient(ms(away))));
        // Once more right after its start: in the middle of opening, signing in or catching up.
        if chance.random_bool(0.2) {
            let at = chance.random_range(length..length + 600);
            blows.push((ms(at), Blow::KillClient(ms(0))));
        }
    }
    if chance.random_bool(0.35) {
        let (away, unlinked) = (chance.random_range(0..1200), chance.random_range(0..800));
        let blow = Blow::KillServer(ms(away), ms(unlinked));
        blows.push((ms(chance.random_range(0..length)), blow));
    }
    for _ in 0..chance.random_range(0..4) {
        let strike = Blow::Strike(Fault::strike(chance));
        blows.push((ms(chance.random_range(0..length)), strike));
    }
    if chance.random_bool(0.12) {
        blows.push((ms(chance.random_range(0..length)), Blow::SpoilSends));
    }
    blows.sort_by_key(|(at, _)| *at);
    Cycle {
        length: ms(length),
        faulty: match chance.random_range(0..4) {
            0 => 0,
            1 => 150,
            2 => 400,
            _ => 800,
        },
        blows,
        rests: chance.random_bool(0.6),
        hurried: chance.random_bool(0.7),
    }
}

#[cfg(test)]
mod tests {
    use super::{Blow, draw};

    #[test]
    fn a_seed_gives_one_schedule_and_every_block_ends_without_kills_of_the_client() {
        let (one, same) = (draw(7, 100, 50), draw(7, 100, 50));
        assert_eq!(format!("{one:?}"), format!("{same:?}"));
        assert_ne!(format!("{one:?}"), format!("{:?}", draw(8, 100, 50)));
        let killed: Vec<usize> = one
            .iter()
            .enumerate()
            .filter(|(_, cycle)| {
                cycle.blows.iter().any(|(_, blow)| matches!(blow, Blow::KillClient(_)))
            })
            .map(|(number, _)| number % 50)
            .collect();
        assert!(killed.len() > 20 && killed.iter().all(|place| *place < 30), "{killed:?}");
    }
}

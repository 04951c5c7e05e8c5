//! The short form: every kept input, its damaged forms, and chance.

#![allow(clippy::expect_used, clippy::indexing_slicing)]

use condorito_fuzz::TARGETS;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

/// The kept inputs of a target.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(&folder).expect("a corpus");
    entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("read")).collect()
}

#[test]
fn every_kept_input_keeps_the_promises() {
    for target in TARGETS {
        let inputs = corpus(target.name);
        assert!(inputs.len() >= 3, "the corpus of {} has been lost", target.name);
        for input in inputs {
            (target.check)(&input);
            // Cut short, as a connection cuts it.
            for end in (0..input.len()).step_by(1 + input.len() / 64) {
                (target.check)(&input[..end]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_kept_input_with_other_bytes_in_it_keeps_the_promises(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        for target in TARGETS {
            let inputs = corpus(target.name);
            let mut input = which.get(&inputs).clone();
            if input.is_empty() {
                continue;
            }
            for (at, byte) in &changes {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            // A piece twice: arrays grow, numbers get long, keys collide.
            let piece = input[cut.index(input.len())..].to_vec();
            input.extend(piece);
            (target.check)(&input);
        }
    }

    #[test]
    fn any_bytes_keep_the_promises(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for target in TARGETS {
            (target.check)(&bytes);
        }
    }
}

#[test]
fn depth_and_length_are_no_danger() {
    let size = 1_000_000;
    let deep =
        [b"[".repeat(size), b"{\"a\":".repeat(size / 5), b"[{\"messages\":".repeat(size / 12)];
    let long = [
        b"9".repeat(size),
        [b"\"".to_vec(), b"\\ud83d".repeat(size / 6), b"\"".to_vec()].concat(),
        [b"condorito://phone/".to_vec(), b"5".repeat(size)].concat(),
        [b"x-ratelimit-reset: ".to_vec(), b"9".repeat(size)].concat(),
    ];
    let begun = std::time::Instant::now();
    for bytes in deep.iter().chain(&long) {
        for target in TARGETS {
            (target.check)(bytes);
        }
    }
    // Linear work takes a second at most, even unoptimised; squared work would take hours.
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

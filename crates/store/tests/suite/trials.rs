//! Damage at random, full disks, folders that cannot be written: the store opens or says why, and
//! what the disk kept of outbox and drafts is kept.
//!
//! `STORE_TRIALS=1000 cargo test -p condorito-store --test suite trials` runs the long form.

use crate::support::{CHAT, FROM_START, Home, KEY, chat, copy, facts, phone, reopen, text};
use condorito_model::record::StoreOp;
use condorito_store::{Dump, Error, Key, OpenReport, Options, Store};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const TEXTS: i64 = 40;
const DRAFTS: i64 = 5;

/// Numbers that look random and are the same each time (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn trials() -> u64 {
    std::env::var("STORE_TRIALS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

async fn fill(home: &Home) {
    home.apply(vec![StoreOp::PutConversations { rows: (1..=60).map(chat).collect() }]).await;
    home.messages(facts(1..=200), FROM_START).await;
    let rows = (1..=TEXTS).map(|n| StoreOp::PutOutbox { row: text(&format!("t-{n:03}")) });
    home.apply(rows.collect()).await;
    for n in 1..=DRAFTS {
        home.store.save_draft(phone(n), format!("borrador {n}")).await.expect("stored");
    }
}

/// A store as a kill leaves it, its write-ahead logs in place; or closed and merged.
async fn left_behind(killed: bool) -> TempDir {
    let home = Home::new().await;
    fill(&home).await;
    let folder = if killed { copy(home.folder.path()) } else { TempDir::new().expect("a folder") };
    home.store.close().await;
    if killed { folder } else { home.folder }
}

/// Damages a file in one of the ways in which disks do; answers how.
fn damage(file: &Path, chance: &mut Chance) -> &'static str {
    let mut bytes = fs::read(file).expect("read");
    let length = bytes.len();
    let how = match chance.below(6) {
        0 => {
            let at = chance.below(length);
            bytes[at] ^= 1 << chance.below(8);
            "a bit"
        }
        1 => {
            for _ in 0..1 + chance.below(200) {
                let at = chance.below(length);
                bytes[at] = chance.next() as u8;
            }
            "bytes"
        }
        2 => {
            let page = chance.below(length.div_ceil(4096)) * 4096;
            let end = (page + 4096).min(length);
            bytes[page..end].fill(0);
            "a page of zeros"
        }
        3 => {
            let from = chance.below(length);
            let end = (from + 1 + chance.below(20_000)).min(length);
            bytes[from..end].iter_mut().for_each(|byte| *byte = chance.next() as u8);
            "a stretch"
        }
        4 => {
            bytes.truncate(chance.below(length));
            "cut short"
        }
        _ => {
            let pages = length.div_ceil(4096);
            let (one, other) = (chance.below(pages) * 4096, chance.below(pages) * 4096);
            for at in 0..4096 {
                if one + at < length && other + at < length {
                    bytes.swap(one + at, other + at);
                }
            }
            "two pages swapped"
        }
    };
    fs::write(file, bytes).expect("written");
    how
}

fn texts_of(dump: &Dump) -> BTreeSet<String> {
    dump.snapshot.outbox.iter().map(|row| row.local_id.0.clone()).collect()
}

/// What a trial ended in, once everything was read.
async fn opened(folder: &Path) -> Result<(Store, OpenReport, Dump), Error> {
    let (store, _, report) = Store::open(folder, Key::new(KEY), Options::default()).await?;
    let dump = match store.dump().await {
        Ok(dump) => dump,
        Err(error) => {
            store.close().await;
            return Err(error);
        }
    };
    Ok((store, report, dump))
}

#[tokio::test]
async fn random_damage_of_the_cache_costs_no_text_and_no_draft() {
    let (closed, killed) = (left_behind(false).await, left_behind(true).await);
    let (mut rebuilt, mut unharmed, mut second) = (0, 0, 0);
    for seed in 0..trials() {
        let mut chance = Chance(seed);
        let original = if chance.below(2) == 0 { &closed } else { &killed };
        let folder = copy(original.path());
        let log = folder.path().join("cache.db-wal");
        let file = if log.exists() && chance.below(3) == 0 && fs::metadata(&log).unwrap().len() > 0
        {
            log
        } else {
            folder.path().join("cache.db")
        };
        let how = damage(&file, &mut chance);
        fs::write(folder.path().join("in-use"), "").expect("marked");
        let mut open = opened(folder.path()).await;
        // What only shows while it is read is repaired by the next start.
        if matches!(open, Err(Error::Damaged)) {
            second += 1;
            open = opened(folder.path()).await;
        }
        let (store, report, dump) =
            open.unwrap_or_else(|error| panic!("seed {seed}, {how}, {file:?}: {error:?}"));
        assert_eq!(texts_of(&dump).len() as i64, TEXTS, "seed {seed}, {how}: {report:?}");
        assert_eq!(dump.drafts.len() as i64, DRAFTS, "seed {seed}, {how}: {report:?}");
        assert!(!report.outbox_salvaged, "seed {seed}, {how}");
        if report.cache_rebuilt {
            rebuilt += 1;
            assert!(report.set_aside.iter().all(|file| file.exists()), "seed {seed}, {how}");
        } else {
            unharmed += 1;
            // Never a wrong row: what is left of a damaged log is a former state.
            let former = dump.messages.iter().all(|row| (1..=200).contains(&row.fact.id.0));
            assert!(former && dump.messages.len() <= 200, "seed {seed}, {how}");
        }
        store.apply(vec![StoreOp::PutConversations { rows: vec![chat(CHAT.0)] }]).await.unwrap();
        store.enqueue(text("nuevo")).await.expect("still takes texts");
        store.close().await;
        let (store, report) = reopen(folder.path()).await;
        assert!(report.clean, "seed {seed}, {how}: {report:?}");
        store.close().await;
    }
    println!("cache: {rebuilt} made anew ({second} at the second start), {unharmed} unharmed");
    assert!(rebuilt > 0);
}

#[tokio::test]
async fn random_damage_of_the_outbox_loses_only_what_the_disk_lost() {
    let (closed, killed) = (left_behind(false).await, left_behind(true).await);
    let (mut salvaged, mut unharmed, mut refused, mut lost) = (0, 0, 0, 0);
    for seed in 0..trials() {
        let mut chance = Chance(seed ^ 0xabcd);
        let original = if chance.below(2) == 0 { &closed } else { &killed };
        let folder = copy(original.path());
        let file = folder.path().join("outbox.db");
        let how = damage(&file, &mut chance);
        fs::write(folder.path().join("in-use"), "").expect("marked");
        let damaged = fs::read(&file).expect("read");
        let mut open = opened(folder.path()).await;
        if matches!(open, Err(Error::Damaged)) {
            open = opened(folder.path()).await;
        }
        let (store, report, dump) = match open {
            Ok(open) => open,
            // The head is gone, so that damage cannot be told from another key: said, not touched.
            Err(Error::WrongKey) => {
                refused += 1;
                assert_eq!(fs::read(&file).expect("read"), damaged, "seed {seed}, {how}");
                continue;
            }
            Err(error) => panic!("seed {seed}, {how}: {error:?}"),
        };
        let left = texts_of(&dump);
        let all: BTreeSet<String> = (1..=TEXTS).map(|n| format!("t-{n:03}")).collect();
        assert!(left.is_subset(&all), "seed {seed}, {how}: texts from nowhere");
        assert!(!report.cache_rebuilt, "seed {seed}, {how}: {report:?}");
        assert_eq!(dump.messages.len(), 200, "seed {seed}, {how}");
        if report.outbox_salvaged {
            salvaged += 1;
            lost += all.len() - left.len();
            assert!(report.set_aside.iter().all(|file| file.exists()), "seed {seed}, {how}");
        } else {
            unharmed += 1;
            assert_eq!(left, all, "seed {seed}, {how}: lost without a word: {report:?}");
            assert_eq!(dump.drafts.len() as i64, DRAFTS, "seed {seed}, {how}");
        }
        store.enqueue(text("nuevo")).await.expect("still takes texts");
        store.close().await;
    }
    println!(
        "outbox: {salvaged} salvaged ({lost} texts lost), {unharmed} unharmed, {refused} refused"
    );
    assert!(salvaged > 0);
}

//! Files of messages: kept up to a size, read in parts, lost without loss.

use crate::support::KEY;
use condorito_store::{Key, MediaFacts, MediaFile, MediaStore};
use tempfile::TempDir;

fn file(bytes: Vec<u8>) -> MediaFile {
    let facts = MediaFacts {
        gone: false,
        mime: "image/png".into(),
        extension: "png".into(),
        size: bytes.len() as u64,
        pixels: Some((4, 3)),
    };
    MediaFile { facts, bytes, thumbnail: Some(vec![1, 2, 3]) }
}

async fn open(folder: &TempDir, cap: u64) -> MediaStore {
    MediaStore::open(folder.path(), Key::new(KEY), cap).await.expect("opens")
}

#[tokio::test]
async fn a_file_is_read_again_in_any_part() {
    let folder = TempDir::new().unwrap();
    let bytes: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
    let media = open(&folder, 1 << 30).await;
    media.put("/uploads/a", file(bytes.clone())).await.unwrap();
    media.close().await;
    assert!(media.facts("/uploads/a").await.is_err(), "closed");

    let media = open(&folder, 1 << 30).await;
    for range in [0..700_000_u64, 0..1, 262_143..262_145, 262_144..524_288, 699_999..900_000, 5..5]
    {
        let (facts, part) = media.read("/uploads/a", range.clone()).await.unwrap().unwrap();
        assert_eq!((facts.size, facts.pixels), (700_000, Some((4, 3))));
        let end = (range.end as usize).min(bytes.len());
        assert!(part == bytes[range.start as usize..end], "{range:?}");
    }
    assert_eq!(media.thumbnail("/uploads/a").await.unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(media.read("/uploads/b", 0..9).await.unwrap(), None);
    let on_disk = std::fs::read(folder.path().join("media.db")).unwrap();
    assert!(!on_disk.windows(9).any(|part| part == b"/uploads/"), "in clear");
}

#[tokio::test]
async fn sizes_are_told_of_what_is_kept_and_has_one() {
    let folder = TempDir::new().unwrap();
    let media = open(&folder, 1 << 30).await;
    media.put("a", file(vec![7; 10])).await.unwrap();
    let mut sound = file(vec![7; 10]);
    sound.facts.pixels = None;
    media.put("b", sound).await.unwrap();
    media.put_gone("c").await.unwrap();
    let asked = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let known = media.pixels(asked).await.unwrap();
    assert_eq!(known, [("a".to_owned(), (4, 3))].into());
}

#[tokio::test]
async fn what_was_not_used_for_longest_makes_room() {
    let folder = TempDir::new().unwrap();
    let media = open(&folder, 3_100).await;
    for name in ["a", "b", "c"] {
        media.put(name, file(vec![7; 1000])).await.unwrap();
    }
    media.read("a", 0..1).await.unwrap();
    media.put("d", file(vec![7; 1000])).await.unwrap();
    for (name, kept) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        assert_eq!(media.facts(name).await.unwrap().is_some(), kept, "{name}");
    }
    media.put("huge", file(vec![7; 4000])).await.unwrap();
    assert!(media.facts("huge").await.unwrap().is_none(), "larger than all the room");
    assert!(media.facts("a").await.unwrap().is_some(), "and nothing went for it");
}

#[tokio::test]
async fn what_is_gone_is_remembered_and_clearing_forgets_all() {
    let folder = TempDir::new().unwrap();
    let media = open(&folder, 1 << 30).await;
    media.put_gone("x").await.unwrap();
    assert!(media.facts("x").await.unwrap().unwrap().gone);
    assert_eq!(media.read("x", 0..9).await.unwrap(), None);
    media.put("a", file(vec![7; 3 << 20])).await.unwrap();
    assert!(media.bytes_on_disk() > 3 << 20);
    media.clear().await.unwrap();
    assert!(media.bytes_on_disk() < 1 << 20, "the room comes back");
    assert_eq!(media.facts("x").await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_made_anew() {
    let folder = TempDir::new().unwrap();
    for turn in 0..2 {
        let media = open(&folder, 1 << 30).await;
        media.put("a", file(vec![7; 300_000])).await.unwrap();
        media.close().await;
        std::fs::write(folder.path().join("media.db"), vec![turn; 8192]).unwrap();
        let media = open(&folder, 1 << 30).await;
        assert_eq!(media.facts("a").await.unwrap(), None);
        media.put("a", file(vec![8; 10])).await.unwrap();
        assert_eq!(media.read("a", 0..2).await.unwrap().unwrap().1, [8, 8]);
        media.close().await;
        assert_eq!(std::fs::read(folder.path().join("media.damaged-1")).unwrap()[0], turn);
        assert!(!folder.path().join("media.damaged-2").exists(), "only the last one is kept");
    }
}

//! The documents say what is so: every test that ARCHITECTURE.md or docs/security.md
//! names exists.

#![cfg(test)]
#![allow(clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rust sources below a folder, without what is built or installed there.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !["target", "node_modules", "dist", "artifacts"].iter().any(|skip| name == *skip) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_named_in_the_architecture_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = ["ARCHITECTURE.md", "docs/security.md"]
        .map(|name| fs::read_to_string(root.join(name)).expect(name))
        .join("\n");
    // A test's name is the only thing between backticks there with three underscores or more.
    let named: BTreeSet<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 3 && !word.contains(' '))
        .collect();
    assert!(named.len() > 10, "too few tests named: {named:?}");
    let mut files = Vec::new();
    for folder in ["crates", "tests", "src-tauri", "xtask"] {
        sources(&root.join(folder), &mut files);
    }
    let all: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    let missing: Vec<&&str> =
        named.iter().filter(|name| !all.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "named in a document and nowhere else: {missing:?}");
}

//! What the app is made of: every crate has a licence that we know, and comes from the registry.

#![cfg(test)]
#![allow(clippy::expect_used)]

use std::process::Command;

use crate::project::{Project, cargo};

/// Licences under which the packages may be given away.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether one of the alternatives of an expression is allowed as a whole.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // Without brackets `A OR B AND C` is stricter here than it reads: no harm.
    flat.split(" AND ").all(|part| part.split(" OR ").any(|one| ALLOWED.contains(&one.trim())))
}

#[test]
fn every_dependency_has_a_licence_we_know_and_one_source() {
    let project = Project::find().expect("the project");
    // Only what this system's build has been given is at hand without a network.
    let version = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let output = Command::new(cargo())
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host])
        .current_dir(&project.root)
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo's JSON");
    let packages = metadata.get("packages").and_then(|all| all.as_array()).expect("packages");
    assert!(packages.len() > 100, "{}", packages.len());
    let mut faults = Vec::new();
    for package in packages {
        let text = |name: &str| package.get(name).and_then(|value| value.as_str());
        let name = text("name").unwrap_or_default();
        if !text("license").is_some_and(is_allowed) {
            faults.push(format!("{name}: licence {:?}", text("license")));
        }
        if text("source").is_some_and(|from| !from.starts_with("registry+")) {
            faults.push(format!("{name}: from {:?}", text("source")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn an_expression_is_allowed_by_its_alternatives() {
    for good in ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(is_allowed(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "Proprietary"] {
        assert!(!is_allowed(bad), "{bad}");
    }
}

//! What the app is made of: every crate has a licence that we know, and comes from the registry.

#![cfg(test)]
#![allow(clippy::expect_used)]

use std::collections::BTreeSet;
use std::process::Command;

use crate::project::{Project, cargo};

/// What `deny.toml` allows: licences, and the registries' addresses. The one list there is.
struct Allowed {
    licences: BTreeSet<String>,
    registries: BTreeSet<String>,
}

impl Allowed {
    fn read(project: &Project) -> Self {
        let text = std::fs::read_to_string(project.root.join("deny.toml")).expect("deny.toml");
        let all: toml::Table = text.parse().expect("TOML");
        let list = |section: &str, name: &str| -> BTreeSet<String> {
            let entries = all.get(section).and_then(|section| section.get(name));
            let entries = entries.and_then(toml::Value::as_array).expect("a list");
            entries.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
        };
        Self { licences: list("licenses", "allow"), registries: list("sources", "allow-registry") }
    }

    /// Whether one of the alternatives of an expression is allowed as a whole.
    fn licence(&self, expression: &str) -> bool {
        let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
        // Without brackets `A OR B AND C` is stricter here than it reads: no harm.
        flat.split(" AND ")
            .all(|part| part.split(" OR ").any(|one| self.licences.contains(one.trim())))
    }

    /// Whether a package may come from here; our own come from nowhere.
    fn source(&self, source: Option<&str>) -> bool {
        source.is_none_or(|from| {
            from.strip_prefix("registry+").is_some_and(|from| self.registries.contains(from))
        })
    }
}

#[test]
fn every_dependency_has_a_licence_we_know_and_one_source() {
    let project = Project::find().expect("the project");
    let allowed = Allowed::read(&project);
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
        if !text("license").is_some_and(|licence| allowed.licence(licence)) {
            faults.push(format!("{name}: licence {:?}", text("license")));
        }
        if !allowed.source(text("source")) {
            faults.push(format!("{name}: from {:?}", text("source")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn an_expression_is_allowed_by_its_alternatives() {
    let allowed = Allowed::read(&Project::find().expect("the project"));
    for good in ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(allowed.licence(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "Proprietary"] {
        assert!(!allowed.licence(bad), "{bad}");
    }
}

#[test]
fn a_source_is_the_one_registry_or_our_own() {
    let allowed = Allowed::read(&Project::find().expect("the project"));
    assert!(allowed.source(None));
    assert!(allowed.source(Some("registry+https://github.com/rust-lang/crates.io-index")));
    for bad in ["git+https://github.com/a/b#1", "registry+https://example.com/index", "path+file"] {
        assert!(!allowed.source(Some(bad)), "{bad}");
    }
}

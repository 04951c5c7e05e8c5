//! Questions whose answers lie outside: known faults of what the app is made of, its licences and
//! where it comes from.
//!
//! Each is asked where its tool is installed and its database can be reached. Where not, the run
//! goes on and ends by naming what was not looked up, and what to do about it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::needs;
use crate::project::{Project, cargo, npm};
use crate::run::Line;

/// Folders with a lock file of npm: the interface, and the double of the existing backend.
const NPM: [&str; 2] = ["ui", "tests/conformance-server"];

/// The questions, each whatever the others say.
#[derive(Debug, Default)]
struct Audit {
    found: Vec<String>,
    unasked: Vec<String>,
}

impl Audit {
    fn ask(&mut self, line: Line) {
        if let Err(error) = line.run() {
            self.found.push(format!("{error:#}"));
        }
    }

    fn not_asked(&mut self, what: &str, why: &str) {
        self.unasked.push(format!("{what}: {why}"));
    }
}

/// Runs `cargo deny`, `cargo audit` and `npm audit` where they can be had.
///
/// # Errors
/// When one of them found something. What could not be asked is printed, and no error.
pub fn run(project: &Project) -> Result<()> {
    let mut audit = Audit::default();
    crates(project, &mut audit);
    for folder in NPM {
        packages(&project.root.join(folder), folder, &mut audit)?;
    }
    for line in &audit.unasked {
        println!("NOT LOOKED UP  {line}");
    }
    if audit.found.is_empty() {
        println!("audits: nothing found, {} not looked up", audit.unasked.len());
        return Ok(());
    }
    bail!("the audits found something:\n  {}", audit.found.join("\n  "))
}

fn crates(project: &Project, audit: &mut Audit) {
    let line = |args: &[&str]| Line::new(&project.root, &cargo(), args);
    let has = |tool: &str| needs::quiet(&cargo(), &[tool, "--version"]).is_some();
    let deny = has("deny");
    if deny {
        audit.ask(line(&["deny", "check", "bans", "licenses", "sources"]));
    } else {
        let install = "cargo install cargo-deny --locked";
        audit.not_asked("bans, licences and sources of every system's crates", install);
    }
    // One database for both, a git repository. Fetching it by itself tells 'not reached' from
    // 'something found'.
    if deny {
        if line(&["deny", "fetch", "db"]).run().is_ok() {
            audit.ask(line(&["deny", "check", "--disable-fetch", "advisories"]));
        } else {
            audit.not_asked("advisories of crates", "their database could not be fetched");
            return;
        }
    }
    if has("audit") {
        audit.ask(line(&["audit"]));
    } else {
        audit.not_asked("crates with `cargo audit`", "cargo install cargo-audit --locked");
    }
}

/// Known faults of high severity in what npm installs, tools for building included: what builds
/// the app can change it.
fn packages(folder: &Path, name: &str, audit: &mut Audit) -> Result<()> {
    let args = ["audit", "--audit-level=high"];
    let output = Command::new(npm())
        .args(args)
        .arg("--json")
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("npm audit")?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match refusal(&answer) {
        None => audit.ask(Line::new(folder, npm(), &args)),
        Some(why) => audit.not_asked(&format!("advisories of npm's packages in {name}"), &why),
    }
    Ok(())
}

/// Why an answer of `npm audit --json` is no report; `None` when it is one.
fn refusal(answer: &serde_json::Value) -> Option<String> {
    if answer.get("auditReportVersion").is_some() {
        return None;
    }
    let words = answer.get("message").or_else(|| answer.pointer("/error/summary"));
    let words = words.and_then(|words| words.as_str()).filter(|words| !words.is_empty());
    Some(words.unwrap_or("the registry did not answer").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_told_from_a_refusal() {
        let report = json!({"auditReportVersion": 2, "vulnerabilities": {"a": {}}});
        assert_eq!(refusal(&report), None);
        let refused = json!({"message": "405 Method Not Allowed", "error": {"summary": "no"}});
        assert_eq!(refusal(&refused).as_deref(), Some("405 Method Not Allowed"));
        let offline = json!({"error": {"code": "ENOTFOUND", "summary": "no such host"}});
        assert_eq!(refusal(&offline).as_deref(), Some("no such host"));
        assert!(refusal(&json!(null)).is_some_and(|why| why.contains("did not answer")));
    }

    #[test]
    fn what_was_found_is_an_error_and_what_was_not_asked_is_none() {
        let mut audit = Audit::default();
        let here = Path::new(".");
        audit.ask(Line::new(here, &cargo(), &["--version"]));
        audit.not_asked("this", "that");
        assert!(audit.found.is_empty() && audit.unasked == ["this: that"]);
        audit.ask(Line::new(here, &cargo(), &["no-such-command"]));
        assert_eq!(audit.found.len(), 1);
    }
}

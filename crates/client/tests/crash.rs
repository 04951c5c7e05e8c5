//! A panic tells where, never what.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, missing_docs)]

use std::process::Command;

/// Set for a child: whether it takes care.
const CAREFUL: &str = "CRASH_CAREFUL";

const TEXT: &str = "ñandú canariopanico";

/// The other process: breaks as code would that cuts a text in the middle of a letter.
#[test]
fn child() {
    let Ok(careful) = std::env::var(CAREFUL) else { return };
    if careful == "yes" {
        condorito_client::leave_no_traces();
    }
    let broken = std::thread::spawn(|| TEXT.get(..).unwrap()[..1].len()).join();
    assert!(broken.is_err());
    println!("went on");
}

fn run(careful: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CAREFUL, careful)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success() && said.contains("went on"), "{said}");
    said
}

#[test]
fn a_panic_quotes_no_text() {
    // What happens by itself, so that this test would notice if it no longer did.
    assert!(run("no").contains("canariopanico"));
    let said = run("yes");
    assert!(said.contains("crash.rs"), "{said}");
    assert!(!said.contains("canariopanico"), "{said}");
}

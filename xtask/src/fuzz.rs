//! The long form of the decoders' trials: libFuzzer over `tests/fuzz/targets`.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::project::{Project, cargo};
use crate::run::Line;

/// As in `tests/fuzz`.
const TARGETS: [&str; 5] = ["event", "body", "headers", "link", "settings"];

/// The version that was tried.
const CARGO_FUZZ: &str = "0.13.2";

/// What a run may not exceed: an input takes seconds or this memory only where work is not linear.
const LIMITS: [&str; 3] = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=65536"];

/// Runs each target, or one, for so many seconds, beginning with the kept inputs. New inputs are
/// gathered below the target folder; what breaks a promise lies there too, in `artifacts`.
///
/// # Errors
/// When something does not build, or a promise is broken.
pub fn run(seconds: u32, only: Option<&str>) -> Result<()> {
    let project = Project::find()?;
    ensure!(only.is_none_or(|name| TARGETS.contains(&name)), "the targets are {TARGETS:?}");
    let tools = project.tools();
    let program = tools.join("bin").join(format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let root = tools.to_string_lossy();
        let install =
            ["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ, "--root", &root];
        Line::new(&project.root, &cargo(), &install).run()?;
    }
    let folder = project.root.join("tests/fuzz/targets");
    let work = project.target.join("fuzz");
    for name in TARGETS.into_iter().filter(|name| only.is_none_or(|only| only == *name)) {
        fuzz(&folder, &program, &work, name, seconds)?;
    }
    Ok(())
}

fn fuzz(folder: &Path, program: &Path, work: &Path, name: &str, seconds: u32) -> Result<()> {
    let found = work.join("corpus").join(name);
    let artifacts = work.join("artifacts").join(name);
    for folder in [&found, &artifacts] {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let kept = folder.join("../corpus").join(name);
    let (found, kept) = (found.to_string_lossy(), kept.to_string_lossy());
    let build = work.join("build");
    let build = build.to_string_lossy();
    let time = format!("-max_total_time={seconds}");
    // The prefix is a folder only with the separator at its end.
    let prefix = format!("-artifact_prefix={}/", artifacts.display());
    // No sanitizer: nothing here is unsafe, and what is looked for panics by itself.
    let mut args = vec!["fuzz", "run", "--fuzz-dir", ".", "--sanitizer", "none"];
    args.extend(["--target-dir", &build, name, &found, &kept, "--", &time, &prefix]);
    args.extend(LIMITS);
    // Coverage is a matter of unstable flags, which the stable compiler takes with this.
    Line::new(folder, &program.to_string_lossy(), &args).env("RUSTC_BOOTSTRAP", "1").run()
}

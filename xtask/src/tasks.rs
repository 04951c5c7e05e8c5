//! The tasks other than `test`, and what they share with it.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::audits;
use crate::doctor;
use crate::needs::For;
use crate::project::{Project, cargo, npm};
use crate::run::Line;
use crate::steps::{self, StepName};

/// Runs the steps of the test command.
///
/// # Errors
/// The first step that fails.
pub fn test(only: &[StepName]) -> Result<()> {
    steps::run(&Project::find()?, only)
}

/// Builds the app and opens it on the embedded backend with live traffic.
///
/// # Errors
/// When something is missing, does not build, or there is no display.
pub fn demo() -> Result<()> {
    let project = Project::find()?;
    if cfg!(target_os = "linux")
        && std::env::var_os("DISPLAY").is_none()
        && std::env::var_os("WAYLAND_DISPLAY").is_none()
    {
        bail!("there is no display to open the window on; `cargo xtask demo --check` needs none");
    }
    doctor::set_up(&project, For::Building)?;
    build_ui(&project)?;
    Line::new(&project.root, &cargo(), &["build", "--package", "condorito-desktop"]).run()?;
    // A folder of its own: the demo must not meet, or be met by, a real account. Its secrets are
    // worth nothing, so they need no keyring.
    let data = project.target.join("demo");
    let args =
        ["--backend", "demo", "--secret-store", "file", "--data-dir", &data.to_string_lossy()];
    let program = project.program("condorito-desktop");
    Line::new(&project.root, &program.to_string_lossy(), &args).run()
}

/// Shows that the demo works, without a display.
///
/// # Errors
/// When something is missing, does not build, or no live message is seen.
pub fn demo_check() -> Result<()> {
    let project = Project::find()?;
    doctor::set_up(&project, For::Testing)?;
    build_ui(&project)?;
    steps::build(&project)?;
    steps::demo_check(&project)?;
    println!("The demo's window has shown a message that arrived live.");
    Ok(())
}

/// Takes pictures of every screen, in each theme, language and size.
///
/// # Errors
/// When something is missing, does not build, or a screen is not reached.
pub fn screenshots() -> Result<()> {
    let project = Project::find()?;
    doctor::set_up(&project, For::Testing)?;
    build_ui(&project)?;
    steps::build(&project)?;
    let program = project.program("screenshots");
    Line::new(&project.root, &program.to_string_lossy(), &[]).run()
}

fn build_ui(project: &Project) -> Result<()> {
    Line::new(&project.root.join("ui"), npm(), &["run", "--silent", "build"]).run()
}

/// Runs the benchmarks in release builds. A figure that misses its target is marked and is no
/// error: it may be the machine's fault.
///
/// # Errors
/// When one does not build or does not run.
pub fn bench() -> Result<()> {
    let project = Project::find()?;
    doctor::set_up(&project, For::Building)?;
    let (packages, programs) = (
        ["--package", "condorito-tests", "--package", "condorito-headless"],
        ["--bin", "bench", "--bin", "condorito-headless"],
    );
    let build: &[&str] = &["build", "--release"];
    Line::new(&project.root, &cargo(), &[build, &packages, &programs].concat()).run()?;
    // Not by `cargo run`, which would build the packages again with the features of one alone.
    let program =
        project.target.join("release").join(format!("bench{}", std::env::consts::EXE_SUFFIX));
    Line::new(&project.root, &program.to_string_lossy(), &[]).run()?;
    for package in packages_with_benches(&project.root)? {
        let args = ["bench", "--package", &package, "--benches"];
        Line::new(&project.root, &cargo(), &args).run()?;
    }
    Ok(())
}

/// Kills and cuts the client and its server; against every server unless the arguments name one.
///
/// # Errors
/// When it does not build, or something was lost, doubled or leaked.
pub fn chaos(args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg.starts_with("--server")) {
        return measure("chaos", &[args]);
    }
    let of = |server: &str| [&["--server".to_owned(), server.to_owned()], args].concat();
    measure("chaos", &[&of("embedded"), &of("existing"), &of("npm")])
}

/// Feeds the client with events: the arguments' run, or the half hour and the minute under load.
///
/// # Errors
/// When it does not build, or something was lost, doubled or grew.
pub fn soak(args: &[String]) -> Result<()> {
    if args.is_empty() {
        measure("soak", &[&[], &["load".to_owned()]])
    } else {
        measure("soak", &[args])
    }
}

/// Builds a program of the tests with what it starts, and runs it with each list of arguments.
fn measure(name: &str, runs: &[&[String]]) -> Result<()> {
    let project = Project::find()?;
    doctor::set_up(&project, For::Testing)?;
    let packages = ["condorito-tests", "condorito-headless", "condorito-backend"];
    let mut build = vec!["build", "--release"];
    build.extend(packages.iter().flat_map(|package| ["--package", package]));
    build.extend(["--bin", name, "--bin", "condorito-headless", "--bin", "condorito-backend"]);
    Line::new(&project.root, &cargo(), &build).run()?;
    let program =
        project.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    for args in runs {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Line::new(&project.root, &program.to_string_lossy(), &args).run()?;
    }
    Ok(())
}

/// Packages under `crates/` that have a `benches` folder.
fn packages_with_benches(root: &Path) -> Result<Vec<String>> {
    let mut packages = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let entry = entry?;
        if entry.path().join("benches").is_dir() {
            packages.push(format!("condorito-{}", entry.file_name().to_string_lossy()));
        }
    }
    packages.sort();
    Ok(packages)
}

/// Checks style and types.
///
/// # Errors
/// The first check that fails.
pub fn lint(full: bool) -> Result<()> {
    let project = Project::find()?;
    steps::run(&project, &[StepName::Fmt, StepName::UiCheck, StepName::UiLint, StepName::Clippy])?;
    if full {
        audits::run(&project)?;
        let docs = ["doc", "--workspace", "--no-deps", "--document-private-items"];
        Line::new(&project.root, &cargo(), &docs).env("RUSTDOCFLAGS", "-D warnings").run()?;
        Line::new(&project.root, &cargo(), &["build", "--workspace", "--release"]).run()?;
    }
    Ok(())
}

/// Asks what is known of everything the app is made of.
///
/// # Errors
/// When something is known; what could not be asked is printed.
pub fn audit() -> Result<()> {
    audits::run(&Project::find()?)
}

/// Writes the TypeScript types from the Rust types.
///
/// # Errors
/// When they cannot be written.
pub fn bindings() -> Result<()> {
    let project = Project::find()?;
    doctor::set_up(&project, For::Building)?;
    let args = ["test", "--package", "condorito-client", "--test", "bindings"];
    Line::new(&project.root, &cargo(), &args).env("CONDORITO_BINDINGS", "write").run()
}

/// Runs a recording of a real client through the decisions of this version.
///
/// # Errors
/// When it does not lead to the same effects.
pub fn replay(file: &Path) -> Result<()> {
    let project = Project::find()?;
    doctor::set_up(&project, For::Building)?;
    let file = std::path::absolute(file).context("the recording")?;
    let file = file.to_string_lossy();
    let args = ["run", "--package", "condorito-headless", "--", "replay", &file];
    Line::new(&project.root, &cargo(), &args).run()
}

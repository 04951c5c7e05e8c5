//! The steps of `cargo xtask test`: what each does, what must be built for it, how long it took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::counts::Counts;
use crate::doctor;
use crate::needs::For;
use crate::project::{Project, cargo, npm};
use crate::run::Line;

/// Features with which the workspace is built for tests. The same for every step, so that nothing
/// is compiled twice.
const FEATURES: &[&str] = &["--features", "condorito-sync/sim"];

/// Adds the end-to-end tests, which need the built app and so are no part of the other tests.
const WITH_E2E: &[&str] = &["--features", "condorito-sync/sim,condorito-tests/e2e"];

/// Seeds the simulation runs: with these, every fault it knows is met hundreds of times.
const SEEDS: &str = "2000";

/// Cycles of the short form: about half a minute for both servers.
const CHAOS_CYCLES: &str = "8";

/// Its seed: the same faults each time, so that a failure says something of the change. The long
/// form draws a new one.
const CHAOS_SEED: &str = "5";

/// A step, by the name it is asked for with `--only`. In the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StepName {
    /// Install what is missing.
    SetUp,
    /// Formatting of the Rust code.
    Fmt,
    /// Types of the UI.
    UiCheck,
    /// Style of the UI.
    UiLint,
    /// Tests of the UI.
    UiTest,
    /// The UI as the app embeds it.
    UiBuild,
    /// Lints of the Rust code.
    Clippy,
    /// Every program and test, in the dev profile.
    Build,
    /// The TypeScript types match the Rust types.
    Bindings,
    /// The double of the existing backend, against its own tests.
    Conformance,
    /// Unit, property, contract, flow and chaos tests.
    Rust,
    /// The decisions of the client in a simulated world.
    Simulation,
    /// The client and two servers, killed and cut a few times.
    Chaos,
    /// The built app on a hidden desktop.
    E2e,
    /// The demo, until a live message is seen in it.
    Demo,
}

impl StepName {
    /// The name as typed on the command line.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Steps that must have run before this one makes sense.
    fn prepared_by(self) -> &'static [Self] {
        match self {
            Self::SetUp | Self::Fmt => &[],
            Self::UiCheck | Self::UiLint | Self::UiTest | Self::UiBuild | Self::Conformance => {
                &[Self::SetUp]
            }
            Self::Clippy | Self::Build => &[Self::SetUp, Self::UiBuild],
            Self::Bindings
            | Self::Rust
            | Self::Simulation
            | Self::Chaos
            | Self::E2e
            | Self::Demo => &[Self::SetUp, Self::UiBuild, Self::Build],
        }
    }

    fn run(self, project: &Project, counts: &mut Counts) -> Result<()> {
        let ui = project.root.join("ui");
        let npm_run = |script| Line::new(&ui, npm(), &["run", "--silent", script]);
        match self {
            Self::SetUp => doctor::set_up(project, For::Testing),
            Self::Fmt => cargo_line(project, &["fmt", "--all", "--check"]).run(),
            Self::UiCheck => npm_run("check").run(),
            Self::UiLint => npm_run("lint").run(),
            Self::UiTest => npm_run("test").run_counting(counts),
            Self::UiBuild => npm_run("build").run(),
            Self::Clippy => clippy(project),
            Self::Build => build(project),
            Self::Bindings => {
                cargo_test(project, &["--test", "bindings"], &[]).run_counting(counts)
            }
            Self::Conformance => {
                let folder = project.root.join("tests/conformance-server");
                Line::new(&folder, npm(), &["test", "--silent"]).run_counting(counts)
            }
            Self::Rust => cargo_test(project, FEATURES, &[]).run_counting(counts),
            Self::Simulation => {
                let program = project.program("simulate");
                Line::new(&project.root, &program.to_string_lossy(), &["--seeds", SEEDS]).run()
            }
            Self::Chaos => chaos(project),
            Self::E2e => e2e(project, counts),
            Self::Demo => demo_check(project),
        }
    }
}

/// Runs `wanted`, or every step when it is empty; prints the times and the sum of the tests.
///
/// # Errors
/// The first step that fails, with the command that runs it again.
pub fn run(project: &Project, wanted: &[StepName]) -> Result<()> {
    let all = StepName::value_variants();
    let steps: Vec<StepName> = all
        .iter()
        .filter(|step| {
            wanted.is_empty()
                || wanted.contains(step)
                || wanted.iter().any(|one| one.prepared_by().contains(step))
        })
        .copied()
        .collect();

    let mut counts = Counts::default();
    let mut times = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n=== {} ===", step.name());
        let start = Instant::now();
        let outcome = step.run(project, &mut counts);
        times.push((step, start.elapsed(), outcome.is_ok()));
        if let Err(error) = outcome {
            failure = Some((step, error));
            break;
        }
    }
    print_times(&times);
    if failure.is_some() && counts.failed == 0 {
        // A step that fails without a test of its own must not read as a success.
        counts.failed = 1;
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    match failure {
        None => Ok(()),
        Some((step, error)) => Err(error).with_context(|| {
            let name = step.name();
            format!("step `{name}` failed; run it again with: cargo xtask test --only {name}")
        }),
    }
}

fn print_times(times: &[(StepName, Duration, bool)]) {
    println!("\n{:<14}{:>10}", "step", "seconds");
    for (step, time, passed) in times {
        let mark = if *passed { "" } else { "  FAILED" };
        println!("{:<14}{:>10.1}{mark}", step.name(), time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time, _)| *time).sum();
    println!("{:<14}{:>10.1}\n", "total", total.as_secs_f64());
}

fn cargo_line(project: &Project, args: &[&str]) -> Line {
    Line::new(&project.root, &cargo(), args)
}

/// `cargo test` over the whole workspace, with `more` arguments.
fn cargo_test(project: &Project, features: &[&str], more: &[&str]) -> Line {
    cargo_line(project, &[&["test", "--workspace"], features, more].concat())
}

/// A few cycles against each kind of server, in the dev profile; `cargo xtask chaos` runs the long
/// form.
fn chaos(project: &Project) -> Result<()> {
    let program = project.program("chaos");
    for server in ["embedded", "npm"] {
        let args = ["--server", server, "--seed", CHAOS_SEED, "--cycles", CHAOS_CYCLES, "--short"];
        Line::new(&project.root, &program.to_string_lossy(), &args).run()?;
    }
    Ok(())
}

/// Lints everything, warnings denied.
///
/// # Errors
/// When there is a warning.
pub fn clippy(project: &Project) -> Result<()> {
    let (lint, strict) = (["clippy", "--workspace", "--all-targets"], ["--", "-D", "warnings"]);
    cargo_line(project, &[&lint, WITH_E2E, &strict].concat()).run()
}

/// Builds every program and every test in the dev profile, with the embedded UI.
///
/// # Errors
/// When it does not compile.
pub fn build(project: &Project) -> Result<()> {
    let build = ["build", "--workspace", "--all-targets"];
    cargo_line(project, &[&build, FEATURES].concat()).run()
}

fn e2e(project: &Project, counts: &mut Counts) -> Result<()> {
    can_drive_the_app()?;
    // One at a time: each has a desktop and a web view of its own.
    let one_by_one = ["--test", "e2e", "--", "--test-threads=1"];
    cargo_test(project, WITH_E2E, &one_by_one).run_counting(counts)
}

/// Runs the demo on a hidden desktop until a live message is seen in its window.
///
/// # Errors
/// When none is seen in time.
pub fn demo_check(project: &Project) -> Result<()> {
    can_drive_the_app()?;
    let program = project.program("demo-check");
    Line::new(&project.root, &program.to_string_lossy(), &[]).run()
}

fn can_drive_the_app() -> Result<()> {
    if cfg!(target_os = "linux") {
        return Ok(());
    }
    bail!("the app is driven on Linux only, where display, bus and keyring can be its own")
}

//! Runs many seeds of the simulated world and prints what was reached.
//!
//! `simulate --seeds 2000` runs seeds 0 to 1999 and the planted bugs; `simulate --seed 17` runs one.

use clap::Parser;
use condorito_sync::sim::{
    Coverage, EXPECTED, Plant, RARE_WAYS, WAYS, World, find_planted, run, run_busy,
};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Parser)]
struct Options {
    /// How many seeds, from `--from` on.
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this one.
    #[arg(long)]
    seed: Option<u64>,
    /// With `--seed`: tell every input and effect on standard error.
    #[arg(long)]
    trace: bool,
    /// The busy world in place of the usual one.
    #[arg(long)]
    busy: bool,
    /// Seeds at once; as many as there are cores if not given.
    #[arg(long)]
    jobs: Option<usize>,
    /// Put this bug in.
    #[arg(long)]
    plant: Option<Plant>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let plant = options.plant;
    if let Some(seed) = options.seed {
        let world = if options.busy { World::busy(seed) } else { World::new(seed, plant) };
        let world = if options.trace { world.traced() } else { world };
        return match world.run() {
            Ok(_) => {
                println!("seed {seed}: holds");
                ExitCode::SUCCESS
            }
            Err(what) => {
                println!("seed {seed}: {what}");
                ExitCode::FAILURE
            }
        };
    }
    let jobs = options
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from))
        .max(1);
    let one = |seed| if options.busy { run_busy(seed) } else { run(seed, plant) };
    let (coverage, failures) = many(jobs, options.from, options.seeds, &one);
    for name in EXPECTED.iter().chain(WAYS).chain(RARE_WAYS) {
        println!("{:>10}  {name}", coverage.0.get(name).copied().unwrap_or_default());
    }
    for (seed, what) in &failures {
        println!("seed {seed}: {what}");
    }
    let mut missing = if options.busy { Vec::new() } else { coverage.missing() };
    if !options.busy && options.seeds >= 2000 {
        missing.extend(coverage.missing_rare());
    }
    for name in &missing {
        println!("never reached: {name}");
    }
    println!("{} seeds, {} failed", options.seeds, failures.len());
    let mut good = failures.is_empty() && missing.is_empty();
    if plant.is_none() && !options.busy && options.seeds >= 2000 {
        let count = options.seeds / 20;
        let (_, failures) = many(jobs, options.from, count, &run_busy);
        for (seed, what) in &failures {
            println!("busy seed {seed}: {what}");
        }
        println!("{count} busy seeds, {} failed", failures.len());
        good &= failures.is_empty();
        for plant in Plant::ALL {
            match find_planted(plant, 0..1000) {
                Some((seed, what)) => {
                    println!("planted {plant:?}: found after {} seeds: {what}", seed + 1);
                }
                None => {
                    println!("planted {plant:?}: not found within 1000 seeds");
                    good = false;
                }
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(
    jobs: usize,
    from: u64,
    count: u64,
    one: &(impl Fn(u64) -> Result<Coverage, String> + Sync),
) -> (Coverage, Vec<(u64, String)>) {
    let next = AtomicU64::new(from);
    let result = Mutex::new((Coverage::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        break;
                    }
                    let outcome = one(seed);
                    if let Ok(mut all) = result.lock() {
                        match outcome {
                            Ok(coverage) => all.0.add(&coverage),
                            Err(what) => all.1.push((seed, what)),
                        }
                    }
                }
            });
        }
    });
    let (coverage, mut failures) = result.into_inner().unwrap_or_default();
    failures.sort();
    (coverage, failures)
}

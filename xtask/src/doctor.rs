//! Looking at what is missing, and installing it where that can be done.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::needs::{self, For, Need};
use crate::project::{Project, cargo, npm};
use crate::run::Line;

/// Version of the program that stands between WebDriver and the app.
const TAURI_DRIVER: &str = "2.1.0";

/// Says what is there and what is not; installs the rest if asked to.
///
/// # Errors
/// When something is missing at the end.
pub fn run(install: bool) -> Result<()> {
    let project = Project::find()?;
    for need in needs::all(For::Testing) {
        let found = need.is_met();
        println!("{} {}", if found { "ok     " } else { "MISSING" }, need.name);
        if !found {
            say_how(&need);
        }
    }
    let driver = has_tauri_driver(&project);
    let mark = if driver { "ok     " } else { "MISSING" };
    println!("{mark} tauri-driver {TAURI_DRIVER}");
    if install {
        return set_up(&project, For::Testing);
    }
    if !driver {
        println!("          cargo xtask doctor --install");
    }
    if !driver || needs::all(For::Testing).iter().any(|need| !need.is_met()) {
        bail!("something is missing; `cargo xtask doctor --install` installs what it can");
    }
    Ok(())
}

/// Makes sure that everything is there for tasks of this kind, and installs what can be installed,
/// having said so. Does nothing, and asks for no rights, when nothing is missing.
///
/// # Errors
/// When something cannot be installed; names the command that gets it.
pub fn set_up(project: &Project, for_: For) -> Result<()> {
    let missing = missing(for_);
    let packages: Vec<&str> = missing
        .iter()
        .filter_map(|need| need.sources.apt)
        .flat_map(str::split_whitespace)
        .collect();
    if !packages.is_empty() && cfg!(target_os = "linux") && has_apt() {
        apt_install(&project.root, &packages)?;
    }
    let missing = self::missing(for_);
    if !missing.is_empty() {
        println!("Missing:");
        for need in &missing {
            println!("- {}", need.name);
            say_how(need);
        }
        let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
        bail!("please install first: {}", names.join(", "));
    }
    npm_ci(&project.root.join("ui"))?;
    if for_ == For::Testing {
        npm_ci(&project.root.join("tests/conformance-server"))?;
        install_tauri_driver(project)?;
    }
    Ok(())
}

fn missing(for_: For) -> Vec<Need> {
    let mut needs = needs::all(for_);
    needs.retain(|need| !need.is_met());
    needs
}

fn say_how(need: &Need) {
    for command in need.commands() {
        println!("          {command}");
    }
}

fn has_apt() -> bool {
    needs::quiet("apt-get", &["--version"]).is_some()
}

fn apt_install(root: &Path, packages: &[&str]) -> Result<()> {
    println!("Installing system packages with apt: {}", packages.join(" "));
    let superuser = needs::quiet("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    let apt = |args: &[&str]| {
        if superuser {
            Line::new(root, "apt-get", args).env("DEBIAN_FRONTEND", "noninteractive")
        } else {
            let mut all = vec!["DEBIAN_FRONTEND=noninteractive", "apt-get"];
            all.extend(args);
            Line::new(root, "sudo", &all)
        }
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt(&["update"])
        .run()
        .and_then(|()| apt(&install).run())
        .with_context(|| format!("as root, run: apt-get install {}", packages.join(" ")))
}

/// Installs the packages of a package.json when its lock file is newer than what is installed: npm
/// leaves a copy of the lock there.
fn npm_ci(folder: &Path) -> Result<()> {
    let modified =
        |path: &str| std::fs::metadata(folder.join(path)).and_then(|data| data.modified());
    let locked = modified("package-lock.json")
        .with_context(|| format!("{}/package-lock.json", folder.display()))?;
    if modified("node_modules/.package-lock.json").is_ok_and(|installed| installed >= locked) {
        return Ok(());
    }
    println!("Installing the npm packages of {} into its node_modules", folder.display());
    Line::new(folder, npm(), &["ci", "--no-audit", "--no-fund"]).run()
}

fn tauri_driver(project: &Project) -> std::path::PathBuf {
    let file = format!("tauri-driver{}", std::env::consts::EXE_SUFFIX);
    project.tools().join("bin").join(file)
}

/// Whether the right version is installed; cargo keeps the list.
fn has_tauri_driver(project: &Project) -> bool {
    let wanted = format!("\"tauri-driver {TAURI_DRIVER} ");
    tauri_driver(project).is_file()
        && std::fs::read_to_string(project.tools().join(".crates.toml"))
            .is_ok_and(|list| list.contains(&wanted))
}

fn install_tauri_driver(project: &Project) -> Result<()> {
    if has_tauri_driver(project) {
        return Ok(());
    }
    let tools = project.tools();
    println!("Installing tauri-driver {TAURI_DRIVER} into {}", tools.display());
    let (root, build) = (tools.to_string_lossy(), tools.join("build"));
    let build = build.to_string_lossy();
    let args = [
        "install",
        "tauri-driver",
        "--locked",
        "--debug",
        "--version",
        TAURI_DRIVER,
        "--root",
        &root,
        "--target-dir",
        &build,
    ];
    Line::new(&project.root, &cargo(), &args).run()
}

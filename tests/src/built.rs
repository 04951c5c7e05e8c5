//! Where the built programs and the project's folders are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The project's root folder.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// A program of the workspace, in the folder this test was itself built into.
///
/// # Errors
/// When it is not built; says how to build it.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("the path of the running test")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built: run `cargo build -p {name}` first"))
}

/// A tool that `cargo xtask` installs into the target folder.
///
/// # Errors
/// When it is not there; says how to get it.
pub fn tool(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("the path of the running test")?;
    let file = format!("tools/bin/{name}{}", std::env::consts::EXE_SUFFIX);
    let found = test.ancestors().map(|folder| folder.join(&file)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not installed: run `cargo xtask doctor --install`"))
}

/// A fresh folder under `tests/artifacts/` for what a test leaves to look at.
///
/// # Errors
/// When it cannot be made.
pub fn artifacts(test: &str) -> Result<PathBuf> {
    ensure!(!test.contains(['/', '\\', '.']), "not a folder name: {test}");
    let folder = root().join("tests/artifacts").join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

//! A wall clock that lies to one program and can be set while it runs: libfaketime. The monotonic
//! clock is left alone, as it is when a person or the network sets the time.

use super::Launch;
use std::path::{Path, PathBuf};

/// The library for programs with threads, where the distributions put it.
fn library() -> PathBuf {
    const NAME: &str = "faketime/libfaketimeMT.so.1";
    let architecture = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [&architecture, "/usr/lib64", "/usr/lib"]
        .map(|folder| Path::new(folder).join(NAME))
        .into_iter()
        .find(|path| path.exists())
        .expect("libfaketime is missing: cargo xtask doctor names the package")
}

/// How far the program's clock is off.
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// A clock that is right, and a program that will look at it.
    pub fn of(launch: Launch) -> (Self, Launch) {
        let clock = Self { file: launch.root().join("clock") };
        clock.set(0);
        let launch = launch
            .with("LD_PRELOAD", library())
            .with("FAKETIME_TIMESTAMP_FILE", &clock.file)
            .with("FAKETIME_NO_CACHE", "1")
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        (clock, launch)
    }

    /// Sets it so many seconds ahead of the time; behind, when negative.
    pub fn set(&self, seconds: i64) {
        // Replaced as a whole: it may be looked at at any time.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }
}

//! Programs that a test starts and that must not outlive it.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// A running program with everything it starts; all of it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
}

impl Running {
    /// Starts `command`. Its standard error goes to `log` unless the caller has set it.
    ///
    /// # Errors
    /// When the program is missing or cannot be started.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("the log of {name}: {}", log.display()))?;
        command.stderr(log);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn().with_context(|| {
            format!("{name} could not be started; `cargo xtask doctor` says what is missing")
        })?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// The process, to reach its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, if it has ended.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("the state of {}", self.name))
    }

    /// Kills it and everything it started, at once and without a word.
    pub fn kill(&mut self) {
        #[cfg(unix)]
        {
            // The whole group: the driver's browser and the browser's helpers are in it.
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill")
                .args(["-KILL", "--", &group])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

//! Running other programs, with their output in view.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;

/// One program to run.
#[derive(Debug)]
pub struct Line {
    command: Command,
    text: String,
}

impl Line {
    /// `program` with `args`, to run in `folder`.
    pub fn new(folder: &Path, program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).current_dir(folder);
        let name = Path::new(program)
            .file_stem()
            .map_or_else(|| program.into(), |stem| stem.to_string_lossy());
        let mut text = name.into_owned();
        for arg in args {
            text.push(' ');
            text.push_str(arg);
        }
        Self { command, text }
    }

    /// Sets an environment variable for it.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with its output on the terminal.
    ///
    /// # Errors
    /// When it cannot be started or fails.
    pub fn run(mut self) -> Result<()> {
        println!("$ {}", self.text);
        let status =
            self.command.status().with_context(|| format!("{} could not be started", self.text))?;
        if status.success() {
            return Ok(());
        }
        bail!("`{}` ended with {status}", self.text)
    }

    /// Runs it with its output on the terminal, and adds up the tests it reports.
    ///
    /// # Errors
    /// When it cannot be started or fails; `counts` has what it reported until then.
    pub fn run_counting(mut self, counts: &mut Counts) -> Result<()> {
        println!("$ {}", self.text);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started", self.text))?;
        let output = child.stdout.take().context("its output")?;
        let mut screen = std::io::stdout();
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            screen.write_all(&line)?;
            counts.read(&String::from_utf8_lossy(&line));
            line.clear();
        }
        screen.flush()?;
        let status = child.wait()?;
        if status.success() {
            return Ok(());
        }
        bail!("`{}` ended with {status}", self.text)
    }
}

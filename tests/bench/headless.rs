//! The client without a window, as a process.

use anyhow::{Context, Result, bail, ensure};
use condorito_tests::built;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// One that runs; killed when dropped.
pub struct Headless {
    child: Child,
    answers: BufReader<ChildStdout>,
    began: Instant,
}

impl Headless {
    /// Starts it on a data folder; `backend` is where it may sign in.
    pub fn start(data: &Path, backend: Option<&str>) -> Result<Self> {
        let mut command = Command::new(built::program("condorito-headless")?);
        command.args(["--secret-store", "file", "--data-dir"]);
        command.arg(data);
        if let Some(backend) = backend {
            command.args(["--backend", backend]);
        }
        command.env("CONDORITO_LOG", "error").stdin(Stdio::piped()).stdout(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().context("condorito-headless")?;
        let answers = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self { child, answers, began })
    }

    /// Gives a command and waits for the answer.
    pub fn ask(&mut self, command: &str, args: &Value) -> Result<Value> {
        let question = json!({ "id": 1, "command": command, "args": args });
        let mut input = self.child.stdin.as_ref().context("its input")?;
        writeln!(input, "{question}")?;
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(
                self.answers.read_line(&mut line)? > 0,
                "it ended before it answered {command}"
            );
            let mut answer: Value = serde_json::from_str(&line)?;
            if answer.get("id").and_then(Value::as_i64) == Some(1) {
                match answer.get_mut("ok") {
                    Some(ok) => return Ok(ok.take()),
                    None => bail!("{command}: {answer}"),
                }
            }
        }
    }

    /// Since it was started.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Ends it as its host does, by the end of input.
    pub fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        // It must not block on what nobody reads.
        std::io::copy(&mut self.answers, &mut std::io::sink())?;
        let status = self.child.wait()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Headless {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process alone: how long it takes to start and to say its version.
pub fn version() -> Result<Duration> {
    let mut command = Command::new(built::program("condorito-headless")?);
    command.arg("--version").stdout(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let time = began.elapsed();
    ensure!(status.success(), "it ended with {status}");
    Ok(time)
}

//! The embedded backend as a process of its own, under orders.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::built;
use crate::process::Running;

/// A backend that can be killed and come back at the same address.
pub struct Backend {
    running: Option<Running>,
    folder: PathBuf,
    port: u16,
    options: Vec<String>,
    http: reqwest::Client,
}

impl Backend {
    /// Starts a backend that keeps its rows and its log in `folder`.
    ///
    /// # Errors
    /// When it is not built or does not come up.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_with(folder, &[])
    }

    /// The same with more options on its command line, at every start.
    ///
    /// # Errors
    /// When it is not built or does not come up.
    pub fn start_with(folder: &Path, options: &[&str]) -> Result<Self> {
        let mut backend = Self {
            running: None,
            folder: folder.to_owned(),
            port: 0,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            http: reqwest::Client::builder().no_proxy().build()?,
        };
        backend.come_back()?;
        Ok(backend)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Running::pid)
    }

    /// Kills it at once, with every connection it has.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again, at the address and with the rows it had.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn come_back(&mut self) -> Result<()> {
        let mut command = Command::new(built::program("condorito-backend")?);
        command
            .args(["--control", "--port", &self.port.to_string()])
            .arg("--database")
            .arg(self.database())
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let log = self.folder.join("backend.log");
        let mut running = Running::start("condorito-backend", &mut command, &log)?;
        let output = running.child().stdout.take().context("its output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        self.port = port.with_context(|| format!("the backend said {line:?}"))?;
        self.running = Some(running);
        Ok(())
    }

    /// Starts another backend in its place: same address, no rows, and tokens it did not issue are
    /// worth nothing to it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn replace(&mut self) -> Result<()> {
        self.kill();
        for ending in ["", "-wal", "-shm"] {
            let mut file = self.database().into_os_string();
            file.push(ending);
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        self.come_back()
    }

    fn database(&self) -> PathBuf {
        self.folder.join("backend.db")
    }

    /// Gives an order or asks a question; `condorito_backend::control` lists them.
    ///
    /// # Errors
    /// When the backend is down or refuses.
    pub async fn order(&self, command: &str, mut arguments: Value) -> Result<Value> {
        if let Value::Object(arguments) = &mut arguments {
            arguments.insert("command".to_owned(), json!(command));
        }
        let url = format!("{}/__control", self.url());
        let answer = self.http.post(&url).json(&arguments).send().await;
        let mut answer: Value = answer.with_context(|| format!("order {command}"))?.json().await?;
        match answer.get_mut("ok").map(Value::take) {
            Some(value) => Ok(value),
            None => bail!("order {command}: {answer}"),
        }
    }
}

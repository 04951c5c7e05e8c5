//! The client without a window as a process of its own, asked by several tasks at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot, watch};

use crate::built;

/// How to start it, again and again, on the same folder.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Where it may sign in.
    pub backend: String,
    /// Its data folder.
    pub data: PathBuf,
    /// Where its log goes, over all its starts.
    pub log: PathBuf,
    /// Where it records its decisions, if it does.
    pub record: Option<PathBuf>,
}

/// A line it wrote without being asked, and when that was read.
pub type Told = (Instant, Value);

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It refused, with this code.
    #[error("refused: {0}")]
    Code(String),
    /// It ended before it answered.
    #[error("the client ended before it answered")]
    Ended,
    /// It did not answer in time.
    #[error("no answer in time")]
    Silent,
}

/// One that runs; killed when dropped.
#[derive(Debug)]
pub struct Headless {
    child: tokio::sync::Mutex<Child>,
    pid: u32,
    input: tokio::sync::Mutex<Option<ChildStdin>>,
    heard: Arc<Heard>,
    next_id: AtomicU64,
    connection: watch::Receiver<String>,
}

#[derive(Debug)]
struct Heard {
    waiting: Mutex<Option<HashMap<u64, oneshot::Sender<Value>>>>,
    connection: watch::Sender<String>,
    told: mpsc::UnboundedSender<Told>,
}

impl Heard {
    /// Who waits for answers; `None` once it has ended.
    fn waiting(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Value>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, line: &str) {
        let at = Instant::now();
        // A line cut off by a kill is none.
        let Ok(value) = serde_json::from_str::<Value>(line) else { return };
        if let Some(id) = value.get("id").and_then(Value::as_u64) {
            let waiting = self.waiting().as_mut().and_then(|waiting| waiting.remove(&id));
            if let Some(answer) = waiting {
                let _ = answer.send(value);
            }
            return;
        }
        if value.get("event").and_then(Value::as_str) == Some("connection")
            && let Some(state) = value.pointer("/payload/state").and_then(Value::as_str)
        {
            self.connection.send_replace(state.to_owned());
        }
        let _ = self.told.send((at, value));
    }
}

impl Headless {
    /// Starts it. What it tells without being asked comes out of the receiver.
    ///
    /// # Errors
    /// When it is not built or cannot be started.
    pub fn start(launch: &Launch) -> Result<(Self, mpsc::UnboundedReceiver<Told>)> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&launch.log)?;
        let mut command = Command::new(built::program("condorito-headless")?);
        command.args(["--secret-store", "file", "--locale", "es", "--backend", &launch.backend]);
        command.arg("--data-dir").arg(&launch.data);
        if let Some(record) = &launch.record {
            command.arg("--record").arg(record);
        }
        command
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().context("condorito-headless")?;
        let pid = child.id().context("its process id")?;
        let output = child.stdout.take().context("its output")?;
        let input = child.stdin.take().context("its input")?;
        let (told, receiver) = mpsc::unbounded_channel();
        let (state, connection) = watch::channel(String::from("stopped"));
        let heard =
            Arc::new(Heard { waiting: Mutex::new(Some(HashMap::new())), connection: state, told });
        tokio::spawn(read(output, Arc::clone(&heard)));
        let running = Self {
            child: tokio::sync::Mutex::new(child),
            pid,
            input: tokio::sync::Mutex::new(Some(input)),
            heard,
            next_id: AtomicU64::new(1),
            connection,
        };
        Ok((running, receiver))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The state of its connection as it last told.
    pub fn connection(&self) -> String {
        self.connection.borrow().clone()
    }

    /// Waits until its connection is in a state.
    ///
    /// # Errors
    /// When it is not in time, or the client ends.
    pub async fn until_connection(&self, state: &str, limit: Duration) -> Result<Duration> {
        let began = Instant::now();
        let mut connection = self.connection.clone();
        let reached = tokio::time::timeout(limit, connection.wait_for(|now| now == state)).await;
        match reached {
            Ok(Ok(_)) => Ok(began.elapsed()),
            Ok(Err(_)) => Err(Refusal::Ended.into()),
            Err(_) => {
                anyhow::bail!("not {state} within {limit:?}, but {}", self.connection())
            }
        }
    }

    /// Gives a command and waits for its result.
    ///
    /// # Errors
    /// When it refuses, ends, or does not answer within `limit`.
    pub async fn ask(&self, command: &str, args: Value, limit: Duration) -> Result<Value, Refusal> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        match self.heard.waiting().as_mut() {
            Some(waiting) => drop(waiting.insert(id, answer)),
            None => return Err(Refusal::Ended),
        }
        let line = format!("{}\n", json!({ "id": id, "command": command, "args": args }));
        {
            let mut input = self.input.lock().await;
            let input = input.as_mut().ok_or(Refusal::Ended)?;
            input.write_all(line.as_bytes()).await.map_err(|_| Refusal::Ended)?;
            input.flush().await.map_err(|_| Refusal::Ended)?;
        }
        let mut answer = match tokio::time::timeout(limit, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return Err(Refusal::Ended),
            Err(_) => {
                self.heard.waiting().as_mut().and_then(|waiting| waiting.remove(&id));
                return Err(Refusal::Silent);
            }
        };
        match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => {
                let code = answer.pointer("/error/code").and_then(Value::as_str);
                Err(Refusal::Code(code.unwrap_or("no code").to_owned()))
            }
        }
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When the system cannot.
    pub async fn kill(&self) -> Result<()> {
        self.child.lock().await.kill().await.context("kill")
    }

    /// Ends it as its host does, by the end of input.
    ///
    /// # Errors
    /// When it does not end well within `limit`.
    pub async fn end(&self, limit: Duration) -> Result<()> {
        drop(self.input.lock().await.take());
        let status = tokio::time::timeout(limit, async { self.child.lock().await.wait().await });
        let status = status.await.context("it did not end")??;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}

async fn read(output: ChildStdout, heard: Arc<Heard>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        heard.line(&line);
    }
    // Whoever still waits is told by the end of its channel.
    drop(heard.waiting().take());
}

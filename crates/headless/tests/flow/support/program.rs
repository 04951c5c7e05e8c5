//! The built program: lines in, lines out.

use super::SOON;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// How to start it.
#[derive(Clone)]
pub struct Launch {
    backend: String,
    folder: Arc<TempDir>,
    locale: &'static str,
    secrets: &'static str,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    /// A shell's words that run before the program, in the same process.
    before: Option<&'static str>,
}

impl Launch {
    /// With a new data folder.
    pub fn new(backend: &str) -> Self {
        Self {
            backend: backend.to_owned(),
            folder: Arc::new(tempfile::tempdir().unwrap()),
            locale: "es",
            secrets: "file",
            options: Vec::new(),
            environment: Vec::new(),
            before: None,
        }
    }

    pub fn locale(mut self, locale: &'static str) -> Self {
        self.locale = locale;
        self
    }

    pub fn secrets(mut self, secrets: &'static str) -> Self {
        self.secrets = secrets;
        self
    }

    pub fn environment(mut self, environment: &[(String, String)]) -> Self {
        self.environment = environment.to_vec();
        self
    }

    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    /// Adds to the environment.
    pub fn with(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.environment.push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    /// Words of a shell to run first: limits, say.
    pub fn before(mut self, before: &'static str) -> Self {
        self.before = Some(before);
        self
    }

    /// The folder that holds everything it was given: the data folder, the log, its working folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_condorito-headless");
        let mut command = match self.before {
            None => Command::new(program),
            Some(before) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("{before} && exec \"$@\""), "sh", program]);
                shell
            }
        };
        command
            .current_dir(self.root())
            .args([
                "--backend",
                &self.backend,
                "--secret-store",
                self.secrets,
                "--locale",
                self.locale,
            ])
            .arg("--data-dir")
            .arg(self.folder())
            .args(&self.options)
            .env("NO_PROXY", "127.0.0.1")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub fn start(self) -> Headless {
        let log = self.folder.path().join("log");
        let stderr = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = self.command().stderr(stderr).spawn().expect("the program starts");
        let heard = Arc::new(Heard::default());
        let reader =
            tokio::spawn(read(BufReader::new(child.stdout.take().unwrap()), Arc::clone(&heard)));
        Headless {
            stdin: child.stdin.take(),
            child,
            heard,
            reader,
            launch: self,
            log,
            next_id: 0,
            seen: HashMap::new(),
        }
    }
}

/// What it has said so far.
#[derive(Default)]
struct Heard {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    /// Every line, as it was written.
    lines: String,
    events: Vec<Value>,
    /// Answers whose `id` nobody asked with.
    strays: Vec<Value>,
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    ended: bool,
}

pub struct Headless {
    child: Child,
    stdin: Option<ChildStdin>,
    heard: Arc<Heard>,
    reader: JoinHandle<()>,
    launch: Launch,
    log: PathBuf,
    next_id: u64,
    /// By name, how many events were already waited for.
    seen: HashMap<String, usize>,
}

async fn read(stdout: BufReader<tokio::process::ChildStdout>, heard: Arc<Heard>) {
    let mut lines = stdout.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let value: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let mut state = heard.state.lock().unwrap();
        state.lines.push_str(&line);
        state.lines.push('\n');
        if value.get("event").is_some() {
            state.events.push(value);
        } else {
            assert!(value.get("id").is_some(), "neither id nor event: {line}");
            match value["id"].as_u64().and_then(|id| state.waiting.remove(&id)) {
                Some(answer) => drop(answer.send(value)),
                None => state.strays.push(value),
            }
        }
        drop(state);
        heard.news.notify_waiters();
    }
    heard.state.lock().unwrap().ended = true;
    heard.news.notify_waiters();
}

impl Headless {
    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.launch.folder()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Everything it wrote to its standard output since this start.
    pub fn said(&self) -> String {
        self.heard.state.lock().unwrap().lines.clone()
    }

    /// Everything it logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub async fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).await.unwrap();
        stdin.write_all(b"\n").await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// Gives a command without waiting for its answer.
    pub async fn begin(&mut self, command: &str, args: Value) -> oneshot::Receiver<Value> {
        self.next_id += 1;
        let id = self.next_id;
        let (answer, answered) = oneshot::channel();
        self.heard.state.lock().unwrap().waiting.insert(id, answer);
        self.line(&json!({"id": id, "command": command, "args": args}).to_string()).await;
        answered
    }

    /// The answer to a command: `{id, ok}` or `{id, error}`.
    pub async fn call(&mut self, command: &str, args: Value) -> Value {
        let answered = self.begin(command, args).await;
        match timeout(SOON * 4, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => panic!("{command}: the program ended\n{}", self.log()),
            Err(_) => panic!("{command}: no answer\n{}", self.log()),
        }
    }

    /// The result of a command that succeeds.
    pub async fn ok(&mut self, command: &str, args: Value) -> Value {
        let mut answer = self.call(command, args).await;
        assert!(answer.get("ok").is_some(), "{command}: {answer}\n{}", self.log());
        answer["ok"].take()
    }

    /// The error of a command that fails; its sentence is never empty.
    pub async fn error(&mut self, command: &str, args: Value) -> Value {
        let mut answer = self.call(command, args).await;
        assert!(answer.get("error").is_some(), "{command}: {answer}");
        let error = answer["error"].take();
        assert!(error["message"].as_str().is_some_and(|text| text.len() > 10), "{error}");
        error
    }

    /// The code of a command that fails.
    pub async fn code(&mut self, command: &str, args: Value) -> String {
        self.error(command, args).await["code"].as_str().unwrap().to_owned()
    }

    /// All events so far.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let state = self.heard.state.lock().unwrap();
        let named = state.events.iter().filter(|event| event["event"] == name);
        named.map(|event| event["payload"].clone()).collect()
    }

    /// Lets go of events so far: the next wait is for later ones.
    pub fn skip_events(&mut self) {
        let events = self.heard.state.lock().unwrap().events.clone();
        for event in &events {
            let name = event["event"].as_str().unwrap();
            self.seen.insert(name.to_owned(), events.len());
        }
    }

    /// Waits for the next event of this name that fits, skipping those of the name that do not.
    pub async fn event(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let due = Instant::now() + SOON * 2;
        let heard = Arc::clone(&self.heard);
        loop {
            let news = heard.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let state = heard.state.lock().unwrap();
                let seen = self.seen.entry(name.to_owned()).or_default();
                while let Some(event) = state.events.get(*seen) {
                    *seen += 1;
                    if event["event"] == name && fits(&event["payload"]) {
                        return event["payload"].clone();
                    }
                }
                assert!(!state.ended, "the program ended\n{}", self.log());
            }
            if timeout_at(due, news).await.is_err() {
                let state = self.heard.state.lock().unwrap();
                let last: Vec<_> = state.events.iter().rev().take(5).collect();
                panic!("no event {name}; the last ones: {last:#?}\n{}", self.log());
            }
        }
    }

    /// Waits until the connection is in this state.
    pub async fn connection(&mut self, state: &str) {
        let wanted = state.to_owned();
        self.until("connection_status", json!({}), move |shown| shown["state"] == *wanted).await;
    }

    /// Asks again after each event until the answer fits.
    pub async fn until(
        &mut self,
        command: &str,
        args: Value,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        self.until_within(SOON * 2, command, args, fits).await
    }

    pub async fn until_within(
        &mut self,
        patience: std::time::Duration,
        command: &str,
        args: Value,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let due = Instant::now() + patience;
        let heard = Arc::clone(&self.heard);
        loop {
            let news = heard.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let before = heard.state.lock().unwrap().events.len();
            let shown = self.ok(command, args.clone()).await;
            if fits(&shown) {
                return shown;
            }
            // The answer itself was news: only an event is worth asking again for.
            while heard.state.lock().unwrap().events.len() == before {
                if timeout_at(due, news.as_mut()).await.is_err() {
                    panic!("{command} {args}: still {shown:#}\n{}", self.log());
                }
                news.set(heard.news.notified());
                news.as_mut().enable();
            }
        }
    }

    /// The answers that carry no id of a command given here.
    pub fn strays(&self) -> Vec<Value> {
        self.heard.state.lock().unwrap().strays.clone()
    }

    /// Ends the input and waits for the end.
    pub async fn finish(mut self) -> (ExitStatus, Launch) {
        drop(self.stdin.take());
        let status = timeout(SOON, self.child.wait()).await.expect("it ends").unwrap();
        self.reader.await.expect("every line was sound");
        (status, self.launch)
    }

    /// Asks it to end by a signal.
    pub async fn terminate(self) -> (ExitStatus, Launch) {
        self.signal("-TERM").await
    }

    /// Ends it by a signal.
    pub async fn signal(mut self, signal: &str) -> (ExitStatus, Launch) {
        let pid = self.pid().to_string();
        let kill = Command::new("kill").args([signal, &pid]).status().await.unwrap();
        assert!(kill.success());
        let status = timeout(SOON, self.child.wait()).await.expect("it ends").unwrap();
        (status, self.launch)
    }

    /// As a power cut would.
    pub async fn kill(mut self) -> Launch {
        self.child.kill().await.unwrap();
        self.launch
    }

    /// Waits for the end without ending the input.
    pub async fn wait(mut self) -> (ExitStatus, Vec<Value>) {
        let status = timeout(SOON, self.child.wait()).await.expect("it ends").unwrap();
        self.reader.await.expect("every line was sound");
        let strays = self.heard.state.lock().unwrap().strays.clone();
        (status, strays)
    }
}

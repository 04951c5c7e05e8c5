//! The built app, driven through WebDriver as an operator would use it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

use crate::built;
use crate::desktop::Desktop;
use crate::poll::{Seen, until};
use crate::process::Running;

/// How long the window may take to answer on a busy machine.
const WINDOW: Duration = Duration::from_secs(40);

/// How long the UI may take to show what it was told.
pub const SOON: Duration = Duration::from_secs(20);

/// A window of the app on a [`Desktop`].
pub struct App {
    client: Client,
    driver: Running,
    artifacts: std::path::PathBuf,
}

impl App {
    /// Starts the app with `args` on the desktop and waits until its page is loaded.
    ///
    /// # Errors
    /// When app or driver are not built or installed, or the window does not come up.
    pub async fn start(desktop: &Desktop, args: &[&str]) -> Result<Self> {
        let program = built::program("condorito-desktop")?;
        let data_dir = desktop.data_dir();
        let mut all = vec!["--data-dir".to_owned(), data_dir.to_string_lossy().into_owned()];
        all.extend(args.iter().map(|&arg| arg.to_owned()));

        let (port, native_port) = (free_port()?, free_port()?);
        let mut command = Command::new(built::tool("tauri-driver")?);
        desktop.adopt(&mut command);
        let log = desktop.logs().join("app.log");
        command
            .args(["--port", &port.to_string(), "--native-port", &native_port.to_string()])
            .stdin(Stdio::null())
            .stdout(std::fs::OpenOptions::new().create(true).append(true).open(&log)?);
        let mut driver = Running::start("tauri-driver", &mut command, &log)?;

        let capabilities = json!({
            "browserName": "wry",
            // Conditions are waited for by name; the driver's own wait for the page would only hide
            // which one does not come true.
            "pageLoadStrategy": "none",
            "tauri:options": { "application": program, "args": all },
        });
        let Value::Object(capabilities) = capabilities else {
            bail!("capabilities are an object");
        };
        let address = format!("http://127.0.0.1:{port}");
        let client = until("the app's window", WINDOW, async || {
            if let Some(status) = driver.ended()? {
                bail!("tauri-driver ended with {status}; see {}", log.display());
            }
            let mut builder =
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            builder.capabilities(capabilities.clone());
            Ok(match builder.connect(&address).await {
                Ok(client) => Seen::Yes(client),
                Err(error) => Seen::NotYet(error.to_string()),
            })
        })
        .await?;
        let app = Self { client, driver, artifacts: desktop.logs().to_owned() };
        // A window begins with an empty page, which is complete too and is left while asked.
        let loaded = "
            const own = location.protocol === 'tauri:' && document.readyState === 'complete';
            return own || `${location.href} ${document.readyState}`;
        ";
        until("the app's page", WINDOW, async || {
            Ok(match app.evaluate(loaded, vec![]).await {
                Ok(Value::Bool(true)) => Seen::Yes(()),
                Ok(other) => Seen::NotYet(other.to_string()),
                Err(error) => Seen::NotYet(format!("{error:#}")),
            })
        })
        .await?;
        Ok(app)
    }

    /// Waits until `script` returns `true`; anything else it returns is reported when it never does.
    ///
    /// # Errors
    /// After [`SOON`], with what the script returned last.
    pub async fn until(&self, what: &str, script: &str) -> Result<()> {
        self.until_within(SOON, what, script, vec![]).await
    }

    /// As [`App::until`], with a deadline of its own and arguments for the script.
    ///
    /// # Errors
    /// After `limit`, with what the script returned last.
    pub async fn until_within(
        &self,
        limit: Duration,
        what: &str,
        script: &str,
        args: Vec<Value>,
    ) -> Result<()> {
        let waited = until(what, limit, async || {
            let value = self.evaluate(script, args.clone()).await?;
            Ok(Seen::when(value == Value::Bool(true), value.to_string()))
        })
        .await;
        self.keep_failure(waited).await
    }

    /// Runs a script in the page and returns its value.
    ///
    /// # Errors
    /// When the script throws or the window is gone.
    pub async fn evaluate(&self, script: &str, args: Vec<Value>) -> Result<Value> {
        answered(self.client.execute(script, args))
            .await
            .with_context(|| format!("script in the page: {script}"))
    }

    /// Clicks on the first element that the CSS `selector` finds, once it is there.
    ///
    /// # Errors
    /// When it does not appear or cannot be clicked.
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.with_element(selector, async |element| answered(element.click()).await).await
    }

    /// Replaces the content of a field with `text`, key by key.
    ///
    /// # Errors
    /// When the field does not appear or takes no keys.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        // As with a click, a field may be drawn anew meanwhile; it is emptied first each time.
        self.with_element(selector, async |field| {
            answered(field.clear()).await?;
            answered(field.send_keys(text)).await
        })
        .await
    }

    /// Presses a key in an element.
    ///
    /// # Errors
    /// When the element does not appear or takes no keys.
    pub async fn press(&self, selector: &str, key: Key) -> Result<()> {
        let key = char::from(key).to_string();
        self.with_element(selector, async |element| answered(element.send_keys(&key)).await).await
    }

    /// What is in a field, once it is there.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn value(&self, selector: &str) -> Result<Option<String>> {
        self.with_element(selector, async |field| answered(field.prop("value")).await).await
    }

    /// Does something with the first element that the CSS `selector` finds, again for as long as
    /// it is not there or does not take it: what is looked for may be drawn anew between the look
    /// and the deed, and an operator would try again.
    async fn with_element<T>(
        &self,
        selector: &str,
        deed: impl AsyncFn(fantoccini::elements::Element) -> Result<T>,
    ) -> Result<T> {
        let done = until(selector, SOON, async || {
            let css = fantoccini::Locator::Css(selector);
            let all = answered(self.client.find_all(css)).await?;
            let Some(element) = all.into_iter().next() else {
                return Ok(Seen::NotYet("no such element".to_owned()));
            };
            Ok(match deed(element).await {
                Ok(value) => Seen::Yes(value),
                Err(error) => Seen::NotYet(format!("{error:?}")),
            })
        })
        .await;
        self.keep_failure(done).await
    }

    /// Adds a picture of the window to a failure: what was on the screen says more than the
    /// condition that did not hold.
    async fn keep_failure<T>(&self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => match self.save_picture("failure").await {
                Ok(()) => Err(error),
                Err(second) => Err(error.context(format!("and no screenshot: {second:#}"))),
            },
        }
    }

    /// Saves what the window shows as `name.png` among the test's artifacts, once all that the page
    /// has by now is painted, fonts included, and no more in motion.
    ///
    /// # Errors
    /// When the window is gone or the file cannot be written.
    pub async fn screenshot(&self, name: &str) -> Result<()> {
        let picture = self.picture().await?;
        self.save(name, &picture)
    }

    /// What the window shows, as a PNG, once all that the page has by now is painted and
    /// at rest.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn picture(&self) -> Result<Vec<u8>> {
        let ask = "
            window.painted = false;
            const ends = document.getAnimations()
                .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
                .map((one) => one.finished.catch(() => {}));
            Promise.all([document.fonts.ready, ...ends]).then(() =>
                requestAnimationFrame(() => requestAnimationFrame(() => {
                    window.painted = true;
                })));
        ";
        self.evaluate(ask, vec![]).await?;
        self.until("the page to be painted", "return window.painted").await?;
        answered(self.client.screenshot()).await.context("a screenshot")
    }

    async fn save_picture(&self, name: &str) -> Result<()> {
        let picture = answered(self.client.screenshot()).await.context("a screenshot")?;
        self.save(name, &picture)
    }

    fn save(&self, name: &str, picture: &[u8]) -> Result<()> {
        let file = self.artifacts.join(format!("{name}.png"));
        std::fs::write(&file, picture).with_context(|| file.display().to_string())
    }

    /// Asks the core for something, past the interface.
    ///
    /// # Errors
    /// When the core refuses.
    pub async fn command(&self, name: &str, args: Value) -> Result<Value> {
        self.evaluate(
            "
            window.answer = null;
            window.__TAURI_INTERNALS__.invoke('command', { name: arguments[0], args: arguments[1] }).then(
                (answer) => { window.answer = { answer }; },
                (refusal) => { window.answer = { refusal }; },
            );
            ",
            vec![json!(name), args],
        )
        .await?;
        let answer = until(&format!("an answer to {name}"), SOON, async || {
            let answer = self.evaluate("return window.answer", vec![]).await?;
            Ok(Seen::from_option(answer.is_object().then_some(answer), "none"))
        })
        .await?;
        match answer.get("answer") {
            Some(value) => Ok(value.clone()),
            None => bail!("{name} was refused: {answer}"),
        }
    }

    /// Changes settings, past the interface.
    ///
    /// # Errors
    /// When the core refuses.
    pub async fn set(&self, patch: Value) -> Result<()> {
        self.command("set_settings", json!({ "patch": patch })).await.map(drop)
    }

    /// Waits until the app has ended by itself.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn until_ended(&self, desktop: &Desktop) -> Result<()> {
        let data_dir = desktop.data_dir();
        until("the app to end", SOON, async || {
            let pids = processes_with_argument(&data_dir)?;
            Ok(Seen::when(pids.is_empty(), format!("processes {pids:?}")))
        })
        .await
    }

    /// Kills the app at once, as a crash or a power cut would.
    ///
    /// # Errors
    /// When it was not running.
    pub fn kill(mut self, desktop: &Desktop) -> Result<()> {
        let data_dir = desktop.data_dir();
        let pids = processes_with_argument(&data_dir)?;
        anyhow::ensure!(!pids.is_empty(), "the app was not running");
        self.driver.kill();
        Ok(())
    }
}

/// Waits for the driver's answer: a page that hangs must fail the test, not stop it.
async fn answered<T>(
    call: impl Future<Output = Result<T, fantoccini::error::CmdError>>,
) -> Result<T> {
    let answer = tokio::time::timeout(SOON, call).await;
    Ok(answer.context("the window does not answer")??)
}

/// Ids of the processes that have `argument` among their arguments.
fn processes_with_argument(argument: &Path) -> Result<Vec<u32>> {
    let wanted = argument.as_os_str().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and the reading.
        let Ok(line) = std::fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        if line.split(|&byte| byte == 0).any(|part| part == wanted) {
            found.push(pid);
        }
    }
    Ok(found)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("a free port")?;
    Ok(listener.local_addr()?.port())
}

//! The npm double of the existing backend as a process of its own, under orders.
//! `tests/conformance-server/README.md` lists them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::built;
use crate::process::Running;

/// A running double. It keeps its rows in memory, so the process is never killed before the end:
/// the orders `down` and `up` take away and give back its port.
pub struct Double {
    running: Running,
    url: String,
    control: String,
    http: reqwest::Client,
}

impl Double {
    /// Starts one with these options; its log goes to `folder`.
    ///
    /// # Errors
    /// When Node or the double's packages are missing, or it does not come up.
    pub fn start(folder: &Path, options: &[&str]) -> Result<Self> {
        let sources = built::root().join("tests/conformance-server");
        ensure!(
            sources.join("node_modules").is_dir(),
            "the double's packages are missing: run `npm ci` in tests/conformance-server"
        );
        let mut command = Command::new("node");
        command
            .arg("src/main.mjs")
            .args(options)
            .current_dir(sources)
            // It ends with its input.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut running = Running::start("node", &mut command, &folder.join("double.log"))?;
        let output = running.child().stdout.take().context("its output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let addresses: Value =
            serde_json::from_str(&line).with_context(|| format!("the double said {line:?}"))?;
        let address = |name: &str| {
            let address = addresses.get(name).and_then(Value::as_str);
            address.map(ToOwned::to_owned).with_context(|| format!("the double said {line:?}"))
        };
        Ok(Self {
            running,
            url: address("url")?,
            control: address("control")?,
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// Its public address.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Where it takes orders: `POST <control>/<verb>`.
    pub fn control(&self) -> &str {
        &self.control
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Gives an order or asks a question.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn order(&self, verb: &str, arguments: Value) -> Result<Value> {
        let url = format!("{}/{verb}", self.control);
        let answer = self.http.post(&url).json(&arguments).send().await;
        let answer = answer.with_context(|| format!("order {verb}"))?;
        let status = answer.status();
        let answer: Value = answer.json().await?;
        if status.is_success() { Ok(answer) } else { bail!("order {verb}: {answer}") }
    }
}

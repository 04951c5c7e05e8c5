//! A run of the decisions written down, and the same run again: inputs and effects as JSON lines.
//!
//! A recording holds what the operator and the contacts wrote, so it is made only when asked for.

use condorito_sync::{Config, Effect, Engine, Input, Now};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Serialize)]
struct InputOut<'a> {
    now: Now,
    input: &'a Input,
}

#[derive(Serialize)]
struct EffectsOut<'a> {
    effects: &'a [Effect],
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Input { now: Now, input: Box<Input> },
    Effects { effects: Vec<Effect> },
}

/// Writes down what goes in and what comes out. Clones share the file.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    file: Arc<Mutex<BufWriter<File>>>,
}

impl Recorder {
    /// A new recording; only its owner can read it.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        Ok(Self { file: Arc::new(Mutex::new(BufWriter::new(options.open(path)?))) })
    }

    pub(crate) fn input(&self, now: Now, input: &Input) {
        self.line(&InputOut { now, input });
    }

    pub(crate) fn effects(&self, effects: &[Effect]) {
        self.line(&EffectsOut { effects });
    }

    /// Hands what was written to the system; called when there is nothing else to do.
    pub(crate) fn flush(&self) {
        let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).flush();
    }

    fn line(&self, line: &impl Serialize) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = serde_json::to_writer(&mut *file, line)
            .map_err(io::Error::from)
            .and_then(|()| file.write_all(b"\n"));
        if let Err(error) = written {
            tracing::error!(kind = ?error.kind(), "the recording could not be written");
        }
    }
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplayReport {
    /// Inputs fed.
    pub inputs: u64,
    /// Effects compared.
    pub effects: u64,
    /// The line whose effects came out differently, with the recorded and the replayed ones.
    pub difference: Option<Difference>,
}

/// Where a replay went another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Line of the recording, from 1.
    pub line: u64,
    /// The recorded effects as JSON.
    pub recorded: String,
    /// What came out now.
    pub replayed: String,
}

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// It cannot be read.
    #[error("the recording cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A line is neither inputs nor effects.
    #[error("line {line} makes no sense: {error}")]
    Line {
        /// Line number, from 1.
        line: u64,
        /// Why.
        error: serde_json::Error,
    },
}

/// Feeds the inputs of a recording to a fresh engine and compares the effects, up to the first
/// difference. Each opening of a store begins with an engine that knows nothing.
///
/// # Errors
/// When the recording cannot be read. A last line that was cut off by a kill is no error.
pub fn replay(recording: impl BufRead) -> Result<ReplayReport, ReplayFault> {
    let mut report = ReplayReport::default();
    let mut engine = Engine::new(Config::default());
    let mut expected: Option<Vec<Effect>> = None;
    let mut lines = recording.lines().zip(1_u64..).peekable();
    while let Some((text, line)) = lines.next() {
        let text = text?;
        let parsed: Line = match serde_json::from_str(&text) {
            Ok(parsed) => parsed,
            Err(_) if lines.peek().is_none() => break,
            Err(error) => return Err(ReplayFault::Line { line, error }),
        };
        match parsed {
            Line::Input { now, input } => {
                if matches!(*input, Input::Opened { .. }) {
                    engine = Engine::new(Config::default());
                }
                report.inputs += 1;
                expected = Some(engine.handle(now, *input));
            }
            Line::Effects { effects } => {
                let replayed = expected.take().unwrap_or_default();
                report.effects += u64::try_from(effects.len()).unwrap_or(0);
                if replayed != effects {
                    let json = |effects| serde_json::to_string(effects).unwrap_or_default();
                    report.difference = Some(Difference {
                        line,
                        recorded: json(&effects),
                        replayed: json(&replayed),
                    });
                    break;
                }
            }
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Recorder, ReplayFault, replay};
    use condorito_model::Timestamp;
    use condorito_model::link::LinkFact;
    use condorito_sync::{Config, Engine, Input, Now};
    use std::io::BufReader;

    fn recording() -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let recorder = Recorder::create(&path).unwrap();
        let mut engine = Engine::new(Config::default());
        let inputs = [
            Input::Opened { snapshot: Box::default() },
            Input::SignedIn,
            Input::Link { fact: LinkFact::Up { generation: 1 } },
            Input::Tick,
        ];
        for (input, mono) in inputs.into_iter().zip(0..) {
            let now = Now { mono, wall: Timestamp::from_millis(1_700_000_000_000) };
            recorder.input(now, &input);
            recorder.effects(&engine.handle(now, input));
        }
        recorder.flush();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_same_inputs_have_the_same_effects() {
        let text = recording();
        let report = replay(BufReader::new(text.as_bytes())).unwrap();
        assert_eq!((report.inputs, report.difference), (4, None));
        assert!(report.effects > 0);
    }

    #[test]
    fn a_difference_is_found_and_a_torn_end_is_none() {
        let text = recording();
        let changed = text.replacen("\"limit\":500", "\"limit\":499", 1);
        assert_ne!(changed, text, "{text}");
        let report = replay(BufReader::new(changed.as_bytes())).unwrap();
        assert_eq!(report.difference.unwrap().line, 6);

        let torn = &text[..text.len() - 5];
        assert!(replay(BufReader::new(torn.as_bytes())).is_ok());
        let nonsense = format!("hola\n{text}");
        let result = replay(BufReader::new(nonsense.as_bytes()));
        assert!(matches!(result, Err(ReplayFault::Line { line: 1, .. })));
    }
}

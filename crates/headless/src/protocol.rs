//! One JSON value per line, both ways. Commands run at the same time; every line that goes out has
//! an `id` or an `event`.

use condorito_client::{Client, CommandError, ErrorCode, EventStream};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader, BufWriter,
};

/// The longest line that is read; far above any command.
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    command: String,
    #[serde(default)]
    args: Value,
}

#[derive(Serialize)]
struct Done {
    id: Value,
    ok: Value,
}

#[derive(Serialize)]
struct Refused<'a> {
    id: Value,
    error: &'a CommandError,
}

/// Serves until the end of input, then until the commands under way are answered; or until nobody
/// reads the answers, or the process is told to end.
///
/// # Errors
/// When reading or writing fails.
pub(crate) async fn serve(
    client: &Client,
    mut events: EventStream,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(output);
    let mut line = Vec::new();
    let mut open = true;
    // One task polls them in the order of the lines, so texts leave in that order.
    let mut commands = FuturesUnordered::new();
    let end = termination();
    tokio::pin!(end);
    while open || !commands.is_empty() {
        tokio::select! {
            read = read_line(&mut input, &mut line), if open => {
                if !read? {
                    open = false;
                    continue;
                }
                let text = std::mem::take(&mut line);
                if !text.iter().all(u8::is_ascii_whitespace) {
                    commands.push(answer(client, text));
                }
            }
            Some(answer) = commands.next(), if !commands.is_empty() => {
                write(&mut output, &answer).await?;
            }
            Some(event) = events.next() => {
                write(&mut output, &json(&event)).await?;
            }
            () = &mut end => break,
        }
    }
    output.flush().await
}

/// Reads to the next line break, keeping what was read when it is given up in between. False at
/// the end of input.
async fn read_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    let had = line.len();
    let room = LONGEST.saturating_sub(u64::try_from(had).unwrap_or(LONGEST));
    let read = input.take(room).read_until(b'\n', line).await?;
    Ok(read > 0 || had > 0)
}

async fn answer(client: &Client, line: Vec<u8>) -> String {
    let value: Result<Value, _> = serde_json::from_slice(&line);
    let id = match &value {
        Ok(Value::Object(members)) => members.get("id").cloned().unwrap_or_default(),
        _ => Value::Null,
    };
    let refused = |error: &CommandError, id| json(&Refused { id, error });
    let Ok(Line { id, command, args }) = value.and_then(serde_json::from_value) else {
        return refused(&client.locale().error(ErrorCode::InvalidInput), id);
    };
    match client.command(&command, args).await {
        Ok(ok) => json(&Done { id, ok }),
        Err(error) => refused(&error, id),
    }
}

/// Tells a host why there is no client, in the form of every other error.
pub(crate) async fn refuse_to_start(error: &CommandError) -> io::Result<()> {
    let mut output = BufWriter::new(tokio::io::stdout());
    write(&mut output, &json(&Refused { id: Value::Null, error })).await
}

async fn write(output: &mut (impl AsyncWrite + Unpin), line: &str) -> io::Result<()> {
    output.write_all(line.as_bytes()).await?;
    output.write_all(b"\n").await?;
    output.flush().await
}

fn json(value: &impl Serialize) -> String {
    // None of these types can fail to serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// Ends when the process is asked to end.
async fn termination() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

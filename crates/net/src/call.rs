//! One HTTP exchange: sent once, read up to a cap, within one time limit.

use crate::endpoints::Endpoints;
use crate::options::{NetOptions, SetupError, Timeouts};
use condorito_model::Timestamp;
use condorito_model::rest::Headers;
use condorito_model::wire::{DecodeError, parse_body};
use native_tls::TlsConnector;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Lists: a whole list of 100,000 conversations in one page still fits.
pub(crate) const LIST_CAP: usize = 64 << 20;
/// Everything else.
pub(crate) const SMALL_CAP: usize = 1 << 20;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The HTTP clients of one backend.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Reuses connections.
    pooled: reqwest::Client,
    /// Makes a connection for each request: for everything that changes something.
    fresh: reqwest::Client,
    /// Of both.
    pub(crate) tls: TlsConnector,
    pub(crate) endpoints: Endpoints,
    pub(crate) timeouts: Timeouts,
}

/// What is asked.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) token: Option<&'a SecretString>,
    pub(crate) content: Content<'a>,
    pub(crate) timeout: Duration,
    /// Bytes of the answer's body that are read at most.
    pub(crate) cap: usize,
}

/// A request's body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    None,
    Json(&'a Value),
    Multipart { boundary: &'a str, body: &'a [u8] },
}

/// A status line and what came with it.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Result<Value, BodyFault>,
    pub(crate) headers: Headers,
    pub(crate) retry_after_ms: Option<u64>,
    /// From the request's start to the answer's head.
    pub(crate) rtt_ms: u64,
}

/// Why a body tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// HTML, text, nothing.
    NotJson,
    /// More than the cap, as it came or unpacked into values.
    TooBig,
    /// It broke off or took too long.
    Cut,
}

/// No status line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No connection was made, so nothing was written.
    NotSent {
        /// The server's certificate was the reason.
        untrusted: bool,
        /// Time ran out.
        timeout: bool,
    },
    /// The request may have been read.
    Unclear {
        /// Time ran out.
        timeout: bool,
    },
}

impl Exchange {
    pub(crate) fn new(options: &NetOptions) -> Result<Self, SetupError> {
        let tls = options.tls()?;
        Ok(Self {
            pooled: options.client(4, tls.clone())?,
            fresh: options.client(0, tls.clone())?,
            tls,
            endpoints: options.endpoints.clone(),
            timeouts: options.timeouts,
        })
    }

    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Response, Lost> {
        let begun = Instant::now();
        let mut response = self.send(&call).await?;
        let rtt_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        let (headers, retry_after_ms) = read_headers(response.headers());
        let body = match read_capped(&mut response, call.cap).await {
            Ok(bytes) => parse_body(&bytes).map_err(|error| match error {
                DecodeError::TooBig => BodyFault::TooBig,
                _ => BodyFault::NotJson,
            }),
            Err(fault) => Err(fault),
        };
        Ok(Response { status, body, headers, retry_after_ms, rtt_ms })
    }

    /// A status, and with a good one the bytes of a file.
    pub(crate) async fn download(
        &self,
        call: Call<'_>,
    ) -> Result<(u16, Result<Vec<u8>, BodyFault>), Lost> {
        let mut response = self.send(&call).await?;
        let bytes = if response.status().is_success() {
            read_capped(&mut response, call.cap).await
        } else {
            Ok(Vec::new())
        };
        Ok((response.status().as_u16(), bytes))
    }

    async fn send(&self, call: &Call<'_>) -> Result<reqwest::Response, Lost> {
        let client = if call.method == Method::GET { &self.pooled } else { &self.fresh };
        let mut request =
            client.request(call.method.clone(), call.url.clone()).timeout(call.timeout);
        if let Some(token) = call.token {
            let text = format!("Bearer {}", token.expose_secret());
            // A token that is no header text cannot have come from a server.
            let mut value = HeaderValue::try_from(text).map_err(|_| NEVER_LEFT)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request = match call.content {
            Content::None => request,
            Content::Json(value) => request.json(value),
            Content::Multipart { boundary, body } => request
                .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
                .body(body.to_vec()),
        };
        request.send().await.map_err(|error| lost(&error))
    }
}

const NEVER_LEFT: Lost = Lost::NotSent { untrusted: false, timeout: false };

/// Only what is known to have happened before the first byte counts as not sent.
fn lost(error: &reqwest::Error) -> Lost {
    if error.is_builder() {
        return NEVER_LEFT;
    }
    if error.is_connect() {
        return Lost::NotSent { untrusted: is_tls(error), timeout: error.is_timeout() };
    }
    Lost::Unclear { timeout: error.is_timeout() }
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<native_tls::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads chunk by chunk: an endless body costs at most the cap and the time limit.
async fn read_capped(response: &mut reqwest::Response, cap: usize) -> Result<Vec<u8>, BodyFault> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > cap) {
        return Err(BodyFault::TooBig);
    }
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) if bytes.len().saturating_add(chunk.len()) > cap => {
                return Err(BodyFault::TooBig);
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(_) => return Err(BodyFault::Cut),
        }
    }
}

/// What an answer's headers tell: the request budget, and for how many milliseconds to ask nothing.
/// What makes no sense tells nothing.
#[must_use]
pub fn read_headers(map: &HeaderMap) -> (Headers, Option<u64>) {
    let number = |name: &HeaderName| -> Option<u64> {
        map.get(name)?.to_str().ok()?.trim().parse::<u64>().ok()
    };
    let count = |name| number(name).map(|value| u32::try_from(value).unwrap_or(u32::MAX));
    let server_time = map
        .get(DATE)
        .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok())
        .map(timestamp);
    // Both from the server's clock: the own one may be wrong.
    let reset_in_ms = number(&RESET).zip(server_time).map(|(reset, now)| {
        let now = u64::try_from(now.as_millis()).unwrap_or(0);
        reset.saturating_mul(1000).saturating_sub(now)
    });
    let headers =
        Headers { limit: count(&LIMIT), remaining: count(&REMAINING), reset_in_ms, server_time };
    let retry_after = number(&RETRY_AFTER).map(|seconds| seconds.saturating_mul(1000));
    (headers, retry_after.or(reset_in_ms))
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::from_millis(millis(time))
}

/// Milliseconds since 1970; 0 for what lies before.
pub(crate) fn millis(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::read_headers;
    use reqwest::header::HeaderMap;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_reset_is_counted_from_the_servers_own_clock() {
        let map = headers(&[
            ("date", "Thu, 09 Oct 2025 14:00:00 GMT"),
            ("x-ratelimit-limit", "500"),
            ("x-ratelimit-remaining", "7"),
            ("x-ratelimit-reset", "1760018520"),
        ]);
        let (headers, wait) = read_headers(&map);
        assert_eq!((headers.limit, headers.remaining), (Some(500), Some(7)));
        assert_eq!(headers.reset_in_ms, Some(120_000));
        assert_eq!(wait, Some(120_000));
    }

    #[test]
    fn retry_after_wins_and_nonsense_is_nothing() {
        let (_, wait) = read_headers(&headers(&[("retry-after", "900")]));
        assert_eq!(wait, Some(900_000));
        let (read, wait) = read_headers(&headers(&[
            ("retry-after", "mañana"),
            ("x-ratelimit-remaining", "-1"),
            ("x-ratelimit-reset", "1760018520"),
            ("date", "ayer"),
        ]));
        assert_eq!((read, wait), (condorito_model::rest::Headers::default(), None));
    }
}

//! Request counting: the global limiter per address and the one on password changes (contract 1.3).
//! Both live in memory, so a restart clears them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{clock, core::Core, listener::Peer, replies::Refusal};

/// Counts requests per key in fixed windows that begin with a key's first request.
#[derive(Debug)]
pub(crate) struct Windows<K> {
    max: u32,
    window: Duration,
    state: Mutex<Counts<K>>,
}

#[derive(Debug)]
struct Counts<K> {
    counted: HashMap<K, (Instant, u32)>,
    exhausted_until: Option<Instant>,
}

/// What the limiter says of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) resets_in: Duration,
}

impl<K: std::hash::Hash + Eq> Windows<K> {
    pub(crate) fn new(max: u32, window: Duration) -> Self {
        Self {
            max,
            window,
            state: Mutex::new(Counts { counted: HashMap::new(), exhausted_until: None }),
        }
    }

    /// Counts one request of `key` made at `now`.
    pub(crate) fn count(&self, key: K, now: Instant) -> Verdict {
        let Ok(mut state) = self.state.lock() else {
            return self.verdict(true, self.max, self.window);
        };
        if let Some(until) = state.exhausted_until {
            if now < until {
                return self.verdict(false, 0, until - now);
            }
            state.exhausted_until = None;
        }
        let window = self.window;
        state.counted.retain(|_, (begun, _)| now.duration_since(*begun) < window);
        let (begun, count) = state.counted.entry(key).or_insert((now, 0));
        *count = count.saturating_add(1);
        let resets_in = window.saturating_sub(now.duration_since(*begun));
        let count = *count;
        self.verdict(count <= self.max, self.max.saturating_sub(count), resets_in)
    }

    /// Refuses everybody for `duration`, as if the window were used up.
    pub(crate) fn exhaust(&self, duration: Duration, now: Instant) {
        if let Ok(mut state) = self.state.lock() {
            state.exhausted_until = Some(now + duration);
        }
    }

    /// Forgets every count.
    pub(crate) fn clear(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.counted.clear();
            state.exhausted_until = None;
        }
    }

    fn verdict(&self, allowed: bool, remaining: u32, resets_in: Duration) -> Verdict {
        Verdict { allowed, limit: self.max, remaining, resets_in }
    }
}

/// Whole seconds, rounded up: a client that waits that long is not refused again.
fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Middleware over everything below `/api/`.
pub(crate) async fn limit(
    State(core): State<Arc<Core>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if !core.is_api_path(request.uri().path()) {
        return next.run(request).await;
    }
    let address: IpAddr = peer.address.ip();
    let verdict = core.limiter.count(address, Instant::now());
    let mut response = if verdict.allowed {
        next.run(request).await
    } else {
        Refusal::Plain(
            StatusCode::TOO_MANY_REQUESTS,
            "Hubo demasiadas solicitudes desde esta dirección; hay que esperar unos minutos",
        )
        .into_response()
    };
    let resets_at = clock::now_ms().div_euclid(1000).unsigned_abs() + seconds_up(verdict.resets_in);
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(verdict.limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(verdict.remaining));
    headers.insert("x-ratelimit-reset", HeaderValue::from(resets_at));
    if !verdict.allowed {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds_up(verdict.resets_in)));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_allows_max_requests_per_key_and_then_begins_anew() {
        // given
        let limiter = Windows::new(2, Duration::from_secs(60));
        let start = Instant::now();
        // when, then
        assert_eq!(limiter.count("a", start).remaining, 1);
        assert_eq!(limiter.count("a", start).remaining, 0);
        let refused = limiter.count("a", start + Duration::from_secs(10));
        assert!(!refused.allowed);
        assert_eq!(refused.resets_in, Duration::from_secs(50));
        assert!(limiter.count("b", start).allowed);
        assert!(limiter.count("a", start + Duration::from_secs(60)).allowed);
    }

    #[test]
    fn an_ordered_exhaustion_ends_by_itself() {
        let limiter = Windows::new(5, Duration::from_secs(60));
        let start = Instant::now();
        limiter.exhaust(Duration::from_secs(3), start);
        assert!(!limiter.count("a", start).allowed);
        assert!(limiter.count("a", start + Duration::from_secs(3)).allowed);
    }
}

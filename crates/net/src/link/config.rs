//! What the supervisor needs to know, and its times.

use crate::options::{NetOptions, SetupError};
use native_tls::TlsConnector;
use reqwest::Url;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A link that was in its room and delivered for this long was no accident: its end is answered
/// with the first wait again. A server that drops every link sooner is left in peace.
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(10);

/// How to link. The defaults are the design's; tests shorten them.
#[derive(Clone)]
pub struct LinkConfig {
    /// The socket's address, with its path and the trailing slash that the library needs.
    pub url: Url,
    /// The same policy as for REST.
    pub tls: TlsConnector,
    /// For token, connection and the server's welcome together.
    pub deadline: Duration,
    /// For asking for the room, within the deadline.
    pub emit: Duration,
    /// With no sign of life from the connection for this long it is dropped, whatever the library
    /// thinks. The library itself acts on the handshake's own `pingInterval + pingTimeout`
    /// (25 + 20 s); this is for when it is stuck, so it lies above.
    pub silence: Duration,
    /// Events that may wait between the socket and the supervisor; one more drops the link.
    pub queue: usize,
    /// Facts that may wait for the receiver.
    pub reports: usize,
    /// The first back-off wait, before jitter; it doubles.
    pub first_wait: Duration,
    /// The longest.
    pub longest_wait: Duration,
    /// A link that held this long starts the back-off anew.
    pub stable_after: Duration,
    /// With no link for this long while REST answers, WebSocket is held to be blocked.
    pub blocked_after: Duration,
    /// How often the wall clock is looked at, and the connection's pulse.
    pub tick: Duration,
    /// How much later than a tick the wall clock must be for a wake from sleep.
    pub jump: Duration,
    /// The wall clock.
    pub clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl LinkConfig {
    /// The defaults for the backend of these options.
    ///
    /// # Errors
    /// When the TLS policy cannot be had.
    pub fn new(options: &NetOptions) -> Result<Self, SetupError> {
        Ok(Self::with_tls(options, options.tls()?))
    }

    /// The same, with the policy that [`crate::Rest::tls`] has read already.
    #[must_use]
    pub fn with_tls(options: &NetOptions, tls: TlsConnector) -> Self {
        Self {
            url: options.endpoints.socket(),
            tls,
            deadline: Duration::from_secs(20),
            emit: Duration::from_secs(5),
            silence: Duration::from_secs(60),
            queue: 4096,
            reports: 256,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            stable_after: STABLE_AFTER,
            blocked_after: Duration::from_secs(60),
            tick: Duration::from_secs(5),
            jump: Duration::from_secs(10),
            clock: Arc::new(SystemTime::now),
        }
    }
}

impl fmt::Debug for LinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkConfig").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

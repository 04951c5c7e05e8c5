//! Tokens: held as secrets, read for their times, never printed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use condorito_model::wire::{TokenPair, TokenTimes};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Renewed this long before the end, or a tenth of its life for short ones.
const AHEAD: Duration = Duration::from_secs(300);

/// A session's two tokens. Printing it shows none of them.
#[derive(Debug, Clone)]
pub struct Tokens {
    access: SecretString,
    refresh: SecretString,
    times: Option<TokenTimes>,
}

impl Tokens {
    /// From where they were kept.
    #[must_use]
    pub fn new(access: SecretString, refresh: SecretString) -> Self {
        let times = times(access.expose_secret());
        Self { access, refresh, times }
    }

    /// For requests and the socket.
    #[must_use]
    pub const fn access(&self) -> &SecretString {
        &self.access
    }

    /// For a new pair.
    #[must_use]
    pub const fn refresh(&self) -> &SecretString {
        &self.refresh
    }

    /// How long the access token still is good at this server time, in milliseconds; negative
    /// when it is over, `None` when it does not say.
    pub(crate) fn left_ms(&self, server_now_ms: i64) -> Option<i64> {
        let end = self.times?.expires_at.checked_mul(1000)?;
        Some(end.saturating_sub(server_now_ms))
    }

    /// From how little time left on it is renewed, in milliseconds.
    pub(crate) fn margin_ms(&self) -> i64 {
        let ahead = i64::try_from(AHEAD.as_millis()).unwrap_or(i64::MAX);
        let life =
            self.times.and_then(|times| Some(times.expires_at.saturating_sub(times.issued_at?)));
        life.map_or(ahead, |seconds| ahead.min(seconds.max(0).saturating_mul(100)))
    }
}

impl From<TokenPair> for Tokens {
    fn from(pair: TokenPair) -> Self {
        Self::new(pair.access.into(), pair.refresh.into())
    }
}

/// The times in a token's claims, unverified: they only say when to ask for a new one.
fn times(token: &str) -> Option<TokenTimes> {
    let claims = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    TokenTimes::of_claims(&serde_json::from_slice(&json).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Tokens;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token(claims: &str) -> Tokens {
        let text = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        Tokens::new(text.into(), "segundo".to_owned().into())
    }

    #[test]
    fn the_end_is_read_from_the_claims() {
        let day = token(r#"{"iat":1000,"exp":87400}"#);
        assert_eq!(day.left_ms(87_399_000), Some(1000));
        assert_eq!(day.left_ms(87_401_000), Some(-1000));
        assert_eq!(day.margin_ms(), 300_000);
        assert_eq!(token(r#"{"iat":1000,"exp":1060}"#).margin_ms(), 6000);
        assert_eq!(token(r#"{"exp":87400}"#).margin_ms(), 300_000);
    }

    #[test]
    fn nonsense_has_no_end() {
        for text in ["", "a.b", "a.!!.c", "a.e30.c", "solo"] {
            let tokens = Tokens::new(text.to_owned().into(), String::new().into());
            assert_eq!(tokens.left_ms(0), None, "{text:?}");
        }
        assert_eq!(token(r#"{"exp":"mañana"}"#).left_ms(0), None);
        assert_eq!(
            token(r#"{"exp":9007199254740991}"#).left_ms(0),
            Some(9_007_199_254_740_991_000)
        );
    }

    #[test]
    fn printing_shows_nothing() {
        let tokens = Tokens::new("primero".to_owned().into(), "segundo".to_owned().into());
        let printed = format!("{tokens:?}");
        assert!(!printed.contains("primero") && !printed.contains("segundo"), "{printed}");
    }
}

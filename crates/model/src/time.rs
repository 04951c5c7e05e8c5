//! Points in time: milliseconds since 1970 inside and in SQLite, RFC 3339 UTC text outside.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use ts_rs::TS;

/// Milliseconds since 1970-01-01T00:00:00Z; serialised as `2025-10-09T14:03:07.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, TS)]
#[ts(type = "string")]
pub struct Timestamp(i64);

const PRINTER: jiff::fmt::temporal::DateTimePrinter =
    jiff::fmt::temporal::DateTimePrinter::new().precision(Some(3));

impl Timestamp {
    /// From milliseconds since 1970, limited to the years that RFC 3339 can write.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(
            jiff::Timestamp::MIN.as_millisecond().saturating_add(1),
            jiff::Timestamp::MAX.as_millisecond(),
        ))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339 text; a bare date is midnight UTC. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Self(instant.as_millisecond()));
        }
        let date = text.parse::<jiff::civil::Date>().ok()?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp().as_millisecond()))
    }

    /// This time moved by `millis`, which may be negative.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant =
            jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        f.write_str(&PRINTER.timestamp_to_string(&instant))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::Timestamp;

    #[test]
    fn writes_milliseconds_and_reads_them_back() {
        let time = Timestamp::parse("2025-10-09T14:03:07Z").expect("RFC 3339");
        assert_eq!(time.to_string(), "2025-10-09T14:03:07.000Z");
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        assert_eq!(Timestamp::parse("2025-10-09T11:03:07-03:00"), Some(time));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["", "ayer", "2025-13-01", "0", "2025-10-09T25:00:00Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text:?}");
        }
        assert!(Timestamp::parse("2025-11-01").is_some());
    }

    #[test]
    fn extreme_numbers_still_print() {
        for millis in [i64::MIN, i64::MAX, 0] {
            assert!(Timestamp::parse(&Timestamp::from_millis(millis).to_string()).is_some());
        }
    }
}

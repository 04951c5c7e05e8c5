//! Time as the contract writes it (1.5): milliseconds inside, ISO 8601 UTC on the wire.

use jiff::Timestamp;

/// Milliseconds since the Unix epoch, now.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// The whole second that contains `ms`: message times have no finer precision.
pub(crate) fn whole_second(ms: i64) -> i64 {
    ms - ms.rem_euclid(1000)
}

/// `2025-10-09T14:03:07.000Z`, always with milliseconds.
pub(crate) fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

/// [`iso`] of a value that may be missing.
pub(crate) fn iso_or_null(ms: Option<i64>) -> Option<String> {
    ms.map(iso)
}

/// The first day of the month after `ms`, as `YYYY-MM-DD`: when a monthly quota starts anew.
pub(crate) fn first_of_next_month(ms: i64) -> String {
    let day = Timestamp::from_millisecond(ms)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    day.last_of_month().tomorrow().unwrap_or(day).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_760_018_587_412), "2025-10-09T14:03:07.412Z");
        assert_eq!(iso(whole_second(1_760_018_587_412)), "2025-10-09T14:03:07.000Z");
    }

    #[test]
    fn the_quota_starts_anew_on_the_first() {
        assert_eq!(first_of_next_month(1_760_018_587_412), "2025-11-01");
        assert_eq!(first_of_next_month(1_766_000_000_000), "2026-01-01");
    }
}

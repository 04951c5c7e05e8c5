//! Hours of quiet: by the clock on the wall, from one time of day to another, over midnight too.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use ts_rs::TS;

const MINUTES: u16 = 24 * 60;

/// A time of day to the minute; written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// From hour and minute; `None` when there is no such time.
    #[must_use]
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        (hour < 24 && minute < 60).then(|| Self(u16::from(hour) * 60 + u16::from(minute)))
    }

    /// The time on the wall here and now.
    #[must_use]
    pub fn now() -> Self {
        let now = jiff::Zoned::now();
        let minutes = i32::from(now.hour()) * 60 + i32::from(now.minute());
        Self(u16::try_from(minutes).unwrap_or(0) % MINUTES)
    }

    fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(hour) || !digits(minute) {
            return None;
        }
        Self::new(hour.parse().ok()?, minute.parse().ok()?)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a time of day as HH:MM"))
    }
}

/// When nothing is told of outside the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QuietHours {
    /// The first minute of quiet.
    pub from: TimeOfDay,
    /// The first minute after it. Earlier than `from`: on the next day. The same: never quiet.
    pub to: TimeOfDay,
}

impl QuietHours {
    /// Whether it is quiet at this time of day.
    #[must_use]
    pub fn cover(&self, time: TimeOfDay) -> bool {
        if self.from <= self.to {
            self.from <= time && time < self.to
        } else {
            time >= self.from || time < self.to
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{QuietHours, TimeOfDay};

    fn at(text: &str) -> TimeOfDay {
        TimeOfDay::parse(text).unwrap()
    }

    #[test]
    fn quiet_begins_and_ends_to_the_minute() {
        let cases = [
            // Over midnight.
            ("22:00", "07:00", "21:59", false),
            ("22:00", "07:00", "22:00", true),
            ("22:00", "07:00", "23:59", true),
            ("22:00", "07:00", "00:00", true),
            ("22:00", "07:00", "06:59", true),
            ("22:00", "07:00", "07:00", false),
            ("22:00", "07:00", "12:00", false),
            // Within a day.
            ("13:00", "15:30", "12:59", false),
            ("13:00", "15:30", "13:00", true),
            ("13:00", "15:30", "15:29", true),
            ("13:00", "15:30", "15:30", false),
            // To and from midnight.
            ("00:00", "08:00", "00:00", true),
            ("00:00", "08:00", "23:59", false),
            ("20:00", "00:00", "23:59", true),
            ("20:00", "00:00", "00:00", false),
            // Empty.
            ("09:00", "09:00", "09:00", false),
            ("09:00", "09:00", "21:00", false),
        ];
        for (from, to, time, quiet) in cases {
            let hours = QuietHours { from: at(from), to: at(to) };
            assert_eq!(hours.cover(at(time)), quiet, "{from}-{to} at {time}");
        }
    }

    #[test]
    fn every_minute_is_quiet_or_not_as_the_hours_turned_round_say() {
        for (from, to) in [("22:15", "06:45"), ("06:45", "22:15"), ("00:00", "23:59")] {
            let hours = QuietHours { from: at(from), to: at(to) };
            let others = QuietHours { from: at(to), to: at(from) };
            for hour in 0..24 {
                for minute in 0..60 {
                    let time = TimeOfDay::new(hour, minute).unwrap();
                    assert_ne!(hours.cover(time), others.cover(time), "{from}-{to} at {time}");
                }
            }
        }
    }

    #[test]
    fn times_are_written_and_read_as_hours_and_minutes() {
        for text in ["00:00", "09:05", "23:59"] {
            assert_eq!(at(text).to_string(), text);
        }
        for text in ["24:00", "12:60", "9:05", "09:5", "0905", "", "ab:cd", "+1:00", "09:05:00"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text:?}");
        }
    }
}

//! A moment, to the microsecond, in UTC.

use chrono::{DateTime, NaiveDateTime, Utc};
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// Microseconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that many microseconds after the epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The system's clock, now.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_micros())
    }

    /// Reads `2026-11-23 08:30:00.123456`, with or without the fraction, with `T` or a space, with or without `Z`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('Z').replacen('T', " ", 1);
        let parsed = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
        Some(Self(parsed.and_utc().timestamp_micros()))
    }

    /// Reads a moment that says its zone: `2026-11-23T10:30:00+02:00` (RFC 3339).
    pub fn parse_with_zone(text: &str) -> Option<Self> {
        let parsed = DateTime::parse_from_rfc3339(text.trim()).ok()?;
        Some(Self(parsed.timestamp_micros()))
    }

    /// The form of the Vumi wire: `2026-11-23 08:30:00.123456`.
    pub fn to_vumi(self) -> String {
        self.to_datetime().format("%Y-%m-%d %H:%M:%S%.6f").to_string()
    }

    /// The same moment as a `chrono` value; moments out of its range become the epoch.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(later.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, earlier: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(earlier.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_datetime().format("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_is_read_in_each_of_its_forms() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(Timestamp::parse(text).map(Timestamp::micros), expected, "{text:?}");
        };
        check("1970-01-01 00:00:00.000001", Some(1));
        check("1970-01-01 00:00:01", Some(1_000_000));
        check("1970-01-01T00:00:01Z", Some(1_000_000));
        check("1970-01-01T00:00:00.5", Some(500_000));
        check("1969-12-31 23:59:59.999999", Some(-1));
        check("2026-11-23 08:30:00.123456", Some(1_795_422_600_123_456));
        check("2026-02-30 08:30:00", None);
        check("2026-11-23", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn a_moment_is_written_with_its_microseconds() {
        let moment = Timestamp::from_micros(1_795_422_600_000_000);
        assert_eq!(moment.to_vumi(), "2026-11-23 08:30:00.000000");
        assert_eq!(moment.to_string(), "2026-11-23T08:30:00.000000Z");
    }

    #[test]
    fn adding_and_subtracting_stop_at_the_ends() {
        let (start, second) = (Timestamp::from_micros(0), Duration::from_secs(1));
        assert_eq!((start + second).since(start), second);
        assert_eq!(start.since(start + second), Duration::ZERO);
        assert_eq!((start - second).micros(), -1_000_000);
        assert_eq!((start + Duration::MAX).micros(), i64::MAX);
        assert_eq!((start - Duration::MAX).micros(), -i64::MAX);
    }

    proptest! {
        #[test]
        fn every_moment_of_four_digit_years_reads_back(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
            let moment = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&moment.to_vumi()), Some(moment));
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }

        #[test]
        fn no_text_is_too_odd_to_read(text in ".*") {
            let _ = Timestamp::parse(&text);
        }
    }
}

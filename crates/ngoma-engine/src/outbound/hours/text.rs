//! Quiet hours as they are written: `mon-fri 21:00-07:00, sat-sun 20:00-09:00 Africa/Johannesburg`.

use super::{DAY, QuietHours, Window, weekday};
use chrono::Weekday;
use chrono_tz::{TZ_VARIANTS, Tz};
use std::fmt;
use std::str::FromStr;

/// The most windows of one set of quiet hours.
const MOST_WINDOWS: usize = 14;

/// Quiet hours that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Without a time zone nobody knows whose night it is.
    #[error("{0:?} has no time zone: expected one at the end, as 21:00-07:00 Africa/Johannesburg")]
    NoZone(String),
    /// Not in the list of the world's time zones.
    #[error("there is no time zone {0:?}: expected a name such as Africa/Johannesburg")]
    UnknownZone(String),
    /// Neither two times nor days and two times.
    #[error("{0:?} is no window: expected two times, as 21:00-07:00, or days and two times, as mon-fri 21:00-07:00")]
    Window(String),
    /// Not `HH:MM`.
    #[error("{0:?} is no time: expected hours and minutes from 00:00 to 23:59, as 07:30, or 24:00 at the end")]
    Time(String),
    /// Not the first three letters of an English day.
    #[error("{0:?} is no day: expected mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// Without a length, or is it a whole day?
    #[error(
        "{0:?} begins when it ends: expected two times that differ, as 21:00-07:00, or 00:00-24:00 for a whole day"
    )]
    Empty(String),
    /// More than anybody needs.
    #[error("{0} windows: expected {MOST_WINDOWS} at most")]
    TooMany(usize),
    /// All the week is quiet: nothing would ever be sent.
    #[error("{0:?} never ends: expected a time of the week in which messages may be sent")]
    NeverEnds(String),
}

impl FromStr for QuietHours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let text = text.trim();
        let no_zone = || HoursError::NoZone(text.to_owned());
        let (windows, zone) = text.rsplit_once(char::is_whitespace).ok_or_else(no_zone)?;
        if zone.contains(':') {
            return Err(no_zone());
        }
        let count = windows.split(',').count();
        if count > MOST_WINDOWS {
            return Err(HoursError::TooMany(count));
        }
        let hours = Self {
            windows: windows.split(',').map(str::parse).collect::<Result<_, _>>()?,
            zone: read_zone(zone).ok_or_else(|| HoursError::UnknownZone(zone.to_owned()))?,
        };
        if hours.never_ends() {
            return Err(HoursError::NeverEnds(text.to_owned()));
        }
        Ok(hours)
    }
}

fn read_zone(name: &str) -> Option<Tz> {
    TZ_VARIANTS
        .into_iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(name))
}

impl FromStr for Window {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, times) = match words[..] {
            [times] => (None, times),
            [days, times] => (Some(read_days(days)?), times),
            _ => return Err(HoursError::Window(text.trim().to_owned())),
        };
        let (from, to) = times
            .split_once('-')
            .ok_or_else(|| HoursError::Window(text.trim().to_owned()))?;
        let (begin, end) = (read_time(from)?, read_time(to)?);
        if begin == DAY {
            return Err(HoursError::Time(from.to_owned()));
        }
        if begin == end {
            return Err(HoursError::Empty(times.to_owned()));
        }
        Ok(Self { days, begin, end })
    }
}

/// `mon`, or `mon-fri`.
fn read_days(text: &str) -> Result<(Weekday, Weekday), HoursError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Ok((read_day(first)?, read_day(last)?))
}

fn read_day(text: &str) -> Result<Weekday, HoursError> {
    let found = (0..7).map(weekday).find(|day| word(*day) == text.to_ascii_lowercase());
    found.ok_or_else(|| HoursError::Day(text.to_owned()))
}

/// Minutes after midnight.
fn read_time(text: &str) -> Result<u16, HoursError> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        Some(two_digits(hours)? * 60 + two_digits(minutes).filter(|minutes| *minutes < 60)?)
    };
    let minutes = read().filter(|minutes| *minutes <= DAY);
    minutes.ok_or_else(|| HoursError::Time(text.to_owned()))
}

fn two_digits(text: &str) -> Option<u16> {
    match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0')),
        _ => None,
    }
}

fn word(day: Weekday) -> String {
    day.to_string().to_ascii_lowercase()
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows: Vec<String> = self.windows.iter().map(Window::to_string).collect();
        write!(f, "{} {}", windows.join(", "), self.zone.name())
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            Some((first, last)) if first == last => write!(f, "{} ", word(first))?,
            Some((first, last)) => write!(f, "{}-{} ", word(first), word(last))?,
            None => {}
        }
        let (begin, end) = (self.begin, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", begin / 60, begin % 60, end / 60, end % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hours_are_written_as_they_are_read() {
        let check = |text: &str, expected: &str| {
            let hours: QuietHours = text.parse().unwrap();
            assert_eq!(hours.to_string(), expected, "{text}");
            assert_eq!(expected.parse(), Ok(hours), "{text}");
        };
        check("21:00-07:00 Africa/Johannesburg", "21:00-07:00 Africa/Johannesburg");
        check("  21:00-07:00\tutc ", "21:00-07:00 UTC");
        check(
            "MON-Fri  21:00-07:00 europe/berlin",
            "mon-fri 21:00-07:00 Europe/Berlin",
        );
        check("sun-sun 00:00-24:00 UTC", "sun 00:00-24:00 UTC");
        check(
            "fri-mon 12:00-00:00,tue 00:00-00:01 UTC",
            "fri-mon 12:00-00:00, tue 00:00-00:01 UTC",
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_what_is_expected() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<QuietHours>().unwrap_err().to_string(), expected, "{text}");
        };
        let zone = "expected one at the end, as 21:00-07:00 Africa/Johannesburg";
        check("", &format!("\"\" has no time zone: {zone}"));
        check("21:00-07:00", &format!("\"21:00-07:00\" has no time zone: {zone}"));
        check(
            "mon 21:00-07:00",
            &format!("\"mon 21:00-07:00\" has no time zone: {zone}"),
        );
        check(
            "21:00-07:00 Africa/Joburg",
            "there is no time zone \"Africa/Joburg\": expected a name such as Africa/Johannesburg",
        );
        let window = "is no window: expected two times, as 21:00-07:00, or days and two times, as mon-fri 21:00-07:00";
        check("21:00 UTC", &format!("\"21:00\" {window}"));
        check("21:00 to 07:00 UTC", &format!("\"21:00 to 07:00\" {window}"));
        check("21:00-07:00, UTC", &format!("\"\" {window}"));
        let time = "is no time: expected hours and minutes from 00:00 to 23:59, as 07:30, or 24:00 at the end";
        for wrong in ["9:00", "21", "25:00", "21:60", "24:01", "2१:00", "9pm", ""] {
            check(&format!("07:00-{wrong} UTC"), &format!("{wrong:?} {time}"));
        }
        check("24:00-07:00 UTC", &format!("\"24:00\" {time}"));
        let day = "is no day: expected mon, tue, wed, thu, fri, sat or sun";
        check("mon-tues 21:00-07:00 UTC", &format!("\"tues\" {day}"));
        check("mon- 21:00-07:00 UTC", &format!("\"\" {day}"));
        check(
            "07:00-07:00 UTC",
            "\"07:00-07:00\" begins when it ends: expected two times that differ, as 21:00-07:00, or 00:00-24:00 for a \
             whole day",
        );
        check(
            &format!("{} UTC", ["01:00-02:00"; 15].join(",")),
            "15 windows: expected 14 at most",
        );
        for always in [
            "00:00-24:00 UTC",
            "07:00-21:00, 21:00-07:00 UTC",
            "mon-fri 00:00-24:00, sat-sun 00:00-24:00 UTC",
        ] {
            check(
                always,
                &format!("{always:?} never ends: expected a time of the week in which messages may be sent"),
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_read(text in "[a-z0-9:, -]{0,20}( UTC)?|.*") {
            let _ = text.parse::<QuietHours>();
        }
    }
}

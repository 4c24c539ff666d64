//! Quiet hours: when nothing is sent to people, as `21:00-07:00 Africa/Johannesburg`.

mod text;

pub use text::HoursError;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use ngoma_message::Timestamp;
use std::time::Duration;

/// The windows of a day in which nothing is sent, by the clocks of a time zone.
///
/// Written `21:00-07:00 Africa/Johannesburg`. Windows are separated by commas, and each may name the days on which it
/// begins: `mon-fri 21:00-07:00, sat 22:00-09:00, sun 00:00-24:00 Europe/Berlin`. A window that ends before it begins
/// goes over midnight.
///
/// When clocks change, a window is never shorter than it reads: of a time that comes twice it begins with the first and
/// ends with the second; a time that is left out is the moment of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    windows: Vec<Window>,
    zone: Tz,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    /// The days on which it begins, the last one included; every day when there are none.
    days: Option<(Weekday, Weekday)>,
    /// Minutes after midnight.
    begin: u16,
    end: u16,
}

const DAY: u16 = 24 * 60;
/// The last moment that is looked at, the end of the year 9999.
const LAST: i64 = 253_402_300_799_999_999;

impl QuietHours {
    /// When the next message may be sent; `None` when it may be sent now.
    pub fn next_allowed(&self, now: Timestamp) -> Option<Timestamp> {
        let mut open = self.end_of_quiet(now)?;
        // Windows may touch. A week has a minute that is open; the change of clocks may take it away in one.
        let last = now + Duration::from_secs(15 * 24 * 3600);
        while open < last
            && let Some(later) = self.end_of_quiet(open)
        {
            open = later;
        }
        Some(open)
    }

    /// The end of the window that ends last of those this moment is in.
    fn end_of_quiet(&self, at: Timestamp) -> Option<Timestamp> {
        if !(0..=LAST).contains(&at.micros()) {
            return None;
        }
        let today = at.to_datetime().with_timezone(&self.zone).date_naive();
        // A day back for a window over midnight, and one more each way for clocks that change at midnight.
        let days = [-2, -1, 0, 1].map(|days| today + TimeDelta::days(days));
        let windows = self.windows.iter().flat_map(|window| days.map(|day| (window, day)));
        let spans = windows.filter_map(|(window, day)| window.span(day, self.zone));
        spans
            .filter(|(begin, end)| *begin <= at && at < *end)
            .map(|(_, end)| end)
            .max()
    }

    fn never_ends(&self) -> bool {
        let mut is_quiet = [false; 7 * DAY as usize];
        for window in &self.windows {
            for day in (0..7).filter(|day| window.begins_on(weekday(*day))) {
                let begin = usize::from(day) * usize::from(DAY) + usize::from(window.begin);
                let minutes = begin..begin + usize::from(window.minutes());
                minutes.for_each(|minute| is_quiet[minute % (7 * usize::from(DAY))] = true);
            }
        }
        is_quiet.iter().all(|quiet| *quiet)
    }
}

impl Window {
    fn begins_on(&self, day: Weekday) -> bool {
        self.days
            .is_none_or(|(first, last)| day.days_since(first) <= last.days_since(first))
    }

    fn minutes(&self) -> u16 {
        let end = if self.end > self.begin {
            self.end
        } else {
            self.end + DAY
        };
        end - self.begin
    }

    /// From when to when it is on this day; nothing when it does not begin on it.
    fn span(&self, day: NaiveDate, zone: Tz) -> Option<(Timestamp, Timestamp)> {
        if !self.begins_on(day.weekday()) {
            return None;
        }
        let begin = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(self.begin.into());
        let end = begin + TimeDelta::minutes(self.minutes().into());
        Some((first_moment(begin, zone)?, last_moment(end, zone)?))
    }
}

/// When clocks show this first.
fn first_moment(local: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let found = from_here_on(local).find_map(|local| zone.from_local_datetime(&local).earliest())?;
    Some(Timestamp::from_micros(found.timestamp_micros()))
}

/// When clocks show this last.
fn last_moment(local: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let found = from_here_on(local).find_map(|local| zone.from_local_datetime(&local).latest())?;
    Some(Timestamp::from_micros(found.timestamp_micros()))
}

/// This time and those after it, until clocks that leave times out show one of them: at most a day is left out.
fn from_here_on(local: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
    (0..=i64::from(DAY) + 60).map(move |minutes| local + TimeDelta::minutes(minutes))
}

/// The day of a week that begins on Monday, which is 0.
fn weekday(number: u8) -> Weekday {
    Weekday::try_from(number).unwrap_or(Weekday::Sun)
}

/// As it is written.
impl serde::Serialize for QuietHours {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY_MICROS: i64 = 24 * HOUR;
    /// 2026-01-01.
    const NEW_YEAR: i64 = 20_454 * DAY_MICROS;

    /// A moment in UTC, and when the next message may be sent: the same when it may be sent now.
    fn check(hours: &str, now: &str, expected: &str) {
        let now_read = Timestamp::parse(now).unwrap();
        let next = hours.parse::<QuietHours>().unwrap().next_allowed(now_read);
        let expected_read = Timestamp::parse(expected).unwrap();
        assert_eq!(next.unwrap_or(now_read), expected_read, "{hours} at {now}");
        assert_eq!(next.is_none(), now == expected, "{hours} at {now}");
    }

    #[test]
    fn a_night_lasts_from_its_beginning_until_before_its_end() {
        let hours = "21:00-07:00 Africa/Johannesburg";
        check(hours, "2026-03-02 18:59:59.999999", "2026-03-02 18:59:59.999999");
        check(hours, "2026-03-02 19:00:00", "2026-03-03 05:00:00");
        check(hours, "2026-03-03 00:00:00", "2026-03-03 05:00:00");
        check(hours, "2026-03-03 04:59:59.999999", "2026-03-03 05:00:00");
        check(hours, "2026-03-03 05:00:00", "2026-03-03 05:00:00");
        check(
            "12:00-13:00 Asia/Kathmandu",
            "2026-03-03 06:30:00",
            "2026-03-03 07:15:00",
        );
    }

    #[test]
    fn days_are_those_on_which_a_window_begins() {
        // The second of March 2026 is a Monday.
        let hours = "mon-fri 21:00-07:00 UTC";
        check(hours, "2026-03-02 03:00:00", "2026-03-02 03:00:00");
        check(hours, "2026-03-02 22:00:00", "2026-03-03 07:00:00");
        check(hours, "2026-03-07 03:00:00", "2026-03-07 07:00:00");
        check(hours, "2026-03-07 22:00:00", "2026-03-07 22:00:00");
        check("fri-mon 21:00-07:00 UTC", "2026-03-03 03:00:00", "2026-03-03 07:00:00");
        check("fri-mon 21:00-07:00 UTC", "2026-03-03 22:00:00", "2026-03-03 22:00:00");
    }

    #[test]
    fn windows_that_touch_or_overlap_are_one() {
        let hours = "mon-fri 21:00-07:00, sat 06:00-12:00, sat 12:00-24:00, sun 00:00-09:00 UTC";
        check(hours, "2026-03-06 21:00:00", "2026-03-08 09:00:00");
        check(hours, "2026-03-08 09:00:00", "2026-03-08 09:00:00");
        check("00:00-23:59 UTC", "2026-03-08 00:00:00", "2026-03-08 23:59:00");
    }

    #[test]
    fn a_time_that_is_left_out_is_the_moment_of_the_change() {
        // Berlin, 29 March 2026: after 01:59:59 comes 03:00:00, which is 01:00 UTC.
        check(
            "21:00-02:30 Europe/Berlin",
            "2026-03-28 22:00:00",
            "2026-03-29 01:00:00",
        );
        check(
            "02:30-05:00 Europe/Berlin",
            "2026-03-29 00:59:59",
            "2026-03-29 00:59:59",
        );
        check(
            "02:30-05:00 Europe/Berlin",
            "2026-03-29 01:00:00",
            "2026-03-29 03:00:00",
        );
        check(
            "02:15-02:45 Europe/Berlin",
            "2026-03-29 01:00:00",
            "2026-03-29 01:00:00",
        );
        // Cairo's clocks change at midnight.
        check("00:00-06:00 Africa/Cairo", "2026-04-23 21:59:59", "2026-04-23 21:59:59");
        check("00:00-06:00 Africa/Cairo", "2026-04-23 22:00:00", "2026-04-24 03:00:00");
    }

    #[test]
    fn a_time_that_comes_twice_begins_with_the_first_and_ends_with_the_second() {
        // Berlin, 25 October 2026: 02:00 to 03:00 comes twice, from 00:00 and from 01:00 UTC.
        check(
            "21:00-02:30 Europe/Berlin",
            "2026-10-24 22:00:00",
            "2026-10-25 01:30:00",
        );
        check(
            "21:00-02:30 Europe/Berlin",
            "2026-10-25 00:45:00",
            "2026-10-25 01:30:00",
        );
        check(
            "02:30-05:00 Europe/Berlin",
            "2026-10-25 00:29:59",
            "2026-10-25 00:29:59",
        );
        check(
            "02:30-05:00 Europe/Berlin",
            "2026-10-25 00:30:00",
            "2026-10-25 04:00:00",
        );
        // Cairo, 29 October 2026: after 23:59:59 comes 23:00:00 of the same day.
        check("00:00-06:00 Africa/Cairo", "2026-10-29 21:30:00", "2026-10-29 21:30:00");
        check("22:00-23:30 Africa/Cairo", "2026-10-29 20:45:00", "2026-10-29 21:30:00");
    }

    #[test]
    fn when_clocks_leave_out_the_only_open_hour_it_is_open_a_week_later() {
        let hours = "mon-sat 00:00-24:00, sun 00:00-02:00, sun 03:00-24:00 Europe/Berlin";
        check(hours, "2026-03-28 12:00:00", "2026-04-05 00:00:00");
    }

    #[test]
    fn a_day_that_is_left_out_and_the_ends_of_time_are_survived() {
        // Samoa had no 30 December 2011: after the 29th, at 10:00 UTC, came the 31st.
        check(
            "fri 00:00-24:00 Pacific/Apia",
            "2011-12-30 10:00:00",
            "2011-12-30 10:00:00",
        );
        check(
            "thu 21:00-07:00 Pacific/Apia",
            "2011-12-30 08:00:00",
            "2011-12-30 10:00:00",
        );
        let hours: QuietHours = "00:00-23:59 Pacific/Kiritimati".parse().unwrap();
        for micros in [i64::MIN, -1, LAST + 1, i64::MAX] {
            assert_eq!(hours.next_allowed(Timestamp::from_micros(micros)), None);
        }
        let _ = hours.next_allowed(Timestamp::from_micros(LAST));
    }

    fn some_window() -> impl Strategy<Value = Window> {
        let day = || (0_u8..7).prop_map(weekday);
        let days = prop::option::of((day(), day()));
        (days, 0..DAY, 0..=DAY)
            .prop_filter("times differ", |(_, begin, end)| begin != end)
            .prop_map(|(days, begin, end)| Window { days, begin, end })
    }

    fn some_hours() -> impl Strategy<Value = QuietHours> {
        let zones = [
            "UTC",
            "Europe/Berlin",
            "Africa/Cairo",
            "Africa/Casablanca",
            "America/New_York",
        ]
        .into_iter()
        .chain([
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Chatham",
            "Pacific/Kiritimati",
        ])
        .map(|name| name.parse::<Tz>().unwrap());
        (
            prop::collection::vec(some_window(), 1..4),
            prop::sample::select(zones.collect::<Vec<_>>()),
        )
            .prop_map(|(windows, zone)| QuietHours { windows, zone })
            .prop_filter("some time is open", |hours| !hours.never_ends())
    }

    proptest! {
        #[test]
        fn all_is_quiet_until_the_moment_told_and_then_it_is_not(
            hours in some_hours(),
            minutes in 0..5 * 365 * 24 * 60_i64,
        ) {
            let now = Timestamp::from_micros(NEW_YEAR + minutes * MINUTE);
            if let Some(next) = hours.next_allowed(now) {
                prop_assert!(next > now);
                prop_assert_eq!(hours.next_allowed(next), None);
                for part in 0..20 {
                    let between = Timestamp::from_micros(now.micros() + (next.micros() - now.micros()) / 20 * part);
                    prop_assert_eq!(hours.next_allowed(between), Some(next));
                }
            }
        }

        #[test]
        fn what_is_written_reads_back(hours in some_hours()) {
            prop_assert_eq!(hours.to_string().parse(), Ok(hours));
        }

        #[test]
        fn where_clocks_never_change_the_time_of_day_decides(
            window in some_window(),
            minutes in 0..5 * 365 * 24 * 60_i64,
        ) {
            let (begin, end) = (i64::from(window.begin), i64::from(window.end));
            let hours = QuietHours { windows: vec![Window { days: None, ..window }], zone: Tz::Africa__Johannesburg };
            prop_assume!(!hours.never_ends());
            let time = (minutes + 120) % i64::from(DAY);
            let is_quiet = if begin < end { begin <= time && time < end } else { begin <= time || time < end };
            let next = hours.next_allowed(Timestamp::from_micros(NEW_YEAR + minutes * MINUTE));
            let until_end = (end - time).rem_euclid(i64::from(DAY));
            prop_assert_eq!(next, is_quiet.then(|| Timestamp::from_micros(NEW_YEAR + (minutes + until_end) * MINUTE)));
        }
    }
}

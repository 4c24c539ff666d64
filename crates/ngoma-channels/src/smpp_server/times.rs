//! The times SMPP writes (SMPP 3.4 §7.1.1): sixteen characters, of which the last says from where they count.

use chrono::{DateTime, NaiveDate, Utc};
use std::time::Duration;

/// Days of a month and of a year where nothing tells which.
const MONTH: u64 = 30;
const YEAR: u64 = 365;
const DAY: u64 = 86_400;

/// How long from now on a validity period lasts: `000002000000000R` is two days, `261127093000008+` is 09:30 in a zone two
/// hours ahead of UTC. Nothing when it is no such time; none at all for an empty one.
pub fn validity(text: &str, now: DateTime<Utc>) -> Result<Option<Duration>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, sign) = text.split_at_checked(15).ok_or(())?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    let number = |place: usize| digits[place..place + 2].parse::<u64>().unwrap_or_default();
    let [year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10].map(number);
    if sign == "R" {
        let days = year * YEAR + month * MONTH + day;
        return Ok(Some(Duration::from_secs(
            days * DAY + hour * 3_600 + minute * 60 + second,
        )));
    }
    let quarters = digits[13..15].parse::<i64>().map_err(drop)?;
    let ahead = match sign {
        "+" => quarters,
        "-" => -quarters,
        _ => return Err(()),
    };
    let date = NaiveDate::from_ymd_opt(2_000 + year as i32, month as u32, day as u32).ok_or(())?;
    let moment = date.and_hms_opt(hour as u32, minute as u32, second as u32).ok_or(())?;
    let moment = moment.and_utc() - chrono::TimeDelta::minutes(ahead * 15);
    // What is over is of no use any more.
    Ok(Some((moment - now).to_std().unwrap_or_default()))
}

/// A moment as receipts tell it: `2611270930`, in UTC (appendix B).
pub fn in_receipt(at: DateTime<Utc>) -> String {
    at.format("%y%m%d%H%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_and_moments_are_read() {
        let now = DateTime::parse_from_rfc3339("2026-11-27T07:00:00Z").unwrap().to_utc();
        let check = |text: &str, expected: Result<Option<u64>, ()>| {
            let found = validity(text, now);
            assert_eq!(
                found,
                expected.map(|seconds| seconds.map(Duration::from_secs)),
                "{text}"
            );
        };
        check("", Ok(None));
        check("000002000000000R", Ok(Some(2 * DAY)));
        check("000000013015000R", Ok(Some(5_415)));
        check("010101000000000R", Ok(Some((365 + 30 + 1) * DAY)));
        check("261127093000008+", Ok(Some(1_800)));
        check("261127053000008-", Ok(Some(1_800)));
        check("261127063000000+", Ok(Some(0)));
        for wrong in [
            "00000200000000R",
            "000002000000000X",
            "00000200000000xR",
            "261327093000000+",
            "é",
            "261127250000000+",
        ] {
            check(wrong, Err(()));
        }
    }

    #[test]
    fn a_receipt_tells_minutes() {
        let at = DateTime::parse_from_rfc3339("2026-11-27T07:05:09Z").unwrap().to_utc();
        assert_eq!(in_receipt(at), "2611270705");
    }
}

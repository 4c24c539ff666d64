//! `send_at`: when a message goes out that is sent for later.

use ngoma_message::{Object, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// How far ahead a message may be sent for.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 3600);
const MICROS_PER_MILLI: f64 = 1000.0;

/// The moment that a command gives, if it is to come; what is over goes out at once.
pub fn read(params: &Object, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let moment = match params.get("send_at") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Timestamp::parse_with_zone(text),
        Some(Value::Number(millis)) => millis.as_f64().map(of_millis),
        Some(_) => None,
    };
    let moment = moment.ok_or(
        "'send_at' must be a time with its zone, such as 2026-11-24T08:00:00+02:00, or milliseconds since 1970.",
    )?;
    if moment > now + FARTHEST {
        return Err("'send_at' may be a year ahead at most.".into());
    }
    Ok(Some(moment).filter(|moment| *moment > now))
}

/// JavaScript's `Date.now()`. What is no time of ours is far away, or long over.
fn of_millis(millis: f64) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float that is too large becomes the largest number"
    )]
    Timestamp::from_micros((millis * MICROS_PER_MILLI) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moment_is_read_in_both_forms() {
        let now = Timestamp::parse("2026-11-24 08:00:00").unwrap();
        let check = |given: Value, expected: Result<Option<&str>, &str>| {
            let found = read(&Object::from_iter([("send_at".to_owned(), given.clone())]), now);
            let expected = expected.map(|moment| moment.map(|moment| Timestamp::parse(moment).unwrap()));
            match expected {
                Ok(moment) => assert_eq!(found, Ok(moment), "{given}"),
                Err(problem) => assert!(found.as_ref().unwrap_err().contains(problem), "{given}: {found:?}"),
            }
        };
        check(json!(null), Ok(None));
        check(json!("2026-11-25T10:00:00+02:00"), Ok(Some("2026-11-25 08:00:00")));
        check(json!("2026-11-24T08:00:00.001Z"), Ok(Some("2026-11-24 08:00:00.001")));
        check(json!(1_795_600_800_000_i64), Ok(Some("2026-11-25 10:00:00")));
        check(json!("2026-11-24T08:00:00Z"), Ok(None));
        check(json!("2020-01-01T00:00:00Z"), Ok(None));
        check(json!(0), Ok(None));
        check(json!(-1e300), Ok(None));
        check(json!("2027-11-25T08:00:00Z"), Ok(Some("2027-11-25 08:00:00")));
        check(json!("2027-11-25T08:00:01Z"), Err("a year ahead"));
        check(json!(1e300), Err("a year ahead"));
        for odd in [json!("tomorrow"), json!("2026-11-25T10:00:00"), json!(true), json!([])] {
            check(odd, Err("must be a time with its zone"));
        }
    }
}

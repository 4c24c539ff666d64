//! When parts have waited long enough, and what becomes of them.

use super::HeldPart;
use ngoma_message::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the parts that came wait for the others.
pub(crate) const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// How long the parts of a text that was handed on are kept, to know those that come again.
pub(crate) const MEMORY: Duration = Duration::from_secs(3600);

/// A text of which parts did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    /// The parts that came, one after the other.
    pub(crate) text: String,
    /// The numbers of those that did not.
    pub(crate) missing: Vec<u8>,
}

/// What has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The others did not come: let go of the parts and hand this on.
    Partial(Partial),
    /// The text was handed on long ago: let go of the parts.
    Forgotten,
}

/// What has come to its end of the parts of one key at this moment, if it has.
pub(crate) fn end(total: u8, group: &[HeldPart], now: Timestamp) -> Option<Ending> {
    let times = group.iter().map(|part| part.at);
    let (first, last) = (times.clone().min()?, times.max()?);
    match partial(total, group) {
        None if now.since(last) >= MEMORY => Some(Ending::Forgotten),
        Some(partial) if now.since(first) >= PATIENCE => Some(Ending::Partial(partial)),
        _ => None,
    }
}

/// What there is of a text, unless it is whole.
pub(super) fn partial(total: u8, group: &[HeldPart]) -> Option<Partial> {
    let texts = texts(total, group);
    let missing: Vec<u8> = (1..=total).filter(|number| !texts.contains_key(number)).collect();
    if missing.is_empty() {
        return None;
    }
    let text = texts.into_values().collect();
    Some(Partial { text, missing })
}

/// The texts by number, of the numbers that there can be.
pub(super) fn texts(total: u8, group: &[HeldPart]) -> BTreeMap<u8, &str> {
    let known = group.iter().filter(|held| (1..=total).contains(&held.number));
    known.map(|held| (held.number, held.text.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_wait_a_day_for_the_others_and_are_known_for_an_hour_after() {
        let held = |numbers: &[u8]| -> Vec<HeldPart> {
            let text = |number: &u8| char::from(b'a' + number).to_string();
            let at = |number: &u8| Timestamp::from_micros(0) + Duration::from_secs(u64::from(*number));
            numbers
                .iter()
                .map(|number| HeldPart {
                    number: *number,
                    text: text(number),
                    at: at(number),
                })
                .collect()
        };
        let check = |numbers: &[u8], seconds: u64, expected: Option<Ending>| {
            let now = Timestamp::from_micros(0) + Duration::from_secs(seconds);
            assert_eq!(end(4, &held(numbers), now), expected, "{numbers:?} at {seconds}");
        };
        let partial = Partial {
            text: "bd".to_owned(),
            missing: vec![2, 4],
        };
        check(&[3, 1], 86_400, None);
        check(&[3, 1], 86_401, Some(Ending::Partial(partial)));
        check(&[1, 2, 3, 4], 3603, None);
        check(&[1, 2, 3, 4], 3604, Some(Ending::Forgotten));
        check(&[], 1_000_000, None);
    }
}

//! Compares what was promised with what the ledger shows.

use super::{Entry, Line, PartSubmitted};
use crate::carrier::script::Answer;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What is wrong, by id; empty when nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Promised, and never arrived.
    pub lost: Vec<String>,
    /// Arrived more than once, with how often.
    pub duplicates: BTreeMap<String, usize>,
    /// Arrived without a promise. After a kill there may be some: they were stored and the promise did not get through.
    pub unexpected: Vec<String>,
    /// Promised, and refused for good by the carrier: these are not lost.
    pub refused: Vec<String>,
}

impl Verdict {
    /// Whether everything promised arrived once or was refused; what arrived unexpectedly does no harm.
    pub fn is_exactly_once(&self) -> bool {
        self.lost.is_empty() && self.duplicates.is_empty()
    }

    fn of<'a>(promised: &BTreeSet<&'a str>, arrived: &[&'a str]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for id in arrived {
            *counts.entry(id).or_default() += 1;
        }
        let owned = |id: &&str| (*id).to_owned();
        Self {
            lost: promised
                .iter()
                .filter(|id| !counts.contains_key(*id))
                .map(owned)
                .collect(),
            unexpected: counts.keys().filter(|id| !promised.contains(*id)).map(owned).collect(),
            duplicates: counts
                .iter()
                .filter(|(_, count)| **count > 1)
                .map(|(id, count)| (owned(id), *count))
                .collect(),
            refused: Vec::new(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            self.lost.len(),
            self.duplicates.len(),
            self.unexpected.len(),
            self.refused.len(),
        ];
        let [lost, duplicates, unexpected, refused] = counts;
        write!(
            f,
            "{lost} lost, {duplicates} more than once, {unexpected} unexpected, {refused} refused"
        )
    }
}

/// Whether each message that was accepted for sending, by our ids, was taken by the carrier once. A message whose
/// response was lost was taken; one that was throttled or failed for the moment was not.
pub fn compare<'a>(accepted: impl IntoIterator<Item = &'a str>, ledger: &'a [Line]) -> Verdict {
    let answered = |is_meant: fn(&Answer) -> bool| {
        ledger.iter().filter_map(move |line| match &line.entry {
            Entry::Answer {
                message_id,
                answer,
                part,
                ..
            } if is_meant(answer) => Some((message_id.as_str(), *part)),
            _ => None,
        })
    };
    let taken = taken_whole(answered(|answer| answer.is_taken()));
    let refused: BTreeSet<&str> = answered(|answer| *answer == Answer::PermanentError)
        .map(|(id, _)| id)
        .collect();
    let mut verdict = Verdict::of(&accepted.into_iter().collect(), &taken);
    let (refused, lost) = verdict.lost.into_iter().partition(|id| refused.contains(id.as_str()));
    (verdict.refused, verdict.lost) = (refused, lost);
    verdict
}

/// The messages that were taken, as often as they were: one in parts as often as the part that was taken most often,
/// and not at all while a part is missing or the parts are not of one text.
fn taken_whole<'a>(answers: impl Iterator<Item = (&'a str, Option<PartSubmitted>)>) -> Vec<&'a str> {
    let mut taken = Vec::new();
    let mut parts: BTreeMap<&str, BTreeMap<PartSubmitted, usize>> = BTreeMap::new();
    for (id, part) in answers {
        match part {
            None => taken.push(id),
            Some(part) => *parts.entry(id).or_default().entry(part).or_default() += 1,
        }
    }
    for (id, counts) in parts {
        let texts: BTreeSet<(u16, u8)> = counts.keys().map(|part| (part.reference, part.total)).collect();
        let is_whole = texts.len() == 1 && texts.iter().all(|(_, total)| counts.len() == usize::from(*total));
        let times = counts.into_values().max().unwrap_or(0);
        taken.extend(std::iter::repeat_n(id, if is_whole { times } else { 0 }));
    }
    taken
}

/// Whether each message the carrier sent and that was answered for is in the store once; `stored` are the provider's
/// ids of all inbound messages there.
pub fn compare_inbound<'a>(ledger: &'a [Line], stored: impl IntoIterator<Item = &'a str>) -> Verdict {
    let taken = ledger.iter().filter_map(|line| match &line.entry {
        Entry::InboundTaken { provider_id, .. } => Some(provider_id.as_str()),
        _ => None,
    });
    let stored: Vec<&str> = stored.into_iter().collect();
    Verdict::of(&taken.collect(), &stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{Accepted, PermanentError, ResponseLost, TemporaryError, Throttled};

    fn ledger(answers: &[(&str, Answer)]) -> Vec<Line> {
        let entry = |(index, (id, answer)): (usize, &(&str, Answer))| Line {
            sequence: index as u64 + 1,
            entry: Entry::Answer {
                submission: 0,
                message_id: (*id).to_owned(),
                part: None,
                answer: *answer,
                provider_id: None,
            },
        };
        answers.iter().enumerate().map(entry).collect()
    }

    fn check(accepted: &[&str], answers: &[(&str, Answer)], expected: &str) -> Verdict {
        let ledger = ledger(answers);
        let verdict = compare(accepted.iter().copied(), &ledger);
        assert_eq!(verdict.to_string(), expected, "{accepted:?} {answers:?}");
        verdict
    }

    #[test]
    fn what_was_taken_once_is_well() {
        let clean = "0 lost, 0 more than once, 0 unexpected, 0 refused";
        check(&[], &[], clean);
        check(&["a", "b"], &[("b", Accepted), ("a", ResponseLost)], clean);
        check(
            &["a"],
            &[("a", Throttled), ("a", TemporaryError), ("a", Accepted)],
            clean,
        );
    }

    #[test]
    fn what_was_not_taken_is_lost_or_refused() {
        let verdict = check(
            &["a", "b", "c"],
            &[("a", TemporaryError), ("b", PermanentError)],
            "2 lost, 0 more than once, 0 unexpected, 1 refused",
        );
        assert_eq!(
            (verdict.lost, verdict.refused),
            (vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()])
        );
    }

    #[test]
    fn what_was_taken_twice_is_a_duplicate_even_if_a_response_was_lost() {
        let verdict = check(
            &["a", "b"],
            &[("a", ResponseLost), ("a", Accepted), ("b", Accepted), ("c", Accepted)],
            "0 lost, 1 more than once, 1 unexpected, 0 refused",
        );
        assert_eq!(verdict.duplicates["a"], 2);
        assert!(!verdict.is_exactly_once());
    }

    #[test]
    fn a_message_in_parts_was_taken_when_all_its_parts_were() {
        let check = |parts: &[(u16, u8, u8)], expected: &str| {
            let mut ledger = ledger(&vec![("a", Accepted); parts.len()]);
            for (line, (reference, total, number)) in ledger.iter_mut().zip(parts) {
                if let Entry::Answer { part, .. } = &mut line.entry {
                    *part = Some(PartSubmitted {
                        reference: *reference,
                        total: *total,
                        number: *number,
                    });
                }
            }
            assert_eq!(compare(["a"], &ledger).to_string(), expected, "{parts:?}");
        };
        let clean = "0 lost, 0 more than once, 0 unexpected, 0 refused";
        let lost = "1 lost, 0 more than once, 0 unexpected, 0 refused";
        check(&[(7, 2, 2), (7, 2, 1)], clean);
        check(&[(7, 2, 1)], lost);
        check(&[(7, 2, 1), (8, 2, 2)], lost);
        check(
            &[(7, 2, 1), (7, 2, 2), (7, 2, 2)],
            "0 lost, 1 more than once, 0 unexpected, 0 refused",
        );
    }

    #[test]
    fn what_was_answered_for_must_be_stored_once() {
        let taken = |id: &str| Line {
            sequence: 0,
            entry: Entry::InboundTaken {
                provider_id: id.to_owned(),
                message_id: "m".to_owned(),
            },
        };
        let ledger = [taken("1"), taken("2"), taken("3")];
        let verdict = compare_inbound(&ledger, ["1", "2", "2", "4"]);
        assert_eq!(verdict.to_string(), "1 lost, 1 more than once, 1 unexpected, 0 refused");
        assert!(compare_inbound(&ledger, ["3", "2", "1", "4"]).is_exactly_once());
    }
}

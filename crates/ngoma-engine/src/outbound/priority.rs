//! How urgent a message is: four words, each with a number.

use std::fmt;
use std::str::FromStr;

/// How urgent a message is. Numbers are what the store holds; they never change their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it this minute: a code to sign in with.
    Urgent,
    /// It answers somebody.
    High,
    /// What is not said to be otherwise.
    #[default]
    Normal,
    /// One of many: a campaign.
    Bulk,
}

/// Every priority with its word, the most urgent first; its place is its number.
const PRIORITIES: [(Priority, &str); 4] = [
    (Priority::Urgent, "urgent"),
    (Priority::High, "high"),
    (Priority::Normal, "normal"),
    (Priority::Bulk, "bulk"),
];

/// A text that is no priority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no priority: expected urgent, high, normal or bulk, or their numbers 0 to 3")]
pub struct PriorityError(String);

impl Priority {
    /// How many there are.
    pub const COUNT: usize = PRIORITIES.len();

    /// Every priority, the most urgent first.
    pub fn all() -> [Self; Self::COUNT] {
        PRIORITIES.map(|(priority, _)| priority)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        PRIORITIES[self as usize].1
    }

    /// The number the store holds: 0 is the most urgent.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The priority of a number in the store; a number of a later version reads as normal.
    pub fn from_number(number: i64) -> Self {
        Self::all()
            .into_iter()
            .find(|known| known.number() == number)
            .unwrap_or_default()
    }
}

impl FromStr for Priority {
    type Err = PriorityError;

    fn from_str(text: &str) -> Result<Self, PriorityError> {
        let word = text.trim();
        Self::all()
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(word) || known.number().to_string() == word)
            .ok_or_else(|| PriorityError(text.to_owned()))
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_priority_has_its_word_and_its_number() {
        let check = |priority: Priority, word: &str, number: i64| {
            assert_eq!(priority.to_string(), word);
            assert_eq!(priority.number(), number, "{word}");
            assert_eq!(Priority::from_number(number), priority, "{word}");
            for text in [word, &number.to_string(), &word.to_uppercase(), &format!(" {word} ")] {
                assert_eq!(text.parse(), Ok(priority), "{text:?}");
            }
        };
        check(Priority::Urgent, "urgent", 0);
        check(Priority::High, "high", 1);
        check(Priority::Normal, "normal", 2);
        check(Priority::Bulk, "bulk", 3);
        assert!(Priority::all().is_sorted());
        assert_eq!(Priority::from_number(9), Priority::default());
    }

    #[test]
    fn what_is_no_priority_is_told_what_is() {
        for text in ["", "4", "-1", "00", "asap", "urgent high"] {
            let error = text.parse::<Priority>().unwrap_err().to_string();
            let expected = "is no priority: expected urgent, high, normal or bulk, or their numbers 0 to 3";
            assert_eq!(error, format!("{text:?} {expected}"));
        }
    }
}

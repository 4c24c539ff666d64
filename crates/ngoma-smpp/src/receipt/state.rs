//! What became of a message: `message_state` (SMPP 3.4 §5.2.28, §5.3.2.35) and the words of appendix B.

use std::fmt;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// It waits for its time (5.0 §4.7.15).
    Scheduled,
    /// It is on its way.
    Enroute,
    /// The phone has it.
    Delivered,
    /// Its time was over before the phone could be reached.
    Expired,
    /// It was cancelled.
    Deleted,
    /// It cannot be delivered.
    Undeliverable,
    /// Somebody read it on the subscriber's behalf, or it is on its way for sure.
    Accepted,
    /// The carrier does not know.
    Unknown,
    /// The carrier refused it.
    Rejected,
    /// It was left out (5.0 §4.7.15).
    Skipped,
}

/// Numbers and words, the most usual word first.
const KNOWN: [(MessageState, u8, &[&str]); 10] = [
    (MessageState::Scheduled, 0, &["SCHEDUL", "SCHEDULED"]),
    (
        MessageState::Enroute,
        1,
        &["ENROUTE", "ENROUT", "BUFFERED", "BUFFERD", "PENDING", "SENT", "SUBMITD"],
    ),
    (
        MessageState::Delivered,
        2,
        &["DELIVRD", "DELIVERED", "DELIVERD", "DELIVER"],
    ),
    (MessageState::Expired, 3, &["EXPIRED"]),
    (MessageState::Deleted, 4, &["DELETED", "CANCELED", "CANCELLED"]),
    (
        MessageState::Undeliverable,
        5,
        &["UNDELIV", "UNDELIVERABLE", "UNDELIVERED", "UNDELIVRD", "FAILED"],
    ),
    (MessageState::Accepted, 6, &["ACCEPTD", "ACCEPTED"]),
    (MessageState::Unknown, 7, &["UNKNOWN"]),
    (MessageState::Rejected, 8, &["REJECTD", "REJECTED", "BLOCKED"]),
    (MessageState::Skipped, 9, &["SKIPPED"]),
];

impl MessageState {
    /// The state of that number.
    pub fn from_number(number: u32) -> Option<Self> {
        let found = KNOWN.iter().find(|(_, held, _)| u32::from(*held) == number);
        found.map(|(state, ..)| *state)
    }

    /// The state of that word, whatever its case; nothing when no specification and no carrier we know of has it.
    pub fn from_word(word: &str) -> Option<Self> {
        let is_it = |known: &&str| known.eq_ignore_ascii_case(word);
        let found = KNOWN.iter().find(|(.., words)| words.iter().any(is_it));
        found.map(|(state, ..)| *state)
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.known().map_or(7, |(_, number, _)| *number)
    }

    /// Its word: `DELIVRD`.
    pub fn word(self) -> &'static str {
        self.known()
            .and_then(|(.., words)| words.first())
            .copied()
            .unwrap_or("UNKNOWN")
    }

    /// Whether nothing more will become of it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Enroute | Self::Accepted)
    }

    fn known(self) -> Option<&'static (Self, u8, &'static [&'static str])> {
        KNOWN.iter().find(|(state, ..)| *state == self)
    }
}

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_numbers_and_words() {
        let words = [
            "SCHEDUL", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
            "SKIPPED",
        ];
        for (number, word) in (0..).zip(words) {
            let state = MessageState::from_number(number).unwrap();
            assert_eq!((u32::from(state.number()), state.word()), (number, word));
            assert_eq!(MessageState::from_word(&word.to_lowercase()), Some(state));
        }
        assert_eq!(MessageState::from_number(10), None);
        assert_eq!(MessageState::from_word("WHATEVER"), None);
        assert_eq!(MessageState::from_word("Delivered"), Some(MessageState::Delivered));
    }

    #[test]
    fn a_message_on_its_way_is_not_over() {
        let open = (0..10)
            .filter_map(MessageState::from_number)
            .filter(|state| !state.is_final());
        let expected = [MessageState::Scheduled, MessageState::Enroute, MessageState::Accepted];
        assert_eq!(open.collect::<Vec<_>>(), expected);
    }
}

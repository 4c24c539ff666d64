//! What reached the stub SMSC, message by message: none may be missing, come twice or read otherwise.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::pdu::Message;
use crate::load::submit::texts;

/// What is to come, and so how a message is known.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum Expected {
    /// The load program's texts, each to its number.
    #[default]
    Reminders,
    /// Texts that end with a serial number.
    Serials,
    /// Replies to what was delivered, each to the number that sent it.
    Replies,
}

/// All that came since the book was opened.
#[derive(Default)]
pub struct Book {
    expected: Expected,
    /// The serial numbers, or the persons', of all that came.
    seen: HashSet<u64>,
    /// When those who wait for a reply should have sent.
    waiting: HashMap<u64, Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    /// How many came once.
    pub distinct: u64,
    /// How many came again.
    pub duplicates: u64,
    /// How many nobody sent, or sent otherwise.
    pub wrong: u64,
    /// How long each reply took.
    pub times: Vec<Duration>,
}

impl Book {
    /// An empty book.
    pub fn new(expected: Expected) -> Book {
        Book {
            expected,
            ..Book::default()
        }
    }

    /// Notes a message.
    pub fn note(&mut self, message: &Message<'_>, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
        let Some(key) = self.key(message) else {
            self.wrong += 1;
            return;
        };
        if !self.seen.insert(key) {
            self.duplicates += 1;
            return;
        }
        self.distinct += 1;
        if let Some(due) = self.waiting.remove(&key) {
            self.times.push(now.saturating_duration_since(due));
        }
    }

    /// From now on this person waits for a reply.
    pub fn expect_reply(&mut self, person: u64, due: Instant) {
        self.waiting.insert(person, due);
    }

    /// How many wait for a reply.
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// From the first message to the last.
    pub fn span(&self) -> Duration {
        let span = self.first.zip(self.last).map(|(first, last)| last - first);
        span.unwrap_or_default()
    }

    /// Which of those to come it is.
    fn key(&self, message: &Message<'_>) -> Option<u64> {
        match self.expected {
            Expected::Reminders => {
                let serial = trailing_number(message.text)?;
                let sent = texts::text(serial);
                let is_as_sent = sent.content.as_bytes() == message.text
                    && sent.to.trim_start_matches('+').as_bytes() == message.destination;
                is_as_sent.then_some(serial)
            }
            Expected::Serials => trailing_number(message.text),
            Expected::Replies => {
                let person = trailing_number(message.destination)?;
                let is_asked = self.waiting.contains_key(&person) || self.seen.contains(&person);
                is_asked.then_some(person)
            }
        }
    }
}

/// The number that the text ends with.
fn trailing_number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    str::from_utf8(&text[text.len() - digits..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(book: &mut Book, destination: &str, text: &str) {
        let message = Message {
            source: b"8864",
            destination: destination.as_bytes(),
            registered_delivery: 0,
            text: text.as_bytes(),
        };
        book.note(&message, Instant::now());
    }

    fn check(book: &Book, expected: [u64; 3]) {
        assert_eq!([book.distinct, book.duplicates, book.wrong], expected);
    }

    #[test]
    fn a_reminder_must_come_once_and_as_it_was_sent() {
        let mut book = Book::new(Expected::Reminders);
        let [one, other] = [texts::text(1_000_000_001), texts::text(2)];
        for (to, content) in [
            (&one.to, &one.content),
            (&one.to, &one.content),
            (&other.to, &one.content),
            (&other.to, &other.content),
            (&other.to, &"Dear 2".to_owned()),
        ] {
            note(&mut book, to.trim_start_matches('+'), content);
        }
        check(&book, [2, 1, 2]);
    }

    #[test]
    fn a_reply_must_come_once_and_to_whom_it_is_for() {
        let mut book = Book::new(Expected::Replies);
        let person = 27_820_000_001;
        book.expect_reply(person, Instant::now());
        assert_eq!(book.waiting(), 1);
        for to in ["27820000001", "27820000001", "27820000002"] {
            note(&mut book, to, "Message 1");
        }
        check(&book, [1, 1, 1]);
        assert_eq!((book.waiting(), book.times.len()), (0, 1));
    }

    #[test]
    fn a_serial_number_is_the_end_of_a_text() {
        let mut book = Book::new(Expected::Serials);
        for text in ["Ref 7", "Ref 8", "7", "none"] {
            note(&mut book, "27820000001", text);
        }
        check(&book, [2, 1, 1]);
    }
}

//! Where messages stand in the index of people: on shelves that are filled one after the other.
//!
//! Numbers come in any order. In one index of all messages neighbours in time would be strangers: every message would
//! change a page of its own, and the more are stored, the fewer of those pages are in memory. A shelf is small enough to
//! stay in memory until it is full, so storing a message costs the same however many there are; looking for a person
//! costs two probes a shelf.

use ngoma_message::Timestamp;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many messages a shelf takes.
const MESSAGES: usize = 10_000;
/// How long it is filled.
const FILLED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The shelf that this process fills. Processes that share a store each fill one of their own.
#[derive(Debug, Default)]
pub(super) struct Shelves(Mutex<Option<Shelf>>);

#[derive(Debug)]
struct Shelf {
    /// When its first message came: also its number.
    begun: Timestamp,
    messages: usize,
}

impl Shelves {
    /// The number of the shelf for so many messages that are stored together.
    pub(super) fn place(&self, messages: usize, at: Timestamp) -> i64 {
        let mut filled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = |shelf: &Shelf| shelf.messages < MESSAGES && at.since(shelf.begun) < FILLED_FOR;
        let mut shelf = filled
            .take()
            .filter(has_room)
            .unwrap_or(Shelf { begun: at, messages: 0 });
        shelf.messages += messages;
        filled.insert(shelf).begun.micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_is_full_by_number_or_by_time() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let day = 24 * 3600;
        for (name, came, expected) in [
            ("few", vec![(0, 1), (10, 5), (20, 1)], vec![0, 0, 0]),
            (
                "the last list may be too much",
                vec![(0, MESSAGES - 1), (1, 1000), (2, 1)],
                vec![0, 0, 2],
            ),
            ("many", vec![(0, MESSAGES), (1, MESSAGES), (2, 1)], vec![0, 1, 2]),
            (
                "slowly",
                vec![(0, 1), (day - 1, 1), (day, 1), (day + 1, 1)],
                vec![0, 0, day, day],
            ),
            (
                "the clock goes back",
                vec![(100, 1), (50, 1), (101, 1)],
                vec![100, 100, 100],
            ),
        ] {
            let shelves = Shelves::default();
            let placed: Vec<i64> = came
                .into_iter()
                .map(|(seconds, count)| shelves.place(count, at(seconds)))
                .collect();
            let expected: Vec<i64> = expected.into_iter().map(|seconds| at(seconds).micros()).collect();
            assert_eq!(placed, expected, "{name}");
        }
    }
}

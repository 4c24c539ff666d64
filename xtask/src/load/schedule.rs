//! When the next turn is due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Shared by all connections: whichever is free takes the next turn, so that a slow answer holds nobody else up.
pub struct Schedule {
    start: Instant,
    length: Duration,
    rate: Option<f64>,
    taken: AtomicU64,
}

impl Schedule {
    /// Turns from `start` for `length`, at `rate` a second or as fast as they are taken.
    pub fn new(start: Instant, length: Duration, rate: Option<f64>) -> Schedule {
        Schedule {
            start,
            length,
            rate,
            taken: AtomicU64::new(0),
        }
    }

    /// Waits for the next turn and says when it was due; `None` once the time is over.
    pub fn next_turn(&self) -> Option<Instant> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let due = self.due(number, Instant::now())?;
        // A turn that is late already is taken at once, and its lateness counts.
        thread::sleep(due.saturating_duration_since(Instant::now()));
        Some(due)
    }

    fn due(&self, number: u64, now: Instant) -> Option<Instant> {
        let due = match self.rate {
            Some(rate) => self.start + Duration::from_secs_f64(number as f64 / rate),
            None => now,
        };
        (due < self.start + self.length).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_at_a_rate_are_due_at_fixed_moments() {
        let start = Instant::now();
        let schedule = Schedule::new(start, Duration::from_secs(1), Some(4.0));
        let late = start + Duration::from_secs(60);
        let check = |number, after: Option<u64>| {
            let expected = after.map(|after| start + Duration::from_millis(after));
            assert_eq!(schedule.due(number, start), expected, "turn {number}");
            assert_eq!(schedule.due(number, late), expected, "turn {number}, however late");
        };
        check(0, Some(0));
        check(1, Some(250));
        check(3, Some(750));
        check(4, None);
    }

    #[test]
    fn turns_without_a_rate_are_due_when_taken() {
        let start = Instant::now();
        let schedule = Schedule::new(start, Duration::from_secs(1), None);
        let soon = start + Duration::from_millis(999);
        assert_eq!(schedule.due(7, soon), Some(soon));
        assert_eq!(schedule.due(7, start + Duration::from_secs(1)), None);
    }
}

//! How many messages a second are taken.

use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Counts what was taken in the current second; a second begins with the first message after the last one's end.
#[derive(Debug, Default)]
pub struct Throttle {
    begun: Option<Instant>,
    taken: u64,
}

impl Throttle {
    /// Whether one more may be taken now, of so many a second; it counts when it is.
    pub fn take(&mut self, per_second: u64, now: Instant) -> bool {
        if self.begun.is_none_or(|begun| now.duration_since(begun) >= SECOND) {
            (self.begun, self.taken) = (Some(now), 0);
        }
        let may_go = self.taken < per_second;
        self.taken += u64::from(may_go);
        may_go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_takes_so_many_and_the_next_one_again() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        let mut take = |milliseconds| throttle.take(2, start + Duration::from_millis(milliseconds));
        let taken = [0, 10, 20, 999, 1_000, 1_500, 1_999, 2_100].map(&mut take);
        assert_eq!(taken, [true, true, false, false, true, true, false, true]);
        assert!(!Throttle::default().take(0, start));
    }
}

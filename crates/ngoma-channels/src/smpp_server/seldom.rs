//! A line of the log for what may happen a thousand times a second: now and then, with how many were not told.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often a line is written at most.
const EVERY: Duration = Duration::from_secs(10);

/// One kind of line.
#[derive(Default)]
pub struct Seldom(Mutex<(Option<Instant>, u64)>);

impl Seldom {
    /// It happened: how many were not told since the last line, when one is due.
    pub fn next(&self, now: Instant) -> Option<u64> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, count) = &mut *held;
        if told.is_some_and(|told| now - told < EVERY) {
            *count += 1;
            return None;
        }
        *told = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_many_were_not_told() {
        let (seldom, now) = (Seldom::default(), Instant::now());
        let told: Vec<_> = [0, 1, 9, 10, 11, 25]
            .map(|second| seldom.next(now + Duration::from_secs(second)))
            .into();
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}

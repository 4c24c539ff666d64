//! How many messages a second a system may hand over: what is too many is refused at once, and told so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Counts one system's messages against its rate, in the form of a virtual clock that each message moves on (GCRA,
/// ITU-T I.371 annex A): exact over any length of time, without counters that begin anew.
pub struct Meter {
    /// The distance of two messages at the rate; nothing when there is no limit.
    step: Option<Duration>,
    next: Mutex<Instant>,
}

impl Meter {
    /// At so many messages a second.
    pub fn new(per_second: Option<u32>) -> Self {
        let step = per_second.map(|rate| Duration::from_secs(1) / rate.max(1));
        let next = Mutex::new(Instant::now());
        Self { step, next }
    }

    /// Whether one more may come now. So many as fit into half a second may come at once: a window of messages comes so.
    pub fn takes(&self, now: Instant) -> bool {
        let Some(step) = self.step else { return true };
        let burst = Duration::from_millis(500).max(step);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = (*next).max(now);
        let is_within = begun + step <= now + burst;
        if is_within {
            *next = begun + step;
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of those that ask at this distance for a minute are let in.
    fn let_in(rate: u32, every: Duration) -> u32 {
        let meter = Meter::new(Some(rate));
        let begun = Instant::now();
        let asked = 60_000_000_000 / every.as_nanos() as u64;
        let count = |asked: u64| u32::from(meter.takes(begun + every * asked as u32));
        (0..asked).map(count).sum()
    }

    #[test]
    fn over_a_minute_it_is_exact_to_two_in_a_hundred() {
        for rate in [1, 7, 33, 100, 1_000] {
            for every in [Duration::from_micros(331), Duration::from_micros(977)] {
                let (found, expected) = (f64::from(let_in(rate, every)), f64::from(rate) * 60.0);
                assert!((found / expected - 1.0).abs() <= 0.02, "{rate}: {found}");
            }
        }
    }

    #[test]
    fn who_is_slower_is_never_refused_and_without_a_rate_nobody_is() {
        assert_eq!(let_in(10, Duration::from_millis(101)), 594);
        let now = Instant::now();
        let free = Meter::new(None);
        assert!((0..10_000).all(|_| free.takes(now)));
    }
}

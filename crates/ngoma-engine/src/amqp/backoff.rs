//! How long to wait before the next attempt to reach the broker.

use std::time::Duration;

/// Waits that double up to a limit. Each is cut by a chance of up to a half, so that clients which lost the broker
/// together do not come back together.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// The wait after one more failure. `chance` is any number, each as likely as any other.
    pub(super) fn next(&mut self, chance: u32) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        let whole = doubled.min(self.longest);
        whole - (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }

    /// The broker was there: the next wait is the first one again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn waits_double_up_to_the_limit_and_begin_anew() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        let waits: Vec<u128> = (0..8).map(|_| backoff.next(0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next(u32::MAX), FIRST / 2);
    }

    proptest! {
        #[test]
        fn chance_takes_at_most_a_half_and_no_wait_passes_the_limit(chances: Vec<u32>) {
            let mut with_chance = Backoff::new(FIRST, LONGEST);
            let mut without = Backoff::new(FIRST, LONGEST);
            for chance in chances {
                let (wait, whole) = (with_chance.next(chance), without.next(0));
                prop_assert!(wait >= whole / 2 && wait <= whole && whole <= LONGEST);
            }
        }
    }
}

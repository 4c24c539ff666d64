//! How often and how long something is tried, and how long the waits are.

use std::time::Duration;

/// The most that chance may take off a wait, in percent.
const MOST_JITTER: u8 = 90;

/// How often and how long something is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// The wait after the first attempt.
    pub(crate) first_wait: Duration,
    /// How many times longer each wait is than the one before.
    pub(crate) factor: u32,
    /// The longest wait between two attempts.
    pub(crate) longest_wait: Duration,
    /// The most attempts that count.
    pub(crate) attempts: u32,
    /// How long it is tried in all.
    pub(crate) total: Duration,
    /// How much of a wait chance may take off, in percent, so that what failed together does not come back together.
    pub(crate) jitter: u8,
}

impl RetryPolicy {
    /// The wait after that many attempts.
    pub(crate) fn wait(&self, made: u32, random: u64) -> Duration {
        let growth = self.factor.max(1).saturating_pow(made.saturating_sub(1));
        let whole = self.first_wait.saturating_mul(growth).min(self.longest_wait);
        let micros = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX);
        let most_off = u128::from(micros) * u128::from(self.jitter.min(MOST_JITTER)) / 100;
        let off = (most_off * u128::from(random)) >> u64::BITS;
        whole.saturating_sub(Duration::from_micros(u64::try_from(off).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
pub(super) use tests::some_policy;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: RetryPolicy = RetryPolicy {
        first_wait: Duration::from_secs(5),
        factor: 3,
        longest_wait: Duration::from_secs(60),
        attempts: 10,
        total: Duration::from_secs(3600),
        jitter: 50,
    };

    #[test]
    fn waits_grow_by_their_factor_and_chance_makes_them_shorter() {
        let check = |made, random, expected: u64| {
            assert_eq!(
                POLICY.wait(made, random),
                Duration::from_micros(expected),
                "{made} {random}"
            );
        };
        for (made, seconds) in [(0, 5), (1, 5), (2, 15), (3, 45), (4, 60), (u32::MAX, 60)] {
            check(made, 0, seconds * 1_000_000);
        }
        check(2, u64::MAX / 2, 11_250_001);
        check(2, u64::MAX, 7_500_001);
    }

    pub(crate) fn some_policy() -> impl Strategy<Value = RetryPolicy> {
        let waits = (0_u64..100_000, 0_u64..10_000_000);
        (waits, 0_u32..10, any::<u32>(), 0_u64..200_000, any::<u8>()).prop_map(
            |((first, longest), factor, attempts, total, jitter)| RetryPolicy {
                first_wait: Duration::from_millis(first),
                factor,
                longest_wait: Duration::from_millis(longest),
                attempts,
                total: Duration::from_secs(total),
                jitter,
            },
        )
    }

    proptest! {
        #[test]
        fn a_wait_is_the_whole_one_less_what_chance_may_take(
            policy in some_policy(),
            made in any::<u32>(),
            random in any::<u64>(),
        ) {
            let whole = policy.wait(made, 0);
            let wait = policy.wait(made, random);
            prop_assert!(whole <= policy.longest_wait);
            prop_assert!(whole <= policy.wait(made.saturating_add(1), 0));
            prop_assert!(wait <= whole);
            prop_assert!(wait >= whole * u32::from(100 - policy.jitter.min(MOST_JITTER)) / 100);
        }
    }
}

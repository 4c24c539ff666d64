//! When a call that failed is made again, and when it is given up.

#![cfg_attr(not(test), expect(dead_code, reason = "no web hook is called yet"))]

use crate::outbound::RetryPolicy;
use ngoma_message::Timestamp;
use std::time::Duration;

/// From five seconds, doubling to a quarter of an hour, for a day. Who receives calls must know them again for as long.
pub(crate) const SCHEDULE: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_secs(5),
    factor: 2,
    longest_wait: Duration::from_secs(15 * 60),
    attempts: u32::MAX,
    total: Duration::from_secs(24 * 3600),
    jitter: 20,
};

/// What follows a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextCall {
    /// It is made again at this moment.
    At(Timestamp),
    /// It is given up: it lies among the dead letters until somebody sends it again.
    DeadLetter,
}

/// What follows after `failed` calls, the last of which failed now; the first was due at `first_due`. Only time ends it.
/// `random` is chance, over all its values.
pub(crate) fn next_call(first_due: Timestamp, now: Timestamp, failed: u32, random: u64) -> NextCall {
    let next = now + SCHEDULE.wait(failed, random);
    if next.since(first_due) > SCHEDULE.total {
        NextCall::DeadLetter
    } else {
        NextCall::At(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_from_five_seconds_to_a_quarter_of_an_hour() {
        let waits = [5, 10, 20, 40, 80, 160, 320, 640, 900, 900];
        let mut now = 0;
        for (failed, wait) in (1..).zip(waits) {
            assert_eq!(
                next_call(at(0), at(now), failed, 0),
                NextCall::At(at(now + wait)),
                "{failed}"
            );
            now += wait;
        }
    }

    #[test]
    fn after_a_day_a_call_is_given_up() {
        let check = |seconds: u64, expected| {
            assert_eq!(next_call(at(100), at(100 + seconds), 50, 0), expected, "{seconds}");
        };
        check(85_500, NextCall::At(at(86_500)));
        check(85_501, NextCall::DeadLetter);
        check(1_000_000, NextCall::DeadLetter);
    }

    proptest! {
        #[test]
        fn a_day_of_failures_ends_among_the_dead_letters(chance in prop::collection::vec(any::<u64>(), 200)) {
            let (mut now, mut calls) = (at(0), 1);
            for random in chance {
                match next_call(at(0), now, calls, random) {
                    NextCall::At(next) => {
                        prop_assert!(next.since(now) >= SCHEDULE.first_wait * 4 / 5);
                        prop_assert!(next.since(now) <= SCHEDULE.longest_wait);
                        now = next;
                        calls += 1;
                    }
                    NextCall::DeadLetter => {
                        prop_assert!(now.since(at(0)) <= DAY);
                        prop_assert!(now.since(at(0)) > DAY - SCHEDULE.longest_wait);
                        prop_assert!((95..140).contains(&calls), "{}", calls);
                        return Ok(());
                    }
                }
            }
            prop_assert!(false, "it goes on for ever");
        }
    }
}

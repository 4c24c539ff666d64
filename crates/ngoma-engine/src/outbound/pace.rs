//! How fast a channel sends: a token bucket, counted in whole numbers, exact to the microsecond.

use ngoma_message::Timestamp;
use std::time::Duration;

/// One token in the units of the account. A microsecond earns as many units as the rate has millionths a second:
/// 10^6 microseconds at 10^6 millionths are one token.
const TOKEN: i128 = 1_000_000_000_000;
/// The fastest rate, in millionths of a token a second.
const FASTEST: f64 = 1e12;
/// Within this a clock that goes back is taken to stand still: readings overtake each other, and clocks are trimmed.
/// Further back, time is counted from there: waiting until the old reading comes again could take for ever.
const STEP_BACK: Duration = Duration::from_secs(1);

/// So many tokens a second, to the millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate(u64);

/// A rate that cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is no rate: expected a number a second from 0.000001 to 1000000, as 5 or 0.5")]
pub(crate) struct RateError(f64);

impl Rate {
    /// So many tokens a second: `5.0`, or `0.1` for one in ten seconds.
    pub(crate) fn per_second(tokens: f64) -> Result<Self, RateError> {
        let millionths = (tokens * 1e6).round();
        if (1.0..=FASTEST).contains(&millionths) {
            Ok(Self(millionths as u64))
        } else {
            Err(RateError(tokens))
        }
    }
}

/// A token bucket. It begins full. One that holds a single token loses up to a microsecond with each, for it cannot keep
/// what comes before the next reading of the clock; from two on nothing is lost.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// `None` is as fast as it goes.
    rate: Option<Rate>,
    burst: i128,
    /// Below zero after more was taken at once than the bucket holds.
    credit: i128,
    counted_to: Timestamp,
}

impl Pace {
    /// A full bucket of `burst` tokens, one at least, that earns tokens at this rate.
    pub(crate) fn new(rate: Option<Rate>, burst: u32, now: Timestamp) -> Self {
        let burst = tokens_in_units(burst.max(1));
        Self {
            rate,
            burst,
            credit: burst,
            counted_to: now,
        }
    }

    /// Takes tokens, or tells how long to wait until they are there. More than the bucket holds are taken from a full
    /// one, and the next wait is the longer for it: a message of many segments goes out too.
    pub(crate) fn take(&mut self, now: Timestamp, tokens: u32) -> Result<(), Duration> {
        (self.credit, self.counted_to) = self.counted(now);
        let wait = self.wait(now, tokens);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        if self.rate.is_some() {
            self.credit -= tokens_in_units(tokens);
        }
        Ok(())
    }

    /// How many tokens are there now.
    pub(crate) fn peek(&self, now: Timestamp) -> u32 {
        if self.rate.is_none() {
            return u32::MAX;
        }
        let (credit, _) = self.counted(now);
        u32::try_from(credit.max(0) / TOKEN).unwrap_or(u32::MAX)
    }

    /// How long until so many tokens can be taken; zero when they are there.
    pub(crate) fn wait(&self, now: Timestamp, tokens: u32) -> Duration {
        let Some(Rate(rate)) = self.rate else {
            return Duration::ZERO;
        };
        let (credit, counted_to) = self.counted(now);
        let lacking = tokens_in_units(tokens).min(self.burst) - credit;
        if tokens == 0 || lacking <= 0 {
            return Duration::ZERO;
        }
        let micros = (lacking + i128::from(rate) - 1) / i128::from(rate);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).saturating_add(counted_to.since(now))
    }

    /// The credit at a moment, and the moment it is counted to.
    fn counted(&self, now: Timestamp) -> (i128, Timestamp) {
        let Some(Rate(rate)) = self.rate else {
            return (self.credit, now);
        };
        if now < self.counted_to && self.counted_to.since(now) <= STEP_BACK {
            return (self.credit, self.counted_to);
        }
        let micros = i128::try_from(now.since(self.counted_to).as_micros()).unwrap_or(0);
        (self.burst.min(self.credit + micros * i128::from(rate)), now)
    }
}

fn tokens_in_units(tokens: u32) -> i128 {
    i128::from(tokens) * TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000_000;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn pace(rate: f64, burst: u32) -> Pace {
        Pace::new(Some(Rate::per_second(rate).unwrap()), burst, at(0))
    }

    /// How many single tokens are handed out up to a moment, asked for as soon as they are said to be there.
    fn handed_out_by(pace: &mut Pace, end: i64) -> i128 {
        let (mut now, mut handed_out) = (0, 0);
        while now <= end {
            match pace.take(at(now), 1) {
                Ok(()) => handed_out += 1,
                Err(wait) => now += wait.as_micros() as i64,
            }
        }
        handed_out
    }

    #[test]
    fn a_rate_is_a_number_that_can_be_kept() {
        for (rate, expected) in [
            (5.0, Some(5_000_000)),
            (0.000001, Some(1)),
            (1e6, Some(1_000_000_000_000)),
        ] {
            assert_eq!(Rate::per_second(rate).ok(), expected.map(Rate), "{rate}");
        }
        for rate in [0.0, -1.0, 1e-7, 1.1e6, f64::NAN, f64::INFINITY] {
            assert!(Rate::per_second(rate).is_err(), "{rate}");
        }
        assert_eq!(
            RateError(0.0).to_string(),
            "0 is no rate: expected a number a second from 0.000001 to 1000000, as 5 or 0.5"
        );
    }

    #[test]
    fn a_full_bucket_goes_out_at_once_and_then_the_rate_rules() {
        let mut pace = pace(4.0, 3);
        let check = |pace: &mut Pace, micros, tokens, expected: Result<(), u64>| {
            let expected = expected.map_err(Duration::from_micros);
            assert_eq!(pace.take(at(micros), tokens), expected, "{tokens} at {micros}");
        };
        check(&mut pace, 0, 2, Ok(()));
        check(&mut pace, 0, 2, Err(250_000));
        check(&mut pace, 0, 1, Ok(()));
        check(&mut pace, 100_000, 1, Err(150_000));
        check(&mut pace, 249_999, 1, Err(1));
        check(&mut pace, 250_000, 1, Ok(()));
        check(&mut pace, 250_000, 0, Ok(()));
        assert_eq!(pace.peek(at(999_999)), 2);
        assert_eq!(pace.peek(at(MINUTE)), 3);
        assert_eq!(pace.wait(at(MINUTE), 3), Duration::ZERO);
    }

    #[test]
    fn more_than_the_bucket_holds_goes_out_of_a_full_one_and_is_paid_for_after() {
        let mut pace = pace(1.0, 2);
        assert_eq!(pace.take(at(0), 5), Ok(()));
        assert_eq!(pace.peek(at(0)), 0);
        assert_eq!(pace.take(at(0), 0), Ok(()));
        assert_eq!(pace.take(at(0), 1), Err(Duration::from_secs(4)));
        assert_eq!(pace.take(at(0), 9), Err(Duration::from_secs(5)));
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut pace = Pace::new(None, 0, at(0));
        for _ in 0..3 {
            assert_eq!(pace.take(at(0), u32::MAX), Ok(()));
        }
        assert_eq!(pace.peek(at(0)), u32::MAX);
    }

    #[test]
    fn the_slowest_rate_and_the_largest_bucket_do_not_overflow() {
        let mut pace = pace(0.000001, u32::MAX);
        assert_eq!(pace.take(at(i64::MIN), u32::MAX), Ok(()));
        assert!(pace.take(at(i64::MIN), u32::MAX).is_err());
        assert_eq!(pace.take(at(i64::MAX), 1), Ok(()));
    }

    #[test]
    fn a_bucket_of_one_token_keeps_the_rate_within_a_thousandth() {
        for rate in [0.3, 1.0, 7.0, 30.0, 333.0, 999.0] {
            let handed_out = handed_out_by(&mut pace(rate, 1), MINUTE) as f64;
            assert!(handed_out <= 1.0 + rate * 60.0, "{rate}: {handed_out}");
            assert!(handed_out >= rate * 60.0 * 0.999, "{rate}: {handed_out}");
        }
    }

    proptest! {
        #[test]
        fn over_any_window_no_more_is_handed_out_than_the_burst_and_what_the_rate_gives(
            millionths in 1_u64..2_000_000_000,
            burst in 1_u32..50,
            steps in prop::collection::vec((0_i64..3_000_000, 1_u32..50), 1..60),
        ) {
            let mut pace = Pace::new(Some(Rate(millionths)), burst, at(0));
            let mut now = 0;
            let mut taken = Vec::new();
            for (step, tokens) in steps {
                now += step;
                if tokens <= burst && pace.take(at(now), tokens).is_ok() {
                    taken.push((now, tokens_in_units(tokens)));
                }
            }
            for (first, (from, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for (to, tokens) in &taken[first..] {
                    sum += tokens;
                    prop_assert!(sum <= tokens_in_units(burst) + i128::from(to - from) * i128::from(millionths));
                }
            }
        }

        #[test]
        fn the_wait_that_is_told_is_enough_and_a_microsecond_less_is_not(
            millionths in 1_u64..2_000_000_000,
            burst in 1_u32..50,
            steps in prop::collection::vec((-5_000_000_i64..5_000_000, 1_u32..80), 1..40),
        ) {
            let mut pace = Pace::new(Some(Rate(millionths)), burst, at(0));
            let mut now = 0;
            for (step, tokens) in steps {
                now += step;
                if let Err(wait) = pace.take(at(now), tokens) {
                    let almost = at(now) + (wait - Duration::from_micros(1));
                    prop_assert!(pace.clone().take(almost, tokens).is_err());
                    prop_assert_eq!(pace.clone().take(at(now) + wait, tokens), Ok(()));
                }
            }
        }

        #[test]
        fn a_clock_that_goes_back_hands_out_nothing(
            burst in 1_u32..50,
            steps in prop::collection::vec(0_i64..5_000_000_000, 1..60),
        ) {
            let mut pace = pace(1000.0, burst);
            let mut now = 0;
            let mut handed_out = 0;
            for step in steps {
                now -= step;
                handed_out += u32::from(pace.take(at(now), 1).is_ok());
            }
            prop_assert!(handed_out <= burst);
        }

        #[test]
        fn a_clock_that_trembles_gives_no_more_than_the_time_that_passed(
            steps in prop::collection::vec(-900_000_i64..900_000, 1..200),
        ) {
            let mut pace = pace(1000.0, 1);
            let (mut now, mut latest, mut handed_out) = (0_i64, 0_i64, 0_i64);
            for step in steps {
                now = (now + step).max(latest - 1_000_000);
                latest = latest.max(now);
                handed_out += i64::from(pace.take(at(now), 1).is_ok());
            }
            prop_assert!(handed_out <= 1 + latest / 1000);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn with_steady_demand_a_minute_hands_out_all_that_the_rate_gives(
            millionths in 100_000_u64..300_000_000,
            burst in 2_u32..100,
        ) {
            let mut pace = Pace::new(Some(Rate(millionths)), burst, at(0));
            let earned = i128::from(millionths) * i128::from(MINUTE) / TOKEN;
            prop_assert_eq!(handed_out_by(&mut pace, MINUTE), i128::from(burst) + earned);
        }

        #[test]
        fn asked_every_few_milliseconds_a_minute_comes_within_a_thousandth(rate in 1_u32..2000) {
            // The bucket holds what comes between two askings; it begins empty, so that the rate alone is measured.
            let burst = rate.div_ceil(100) + 1;
            let mut pace = pace(f64::from(rate), burst);
            pace.take(at(0), burst).unwrap();
            let mut handed_out = 0;
            for tick in 0..=MINUTE / 7_500 {
                let there = pace.peek(at(tick * 7_500));
                pace.take(at(tick * 7_500), there).unwrap();
                handed_out += there;
            }
            prop_assert!(handed_out <= rate * 60);
            prop_assert!(f64::from(handed_out) >= f64::from(rate) * 60.0 * 0.999 - 1.0, "{} {}", rate, handed_out);
        }
    }
}

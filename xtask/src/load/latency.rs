//! Times of many turns in five numbers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// All in milliseconds; zero when there was nothing to measure.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Latencies {
    /// The middle one.
    pub p50_ms: f64,
    /// Nine of ten are quicker.
    pub p90_ms: f64,
    /// All but one in a hundred are quicker.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Latencies {
    /// Sums the times up.
    pub fn of(mut times: Vec<Duration>) -> Latencies {
        times.sort_unstable();
        // The nearest rank: the smallest time that the share of all times does not exceed.
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        Latencies {
            p50_ms: at(50),
            p90_ms: at(90),
            p99_ms: at(99),
            max_ms: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let check = |times: Vec<u64>, expected: [f64; 4]| {
            let [p50_ms, p90_ms, p99_ms, max_ms] = expected;
            let latencies = Latencies::of(times.into_iter().map(Duration::from_millis).collect());
            assert_eq!(
                latencies,
                Latencies {
                    p50_ms,
                    p90_ms,
                    p99_ms,
                    max_ms
                }
            );
        };
        check((1..=100).rev().collect(), [50.0, 90.0, 99.0, 100.0]);
        check(vec![7], [7.0; 4]);
        check(vec![], [0.0; 4]);
        check(vec![1, 2], [1.0, 2.0, 2.0, 2.0]);
    }
}

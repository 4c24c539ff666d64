//! How often something took how long, or had what size: counted in buckets, so that any quantile can be told later.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The bounds of times, in microseconds: 0.1 ms to 10 s.
const TIMES: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];
const MICROS_PER_SECOND: f64 = 1_000_000.0;
/// The bounds of numbers of operations.
const OPERATIONS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Buckets, and the sum of what is in them.
pub(super) struct Histogram {
    bounds: &'static [u64],
    /// What one is told as: seconds are kept as microseconds.
    unit: f64,
    /// One for each bound, and one for what is above them.
    buckets: Vec<AtomicU64>,
    sum: AtomicU64,
}

/// A histogram at one moment, as Prometheus has it.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    /// Each bound, with how many were at or below it.
    pub(super) at_most: Vec<(f64, u64)>,
    /// How many there were.
    pub(super) count: u64,
    /// What they sum to.
    pub(super) sum: f64,
}

impl Histogram {
    /// Of times, told in seconds.
    pub(super) fn of_times() -> Self {
        Self::new(&TIMES, MICROS_PER_SECOND)
    }

    /// Of numbers of operations.
    pub(super) fn of_operations() -> Self {
        Self::new(&OPERATIONS, 1.0)
    }

    fn new(bounds: &'static [u64], unit: f64) -> Self {
        Self {
            bounds,
            unit,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Adds a number.
    pub(super) fn add(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Adds a time.
    pub(super) fn add_time(&self, value: Duration) {
        self.add(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
    }

    /// What was added so far.
    pub(super) fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let mut up_to = |bucket: &AtomicU64| {
            count += bucket.load(Ordering::Relaxed);
            count
        };
        let bounds = self.bounds.iter().map(|bound| *bound as f64 / self.unit);
        let at_most = bounds.zip(self.buckets.iter().map(&mut up_to)).collect();
        let count = self.buckets.last().map_or(0, up_to);
        Snapshot {
            at_most,
            count,
            sum: self.sum.load(Ordering::Relaxed) as f64 / self.unit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_in_every_bucket_whose_bound_it_does_not_pass() {
        for (value, first) in [
            (0, Some(1.0)),
            (1, Some(1.0)),
            (2, Some(2.0)),
            (3, Some(4.0)),
            (512, Some(512.0)),
            (513, None),
        ] {
            let histogram = Histogram::of_operations();
            histogram.add(value);
            let snapshot = histogram.snapshot();
            let reached = snapshot.at_most.iter().find(|(_, count)| *count == 1);
            assert_eq!(reached.map(|(bound, _)| *bound), first, "{value}");
            assert_eq!((snapshot.count, snapshot.sum), (1, value as f64));
            assert!(snapshot.at_most.is_sorted_by_key(|(_, count)| *count), "{value}");
        }
    }

    #[test]
    fn times_are_told_in_seconds() {
        let histogram = Histogram::of_times();
        histogram.add_time(Duration::from_micros(99));
        histogram.add_time(Duration::from_secs(60));
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.at_most.first(), Some(&(0.0001, 1)));
        assert_eq!(snapshot.at_most.last(), Some(&(10.0, 1)));
        assert_eq!((snapshot.count, snapshot.sum), (2, 60.000_099));
    }
}

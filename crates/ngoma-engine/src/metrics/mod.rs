//! What an engine counts and measures, and how it is told to Prometheus. A value of the engine, shared with whoever
//! counts: there is no global.

mod counts;
mod histogram;
mod moves;
mod peers;
mod scrape;
mod text;

pub(crate) use counts::Count;
pub(crate) use moves::Moves;
pub(crate) use scrape::scrape;

use counts::Counts;
use histogram::Histogram;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How many channels are counted each by itself; what more there are is counted without a label.
const CHANNELS: usize = 10_000;

/// Everything one engine counts and measures.
pub struct Metrics {
    channels: RwLock<HashMap<i64, Arc<Counts>>>,
    no_channel: Counts,
    commit_operations: Histogram,
    commit_time: Histogram,
    step_time: Histogram,
    send_time: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            channels: RwLock::default(),
            no_channel: Counts::default(),
            commit_operations: Histogram::of_operations(),
            commit_time: Histogram::of_times(),
            step_time: Histogram::of_times(),
            send_time: Histogram::of_times(),
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Counts one of a channel; what has none is counted without a label.
    pub(crate) fn count(&self, count: Count, channel: Option<i64>) {
        match channel.and_then(|channel| self.counts_of(channel)) {
            Some(counts) => counts.add(count),
            None => self.no_channel.add(count),
        }
    }

    /// Measures a transaction: its operations, and how long the disk took to confirm it.
    pub(crate) fn measure_commit(&self, operations: usize, took: Duration) {
        self.commit_operations.add(operations as u64);
        self.commit_time.add_time(took);
    }

    /// Measures a service's step.
    pub(crate) fn measure_step(&self, took: Duration) {
        self.step_time.add_time(took);
    }

    /// Measures an attempt to send.
    pub(crate) fn measure_send(&self, took: Duration) {
        self.send_time.add_time(took);
    }

    /// The counts of a channel, made when there are none; nothing when there are too many channels.
    fn counts_of(&self, channel: i64) -> Option<Arc<Counts>> {
        let known = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = known.get(&channel) {
            return Some(Arc::clone(counts));
        }
        drop(known);
        let mut known = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CHANNELS && !known.contains_key(&channel) {
            return None;
        }
        Some(Arc::clone(known.entry(channel).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_beyond_the_limit_are_counted_without_a_label() {
        let metrics = Metrics::default();
        for channel in 0..=CHANNELS as i64 {
            metrics.count(Count::Sent, Some(channel));
            metrics.count(Count::Sent, Some(channel));
        }
        metrics.count(Count::Sent, None);
        assert_eq!(metrics.channels.read().unwrap().len(), CHANNELS);
        assert_eq!(metrics.counts_of(0).unwrap().get(Count::Sent), 2);
        assert_eq!(metrics.no_channel.get(Count::Sent), 3);
    }
}

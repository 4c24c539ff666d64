//! The time of a simulation: it follows the runtime's own, which jumps to the next timer, and may be set.

use crate::Clock;
use ngoma_message::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The day every simulation begins on: 2026-11-23, in microseconds.
const BEGIN: i64 = 1_795_392_000_000_000;

/// The clock on the wall of all machines of a simulation.
pub(super) struct WallClock {
    begun: Instant,
    /// How far it was set away from the true time.
    off_by: AtomicI64,
}

impl WallClock {
    /// A clock that shows this many seconds after the day's beginning.
    pub(super) fn new(seconds: u64) -> Self {
        Self {
            begun: Instant::now(),
            off_by: AtomicI64::new(i64::try_from(seconds).unwrap_or(0) * 1_000_000),
        }
    }

    /// How long the simulation has lasted, whatever the clock shows.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Sets the clock this many seconds further on, or back.
    pub(super) fn set_by(&self, seconds: i64) {
        self.off_by.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(BEGIN + elapsed + self.off_by.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }
}

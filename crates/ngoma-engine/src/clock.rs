//! Where the engine reads the time.

use ngoma_message::Timestamp;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A source of the present moment.
pub trait Clock: Send + Sync {
    /// The moment it is.
    fn now(&self) -> Timestamp;

    /// How much time has passed since some moment: it never goes back, and nobody sets it.
    fn monotonic(&self) -> Duration;

    /// Whether it stands still until it is moved.
    fn is_frozen(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// The machine's time since it was started, sleep included.
    fn monotonic(&self) -> Duration {
        let running = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
        running.map(Duration::from).unwrap_or_default()
    }
}

/// A clock that stands still until it is moved: for tests, and for simulations of a given day.
#[derive(Debug)]
pub struct FrozenClock {
    now: AtomicI64,
    passed: AtomicU64,
}

impl FrozenClock {
    /// A clock that shows this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(moment.micros()),
            passed: AtomicU64::new(0),
        }
    }

    /// Sets the clock to another moment, an earlier one too, without time passing.
    pub fn set(&self, moment: Timestamp) {
        self.now.store(moment.micros(), Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.now.fetch_add(micros, Ordering::SeqCst);
        self.passed.fetch_add(micros.unsigned_abs(), Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.passed.load(Ordering::SeqCst))
    }

    fn is_frozen(&self) -> bool {
        true
    }
}

//! The time by which things expire: the clock's, except for a minute after somebody set it forward. What would be over
//! all at once by a wrong clock is so spared until a person has seen the warning (F31).

use crate::clock::Clock;
use ngoma_message::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How far a clock may get ahead of the time that passed without anybody minding.
const TOLERANCE: Duration = Duration::from_secs(60);
/// How long nothing expires by a clock that was set forward.
const PAUSE: Duration = Duration::from_secs(60);

/// Tells that time.
pub(super) struct ExpiryClock {
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

/// What the clocks showed when they were last trusted.
#[derive(Clone, Copy, Debug)]
struct Seen {
    now: Timestamp,
    passed: Duration,
    /// When it was seen that the clock is ahead.
    ahead_since: Option<Duration>,
}

/// What the clocks show together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// The clock's time.
    Clock,
    /// The clock was just set forward: the time is the one it would show otherwise.
    SetForward(Timestamp),
    /// It was set forward less than a minute ago.
    Ahead(Timestamp),
}

impl ExpiryClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let seen = Seen {
            now: clock.now(),
            passed: clock.monotonic(),
            ahead_since: None,
        };
        Self {
            clock,
            seen: Mutex::new(seen),
        }
    }

    /// The moment by which things expire.
    pub(super) fn now(&self) -> Timestamp {
        let (now, passed) = (self.clock.now(), self.clock.monotonic());
        let reading = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .read(now, passed);
        match reading {
            Reading::Clock => now,
            Reading::Ahead(expected) => expected,
            Reading::SetForward(expected) => {
                tracing::warn!(
                    ahead_s = now.since(expected).as_secs(),
                    pause_s = PAUSE.as_secs(),
                    "the clock was set forward: nothing expires by it for a while"
                );
                expected
            }
        }
    }
}

impl Seen {
    fn read(&mut self, now: Timestamp, passed: Duration) -> Reading {
        let expected = self.now + passed.saturating_sub(self.passed);
        let is_ahead = now > expected + TOLERANCE;
        match self.ahead_since {
            None if is_ahead => {
                self.ahead_since = Some(passed);
                Reading::SetForward(expected)
            }
            Some(since) if is_ahead && passed.saturating_sub(since) < PAUSE => Reading::Ahead(expected),
            _ => {
                *self = Self {
                    now,
                    passed,
                    ahead_since: None,
                };
                Reading::Clock
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_forward_is_not_followed_for_a_minute() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let mut seen = Seen {
            now: at(1000),
            passed: Duration::ZERO,
            ahead_since: None,
        };
        for (passed, shown, expected) in [
            (10, 1010, Reading::Clock),
            (20, 1080, Reading::Clock),
            (30, 4690, Reading::SetForward(at(1090))),
            (89, 4749, Reading::Ahead(at(1149))),
            (90, 4750, Reading::Clock),
            (100, 1160, Reading::Clock),
            (110, 90_000, Reading::SetForward(at(1170))),
            (120, 1180, Reading::Clock),
            (130, 1251, Reading::SetForward(at(1190))),
            // Set back again before the minute is over.
            (140, 1200, Reading::Clock),
            (5000, 6060, Reading::Clock),
        ] {
            let reading = seen.read(at(shown), Duration::from_secs(passed));
            assert_eq!(reading, expected, "{passed} {shown}");
        }
    }
}

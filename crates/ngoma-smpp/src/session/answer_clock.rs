//! The time by which answers are due: it stands while nothing of theirs is read.
//!
//! An answer that lies unread is no answer that failed to come. But a lost one is to be found out even when the other side
//! keeps the inbound window full for ever: so of each stretch in which nothing is read the first [`BETWEEN_TWO`] counts.

use std::time::Duration;

/// How long after one PDU the next may be read, and reading goes on all the same.
const BETWEEN_TWO: Duration = Duration::from_secs(1);

/// A clock that runs with the owner's but for the time in which nothing is read.
#[derive(Debug, Default)]
pub(super) struct AnswerClock {
    /// How long it has stood, all in all.
    stood: Duration,
    /// Since when nothing can be read.
    held_since: Option<Duration>,
    /// Until when nothing is due: what came while it stood is to be read first.
    quiet_until: Duration,
}

impl AnswerClock {
    /// Nothing more can be read from now on.
    pub(super) fn hold(&mut self, now: Duration) {
        self.held_since.get_or_insert(now);
    }

    /// Something was read, or can be read again.
    pub(super) fn go_on(&mut self, now: Duration) {
        let Some(since) = self.held_since.take() else { return };
        let stood = now.saturating_sub(since + BETWEEN_TWO);
        if !stood.is_zero() {
            self.stood += stood;
            self.quiet_until = now + BETWEEN_TWO;
        }
    }

    /// Whether nothing can be read.
    pub(super) fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// What it shows for something that happens now.
    pub(super) fn shows(&self, now: Duration) -> Duration {
        let running = self.held_since.map_or(now, |since| now.min(since + BETWEEN_TWO));
        running.saturating_sub(self.stood)
    }

    /// What it showed when all that had come was read: what was due by then has no answer. Nothing while that is not known.
    pub(super) fn all_read(&self, now: Duration) -> Option<Duration> {
        let moment = match self.held_since {
            Some(since) => since,
            None if now < self.quiet_until => return None,
            None => now,
        };
        Some(moment.saturating_sub(self.stood))
    }

    /// When what is due at this time of the clock has no answer; unknown while nothing is read.
    pub(super) fn moment(&self, due: Duration) -> Option<Duration> {
        let moment = due + self.stood;
        match self.held_since {
            Some(since) => (moment <= since).then_some(moment),
            None => Some(moment.max(self.quiet_until)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Pass(u64),
        Hold,
        GoOn,
    }

    fn a_step() -> impl Strategy<Value = Step> {
        prop_oneof![(0..3_000_u64).prop_map(Step::Pass), Just(Step::Hold), Just(Step::GoOn)]
    }

    proptest! {
        /// It never runs faster than the owner's, never back, and what is due at a moment is due then and not before.
        #[test]
        fn it_stands_or_runs_and_knows_when_something_is_due(
            steps in prop::collection::vec(a_step(), 0..40),
            patience in 1..5_000_u64,
        ) {
            let (mut clock, mut now) = (AnswerClock::default(), Duration::ZERO);
            for step in steps {
                let (before, then) = (clock.shows(now), now);
                match step {
                    Step::Pass(millis) => now += Duration::from_millis(millis),
                    Step::Hold => clock.hold(now),
                    Step::GoOn => clock.go_on(now),
                }
                let shown = clock.shows(now);
                prop_assert!(shown >= before && shown - before <= now - then);
                let all_read = clock.all_read(now);
                prop_assert!(all_read.is_none_or(|read| read <= shown));
                let due = shown.saturating_sub(Duration::from_millis(patience / 2));
                let is_due = all_read.is_some_and(|read| due <= read);
                match clock.moment(due) {
                    Some(moment) => prop_assert_eq!(is_due, moment <= now),
                    None => prop_assert!(!is_due),
                }
            }
        }
    }
}

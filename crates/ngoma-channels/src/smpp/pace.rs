//! How fast a carrier lets a channel send, found out by asking for less when it says "too fast", and for a little more
//! while it does not: additive increase, multiplicative decrease.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long one refusal counts: what was under way with it was sent at the same pace.
const ONCE_IN: Duration = Duration::from_secs(1);
/// The slowest pace, messages a second.
const SLOWEST: f64 = 1.0;
/// How much of the pace at which the carrier refused is added each second.
const INCREASE: f64 = 0.05;
/// At how many times that pace the limit is given up.
const GIVEN_UP_AT: f64 = 2.0;

/// The pace of one channel.
pub struct Pace(Mutex<State>);

struct State {
    /// Nothing while the carrier has not refused any.
    limit: Option<Limit>,
    /// Since when messages are counted, and how many were let go since.
    counted: (Instant, u32),
    /// How many were let go in the second before.
    before: u32,
}

#[derive(Clone, Copy)]
struct Limit {
    /// Messages a second.
    rate: f64,
    /// The pace at which the carrier refused.
    refused_at: f64,
    /// What may go at once; less than none when some were let go ahead.
    tokens: f64,
    updated: Instant,
    refused: Instant,
}

impl Pace {
    /// Without a limit.
    pub fn new() -> Self {
        let limit = None;
        let counted = (Instant::now(), 0);
        let before = 0;
        Self(Mutex::new(State { limit, counted, before }))
    }

    /// Returns when the next message may go.
    pub async fn wait(&self) {
        let wait = self.held().take(Instant::now());
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
    }

    /// The carrier says "too fast".
    pub fn slow_down(&self) {
        self.held().slow_down(Instant::now());
    }

    fn held(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the place of one message; how long it has to wait for it.
    fn take(&mut self, now: Instant) -> Option<Duration> {
        let (since, count) = self.counted;
        if now - since >= ONCE_IN {
            self.before = match now - since < 2 * ONCE_IN {
                true => count,
                false => 0,
            };
            self.counted = (now, 1);
        } else {
            self.counted = (since, count.saturating_add(1));
        }
        let limit = self.limit.as_mut()?;
        let passed = (now - limit.updated).as_secs_f64();
        let before = limit.rate;
        limit.rate += passed * (INCREASE * limit.refused_at).max(SLOWEST * INCREASE);
        // It grew all the while.
        limit.tokens = (limit.tokens + passed * (before + limit.rate) / 2.0).min(1.0);
        limit.updated = now;
        if limit.rate > GIVEN_UP_AT * limit.refused_at {
            self.limit = None;
            return None;
        }
        limit.tokens -= 1.0;
        (limit.tokens < 0.0).then(|| Duration::from_secs_f64(-limit.tokens / limit.rate))
    }

    fn slow_down(&mut self, now: Instant) {
        if self.limit.is_some_and(|limit| now - limit.refused < ONCE_IN) {
            return;
        }
        let seen = f64::from(self.counted.1.max(self.before));
        let refused_at = self.limit.map_or(seen, |limit| limit.rate).max(SLOWEST);
        self.limit = Some(Limit {
            rate: (refused_at / 2.0).max(SLOWEST),
            refused_at,
            tokens: 0.0,
            updated: now,
            refused: now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages go in so many seconds, each as soon as it may; a thousand when nothing is waited for.
    async fn go_in(pace: &Pace, seconds: u64) -> u32 {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut count = 0;
        while Instant::now() < end && count < 1_000 {
            pace.wait().await;
            count += 1;
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn it_halves_when_told_and_grows_while_it_is_not() {
        let pace = Pace::new();
        for _ in 0..100 {
            pace.wait().await;
        }
        // All that was under way is refused: that counts once.
        for _ in 0..20 {
            pace.slow_down();
        }
        let counts = [go_in(&pace, 1).await, go_in(&pace, 1).await, go_in(&pace, 1).await];
        for (count, expected) in counts.into_iter().zip([52, 57, 62]) {
            assert!(count.abs_diff(expected) <= 3, "{counts:?}");
        }
        pace.slow_down();
        let count = go_in(&pace, 1).await;
        assert!((30..=36).contains(&count), "{count}");
    }

    /// What came before counts when the refusal comes early in a second.
    #[tokio::test(start_paused = true)]
    async fn the_pace_is_that_of_a_whole_second() {
        let pace = Pace::new();
        for _ in 0..105 {
            pace.wait().await;
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        pace.slow_down();
        let count = go_in(&pace, 1).await;
        assert!((48..=56).contains(&count), "{count}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_left_behind_is_given_up_and_one_message_a_second_always_goes() {
        let pace = Pace::new();
        for _ in 0..10 {
            pace.wait().await;
        }
        pace.slow_down();
        assert!(go_in(&pace, 20).await < 1_000);
        assert_eq!(go_in(&pace, 60).await, 1_000, "nothing is waited for any more");

        let pace = Pace::new();
        for _ in 0..20 {
            pace.slow_down();
            tokio::time::advance(ONCE_IN).await;
        }
        let count = go_in(&pace, 10).await;
        assert!((10..=20).contains(&count), "{count}");
    }

    /// A limit that a carrier has just refused at.
    fn refused_at(rate: f64, now: Instant) -> State {
        let mut state = Pace::new().0.into_inner().unwrap();
        state.limit = Some(Limit {
            rate,
            refused_at: rate,
            tokens: 0.0,
            updated: now,
            refused: now,
        });
        state
    }

    /// Six refusals, ten seconds apart, at whatever pace it is then: how many messages went in that minute, and how many
    /// should have. Each time the pace is halved, and until the next it grows by half of what it was.
    fn in_a_minute(capacity: f64) -> (f64, f64) {
        let begin = Instant::now();
        let mut state = refused_at(capacity, begin);
        let (mut now, mut count, mut expected) = (begin + ONCE_IN, 0_u32, 0.0);
        for refusal in 1..=6 {
            let (refused_at, since) = (state.limit.unwrap().rate, now);
            state.slow_down(now);
            while now < begin + ONCE_IN + refusal * Duration::from_secs(10) {
                now += state.take(now).unwrap_or_default();
                count += 1;
            }
            let passed = (now - since).as_secs_f64();
            expected += passed * (refused_at / 2.0).max(SLOWEST) + passed * passed / 2.0 * INCREASE * refused_at;
        }
        (count.into(), expected)
    }

    #[test]
    fn over_a_minute_the_pace_is_exact_to_two_hundredths() {
        for capacity in [1.0, 7.0, 33.3, 100.0, 1000.0] {
            let (count, expected) = in_a_minute(capacity);
            // At one message a second it is almost that much too fast: the time that passed counts at the pace at its end.
            assert!(
                (count / expected - 1.0).abs() <= 0.02,
                "{capacity}: {count} of {expected}"
            );
        }
    }
}

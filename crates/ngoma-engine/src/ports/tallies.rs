//! Counts that were made lately, so that a service which asks in every step counts but once in a while, and never twice
//! at the same time.

use super::Totals;
use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long a count is good enough.
const KEPT: Duration = Duration::from_secs(10);
/// How many services' counts are kept; all are forgotten when there are more.
const SERVICES: usize = 10_000;

type Slot = Arc<Mutex<Option<(Duration, Totals)>>>;

/// The counts of services, by number.
#[derive(Default)]
pub(crate) struct Tallies(StdMutex<HashMap<i64, Slot>>);

impl Tallies {
    /// The totals of a service as they were counted lately, or as this counts them.
    pub(crate) async fn totals<E, Counting>(
        &self,
        service: i64,
        now: Duration,
        count: impl FnOnce() -> Counting,
    ) -> Result<Totals, E>
    where
        Counting: Future<Output = Result<Totals, E>>,
    {
        let mut held = self.alone(service).await;
        if let Some((at, totals)) = *held
            && now.saturating_sub(at) < KEPT
        {
            return Ok(totals);
        }
        let totals = count().await?;
        *held = Some((now, totals));
        Ok(totals)
    }

    /// Waits until no other count of the service runs.
    pub(crate) async fn alone(&self, service: i64) -> OwnedMutexGuard<Option<(Duration, Totals)>> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= SERVICES && !slots.contains_key(&service) {
                slots.clear();
            }
            Arc::clone(slots.entry(service).or_default())
        };
        slot.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_count_serves_all_who_ask_within_ten_seconds() {
        let tallies = Tallies::default();
        let ask = async |service, second, counted| {
            let count = || async move {
                Ok::<_, ()>(Totals {
                    received: counted,
                    ..Totals::default()
                })
            };
            let totals = tallies.totals(service, Duration::from_secs(second), count).await;
            totals.unwrap().received
        };
        for (service, second, counted, expected) in [
            (1, 100, 5, 5),
            (1, 109, 6, 5),
            (2, 109, 7, 7),
            (1, 110, 8, 8),
            (1, 50, 9, 8),
        ] {
            assert_eq!(ask(service, second, counted).await, expected, "{service} at {second}");
        }
    }

    #[tokio::test]
    async fn a_count_that_failed_is_not_kept() {
        let tallies = Tallies::default();
        let failed = tallies.totals(1, Duration::ZERO, || async { Err("away") }).await;
        assert_eq!(failed, Err("away"));
        let totals = tallies.totals(1, Duration::ZERO, || async { Ok::<_, &str>(Totals::default()) });
        assert_eq!(totals.await, Ok(Totals::default()));
    }
}

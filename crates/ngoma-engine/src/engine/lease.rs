//! This process's lease on its work: confirmed by a beat now and then. Who was silent for too long may have lost it, and
//! begins nothing until that is known (F32: a process that was stopped and wakes up).

use super::Runtime;
use crate::clock::Clock;
use crate::store::{Store, StoreError};
use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Which part of its lease is its last: a process begins nothing in it, so that what it has just begun ends in time.
const LAST_PART: u32 = 12;
/// How long to wait before a beat that was not stored is tried again.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// The lease this process has now.
pub(crate) struct WorkerLease {
    state: Mutex<State>,
    /// Wakes who waits for a beat, in the order they came: a watch channel would leave that order to chance.
    beaten: Notify,
    clock: Arc<dyn Clock>,
    /// Says that somebody waits for the next beat.
    beat_now: Arc<Notify>,
    /// For how long after a beat this process begins something.
    trusted_for: Duration,
    /// A store that nobody shares is leased for as long as it is open.
    is_shared: bool,
}

#[derive(Clone, Copy, Debug)]
struct State {
    epoch: i64,
    /// When the last beat was begun that was stored, by the clock nobody sets.
    confirmed: Duration,
}

/// How a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Its work is this process's.
    Held,
    /// It has not been confirmed for so long that others may have it.
    Unsure,
    /// Others may have its work.
    Lost,
}

impl State {
    /// How work stands that was taken under this lease; what came from the spool has the negative number.
    fn of(self, lease: i64, now: Duration, trusted_for: Duration) -> Standing {
        let is_recent = now.saturating_sub(self.confirmed) < trusted_for;
        match lease.abs().cmp(&self.epoch) {
            Ordering::Less => Standing::Lost,
            Ordering::Equal if is_recent => Standing::Held,
            // Taken just now, under an epoch that is about to be told here.
            Ordering::Equal | Ordering::Greater => Standing::Unsure,
        }
    }
}

impl WorkerLease {
    /// The lease of a store that was opened at that time, and how long it holds without a beat.
    pub(super) fn new(store: &Store, opened: Duration, clock: Arc<dyn Clock>, holds_for: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                epoch: store.epoch(),
                confirmed: opened,
            }),
            trusted_for: holds_for - holds_for / LAST_PART,
            beaten: Notify::new(),
            clock,
            beat_now: Arc::default(),
            is_shared: store.is_shared(),
        }
    }

    /// Lets the next beat be now.
    pub(super) fn confirm_now(&self) {
        self.beat_now.notify_one();
    }

    /// Whether this process may go on with what it took under that lease. Waits while nobody can tell; false as well when
    /// the engine stops meanwhile.
    pub(crate) async fn holds(&self, lease: i64, is_stopping: impl Fn() -> bool) -> bool {
        loop {
            // Made before the look, so that no beat is missed between the two.
            let beaten = self.beaten.notified();
            let standing = match self.is_shared {
                true => self.state().of(lease, self.clock.monotonic(), self.trusted_for),
                false => Standing::Held,
            };
            match standing {
                Standing::Held => return true,
                Standing::Lost => return false,
                Standing::Unsure if is_stopping() => return false,
                Standing::Unsure => {
                    self.confirm_now();
                    let _ = tokio::time::timeout(AFTER_TROUBLE, beaten).await;
                }
            }
        }
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn confirm(&self, epoch: i64, begun: Duration) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State {
            epoch,
            confirmed: begun,
        };
        self.beaten.notify_waiters();
    }
}

/// Says that this process lives and confirms its lease, until the engine stops; takes a new one when it was lost.
pub(crate) async fn beat_until_stopped(runtime: Weak<Runtime>) {
    loop {
        let Some(runtime) = runtime.upgrade() else { return };
        let is_stopping = runtime.is_stopping();
        if is_stopping && runtime.under_way.is_none() {
            return;
        }
        let beaten = beat(&runtime).await;
        let (every, beat_now) = (runtime.limits.beat_every, Arc::clone(&runtime.lease.beat_now));
        let is_shared = runtime.lease.is_shared;
        drop(runtime);
        match beaten {
            Ok(()) => {
                let _ = tokio::time::timeout(every, beat_now.notified()).await;
            }
            Err(error) => {
                // Where nobody shares the store, a beat is only a sign of life.
                if !is_stopping && is_shared {
                    tracing::warn!(%error, "the lease on this process's work is not confirmed");
                }
                tokio::time::sleep(AFTER_TROUBLE).await;
            }
        }
    }
}

async fn beat(runtime: &Runtime) -> Result<(), StoreError> {
    let begun = runtime.clock.monotonic();
    let epoch = match runtime.store.beat().await? {
        true => runtime.store.epoch(),
        false => {
            tracing::error!("this process was silent for so long that others took its work over; it begins anew");
            let epoch = runtime.store.renew_epoch().await?;
            runtime.look_for_due_work();
            epoch
        }
    };
    runtime.lease.confirm(epoch, begun);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_stands_until_it_was_silent_for_too_long() {
        let state = State {
            epoch: 7,
            confirmed: Duration::from_secs(100),
        };
        for (lease, second, expected) in [
            (7, 100, Standing::Held),
            (-7, 154, Standing::Held),
            (7, 155, Standing::Unsure),
            (-7, 1000, Standing::Unsure),
            (6, 100, Standing::Lost),
            (-6, 1000, Standing::Lost),
            (8, 100, Standing::Unsure),
        ] {
            assert_eq!(
                state.of(lease, Duration::from_secs(second), Duration::from_secs(55)),
                expected,
                "{lease} {second}"
            );
        }
    }
}

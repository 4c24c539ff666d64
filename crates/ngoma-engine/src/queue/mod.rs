//! Takes what waits in the queue's table: what found no place in memory, what is due again, what an earlier process
//! left.

mod unheld;

use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::store::{QueueKind, StoreError};
use crate::{inbound, outbound};
use ngoma_message::Timestamp;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many messages are taken at once from one channel.
const PULL_AT_ONCE: usize = 64;
/// How long the queue is left alone at most: the clock may be set, and nobody says so.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to wait before looking again at a store that could not be read or written.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Takes due work until the engine stops.
pub(crate) async fn pull_until_stopped(runtime: Weak<Runtime>) {
    let mut seen = Timestamp::from_micros(i64::MAX);
    loop {
        let Some(runtime) = runtime.upgrade() else { return };
        if runtime.is_stopping() {
            return;
        }
        let wait = match follow_clock(&runtime, &mut seen).await.and(pull_all(&runtime).await) {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read");
                AFTER_TROUBLE
            }
        };
        let due_work = Arc::clone(&runtime.due_work);
        drop(runtime);
        let _ = tokio::time::timeout(wait, due_work.notified()).await;
    }
}

/// A clock that was set back, also while no engine ran, must not hold back what was due by the clock before.
async fn follow_clock(runtime: &Runtime, seen: &mut Timestamp) -> Result<(), StoreError> {
    let now = runtime.clock.now();
    if now < *seen {
        runtime.store.draw_near(now, outbound::LONGEST_WAIT).await?;
    }
    *seen = now;
    Ok(())
}

/// Takes what is due on every channel; says how long until the next is.
async fn pull_all(runtime: &Arc<Runtime>) -> Result<Duration, StoreError> {
    let mut wait = LONGEST_SLEEP;
    for running in runtime.host.all() {
        running.note_backlog(false);
        unheld::free(runtime, &running).await?;
        for kind in [QueueKind::Inbound, QueueKind::Outbound] {
            wait = wait.min(pull(runtime, &running, kind).await?);
        }
    }
    Ok(wait)
}

async fn pull(runtime: &Arc<Runtime>, running: &Arc<Running>, kind: QueueKind) -> Result<Duration, StoreError> {
    // What is still queued when the engine stops is taken after its next start.
    while !runtime.is_stopping() {
        let now = runtime.clock.now();
        let Some(due) = runtime.store.next_due(kind, running.id).await? else {
            return Ok(LONGEST_SLEEP);
        };
        if due > now {
            return Ok(due.since(now));
        }
        let taken = match kind {
            QueueKind::Inbound => pull_inbound(runtime, running).await?,
            QueueKind::Outbound => pull_outbound(runtime, running).await?,
        };
        if taken == 0 {
            // Whoever frees a place wakes us; one freed just before that was said is seen here.
            running.note_backlog(true);
            if running.room(kind).available_permits() == 0 {
                return Ok(LONGEST_SLEEP);
            }
        }
    }
    Ok(LONGEST_SLEEP)
}

async fn pull_inbound(runtime: &Arc<Runtime>, running: &Arc<Running>) -> Result<usize, StoreError> {
    let places = free_places(runtime, running, QueueKind::Inbound);
    if places.is_empty() {
        return Ok(0);
    }
    let now = runtime.clock.now();
    let pulled = runtime
        .store
        .pull_inbound(running.account, running.id, now, places.len())
        .await
        .inspect_err(|_| running.doubt().is_new = true)?;
    let count = pulled.len();
    for (taken, mut place) in pulled.into_iter().zip(places) {
        place.hold(&taken.id);
        inbound::hand_over(runtime, running, taken, place);
    }
    Ok(count)
}

async fn pull_outbound(runtime: &Arc<Runtime>, running: &Arc<Running>) -> Result<usize, StoreError> {
    let places = free_places(runtime, running, QueueKind::Outbound);
    if places.is_empty() {
        return Ok(0);
    }
    let now = runtime.clock.now();
    let pulled = runtime
        .store
        .pull_outbound(running.account, running.id, now, places.len())
        .await
        .inspect_err(|_| running.doubt().is_new = true)?;
    let count = pulled.len();
    for (taken, mut place) in pulled.into_iter().zip(places) {
        place.hold(&taken.message.id);
        outbound::hand_over(runtime, running, taken, place);
    }
    Ok(count)
}

/// The places that are free now, as many as are filled at once.
fn free_places(runtime: &Runtime, running: &Arc<Running>, kind: QueueKind) -> Vec<Place> {
    std::iter::from_fn(|| runtime.place(running, kind))
        .take(PULL_AT_ONCE)
        .collect()
}

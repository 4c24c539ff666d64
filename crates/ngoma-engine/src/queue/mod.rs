//! Takes what waits in the queue's table: what found no place in memory, what is due again, what an earlier process
//! left.

use crate::channels::Running;
use crate::engine::Runtime;
use crate::store::{QueueKind, StoreError};
use crate::{inbound, outbound};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many messages are taken at once from one channel.
const PULL_AT_ONCE: usize = 64;
/// How long the queue is left alone at most: the clock may be set, and nobody says so.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to wait before looking again at a store that could not be read or written.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Takes due work until the engine stops.
pub(crate) async fn pull_until_stopped(runtime: Weak<Runtime>) {
    loop {
        let Some(runtime) = runtime.upgrade() else { return };
        if runtime.is_stopping() {
            return;
        }
        let wait = match pull_all(&runtime).await {
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

/// Takes what is due on every channel; says how long until the next is.
async fn pull_all(runtime: &Arc<Runtime>) -> Result<Duration, StoreError> {
    let mut wait = LONGEST_SLEEP;
    for running in runtime.host.all() {
        running.note_backlog(false);
        for kind in [QueueKind::Inbound, QueueKind::Outbound] {
            wait = wait.min(pull(runtime, &running, kind).await?);
        }
    }
    Ok(wait)
}

async fn pull(runtime: &Arc<Runtime>, running: &Arc<Running>, kind: QueueKind) -> Result<Duration, StoreError> {
    loop {
        let now = runtime.clock.now();
        let Some(due) = runtime.store.next_due(kind, running.id)? else {
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
            if free_places(room_of(running, kind)) == 0 {
                return Ok(LONGEST_SLEEP);
            }
        }
    }
}

async fn pull_inbound(runtime: &Arc<Runtime>, running: &Arc<Running>) -> Result<usize, StoreError> {
    let now = runtime.clock.now();
    let limit = free_places(&running.inbound_room);
    if limit == 0 {
        return Ok(0);
    }
    let Ok(mut places) = Arc::clone(&running.inbound_room).try_acquire_many_owned(limit) else {
        return Ok(0);
    };
    let pulled = runtime.store.pull_inbound(running.id, now, limit as usize).await?;
    let count = pulled.len();
    for taken in pulled {
        if let Some(place) = places.split(1) {
            inbound::hand_over_pulled(runtime, running, taken, place);
        }
    }
    Ok(count)
}

async fn pull_outbound(runtime: &Arc<Runtime>, running: &Arc<Running>) -> Result<usize, StoreError> {
    let now = runtime.clock.now();
    let limit = free_places(&running.outbound_room);
    if limit == 0 {
        return Ok(0);
    }
    let Ok(mut places) = Arc::clone(&running.outbound_room).try_acquire_many_owned(limit) else {
        return Ok(0);
    };
    let pulled = runtime.store.pull_outbound(running.id, now, limit as usize).await?;
    let count = pulled.len();
    for taken in pulled {
        if let Some(place) = places.split(1) {
            outbound::hand_over(runtime, running, taken, place);
        }
    }
    Ok(count)
}

fn room_of(running: &Running, kind: QueueKind) -> &Semaphore {
    match kind {
        QueueKind::Inbound => &running.inbound_room,
        QueueKind::Outbound => &running.outbound_room,
    }
}

fn free_places(room: &Semaphore) -> u32 {
    u32::try_from(room.available_permits().min(PULL_AT_ONCE)).unwrap_or(0)
}

//! The queue, and the loop that takes from it: what found no place in memory, what is due again, what an earlier process
//! left.

mod broker;
mod brokered;
#[cfg(test)]
mod conformance;
mod contract;
mod follow_ups;
mod in_store;
#[cfg(test)]
mod memory;
mod rabbit;

pub(crate) use brokered::BrokeredQueue;
pub(crate) use contract::{Depth, Lease, LeaseLost, Line, Published, Queue, Ticket};
pub(crate) use follow_ups::pull_follow_ups_until_stopped;
pub(crate) use in_store::StoreQueue;
#[cfg(all(test, feature = "faults"))]
pub(crate) use memory::MemoryBroker;
pub(crate) use rabbit::RabbitBroker;

use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::store::{QueueKind, StoreError};
use crate::{inbound, outbound};
use ngoma_message::Timestamp;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Which queue hands out the work.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum QueueChoice {
    /// The store's own database.
    #[default]
    Store,
    /// RabbitMQ, by its address: `amqp://user:password@host/vhost`.
    Amqp {
        /// The address.
        url: String,
        /// How many partitions the work is spread over, the same for every process; 32 to 128 is usual.
        partitions: u16,
    },
}

/// The address holds a password: it is never shown.
impl std::fmt::Debug for QueueChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Store => "Store",
            Self::Amqp { .. } => "Amqp(…)",
        })
    }
}

/// How many messages are taken at once from one channel.
const PULL_AT_ONCE: usize = 64;
/// How long the queue is left alone at most: the clock may be set, and nobody says so.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to wait before looking again at a store that could not be read or written.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// How long to wait when due work did not come: another process was quicker, or a broker is still bringing it.
const AFTER_NOTHING: Duration = Duration::from_millis(100);

/// Takes due work until the engine stops.
pub(crate) async fn pull_until_stopped(runtime: Weak<Runtime>) {
    let mut seen = Timestamp::from_micros(i64::MAX);
    for turn in 0.. {
        let Some(runtime) = runtime.upgrade() else { return };
        if runtime.is_stopping() {
            return;
        }
        let wait = match follow_clock(&runtime, &mut seen)
            .await
            .and(pull_all(&runtime, turn).await)
        {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read");
                runtime.doubt_lease();
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
    // One that was set forward is seen here also while nothing expires.
    runtime.expiry_now();
    if now < *seen {
        runtime.store.draw_near(now, outbound::LONGEST_WAIT).await?;
    }
    *seen = now;
    Ok(())
}

/// Takes some of what is due on every channel, each in its turn: however much waits on one, the others wait for one pull
/// of it (F37). Says how long until there is more.
async fn pull_all(runtime: &Arc<Runtime>, turn: usize) -> Result<Duration, StoreError> {
    runtime.store.free_unsure_pulls(QueueKind::OF_CHANNELS).await?;
    let mut channels = runtime.host.all();
    if !channels.is_empty() {
        // Another begins each time: who comes first takes the tokens of an account's pace.
        let first = turn % channels.len();
        channels.rotate_left(first);
    }
    let mut wait = LONGEST_SLEEP;
    for running in channels {
        let mut has_due = false;
        for kind in QueueKind::OF_CHANNELS {
            if kind == QueueKind::Outbound && outbound::is_paused(runtime, running.id) {
                // Nobody looks at what waits there.
                has_due = true;
                continue;
            }
            let look = pull(runtime, &running, kind).await?;
            has_due |= look.has_due;
            wait = wait.min(look.wait);
        }
        if !has_due {
            running.note_backlog(false);
        }
    }
    Ok(wait)
}

/// What a look at a line found.
struct Look {
    /// Whether something was due.
    has_due: bool,
    /// How long until there is more.
    wait: Duration,
}

/// Takes some of what is due in a line.
async fn pull(runtime: &Arc<Runtime>, running: &Arc<Running>, kind: QueueKind) -> Result<Look, StoreError> {
    let none_for = |wait| Ok(Look { has_due: false, wait });
    if runtime.is_stopping() {
        // What is still queued when the engine stops is taken after its next start.
        return none_for(LONGEST_SLEEP);
    }
    let now = runtime.clock.now();
    let Some(due) = runtime.queue.next_due(running.line(kind)).await? else {
        return none_for(LONGEST_SLEEP);
    };
    if due > now {
        return none_for(due.since(now));
    }
    // Until a look finds nothing, what comes meanwhile stands behind what is here. Whoever frees a place wakes us; one
    // freed just before this is seen below.
    running.note_backlog(true);
    let wait = take_due(runtime, running, kind, now).await?;
    Ok(Look { has_due: true, wait })
}

/// Takes some of what is due in a line; says how long until there is more.
async fn take_due(
    runtime: &Arc<Runtime>,
    running: &Arc<Running>,
    kind: QueueKind,
    now: Timestamp,
) -> Result<Duration, StoreError> {
    let taken = match kind {
        QueueKind::Inbound => pull_inbound(runtime, running).await?,
        QueueKind::Outbound => pull_outbound(runtime, running).await?,
        QueueKind::Event | QueueKind::Webhook => return Ok(LONGEST_SLEEP),
    };
    if taken > 0 {
        return Ok(Duration::ZERO);
    }
    if running.room(kind).available_permits() == 0 {
        return Ok(LONGEST_SLEEP);
    }
    if kind == QueueKind::Outbound
        && let Err(allowed) = outbound::allowance(runtime, running, now)
    {
        return Ok(allowed.since(now));
    }
    Ok(AFTER_NOTHING)
}

async fn pull_inbound(runtime: &Arc<Runtime>, running: &Arc<Running>) -> Result<usize, StoreError> {
    let (leases, places) = take(runtime, running, QueueKind::Inbound).await?;
    let pulled = runtime.persist(|| runtime.store.inbound_of(leases.clone())).await?;
    let count = pulled.len();
    for (taken, place) in pulled.into_iter().zip(places) {
        inbound::hand_over(runtime, running, taken, place);
    }
    Ok(count)
}

async fn pull_outbound(runtime: &Arc<Runtime>, running: &Arc<Running>) -> Result<usize, StoreError> {
    let (leases, places) = take(runtime, running, QueueKind::Outbound).await?;
    let pulled = runtime.persist(|| runtime.store.outbound_of(leases.clone())).await?;
    let count = pulled.len();
    for (taken, place) in pulled.into_iter().zip(places) {
        outbound::hand_over(runtime, running, taken, place);
    }
    Ok(count)
}

/// Leases as much as there is room for, with the places.
async fn take(
    runtime: &Arc<Runtime>,
    running: &Arc<Running>,
    kind: QueueKind,
) -> Result<(Vec<Lease>, Vec<Place>), StoreError> {
    let now = runtime.clock.now();
    let mut places = free_places(runtime, running, kind);
    if kind == QueueKind::Outbound {
        places.truncate(outbound::allowance(runtime, running, now).unwrap_or(0));
    }
    if places.is_empty() {
        return Ok((Vec::new(), places));
    }
    let leases = runtime.queue.pull(running.line(kind), now, places.len()).await?;
    Ok((leases, places))
}

/// The places that are free now, as many as are filled at once.
fn free_places(runtime: &Runtime, running: &Arc<Running>, kind: QueueKind) -> Vec<Place> {
    std::iter::from_fn(|| runtime.place(running, kind))
        .take(PULL_AT_ONCE)
        .collect()
}

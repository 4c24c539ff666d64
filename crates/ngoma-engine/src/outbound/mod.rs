//! A message goes out: accept (durable), choose its channel, segment; then, when the queue hands it out: may it go now
//! (opt-out, expiry, pause, quiet hours, pace), record the attempt, send, store the outcome, append its event.

pub(crate) mod backlog;
mod bucket;
mod fairness;
mod gate;
mod hours;
mod order;
mod outcome;
mod pace;
mod parts;
mod priority;
mod retry;
mod schedule;
mod segment;
mod way;

pub(crate) use bucket::Bucket;
pub(crate) use fairness::{Fairness, Lane};
pub use hours::{HoursError, QuietHours};
pub(crate) use order::{Order, Turn};
pub(crate) use pace::{Pace, Rate};
pub use priority::{Priority, PriorityError};
pub(crate) use retry::{LONGEST_WAIT, RetryPolicy};
pub use retry::{OnAmbiguous, OnAmbiguousError};
pub(crate) use schedule::schedule;
pub(crate) use segment::{measure, segment};
pub(crate) use way::{Way, address_on, choose_channel, has_way};

use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::metrics::Count;
use crate::panics::caught;
use crate::queue::Lease;
use crate::store::{PulledOutbound, QueueKind, StoreError};
use bucket::Pacing;
use futures_util::FutureExt;
use gate::Gate;
use ngoma_message::Timestamp;
pub(crate) use outcome::attempt;
use std::sync::Arc;

/// Works on a message in its own task, at its place in memory.
pub(crate) fn hand_over(runtime: &Arc<Runtime>, running: &Arc<Running>, taken: PulledOutbound, place: Place) {
    let (runtime, running) = (Arc::clone(runtime), Arc::clone(running));
    let under_way = runtime.under_way.enter();
    // Places in the window are given in the order of turns: one that has none is never waited for by one that has.
    let mut in_window = Box::pin(Arc::clone(&running.sending).acquire_owned());
    let ask = || in_window.as_mut().now_or_never();
    let (turn, at_once) = runtime.order.line_up(running.id, &taken.message.to, ask);
    tokio::spawn(async move {
        if taken.attempt_open {
            drop((turn, at_once, in_window));
            outcome::end_open_attempt(&runtime, &running, taken).await;
        } else {
            let in_window = match at_once {
                Some(in_window) => in_window,
                None => in_window.await,
            };
            if in_window.is_ok() {
                work(&runtime, &running, taken, turn).await;
            }
        }
        drop((place, under_way));
    });
}

async fn work(runtime: &Runtime, running: &Running, taken: PulledOutbound, turn: Turn) {
    let waiting = caught(running.transport.ready());
    tokio::select! {
        biased;
        waited = waiting => if let Err(panic) = waited {
            tracing::error!(message.id = %taken.message.id, panic, "a channel broke off while a message waited for it");
        },
        () = runtime.until_stopping() => {}
    }
    if runtime.is_stopping() {
        // An attempt that is cut off may have been sent or not: none begins now. The queue has it for the next start.
        return;
    }
    if !runtime.holds(taken.lease).await {
        let id = &taken.message.id;
        return runtime
            .give_back(taken.account, QueueKind::Outbound, id, taken.lease)
            .await;
    }
    let gate = runtime.persist(|| gate::pass(runtime, running, &taken)).await;
    match gate {
        Ok(Gate::Open) => {}
        Ok(Gate::Later(due_at)) => return give_back(runtime, running, &taken, due_at).await,
        Ok(Gate::Shut { status, reason }) => {
            return outcome::end(runtime, running, &taken, status, reason).await;
        }
        Err(error) => return tracing::error!(message.id = %taken.message.id, %error, "a message was not sent"),
    }
    let texts = running.transport.parts(&taken.message);
    if texts.len() > 1 {
        return parts::send(runtime, running, taken, turn, texts).await;
    }
    match begin_attempt(runtime, running, &taken).await {
        Ok(()) => attempt(runtime, running, taken, Some(turn)).await,
        Err(error) => tracing::error!(message.id = %taken.message.id, %error, "an attempt was not recorded: not sent"),
    }
}

async fn begin_attempt(runtime: &Runtime, running: &Running, taken: &PulledOutbound) -> Result<(), StoreError> {
    let begin = || {
        let id = taken.message.id.clone();
        runtime
            .store
            .begin_attempt(taken.account, id, runtime.clock.now(), taken.lease)
    };
    if runtime.persist(begin).await? {
        runtime.metrics.count(Count::PossibleDuplicates, Some(running.id));
    }
    Ok(())
}

/// Whether a channel sends nothing for now.
pub(crate) fn is_paused(runtime: &Runtime, channel: i64) -> bool {
    let catalog = runtime.catalog();
    catalog
        .channel(channel)
        .is_some_and(|channel| channel.record.policy.paused)
}

/// How many messages a channel may send now, and when it may send one if it may send none.
pub(crate) fn allowance(runtime: &Runtime, running: &Running, now: Timestamp) -> Result<usize, Timestamp> {
    Pacing::of(running, &runtime.catalog()).peek(now)
}

/// Leaves to the queue a message that may not go yet.
async fn give_back(runtime: &Runtime, running: &Running, taken: &PulledOutbound, due_at: Timestamp) {
    let lease = Lease {
        line: running.line(QueueKind::Outbound),
        item: taken.message.id.clone(),
        attempts: taken.message.attempts,
        attempt_open: false,
        may_repeat: taken.may_repeat,
        hops: taken.hops,
        epoch: taken.lease,
    };
    if let Err(error) = runtime.persist(|| runtime.queue.nak(&lease, due_at)).await {
        tracing::error!(message.id = %taken.message.id, %error, "a message that has to wait was not given back");
    }
    runtime.leave_in_queue(running);
}

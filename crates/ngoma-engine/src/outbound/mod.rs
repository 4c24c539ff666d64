//! A message goes out: accept (durable), choose its channel, segment, record the attempt, send, store the outcome,
//! append its event.
//!
//! There is no list of opt-outs yet, so no step looks at one.

mod retry;
mod segment;
mod way;

pub(crate) use retry::LONGEST_WAIT;
pub(crate) use segment::segment;
pub(crate) use way::{Way, choose_channel};

use crate::bounds::bound_id;
use crate::channel::{SendError, SendErrorKind, Sent};
use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::panics::caught;
use crate::record::Status;
use crate::store::{AttemptResult, OutcomeWrite, PulledOutbound};
use crate::trace::Trail;
use ngoma_message::{MessageId, Timestamp};
use retry::Verdict;
use std::sync::Arc;

/// Works on a message in its own task, at its place in memory.
pub(crate) fn hand_over(runtime: &Arc<Runtime>, running: &Arc<Running>, taken: PulledOutbound, place: Place) {
    let (runtime, running) = (Arc::clone(runtime), Arc::clone(running));
    let under_way = runtime.under_way.enter();
    tokio::spawn(async move {
        work(&runtime, &running, taken).await;
        drop((place, under_way));
    });
}

async fn work(runtime: &Runtime, running: &Running, taken: PulledOutbound) {
    if taken.attempt_open {
        return end_open_attempt(runtime, running, taken).await;
    }
    let Ok(_permit) = running.sending.acquire().await else {
        return;
    };
    if runtime.is_stopping() {
        // An attempt that is cut off may have been sent or not: none begins now. The queue has it for the next start.
        return;
    }
    let begun_at = runtime.clock.now();
    let recorded = runtime
        .persist(|| {
            let id = taken.message.id.clone();
            runtime.store.begin_attempt(taken.account, id, begun_at)
        })
        .await;
    match recorded {
        Ok(()) => attempt(runtime, running, taken, begun_at).await,
        Err(error) => tracing::error!(message.id = %taken.message.id, %error, "an attempt was not recorded: not sent"),
    }
}

/// Sends a message whose attempt is recorded as begun at that moment, once, and stores what came of it.
pub(crate) async fn attempt(runtime: &Runtime, running: &Running, taken: PulledOutbound, begun_at: Timestamp) {
    let mut trail = Trail::default();
    let sending = caught(running.transport.send(&taken.message)).await;
    let result = sending.unwrap_or_else(|panic| Err(SendError::new(SendErrorKind::Ambiguous, broke_off(&panic))));
    let now = runtime.clock.now();
    let id = &taken.message.id;
    let result = match result {
        Ok(Sent { mut provider_id }) => {
            bound_id(provider_id.as_mut());
            let detail = match &provider_id {
                Some(provider_id) => format!("taken by the carrier as {provider_id}"),
                None => "taken by the carrier".to_owned(),
            };
            trail.note_about(id, now, "send", detail);
            AttemptResult::Sent {
                provider_id,
                event: MessageId::generate(),
            }
        }
        Err(error) => fail(runtime, &taken, begun_at, error, &mut trail),
    };
    store_outcome(runtime, running, &taken, result, trail).await;
}

fn broke_off(panic: &str) -> String {
    format!("the channel broke off while it sent: {panic}")
}

fn fail(
    runtime: &Runtime,
    taken: &PulledOutbound,
    begun_at: Timestamp,
    error: SendError,
    trail: &mut Trail,
) -> AttemptResult {
    let now = runtime.clock.now();
    let made = taken.message.attempts + 1;
    match retry::decide(error.kind, made, now.since(taken.created_at), &runtime.limits) {
        Verdict::Later { after, counts } => {
            let detail = format!("not taken: {}; again in {} s", error.reason, after.as_secs());
            trail.note_about(&taken.message.id, now, "send", detail);
            AttemptResult::Later {
                begun_at,
                due_at: now + after,
                counts,
            }
        }
        Verdict::Over { status, why } => {
            let detail = format!("{status}: {}{why}", error.reason);
            trail.note_about(&taken.message.id, now, "send", detail);
            AttemptResult::Over {
                status,
                reason: error.reason,
                event: MessageId::generate(),
            }
        }
    }
}

/// The process before this one ended between an attempt's record and its outcome. An answer somebody waited for came
/// too late in any case; anything else may have been sent, and is not sent again.
async fn end_open_attempt(runtime: &Runtime, running: &Running, taken: PulledOutbound) {
    let (status, reason) = match running.description.has_sessions {
        true => (
            Status::Expired,
            "the engine restarted: nobody waits for this answer any more",
        ),
        false => (
            Status::Unknown,
            "the engine restarted while it was sent: it may have been sent",
        ),
    };
    let mut trail = Trail::default();
    trail.note_about(
        &taken.message.id,
        runtime.clock.now(),
        "send",
        format!("{status}: {reason}"),
    );
    let result = AttemptResult::Over {
        status,
        reason: reason.to_owned(),
        event: MessageId::generate(),
    };
    store_outcome(runtime, running, &taken, result, trail).await;
}

async fn store_outcome(
    runtime: &Runtime,
    running: &Running,
    taken: &PulledOutbound,
    result: AttemptResult,
    trail: Trail,
) {
    let is_later = matches!(result, AttemptResult::Later { .. });
    let outcome = Arc::new(OutcomeWrite {
        account: taken.account,
        channel: running.id,
        message: taken.message.id.clone(),
        root: taken.root.clone(),
        at: runtime.clock.now(),
        result,
        trail,
    });
    let stored = runtime
        .persist(|| runtime.store.record_outcome(Arc::clone(&outcome)))
        .await;
    if let Err(error) = stored {
        tracing::error!(message.id = %taken.message.id, %error, "the outcome of an attempt was not stored");
    } else if is_later {
        runtime.look_for_due_work();
    }
}

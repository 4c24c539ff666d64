//! An attempt, and what is stored of it.

use super::retry::{Failure, RECEIPT_WAIT, RetryPolicies, Verdict};
use super::{OnAmbiguous, Turn, address_on, parts};
use crate::bounds::bound_id;
use crate::channel::{SendError, SendErrorKind, Sent};
use crate::channels::Running;
use crate::engine::Runtime;
use crate::panics::caught;
use crate::receipts::key_of_sent;
use crate::record::Status;
use crate::store::{AttemptResult, OutcomeWrite, PartOutcome, PulledOutbound};
use crate::trace::Trail;
use ngoma_message::MessageId;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// How many channels pass a message on, so that two that name each other do not pass it for ever.
const MOST_HOPS: u32 = 3;

/// Sends a message whose attempt is recorded, once, in its turn if it stands in line, and stores what came of it.
pub(crate) async fn attempt(runtime: &Runtime, running: &Running, taken: PulledOutbound, mut turn: Option<Turn>) {
    let mut trail = Trail::default();
    if let Some(turn) = &mut turn {
        turn.come().await;
    }
    if !runtime.holds(taken.lease).await {
        return end_unsent(runtime, running, &taken, trail).await;
    }
    let sending = Instant::now();
    let sent = handed_over(caught(running.transport.send(&taken.message)), turn).await;
    runtime.metrics.measure_send(sending.elapsed());
    let result = sent.unwrap_or_else(|panic| Err(SendError::new(SendErrorKind::Ambiguous, broke_off(&panic))));
    let result = match result {
        Ok(sent) => taken_by_carrier(runtime, running, &taken, sent, &mut trail),
        Err(SendError {
            kind: SendErrorKind::HandedOn,
            reason,
        }) => handed_on(runtime, &taken, reason, &mut trail),
        Err(error) => failed(runtime, running, &taken, error, &mut trail),
    };
    store(runtime, running, &taken, result, trail).await;
}

/// Hands a message to the transport; then whoever is behind it may be handed over, whatever becomes of it.
pub(super) async fn handed_over<T>(sending: impl Future<Output = T>, turn: Option<Turn>) -> T {
    let mut sending = pin!(sending);
    let at_once = poll_fn(|context| Poll::Ready(sending.as_mut().poll(context))).await;
    drop(turn);
    match at_once {
        Poll::Ready(sent) => sent,
        Poll::Pending => sending.await,
    }
}

/// Ends an attempt that was recorded and not begun: this process may have lost the message meanwhile, and then this
/// changes nothing.
pub(super) async fn end_unsent(runtime: &Runtime, running: &Running, taken: &PulledOutbound, mut trail: Trail) {
    let now = runtime.clock.now();
    let detail = "not begun: another process may have the message";
    trail.note_about(&taken.message.id, now, "send", detail);
    let result = AttemptResult::Later {
        due_at: now,
        counts: false,
        may_repeat: false,
    };
    store(runtime, running, taken, result, trail).await;
}

fn broke_off(panic: &str) -> String {
    format!("the channel broke off while it sent: {panic}")
}

fn taken_by_carrier(
    runtime: &Runtime,
    running: &Running,
    taken: &PulledOutbound,
    sent: Sent,
    trail: &mut Trail,
) -> AttemptResult {
    let Sent { mut provider_id } = sent;
    let catalog = runtime.catalog();
    let channel = catalog.channel(running.id);
    let carrier_key = channel
        .zip(provider_id.as_deref())
        .map(|(channel, id)| key_of_sent(channel, id));
    bound_id(provider_id.as_mut());
    let detail = match &provider_id {
        Some(provider_id) => format!("taken by the carrier as {provider_id}"),
        None => "taken by the carrier".to_owned(),
    };
    trail.note_about(&taken.message.id, runtime.clock.now(), "send", detail);
    AttemptResult::Sent {
        provider_id,
        carrier_key,
        event: MessageId::generate(),
    }
}

fn handed_on(runtime: &Runtime, taken: &PulledOutbound, reason: String, trail: &mut Trail) -> AttemptResult {
    trail.note_about(&taken.message.id, runtime.clock.now(), "send", &reason);
    AttemptResult::HandedOn { reason }
}

fn failed(
    runtime: &Runtime,
    running: &Running,
    taken: &PulledOutbound,
    error: SendError,
    trail: &mut Trail,
) -> AttemptResult {
    let now = runtime.clock.now();
    let id = &taken.message.id;
    match decide(runtime, running, taken, error.kind) {
        Verdict::Later {
            after,
            counts,
            may_repeat,
        } => {
            let detail = format!("not taken: {}; again in {} s", error.reason, after.as_secs());
            trail.note_about(id, now, "send", detail);
            AttemptResult::Later {
                due_at: now + after,
                counts,
                may_repeat,
            }
        }
        Verdict::Over { status, why } => {
            let detail = format!("{status}: {}{why}", error.reason);
            trail.note_about(id, now, "send", detail);
            let other = (status == Status::Failed).then(|| pass_on(runtime, running, taken, trail));
            other.flatten().unwrap_or(AttemptResult::Over {
                status,
                reason: error.reason,
                event: MessageId::generate(),
            })
        }
    }
}

pub(super) fn decide(runtime: &Runtime, running: &Running, taken: &PulledOutbound, kind: SendErrorKind) -> Verdict {
    let catalog = runtime.catalog();
    let policy = catalog.channel(running.id).map(|channel| &channel.record.policy);
    let policies = RetryPolicies {
        on_ambiguous: policy.map_or(OnAmbiguous::Hold, |policy| policy.on_ambiguous),
        receipt_wait: policy
            .and_then(|policy| policy.resend_after)
            .map_or(RECEIPT_WAIT, Duration::from_secs),
        ..RetryPolicies::from_limits(&runtime.limits)
    };
    let kind = match kind {
        SendErrorKind::Ambiguous if running.transport.may_repeat() => SendErrorKind::Unreachable,
        kind => kind,
    };
    policies.decide(&Failure {
        kind,
        made: taken.message.attempts + 1,
        may_have_been_sent: taken.may_repeat,
        at: runtime.expiry_now(),
        created_at: taken.created_at,
        expires_at: taken.expires_at,
        random: 0,
    })
}

/// The channel that tries what this one could not send, if its policy names one that can.
pub(super) fn pass_on(
    runtime: &Runtime,
    running: &Running,
    taken: &PulledOutbound,
    trail: &mut Trail,
) -> Option<AttemptResult> {
    let catalog = runtime.catalog();
    let channel = catalog.channel(running.id)?;
    let name = channel.record.policy.fail_over.as_deref()?;
    let now = runtime.clock.now();
    let mut refuse = |problem: &str| {
        trail.note_about(
            &taken.message.id,
            now,
            "fail over",
            format!("not to channel {name}: {problem}"),
        );
        None
    };
    if taken.hops >= MOST_HOPS {
        return refuse("it was passed on too often");
    }
    let Some(other) = catalog.channel_named(&channel.account_code, name) else {
        return refuse("there is no such channel");
    };
    let able = runtime.host.get(other.id).filter(|able| !able.description.has_sessions);
    let Some(able) = able else {
        return refuse("it does not run, or only answers");
    };
    trail.note_about(&taken.message.id, now, "fail over", format!("channel {name} tries it"));
    let own = other.record.address.as_deref();
    Some(AttemptResult::PassedOn {
        channel: other.id,
        from: own.map(|own| address_on(&able, other, own)),
    })
}

/// The process before this one ended between an attempt's record and its outcome. An answer somebody waited for came
/// too late in any case; anything else may have been sent.
pub(super) async fn end_open_attempt(runtime: &Runtime, running: &Running, taken: PulledOutbound) {
    let mut trail = Trail::default();
    let id = &taken.message.id;
    if running.description.has_sessions {
        let reason = "the engine restarted: nobody waits for this answer any more";
        return end(runtime, running, &taken, Status::Expired, reason.to_owned()).await;
    }
    let reason = "the engine restarted while it was sent: it may have been sent";
    if running.transport.parts(&taken.message).len() > 1 {
        match runtime.persist(|| runtime.store.parts_of(taken.account, id)).await {
            Ok(held) if held.is_empty() => {}
            Ok(held) => return parts::end_open_attempt(runtime, running, &taken, held, reason).await,
            Err(error) => {
                return tracing::error!(message.id = %id, %error, "the parts of a message cannot be read");
            }
        }
    }
    // The attempt was counted when it was recorded.
    let mut before = taken.clone();
    before.message.attempts = taken.message.attempts.saturating_sub(1);
    let now = runtime.clock.now();
    let result = match decide(runtime, running, &before, SendErrorKind::Ambiguous) {
        Verdict::Later {
            after,
            counts,
            may_repeat,
        } => {
            let detail = format!("{reason}; once more in {} s unless a receipt comes", after.as_secs());
            trail.note_about(id, now, "send", detail);
            AttemptResult::Later {
                due_at: now + after,
                counts,
                may_repeat,
            }
        }
        Verdict::Over { status, .. } => {
            trail.note_about(id, now, "send", format!("{status}: {reason}"));
            AttemptResult::Over {
                status,
                reason: reason.to_owned(),
                event: MessageId::generate(),
            }
        }
    };
    store(runtime, running, &taken, result, trail).await;
}

/// Ends a message without an attempt.
pub(super) async fn end(runtime: &Runtime, running: &Running, taken: &PulledOutbound, status: Status, reason: String) {
    let mut trail = Trail::default();
    let detail = format!("{status}: {reason}");
    trail.note_about(&taken.message.id, runtime.clock.now(), "send", detail);
    let result = AttemptResult::Over {
        status,
        reason,
        event: MessageId::generate(),
    };
    store(runtime, running, taken, result, trail).await;
}

async fn store(runtime: &Runtime, running: &Running, taken: &PulledOutbound, result: AttemptResult, trail: Trail) {
    store_part(runtime, running, taken, None, result, trail).await;
}

/// Stores what an attempt brought, perhaps for one part; says whether the next part may go.
pub(super) async fn store_part(
    runtime: &Runtime,
    running: &Running,
    taken: &PulledOutbound,
    part: Option<PartOutcome>,
    result: AttemptResult,
    trail: Trail,
) -> bool {
    let waits = matches!(result, AttemptResult::Later { .. } | AttemptResult::PassedOn { .. });
    let outcome = Arc::new(OutcomeWrite {
        id: MessageId::generate(),
        lease: taken.lease,
        account: taken.account,
        channel: running.id,
        message: taken.message.id.clone(),
        root: taken.root.clone(),
        at: runtime.clock.now(),
        part,
        result,
        trail,
        listeners: runtime.catalog().listeners(taken.account),
    });
    let stored = runtime
        .persist(|| runtime.store.record_outcome(Arc::clone(&outcome)))
        .await;
    let effects = match stored {
        Ok(effects) => effects,
        Err(error) => {
            tracing::error!(message.id = %taken.message.id, %error, "the outcome of an attempt was not stored");
            return false;
        }
    };
    if waits {
        runtime.look_for_due_work();
    } else if !outcome.listeners.is_empty() {
        runtime.look_for_follow_ups();
    }
    effects.goes_on
}

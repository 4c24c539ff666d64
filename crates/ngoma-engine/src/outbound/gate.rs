//! Whether a message may go out now: the checks right before an attempt, in their order.

use super::bucket::Pacing;
use super::{Priority, is_paused};
use crate::channels::Running;
use crate::directory::ChannelPolicy;
use crate::engine::Runtime;
use crate::record::Status;
use crate::store::{PulledOutbound, StoreError};
use ngoma_message::Timestamp;

/// What the checks found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gate {
    /// It goes.
    Open,
    /// It waits until then.
    Later(Timestamp),
    /// It does not go at all.
    Shut {
        /// The message's status.
        status: Status,
        /// Why.
        reason: String,
    },
}

/// Lets a message through, takes its token of each pace, or tells why not.
pub(super) async fn pass(runtime: &Runtime, running: &Running, taken: &PulledOutbound) -> Result<Gate, StoreError> {
    let now = runtime.clock.now();
    let catalog = runtime.catalog();
    let policy = catalog.channel(running.id).map(|channel| &channel.record.policy);
    if taken.message.in_reply_to.is_none() && is_opted_out(runtime, taken).await? {
        return Ok(shut(
            Status::Cancelled,
            "the person does not want messages of this account",
        ));
    }
    if taken
        .expires_at
        .is_some_and(|expires_at| expires_at <= runtime.expiry_now())
    {
        return Ok(match taken.may_repeat {
            true => shut(
                Status::Unknown,
                "it may have been sent before it was of no use any more",
            ),
            false => shut(Status::Expired, "it waited until it was of no use any more"),
        });
    }
    if is_paused(runtime, running.id) {
        return Ok(Gate::Later(now));
    }
    if let Some(allowed) = policy.and_then(|policy| quiet_until(policy, taken, now)) {
        return Ok(Gate::Later(allowed));
    }
    match Pacing::of(running, &catalog).take(now) {
        Ok(()) => Ok(Gate::Open),
        Err(wait) => Ok(Gate::Later(now + wait)),
    }
}

fn shut(status: Status, reason: &str) -> Gate {
    Gate::Shut {
        status,
        reason: reason.to_owned(),
    }
}

async fn is_opted_out(runtime: &Runtime, taken: &PulledOutbound) -> Result<bool, StoreError> {
    match taken.is_opted_out {
        Some(is_opted_out) => Ok(is_opted_out),
        None => runtime.store.is_opted_out(taken.account, &taken.message.to).await,
    }
}

/// Until when quiet hours hold a message back. Whoever asked is answered at night too, and a code to sign in with does
/// not wait.
fn quiet_until(policy: &ChannelPolicy, taken: &PulledOutbound, now: Timestamp) -> Option<Timestamp> {
    let may_disturb = taken.message.in_reply_to.is_some() || taken.priority == Priority::Urgent.number();
    let quiet_hours = policy.quiet_hours.as_ref().filter(|_| !may_disturb)?;
    quiet_hours.next_allowed(now)
}

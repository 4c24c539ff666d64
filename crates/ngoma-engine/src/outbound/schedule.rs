//! A message that a service has sent for later: it is durable at once, and waits in the queue until it is due.

use crate::engine::Runtime;
use crate::store::NewOutbound;
use crate::trace::Trail;
use ngoma_message::Timestamp;
use std::time::Duration;

/// Lets a message that goes by its channel wait until then. It is of use from then on, as long as its channel says.
pub(crate) fn schedule(
    runtime: &Runtime,
    message: &mut NewOutbound,
    due_at: Timestamp,
    now: Timestamp,
    trail: &mut Trail,
) {
    trail.note_about(&message.id, now, "schedule", format!("due at {} UTC", due_at.to_vumi()));
    let catalog = runtime.catalog();
    let channel = message.channel.and_then(|channel| catalog.channel(channel));
    let valid_for = channel.and_then(|channel| channel.record.policy.valid_for);
    message.expires_at = valid_for.map(|seconds| due_at + Duration::from_secs(seconds));
}

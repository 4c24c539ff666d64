//! What the store does not take now is kept in the spool, and its sender is answered as if it were stored.

use super::unavailable;
use crate::channel::{ReceiveError, Received};
use crate::channels::Running;
use crate::engine::Runtime;
use crate::panics::caught;
use crate::store::{Arrival, InboundMessage, SpooledInbound, StoreError};
use crate::trace::Trail;

/// Told to a person who waits for an answer.
const NO_ANSWER_NOW: &str = "the store is not available: the message is handled later";

/// Whether earlier arrivals of the channel wait in the spool: what comes now must not overtake them.
pub(crate) fn must_wait(runtime: &Runtime, channel: i64) -> bool {
    runtime.spool.as_ref().is_some_and(|spool| spool.holds(channel))
}

/// Waits for the store, as long as the door has patience where there is a spool. What the store then commits all the
/// same is found again by its id.
pub(crate) async fn within_patience<T>(
    runtime: &Runtime,
    storing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    if runtime.spool.is_none() {
        return storing.await;
    }
    let late = |_| Err(StoreError::Unavailable("it did not answer in time".into()));
    tokio::time::timeout(runtime.limits.store_patience, storing)
        .await
        .unwrap_or_else(late)
}

/// Keeps an arrival in the spool; when this returns it is on the disk.
pub(crate) async fn spool(runtime: &Runtime, arrival: Arrival) -> Result<(), ReceiveError> {
    let Some(spool) = &runtime.spool else {
        return Err(ReceiveError::Unavailable("there is no spool".into()));
    };
    spool.keep(arrival, runtime.clock.now()).await.map_err(unavailable)
}

/// Keeps a message. `lease` is the one it was to be stored with, if the store was asked. A person who waits for an
/// answer gets the channel's own text.
pub(super) async fn keep(
    runtime: &Runtime,
    running: &Running,
    message: InboundMessage,
    trail: Trail,
    lease: Option<i64>,
) -> Result<Received, ReceiveError> {
    let waits = message.session.is_some() && !message.is_close();
    let received = match message.part {
        Some(_) => Received::Held,
        None => Received::Stored,
    };
    let id = message.id.clone();
    let spooled = SpooledInbound { message, trail, lease };
    spool(runtime, Arrival::Inbound(Box::new(spooled))).await?;
    if waits && let Err(panic) = caught(running.transport.give_up(&id, NO_ANSWER_NOW)).await {
        tracing::error!(message.id = %id, panic, "a channel could not be told that no answer comes");
    }
    Ok(received)
}

//! Delivery receipts: matched to a message of the same channel, never moving its status back.

mod carrier_id;
mod late_answer;

pub use carrier_id::{Base, IdBase, IdBaseError};
pub(crate) use late_answer::answer;

use crate::bounds::bound_id;
use crate::channel::{Receipt, ReceiptFor, ReceiveError, Reported};
use crate::directory::ChannelEntry;
use crate::engine::Runtime;
use crate::inbound::{must_wait, spool, unavailable, within_patience};
use crate::store::{Arrival, ReceiptResult, ReceiptWrite, StoreError};
use carrier_id::{Side, canonical};
use ngoma_message::{Event, EventKind, MessageId, Object};

/// Takes a receipt from a channel. When this returns it is durable. A receipt by a provider's id that no message has
/// yet is kept: it may have overtaken the answer to the send it is about.
pub(crate) async fn report(
    runtime: &Runtime,
    channel: &ChannelEntry,
    mut receipt: Receipt,
) -> Result<Reported, ReceiveError> {
    if let ReceiptFor::ProviderId(id) = &mut receipt.about {
        *id = carrier_key(channel.record.policy.id_base, Side::Receipt, id);
    }
    let write = ReceiptWrite {
        account: channel.account,
        channel: channel.id,
        event: MessageId::generate(),
        at: runtime.clock.now(),
        listeners: runtime.catalog().listeners(channel.account),
        receipt,
    };
    let is_heard = !write.listeners.is_empty();
    let mut event = Event {
        id: write.event.clone(),
        timestamp: write.at,
        message_id: MessageId::from(""),
        kind: EventKind::DeliveryReport(write.receipt.status),
        routing_metadata: Object::new(),
        helper_metadata: Object::new(),
        extra: Object::new(),
    };
    if must_wait(runtime, write.channel) {
        return keep(runtime, write).await;
    }
    let recorded = match within_patience(runtime, runtime.store.record_receipt(write.clone())).await {
        Err(StoreError::Unavailable(_)) if runtime.spool.is_some() => return keep(runtime, write).await,
        recorded => recorded.map_err(unavailable)?,
    };
    match recorded {
        ReceiptResult::Unknown => Err(ReceiveError::UnknownMessage),
        ReceiptResult::Held => Ok(Reported::Held),
        ReceiptResult::Unchanged => Ok(Reported::Unchanged),
        ReceiptResult::Recorded(message, said) => {
            if is_heard {
                runtime.look_for_follow_ups();
            }
            event.message_id = message;
            event.kind = EventKind::DeliveryReport(said);
            Ok(Reported::Recorded(Box::new(event)))
        }
    }
}

/// The id the carrier's answer to sending gave, in the form receipts are matched by.
pub(crate) fn key_of_sent(channel: &ChannelEntry, provider_id: &str) -> String {
    carrier_key(channel.record.policy.id_base, Side::Response, provider_id)
}

/// The same of an id that a receipt tells.
fn key_of_receipt(channel: &ChannelEntry, provider_id: &str) -> String {
    carrier_key(channel.record.policy.id_base, Side::Receipt, provider_id)
}

fn carrier_key(base: IdBase, side: Side, id: &str) -> String {
    let mut key = canonical(base, side, id);
    bound_id(Some(&mut key));
    key
}

/// Does receipts that crossed the answers to their sends, at most `limit`; says how many.
pub(crate) async fn join_crossed(runtime: &Runtime, limit: usize) -> Result<usize, StoreError> {
    let now = runtime.clock.now();
    let crossed = runtime.store.crossed_receipts(now, limit).await?;
    let count = crossed.len();
    for receipt in crossed {
        let listeners = runtime.catalog().listeners(receipt.account);
        runtime.store.join_crossed(receipt, now, listeners).await?;
    }
    if count > 0 {
        runtime.look_for_follow_ups();
    }
    Ok(count)
}

/// Keeps a receipt until the store takes it.
async fn keep(runtime: &Runtime, write: ReceiptWrite) -> Result<Reported, ReceiveError> {
    spool(runtime, Arrival::Receipt(write)).await?;
    Ok(Reported::Held)
}

//! Delivery receipts, matched within one channel.

use super::columns::IdColumn;
use super::outcomes::{append_event, set_status};
use super::queue::dequeue;
use super::writer::OpError;
use super::{Store, StoreError};
use crate::channel::{Receipt, ReceiptFor};
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{DeliveryStatus, MessageId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

/// A receipt to be stored.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptWrite {
    pub(crate) channel: i64,
    pub(crate) receipt: Receipt,
    pub(crate) event: MessageId,
    pub(crate) at: Timestamp,
}

/// What a receipt did to its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReceiptResult {
    /// No message of the channel is meant.
    Unknown,
    /// The message had that status or a later one.
    Unchanged,
    /// An event was appended to this message.
    Recorded(MessageId),
}

impl Store {
    /// Stores what a receipt says about an outbound message of its channel.
    pub(crate) async fn record_receipt(&self, write: ReceiptWrite) -> Result<ReceiptResult, StoreError> {
        self.write(move |db| record(db, &write)).await
    }
}

fn record(db: &Connection, write: &ReceiptWrite) -> Result<ReceiptResult, OpError> {
    let Some((seq, root, IdColumn(id), held)) = find(db, write.channel, &write.receipt.about)? else {
        return Ok(ReceiptResult::Unknown);
    };
    let (word, status) = match write.receipt.status {
        DeliveryStatus::Pending => ("pending", None),
        DeliveryStatus::Failed => ("failed", Some(Status::Failed)),
        DeliveryStatus::Delivered => ("delivered", Some(Status::Delivered)),
    };
    let held = Status::from_number(held);
    let reason = write.receipt.reason.as_deref();
    let says = match reason {
        Some(reason) => format!("the carrier says {word}: {reason}"),
        None => format!("the carrier says {word}"),
    };
    let mut trail = Trail::default();
    let moves = match status {
        Some(status) => set_status(db, seq, status, reason)?,
        None => !held.is_final(),
    };
    if !moves {
        trail.note_about(&id, write.at, "receipt", format!("{says}; it was {held} already"));
        super::queries::append_trace(db, root, &trail)?;
        return Ok(ReceiptResult::Unchanged);
    }
    if status.is_some() {
        // The carrier has it: whatever else was to be tried is over.
        dequeue(db, seq)?;
    }
    append_event(db, seq, &write.event, write.at, word, reason)?;
    trail.note_about(&id, write.at, "receipt", says);
    super::queries::append_trace(db, root, &trail)?;
    Ok(ReceiptResult::Recorded(id))
}

type Found = (i64, i64, IdColumn, i64);

/// The latest message a receipt means, since providers use ids again.
fn find(db: &Connection, channel: i64, about: &ReceiptFor) -> Result<Option<Found>, OpError> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let found = match about {
        ReceiptFor::MessageId(id) => db
            .prepare_cached(
                "SELECT seq, root, id, status FROM message WHERE id = ?1 AND channel = ?2 AND direction = 1",
            )?
            .query_row((IdColumn(id.clone()), channel), read)
            .optional()?,
        ReceiptFor::ProviderId(id) => db
            .prepare_cached(
                "SELECT seq, root, id, status FROM message WHERE channel = ?2 AND provider_id = ?1 AND direction = 1
                ORDER BY seq DESC LIMIT 1",
            )?
            .query_row((id, channel), read)
            .optional()?,
    };
    Ok(found)
}

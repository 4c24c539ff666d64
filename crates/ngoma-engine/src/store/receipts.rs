//! Delivery receipts, matched within one channel; those that come before the id they name wait for it.

use super::backend::OpError;
use super::events::{NewEvent, append_event};
use super::outcomes::{OutcomeWrite, set_status};
use super::partitions::{CARRIER_ID_DAYS, ORPHAN_DAYS};
use super::sql::{Db, SqlError, args};
use super::work::end;
use super::{QueueKind, Store, StoreError};
use crate::channel::{Receipt, ReceiptFor};
use crate::directory::Listeners;
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{DeliveryStatus, MessageId, Timestamp};
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// How many receipts of a channel wait on one day for ids that nobody knows; more are refused.
const ORPHANS: i64 = 10_000;

/// A receipt to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReceiptWrite {
    pub(crate) account: i64,
    pub(crate) channel: i64,
    pub(crate) receipt: Receipt,
    pub(crate) event: MessageId,
    pub(crate) at: Timestamp,
    /// Who is told of it.
    pub(crate) listeners: Arc<Listeners>,
}

/// What a receipt did to its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReceiptResult {
    /// No message of the channel is meant.
    Unknown,
    /// No message is known by that id yet: it is kept until one is.
    Held,
    /// The message had that status or a later one.
    Unchanged,
    /// An event was appended to this message.
    Recorded(MessageId),
}

impl Store {
    /// Stores what a receipt says about an outbound message of its channel.
    pub(crate) async fn record_receipt(&self, write: ReceiptWrite) -> Result<ReceiptResult, StoreError> {
        let (channel, status) = (write.channel, write.receipt.status);
        let storing = self.write(write.account, move |db| take_receipt(db, &write));
        let result = storing.await?;
        self.inner.metrics.note_receipt(channel, status, &result);
        Ok(result)
    }
}

pub(super) fn take_receipt(db: &mut dyn Db, write: &ReceiptWrite) -> Result<ReceiptResult, OpError> {
    let found = match &write.receipt.about {
        ReceiptFor::MessageId(id) => find_by_id(db, write, id)?,
        ReceiptFor::ProviderId(key) => match find_by_carrier_id(db, write, key)? {
            Some(found) => Some(found),
            None => return hold(db, write, key),
        },
    };
    match found {
        Some(found) => Ok(apply(db, write, &found, write.at)?),
        None => Ok(ReceiptResult::Unknown),
    }
}

/// The message a receipt is about.
struct Found {
    message: MessageId,
    root: Option<MessageId>,
    status: Status,
}

fn find_by_id(db: &mut dyn Db, write: &ReceiptWrite, id: &MessageId) -> Result<Option<Found>, SqlError> {
    let row = db.first(
        "SELECT id, root, status FROM message WHERE account = ?1 AND id = ?2 AND channel = ?3 AND direction = 1",
        &args![write.account, id, write.channel],
    )?;
    row.map(|row| {
        Ok(Found {
            message: row.get(0)?,
            root: row.get(1)?,
            status: Status::from_number(row.get(2)?),
        })
    })
    .transpose()
}

/// The latest message a receipt means, since providers use ids again.
fn find_by_carrier_id(db: &mut dyn Db, write: &ReceiptWrite, key: &str) -> Result<Option<Found>, SqlError> {
    let today = day(write.at);
    for day in (today - CARRIER_ID_DAYS..=today + 1).rev() {
        let known = db.first(
            "SELECT message FROM carrier_id WHERE account = ?1 AND day = ?2 AND channel = ?3 AND key = ?4
            ORDER BY message DESC LIMIT 1",
            &args![write.account, day, write.channel, key],
        )?;
        if let Some(known) = known {
            return find_by_id(db, write, &known.get(0)?);
        }
    }
    Ok(None)
}

/// Keeps a receipt that came before the answer to the send it is about.
fn hold(db: &mut dyn Db, write: &ReceiptWrite, key: &str) -> Result<ReceiptResult, OpError> {
    #[cfg(feature = "faults")]
    if crate::faults::is_planted(crate::faults::Fault::EarlyReceiptDropped) {
        return Ok(ReceiptResult::Held);
    }
    let (account, day) = (write.account, day(write.at));
    let waiting = db.number(
        "SELECT count(*) FROM (SELECT 1 AS one FROM orphan_receipt WHERE account = ?1 AND day = ?2 AND channel = ?3
        LIMIT ?4) AS waiting",
        &args![account, day, write.channel, ORPHANS],
    )?;
    if waiting >= ORPHANS {
        return Ok(ReceiptResult::Unknown);
    }
    let status = word(write.receipt.status);
    db.execute(
        "INSERT INTO orphan_receipt (account, day, channel, key, id, at, status, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        &args![
            account,
            day,
            write.channel,
            key,
            &write.event,
            write.at,
            status,
            &write.receipt.reason
        ],
    )?;
    Ok(ReceiptResult::Held)
}

/// From now on this id means the message.
pub(super) fn know_carrier_id(db: &mut dyn Db, outcome: &OutcomeWrite, key: &str) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO carrier_id (account, day, channel, key, message, part) VALUES (?1, ?2, ?3, ?4, ?5, 1)
        ON CONFLICT DO NOTHING",
        &args![outcome.account, day(outcome.at), outcome.channel, key, &outcome.message],
    )
    .map(drop)
}

/// Receipts that named an id before it was known are done now; gives what those said that moved the message.
pub(super) fn join_orphans(
    db: &mut dyn Db,
    outcome: &OutcomeWrite,
    key: &str,
) -> Result<Vec<DeliveryStatus>, SqlError> {
    let mut joined = Vec::new();
    let (account, today) = (outcome.account, day(outcome.at));
    for day in today - ORPHAN_DAYS..=today + 1 {
        let held = db.query(
            "DELETE FROM orphan_receipt WHERE account = ?1 AND day = ?2 AND channel = ?3 AND key = ?4
            RETURNING at, status, reason",
            &args![account, day, outcome.channel, key],
        )?;
        for row in held {
            let status = match row.get::<String>(1)?.as_str() {
                "delivered" => DeliveryStatus::Delivered,
                "failed" => DeliveryStatus::Failed,
                _ => DeliveryStatus::Pending,
            };
            let write = ReceiptWrite {
                account,
                channel: outcome.channel,
                receipt: Receipt {
                    about: ReceiptFor::ProviderId(key.to_owned()),
                    status,
                    reason: row.get(2)?,
                },
                // After the ack, of which those who are told of both hear first.
                event: MessageId::generate(),
                at: row.get(0)?,
                listeners: Arc::clone(&outcome.listeners),
            };
            if let Some(found) = find_by_id(db, &write, &outcome.message)?
                && matches!(apply(db, &write, &found, outcome.at)?, ReceiptResult::Recorded(_))
            {
                joined.push(status);
            }
        }
    }
    Ok(joined)
}

fn apply(db: &mut dyn Db, write: &ReceiptWrite, found: &Found, now: Timestamp) -> Result<ReceiptResult, SqlError> {
    let (account, id) = (write.account, &found.message);
    let status = match write.receipt.status {
        DeliveryStatus::Pending => None,
        DeliveryStatus::Failed => Some(Status::Failed),
        DeliveryStatus::Delivered => Some(Status::Delivered),
    };
    let word = word(write.receipt.status);
    let reason = write.receipt.reason.as_deref();
    let says = match reason {
        Some(reason) => format!("the carrier says {word}: {reason}"),
        None => format!("the carrier says {word}"),
    };
    let mut trail = Trail::default();
    let moves = match status {
        Some(status) => set_status(db, account, id, status, reason)?,
        None => !found.status.is_final(),
    };
    let result = if moves {
        if status.is_some() {
            // The carrier has it: whatever else was to be tried is over.
            end(db, account, id, QueueKind::Outbound)?;
        }
        let event = NewEvent {
            account,
            message: id,
            id: &write.event,
            at: write.at,
            kind: word,
            detail: reason,
            now,
        };
        append_event(db, &event, &write.listeners)?;
        trail.note_about(id, write.at, "receipt", says);
        ReceiptResult::Recorded(id.clone())
    } else {
        trail.note_about(
            id,
            write.at,
            "receipt",
            format!("{says}; it was {} already", found.status),
        );
        ReceiptResult::Unchanged
    };
    super::queries::append_trace(db, account, found.root.as_ref().unwrap_or(id), &trail)?;
    Ok(result)
}

fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "pending",
        DeliveryStatus::Failed => "failed",
        DeliveryStatus::Delivered => "delivered",
    }
}

fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(MICROS_PER_DAY)
}

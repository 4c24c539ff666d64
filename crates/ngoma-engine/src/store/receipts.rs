//! Delivery receipts, matched within one channel.

use super::backend::OpError;
use super::early_receipts::hold;
use super::events::{NewEvent, append_event};
use super::outcomes::set_status;
use super::partitions::CARRIER_ID_DAYS;
use super::parts::{fold, move_part};
use super::sql::{Db, Insert, SqlError, args};
use super::work::end;
use super::{QueueKind, Store, StoreError};
use crate::channel::{Receipt, ReceiptFor};
use crate::directory::Listeners;
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{DeliveryStatus, MessageId, Timestamp};
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// The part of an id that means a message whole.
pub(super) const WHOLE: u8 = 0;

const CARRIER_ID: Insert = Insert {
    into: "carrier_id (account, day, channel, key, message, part)",
    columns: 6,
    tail: "ON CONFLICT DO NOTHING",
};

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
    /// An event was appended to this message, which says so of it.
    Recorded(MessageId, DeliveryStatus),
}

impl Store {
    /// Stores what a receipt says about an outbound message of its channel.
    pub(crate) async fn record_receipt(&self, write: ReceiptWrite) -> Result<ReceiptResult, StoreError> {
        let channel = write.channel;
        let storing = self.write(write.account, move |db| take_receipt(db, &write));
        let result = storing.await?;
        self.inner.metrics.note_receipt(channel, &result);
        Ok(result)
    }
}

pub(super) fn take_receipt(db: &mut dyn Db, write: &ReceiptWrite) -> Result<ReceiptResult, OpError> {
    let found = match &write.receipt.about {
        ReceiptFor::MessageId(id) => find_by_id(db, (write.account, write.channel), id, WHOLE)?,
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
pub(super) struct Found {
    pub(super) message: MessageId,
    pub(super) root: Option<MessageId>,
    pub(super) status: Status,
    /// The part of it, from 1.
    pub(super) part: u8,
}

/// A message, or a part of it, that went by the channel of this account.
pub(super) fn find_by_id(
    db: &mut dyn Db,
    (account, channel): (i64, i64),
    id: &MessageId,
    part: u8,
) -> Result<Option<Found>, SqlError> {
    let row = db.first(
        "SELECT id, root, status FROM message WHERE account = ?1 AND id = ?2 AND channel = ?3 AND direction = 1",
        &args![account, id, channel],
    )?;
    row.map(|row| {
        Ok(Found {
            message: row.get(0)?,
            root: row.get(1)?,
            status: Status::from_number(row.get(2)?),
            part,
        })
    })
    .transpose()
}

/// The latest message a receipt means, since providers use ids again.
pub(super) fn find_by_carrier_id(db: &mut dyn Db, write: &ReceiptWrite, key: &str) -> Result<Option<Found>, SqlError> {
    let today = day(write.at);
    for day in (today - CARRIER_ID_DAYS..=today + 1).rev() {
        let known = db.first(
            "SELECT message, part FROM carrier_id WHERE account = ?1 AND day = ?2 AND channel = ?3 AND key = ?4
            ORDER BY message DESC, part DESC LIMIT 1",
            &args![write.account, day, write.channel, key],
        )?;
        if let Some(known) = known {
            let part = u8::try_from(known.get::<i64>(1)?).unwrap_or(WHOLE);
            return find_by_id(db, (write.account, write.channel), &known.get(0)?, part);
        }
    }
    Ok(None)
}

/// A message, or a part of it, that its carrier has given an id.
pub(super) struct Named<'a> {
    pub(super) account: i64,
    pub(super) channel: i64,
    pub(super) message: &'a MessageId,
    pub(super) part: u8,
    pub(super) at: Timestamp,
    pub(super) listeners: &'a Arc<Listeners>,
}

/// From now on this id means the message, or this part of it.
pub(super) fn know_carrier_id(db: &mut dyn Db, named: &Named<'_>, key: &str) -> Result<(), SqlError> {
    let row = args![
        named.account,
        day(named.at),
        named.channel,
        key,
        named.message,
        i64::from(named.part)
    ];
    db.insert_unasked(CARRIER_ID, &[row.into()])
}

/// What a receipt says of its message.
struct Said {
    /// The message's status from now on, if it ends with this.
    status: Option<Status>,
    /// The event's kind, and what it says of the message.
    kind: DeliveryStatus,
    detail: Option<String>,
    /// The part that is meant, in words.
    about: String,
    /// What was known already, when it tells nothing new.
    known: Option<Status>,
}

impl Said {
    fn of_whole(found: &Found, receipt: &Receipt) -> Self {
        Self {
            status: status_of(receipt.status),
            kind: receipt.status,
            detail: receipt.reason.clone(),
            about: String::new(),
            known: found.status.is_final().then_some(found.status),
        }
    }

    /// Moves the part that is meant, and tells what that makes of the message.
    fn of_part(db: &mut dyn Db, found: &Found, write: &ReceiptWrite) -> Result<Self, SqlError> {
        let (receipt, part) = (&write.receipt, found.part);
        let status = status_of(receipt.status).unwrap_or(Status::Queued);
        let moved = move_part(db, write.account, &found.message, part, status, write.at)?;
        let total = moved.parts.len();
        let known = match (status, found.status.is_final()) {
            (_, true) => Some(found.status),
            (Status::Queued, false) => moved.before.is_final().then_some(moved.before),
            (_, false) => (!moved.has_moved).then_some(moved.before),
        };
        let folded = fold(&moved.parts);
        let (kind, detail) = match folded {
            Status::Delivered => (DeliveryStatus::Delivered, None),
            _ if receipt.status == DeliveryStatus::Delivered => {
                let delivered = moved.parts.iter().filter(|part| **part == Status::Delivered).count();
                let detail = format!("{delivered} of {total} parts delivered");
                (DeliveryStatus::Pending, Some(detail))
            }
            _ => {
                let reason = receipt.reason.as_deref().unwrap_or_else(|| word(receipt.status));
                (receipt.status, Some(format!("part {part} of {total}: {reason}")))
            }
        };
        Ok(Self {
            status: folded.is_final().then_some(folded),
            kind,
            detail,
            about: format!(" of part {part} of {total}"),
            known,
        })
    }
}

pub(super) fn apply(
    db: &mut dyn Db,
    write: &ReceiptWrite,
    found: &Found,
    now: Timestamp,
) -> Result<ReceiptResult, SqlError> {
    let (account, id) = (write.account, &found.message);
    let said = match found.part {
        WHOLE => Said::of_whole(found, &write.receipt),
        _ => Said::of_part(db, found, write)?,
    };
    let mut note = format!("the carrier says {}{}", word(write.receipt.status), said.about);
    if let Some(reason) = &write.receipt.reason {
        note.push_str(&format!(": {reason}"));
    }
    let result = match said.known {
        Some(known) => {
            note.push_str(&format!("; it was {known} already"));
            ReceiptResult::Unchanged
        }
        None => {
            if let Some(status) = said.status {
                set_status(db, account, id, status, said.detail.as_deref())?;
                // The carrier has it: whatever else was to be tried is over.
                end(db, account, id, QueueKind::Outbound)?;
            }
            let event = NewEvent {
                account,
                message: id,
                id: &write.event,
                at: write.at,
                kind: word(said.kind),
                detail: said.detail.as_deref(),
                now,
            };
            append_event(db, &event, &write.listeners)?;
            ReceiptResult::Recorded(id.clone(), said.kind)
        }
    };
    let mut trail = Trail::default();
    trail.note_about(id, write.at, "receipt", note);
    super::queries::append_trace(db, account, found.root.as_ref().unwrap_or(id), &trail)?;
    Ok(result)
}

/// The status a receipt leads to, if it is the end.
fn status_of(said: DeliveryStatus) -> Option<Status> {
    match said {
        DeliveryStatus::Pending => None,
        DeliveryStatus::Failed => Some(Status::Failed),
        DeliveryStatus::Delivered => Some(Status::Delivered),
    }
}

pub(super) fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "pending",
        DeliveryStatus::Failed => "failed",
        DeliveryStatus::Delivered => "delivered",
    }
}

pub(super) fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(MICROS_PER_DAY)
}

//! Attempts to send and what became of them.

use super::columns::IdColumn;
use super::inbound::stored_address;
use super::queue::dequeue;
use super::writer::OpError;
use super::{PulledOutbound, Store, StoreError};
use crate::channel::Outbound;
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{MessageId, SessionEvent, Timestamp};
use rusqlite::{Connection, Row};
use std::sync::Arc;

/// What one attempt brought.
#[derive(Clone, Debug)]
pub(crate) struct OutcomeWrite {
    /// The outbound message.
    pub(crate) seq: i64,
    /// The message its trace hangs on.
    pub(crate) root: i64,
    /// When.
    pub(crate) at: Timestamp,
    /// What it brought.
    pub(crate) result: AttemptResult,
    /// The steps taken.
    pub(crate) trail: Trail,
}

/// What an attempt to send brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AttemptResult {
    /// The carrier took it.
    Sent {
        /// The id the provider gave it.
        provider_id: Option<String>,
        /// The id of the ack that is recorded.
        event: MessageId,
    },
    /// It stays in the queue until then.
    Later {
        /// When it is due again.
        due_at: Timestamp,
        /// Whether the attempt counts.
        counts: bool,
    },
    /// It is over.
    Over {
        /// `failed`, `expired` or `unknown`.
        status: Status,
        /// Why.
        reason: String,
        /// The id of the nack that is recorded.
        event: MessageId,
    },
}

impl Store {
    /// Records that bytes are about to leave.
    pub(crate) async fn begin_attempt(&self, seq: i64, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("UPDATE queue SET attempt_at = ?2, attempts = attempts + 1 WHERE message = ?1")?
                .execute((seq, at.micros()))?;
            Ok(())
        })
        .await
    }

    /// Stores what an attempt brought. A status never goes back: a receipt may have come first.
    pub(crate) async fn record_outcome(&self, outcome: Arc<OutcomeWrite>) -> Result<(), StoreError> {
        self.write(move |db| {
            match &outcome.result {
                AttemptResult::Sent { provider_id, event } => {
                    set_status(db, outcome.seq, Status::Sent, None)?;
                    if provider_id.is_some() {
                        db.prepare_cached("UPDATE message SET provider_id = ?2 WHERE seq = ?1")?
                            .execute((outcome.seq, provider_id))?;
                    }
                    append_event(db, outcome.seq, event, outcome.at, "ack", provider_id.as_deref())?;
                    dequeue(db, outcome.seq)?;
                }
                AttemptResult::Later { due_at, counts } => {
                    db.prepare_cached(
                        "UPDATE queue SET lease = 0, due_at = ?2, attempts = attempts - ?3, attempt_at = NULL
                        WHERE message = ?1",
                    )?
                    .execute((outcome.seq, due_at.micros(), i64::from(!counts)))?;
                }
                AttemptResult::Over { status, reason, event } => {
                    set_status(db, outcome.seq, *status, Some(reason))?;
                    append_event(db, outcome.seq, event, outcome.at, "nack", Some(reason))?;
                    dequeue(db, outcome.seq)?;
                }
            }
            super::queries::append_trace(db, outcome.root, &outcome.trail)
        })
        .await
    }
}

/// The columns [`outbound_from`] reads after the number, of `message AS m` and `queue AS q`.
pub(super) const OUTBOUND_COLUMNS: &str = "m.root, m.id, m.address, m.our_address, m.content, m.in_reply_to, \
    m.session_event, m.created_at, q.attempts, q.attempt_at IS NOT NULL";

/// Reads an outbound message that is queued.
pub(super) fn outbound_from(row: &Row<'_>) -> Result<PulledOutbound, rusqlite::Error> {
    let attempt_open: bool = row.get(10)?;
    let attempts: u32 = row.get(9)?;
    Ok(PulledOutbound {
        seq: row.get(0)?,
        root: row.get(1)?,
        message: Outbound {
            id: row.get::<_, IdColumn>(2)?.0,
            to: stored_address(&row.get::<_, String>(3)?),
            from: row.get::<_, Option<String>>(4)?.map(|address| stored_address(&address)),
            content: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            in_reply_to: row.get::<_, Option<IdColumn>>(6)?.map(|id| id.0),
            session_event: row
                .get::<_, Option<String>>(7)?
                .map(|event| SessionEvent::from(event.as_str())),
            attempts,
        },
        created_at: Timestamp::from_micros(row.get(8)?),
        attempt_open,
    })
}

/// Moves a message's status on, never back; says whether it moved.
pub(super) fn set_status(db: &Connection, seq: i64, status: Status, reason: Option<&str>) -> Result<bool, OpError> {
    let held: i64 = db
        .prepare_cached("SELECT status FROM message WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))?;
    if !status.follows(Status::from_number(held)) {
        return Ok(false);
    }
    db.prepare_cached("UPDATE message SET status = ?2, reason = ifnull(?3, reason) WHERE seq = ?1")?
        .execute((seq, status.number(), reason))?;
    Ok(true)
}

/// Appends an event to a message's.
pub(super) fn append_event(
    db: &Connection,
    seq: i64,
    id: &MessageId,
    at: Timestamp,
    kind: &str,
    detail: Option<&str>,
) -> Result<(), OpError> {
    db.prepare_cached(
        "INSERT INTO message_event (message, part, id, at, kind, detail)
        SELECT ?1, ifnull(max(part), 0) + 1, ?2, ?3, ?4, ?5 FROM message_event WHERE message = ?1",
    )?
    .execute((seq, IdColumn(id.clone()), at.micros(), kind, detail))?;
    Ok(())
}

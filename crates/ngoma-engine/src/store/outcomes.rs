//! Attempts to send and what became of them.

use super::backend::OpError;
use super::inbound::stored_address;
use super::receipts::{join_orphans, know_carrier_id};
use super::sql::{Db, Row, SqlError, args};
use super::work::{Ended, finish};
use super::{PulledOutbound, QueueKind, Store, StoreError};
use crate::channel::Outbound;
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{MessageId, SessionEvent, Timestamp};
use std::sync::Arc;

/// What one attempt brought.
#[derive(Clone, Debug)]
pub(crate) struct OutcomeWrite {
    /// The account.
    pub(crate) account: i64,
    /// The channel.
    pub(crate) channel: i64,
    /// The outbound message.
    pub(crate) message: MessageId,
    /// The inbound message its trace hangs on, if it came of one.
    pub(crate) root: Option<MessageId>,
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
        /// When the attempt began. A later attempt is not ended by this one.
        begun_at: Timestamp,
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
    /// Records that bytes are about to leave. One attempt has one moment: recorded again, it counts once. Refused when another process has the message, or it is over.
    pub(crate) async fn begin_attempt(
        &self,
        account: i64,
        message: MessageId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let epoch = self.inner.epoch;
        self.write(account, move |db| {
            let begun = db.execute(
                "UPDATE work SET attempt_at = ?5, attempts = attempts + CASE WHEN attempt_at = ?5 THEN 0 ELSE 1 END
                WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
                &args![account, &message, QueueKind::Outbound.number(), epoch, at],
            )?;
            match begun {
                1 => Ok(()),
                #[cfg(feature = "faults")]
                _ if crate::faults::is_planted(crate::faults::Fault::LeaseNotFenced) => Ok(()),
                _ => Err(OpError::Refused(
                    "another process has the message, or it is over".into(),
                )),
            }
        })
        .await
    }

    /// Stores what an attempt brought. A status never goes back: a receipt may have come first.
    pub(crate) async fn record_outcome(&self, outcome: Arc<OutcomeWrite>) -> Result<(), StoreError> {
        let epoch = self.inner.epoch;
        self.write(outcome.account, move |db| {
            let root = outcome.root.as_ref().unwrap_or(&outcome.message);
            super::queries::append_trace(db, outcome.account, root, &outcome.trail)?;
            match &outcome.result {
                AttemptResult::Sent { provider_id, event } => {
                    record_sent(db, &outcome, provider_id.as_deref(), event, epoch)?;
                }
                AttemptResult::Later {
                    begun_at,
                    due_at,
                    counts,
                } => {
                    db.execute(
                        "UPDATE work SET lease = 0, published = 0, due_at = ?5, attempts = attempts - ?6,
                            attempt_at = NULL
                        WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4 AND attempt_at = ?7",
                        &args![
                            outcome.account,
                            &outcome.message,
                            QueueKind::Outbound.number(),
                            epoch,
                            *due_at,
                            !counts,
                            *begun_at
                        ],
                    )?;
                }
                AttemptResult::Over { status, reason, event } => {
                    if finish(db, outcome.account, &outcome.message, QueueKind::Outbound, epoch)? != Ended::LeaseLost {
                        set_status(db, outcome.account, &outcome.message, *status, Some(reason))?;
                        append_event(
                            db,
                            outcome.account,
                            &outcome.message,
                            event,
                            outcome.at,
                            "nack",
                            Some(reason),
                        )?;
                    }
                }
            }
            Ok(())
        })
        .await
    }
}

/// The carrier took it. That is noted even when the lease was lost: then another process may have sent it as well, and
/// the message says so.
fn record_sent(
    db: &mut dyn Db,
    outcome: &OutcomeWrite,
    provider_id: Option<&str>,
    event: &MessageId,
    epoch: i64,
) -> Result<(), OpError> {
    let (account, message) = (outcome.account, &outcome.message);
    let ended = finish(db, account, message, QueueKind::Outbound, epoch)?;
    set_status(db, account, message, Status::Sent, None)?;
    if ended == Ended::LeaseLost {
        db.execute(
            "UPDATE message SET possible_duplicate = 1 WHERE account = ?1 AND id = ?2",
            &args![account, message],
        )?;
    }
    append_event(db, account, message, event, outcome.at, "ack", provider_id)?;
    if let Some(provider_id) = provider_id {
        db.execute(
            "UPDATE message SET provider_id = ?3 WHERE account = ?1 AND id = ?2",
            &args![account, message, provider_id],
        )?;
        know_carrier_id(db, outcome, provider_id)?;
        join_orphans(db, outcome, provider_id)?;
    }
    Ok(())
}

/// The columns [`outbound_from`] reads, of `message AS m`.
pub(super) const OUTBOUND_COLUMNS: &str = "m.root, m.id, m.address, m.our_address, m.content, m.in_reply_to, \
    m.session_event, m.created_at, m.expires_at, m.account, \
    (SELECT 1 FROM opt_out AS o WHERE o.account = m.account AND o.address = m.address)";

/// Reads an outbound message that is queued.
pub(super) fn outbound_from(row: &Row, attempts: u32, attempt_open: bool) -> Result<PulledOutbound, SqlError> {
    Ok(PulledOutbound {
        root: row.get(0)?,
        message: Outbound {
            id: row.get(1)?,
            to: stored_address(&row.get::<String>(2)?),
            from: row.get::<Option<String>>(3)?.map(|address| stored_address(&address)),
            content: row.get::<Option<String>>(4)?.unwrap_or_default(),
            in_reply_to: row.get(5)?,
            session_event: row
                .get::<Option<String>>(6)?
                .map(|event| SessionEvent::from(event.as_str())),
            attempts,
        },
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
        account: row.get(9)?,
        attempt_open,
        is_opted_out: row.get::<Option<bool>>(10)?.unwrap_or(false),
    })
}

/// Moves a message's status on, never back; says whether it moved.
pub(super) fn set_status(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    status: Status,
    reason: Option<&str>,
) -> Result<bool, SqlError> {
    let held = db.first(
        "SELECT status FROM message WHERE account = ?1 AND id = ?2",
        &args![account, message],
    )?;
    let Some(held) = held else { return Ok(false) };
    if !status.follows(Status::from_number(held.get(0)?)) {
        return Ok(false);
    }
    db.execute(
        "UPDATE message SET status = ?3, reason = coalesce(?4, reason) WHERE account = ?1 AND id = ?2",
        &args![account, message, status, reason],
    )?;
    Ok(true)
}

/// Appends an event to a message's. An event that is there is left as it is.
pub(super) fn append_event(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    id: &MessageId,
    at: Timestamp,
    kind: &str,
    detail: Option<&str>,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO message_event (account, message, id, at, kind, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO NOTHING",
        &args![account, message, id, at, kind, detail],
    )
    .map(drop)
}

//! Attempts to send and what became of them.

use super::backend::OpError;
use super::early_receipts::join_orphans;
use super::events::{NewEvent, append_event};
use super::inbound::{stored_address, stored_metadata};
use super::parts::{PartOutcome, forget_parts, record_part};
use super::queries::{append_trace_as, append_trace_once};
use super::receipts::{Named, WHOLE, know_carrier_id};
use super::sql::{Db, Row, SqlError, args};
use super::work::{Ended, finish};
use super::{PulledOutbound, QueueKind, Store, StoreError};
use crate::channel::Outbound;
use crate::directory::Listeners;
use crate::queue::Lease;
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{Address, DeliveryStatus, MessageId, SessionEvent, Timestamp};
use std::sync::Arc;

/// What one attempt brought.
#[derive(Clone, Debug)]
pub(crate) struct OutcomeWrite {
    /// Names it, so that it is stored once however often that is tried.
    pub(crate) id: MessageId,
    /// The account.
    pub(crate) account: i64,
    /// The channel.
    pub(crate) channel: i64,
    /// The outbound message.
    pub(crate) message: MessageId,
    /// The lease the message was taken under.
    pub(crate) lease: i64,
    /// The inbound message its trace hangs on, if it came of one.
    pub(crate) root: Option<MessageId>,
    /// When.
    pub(crate) at: Timestamp,
    /// The part it was about, when the message goes in several.
    pub(crate) part: Option<PartOutcome>,
    /// What it brought.
    pub(crate) result: AttemptResult,
    /// The steps taken.
    pub(crate) trail: Trail,
    /// Who is told of it.
    pub(crate) listeners: Arc<Listeners>,
}

impl OutcomeWrite {
    /// Whether it changes nothing when it is stored a second time, whatever has come since: nobody has to ask then
    /// whether it was.
    fn is_told_once(&self) -> bool {
        self.part.is_none() && matches!(self.result, AttemptResult::Sent { .. })
    }

    /// Its message, or a part of it, that the carrier has given an id.
    pub(super) fn named(&self, part: u8) -> Named<'_> {
        Named {
            account: self.account,
            channel: self.channel,
            message: &self.message,
            part,
            at: self.at,
            listeners: &self.listeners,
        }
    }

    fn event<'a>(&'a self, id: &'a MessageId, kind: &'a str, detail: Option<&'a str>) -> NewEvent<'a> {
        NewEvent {
            account: self.account,
            message: &self.message,
            id,
            at: self.at,
            kind,
            detail,
            now: self.at,
        }
    }
}

/// What an attempt to send brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AttemptResult {
    /// The carrier took it.
    Sent {
        /// The id the provider gave it.
        provider_id: Option<String>,
        /// The same in the form receipts are matched by.
        carrier_key: Option<String>,
        /// The id of the ack that is recorded.
        event: MessageId,
    },
    /// The carrier took a part, and the next one goes at once.
    NextPart,
    /// It stays in the queue until then.
    Later {
        /// When it is due again.
        due_at: Timestamp,
        /// Whether the attempt counts.
        counts: bool,
        /// Whether it may have been sent: the next attempt says so.
        may_repeat: bool,
    },
    /// What carries it on has it: the carrier's answer comes later.
    HandedOn {
        /// Who has it.
        reason: String,
    },
    /// Another channel tries it now.
    PassedOn {
        /// The other channel.
        channel: i64,
        /// Its own address.
        from: Option<Address>,
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

/// What storing an outcome changed.
#[derive(Debug, Default)]
pub(crate) struct OutcomeEffects {
    /// The message's status moved to what the outcome says.
    pub(crate) has_moved: bool,
    /// Whether the next part may go: the message is still this process's, and not over.
    pub(crate) goes_on: bool,
    /// From now on nobody knows whether the message was sent, and it will be sent once more.
    pub(crate) is_ambiguous: bool,
    /// From now on the message says that it may have been sent twice: another process had it.
    pub(crate) is_possible_duplicate: bool,
    /// What receipts said that had waited for the message's id.
    pub(crate) joined: Vec<DeliveryStatus>,
}

impl Store {
    /// Records that bytes are about to leave; counted once, however often it is tried. Refused when another process has
    /// the message, or it is over. True when the message says from now on that it may be sent twice.
    pub(crate) async fn begin_attempt(
        &self,
        account: i64,
        message: MessageId,
        at: Timestamp,
        lease: i64,
    ) -> Result<bool, StoreError> {
        self.write(account, move |db| {
            let may_repeat = begin(db, account, &message, at, lease)?;
            Ok(may_repeat && note_possible_duplicate(db, account, &message)?)
        })
        .await
    }

    /// Stores what an attempt brought. A status never goes back: a receipt may have come first.
    pub(crate) async fn record_outcome(&self, outcome: Arc<OutcomeWrite>) -> Result<OutcomeEffects, StoreError> {
        let stored = Arc::clone(&outcome);
        let storing = self.write(outcome.account, move |db| {
            let mut effects = OutcomeEffects::default();
            let lease = outcome.lease;
            let root = outcome.root.as_ref().unwrap_or(&outcome.message);
            if outcome.is_told_once() {
                append_trace_as(db, outcome.account, root, &outcome.id, &outcome.trail)?;
            } else if !append_trace_once(db, outcome.account, root, &outcome.id, &outcome.trail)? {
                // It was committed before and its answer was lost: another attempt may be under way since.
                effects.goes_on = may_go_on(db, &outcome)?;
                return Ok(effects);
            }
            if let Some(part) = &outcome.part {
                record_part(db, &outcome, part)?;
            }
            match &outcome.result {
                AttemptResult::Sent {
                    provider_id,
                    carrier_key,
                    event,
                } => {
                    effects = record_sent(db, &outcome, provider_id.as_deref(), event)?;
                    if let Some(key) = carrier_key {
                        know_carrier_id(db, &outcome.named(WHOLE), key)?;
                        effects.joined = join_orphans(db, &outcome.named(WHOLE), key)?;
                    }
                }
                AttemptResult::NextPart => {}
                AttemptResult::Later {
                    due_at,
                    counts,
                    may_repeat,
                } => {
                    effects.is_ambiguous = *may_repeat && note_ambiguous(db, &outcome)?;
                    put_off(db, &outcome, *due_at, *counts, *may_repeat)?;
                }
                AttemptResult::HandedOn { reason } => effects = record_handed_on(db, &outcome, reason)?,
                AttemptResult::PassedOn { channel, from } => {
                    pass_on(db, &outcome, *channel, from.as_ref())?;
                    if outcome.part.is_some() {
                        forget_parts(db, outcome.account, &outcome.message)?;
                    }
                }
                AttemptResult::Over { status, reason, event } => {
                    if finish(db, outcome.account, &outcome.message, QueueKind::Outbound, lease)? != Ended::LeaseLost {
                        effects.has_moved = set_status(db, outcome.account, &outcome.message, *status, Some(reason))?;
                        append_event(db, &outcome.event(event, "nack", Some(reason)), &outcome.listeners)?;
                    }
                }
            }
            if let Some(part) = &outcome.part {
                if let Some(key) = &part.carrier_key {
                    effects.joined = join_orphans(db, &outcome.named(part.number), key)?;
                }
                effects.goes_on = may_go_on(db, &outcome)?;
                // Another process may have sent the same part.
                if outcome.result == AttemptResult::NextPart && is_lost(db, &outcome)? {
                    effects.is_possible_duplicate |= note_possible_duplicate(db, outcome.account, &outcome.message)?;
                }
            }
            Ok(effects)
        });
        let effects = storing.await?;
        self.inner.metrics.note_outcome(&stored, &effects);
        Ok(effects)
    }
}

/// Records that an attempt begins; says whether an earlier one may have sent the message.
pub(super) fn begin(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    at: Timestamp,
    lease: i64,
) -> Result<bool, OpError> {
    let begun = db.first(
        "UPDATE work SET attempts = attempts + CASE WHEN attempt_at IS NULL THEN 1 ELSE 0 END, attempt_at = ?5
        WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4 RETURNING may_repeat",
        &args![account, message, QueueKind::Outbound.number(), lease, at],
    )?;
    if let Some(begun) = begun {
        return Ok(begun.get(0)?);
    }
    #[cfg(feature = "faults")]
    if crate::faults::is_planted(crate::faults::Fault::LeaseNotFenced) {
        return Ok(false);
    }
    Err(OpError::Refused(
        "another process has the message, or it is over".into(),
    ))
}

/// Whether the attempt at a message's parts goes on.
fn may_go_on(db: &mut dyn Db, outcome: &OutcomeWrite) -> Result<bool, SqlError> {
    Ok(outcome.result == AttemptResult::NextPart && holder(db, outcome)? == Some(outcome.lease))
}

/// Whether another process has the message.
fn is_lost(db: &mut dyn Db, outcome: &OutcomeWrite) -> Result<bool, SqlError> {
    Ok(holder(db, outcome)?.is_some_and(|lease| lease != outcome.lease))
}

/// The lease of a message that is not over.
fn holder(db: &mut dyn Db, outcome: &OutcomeWrite) -> Result<Option<i64>, SqlError> {
    let held = db.first(
        "SELECT lease FROM work WHERE account = ?1 AND item = ?2 AND kind = ?3",
        &args![outcome.account, &outcome.message, QueueKind::Outbound.number()],
    )?;
    held.map(|row| row.get(0)).transpose()
}

/// The carrier took it. That is noted even when the lease was lost: then another process may have sent it as well, and
/// the message says so.
fn record_sent(
    db: &mut dyn Db,
    outcome: &OutcomeWrite,
    provider_id: Option<&str>,
    event: &MessageId,
) -> Result<OutcomeEffects, OpError> {
    let (account, message) = (outcome.account, &outcome.message);
    let ended = finish(db, account, message, QueueKind::Outbound, outcome.lease)?;
    let effects = OutcomeEffects {
        has_moved: note_sent(db, account, message, provider_id)?,
        is_possible_duplicate: ended == Ended::LeaseLost && note_possible_duplicate(db, account, message)?,
        ..OutcomeEffects::default()
    };
    append_event(db, &outcome.event(event, "ack", provider_id), &outcome.listeners)?;
    Ok(effects)
}

/// Moves a message on to `sent`, with the id the provider gave it; says whether it moved. The first id it got stays.
fn note_sent(db: &mut dyn Db, account: i64, message: &MessageId, provider_id: Option<&str>) -> Result<bool, SqlError> {
    let params = args![account, message, provider_id, Status::Sent];
    let moved = db.execute(
        &format!(
            "UPDATE message SET status = ?4, provider_id = coalesce(?3, provider_id)
            WHERE account = ?1 AND id = ?2 AND status IN ({})",
            numbers_before(Status::Sent)
        ),
        &params,
    )?;
    if moved == 0 && provider_id.is_some() {
        db.execute(
            "UPDATE message SET provider_id = ?3 WHERE account = ?1 AND id = ?2 AND provider_id IS NULL",
            &params[..3],
        )?;
    }
    Ok(moved == 1)
}

/// What carries it on has it, and nobody knows yet what becomes of it. The carrier's answer may have come first.
fn record_handed_on(db: &mut dyn Db, outcome: &OutcomeWrite, reason: &str) -> Result<OutcomeEffects, OpError> {
    let (account, message) = (outcome.account, &outcome.message);
    let ended = finish(db, account, message, QueueKind::Outbound, outcome.lease)?;
    Ok(OutcomeEffects {
        has_moved: set_status(db, account, message, Status::Unknown, Some(reason))?,
        is_possible_duplicate: ended == Ended::LeaseLost && note_possible_duplicate(db, account, message)?,
        ..OutcomeEffects::default()
    })
}

/// From now on the message says that it may have been sent twice; false when it said so before.
pub(super) fn note_possible_duplicate(db: &mut dyn Db, account: i64, message: &MessageId) -> Result<bool, SqlError> {
    let noted = db.execute(
        "UPDATE message SET possible_duplicate = 1 WHERE account = ?1 AND id = ?2 AND possible_duplicate <> 1",
        &args![account, message],
    );
    Ok(noted? == 1)
}

/// From now on it is known of work that its message may have been sent; false when it was before.
fn note_ambiguous(db: &mut dyn Db, outcome: &OutcomeWrite) -> Result<bool, SqlError> {
    let noted = db.execute(
        "UPDATE work SET may_repeat = 1 WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4 AND may_repeat <> 1",
        &args![
            outcome.account,
            &outcome.message,
            QueueKind::Outbound.number(),
            outcome.lease
        ],
    );
    Ok(noted? == 1)
}

/// Leaves a message in the queue until then. An attempt that does not count may never have begun.
fn put_off(
    db: &mut dyn Db,
    outcome: &OutcomeWrite,
    due_at: Timestamp,
    counts: bool,
    may_repeat: bool,
) -> Result<(), SqlError> {
    db.execute(
        "UPDATE work SET lease = 0, published = 0, due_at = ?5,
            attempts = CASE WHEN attempts > ?6 THEN attempts - ?6 ELSE 0 END,
            attempt_at = NULL, may_repeat = CASE WHEN ?7 = 1 THEN 1 ELSE may_repeat END
        WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
        &args![
            outcome.account,
            &outcome.message,
            QueueKind::Outbound.number(),
            outcome.lease,
            due_at,
            !counts,
            may_repeat
        ],
    )
    .map(drop)
}

/// Lets another channel try a message, from its first attempt.
fn pass_on(db: &mut dyn Db, outcome: &OutcomeWrite, channel: i64, from: Option<&Address>) -> Result<(), SqlError> {
    let passed = db.execute(
        "UPDATE work SET lease = 0, published = 0, due_at = ?5, attempts = 0, attempt_at = NULL, channel = ?6,
            hops = hops + 1
        WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
        &args![
            outcome.account,
            &outcome.message,
            QueueKind::Outbound.number(),
            outcome.lease,
            outcome.at,
            channel
        ],
    )?;
    if passed == 1 {
        db.execute(
            "UPDATE message SET channel = ?3, our_address = ?4 WHERE account = ?1 AND id = ?2",
            &args![outcome.account, &outcome.message, channel, from],
        )?;
    }
    Ok(())
}

/// The columns [`outbound_from`] reads, of `message AS m`.
pub(super) const OUTBOUND_COLUMNS: &str = "m.root, m.id, m.address, m.our_address, m.content, m.in_reply_to, \
    m.session_event, coalesce(m.due_at, m.created_at), m.expires_at, m.account, \
    (SELECT 1 FROM opt_out AS o WHERE o.account = m.account AND o.address = m.address), m.priority, m.metadata";

/// Reads an outbound message that is queued.
pub(super) fn outbound_from(row: &Row, lease: &Lease) -> Result<PulledOutbound, SqlError> {
    Ok(PulledOutbound {
        root: row.get(0)?,
        message: Outbound {
            id: row.get(1)?,
            to: stored_address(&row.get::<String>(2)?),
            from: row.get::<Option<String>>(3)?.map(|address| stored_address(&address)),
            content: row.get::<Option<String>>(4)?.unwrap_or_default(),
            whole: None,
            in_reply_to: row.get(5)?,
            session_event: row
                .get::<Option<String>>(6)?
                .map(|event| SessionEvent::from(event.as_str())),
            attempts: lease.attempts,
            part: None,
            helper_metadata: stored_metadata(row.get(12)?),
        },
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
        account: row.get(9)?,
        lease: lease.epoch,
        attempt_open: lease.attempt_open,
        may_repeat: lease.may_repeat,
        hops: lease.hops,
        priority: row.get(11)?,
        is_opted_out: Some(row.get::<Option<bool>>(10)?.unwrap_or(false)),
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
    let sql = format!(
        "UPDATE message SET status = ?3, reason = coalesce(?4, reason)
        WHERE account = ?1 AND id = ?2 AND status IN ({})",
        numbers_before(status)
    );
    Ok(db.execute(&sql, &args![account, message, status, reason])? == 1)
}

/// The numbers of the statuses that this one follows.
fn numbers_before(status: Status) -> String {
    let before: Vec<String> = status.predecessors().map(|held| held.number().to_string()).collect();
    before.join(", ")
}

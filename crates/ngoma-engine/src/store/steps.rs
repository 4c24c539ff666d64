//! What a service's step did, as one transaction; and how an inbound message ends in any other way.

use super::backend::OpError;
use super::dead_letters::{Letter, give_up};
use super::inbound::InboundMessage;
use super::opt_outs::{Wished, heed};
use super::people::{PeopleWrites, write_people};
use super::service_notes::{write_log, write_metrics};
use super::sessions::write_session;
use super::sql::{Db, Insert, Param, SqlError, args};
use super::step_records::{NewStepRecord, write_step_record};
use super::work::{Ended, NewWork, end, enqueue, finish};
use super::{QueueKind, SessionRow, Store, StoreError};
use crate::record::{Direction, Status};
use crate::service::{KvWrite, LogLine, Metric};
use crate::trace::Trail;
use ngoma_message::text::Encoding;
use ngoma_message::{Address, MessageId, Object, SessionEvent, Timestamp};
use std::sync::Arc;

/// The priority of what a service sends, unless it says otherwise.
pub(crate) const USUAL_PRIORITY: i64 = 2;

/// All that one transaction writes when an inbound message has been worked on.
#[derive(Clone, Debug)]
pub(crate) struct StepCommit {
    /// The account.
    pub(crate) account: i64,
    /// The inbound message.
    pub(crate) message: MessageId,
    /// The lease it was taken under; what it sends goes on under the same.
    pub(crate) lease: i64,
    /// When.
    pub(crate) at: Timestamp,
    /// How it ended.
    pub(crate) end: StepEnd,
    /// The service it went to, if any.
    pub(crate) service: Option<i64>,
    /// The session's turn.
    pub(crate) session: Option<SessionRow>,
    /// Writes to the service's keys, in order.
    pub(crate) kv: Vec<KvWrite>,
    /// Answers and messages to others.
    pub(crate) outbound: Vec<NewOutbound>,
    /// Measurements.
    pub(crate) metrics: Vec<Metric>,
    /// What the service logged, and its failure.
    pub(crate) log: Vec<LogLine>,
    /// The steps taken.
    pub(crate) trail: Trail,
    /// What the service decided about people.
    pub(crate) people: PeopleWrites,
    /// What the person wants of the account, if the message says so.
    pub(crate) wished: Option<Wished>,
    /// After how many attempts it is given up, to lie among the dead letters.
    pub(crate) given_up_after: Option<u32>,
    /// The step as it was recorded, if one was run.
    pub(crate) record: Option<NewStepRecord>,
}

/// How work on an inbound message ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepEnd {
    /// `handled`, `failed`, `unrouted` or `expired`.
    pub(crate) status: Status,
    /// Why, when it is not `handled`.
    pub(crate) reason: Option<String>,
}

/// An outbound message as it is accepted.
#[derive(Clone, Debug)]
pub(crate) struct NewOutbound {
    pub(crate) id: MessageId,
    pub(crate) account: i64,
    pub(crate) channel: Option<i64>,
    pub(crate) service: Option<i64>,
    pub(crate) to: Address,
    pub(crate) from: Option<Address>,
    pub(crate) content: Option<String>,
    pub(crate) session_key: Option<String>,
    pub(crate) session_event: Option<SessionEvent>,
    pub(crate) in_reply_to: Option<MessageId>,
    pub(crate) helper_metadata: Object,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) segments: Option<usize>,
    /// 0 is the most urgent, 3 the least.
    pub(crate) priority: i64,
    /// When it goes out, if that is later.
    pub(crate) due_at: Option<Timestamp>,
    /// When it is of no use any more.
    pub(crate) expires_at: Option<Timestamp>,
    /// How it enters the queue; nothing when its status is final already.
    pub(crate) publish: Option<Publish>,
}

/// How a message enters the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Nobody has it: it is pulled when there is room.
    Free,
    /// This process goes on with it at once.
    Leased,
    /// This process sends it at once: the attempt is recorded with it.
    Attempted,
}

#[cfg(test)]
impl NewOutbound {
    /// A text to a person by a channel, which waits in the queue.
    pub(crate) fn of_a_test(account: i64, channel: i64) -> Self {
        Self {
            channel: Some(channel),
            service: None,
            publish: Some(Publish::Free),
            ..Self::to_somebody(account, 0, Address::new("tel", "+1"), "hi".into())
        }
    }
}

impl NewOutbound {
    /// A message of a service to somebody, whose way is not chosen yet.
    pub(crate) fn to_somebody(account: i64, service: i64, to: Address, content: String) -> Self {
        Self {
            id: MessageId::generate(),
            account,
            channel: None,
            service: Some(service),
            to,
            from: None,
            content: Some(content),
            session_key: None,
            session_event: None,
            in_reply_to: None,
            helper_metadata: Object::new(),
            status: Status::Queued,
            reason: None,
            encoding: None,
            segments: None,
            priority: USUAL_PRIORITY,
            due_at: None,
            expires_at: None,
            publish: None,
        }
    }

    /// An answer to an inbound message, by the way it came.
    pub(crate) fn answering(asked: &InboundMessage, id: MessageId, content: String) -> Self {
        Self {
            id,
            account: asked.account,
            channel: Some(asked.channel),
            service: None,
            to: asked.from.clone(),
            from: Some(asked.to.clone()),
            content: Some(content),
            session_key: asked.session.as_ref().map(|(key, _)| key.clone()),
            session_event: None,
            in_reply_to: Some(asked.id.clone()),
            helper_metadata: Object::new(),
            status: Status::Queued,
            reason: None,
            encoding: None,
            segments: None,
            priority: USUAL_PRIORITY,
            due_at: None,
            expires_at: None,
            publish: None,
        }
    }
}

impl Store {
    /// Writes what a step did: all of it or nothing. An inbound message is ended once; a second time is refused.
    pub(crate) async fn commit_step(&self, step: Arc<StepCommit>) -> Result<(), StoreError> {
        let log_lines = self.inner.log_lines;
        let shelf = self.shelf(step.outbound.len(), step.at);
        self.write(step.account, move |db| {
            let account = step.account;
            let Some(session_ended) = end_inbound(db, &step)? else {
                return was_committed(db, &step);
            };
            if end_work(db, &step)? == Ended::LeaseLost {
                return Err(OpError::Refused("another process has the message".into()));
            }
            if let Some(session) = &step.session {
                let mut session = session.clone();
                session.is_open &= !session_ended;
                write_session(db, account, &session)?;
            }
            if let Some(service) = step.service {
                super::kv::write_keys(db, account, service, &step.kv, step.at)?;
                write_metrics(db, account, service, &step.metrics, step.at)?;
                write_log(db, account, service, &step.log, step.at, log_lines)?;
            }
            write_people(db, account, &step.people, step.at)?;
            if let Some(wished) = &step.wished {
                heed(db, account, wished, step.at)?;
            }
            insert_outbound(db, &step.outbound, Some(&step.message), step.at, step.lease, shelf)?;
            write_step_record(db, account, &step.message, step.record.as_ref(), step.at)?;
            super::queries::append_trace(db, account, &step.message, &step.trail)?;
            Ok(())
        })
        .await
    }
}

/// Ends the inbound message; says whether the channel has ended its session meanwhile by a text of its own. Nothing when
/// it was ended before.
fn end_inbound(db: &mut dyn Db, step: &StepCommit) -> Result<Option<bool>, SqlError> {
    let ended = db.first(
        "UPDATE message SET status = ?3, service = ?4, reason = ?5 WHERE account = ?1 AND id = ?2 AND status = ?6
        RETURNING session_ended",
        &args![
            step.account,
            &step.message,
            step.end.status,
            step.service,
            &step.end.reason,
            Status::Received,
        ],
    )?;
    ended.map(|row| row.get(0)).transpose()
}

fn end_work(db: &mut dyn Db, step: &StepCommit) -> Result<Ended, SqlError> {
    let (account, item, kind) = (step.account, &step.message, QueueKind::Inbound);
    let Some(attempts) = step.given_up_after else {
        return finish(db, account, item, kind, step.lease);
    };
    let letter = Letter {
        attempts: Some(attempts),
        at: step.at,
        reason: step.end.reason.as_deref().unwrap_or_default(),
    };
    give_up(db, account, item, kind, letter, step.lease)
}

/// Whether this very step was committed before and its answer was lost: then what it sends is there.
fn was_committed(db: &mut dyn Db, step: &StepCommit) -> Result<(), OpError> {
    let refused = || OpError::Refused("the message was worked on before".into());
    let first = step.outbound.first().ok_or_else(refused)?;
    let held = db.first(
        "SELECT 1 FROM message WHERE account = ?1 AND id = ?2",
        &args![step.account, &first.id],
    )?;
    // Whoever had it before has ended its work too.
    end(db, step.account, &step.message, QueueKind::Inbound)?;
    held.map(drop).ok_or_else(refused)
}

/// Stores outbound messages on a shelf; `root` is the inbound message they came of. One whose id is known is left as it is.
pub(super) fn insert_outbound(
    db: &mut dyn Db,
    messages: &[NewOutbound],
    root: Option<&MessageId>,
    at: Timestamp,
    lease: i64,
    shelf: i64,
) -> Result<(), SqlError> {
    let insert = Insert {
        into: "message (account, id, channel, service, direction, status, address, our_address, content,
            session_key, session_event, in_reply_to, root, created_at, expires_at, priority, encoding, segments, reason,
            metadata, shelf, due_at)",
        columns: 22,
        tail: "ON CONFLICT DO NOTHING",
    };
    let rows: Vec<Vec<Param<'_>>> = messages
        .iter()
        .map(|message| outbound_row(message, root, at, shelf))
        .collect();
    db.insert_unasked(insert, &rows)?;
    let work: Vec<NewWork<'_>> = messages.iter().filter_map(|message| work_of(message, at)).collect();
    enqueue(db, &work, lease)
}

fn outbound_row<'a>(message: &'a NewOutbound, root: Option<&MessageId>, at: Timestamp, shelf: i64) -> Vec<Param<'a>> {
    let metadata = (!message.helper_metadata.is_empty())
        .then(|| serde_json::Value::Object(message.helper_metadata.clone()).to_string());
    let encoding = message.encoding.map(|encoding| match encoding {
        Encoding::Gsm7 => 7i64,
        Encoding::Ucs2 => 16,
    });
    args![
        message.account,
        &message.id,
        message.channel,
        message.service,
        Direction::Outbound,
        message.status,
        &message.to,
        message.from.as_ref(),
        &message.content,
        &message.session_key,
        message.session_event.as_ref().map(SessionEvent::as_str),
        message.in_reply_to.as_ref(),
        root,
        at,
        message.expires_at,
        message.priority,
        encoding,
        message.segments,
        &message.reason,
        metadata,
        shelf,
        message.due_at,
    ]
    .into()
}

fn work_of(message: &NewOutbound, at: Timestamp) -> Option<NewWork<'_>> {
    Some(NewWork {
        account: message.account,
        item: &message.id,
        kind: QueueKind::Outbound,
        channel: message.channel?,
        priority: message.priority,
        due_at: message.due_at.unwrap_or(at),
        publish: message.publish?,
    })
}

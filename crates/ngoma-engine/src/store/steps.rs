//! What a service's step did, as one transaction; and how an inbound message ends in any other way.

use super::columns::IdColumn;
use super::inbound::InboundMessage;
use super::queue::{dequeue, enqueue};
use super::service_notes::{write_log, write_metrics};
use super::sessions::write_session;
use super::writer::OpError;
use super::{QueueKind, SessionRow, Store, StoreError};
use crate::record::{Direction, Status};
use crate::service::{KvWrite, LogLine, Metric};
use crate::trace::Trail;
use ngoma_message::text::Encoding;
use ngoma_message::{Address, MessageId, Object, SessionEvent, Timestamp};
use rusqlite::{Connection, OptionalExtension, named_params};
use std::sync::Arc;

/// All that one transaction writes when an inbound message has been worked on.
#[derive(Clone, Debug)]
pub(crate) struct StepCommit {
    /// The inbound message.
    pub(crate) seq: i64,
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

impl NewOutbound {
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
            publish: None,
        }
    }
}

impl Store {
    /// Writes what a step did: all of it or nothing. Gives the numbers of the outbound messages, in order. An inbound
    /// message is ended once; a second time is refused.
    pub(crate) async fn commit_step(&self, step: Arc<StepCommit>) -> Result<Vec<i64>, StoreError> {
        let (epoch, log_lines) = (self.shared.epoch, self.shared.log_lines);
        self.write(move |db| {
            let session_ended = end_inbound(db, &step)?;
            if let Some(session) = &step.session {
                let mut session = session.clone();
                session.is_open &= !session_ended;
                write_session(db, &session)?;
            }
            if let Some(service) = step.service {
                super::kv::write_keys(db, service, &step.kv, step.at)?;
                write_metrics(db, service, &step.metrics, step.at)?;
                write_log(db, service, &step.log, step.at, log_lines)?;
            }
            let outbound = step
                .outbound
                .iter()
                .map(|message| insert_outbound(db, message, step.seq, step.at, epoch))
                .collect::<Result<_, _>>()?;
            super::queries::append_trace(db, step.seq, &step.trail)?;
            dequeue(db, step.seq)?;
            Ok(outbound)
        })
        .await
    }
}

/// Ends the inbound message; says whether the channel has ended its session meanwhile by a text of its own.
fn end_inbound(db: &Connection, step: &StepCommit) -> Result<bool, OpError> {
    let ended: Option<Option<bool>> = db
        .prepare_cached(
            "UPDATE message SET status = ?2, service = ?3, reason = ?4 WHERE seq = ?1 AND status = ?5
            RETURNING session_ended",
        )?
        .query_row(
            (
                step.seq,
                step.end.status.number(),
                step.service,
                &step.end.reason,
                Status::Received.number(),
            ),
            |row| row.get(0),
        )
        .optional()?;
    match ended {
        Some(session_ended) => Ok(session_ended.unwrap_or(false)),
        None => Err(OpError::Refused("the message was worked on before".into())),
    }
}

/// Stores an outbound message that came of the inbound message `root`.
pub(super) fn insert_outbound(
    db: &Connection,
    message: &NewOutbound,
    root: i64,
    at: Timestamp,
    epoch: i64,
) -> Result<i64, OpError> {
    let metadata = (!message.helper_metadata.is_empty())
        .then(|| serde_json::Value::Object(message.helper_metadata.clone()).to_string());
    let encoding = message.encoding.map(|encoding| match encoding {
        Encoding::Gsm7 => 7,
        Encoding::Ucs2 => 16,
    });
    db.prepare_cached(
        "INSERT INTO message (id, account, channel, service, direction, status, address, our_address, content,
            session_key, session_event, in_reply_to, root, created_at, encoding, segments, reason, metadata)
        VALUES (:id, :account, :channel, :service, :direction, :status, :address, :our_address, :content,
            :session_key, :session_event, :in_reply_to, :root, :created_at, :encoding, :segments, :reason, :metadata)",
    )?
    .execute(named_params! {
        ":id": IdColumn(message.id.clone()),
        ":account": message.account,
        ":channel": message.channel,
        ":service": message.service,
        ":direction": Direction::Outbound.number(),
        ":status": message.status.number(),
        ":address": message.to.to_string(),
        ":our_address": message.from.as_ref().map(Address::to_string),
        ":content": message.content,
        ":session_key": message.session_key,
        ":session_event": message.session_event.as_ref().map(SessionEvent::as_str),
        ":in_reply_to": message.in_reply_to.clone().map(IdColumn),
        ":root": root,
        ":created_at": at.micros(),
        ":encoding": encoding,
        ":segments": message.segments.and_then(|segments| i64::try_from(segments).ok()),
        ":reason": message.reason,
        ":metadata": metadata,
    })?;
    let seq = db.last_insert_rowid();
    if let (Some(publish), Some(channel)) = (message.publish, message.channel) {
        enqueue(db, seq, QueueKind::Outbound, channel, at, publish, epoch)?;
    }
    Ok(seq)
}

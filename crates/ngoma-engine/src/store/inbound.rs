//! Inbound messages: taken once, with their place in the queue.

use super::columns::IdColumn;
use super::steps::{NewOutbound, Publish, insert_outbound};
use super::writer::OpError;
use super::{QueueKind, Store, StoreError};
use crate::record::{Direction, Status};
use crate::store::queue::enqueue;
use crate::trace::Trail;
use ngoma_message::{Address, MessageId, Object, SessionEvent, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// An inbound message as the store holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InboundMessage {
    pub(crate) id: MessageId,
    pub(crate) account: i64,
    pub(crate) channel: i64,
    pub(crate) provider_id: Option<String>,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) content: Option<String>,
    pub(crate) session: Option<(String, SessionEvent)>,
    pub(crate) answer_by: Option<Timestamp>,
    pub(crate) transport_metadata: Object,
    pub(crate) created_at: Timestamp,
}

impl InboundMessage {
    /// Whether this message ends its session: nobody waits for an answer to it.
    pub(crate) fn is_close(&self) -> bool {
        matches!(self.session, Some((_, SessionEvent::Close)))
    }
}

/// What became of a message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredInbound {
    /// It is new, under this number.
    Stored(i64),
    /// It came before, under this id.
    Duplicate(MessageId),
}

/// A text the channel gave by itself in answer to a message.
#[derive(Clone, Debug)]
pub(crate) struct FallbackText {
    pub(crate) id: MessageId,
    pub(crate) channel: i64,
    pub(crate) in_reply_to: MessageId,
    pub(crate) content: String,
    pub(crate) ends_session: bool,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

impl Store {
    /// Stores a message and its place in the queue, leased to this process when `hand_over` says that it goes on at
    /// once. A message whose id or provider's id came before is not stored again.
    pub(crate) async fn store_inbound(
        &self,
        message: InboundMessage,
        hand_over: Publish,
        trail: Trail,
    ) -> Result<StoredInbound, StoreError> {
        let epoch = self.shared.epoch;
        self.write(move |db| {
            let Some(seq) = insert(db, &message)? else {
                return Ok(StoredInbound::Duplicate(known_as(db, &message)?));
            };
            enqueue(
                db,
                seq,
                QueueKind::Inbound,
                message.channel,
                message.created_at,
                hand_over,
                epoch,
            )?;
            super::queries::append_trace(db, seq, &trail)?;
            Ok(StoredInbound::Stored(seq))
        })
        .await
    }

    /// Stores what a channel answered by itself. `None` when the message is not one of that channel.
    pub(crate) async fn record_fallback(&self, fallback: FallbackText) -> Result<Option<()>, StoreError> {
        let epoch = self.shared.epoch;
        self.write(move |db| record_fallback(db, &fallback, epoch)).await
    }
}

fn insert(db: &Connection, message: &InboundMessage) -> Result<Option<i64>, OpError> {
    let (session_key, session_event) = match &message.session {
        Some((key, event)) => (Some(key.as_str()), Some(event.as_str())),
        None => (None, None),
    };
    let metadata = (!message.transport_metadata.is_empty())
        .then(|| serde_json::Value::Object(message.transport_metadata.clone()).to_string());
    let stored = db
        .prepare_cached(
            "INSERT INTO message (id, account, channel, direction, status, address, our_address, content, session_key,
                session_event, provider_id, created_at, answer_by, metadata)
            VALUES (:id, :account, :channel, :direction, :status, :address, :our_address, :content, :session_key,
                :session_event, :provider_id, :created_at, :answer_by, :metadata)
            ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":id": IdColumn(message.id.clone()),
            ":account": message.account,
            ":channel": message.channel,
            ":direction": Direction::Inbound.number(),
            ":status": Status::Received.number(),
            ":address": message.from.to_string(),
            ":our_address": message.to.to_string(),
            ":content": message.content,
            ":session_key": session_key,
            ":session_event": session_event,
            ":provider_id": message.provider_id,
            ":created_at": message.created_at.micros(),
            ":answer_by": message.answer_by.map(Timestamp::micros),
            ":metadata": metadata,
        })?;
    Ok((stored == 1).then(|| db.last_insert_rowid()))
}

/// The id a message has had since it first came. A message id that another channel's message has is nobody else's
/// business: it is refused rather than told.
fn known_as(db: &Connection, message: &InboundMessage) -> Result<MessageId, OpError> {
    let by_provider = db
        .prepare_cached("SELECT id FROM message WHERE channel = ?1 AND provider_id = ?2 AND direction = 0")?
        .query_row((message.channel, &message.provider_id), |row| row.get::<_, IdColumn>(0))
        .optional()?;
    if let Some(IdColumn(id)) = by_provider {
        return Ok(id);
    }
    db.prepare_cached("SELECT id FROM message WHERE id = ?1 AND channel = ?2 AND direction = 0")?
        .query_row((IdColumn(message.id.clone()), message.channel), |row| {
            row.get::<_, IdColumn>(0)
        })
        .optional()?
        .map(|IdColumn(id)| id)
        .ok_or_else(|| OpError::Refused("the message id is taken".into()))
}

/// Reads an inbound message; its columns as [`INBOUND_COLUMNS`] names them, from `first` on.
pub(super) fn inbound_from(row: &Row<'_>, first: usize) -> Result<InboundMessage, rusqlite::Error> {
    let session_key: Option<String> = row.get(first + 7)?;
    let session_event: Option<String> = row.get(first + 8)?;
    let metadata: Option<String> = row.get(first + 10)?;
    Ok(InboundMessage {
        id: row.get::<_, IdColumn>(first)?.0,
        account: row.get(first + 1)?,
        channel: row.get(first + 2)?,
        provider_id: row.get(first + 3)?,
        from: stored_address(&row.get::<_, String>(first + 4)?),
        to: stored_address(&row.get::<_, Option<String>>(first + 5)?.unwrap_or_default()),
        content: row.get(first + 6)?,
        session: session_key.map(|key| (key, SessionEvent::from(session_event.as_deref().unwrap_or("resume")))),
        answer_by: row.get::<_, Option<i64>>(first + 9)?.map(Timestamp::from_micros),
        transport_metadata: metadata
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        created_at: Timestamp::from_micros(row.get(first + 11)?),
    })
}

/// The columns [`inbound_from`] reads, of `message AS m`.
pub(super) const INBOUND_COLUMNS: &str = "m.id, m.account, m.channel, m.provider_id, m.address, m.our_address, \
    m.content, m.session_key, m.session_event, m.answer_by, m.metadata, m.created_at";

/// An address as the store wrote it: always `scheme:value`.
pub(super) fn stored_address(text: &str) -> Address {
    let (scheme, value) = text.split_once(':').unwrap_or(("tel", text));
    Address::new(scheme, value)
}

fn record_fallback(db: &Connection, fallback: &FallbackText, epoch: i64) -> Result<Option<()>, OpError> {
    let sql = format!("SELECT m.seq, m.service, {INBOUND_COLUMNS} FROM message AS m WHERE id = ?1 AND direction = 0");
    let asked = db
        .prepare_cached(&sql)?
        .query_row([IdColumn(fallback.in_reply_to.clone())], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, inbound_from(row, 2)?))
        })
        .optional()?;
    let Some((root, service, asked)) = asked.filter(|(.., asked)| asked.channel == fallback.channel) else {
        return Ok(None);
    };
    let mut answer = NewOutbound::answering(&asked, fallback.id.clone(), fallback.content.clone());
    answer.service = service;
    answer.status = Status::Sent;
    answer.session_event = asked.session.is_some().then_some(match fallback.ends_session {
        true => SessionEvent::Close,
        false => SessionEvent::Resume,
    });
    insert_outbound(db, &answer, root, fallback.at, epoch)?;
    if fallback.ends_session
        && let Some((key, _)) = &asked.session
    {
        db.prepare_cached("UPDATE message SET session_ended = 1 WHERE seq = ?1")?
            .execute([root])?;
        db.prepare_cached("UPDATE session SET is_open = 0 WHERE channel = ?1 AND key = ?2")?
            .execute((fallback.channel, key))?;
    }
    let mut trail = Trail::default();
    trail.note_about(&fallback.id, fallback.at, "fallback", &fallback.reason);
    super::queries::append_trace(db, root, &trail)?;
    Ok(Some(()))
}

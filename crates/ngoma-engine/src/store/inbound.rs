//! Inbound messages: taken once, with their place in the queue.

use super::backend::OpError;
use super::follow_ups::{FollowUp, follow};
use super::held_texts::take_part;
use super::partitions::INBOX_DAYS;
use super::sessions::close_session;
use super::sql::{Db, Insert, Row, SqlError, args};
use super::steps::{NewOutbound, Publish, insert_outbound};
use super::work::{NewWork, enqueue};
use super::{QueueKind, Store, StoreError};
use crate::channel::PartHeader;
use crate::directory::{Listeners, Topic};
use crate::inbound::{Fingerprint, PartLimits};
use crate::metrics::Count;
use crate::record::{Direction, Status};
use crate::trace::Trail;
use ngoma_message::{Address, MessageId, Object, SessionEvent, Timestamp};
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// What people send has one priority: nobody's message waits for another's.
pub(super) const INBOUND_PRIORITY: i64 = 1;

/// An inbound message as the store holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InboundMessage {
    pub(crate) id: MessageId,
    pub(crate) account: i64,
    pub(crate) channel: i64,
    pub(crate) provider_id: Option<String>,
    /// What it is known by when it brought no id. Nothing where the same text may come twice.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Which part of a long text it is, as it comes; what is stored is whole.
    pub(crate) part: Option<PartHeader>,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) content: Option<String>,
    pub(crate) session: Option<(String, SessionEvent)>,
    pub(crate) answer_by: Option<Timestamp>,
    pub(crate) transport_metadata: Object,
    pub(crate) created_at: Timestamp,
}

/// An inbound message this process has taken from the queue, or keeps from its arrival.
#[derive(Clone, Debug)]
pub(crate) struct PulledInbound {
    pub(crate) message: InboundMessage,
    /// The lease it was taken under.
    pub(crate) lease: i64,
    /// How many of its steps may have begun, each in a process that ended.
    pub(crate) attempts: u32,
}

impl PulledInbound {
    /// A message as it was stored just now.
    pub(crate) fn arrived(message: InboundMessage, lease: i64) -> Self {
        Self {
            message,
            lease,
            attempts: 0,
        }
    }
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
    /// It is new.
    Stored,
    /// It came before, under this id.
    Duplicate(MessageId),
    /// It is a part, and waits for the others.
    Held {
        /// Whether it began a text anew, and what there was of the one before is stored as a message.
        ends_another: bool,
    },
}

/// A text the channel gave by itself in answer to a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FallbackText {
    pub(crate) id: MessageId,
    pub(crate) account: i64,
    pub(crate) channel: i64,
    pub(crate) in_reply_to: MessageId,
    pub(crate) content: String,
    pub(crate) ends_session: bool,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

impl Store {
    /// Stores a message and its place in the queue, under this lease when `hand_over` says that it goes on at once. A message whose id or provider's id came before is not stored again.
    pub(crate) async fn store_inbound(
        &self,
        message: InboundMessage,
        hand_over: Publish,
        lease: i64,
        listeners: Arc<Listeners>,
        trail: Trail,
    ) -> Result<StoredInbound, StoreError> {
        let (channel, part_limits) = (message.channel, self.inner.part_limits);
        let shelf = self.shelf(1, message.created_at);
        let storing = self.write(message.account, move |db| {
            let taking = Taking {
                hand_over,
                lease,
                trail: &trail,
                listeners: &listeners,
                part_limits,
                shelf,
            };
            take_inbound(db, &message, &taking)
        });
        let stored = storing.await?;
        if matches!(
            stored,
            StoredInbound::Stored | StoredInbound::Held { ends_another: true }
        ) {
            self.inner.metrics.count(Count::Received, Some(channel));
        }
        Ok(stored)
    }

    /// Stores what a channel answered by itself. `None` when the message is not one of that channel.
    pub(crate) async fn record_fallback(&self, fallback: FallbackText) -> Result<Option<()>, StoreError> {
        let channel = fallback.channel;
        let shelf = self.shelf(1, fallback.at);
        let storing = self.write(fallback.account, move |db| record_fallback(db, &fallback, shelf));
        let recorded = storing.await?;
        if recorded.is_some() {
            self.inner.metrics.count(Count::Fallbacks, Some(channel));
        }
        Ok(recorded)
    }
}

fn call_about(message: &InboundMessage) -> FollowUp<'_> {
    FollowUp {
        account: message.account,
        item: &message.id,
        kind: QueueKind::Webhook,
        line: message.account,
        about: None,
        at: message.created_at,
    }
}

/// How a message is taken.
#[derive(Clone, Copy)]
pub(super) struct Taking<'a> {
    pub(super) hand_over: Publish,
    pub(super) lease: i64,
    pub(super) trail: &'a Trail,
    pub(super) listeners: &'a Listeners,
    pub(super) part_limits: PartLimits,
    pub(super) shelf: i64,
}

pub(super) fn take_inbound(
    db: &mut dyn Db,
    message: &InboundMessage,
    taking: &Taking<'_>,
) -> Result<StoredInbound, OpError> {
    if let Some(known) = note_arrival(db, message)? {
        return Ok(StoredInbound::Duplicate(known));
    }
    if let Some(header) = message.part {
        return take_part(db, message, header, taking);
    }
    match store_new(db, message, taking)? {
        true => Ok(StoredInbound::Stored),
        false => is_same(db, message).map(StoredInbound::Duplicate),
    }
}

/// Stores a message that is whole, with its place in the queue; false when its id is taken.
pub(super) fn store_new(db: &mut dyn Db, message: &InboundMessage, taking: &Taking<'_>) -> Result<bool, OpError> {
    if !insert(db, message, taking.shelf)? {
        return Ok(false);
    }
    let work = NewWork {
        account: message.account,
        item: &message.id,
        kind: QueueKind::Inbound,
        channel: message.channel,
        priority: INBOUND_PRIORITY,
        due_at: message.created_at,
        publish: taking.hand_over,
    };
    enqueue(db, &[work], taking.lease)?;
    if taking.listeners.topics.contains(&Topic::Message) {
        follow(db, &call_about(message))?;
    }
    super::queries::append_trace(db, message.account, &message.id, taking.trail)?;
    Ok(true)
}

/// Notes that a message came, under its provider's id or what it says. Gives the id it has had when it came before.
fn note_arrival(db: &mut dyn Db, message: &InboundMessage) -> Result<Option<MessageId>, OpError> {
    let (key, known_for) = match (&message.provider_id, &message.fingerprint) {
        (Some(id), _) => (format!("id:{id}"), None),
        (None, Some(print)) => (format!("print:{}", print.hash), Some(print.known_for)),
        (None, None) => return Ok(None),
    };
    let (now, today) = (message.created_at, day(message.created_at));
    // A clock may have been set back meanwhile.
    let days = match known_for {
        None => today - INBOX_DAYS..=today + 1,
        Some(known_for) => day(now - known_for)..=day(now + known_for),
    };
    for day in days.rev() {
        let Some((held, at)) = arrival_of(db, message, day, &key)? else {
            continue;
        };
        let apart = now.since(at).max(at.since(now));
        if known_for.is_none_or(|known_for| apart < known_for) {
            return Ok(Some(held));
        }
        db.execute(
            "DELETE FROM inbox WHERE account = ?1 AND day = ?2 AND channel = ?3 AND key = ?4",
            &args![message.account, day, message.channel, &key],
        )?;
    }
    let noted = db.execute(
        "INSERT INTO inbox (account, day, channel, key, message, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO NOTHING",
        &args![message.account, today, message.channel, &key, &message.id, now],
    )?;
    if noted == 1 {
        return Ok(None);
    }
    // Another process noted it a moment ago.
    Ok(arrival_of(db, message, today, &key)?.map(|(held, _)| held))
}

/// The message that came on that day under this key, and when.
fn arrival_of(
    db: &mut dyn Db,
    message: &InboundMessage,
    day: i64,
    key: &str,
) -> Result<Option<(MessageId, Timestamp)>, SqlError> {
    let held = db.first(
        "SELECT message, at FROM inbox WHERE account = ?1 AND day = ?2 AND channel = ?3 AND key = ?4",
        &args![message.account, day, message.channel, key],
    )?;
    held.map(|held| Ok((held.get(0)?, held.get(1)?))).transpose()
}

fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(MICROS_PER_DAY)
}

/// Stores a new message; false when its id is taken.
fn insert(db: &mut dyn Db, message: &InboundMessage, shelf: i64) -> Result<bool, OpError> {
    let (session_key, session_event) = match &message.session {
        Some((key, event)) => (Some(key.as_str()), Some(event.as_str())),
        None => (None, None),
    };
    let metadata = (!message.transport_metadata.is_empty())
        .then(|| serde_json::Value::Object(message.transport_metadata.clone()).to_string());
    let insert = Insert {
        into: "message (account, id, channel, direction, status, address, our_address, content, session_key,
            session_event, provider_id, created_at, answer_by, metadata, priority, shelf)",
        columns: 16,
        tail: "ON CONFLICT DO NOTHING RETURNING 1",
    };
    let row = args![
        message.account,
        &message.id,
        message.channel,
        Direction::Inbound,
        Status::Received,
        &message.from,
        &message.to,
        &message.content,
        session_key,
        session_event,
        &message.provider_id,
        message.created_at,
        message.answer_by,
        metadata,
        INBOUND_PRIORITY,
        shelf,
    ];
    Ok(!db.insert(insert, &[row.into()])?.is_empty())
}

/// A message whose id is taken, by itself: it came before. An id that another channel's message has is refused.
fn is_same(db: &mut dyn Db, message: &InboundMessage) -> Result<MessageId, OpError> {
    let held = db.first(
        "SELECT 1 FROM message WHERE account = ?1 AND id = ?2 AND channel = ?3 AND direction = 0",
        &args![message.account, &message.id, message.channel],
    )?;
    match held {
        Some(_) => Ok(message.id.clone()),
        None => Err(OpError::Refused("the message id is taken".into())),
    }
}

/// Reads an inbound message; its columns as [`INBOUND_COLUMNS`] names them, from `first` on.
pub(super) fn inbound_from(row: &Row, first: usize) -> Result<InboundMessage, SqlError> {
    let session_key: Option<String> = row.get(first + 7)?;
    let session_event: Option<String> = row.get(first + 8)?;
    let metadata: Option<String> = row.get(first + 10)?;
    Ok(InboundMessage {
        id: row.get(first)?,
        account: row.get(first + 1)?,
        channel: row.get(first + 2)?,
        provider_id: row.get(first + 3)?,
        fingerprint: None,
        part: None,
        from: stored_address(&row.get::<String>(first + 4)?),
        to: stored_address(&row.get::<Option<String>>(first + 5)?.unwrap_or_default()),
        content: row.get(first + 6)?,
        session: session_key.map(|key| (key, SessionEvent::from(session_event.as_deref().unwrap_or("resume")))),
        answer_by: row.get(first + 9)?,
        transport_metadata: stored_metadata(metadata),
        created_at: row.get(first + 11)?,
    })
}

/// The columns [`inbound_from`] reads, of `message AS m`.
pub(super) const INBOUND_COLUMNS: &str = "m.id, m.account, m.channel, m.provider_id, m.address, m.our_address, \
    m.content, m.session_key, m.session_event, m.answer_by, m.metadata, m.created_at";

/// What was noted with a message, as the store wrote it.
pub(super) fn stored_metadata(text: Option<String>) -> Object {
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// An address as the store wrote it: always `scheme:value`.
pub(super) fn stored_address(text: &str) -> Address {
    let (scheme, value) = text.split_once(':').unwrap_or(("tel", text));
    Address::new(scheme, value)
}

pub(super) fn record_fallback(db: &mut dyn Db, fallback: &FallbackText, shelf: i64) -> Result<Option<()>, OpError> {
    let sql = format!(
        "SELECT m.service, {INBOUND_COLUMNS} FROM message AS m WHERE m.account = ?1 AND m.id = ?2 AND m.direction = 0"
    );
    let Some(row) = db.first(&sql, &args![fallback.account, &fallback.in_reply_to])? else {
        return Ok(None);
    };
    let asked = inbound_from(&row, 1)?;
    if asked.channel != fallback.channel {
        return Ok(None);
    }
    let mut answer = NewOutbound::answering(&asked, fallback.id.clone(), fallback.content.clone());
    answer.service = row.get(0)?;
    answer.status = Status::Sent;
    answer.session_event = asked.session.is_some().then_some(match fallback.ends_session {
        true => SessionEvent::Close,
        false => SessionEvent::Resume,
    });
    // It is over: no work, and no lease.
    insert_outbound(db, &[answer], Some(&asked.id), fallback.at, 0, shelf)?;
    if fallback.ends_session
        && let Some((key, _)) = &asked.session
    {
        db.execute(
            "UPDATE message SET session_ended = 1 WHERE account = ?1 AND id = ?2",
            &args![fallback.account, &asked.id],
        )?;
        close_session(db, fallback.account, fallback.channel, key)?;
    }
    let mut trail = Trail::default();
    trail.note_about(&fallback.id, fallback.at, "fallback", &fallback.reason);
    super::queries::append_trace(db, fallback.account, &asked.id, &trail)?;
    Ok(Some(()))
}

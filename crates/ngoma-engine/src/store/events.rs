//! What became of outbound messages: appended, and told to who wants to know.

use super::QueueKind;
use super::follow_ups::{FollowUp, follow};
use super::inbound::{stored_address, stored_metadata};
use super::sql::{Db, Insert, SqlError, args};
use crate::directory::{Listeners, Topic};
use ngoma_message::{Address, MessageId, Object, Timestamp};

const EVENT: Insert = Insert {
    into: "message_event (account, message, id, at, kind, detail)",
    columns: 6,
    tail: "ON CONFLICT DO NOTHING",
};

/// An event to be appended.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewEvent<'a> {
    pub(super) account: i64,
    /// The outbound message it is about.
    pub(super) message: &'a MessageId,
    pub(super) id: &'a MessageId,
    /// When it happened.
    pub(super) at: Timestamp,
    /// `ack`, `nack`, `pending`, `delivered` or `failed`.
    pub(super) kind: &'a str,
    /// The provider's id for an ack, else the reason.
    pub(super) detail: Option<&'a str>,
    /// When it is appended: a receipt may have waited for its message.
    pub(super) now: Timestamp,
}

/// An event and its message, for those who are told of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredEvent {
    pub(crate) account: i64,
    pub(crate) id: MessageId,
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) detail: Option<String>,
    /// The outbound message it is about, …
    pub(crate) message: MessageId,
    /// … the inbound message that came of, if any, …
    pub(crate) root: Option<MessageId>,
    /// … whom it was for, …
    pub(crate) person: Address,
    /// … the channel it went by, and what was noted with it.
    pub(crate) channel: Option<i64>,
    pub(crate) helper_metadata: Object,
}

/// Appends an event to a message's, with the work of telling it to those who listen. An event that is there is left as
/// it is.
pub(super) fn append_event(db: &mut dyn Db, event: &NewEvent<'_>, listeners: &Listeners) -> Result<(), SqlError> {
    let (account, message) = (event.account, event.message);
    let row = args![account, message, event.id, event.at, event.kind, event.detail];
    if listeners.is_empty() {
        return db.insert_unasked(EVENT, &[row.into()]);
    }
    let asked = Insert {
        tail: "ON CONFLICT DO NOTHING RETURNING 1",
        ..EVENT
    };
    if db.insert(asked, &[row.into()])?.is_empty() {
        return Ok(());
    }
    let tell = |kind, line| FollowUp {
        account,
        item: event.id,
        kind,
        line,
        about: Some(message),
        at: event.now,
    };
    if !listeners.services.is_empty()
        && let Some(service) = service_of(db, account, message)?
        && listeners.services.contains(&service)
    {
        follow(db, &tell(QueueKind::Event, service))?;
    }
    if listeners.topics.contains(&topic(event.kind)) {
        follow(db, &tell(QueueKind::Webhook, account))?;
    }
    Ok(())
}

/// An event of a message.
pub(super) fn event_of(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    id: &MessageId,
) -> Result<Option<StoredEvent>, SqlError> {
    let row = db.first(
        "SELECT e.at, e.kind, e.detail, m.root, m.address, m.channel, m.metadata
        FROM message_event AS e JOIN message AS m ON m.account = e.account AND m.id = e.message
        WHERE e.account = ?1 AND e.message = ?2 AND e.id = ?3",
        &args![account, message, id],
    )?;
    row.map(|row| {
        let metadata: Option<String> = row.get(6)?;
        Ok(StoredEvent {
            account,
            id: id.clone(),
            at: row.get(0)?,
            kind: row.get(1)?,
            detail: row.get(2)?,
            message: message.clone(),
            root: row.get(3)?,
            person: stored_address(&row.get::<String>(4)?),
            channel: row.get(5)?,
            helper_metadata: stored_metadata(metadata),
        })
    })
    .transpose()
}

fn service_of(db: &mut dyn Db, account: i64, message: &MessageId) -> Result<Option<i64>, SqlError> {
    let row = db.first(
        "SELECT service FROM message WHERE account = ?1 AND id = ?2",
        &args![account, message],
    )?;
    row.map_or(Ok(None), |row| row.get(0))
}

fn topic(kind: &str) -> Topic {
    match kind {
        "ack" => Topic::Ack,
        "nack" => Topic::Nack,
        _ => Topic::DeliveryReport,
    }
}

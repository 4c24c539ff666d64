//! What pages, commands and clients ask about messages, and the trace's rows.

use super::inbound::stored_address;
use super::sql::{Db, Insert, Row, SqlError, args};
use super::{Store, StoreError};
use crate::record::{Direction, EventRecord, MessageRecord, Status, TraceLine};
use crate::trace::{Trail, unpack};
use ngoma_message::{Address, MessageId, SessionEvent};

/// The shelves on which an account has messages, one probe of the index for each. Joined by CROSS JOIN, which SQLite takes
/// in the order it is written in.
const SHELVES: &str = "shelves (shelf) AS (
    SELECT max(m.shelf) FROM message AS m WHERE m.account = ?1
    UNION ALL
    SELECT (SELECT max(m.shelf) FROM message AS m WHERE m.account = ?1 AND m.shelf < s.shelf)
    FROM shelves AS s WHERE s.shelf IS NOT NULL)";
const RECORD_COLUMNS: &str = "m.id, a.code, c.name, v.name, m.direction, m.address, m.content, m.session_key,
    m.session_event, m.in_reply_to, m.status, m.provider_id, m.created_at, m.reason, m.possible_duplicate";
const RECORD_TABLES: &str = "account AS a JOIN message AS m ON m.account = a.id
    LEFT JOIN channel AS c ON c.id = m.channel LEFT JOIN service AS v ON v.id = m.service";

impl Store {
    /// The latest messages of a person, both directions, newest last.
    pub(crate) async fn thread(
        &self,
        account: &str,
        address: &Address,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let (account, address) = (account.to_owned(), address.to_string());
        self.read_slow(move |db| {
            let Some(account) = number_of(db, &account)? else {
                return Ok(Vec::new());
            };
            let sql = format!(
                "WITH RECURSIVE {SHELVES}
                SELECT m.id FROM shelves AS s CROSS JOIN message AS m
                WHERE m.account = ?1 AND m.shelf = s.shelf AND m.address = ?2 ORDER BY m.id DESC LIMIT ?3"
            );
            let latest = db.query(&sql, &args![account, &address, limit])?;
            let mut records = Vec::with_capacity(latest.len());
            for row in latest.iter().rev() {
                records.extend(record_of(db, account, &row.get(0)?)?);
            }
            Ok(records)
        })
        .await
    }

    /// A message of that account.
    pub(crate) async fn message(&self, account: i64, id: &MessageId) -> Result<Option<MessageRecord>, StoreError> {
        let id = id.clone();
        self.read_slow(move |db| record_of(db, account, &id)).await
    }

    /// What became of a message, oldest first.
    pub(crate) async fn events(&self, account: i64, id: &MessageId) -> Result<Vec<EventRecord>, StoreError> {
        let id = id.clone();
        self.read_slow(move |db| {
            let sql = "SELECT id, at, kind, detail FROM message_event WHERE account = ?1 AND message = ?2 ORDER BY id";
            db.query(sql, &args![account, &id])?
                .iter()
                .map(|row| {
                    Ok(EventRecord {
                        id: row.get(0)?,
                        at: row.get(1)?,
                        kind: row.get(2)?,
                        detail: row.get(3)?,
                    })
                })
                .collect()
        })
        .await
    }

    /// The steps of a message of that account. Those of an inbound message include the journeys of what came of it.
    pub(crate) async fn trace(&self, account: &str, message: &MessageId) -> Result<Vec<TraceLine>, StoreError> {
        let (account, id) = (account.to_owned(), message.clone());
        self.read_slow(move |db| {
            let sql =
                format!("SELECT a.id, m.root, {RECORD_COLUMNS} FROM {RECORD_TABLES} WHERE a.code = ?1 AND m.id = ?2");
            let Some(row) = db.first(&sql, &args![&account, &id])? else {
                return Ok(Vec::new());
            };
            let number: i64 = row.get(0)?;
            let root: Option<MessageId> = row.get(1)?;
            let record = record_from(&Row::after(&row, 2))?;
            let mut lines = Vec::new();
            if root.is_none() && record.direction == Direction::Outbound {
                // A client's own message: its row says all there is to say of its acceptance.
                lines.push(TraceLine {
                    at: record.created_at,
                    step: "accept".into(),
                    detail: format!(
                        "a client's message to {} on channel {}",
                        record.address.value(),
                        record.channel
                    ),
                });
            }
            let only_about = root.is_some().then_some(&id);
            let packed = db.query(
                "SELECT lines FROM trace WHERE account = ?1 AND message = ?2 ORDER BY id",
                &args![number, root.as_ref().unwrap_or(&id)],
            )?;
            for row in packed {
                lines.extend(unpack(&row.get::<String>(0)?, only_about));
            }
            Ok(lines)
        })
        .await
    }
}

fn number_of(db: &mut dyn Db, account: &str) -> Result<Option<i64>, SqlError> {
    let row = db.first("SELECT id FROM account WHERE code = ?1", &args![account])?;
    row.map(|row| row.get(0)).transpose()
}

fn record_of(db: &mut dyn Db, account: i64, id: &MessageId) -> Result<Option<MessageRecord>, SqlError> {
    let sql = format!("SELECT {RECORD_COLUMNS} FROM {RECORD_TABLES} WHERE a.id = ?1 AND m.account = ?1 AND m.id = ?2");
    let row = db.first(&sql, &args![account, id])?;
    row.map(|row| record_from(&row)).transpose()
}

fn record_from(row: &Row) -> Result<MessageRecord, SqlError> {
    Ok(MessageRecord {
        id: row.get(0)?,
        account: row.get(1)?,
        channel: row.get::<Option<String>>(2)?.unwrap_or_default(),
        service: row.get(3)?,
        direction: Direction::from_number(row.get(4)?),
        address: stored_address(&row.get::<String>(5)?),
        content: row.get(6)?,
        session_key: row.get(7)?,
        session_event: row
            .get::<Option<String>>(8)?
            .map(|event| SessionEvent::from(event.as_str())),
        in_reply_to: row.get(9)?,
        status: Status::from_number(row.get(10)?),
        provider_id: row.get(11)?,
        created_at: row.get(12)?,
        reason: row.get(13)?,
        possible_duplicate: row.get(14)?,
    })
}

const TRACE: Insert = Insert {
    into: "trace (account, message, id, lines)",
    columns: 4,
    tail: "ON CONFLICT DO NOTHING",
};

/// Appends a commit's lines to the trace of the message they hang on.
pub(super) fn append_trace(db: &mut dyn Db, account: i64, root: &MessageId, trail: &Trail) -> Result<(), SqlError> {
    append_trace_as(db, account, root, &MessageId::generate(), trail)
}

/// Appends a commit's lines under an id; what is there under it already is left as it is.
pub(super) fn append_trace_as(
    db: &mut dyn Db,
    account: i64,
    root: &MessageId,
    id: &MessageId,
    trail: &Trail,
) -> Result<(), SqlError> {
    match trail.is_empty() {
        true => Ok(()),
        false => db.insert_unasked(TRACE, &[args![account, root, id, trail.pack()].into()]),
    }
}

/// Appends a commit's lines under an id; false when that was done before.
pub(super) fn append_trace_once(
    db: &mut dyn Db,
    account: i64,
    root: &MessageId,
    id: &MessageId,
    trail: &Trail,
) -> Result<bool, SqlError> {
    if trail.is_empty() {
        return Ok(true);
    }
    let asked = Insert {
        tail: "ON CONFLICT DO NOTHING RETURNING 1",
        ..TRACE
    };
    let added = db.insert(asked, &[args![account, root, id, trail.pack()].into()])?;
    Ok(!added.is_empty())
}

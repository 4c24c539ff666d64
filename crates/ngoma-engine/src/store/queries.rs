//! What pages and commands ask about messages, and the trace's rows.

use super::columns::IdColumn;
use super::inbound::stored_address;
use super::writer::OpError;
use super::{Store, StoreError};
use crate::record::{Direction, MessageRecord, Status, TraceLine};
use crate::trace::{Trail, unpack};
use ngoma_message::{Address, MessageId, SessionEvent, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};

impl Store {
    /// The latest messages of a person, both directions, newest last.
    pub(crate) async fn thread(
        &self,
        account: &str,
        address: &Address,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let key = (account.to_owned(), address.to_string(), limit);
        self.read_aside(move |db| {
            let mut messages: Vec<MessageRecord> = db
                .prepare_cached(
                    "SELECT m.id, a.code, c.name, v.name, m.direction, m.address, m.content, m.session_key,
                        m.session_event, m.in_reply_to, m.status, m.provider_id, m.created_at
                    FROM account AS a
                    JOIN message AS m ON m.account = a.id AND m.address = ?2
                    LEFT JOIN channel AS c ON c.id = m.channel
                    LEFT JOIN service AS v ON v.id = m.service
                    WHERE a.code = ?1 ORDER BY m.seq DESC LIMIT ?3",
                )?
                .query_map(key, record_from)?
                .collect::<Result<_, _>>()?;
            messages.reverse();
            Ok(messages)
        })
        .await
    }

    /// The steps of a message of that account. Those of an inbound message include the journeys of what came of it.
    pub(crate) async fn trace(&self, account: &str, message: &MessageId) -> Result<Vec<TraceLine>, StoreError> {
        let (account, id) = (account.to_owned(), message.clone());
        self.read_aside(move |db| {
            let found: Option<(i64, Option<i64>)> = db
                .prepare_cached(
                    "SELECT m.seq, m.root FROM message AS m JOIN account AS a ON a.id = m.account
                    WHERE m.id = ?2 AND a.code = ?1",
                )?
                .query_row((account, IdColumn(id.clone())), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((seq, root)) = found else {
                return Ok(Vec::new());
            };
            let only_about = root.is_some().then_some(&id);
            let packed: Vec<String> = db
                .prepare_cached("SELECT lines FROM trace WHERE message = ?1 ORDER BY part")?
                .query_map([root.unwrap_or(seq)], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(packed.iter().flat_map(|lines| unpack(lines, only_about)).collect())
        })
        .await
    }
}

fn record_from(row: &Row<'_>) -> Result<MessageRecord, rusqlite::Error> {
    Ok(MessageRecord {
        id: row.get::<_, IdColumn>(0)?.0,
        account: row.get(1)?,
        channel: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        service: row.get(3)?,
        direction: Direction::from_number(row.get(4)?),
        address: stored_address(&row.get::<_, String>(5)?),
        content: row.get(6)?,
        session_key: row.get(7)?,
        session_event: row
            .get::<_, Option<String>>(8)?
            .map(|event| SessionEvent::from(event.as_str())),
        in_reply_to: row.get::<_, Option<IdColumn>>(9)?.map(|id| id.0),
        status: Status::from_number(row.get(10)?),
        provider_id: row.get(11)?,
        created_at: Timestamp::from_micros(row.get(12)?),
    })
}

/// Appends a commit's lines to the trace of an inbound message.
pub(super) fn append_trace(db: &Connection, root: i64, trail: &Trail) -> Result<(), OpError> {
    if trail.is_empty() {
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO trace (message, part, lines)
        SELECT ?1, ifnull(max(part), 0) + 1, ?2 FROM trace WHERE message = ?1",
    )?
    .execute((root, trail.pack()))?;
    Ok(())
}

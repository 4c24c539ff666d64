//! Sessions, by channel and the gateway's key.

use super::inbound::stored_address;
use super::writer::OpError;
use super::{Store, StoreError};
use crate::record::SessionRecord;
use ngoma_message::{Address, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A session as the store holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionRow {
    pub(crate) channel: i64,
    pub(crate) key: String,
    pub(crate) address: Address,
    pub(crate) service: Option<i64>,
    pub(crate) is_open: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) last_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

const COLUMNS: &str = "s.channel, s.key, s.address, s.service, s.is_open, s.started_at, s.last_at, s.expires_at";

impl Store {
    /// One session. A point read of a few pages that are nearly always cached: it is done on the calling task, where it
    /// costs less than handing it to another thread.
    pub(crate) fn session(&self, channel: i64, key: &str) -> Result<Option<SessionRow>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM session AS s WHERE s.channel = ?1 AND s.key = ?2");
            db.prepare_cached(&sql)?
                .query_row((channel, key), session_from)
                .optional()
        })
    }

    /// The session of a person on a channel that began last.
    pub(crate) async fn latest_session(
        &self,
        account: &str,
        channel: &str,
        address: &Address,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let key = (account.to_owned(), channel.to_owned(), address.to_string());
        self.read_aside(move |db| {
            let sql = format!(
                "SELECT {COLUMNS}, c.name, v.name FROM account AS a
                JOIN channel AS c ON c.account = a.id AND c.name = ?2
                JOIN session AS s ON s.channel = c.id AND s.address = ?3
                LEFT JOIN service AS v ON v.id = s.service
                WHERE a.code = ?1 ORDER BY s.started_at DESC, s.id DESC LIMIT 1"
            );
            db.prepare_cached(&sql)?.query_row(key, record_from).optional()
        })
        .await
    }
}

fn session_from(row: &Row<'_>) -> Result<SessionRow, rusqlite::Error> {
    Ok(SessionRow {
        channel: row.get(0)?,
        key: row.get(1)?,
        address: stored_address(&row.get::<_, String>(2)?),
        service: row.get(3)?,
        is_open: row.get(4)?,
        started_at: Timestamp::from_micros(row.get(5)?),
        last_at: Timestamp::from_micros(row.get(6)?),
        expires_at: Timestamp::from_micros(row.get(7)?),
    })
}

fn record_from(row: &Row<'_>) -> Result<SessionRecord, rusqlite::Error> {
    let session = session_from(row)?;
    Ok(SessionRecord {
        key: session.key,
        channel: row.get(8)?,
        address: session.address,
        service: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
        is_open: session.is_open,
        started_at: session.started_at,
        last_at: session.last_at,
        expires_at: session.expires_at,
    })
}

/// Writes a session's turn.
pub(super) fn write_session(db: &Connection, session: &SessionRow) -> Result<(), OpError> {
    db.prepare_cached(
        "INSERT INTO session (channel, key, address, service, is_open, started_at, last_at, expires_at)
        VALUES (:channel, :key, :address, :service, :is_open, :started_at, :last_at, :expires_at)
        ON CONFLICT (channel, key) DO UPDATE SET address = excluded.address, service = excluded.service,
            is_open = excluded.is_open, started_at = excluded.started_at, last_at = excluded.last_at,
            expires_at = excluded.expires_at",
    )?
    .execute(named_params! {
        ":channel": session.channel,
        ":key": session.key,
        ":address": session.address.to_string(),
        ":service": session.service,
        ":is_open": session.is_open,
        ":started_at": session.started_at.micros(),
        ":last_at": session.last_at.micros(),
        ":expires_at": session.expires_at.micros(),
    })?;
    Ok(())
}

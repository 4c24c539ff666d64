//! Sessions, by channel and the gateway's key.

use super::inbound::stored_address;
use super::sql::{Db, Row, SqlError, args};
use super::{Store, StoreError};
use crate::record::SessionRecord;
use ngoma_message::{Address, Timestamp};

/// A session as the store holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionRow {
    pub(crate) channel: i64,
    pub(crate) key: String,
    pub(crate) address: Address,
    pub(crate) service: Option<i64>,
    /// The version of the service's code it began with.
    pub(crate) version: Option<i64>,
    pub(crate) is_open: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) last_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

const COLUMNS: &str = "s.channel, s.key, s.address, s.service, s.is_open, s.started_at, s.last_at,
    s.expires_at, s.version";

impl Store {
    /// One session.
    pub(crate) async fn session(
        &self,
        account: i64,
        channel: i64,
        key: &str,
    ) -> Result<Option<SessionRow>, StoreError> {
        let key = key.to_owned();
        self.read(move |db| {
            let sql =
                format!("SELECT {COLUMNS} FROM session AS s WHERE s.account = ?1 AND s.channel = ?2 AND s.key = ?3");
            db.first(&sql, &args![account, channel, &key])?
                .map(|row| session_from(&row))
                .transpose()
        })
        .await
    }

    /// The session of a person on a channel that began last.
    pub(crate) async fn latest_session(
        &self,
        account: &str,
        channel: &str,
        address: &Address,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let (account, channel, address) = (account.to_owned(), channel.to_owned(), address.to_string());
        self.read_slow(move |db| {
            let sql = format!(
                "SELECT {COLUMNS}, c.name, v.name FROM account AS a
                JOIN channel AS c ON c.account = a.id AND c.name = ?2
                JOIN session AS s ON s.account = a.id AND s.channel = c.id AND s.address = ?3
                LEFT JOIN service AS v ON v.id = s.service
                WHERE a.code = ?1 ORDER BY s.started_at DESC, s.last_at DESC LIMIT 1"
            );
            db.first(&sql, &args![&account, &channel, &address])?
                .map(|row| record_from(&row))
                .transpose()
        })
        .await
    }
}

fn session_from(row: &Row) -> Result<SessionRow, SqlError> {
    Ok(SessionRow {
        channel: row.get(0)?,
        key: row.get(1)?,
        address: stored_address(&row.get::<String>(2)?),
        service: row.get(3)?,
        is_open: row.get(4)?,
        started_at: row.get(5)?,
        last_at: row.get(6)?,
        expires_at: row.get(7)?,
        version: row.get(8)?,
    })
}

fn record_from(row: &Row) -> Result<SessionRecord, SqlError> {
    let session = session_from(row)?;
    Ok(SessionRecord {
        key: session.key,
        channel: row.get(9)?,
        address: session.address,
        service: row.get::<Option<String>>(10)?.unwrap_or_default(),
        is_open: session.is_open,
        started_at: session.started_at,
        last_at: session.last_at,
        expires_at: session.expires_at,
    })
}

/// Ends a session.
pub(super) fn close_session(db: &mut dyn Db, account: i64, channel: i64, key: &str) -> Result<(), SqlError> {
    db.execute(
        "UPDATE session SET is_open = 0 WHERE account = ?1 AND channel = ?2 AND key = ?3",
        &args![account, channel, key],
    )
    .map(drop)
}

/// Writes a session's turn.
pub(super) fn write_session(db: &mut dyn Db, account: i64, session: &SessionRow) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO session (account, channel, key, address, service, is_open, started_at, last_at, expires_at, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (account, channel, key) DO UPDATE SET address = excluded.address, service = excluded.service,
            is_open = excluded.is_open, started_at = excluded.started_at, last_at = excluded.last_at,
            expires_at = excluded.expires_at, version = excluded.version",
        &args![
            account,
            session.channel,
            &session.key,
            &session.address,
            session.service,
            session.is_open,
            session.started_at,
            session.last_at,
            session.expires_at,
            session.version,
        ],
    )
    .map(drop)
}

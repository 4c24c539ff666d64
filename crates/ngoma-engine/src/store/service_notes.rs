//! What a service leaves for its author: its log, bounded, and its measurements, one row a minute.

use super::sql::{Db, Insert, Param, SqlError, args};
use super::{Store, StoreError};
use crate::service::{LogLine, Metric};
use ngoma_message::{MessageId, Timestamp};

/// The longest log line that is kept, in bytes.
const LOG_LINE_BYTES: usize = 8192;
const MICROS_PER_MINUTE: i64 = 60_000_000;

impl Store {
    /// Adds lines to a service's log, outside any step.
    pub(crate) async fn log_service(
        &self,
        account: i64,
        service: i64,
        lines: Vec<LogLine>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let keep = self.inner.log_lines;
        self.write(account, move |db| {
            Ok(write_log(db, account, service, &lines, at, keep)?)
        })
        .await
    }

    /// The latest lines of a service's log, newest last.
    pub(crate) async fn service_log(
        &self,
        account: &str,
        service: &str,
        limit: usize,
    ) -> Result<Vec<(Timestamp, LogLine)>, StoreError> {
        let (account, service) = (account.to_owned(), service.to_owned());
        self.read_slow(move |db| {
            let rows = db.query(
                "SELECT l.at, l.level, l.message FROM account AS a
                JOIN service AS v ON v.account = a.id AND v.name = ?2
                JOIN service_log AS l ON l.account = a.id AND l.service = v.id
                WHERE a.code = ?1 ORDER BY l.id DESC LIMIT ?3",
                &args![&account, &service, limit],
            )?;
            let line = |row: &super::sql::Row| {
                let (level, message) = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, LogLine { level, message }))
            };
            rows.iter().rev().map(line).collect()
        })
        .await
    }
}

/// Appends to a service's log and forgets its oldest lines beyond `keep`.
pub(super) fn write_log(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    lines: &[LogLine],
    at: Timestamp,
    keep: i64,
) -> Result<(), SqlError> {
    if lines.is_empty() {
        return Ok(());
    }
    let row = |line: &LogLine| -> Vec<Param<'static>> {
        let message = line.message[..line.message.floor_char_boundary(LOG_LINE_BYTES)].to_owned();
        args![
            account,
            service,
            &MessageId::generate(),
            at,
            line.level.clone(),
            message
        ]
        .into()
    };
    let rows: Vec<Vec<Param<'_>>> = lines.iter().map(row).collect();
    let insert = Insert {
        into: "service_log (account, service, id, at, level, message)",
        columns: 6,
        tail: "",
    };
    db.insert(insert, &rows)?;
    let oldest_kept = db.first(
        "SELECT id FROM service_log WHERE account = ?1 AND service = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3",
        &args![account, service, keep],
    )?;
    if let Some(row) = oldest_kept {
        db.execute(
            "DELETE FROM service_log WHERE account = ?1 AND service = ?2 AND id <= ?3",
            &args![account, service, &row.get::<MessageId>(0)?],
        )?;
    }
    Ok(())
}

/// Adds measurements to the rows of their minute.
pub(super) fn write_metrics(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    metrics: &[Metric],
    at: Timestamp,
) -> Result<(), SqlError> {
    for metric in metrics {
        db.execute(
            "INSERT INTO metric (account, service, minute, store, name, agg, value, samples)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)
            ON CONFLICT (account, service, minute, store, name, agg) DO UPDATE SET samples = metric.samples + 1,
                value = CASE
                    WHEN metric.agg = 'last' THEN excluded.value
                    WHEN metric.agg = 'min' AND metric.value <= excluded.value THEN metric.value
                    WHEN metric.agg = 'max' AND metric.value >= excluded.value THEN metric.value
                    WHEN metric.agg IN ('min', 'max') THEN excluded.value
                    ELSE metric.value + excluded.value END",
            &args![
                account,
                service,
                at.micros().div_euclid(MICROS_PER_MINUTE),
                &metric.store,
                &metric.metric,
                &metric.agg,
                metric.value,
            ],
        )?;
    }
    Ok(())
}

//! What a service leaves for its author: its log, bounded, and its measurements, one row a minute.

use super::writer::OpError;
use super::{Store, StoreError};
use crate::service::{LogLine, Metric};
use ngoma_message::Timestamp;
use rusqlite::{Connection, named_params};

/// The longest log line that is kept, in bytes.
const LOG_LINE_BYTES: usize = 8192;
const MICROS_PER_MINUTE: i64 = 60_000_000;

impl Store {
    /// Adds lines to a service's log, outside any step.
    pub(crate) async fn log_service(&self, service: i64, lines: Vec<LogLine>, at: Timestamp) -> Result<(), StoreError> {
        let keep = self.shared.log_lines;
        self.write(move |db| write_log(db, service, &lines, at, keep)).await
    }

    /// The latest lines of a service's log, newest last.
    pub(crate) async fn service_log(
        &self,
        account: &str,
        service: &str,
        limit: usize,
    ) -> Result<Vec<(Timestamp, LogLine)>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let key = (account.to_owned(), service.to_owned(), limit);
        self.read_aside(move |db| {
            let mut lines: Vec<(Timestamp, LogLine)> = db
                .prepare_cached(
                    "SELECT l.at, l.level, l.message FROM account AS a
                    JOIN service AS v ON v.account = a.id AND v.name = ?2
                    JOIN service_log AS l ON l.service = v.id
                    WHERE a.code = ?1 ORDER BY l.part DESC LIMIT ?3",
                )?
                .query_map(key, |row| {
                    let (level, message) = (row.get(1)?, row.get(2)?);
                    Ok((Timestamp::from_micros(row.get(0)?), LogLine { level, message }))
                })?
                .collect::<Result<_, _>>()?;
            lines.reverse();
            Ok(lines)
        })
        .await
    }
}

/// Appends to a service's log and forgets its oldest lines beyond `keep`.
pub(super) fn write_log(
    db: &Connection,
    service: i64,
    lines: &[LogLine],
    at: Timestamp,
    keep: i64,
) -> Result<(), OpError> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut part: i64 = db
        .prepare_cached("SELECT ifnull(max(part), 0) FROM service_log WHERE service = ?1")?
        .query_row([service], |row| row.get(0))?;
    for line in lines {
        part += 1;
        let message = &line.message[..line.message.floor_char_boundary(LOG_LINE_BYTES)];
        db.prepare_cached("INSERT INTO service_log (service, part, at, level, message) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((service, part, at.micros(), &line.level, message))?;
    }
    db.prepare_cached("DELETE FROM service_log WHERE service = ?1 AND part <= ?2")?
        .execute((service, part.saturating_sub(keep)))?;
    Ok(())
}

/// Adds measurements to the rows of their minute.
pub(super) fn write_metrics(db: &Connection, service: i64, metrics: &[Metric], at: Timestamp) -> Result<(), OpError> {
    for metric in metrics {
        db.prepare_cached(
            "INSERT INTO metric (service, minute, store, name, agg, value, samples)
            VALUES (:service, :minute, :store, :name, :agg, :value, 1)
            ON CONFLICT DO UPDATE SET samples = samples + 1, value = CASE agg
                WHEN 'min' THEN min(value, excluded.value)
                WHEN 'max' THEN max(value, excluded.value)
                WHEN 'last' THEN excluded.value
                ELSE value + excluded.value END",
        )?
        .execute(named_params! {
            ":service": service,
            ":minute": at.micros().div_euclid(MICROS_PER_MINUTE),
            ":store": metric.store,
            ":name": metric.metric,
            ":agg": metric.agg,
            ":value": metric.value,
        })?;
    }
    Ok(())
}

//! PostgreSQL's partitions: by the month of an id, by the day; made ahead, and dropped whole when they are over.

use super::sql::{Db, Dialect, SqlError};
use super::{NO_ACCOUNT, Store, StoreError};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};

/// Tables partitioned by the month of an id.
const BY_MONTH: [&str; 4] = ["message", "message_event", "part", "trace"];
/// Tables partitioned by the day, and how many days each keeps.
const BY_DAY: [(&str, i64); 5] = [
    ("carrier_id", CARRIER_ID_DAYS),
    ("orphan_receipt", ORPHAN_DAYS),
    ("inbox", INBOX_DAYS),
    ("idempotency", IDEMPOTENCY_DAYS),
    (STEP_RECORDS, STEP_RECORD_DAYS),
];
/// The table of recorded steps: how many days it keeps is a setting.
const STEP_RECORDS: &str = "step_record";
/// How many days back it can be written.
const STEP_RECORD_DAYS: i64 = 1;
/// How long a carrier's id is known: receipts come up to 72 hours late, and some carriers are later.
pub(super) const CARRIER_ID_DAYS: i64 = 7;
/// How long a receipt waits for its message's id.
pub(super) const ORPHAN_DAYS: i64 = 4;
/// How long it is known what came in.
pub(super) const INBOX_DAYS: i64 = 7;
/// How long it is known what was asked under a client's key.
pub(super) const IDEMPOTENCY_DAYS: i64 = 2;
/// How many months ahead partitions are made, and how many days.
const MONTHS_AHEAD: u32 = 3;
const DAYS_AHEAD: i64 = 14;
const SECONDS_PER_DAY: i64 = 86_400;

impl Store {
    /// A step of maintenance: makes partitions ahead and drops those whose days are over. On SQLite, where there are no
    /// partitions, the rows of those days are deleted.
    pub(crate) async fn roll_partitions(&self) -> Result<(), StoreError> {
        let step_days = self.inner.step_record_days;
        self.write(NO_ACCOUNT, move |db| {
            match db.dialect() {
                Dialect::Postgres => create_ahead(db)?,
                Dialect::Sqlite => {}
            }
            Ok(drop_days_over(db, step_days)?)
        })
        .await
    }
}

/// Makes the partitions of last month to some months ahead, and of the days around today. Ids and days are told by the
/// machine's own clock.
pub(super) fn create_ahead(db: &mut dyn Db) -> Result<(), SqlError> {
    let today = Utc::now().date_naive();
    let first = today.with_day(1).unwrap_or(today);
    let start = first.checked_sub_months(Months::new(1)).unwrap_or(first);
    for ahead in 0..=MONTHS_AHEAD + 1 {
        let Some(month) = start.checked_add_months(Months::new(ahead)) else {
            break;
        };
        create_month(db, month)?;
    }
    let day = day_of(today);
    for (table, keep) in BY_DAY {
        for day in day - keep..=day + DAYS_AHEAD {
            db.script(&format!(
                "CREATE TABLE IF NOT EXISTS {table}_d{day} PARTITION OF {table} FOR VALUES FROM ({day}) TO ({})",
                day + 1
            ))?;
        }
    }
    Ok(())
}

fn create_month(db: &mut dyn Db, month: NaiveDate) -> Result<(), SqlError> {
    let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
    let (from, to) = (first_id(month), first_id(next));
    let name = month.format("%Y%m");
    for table in BY_MONTH {
        db.script(&format!(
            "CREATE TABLE IF NOT EXISTS {table}_m{name} PARTITION OF {table} FOR VALUES FROM ('{from}') TO ('{to}')"
        ))?;
    }
    Ok(())
}

/// The lowest id of a moment: its milliseconds, and zeros (RFC 9562 §5.7).
fn first_id(day: NaiveDate) -> String {
    let millis = day.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    let hex = format!("{millis:012x}");
    format!("{}-{}-0000-0000-000000000000", &hex[..8], &hex[8..])
}

fn day_of(date: NaiveDate) -> i64 {
    date.and_time(NaiveTime::MIN)
        .and_utc()
        .timestamp()
        .div_euclid(SECONDS_PER_DAY)
}

fn drop_days_over(db: &mut dyn Db, step_days: i64) -> Result<(), SqlError> {
    let today = day_of(DateTime::<Utc>::date_naive(&Utc::now()));
    for (table, keep) in BY_DAY {
        let keep = if table == STEP_RECORDS { step_days } else { keep };
        match db.dialect() {
            Dialect::Sqlite => db
                .execute(
                    &format!("DELETE FROM {table} WHERE account IN (SELECT id FROM account) AND day < ?1"),
                    &[(today - keep).into()],
                )
                .map(drop)?,
            Dialect::Postgres => drop_partitions_before(db, table, today - keep)?,
        }
    }
    Ok(())
}

fn drop_partitions_before(db: &mut dyn Db, table: &str, day: i64) -> Result<(), SqlError> {
    let partitions = db.query(
        "SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        JOIN pg_class AS p ON p.oid = i.inhparent JOIN pg_namespace AS n ON n.oid = p.relnamespace
        WHERE p.relname::text = ?1 AND n.nspname::text = ?2",
        &[table.into(), super::sql::SCHEMA.into()],
    )?;
    for row in partitions {
        let name: String = row.get(0)?;
        let held = name.rsplit_once("_d").and_then(|(_, held)| held.parse::<i64>().ok());
        if held.is_some_and(|held| held < day) {
            db.script(&format!("DROP TABLE {name}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_month_lies_within_its_bounds() {
        let month = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        assert_eq!(first_id(month), "01a19467-e800-0000-0000-000000000000");
        assert_eq!(day_of(month), 20_758);
    }
}

//! How many messages a service had. What a count costs is bounded, however many messages there are: it looks at the
//! latest of the account only, which the index of ids has in one piece, and on a connection that messages never wait for.

use super::sql::{Db, Row, SqlError, args};
use super::{Store, StoreError};
use crate::ports::Totals;
use crate::record::{Direction, Status};
use ngoma_message::{MessageId, Timestamp};
use std::time::Duration;

/// How many messages of an account one count looks at.
const LOOKED_AT: usize = 100_000;

const BY_STATUS: &str = "SELECT direction, status, CASE WHEN provider_id IS NULL THEN 0 ELSE 1 END, count(*)
    FROM (SELECT service, direction, status, provider_id FROM message
        WHERE account = ?1 ORDER BY id DESC LIMIT ?2) AS latest
    WHERE service = ?3 GROUP BY 1, 2, 3";
const PEOPLE: &str = "SELECT count(*), min(created_at),
        count(DISTINCT CASE WHEN service = ?3 AND direction = ?4 THEN address END),
        count(DISTINCT CASE WHEN service = ?3 AND direction = ?5 THEN address END)
    FROM (SELECT service, direction, address, created_at FROM message
        WHERE account = ?1 ORDER BY id DESC LIMIT ?2) AS latest";
const RATE: &str = "SELECT count(*),
        sum(CASE WHEN service = ?4 AND direction = ?5 AND created_at >= ?6 THEN 1 ELSE 0 END), min(created_at)
    FROM (SELECT service, direction, created_at FROM message
        WHERE account = ?1 AND id >= ?2 ORDER BY id DESC LIMIT ?3) AS latest";

impl Store {
    /// What became of the messages of a service, among the latest of its account.
    pub(crate) async fn message_totals(&self, account: i64, service: i64) -> Result<Totals, StoreError> {
        self.message_totals_of(account, service, LOOKED_AT).await
    }

    /// The same among so many.
    pub(super) async fn message_totals_of(
        &self,
        account: i64,
        service: i64,
        looked_at: usize,
    ) -> Result<Totals, StoreError> {
        self.read_slow(move |db| totals(db, account, service, looked_at)).await
    }

    /// How many messages a minute a service had in the last while.
    pub(crate) async fn message_rate(
        &self,
        account: i64,
        service: i64,
        direction: Direction,
        now: Timestamp,
        during: Duration,
    ) -> Result<f64, StoreError> {
        let begin = now - during;
        self.read_slow(move |db| {
            let key = args![account, &first_id(begin), LOOKED_AT, service, direction, begin];
            let row = db.first(RATE, &key)?;
            let Some(row) = row else { return Ok(0.0) };
            let (seen, found): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            // Where there are too many to look at, the rate is that of the shorter while they came in.
            let covered = match row.get::<Option<Timestamp>>(2)? {
                Some(oldest) if usize::try_from(seen).is_ok_and(|seen| seen >= LOOKED_AT) => now.since(oldest),
                _ => during,
            };
            Ok(found.unwrap_or(0) as f64 * 60.0 / covered.as_secs_f64().max(1.0))
        })
        .await
    }
}

/// The lowest id of a moment: its milliseconds, and zeros (RFC 9562 §5.7).
fn first_id(at: Timestamp) -> MessageId {
    let millis = u64::try_from(at.micros() / 1000).unwrap_or(0);
    MessageId::from_bytes((u128::from(millis) << 80).to_be_bytes())
}

fn totals(db: &mut dyn Db, account: i64, service: i64, looked_at: usize) -> Result<Totals, SqlError> {
    let mut totals = Totals::default();
    for row in db.query(BY_STATUS, &args![account, looked_at, service])? {
        add(&mut totals, &row)?;
    }
    let (inbound, outbound) = (Direction::Inbound, Direction::Outbound);
    if let Some(row) = db.first(PEOPLE, &args![account, looked_at, service, inbound, outbound])? {
        let seen: i64 = row.get(0)?;
        if usize::try_from(seen).is_ok_and(|seen| seen >= looked_at) {
            totals.since = row.get(1)?;
        }
        totals.senders = number(row.get(2)?);
        totals.receivers = number(row.get(3)?);
    }
    Ok(totals)
}

/// Adds the messages of one direction and status. One that has a carrier's id was taken by the carrier.
fn add(totals: &mut Totals, row: &Row) -> Result<(), SqlError> {
    let (direction, status) = (Direction::from_number(row.get(0)?), Status::from_number(row.get(1)?));
    let (was_taken, count): (bool, u64) = (row.get(2)?, number(row.get(3)?));
    if direction == Direction::Inbound {
        totals.received += count;
        return Ok(());
    }
    totals.sent += count;
    match status {
        Status::Sent => totals.acks += count,
        Status::Delivered => {
            totals.acks += count;
            totals.delivered += count;
        }
        Status::Failed if was_taken => {
            totals.acks += count;
            totals.undelivered += count;
        }
        Status::Failed | Status::Expired | Status::Cancelled => totals.nacks += count,
        _ => {}
    }
    Ok(())
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Limits;
    use crate::store::StoreChoice;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_count_reads_the_latest_by_their_ids_and_sorts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let options = Limits::default().store(StoreChoice::Sqlite, Arc::default());
        let store = Store::open(folder.path(), options).await.unwrap();
        for sql in [BY_STATUS, PEOPLE, RATE] {
            let plan = store.read_slow(move |db| {
                let key = args![1_i64, 2_i64, 3_i64, 4_i64, 5_i64, 6_i64];
                let count = (1..=6).filter(|number| sql.contains(&format!("?{number}"))).count();
                let rows = db.query(&format!("EXPLAIN QUERY PLAN {sql}"), &key[..count])?;
                rows.iter()
                    .map(|row| row.last::<String>())
                    .collect::<Result<Vec<_>, _>>()
            });
            let plan = plan.await.unwrap();
            let by_id = |step: &String| step.starts_with("SEARCH message USING PRIMARY KEY (account=?");
            assert!(plan.iter().any(by_id), "{plan:?}");
            assert!(!plan.iter().any(|step| step.contains("FOR ORDER BY")), "{plan:?}");
        }
    }

    #[test]
    fn an_id_of_a_moment_is_not_below_its_first() {
        let now = Timestamp::now();
        let id = MessageId::generate();
        assert!(first_id(now).to_bytes() <= id.to_bytes());
        assert!(id.to_bytes() < first_id(now + Duration::from_secs(60)).to_bytes());
    }
}

//! How much waits in the queue's table, and since when: what a look at the index tells.

use super::sql::{Db, SqlError, args};
use super::{QueueKind, Store, StoreError};
use crate::outbound::Priority;
use ngoma_message::Timestamp;

/// How much work of one channel and kind is counted at most: more is told as so much.
const COUNTED: i64 = 10_000;
const COUNT_HERE: &str =
    "SELECT count(*) FROM (SELECT 1 AS one FROM work WHERE lease = 0 AND published = 0 AND kind = ?1
    AND channel = ?2 AND priority = ?4 AND due_at < ?5 LIMIT ?3) AS waiting";

/// What waits of one kind on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) kind: QueueKind,
    pub(crate) channel: i64,
    /// When the oldest was due, or the next is.
    pub(crate) oldest_due: Timestamp,
    /// How much waits, up to a limit.
    pub(crate) waiting: i64,
}

impl Store {
    /// What waits and is in no process's hands, for each channel that has such work.
    pub(crate) async fn depths(&self) -> Result<Vec<Depth>, StoreError> {
        self.read_slow(|db| {
            let mut found = depth_of(db, QueueKind::Inbound)?;
            found.extend(depth_of(db, QueueKind::Outbound)?);
            Ok(found)
        })
        .await
    }
}

impl Store {
    /// How much waits to be sent on each of these channels, here or at a broker, in their order, of what is due before a
    /// moment; counted up to a cap.
    pub(crate) async fn outbound_waiting(
        &self,
        channels: Vec<i64>,
        before: Timestamp,
        cap: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.read_slow(move |db| {
            let mut waiting = Vec::with_capacity(channels.len());
            for channel in channels {
                // Each place has an index of its own, and each priority its part of it. What a broker has is due.
                let mut found = count_at_broker(db, channel, cap)?;
                for priority in Priority::all() {
                    found += count_here(db, channel, priority, before, cap)?;
                }
                waiting.push(found);
            }
            Ok(waiting)
        })
        .await
    }
}

fn count_at_broker(db: &mut dyn Db, channel: i64, cap: usize) -> Result<u64, SqlError> {
    let found = db.number(
        "SELECT count(*) FROM (SELECT 1 AS one FROM work WHERE lease = 0 AND published <> 0 AND kind = ?1
        AND channel = ?2 LIMIT ?3) AS waiting",
        &args![QueueKind::Outbound.number(), channel, cap],
    )?;
    Ok(u64::try_from(found).unwrap_or(0))
}

fn count_here(
    db: &mut dyn Db,
    channel: i64,
    priority: Priority,
    before: Timestamp,
    cap: usize,
) -> Result<u64, SqlError> {
    let kind = QueueKind::Outbound.number();
    let found = db.number(COUNT_HERE, &args![kind, channel, cap, priority.number(), before])?;
    Ok(u64::try_from(found).unwrap_or(0))
}

fn depth_of(db: &mut dyn Db, kind: QueueKind) -> Result<Vec<Depth>, SqlError> {
    let mut found = Vec::new();
    // One channel after the other: Citus joins no table that is in one place with one that is in many.
    for channel in db.query("SELECT id FROM channel", &[])? {
        let channel: i64 = channel.get(0)?;
        let Some(row) = db.first(&question(), &args![kind.number(), COUNTED, channel])? else {
            continue;
        };
        let mut oldest_due: Option<Timestamp> = None;
        for column in (1..).take(Priority::COUNT) {
            let due: Option<Timestamp> = row.get(column)?;
            oldest_due = [oldest_due, due].into_iter().flatten().min();
        }
        if let Some(oldest_due) = oldest_due {
            found.push(Depth {
                kind,
                channel,
                oldest_due,
                waiting: row.get(0)?,
            });
        }
    }
    Ok(found)
}

/// Each level of priority begins at its own place in the index `work_ready`, so each is asked for its own oldest.
fn question() -> String {
    let free = "FROM work WHERE lease = 0 AND published = 0 AND kind = ?1 AND channel = ?3";
    let oldest: Vec<String> = (0..Priority::COUNT)
        .map(|priority| format!("(SELECT due_at {free} AND priority = {priority} ORDER BY due_at LIMIT 1)"))
        .collect();
    format!(
        "SELECT (SELECT count(*) FROM (SELECT 1 AS one {free} LIMIT ?2) AS counted), {}",
        oldest.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Limits;
    use crate::store::StoreChoice;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_look_reads_the_index_of_what_is_ready_and_sorts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let options = Limits::default().store(StoreChoice::Sqlite, Arc::default());
        let store = Store::open(folder.path(), options).await.unwrap();
        let explain = |db: &mut dyn Db| {
            let sql = format!("EXPLAIN QUERY PLAN {}", question());
            let rows = db.query(&sql, &args![QueueKind::Inbound.number(), COUNTED, 1_i64])?;
            rows.iter()
                .map(|row| row.last::<String>())
                .collect::<Result<Vec<_>, _>>()
        };
        let plan = store.read_slow(explain).await.unwrap();
        let counting = store.read_slow(|db| {
            let key = args![1_i64, 1_i64, 1_i64, 1_i64, 1_i64];
            let rows = db.query(&format!("EXPLAIN QUERY PLAN {COUNT_HERE}"), &key)?;
            rows.iter()
                .map(|row| row.last::<String>())
                .collect::<Result<Vec<_>, _>>()
        });
        let counting = counting.await.unwrap().join("\n");
        let by_due = "USING COVERING INDEX work_ready (kind=? AND channel=? AND priority=? AND due_at<?)";
        assert!(counting.contains(by_due), "{counting}");
        let looks: Vec<&String> = plan.iter().filter(|step| step.contains("work")).collect();
        assert_eq!(looks.len(), 1 + Priority::COUNT, "{plan:?}");
        let by_index = |step: &&&String| step.contains("USING COVERING INDEX work_ready (kind=? AND channel=?");
        assert_eq!(looks.iter().filter(by_index).count(), looks.len(), "{plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

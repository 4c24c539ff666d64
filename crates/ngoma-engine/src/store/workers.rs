//! The processes that work on a store, and the leases they hold by.

use super::sql::{Db, SqlError, args};
use super::{NO_ACCOUNT, Store, StoreError};
use ngoma_message::{MessageId, Timestamp};
use std::time::Duration;

/// How long a process's leases hold without a beat.
pub(crate) const WORKER_LEASE: Duration = Duration::from_secs(60);

/// Who else may work on a store that is being opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// Nobody: the store is in the data folder, whose lock this process holds.
    Nobody,
    /// Processes of other data folders.
    OfOtherFolders,
}

/// Counts the processes that opened this store, and frees what earlier ones of the same data folder had leased: they are
/// gone, since this process holds the folder's lock.
pub(super) fn begin(db: &mut dyn Db, folder: &str, others: Others, now: Timestamp) -> Result<i64, SqlError> {
    let epoch = db.number(
        "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value",
        &[],
    )?;
    match others {
        Others::Nobody => {
            db.execute("UPDATE work SET lease = 0 WHERE lease <> 0", &[])?;
            db.execute("DELETE FROM worker", &[])?;
        }
        Others::OfOtherFolders => {
            let before = db.query("SELECT epoch FROM worker WHERE folder = ?1", &args![folder])?;
            for row in before {
                free(db, row.get(0)?)?;
            }
            free_of_the_forgotten(db)?;
        }
    }
    db.execute(
        "INSERT INTO worker (epoch, folder, lease_until, beat_at, about) VALUES (?1, ?2, ?3, ?4, ?5)",
        &args![
            epoch,
            folder,
            now + WORKER_LEASE,
            now,
            format!("process {}", std::process::id())
        ],
    )?;
    Ok(epoch)
}

/// Frees what a process had leased, and forgets it.
fn free(db: &mut dyn Db, epoch: i64) -> Result<(), SqlError> {
    db.execute("UPDATE work SET lease = 0 WHERE lease = ?1", &args![epoch])?;
    db.execute("DELETE FROM worker WHERE epoch = ?1", &args![epoch])?;
    Ok(())
}

/// Frees what processes have leased that were taken for dead and went on: their names are gone, so nothing else would.
fn free_of_the_forgotten(db: &mut dyn Db) -> Result<(), SqlError> {
    db.execute(
        "UPDATE work SET lease = 0 WHERE lease <> 0 AND lease NOT IN (SELECT epoch FROM worker)",
        &[],
    )
    .map(drop)
}

impl Store {
    /// Says that this process lives and keeps its leases; false when they are lost already: others may have its work.
    pub(crate) async fn beat(&self, now: Timestamp) -> Result<bool, StoreError> {
        let epoch = self.inner.epoch;
        self.write(NO_ACCOUNT, move |db| {
            let beaten = db.execute(
                "UPDATE worker SET lease_until = ?2, beat_at = ?3 WHERE epoch = ?1",
                &args![epoch, now + WORKER_LEASE, now],
            )?;
            Ok(beaten == 1)
        })
        .await
    }

    /// Frees what processes had leased that have not said for so long that they live; says how many there were.
    pub(crate) async fn free_leases_of_the_dead(&self, now: Timestamp) -> Result<usize, StoreError> {
        let epoch = self.inner.epoch;
        self.write(NO_ACCOUNT, move |db| {
            let dead = db.query(
                "SELECT epoch FROM worker WHERE lease_until < ?1 AND epoch <> ?2",
                &args![now, epoch],
            )?;
            for row in &dead {
                free(db, row.get(0)?)?;
            }
            free_of_the_forgotten(db)?;
            Ok(dead.len())
        })
        .await
    }

    /// The messages of a channel that are leased to this process.
    pub(crate) async fn leased(&self, account: i64, channel: i64) -> Result<Vec<MessageId>, StoreError> {
        let epoch = self.inner.epoch;
        self.read(move |db| {
            let rows = db.query(
                "SELECT item FROM work WHERE account = ?1 AND channel = ?2 AND lease = ?3",
                &args![account, channel, epoch],
            )?;
            rows.iter().map(|row| row.get(0)).collect()
        })
        .await
    }

    /// Gives up this process's leases of these messages.
    pub(crate) async fn free_leases(&self, account: i64, messages: Vec<MessageId>) -> Result<(), StoreError> {
        let epoch = self.inner.epoch;
        self.write(account, move |db| {
            for message in &messages {
                db.execute(
                    "UPDATE work SET lease = 0 WHERE account = ?1 AND item = ?2 AND lease = ?3",
                    &args![account, message, epoch],
                )?;
            }
            Ok(())
        })
        .await
    }
}

//! The processes that work on a store, and the leases they hold by.

use super::backend::OpError;
use super::sql::{Db, Dialect, SqlError, args};
use super::{NO_ACCOUNT, Store, StoreError};
use crate::record::WorkerRecord;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many processes are told of.
const WORKERS: i64 = 100;

/// Who else may work on a store that is being opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// Nobody: the store is in the data folder, whose lock this process holds.
    Nobody,
    /// Processes of other data folders.
    OfOtherFolders,
}

/// What becomes of work whose process is gone. An inbound message's first step is not recorded before it begins, so it
/// may have begun: it counts.
const FREED: &str = "lease = 0, published = 0, attempts = CASE WHEN kind = 0 AND attempts = 0 THEN 1 ELSE attempts END";

/// Counts the processes that opened this store, and frees what earlier ones of the same data folder had leased: they are
/// gone, since this process holds the folder's lock.
pub(super) fn begin(db: &mut dyn Db, folder: &str, others: Others, lease: Duration) -> Result<i64, SqlError> {
    let epoch = db.number(
        "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value",
        &[],
    )?;
    match others {
        Others::Nobody => {
            db.execute(&format!("UPDATE work SET {FREED} WHERE lease <> 0"), &[])?;
            db.execute("DELETE FROM worker", &[])?;
        }
        Others::OfOtherFolders => {
            let before = db.query("SELECT epoch FROM worker WHERE folder = ?1", &args![folder])?;
            for row in before {
                free(db, row.get(0)?)?;
            }
        }
    }
    let now = db.time()?;
    db.execute(
        "INSERT INTO worker (epoch, folder, lease_until, beat_at, about) VALUES (?1, ?2, ?3, ?4, ?5)",
        &args![
            epoch,
            folder,
            now + lease,
            now,
            format!("process {}", std::process::id())
        ],
    )?;
    Ok(epoch)
}

/// Frees what a process had leased, and forgets it.
fn free(db: &mut dyn Db, epoch: i64) -> Result<(), SqlError> {
    // What came from the spool is under the negative number.
    db.execute(
        &format!("UPDATE work SET {FREED} WHERE lease IN (?1, ?2) AND lease <> 0"),
        &args![epoch, -epoch],
    )?;
    db.execute("DELETE FROM worker WHERE epoch = ?1", &args![epoch])?;
    Ok(())
}

/// Refuses what a process does whose leases were freed by others: nobody would ever free what it leases after that.
pub(super) fn check_epoch(db: &mut dyn Db, epoch: i64) -> Result<(), OpError> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    match db.first("SELECT 1 FROM worker WHERE epoch = ?1", &args![epoch])? {
        Some(_) => Ok(()),
        None => Err(OpError::Refused("others have freed the leases of this process".into())),
    }
}

impl Store {
    /// The processes that work on this store, the latest first.
    pub(crate) async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        self.read_slow(|db| {
            db.query(
                "SELECT epoch, about, beat_at FROM worker ORDER BY epoch DESC LIMIT ?1",
                &args![WORKERS],
            )?
            .iter()
            .map(|row| {
                Ok(WorkerRecord {
                    epoch: row.get(0)?,
                    about: row.get(1)?,
                    beat_at: row.get(2)?,
                })
            })
            .collect()
        })
        .await
    }

    /// Whether other processes may use this store at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        self.inner.is_shared
    }

    /// Says that this process lives and keeps its leases; false when they are lost already: others may have its work.
    pub(crate) async fn beat(&self) -> Result<bool, StoreError> {
        let (epoch, lease) = (self.epoch(), self.inner.worker_lease);
        self.write(NO_ACCOUNT, move |db| {
            let now = db.time()?;
            let beaten = db.execute(
                "UPDATE worker SET lease_until = ?2, beat_at = ?3 WHERE epoch = ?1",
                &args![epoch, now + lease, now],
            )?;
            Ok(beaten == 1)
        })
        .await
    }

    /// Gives up every lease of this process and takes a new epoch for what it takes from now on.
    pub(crate) async fn renew_epoch(&self) -> Result<i64, StoreError> {
        let (lost, folder, lease) = (self.epoch(), self.inner.folder_name.clone(), self.inner.worker_lease);
        let epoch = self.write(NO_ACCOUNT, move |db| {
            free(db, lost)?;
            Ok(begin(db, &folder, Others::OfOtherFolders, lease)?)
        });
        let epoch = epoch.await?;
        self.inner.epoch.store(epoch, Ordering::SeqCst);
        Ok(epoch)
    }

    /// Gives up every lease of this process, which ends.
    pub(crate) async fn retire(&self) -> Result<(), StoreError> {
        let epoch = self.epoch();
        self.write(NO_ACCOUNT, move |db| Ok(free(db, epoch)?)).await
    }

    /// Frees what processes had leased that have not said for so long that they live, and what is leased to none that is
    /// known; says how many processes there were.
    pub(crate) async fn free_leases_of_the_dead(&self) -> Result<usize, StoreError> {
        let epoch = self.epoch();
        self.write(NO_ACCOUNT, move |db| {
            let now = db.time()?;
            let dead = db.query(
                "SELECT epoch FROM worker WHERE lease_until < ?1 AND epoch <> ?2",
                &args![now, epoch],
            )?;
            for row in &dead {
                free(db, row.get(0)?)?;
            }
            // A process that was dead without knowing it may have leased something since.
            db.execute(
                "UPDATE work SET lease = 0 WHERE lease <> 0 AND abs(lease) NOT IN (SELECT epoch FROM worker)",
                &[],
            )?;
            Ok(dead.len())
        })
        .await
    }
}

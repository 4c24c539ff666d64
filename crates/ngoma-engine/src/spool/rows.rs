//! The rows of the spool's file.

use super::{ENTRY_BYTES, Held, entry};
use crate::store::Arrival;
use crate::store::sql::{Db, SqlError, args};
use ngoma_message::Timestamp;
use sha2::{Digest, Sha256};

/// How many bytes of the hash are kept.
const SUM_BYTES: usize = 8;

/// One entry as it is read back.
pub(super) struct Entry {
    pub(super) number: i64,
    pub(super) channel: i64,
    pub(super) bytes: u64,
    /// What it holds, or why nobody can tell.
    pub(super) arrival: Result<Arrival, String>,
}

/// An entry that is to be forgotten.
#[derive(Clone)]
pub(super) struct Removal {
    pub(super) number: i64,
    pub(super) channel: i64,
    pub(super) bytes: u64,
    /// Why it is kept for a person to look at; nothing when it is in the store.
    pub(super) refusal: Option<String>,
}

impl Entry {
    /// Forgets it, or keeps it aside for that reason.
    pub(super) fn removal(&self, refusal: Option<String>) -> Removal {
        Removal {
            number: self.number,
            channel: self.channel,
            bytes: self.bytes,
            refusal,
        }
    }
}

/// Counts what is there.
pub(super) fn count(db: &mut dyn Db) -> Result<Held, SqlError> {
    let mut held = Held::default();
    let rows = db.query(
        "SELECT channel, count(*), sum(length(CAST(body AS BLOB))), min(at) FROM entry GROUP BY channel",
        &[],
    )?;
    for row in rows {
        let (count, bytes): (i64, i64) = (row.get(1)?, row.get(2)?);
        let (count, bytes) = (count.unsigned_abs(), bytes.unsigned_abs());
        held.messages += count;
        held.bytes += bytes + count * ENTRY_BYTES;
        held.by_channel.insert(row.get(0)?, count);
    }
    held.oldest = oldest_time(db)?;
    held.refused = db.number("SELECT count(*) FROM refused", &[])?.unsigned_abs();
    Ok(held)
}

/// Adds an entry behind the others.
pub(super) fn append(db: &mut dyn Db, channel: i64, at: Timestamp, body: &str) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO entry (channel, at, sum, body) VALUES (?1, ?2, ?3, ?4)",
        &args![channel, at, sum(body).as_slice(), body],
    )
    .map(drop)
}

/// The oldest entries in their order.
pub(super) fn oldest(db: &mut dyn Db, limit: usize) -> Result<Vec<Entry>, SqlError> {
    db.query(
        "SELECT number, channel, sum, body FROM entry ORDER BY number LIMIT ?1",
        &args![limit],
    )?
    .iter()
    .map(|row| {
        let (kept, body): (Vec<u8>, String) = (row.get(2)?, row.get(3)?);
        let arrival = match sum(&body) == kept {
            true => entry::from_text(&body).map_err(|error| format!("it cannot be read: {error}")),
            false => Err("the disk has changed it".to_owned()),
        };
        Ok(Entry {
            number: row.get(0)?,
            channel: row.get(1)?,
            bytes: body.len() as u64 + ENTRY_BYTES,
            arrival,
        })
    })
    .collect()
}

/// Forgets entries; says when the oldest that is left came.
pub(super) fn remove(db: &mut dyn Db, removals: &[Removal], now: Timestamp) -> Result<Option<Timestamp>, SqlError> {
    for removal in removals {
        if let Some(reason) = &removal.refusal {
            db.execute(
                "INSERT INTO refused (number, at, body, reason) SELECT number, ?2, body, ?3 FROM entry WHERE number = ?1",
                &args![removal.number, now, reason],
            )?;
        }
        db.execute("DELETE FROM entry WHERE number = ?1", &args![removal.number])?;
    }
    oldest_time(db)
}

fn oldest_time(db: &mut dyn Db) -> Result<Option<Timestamp>, SqlError> {
    let oldest = db.first("SELECT at FROM entry ORDER BY number LIMIT 1", &[])?;
    oldest.map(|row| row.get(0)).transpose()
}

fn sum(body: &str) -> Vec<u8> {
    Sha256::digest(body.as_bytes())[..SUM_BYTES].to_vec()
}

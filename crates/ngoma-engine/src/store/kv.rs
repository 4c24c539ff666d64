//! The keys of services.

use super::writer::OpError;
use super::{Store, StoreError};
use crate::service::KvWrite;
use ngoma_message::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

impl Store {
    /// The value of a service's key, as JSON text, unless it has expired. Done on the calling task: see
    /// [`Store::session`].
    pub(crate) fn kv_get(&self, service: i64, key: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT value FROM kv WHERE service = ?1 AND key = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
            )?
            .query_row((service, key, now.micros()), |row| row.get(0))
            .optional()
        })
    }

    /// How many keys a service holds; expired ones count until they are removed.
    pub(crate) fn kv_count(&self, service: i64) -> Result<u64, StoreError> {
        let count: Option<i64> = self.read(|db| {
            db.prepare_cached("SELECT keys FROM kv_count WHERE service = ?1")?
                .query_row([service], |row| row.get(0))
                .optional()
        })?;
        Ok(count.and_then(|keys| u64::try_from(keys).ok()).unwrap_or(0))
    }

    /// Removes keys that have expired, at most `limit`; says how many.
    pub(crate) async fn expire_keys(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write(move |db| {
            let expired: Vec<(i64, String)> = db
                .prepare_cached("SELECT service, key FROM kv WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2")?
                .query_map((now.micros(), limit), |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (service, key) in &expired {
                delete(db, *service, key)?;
            }
            Ok(expired.len())
        })
        .await
    }
}

/// Writes a step's keys, in order.
pub(super) fn write_keys(db: &Connection, service: i64, writes: &[KvWrite], now: Timestamp) -> Result<(), OpError> {
    for write in writes {
        match write {
            KvWrite::Set { key, value, expires_at } => {
                set(db, service, key, &value.to_string(), expires_at.map(Timestamp::micros))?;
            }
            KvWrite::Increment { key, amount } => increment(db, service, key, *amount, now)?,
            KvWrite::Delete { key } => delete(db, service, key)?,
        }
    }
    Ok(())
}

fn set(db: &Connection, service: i64, key: &str, value: &str, expires_at: Option<i64>) -> Result<(), OpError> {
    let changed = db
        .prepare_cached("UPDATE kv SET value = ?3, expires_at = ?4 WHERE service = ?1 AND key = ?2")?
        .execute((service, key, value, expires_at))?;
    if changed == 0 {
        db.prepare_cached("INSERT INTO kv (service, key, value, expires_at) VALUES (?1, ?2, ?3, ?4)")?
            .execute((service, key, value, expires_at))?;
        count(db, service, 1)?;
    }
    Ok(())
}

/// Adds to a number that has not expired, which keeps its expiry; else begins at zero without one.
fn increment(db: &Connection, service: i64, key: &str, amount: i64, now: Timestamp) -> Result<(), OpError> {
    let held: Option<(String, Option<i64>)> = db
        .prepare_cached(
            "SELECT value, expires_at FROM kv
            WHERE service = ?1 AND key = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
        )?
        .query_row((service, key, now.micros()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (text, expires_at) = held.unwrap_or_else(|| ("0".to_owned(), None));
    let number = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| value.as_i64());
    let sum = number
        .ok_or_else(|| OpError::Refused(format!("key {key} does not hold a whole number")))?
        .checked_add(amount)
        .ok_or_else(|| OpError::Refused(format!("key {key} would be larger than a number can be")))?;
    set(db, service, key, &sum.to_string(), expires_at)
}

fn delete(db: &Connection, service: i64, key: &str) -> Result<(), OpError> {
    let deleted = db
        .prepare_cached("DELETE FROM kv WHERE service = ?1 AND key = ?2")?
        .execute((service, key))?;
    if deleted == 1 {
        count(db, service, -1)?;
    }
    Ok(())
}

fn count(db: &Connection, service: i64, more: i64) -> Result<(), OpError> {
    db.prepare_cached(
        "INSERT INTO kv_count (service, keys) VALUES (?1, ?2) ON CONFLICT (service) DO UPDATE SET keys = keys + ?2",
    )?
    .execute((service, more))?;
    Ok(())
}

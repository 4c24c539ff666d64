//! The keys of services.

use super::backend::OpError;
use super::sql::{Db, SqlError, args};
use super::{NO_ACCOUNT, Store, StoreError};
use crate::service::KvWrite;
use ngoma_message::Timestamp;
use serde_json::Value;

impl Store {
    /// The value of a service's key, as JSON text, unless it has expired.
    pub(crate) async fn kv_get(
        &self,
        account: i64,
        service: i64,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.read(move |db| Ok(held(db, account, service, &key, now)?.map(|(value, _)| value)))
            .await
    }

    /// How many keys a service holds; expired ones count until they are removed.
    pub(crate) async fn kv_count(&self, account: i64, service: i64) -> Result<u64, StoreError> {
        let count = self.read(move |db| {
            let row = db.first(
                "SELECT keys FROM kv_count WHERE account = ?1 AND service = ?2",
                &args![account, service],
            )?;
            row.map_or(Ok(0), |row| row.get::<i64>(0))
        });
        Ok(u64::try_from(count.await?).unwrap_or(0))
    }

    /// Removes keys that have expired, at most `limit`; says how many.
    pub(crate) async fn expire_keys(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(NO_ACCOUNT, move |db| {
            let expired = db.query(
                "SELECT account, service, key FROM kv WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
                &args![now, limit],
            )?;
            for row in &expired {
                delete(db, row.get(0)?, row.get(1)?, &row.get::<String>(2)?)?;
            }
            Ok(expired.len())
        })
        .await
    }
}

/// Writes a step's keys, in order.
pub(super) fn write_keys(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    writes: &[KvWrite],
    now: Timestamp,
) -> Result<(), OpError> {
    for write in writes {
        match write {
            KvWrite::Set { key, value, expires_at } => {
                set(db, account, service, key, &value.to_string(), *expires_at)?;
            }
            KvWrite::Increment { key, amount } => increment(db, account, service, key, *amount, now)?,
            KvWrite::Delete { key } => delete(db, account, service, key)?,
        }
    }
    Ok(())
}

/// The value and expiry of a key that has not expired.
fn held(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    key: &str,
    now: Timestamp,
) -> Result<Option<(String, Option<Timestamp>)>, SqlError> {
    let row = db.first(
        "SELECT value, expires_at FROM kv
        WHERE account = ?1 AND service = ?2 AND key = ?3 AND (expires_at IS NULL OR expires_at > ?4)",
        &args![account, service, key, now],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

fn set(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    key: &str,
    value: &str,
    expires_at: Option<Timestamp>,
) -> Result<(), SqlError> {
    let changed = db.execute(
        "UPDATE kv SET value = ?4, expires_at = ?5 WHERE account = ?1 AND service = ?2 AND key = ?3",
        &args![account, service, key, value, expires_at],
    )?;
    if changed == 0 {
        db.execute(
            "INSERT INTO kv (account, service, key, value, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            &args![account, service, key, value, expires_at],
        )?;
        count(db, account, service, 1)?;
    }
    Ok(())
}

/// Adds to a number that has not expired, which keeps its expiry; else begins at zero without one.
fn increment(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    key: &str,
    amount: i64,
    now: Timestamp,
) -> Result<(), OpError> {
    let (text, expires_at) = held(db, account, service, key, now)?.unwrap_or_else(|| ("0".to_owned(), None));
    let number = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| value.as_i64());
    let sum = number
        .ok_or_else(|| OpError::Refused(format!("key {key} does not hold a whole number")))?
        .checked_add(amount)
        .ok_or_else(|| OpError::Refused(format!("key {key} would be larger than a number can be")))?;
    Ok(set(db, account, service, key, &sum.to_string(), expires_at)?)
}

fn delete(db: &mut dyn Db, account: i64, service: i64, key: &str) -> Result<(), SqlError> {
    let deleted = db.execute(
        "DELETE FROM kv WHERE account = ?1 AND service = ?2 AND key = ?3",
        &args![account, service, key],
    )?;
    if deleted == 1 {
        count(db, account, service, -1)?;
    }
    Ok(())
}

fn count(db: &mut dyn Db, account: i64, service: i64, more: i64) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO kv_count (account, service, keys) VALUES (?1, ?2, ?3)
        ON CONFLICT (account, service) DO UPDATE SET keys = kv_count.keys + excluded.keys",
        &args![account, service, more],
    )
    .map(drop)
}

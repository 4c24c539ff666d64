//! Receipts that come before the id they name: kept until it is known.

use super::backend::OpError;
use super::partitions::ORPHAN_DAYS;
use super::receipts::{Named, ReceiptResult, ReceiptWrite, apply, day, find_by_carrier_id, find_by_id, word};
use super::sql::{Db, Param, Row, SqlError, args};
use super::{Store, StoreError};
use crate::channel::{Receipt, ReceiptFor};
use crate::directory::Listeners;
use ngoma_message::{DeliveryStatus, MessageId, Timestamp};
use std::sync::Arc;

/// How many receipts of a channel wait on one day for ids that nobody knows; more are refused.
const ORPHANS: i64 = 10_000;

/// A receipt that is kept although the id it names is known: it and the answer to its send crossed. Processes that share
/// a database write both at once, and neither sees the other's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrossedReceipt {
    pub(crate) account: i64,
    channel: i64,
    day: i64,
    key: String,
    id: MessageId,
}

impl Store {
    /// Receipts that crossed the answers to their sends, at most `limit`.
    pub(crate) async fn crossed_receipts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<CrossedReceipt>, StoreError> {
        self.read_slow(move |db| {
            let today = day(now);
            // What crossed was written at the same time. Days in lists: each is then found in the index by itself.
            let rows = db.query(
                "SELECT o.account, o.channel, o.day, o.key, o.id FROM orphan_receipt AS o
                WHERE o.day >= ?1 AND EXISTS (SELECT 1 FROM carrier_id AS c
                    WHERE c.account = o.account AND c.day IN (o.day - 1, o.day, o.day + 1) AND c.channel = o.channel
                        AND c.key = o.key)
                ORDER BY o.account, o.at LIMIT ?2",
                &args![today - ORPHAN_DAYS, limit],
            )?;
            let crossed = |row: &Row| {
                Ok(CrossedReceipt {
                    account: row.get(0)?,
                    channel: row.get(1)?,
                    day: row.get(2)?,
                    key: row.get(3)?,
                    id: row.get(4)?,
                })
            };
            rows.iter().map(crossed).collect()
        })
        .await
    }

    /// Does a receipt that crossed the answer to its send; what it did, unless another process did it.
    pub(crate) async fn join_crossed(
        &self,
        crossed: CrossedReceipt,
        now: Timestamp,
        listeners: Arc<Listeners>,
    ) -> Result<Option<ReceiptResult>, StoreError> {
        let CrossedReceipt { account, channel, .. } = crossed;
        let joining = self.write(account, move |db| {
            let held = db.first(
                "DELETE FROM orphan_receipt WHERE account = ?1 AND day = ?2 AND channel = ?3 AND key = ?4 AND id = ?5
                RETURNING at, status, reason",
                &args![account, crossed.day, channel, &crossed.key, &crossed.id],
            )?;
            let Some(held) = held else {
                return Ok(None);
            };
            let write = held_receipt(&held, (account, channel), &crossed.key, &listeners)?;
            let found = find_by_carrier_id(db, &write, &crossed.key)?;
            Ok(found.map(|found| apply(db, &write, &found, now)).transpose()?)
        });
        let joined = joining.await?;
        if let Some(result) = &joined {
            self.inner.metrics.note_receipt(channel, result);
        }
        Ok(joined)
    }
}

/// Keeps a receipt that came before the answer to the send it is about.
pub(super) fn hold(db: &mut dyn Db, write: &ReceiptWrite, key: &str) -> Result<ReceiptResult, OpError> {
    #[cfg(feature = "faults")]
    if crate::faults::is_planted(crate::faults::Fault::EarlyReceiptDropped) {
        return Ok(ReceiptResult::Held);
    }
    let (account, day) = (write.account, day(write.at));
    let waiting = db.number(
        "SELECT count(*) FROM (SELECT 1 AS one FROM orphan_receipt WHERE account = ?1 AND day = ?2 AND channel = ?3
        LIMIT ?4) AS waiting",
        &args![account, day, write.channel, ORPHANS],
    )?;
    if waiting >= ORPHANS {
        return Ok(ReceiptResult::Unknown);
    }
    let status = word(write.receipt.status);
    db.execute(
        "INSERT INTO orphan_receipt (account, day, channel, key, id, at, status, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        &args![
            account,
            day,
            write.channel,
            key,
            &write.event,
            write.at,
            status,
            &write.receipt.reason
        ],
    )?;
    Ok(ReceiptResult::Held)
}

/// Receipts that named an id before it was known are done now; gives what those said that moved the message.
pub(super) fn join_orphans(db: &mut dyn Db, named: &Named<'_>, key: &str) -> Result<Vec<DeliveryStatus>, SqlError> {
    let (account, today) = (named.account, day(named.at));
    let days = today - ORPHAN_DAYS..=today + 1;
    // A list, not a range: each day is then found in the index by itself.
    let places: Vec<String> = (4..).zip(days.clone()).map(|(place, _)| format!("?{place}")).collect();
    let sql = format!(
        "DELETE FROM orphan_receipt WHERE account = ?1 AND channel = ?2 AND key = ?3 AND day IN ({})
        RETURNING at, status, reason",
        places.join(", ")
    );
    let mut params = args![account, named.channel, key].to_vec();
    params.extend(days.map(Param::from));
    let mut held = db.query(&sql, &params)?;
    held.sort_by_key(|row| row.get::<Timestamp>(0).ok());
    let mut joined = Vec::new();
    for row in held {
        let write = held_receipt(&row, (account, named.channel), key, named.listeners)?;
        if let Some(found) = find_by_id(db, (account, named.channel), named.message, named.part)?
            && let ReceiptResult::Recorded(_, said) = apply(db, &write, &found, named.at)?
        {
            joined.push(said);
        }
    }
    Ok(joined)
}

/// A receipt as it is kept: when it came, the status, the reason.
fn held_receipt(
    row: &Row,
    (account, channel): (i64, i64),
    key: &str,
    listeners: &Arc<Listeners>,
) -> Result<ReceiptWrite, SqlError> {
    let status = match row.get::<String>(1)?.as_str() {
        "delivered" => DeliveryStatus::Delivered,
        "failed" => DeliveryStatus::Failed,
        _ => DeliveryStatus::Pending,
    };
    Ok(ReceiptWrite {
        account,
        channel,
        receipt: Receipt {
            about: ReceiptFor::ProviderId(key.to_owned()),
            status,
            reason: row.get(2)?,
        },
        // After the ack, of which those who are told of both hear first.
        event: MessageId::generate(),
        at: row.get(0)?,
        listeners: Arc::clone(listeners),
    })
}

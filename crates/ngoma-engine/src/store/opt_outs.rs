//! Who does not want messages of an account.

use super::inbound::stored_address;
use super::sql::{Db, SqlError, args};
use super::{Store, StoreError};
use crate::record::OptOutRecord;
use ngoma_message::{Address, MessageId, Timestamp};

/// How many opt-outs are counted at most.
const MOST_COUNTED: i64 = 1_000_000;

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// No messages of the account, but answers to their own.
    OptOut,
    /// Its messages again.
    OptIn,
}

/// A person's wish, and the message that says so if one does.
#[derive(Clone, Debug)]
pub(crate) struct Wished {
    pub(crate) wish: Wish,
    pub(crate) address: Address,
    pub(crate) message: Option<MessageId>,
}

impl Store {
    /// Notes what a person wants of an account.
    pub(crate) async fn heed(&self, account: i64, wished: Wished, at: Timestamp) -> Result<(), StoreError> {
        self.write(account, move |db| Ok(heed(db, account, &wished, at)?)).await
    }

    /// Who does not want messages of an account, by address; those behind `after`, if it is given.
    pub(crate) async fn opt_outs(
        &self,
        account: i64,
        after: Option<&Address>,
        limit: usize,
    ) -> Result<Vec<OptOutRecord>, StoreError> {
        let after = after.map(Address::to_string).unwrap_or_default();
        self.read_slow(move |db| {
            let rows = db.query(
                "SELECT address, at, message FROM opt_out WHERE account = ?1 AND address > ?2 ORDER BY address LIMIT ?3",
                &args![account, after, limit],
            )?;
            let record = |row: &super::sql::Row| {
                Ok(OptOutRecord {
                    address: stored_address(&row.get::<String>(0)?),
                    at: row.get(1)?,
                    message: row.get(2)?,
                })
            };
            rows.iter().map(record).collect()
        })
        .await
    }

    /// Since when a person does not want messages of an account, if that is so.
    pub(crate) async fn opt_out_of(&self, account: i64, address: &Address) -> Result<Option<OptOutRecord>, StoreError> {
        let address = address.clone();
        self.read(move |db| {
            let held = db.first(
                "SELECT at, message FROM opt_out WHERE account = ?1 AND address = ?2",
                &args![account, &address],
            )?;
            let record = |row: super::sql::Row| {
                Ok(OptOutRecord {
                    address,
                    at: row.get(0)?,
                    message: row.get(1)?,
                })
            };
            held.map(record).transpose()
        })
        .await
    }

    /// How many people do not want messages of an account, counted up to a million.
    pub(crate) async fn count_opt_outs(&self, account: i64) -> Result<u64, StoreError> {
        let count = self.read_slow(move |db| {
            db.number(
                "SELECT count(*) FROM (SELECT 1 AS one FROM opt_out WHERE account = ?1 LIMIT ?2) AS counted",
                &args![account, MOST_COUNTED],
            )
        });
        Ok(u64::try_from(count.await?).unwrap_or(0))
    }

    /// Whether a person does not want messages of an account.
    pub(crate) async fn is_opted_out(&self, account: i64, address: &Address) -> Result<bool, StoreError> {
        let address = address.clone();
        self.read(move |db| {
            let held = db.first(
                "SELECT 1 FROM opt_out WHERE account = ?1 AND address = ?2",
                &args![account, &address],
            )?;
            Ok(held.is_some())
        })
        .await
    }
}

/// Notes what a person wants; a second time changes nothing.
pub(super) fn heed(db: &mut dyn Db, account: i64, wished: &Wished, at: Timestamp) -> Result<(), SqlError> {
    match wished.wish {
        Wish::OptOut => db.execute(
            "INSERT INTO opt_out (account, address, at, message) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            &args![account, &wished.address, at, wished.message.as_ref()],
        ),
        Wish::OptIn => db.execute(
            "DELETE FROM opt_out WHERE account = ?1 AND address = ?2",
            &args![account, &wished.address],
        ),
    }
    .map(drop)
}

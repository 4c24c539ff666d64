//! Who does not want messages of an account.

use super::sql::args;
use super::{Store, StoreError};
use ngoma_message::{Address, Timestamp};

impl Store {
    /// Notes that a person does not want messages of an account.
    pub(crate) async fn opt_out(&self, account: i64, address: &Address, at: Timestamp) -> Result<(), StoreError> {
        let address = address.clone();
        self.write(account, move |db| {
            db.execute(
                "INSERT INTO opt_out (account, address, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                &args![account, &address, at],
            )?;
            Ok(())
        })
        .await
    }

    /// Notes that a person wants messages of an account again.
    pub(crate) async fn opt_in(&self, account: i64, address: &Address) -> Result<(), StoreError> {
        let address = address.clone();
        self.write(account, move |db| {
            db.execute(
                "DELETE FROM opt_out WHERE account = ?1 AND address = ?2",
                &args![account, &address],
            )?;
            Ok(())
        })
        .await
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

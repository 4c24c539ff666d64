//! Who does not want messages of an account, for those who look after it.

use super::Engine;
use crate::record::OptOutRecord;
use crate::store::{StoreError, Wish, Wished};
use ngoma_message::Address;

impl Engine {
    /// Notes that a person does not want messages of an account: only answers to their own are sent. False when there is
    /// no such account.
    pub async fn opt_out(&self, account: &str, address: &Address) -> Result<bool, StoreError> {
        self.heed(account, address, Wish::OptOut).await
    }

    /// Notes that a person wants messages of an account again. False when there is no such account.
    pub async fn opt_in(&self, account: &str, address: &Address) -> Result<bool, StoreError> {
        self.heed(account, address, Wish::OptIn).await
    }

    /// Who does not want messages of an account, by address, behind `after` if it is given.
    pub async fn opt_outs(
        &self,
        account: &str,
        after: Option<&Address>,
        limit: usize,
    ) -> Result<Vec<OptOutRecord>, StoreError> {
        match self.runtime.catalog().account_number(account) {
            Some(number) => self.runtime.store.opt_outs(number, after, limit).await,
            None => Ok(Vec::new()),
        }
    }

    async fn heed(&self, account: &str, address: &Address, wish: Wish) -> Result<bool, StoreError> {
        let Some(number) = self.runtime.catalog().account_number(account) else {
            return Ok(false);
        };
        let wished = Wished {
            wish,
            address: address.clone(),
            message: None,
        };
        let now = self.runtime.clock.now();
        self.runtime.store.heed(number, wished, now).await.map(|()| true)
    }
}

//! Whose messages were handed to another service, for those who look after an account.

use super::{Engine, UPKEEP_AT_ONCE};
use crate::store::StoreError;
use ngoma_message::Address;

impl Engine {
    /// Gives a person's messages back that a service was handed, on every channel; says on how many. None when there is no
    /// such account or service.
    pub async fn hand_back(&self, account: &str, service: &str, person: &Address) -> Result<Option<usize>, StoreError> {
        let catalog = self.runtime.catalog();
        let mut services = catalog.services();
        let named = services.find(|held| held.key.account == account && held.key.service == service);
        match named {
            Some(service) => {
                let given = self.runtime.store.hand_back(service.account, service.id, person);
                given.await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// A step of maintenance: forgets what was handed over until a moment that has come. Says how many; none are left when
    /// it says none.
    pub async fn expire_hand_overs(&self) -> Result<usize, StoreError> {
        let now = self.runtime.expiry_now();
        self.runtime.store.expire_hand_overs(now, UPKEEP_AT_ONCE).await
    }
}

//! What was given up, for those who look after an account.

use super::Engine;
use crate::record::{DeadLetterKind, DeadLetterRecord};
use crate::store::StoreError;
use ngoma_message::MessageId;

/// How many dead letters one transaction puts back.
const REPLAYED_AT_ONCE: usize = 500;

impl Engine {
    /// What was given up of an account, the latest first.
    pub async fn dead_letters(&self, account: &str, limit: usize) -> Result<Vec<DeadLetterRecord>, StoreError> {
        self.runtime.store.dead_letters(account, limit).await
    }

    /// Has what was given up tried again, as if for the first time; false when there is no such letter.
    pub async fn replay_dead_letter(
        &self,
        account: &str,
        kind: DeadLetterKind,
        item: &MessageId,
    ) -> Result<bool, StoreError> {
        let now = self.runtime.clock.now();
        let replayed = self
            .runtime
            .store
            .replay_dead_letter(account, kind, item.clone(), now)
            .await?;
        self.look_for_due_work();
        Ok(replayed)
    }

    /// Has all of a kind that was given up until now tried again; says how many there were.
    pub async fn replay_dead_letters(&self, account: &str, kind: DeadLetterKind) -> Result<usize, StoreError> {
        let now = self.runtime.clock.now();
        let mut replayed = 0;
        loop {
            let some = self
                .runtime
                .store
                .replay_dead_letters(account, kind, now, REPLAYED_AT_ONCE)
                .await?;
            replayed += some;
            if some < REPLAYED_AT_ONCE {
                break;
            }
        }
        self.look_for_due_work();
        Ok(replayed)
    }
}

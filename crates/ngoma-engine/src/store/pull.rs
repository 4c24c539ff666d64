//! Work that was taken and that nobody here knows of: when a pull's answer is lost, the database may have leased it
//! all the same. It is freed before anything else is taken.

use super::sql::{Db, Dialect, SqlError, args};
use super::{QueueKind, Store, StoreError};
use ngoma_message::MessageId;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// What one pull or arrival asks for, and what it would lease.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    account: i64,
    kind: QueueKind,
    lease: i64,
    items: Arc<Mutex<Vec<MessageId>>>,
}

/// Pulls and arrivals that may have leased something, the first to be freed first.
pub(super) type UnsurePulls = Mutex<VecDeque<Pull>>;

impl Pull {
    pub(super) fn of(account: i64, kind: QueueKind, lease: i64) -> Self {
        Self {
            account,
            kind,
            lease,
            items: Arc::default(),
        }
    }

    /// Notes what is leased if the transaction is committed.
    pub(super) fn note(&self, items: impl Iterator<Item = MessageId>) {
        *self.items.lock().unwrap_or_else(PoisonError::into_inner) = items.collect();
    }

    fn items(&self) -> Vec<MessageId> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Store {
    /// Gives back work whose lease was lost: it may have been leased after others had freed what the lease held.
    pub(crate) async fn give_back_lost(
        &self,
        account: i64,
        kind: QueueKind,
        item: &MessageId,
        lease: i64,
    ) -> Result<(), StoreError> {
        let pull = Pull::of(account, kind, lease);
        pull.note(std::iter::once(item.clone()));
        self.free_pull(pull).await
    }

    /// Keeps a pull in mind when nobody can tell whether it was committed.
    pub(super) fn settled<T>(&self, pull: Pull, pulled: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unavailable(_)) = &pulled
            && !pull.items().is_empty()
        {
            self.unsure().push_back(pull);
        }
        pulled
    }

    /// Keeps in mind that messages may have been stored and leased to this process, and that nobody works on them.
    pub(crate) fn note_unsure(
        &self,
        account: i64,
        kind: QueueKind,
        messages: impl Iterator<Item = MessageId>,
        lease: i64,
    ) {
        let arrival = Pull::of(account, kind, lease);
        arrival.note(messages);
        self.unsure().push_back(arrival);
    }

    /// Frees what pulls of these kinds leased whose answer was lost. To be done by whoever pulls them, before anything
    /// else of theirs is pulled: what is leased then is worked on.
    pub(crate) async fn free_unsure_pulls(&self, kinds: [QueueKind; 2]) -> Result<(), StoreError> {
        while let Some(pull) = self.next_unsure(kinds) {
            self.free_pull(pull.clone()).await?;
            self.unsure().retain(|held| !Arc::ptr_eq(&held.items, &pull.items));
        }
        Ok(())
    }

    fn next_unsure(&self, kinds: [QueueKind; 2]) -> Option<Pull> {
        let unsure = self.unsure();
        unsure.iter().rev().find(|pull| kinds.contains(&pull.kind)).cloned()
    }

    async fn free_pull(&self, pull: Pull) -> Result<(), StoreError> {
        self.write(pull.account, move |db| {
            for item in pull.items() {
                if db.dialect() == Dialect::Postgres {
                    await_others(db, &pull, &item)?;
                }
                db.execute(
                    "UPDATE work SET lease = 0, published = 0 WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
                    &args![pull.account, &item, pull.kind.number(), pull.lease],
                )?;
            }
            Ok(())
        })
        .await
    }

    fn unsure(&self) -> std::sync::MutexGuard<'_, VecDeque<Pull>> {
        self.inner.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for whoever has a row of work in hand that is not committed: the server may still be committing what a line that
/// broke had asked it for, and what frees the row must come after that.
fn await_others(db: &mut dyn Db, pull: &Pull, item: &MessageId) -> Result<(), SqlError> {
    let key = args![pull.account, item, pull.kind.number()];
    // It waits for a row that is being inserted, …
    let inserted = db.execute(
        "INSERT INTO work (account, item, kind, channel, priority, due_at) VALUES (?1, ?2, ?3, 0, 0, 0)
        ON CONFLICT DO NOTHING",
        &key,
    )?;
    let row = "account = ?1 AND item = ?2 AND kind = ?3";
    match inserted {
        1 => db.execute(&format!("DELETE FROM work WHERE {row}"), &key).map(drop),
        // … and this for one that is being changed.
        _ => db
            .query(&format!("SELECT 1 FROM work WHERE {row} FOR UPDATE"), &key)
            .map(drop),
    }
}

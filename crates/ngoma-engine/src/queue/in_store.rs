//! The queue in the store's own database: SQLite, or PostgreSQL with `SKIP LOCKED`. Work enters it in the transaction of
//! its message.

use super::contract::{Abilities, Depth, Durability, Lease, LeaseLost, Line, Published, Queue, Ticket};
use crate::outbound::{Fairness, Lane, Priority};
use crate::store::{Store, StoreError};
use async_trait::async_trait;
use ngoma_message::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// How many lines the turns between priorities are remembered of.
const LINES: usize = 10_000;

/// The queue of a store.
pub(crate) struct StoreQueue {
    store: Store,
    turns: Mutex<HashMap<Line, Fairness>>,
}

impl StoreQueue {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            turns: Mutex::default(),
        }
    }

    /// How many to take of each priority, so that bulk never stands still and never holds up a code to sign in with.
    fn shares(&self, line: Line, waiting: &[usize; Priority::COUNT], places: usize) -> [usize; Priority::COUNT] {
        let lane = |priority| Lane {
            priority,
            account: line.account,
        };
        let waiting: BTreeMap<Lane, usize> = Priority::all()
            .into_iter()
            .zip(waiting)
            .map(|(priority, waiting)| (lane(priority), *waiting))
            .collect();
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= LINES {
            turns.clear();
        }
        let shares = turns.entry(line).or_default().share(&waiting, places);
        Priority::all().map(|priority| shares.get(&lane(priority)).copied().unwrap_or(0))
    }
}

#[async_trait]
impl Queue for StoreQueue {
    fn abilities(&self) -> Abilities {
        Abilities {
            name: self.store.database(),
            durability: Durability::Disk,
            has_outbox: false,
        }
    }

    async fn publish(&self, batch: Vec<Ticket>) -> Result<Vec<Published>, StoreError> {
        self.store.publish(batch).await
    }

    async fn pull(&self, line: Line, now: Timestamp, credit: usize) -> Result<Vec<Lease>, StoreError> {
        let waiting = self.store.waiting(line, now, credit).await?;
        if waiting.iter().sum::<usize>() == 0 {
            return Ok(Vec::new());
        }
        let shares = self.shares(line, &waiting, credit);
        self.store.lease(line, now, shares).await
    }

    async fn ack(&self, leases: &[Lease]) -> Result<Vec<Result<(), LeaseLost>>, StoreError> {
        self.store.end_leases(leases).await
    }

    async fn nak(&self, lease: &Lease, due_at: Timestamp) -> Result<Result<(), LeaseLost>, StoreError> {
        self.store.give_back(lease, due_at).await
    }

    async fn term(&self, lease: &Lease, at: Timestamp, reason: &str) -> Result<Result<(), LeaseLost>, StoreError> {
        self.store.bury(lease, at, reason).await
    }

    async fn extend(&self) -> Result<bool, StoreError> {
        self.store.beat().await
    }

    async fn depth(&self, line: Line, now: Timestamp) -> Result<Depth, StoreError> {
        self.store.depth(line, now).await
    }

    async fn next_due(&self, line: Line) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_due(line).await
    }
}

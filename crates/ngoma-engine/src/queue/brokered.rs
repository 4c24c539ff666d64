//! The queue behind a broker: a relay hands it the tickets of work that is due, whoever gets one claims the work in the
//! store. The store stays the truth: a ticket that is lost is handed over again, one that comes twice claims nothing.

use super::broker::{Broker, Handed, Slip};
use super::contract::{Abilities, Depth, Lease, LeaseLost, Line, Published, Queue, Ticket};
use super::in_store::StoreQueue;
use crate::amqp::Status;
use crate::clock::Clock;
use crate::store::{QueueKind, Store, StoreError};
use async_trait::async_trait;
use ngoma_message::{MessageId, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How many tickets of one line are with the broker at most: the rest waits in the store, where its order may change.
pub(super) const LINE_WINDOW: usize = 256;
/// After how long a ticket nobody came with is handed over again.
const LOST_AFTER: Duration = Duration::from_secs(120);

/// A queue whose tickets travel by a broker.
pub(crate) struct BrokeredQueue {
    store: Store,
    in_store: StoreQueue,
    broker: Arc<dyn Broker>,
    arrived: Mutex<HashMap<Line, VecDeque<(MessageId, Handed)>>>,
    wake: Arc<Notify>,
}

impl BrokeredQueue {
    /// A queue over this broker; `wake` is told when tickets have come.
    pub(crate) fn new(store: Store, broker: Arc<dyn Broker>, wake: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            in_store: StoreQueue::new(store.clone()),
            store,
            broker,
            arrived: Mutex::default(),
            wake,
        })
    }

    /// Hands over the tickets of what is due on a line, as many as may be with the broker at once. Says how many.
    pub(crate) async fn relay(&self, line: Line, now: Timestamp) -> Result<usize, StoreError> {
        if !self.broker.is_up() {
            return Ok(0);
        }
        let due = self.store.mark_published(line, now, LINE_WINDOW).await?;
        let count = due.len();
        if count == 0 {
            return Ok(0);
        }
        let slips = due
            .iter()
            .map(|due| Slip {
                order: due.order,
                priority: due.priority,
                body: write_body(line, &due.item),
            })
            .collect();
        let handed = self.broker.hand_over(slips).await;
        let failed: Vec<MessageId> = due
            .into_iter()
            .zip(handed)
            .filter_map(|(due, handed)| (!handed).then_some(due.item))
            .collect();
        let handed_over = count - failed.len();
        if !failed.is_empty() {
            self.store.unmark_published(line, failed).await?;
        }
        Ok(handed_over)
    }

    /// Hands over again what nobody came with for long, or all of it when the broker may have lost it.
    pub(crate) async fn rebuild(&self, now: Timestamp, lost: Lost) -> Result<u64, StoreError> {
        let before = match lost {
            Lost::Perhaps => now - LOST_AFTER,
            Lost::All => now + LOST_AFTER,
        };
        self.store.forget_published(before).await
    }

    /// Hands tickets over again that may be lost, for ever: all of them whenever the broker is there anew, since its disk
    /// may be another; now and then what nobody came with for long.
    pub(crate) async fn mend(&self, clock: &dyn Clock, mut status: watch::Receiver<Status>) {
        let mut was_up = false;
        loop {
            let is_up = status.borrow_and_update().is_connected();
            let lost = if is_up && !was_up { Lost::All } else { Lost::Perhaps };
            was_up = is_up;
            if let Err(error) = self.rebuild(clock.now(), lost).await {
                tracing::warn!(%error, "tickets could not be handed over again");
            }
            self.wake.notify_one();
            if let Ok(Err(_)) = tokio::time::timeout(LOST_AFTER, status.changed()).await {
                return;
            }
        }
    }

    /// Takes tickets from the broker for ever.
    pub(crate) async fn receive(&self) {
        while let Some((body, handed)) = self.broker.next().await {
            match read_body(&body) {
                Some((line, item)) => {
                    let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
                    arrived.entry(line).or_default().push_back((item, handed));
                }
                None => {
                    tracing::warn!("a ticket of the broker cannot be read: it is thrown away");
                    self.broker.done(vec![handed]).await;
                }
            }
            self.wake.notify_one();
        }
    }

    fn take_arrived(&self, line: Line, credit: usize) -> (Vec<MessageId>, Vec<Handed>) {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = arrived.get_mut(&line) else {
            return (Vec::new(), Vec::new());
        };
        let taken = waiting.drain(..credit.min(waiting.len())).unzip();
        if waiting.is_empty() {
            arrived.remove(&line);
        }
        taken
    }
}

/// What the broker may have lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// What nobody came with for long.
    Perhaps,
    /// Everything: its disk is gone.
    All,
}

#[async_trait]
impl Queue for BrokeredQueue {
    fn abilities(&self) -> Abilities {
        self.broker.abilities()
    }

    async fn publish(&self, batch: Vec<Ticket>) -> Result<Vec<Published>, StoreError> {
        self.store.publish(batch).await
    }

    async fn pull(&self, line: Line, now: Timestamp, credit: usize) -> Result<Vec<Lease>, StoreError> {
        self.relay(line, now).await?;
        let (items, handed) = self.take_arrived(line, credit);
        if items.is_empty() {
            return Ok(Vec::new());
        }
        match self.store.claim(line, items.clone()).await {
            Ok(leases) => {
                // Claimed in the store, on the disk: the ticket has done its work, a stale one as well.
                self.broker.done(handed).await;
                Ok(leases)
            }
            Err(error) => {
                let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
                let waiting = arrived.entry(line).or_default();
                for back in items.into_iter().zip(handed).rev() {
                    waiting.push_front(back);
                }
                Err(error)
            }
        }
    }

    async fn ack(&self, leases: &[Lease]) -> Result<Vec<Result<(), LeaseLost>>, StoreError> {
        self.in_store.ack(leases).await
    }

    async fn nak(&self, lease: &Lease, due_at: Timestamp) -> Result<Result<(), LeaseLost>, StoreError> {
        self.in_store.nak(lease, due_at).await
    }

    async fn term(&self, lease: &Lease, at: Timestamp, reason: &str) -> Result<Result<(), LeaseLost>, StoreError> {
        self.in_store.term(lease, at, reason).await
    }

    async fn extend(&self) -> Result<bool, StoreError> {
        self.in_store.extend().await
    }

    async fn depth(&self, line: Line, now: Timestamp) -> Result<Depth, StoreError> {
        self.in_store.depth(line, now).await
    }

    async fn next_due(&self, line: Line) -> Result<Option<Timestamp>, StoreError> {
        let has_arrived = {
            let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
            arrived.contains_key(&line)
        };
        match has_arrived {
            true => Ok(Some(Timestamp::from_micros(i64::MIN))),
            false => self.in_store.next_due(line).await,
        }
    }
}

/// A ticket's body: `1 3 outbound 0193583ffb1c7a0ea2d94b6c0a3f5e11`.
fn write_body(line: Line, item: &MessageId) -> Vec<u8> {
    format!("{} {} {} {item}", line.account, line.channel, line.kind.as_str()).into_bytes()
}

fn read_body(body: &[u8]) -> Option<(Line, MessageId)> {
    let text = std::str::from_utf8(body).ok()?;
    let mut words = text.split(' ');
    let line = Line {
        account: words.next()?.parse().ok()?,
        channel: words.next()?.parse().ok()?,
        kind: QueueKind::parse(words.next()?)?,
    };
    let item = MessageId::from(words.next()?);
    (words.next().is_none() && item.to_bytes().is_some()).then_some((line, item))
}

//! Consuming: deliveries by subscription, each a lease that is acknowledged or rejected.

mod feed;
mod leases;
mod line;
mod shelf;

pub use leases::{LeaseLost, LeaseToken};

use super::headers::Headers;
use super::keeper::Stage;
use super::session::Session;
use bytes::Bytes;
use feed::{Command, Feed};
use shelf::Shelf;
use std::collections::HashMap;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// How many settlements of one subscription wait; further calls wait.
const COMMANDS_MAX: usize = 64;

/// What is consumed and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The queue.
    pub queue: String,
    /// How many deliveries may be unsettled at a time; the broker holds the others back.
    pub prefetch: NonZeroU16,
    /// Who else may consume.
    pub exclusivity: Exclusivity,
}

/// Who else may consume a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusivity {
    /// Anybody.
    Shared,
    /// Nobody, as long as this consumer is there. Quorum queues do not know it: use
    /// [`Turns::SingleActive`](super::Turns::SingleActive).
    Exclusive,
}

/// A message that is leased to whoever got it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The content.
    pub body: Bytes,
    /// The exchange it was published to.
    pub exchange: String,
    /// The routing key it was published with.
    pub routing_key: String,
    /// Whether it was delivered before, perhaps to somebody else.
    pub is_redelivered: bool,
    /// The id it was published with.
    pub message_id: Option<String>,
    /// The kind of content.
    pub content_type: Option<String>,
    /// Its headers, those of the broker (`x-…`) among them.
    pub headers: Headers,
    /// What it is settled with.
    pub token: LeaseToken,
}

/// What becomes of a message that is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// It is delivered again.
    Requeue,
    /// It goes to the dead letters of its queue, or is dropped without any.
    Discard,
}

/// Deliveries, also after the connection was lost and made again. When this is dropped the subscription ends; leases that
/// are out can still be settled.
pub struct Consumer {
    shelf: Arc<Shelf>,
    /// Its end tells the feed that nobody takes deliveries any more.
    _presence: oneshot::Sender<()>,
}

impl Consumer {
    /// The next delivery; nothing when the bus is closed. May be dropped at any time.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.shelf.take().await
    }
}

/// All subscriptions of a bus.
#[derive(Clone)]
pub(super) struct Feeds(Arc<Mutex<Open>>);

struct Open {
    /// The number of the last subscription. The first is any number: a token that is taken to another bus does nothing.
    last: u64,
    commands: HashMap<u64, mpsc::Sender<Command>>,
}

/// How leases are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settlement {
    Acknowledged,
    Rejected(Rejection),
}

impl Default for Feeds {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Open {
            last: getrandom::u64().unwrap_or(0),
            commands: HashMap::new(),
        })))
    }
}

impl Feeds {
    /// Begins a subscription.
    pub(super) fn subscribe(
        &self,
        subscription: Subscription,
        sessions: &watch::Receiver<Option<Arc<Session>>>,
        stage: &watch::Receiver<Stage>,
    ) -> Consumer {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (presence, absence) = oneshot::channel();
        let shelf = Arc::new(Shelf::default());
        let id = self.enter(sender);
        let feed = Feed::new(id, subscription, sessions.clone(), commands, shelf.clone());
        let (feeds, stage) = (self.clone(), stage.clone());
        tokio::spawn(async move {
            feed.run(absence, stage).await;
            feeds.lock().commands.remove(&id);
        });
        Consumer {
            shelf,
            _presence: presence,
        }
    }

    /// Settles leases; the answers are in the order of the tokens.
    pub(super) async fn settle(&self, tokens: Vec<LeaseToken>, how: Settlement) -> Vec<Result<(), LeaseLost>> {
        let mut answers = vec![Err(LeaseLost); tokens.len()];
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, token) in tokens.iter().enumerate() {
            places.entry(token.subscription).or_default().push(place);
        }
        for (subscription, places) in places {
            let tokens = places.iter().map(|&place| tokens[place]).collect();
            let settled = self.settle_one(subscription, tokens, how).await.unwrap_or_default();
            for (place, result) in places.into_iter().zip(settled) {
                answers[place] = result;
            }
        }
        answers
    }

    /// Settles leases of one subscription. Nothing when it has ended.
    async fn settle_one(
        &self,
        subscription: u64,
        tokens: Vec<LeaseToken>,
        how: Settlement,
    ) -> Option<Vec<Result<(), LeaseLost>>> {
        let (answer, settled) = oneshot::channel();
        let commands = self.lock().commands.get(&subscription).cloned()?;
        let command = Command { tokens, how, answer };
        commands.send(command).await.ok()?;
        settled.await.ok()
    }

    fn enter(&self, sender: mpsc::Sender<Command>) -> u64 {
        let mut open = self.lock();
        open.last = open.last.wrapping_add(1);
        let id = open.last;
        open.commands.insert(id, sender);
        id
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

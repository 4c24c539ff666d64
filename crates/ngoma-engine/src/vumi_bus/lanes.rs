//! Takes a queue's messages several at a time, those of one key in order.

use super::PREFETCH;
use super::intake::{Intake, Taken};
use crate::amqp::{BODY_BYTES_MAX, Bus, BusError, Delivery, Exclusivity, LeaseToken, Rejection, Subscription};
use crate::channel::Shutdown;
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How many messages are worked on at the same time.
const LANES: usize = 8;
/// The wait before a message is tried again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A queue that is taken from.
#[derive(Clone)]
pub(super) struct Lanes {
    pub(super) bus: Bus,
    pub(super) queue: String,
    pub(super) intake: Arc<dyn Intake>,
}

/// A message that waits for its turn.
struct Waiting {
    token: LeaseToken,
    message: Value,
}

impl Lanes {
    /// Takes messages until told to stop; what is not begun then goes back to the queue.
    pub(super) async fn run(self, mut stop: Shutdown) -> Result<(), BusError> {
        let mut consumer = self.bus.consume(Subscription {
            queue: self.queue.clone(),
            prefetch: NonZeroU16::new(PREFETCH).unwrap_or(NonZeroU16::MIN),
            exclusivity: Exclusivity::Shared,
        })?;
        let mut workers = JoinSet::new();
        let lanes: Vec<mpsc::Sender<Waiting>> = (0..LANES)
            .map(|_| {
                // The broker hands out no more than that.
                let (sender, waiting) = mpsc::channel(PREFETCH.into());
                workers.spawn(self.clone().work(waiting, stop.clone()));
                sender
            })
            .collect();
        loop {
            let delivery = tokio::select! {
                () = stop.requested() => break,
                delivery = consumer.next() => delivery,
            };
            let Some(delivery) = delivery else { break };
            if let Some((waiting, lane)) = self.read(delivery).await {
                // Its end is the end of this function.
                let _ = lanes[lane].send(waiting).await;
            }
        }
        drop((lanes, consumer));
        while workers.join_next().await.is_some() {}
        Ok(())
    }

    /// Reads a message; one that cannot be read is refused.
    async fn read(&self, delivery: Delivery) -> Option<(Waiting, usize)> {
        let token = delivery.token;
        let read = match delivery.body.len() {
            0..=BODY_BYTES_MAX => serde_json::from_slice(&delivery.body).map_err(|error| format!("no JSON: {error}")),
            length => Err(format!("{length} bytes, more than {BODY_BYTES_MAX}")),
        };
        match read {
            Ok(message) => {
                let message: Value = message;
                let lane = lane_of(&self.intake.key(&message));
                Some((Waiting { token, message }, lane))
            }
            Err(reason) => {
                self.refuse(token, &reason).await;
                None
            }
        }
    }

    async fn work(self, mut waiting: mpsc::Receiver<Waiting>, mut stop: Shutdown) {
        while let Some(Waiting { token, message }) = waiting.recv().await {
            match self.take(message, &mut stop).await {
                Some(Taken::Done) => drop(self.bus.ack(vec![token]).await),
                Some(Taken::Refused(reason)) => self.refuse(token, &reason).await,
                Some(Taken::Later(_)) | None => {
                    let _ = self.bus.reject(token, Rejection::Requeue).await;
                }
            }
        }
    }

    /// Has a message taken, as often as it takes; nothing when it is to stop.
    async fn take(&self, message: Value, stop: &mut Shutdown) -> Option<Taken> {
        let mut wait = FIRST_WAIT;
        loop {
            if stop.is_requested() {
                return None;
            }
            match self.intake.take(message.clone()).await {
                Taken::Later(reason) => {
                    tracing::debug!(queue = self.queue, reason, "a message is taken later");
                    let _ = tokio::time::timeout(wait, stop.requested()).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                taken => return Some(taken),
            }
        }
    }

    async fn refuse(&self, token: LeaseToken, reason: &str) {
        tracing::warn!(queue = self.queue, reason, "a message was refused");
        let _ = self.bus.reject(token, Rejection::Discard).await;
    }
}

fn lane_of(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
}

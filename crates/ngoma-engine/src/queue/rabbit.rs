//! RabbitMQ as the queue's broker: a fixed number of quorum queues, each with one consumer at a time, so that a person's
//! tickets stay in order however many processes there are.

use super::broker::{Broker, Handed, Slip};
use super::contract::{Abilities, Durability};
use crate::amqp::{
    BadAddress, Bus, BusOptions, Consumer, Delivery, Exclusivity, Publication, Published, QueueSpec, Quorum, Status,
    Subscription, Turns,
};
use async_trait::async_trait;
use std::num::NonZeroU16;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, watch};

/// How many tickets of one partition may be with a process that has not claimed their work yet.
const PREFETCH: NonZeroU16 = NonZeroU16::new(64).expect("64 is not 0");
/// How often a ticket is delivered again: it only ever claims, and what it claims is never at fault.
const DELIVERY_LIMIT: u32 = 1000;
/// How many tickets a partition holds; more are refused, and wait in the store.
const LENGTH_LIMIT: u32 = 100_000;
/// How many deliveries wait between the consumers and the queue.
const DELIVERIES: usize = 256;
/// How long a declaration that the broker did not take is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Tickets over RabbitMQ.
pub(crate) struct RabbitBroker {
    bus: Bus,
    partitions: u16,
    deliveries: Mutex<mpsc::Receiver<Delivery>>,
}

impl RabbitBroker {
    /// Begins to connect; the queues are declared as soon as the broker is there, and again when it has lost them. To be
    /// called within a runtime.
    pub(crate) fn open(url: &str, partitions: u16) -> Result<Self, BadAddress> {
        let bus = Bus::open(url, BusOptions::default())?;
        let (sender, deliveries) = mpsc::channel(DELIVERIES);
        for partition in 0..partitions {
            tokio::spawn(serve_partition(bus.clone(), partition, sender.clone()));
        }
        Ok(Self {
            bus,
            partitions,
            deliveries: Mutex::new(deliveries),
        })
    }

    /// How the broker is, now and from now on.
    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.bus.status()
    }

    /// Ends the connections.
    pub(crate) async fn close(&self) {
        self.bus.close().await;
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    fn abilities(&self) -> Abilities {
        Abilities {
            name: "amqp",
            durability: Durability::Majority,
            has_outbox: true,
        }
    }

    fn is_up(&self) -> bool {
        self.bus.status().borrow().is_connected()
    }

    async fn hand_over(&self, slips: Vec<Slip>) -> Vec<bool> {
        let publications = slips
            .into_iter()
            .map(|slip| Publication {
                routing_key: queue_name(u16::try_from(slip.order % u64::from(self.partitions)).unwrap_or(0)),
                message_id: String::from_utf8_lossy(&slip.body).into_owned(),
                body: slip.body.into(),
                ..Publication::default()
            })
            .collect();
        let published = self.bus.publish(publications).await;
        published.iter().map(|one| *one == Published::Durable).collect()
    }

    async fn next(&self) -> Option<(Vec<u8>, Handed)> {
        let delivery = self.deliveries.lock().await.recv().await?;
        Some((delivery.body.to_vec(), Handed::Token(delivery.token)))
    }

    async fn done(&self, handed: Vec<Handed>) {
        let tokens = handed.into_iter().filter_map(Handed::token).collect();
        // A lease that is lost is delivered again, and claims nothing then.
        let _ = self.bus.ack(tokens).await;
    }
}

fn queue_name(partition: u16) -> String {
    format!("ngoma.work.{partition:03}")
}

/// Declares a partition's queue, then brings what it holds until the bus is closed.
async fn serve_partition(bus: Bus, partition: u16, deliveries: mpsc::Sender<Delivery>) {
    let spec = QueueSpec::quorum(
        queue_name(partition),
        Quorum {
            turns: Turns::SingleActive,
            delivery_limit: DELIVERY_LIMIT,
            length_limit: Some(LENGTH_LIMIT),
            dead_letters: None,
        },
    );
    while let Err(error) = bus.ensure_queue(spec.clone()).await {
        if deliveries.is_closed() {
            return;
        }
        tracing::warn!(queue = queue_name(partition), %error, "a queue of the broker could not be declared");
        tokio::time::sleep(AGAIN_AFTER).await;
    }
    let subscription = Subscription {
        queue: queue_name(partition),
        prefetch: PREFETCH,
        exclusivity: Exclusivity::Shared,
    };
    match bus.consume(subscription) {
        Ok(consumer) => bring(consumer, &deliveries).await,
        Err(error) => tracing::error!(queue = queue_name(partition), %error, "a queue cannot be consumed"),
    }
}

async fn bring(mut consumer: Consumer, deliveries: &mpsc::Sender<Delivery>) {
    while let Some(delivery) = consumer.next().await {
        if deliveries.send(delivery).await.is_err() {
            return;
        }
    }
}

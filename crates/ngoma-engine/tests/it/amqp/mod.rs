//! The bus against a real RabbitMQ.

mod consuming;
mod declaring;
mod logging;
mod publishing;
mod trouble;

use ngoma_engine::amqp::{
    Bus, BusOptions, Consumer, Delivery, Depth, Exclusivity, Publication, QueueKind, QueueSpec, Quorum, Status,
    Subscription, Turns,
};
use std::future::Future;
use std::num::NonZeroU16;
use std::time::Duration;
use tokio::time::timeout;

/// How long anything may take on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

fn options() -> BusOptions {
    BusOptions {
        answer_within: PATIENCE,
        reconnect_longest: Duration::from_millis(500),
        ..BusOptions::default()
    }
}

async fn connected(url: &str) -> Bus {
    let bus = Bus::open(url, options()).expect("an address");
    until(&bus, Status::is_connected).await;
    bus
}

/// Waits until the broker is so.
async fn until(bus: &Bus, is_wanted: impl FnMut(&Status) -> bool) -> Status {
    let mut status = bus.status();
    let status = soon(status.wait_for(is_wanted)).await.expect("the bus lives");
    status.clone()
}

/// Waits, not for ever.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it comes in time")
}

/// A quorum queue as the engine uses them.
fn quorum(name: &str) -> QueueSpec {
    let quorum = Quorum {
        turns: Turns::Competing,
        delivery_limit: 20,
        length_limit: None,
        dead_letters: None,
    };
    QueueSpec::quorum(name, quorum)
}

/// A queue whose numbers `rabbitmqctl` tells as they are; those of quorum queues lag behind.
fn classic(name: &str) -> QueueSpec {
    QueueSpec {
        name: name.to_owned(),
        kind: QueueKind::Classic,
        binding: None,
    }
}

/// One message for a queue, by the default exchange.
fn to_queue(queue: &str, id: u32) -> Publication {
    Publication {
        routing_key: queue.to_owned(),
        body: format!("body {id}").into(),
        message_id: id.to_string(),
        ..Publication::default()
    }
}

fn consume(bus: &Bus, queue: &str, prefetch: u16) -> Consumer {
    let subscription = Subscription {
        queue: queue.to_owned(),
        prefetch: NonZeroU16::new(prefetch).expect("some"),
        exclusivity: Exclusivity::Shared,
    };
    bus.consume(subscription).expect("a name")
}

async fn next(consumer: &mut Consumer) -> Delivery {
    soon(consumer.next()).await.expect("the bus is open")
}

/// Asks until the queue is there and so.
async fn until_depth(bus: &Bus, queue: &str, expected: Depth) {
    soon(async { while bus.depth(queue).await != Ok(expected) {} }).await;
}

/// The name of the vhost of an address.
fn vhost(url: &str) -> &str {
    url.rsplit_once('/').expect("an address").1
}

//! A queue of our own beside the other side's: it gets a copy of what passes, and takes nothing from anybody.

use crate::amqp::{
    Binding, Bus, BusError, Consumer, ExchangeKind, Exclusivity, Passing, QueueKind, QueueSpec, Subscription,
};
use ngoma_message::MessageId;
use std::num::NonZeroU16;
use std::time::Duration;

/// How many messages wait to be heard; older ones make room.
const WAITING_MAX: u32 = 1000;
/// How long our queue stays when we are gone.
const GONE_AFTER: Duration = Duration::from_secs(60);
const PREFETCH: u16 = 100;

/// Consumes what is published to a direct exchange under a key, from now on. What the broker cannot do now is done when
/// it is back.
pub(super) async fn overhear(bus: &Bus, what: &str, exchange: &str, routing_key: &str) -> Result<Consumer, BusError> {
    let queue = format!("ngoma.{what}.{}", MessageId::generate());
    let _ = bus.ensure_exchange(exchange, ExchangeKind::Direct).await;
    let declared = bus.ensure_queue(QueueSpec {
        name: queue.clone(),
        kind: QueueKind::Passing(Passing {
            gone_after: GONE_AFTER,
            length_limit: WAITING_MAX,
        }),
        binding: Some(Binding {
            exchange: exchange.to_owned(),
            routing_key: routing_key.to_owned(),
        }),
    });
    if let Err(error) = declared.await {
        tracing::warn!(%error, "{what} cannot be heard yet");
    }
    bus.consume(Subscription {
        queue,
        prefetch: NonZeroU16::new(PREFETCH).unwrap_or(NonZeroU16::MIN),
        exclusivity: Exclusivity::Shared,
    })
}

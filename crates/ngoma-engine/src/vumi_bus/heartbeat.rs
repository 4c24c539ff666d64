//! Heartbeats, as Vumi's workers send them and its monitor hears them: ours are sent, the other side's are watched.

use super::overhear::overhear;
use super::peer::{Peer, Turn};
use crate::amqp::{Bus, ExchangeKind, Publication};
use crate::channel::Shutdown;
use crate::clock::{Clock, SystemClock};
use ngoma_message::MessageId;
use serde_json::{Value, json};
use std::time::Duration;

/// Where heartbeats go.
const EXCHANGE: &str = "vumi.health";
const ROUTING_KEY: &str = "heartbeat.inbound";
/// The version of their form.
const VERSION: &str = "20130319";
/// Vumi's name of the whole installation, where it is not told another.
const SYSTEM: &str = "global";
/// How often one is sent.
const PERIOD: Duration = Duration::from_secs(10);

/// Sends heartbeats under this name until told to stop.
pub(super) async fn send(bus: &Bus, worker_name: &str, mut stop: Shutdown) {
    if let Err(error) = bus.ensure_exchange(EXCHANGE, ExchangeKind::Direct).await {
        tracing::debug!(%error, "no exchange for heartbeats yet");
    }
    loop {
        // One that is late is of no use.
        if bus.status().borrow().is_connected() {
            // Nobody may listen.
            let _ = bus.publish(vec![publication(worker_name)]).await;
        }
        if tokio::time::timeout(PERIOD, stop.requested()).await.is_ok() {
            return;
        }
    }
}

fn publication(worker_name: &str) -> Publication {
    let body = heartbeat(worker_name, SystemClock.now().micros());
    Publication {
        exchange: EXCHANGE.to_owned(),
        routing_key: ROUTING_KEY.to_owned(),
        body: body.to_string().into(),
        content_type: Some("application/json".to_owned()),
        message_id: MessageId::generate().to_string(),
        ..Publication::default()
    }
}

fn heartbeat(worker_name: &str, now_micros: i64) -> Value {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    json!({
        "version": VERSION,
        "worker_id": format!("{SYSTEM}:{worker_name}"),
        "system_id": SYSTEM,
        "worker_name": worker_name,
        "hostname": hostname.trim_end(),
        "timestamp": now_micros as f64 / 1e6,
        "pid": std::process::id(),
    })
}

/// Listens to the heartbeats of the other side until told to stop.
pub(super) async fn watch(bus: &Bus, peer: &Peer, mut stop: Shutdown) {
    let Ok(mut consumer) = overhear(bus, "heartbeats", EXCHANGE, ROUTING_KEY).await else {
        return;
    };
    let mut looking = tokio::time::interval(PERIOD);
    loop {
        let turn = tokio::select! {
            () = stop.requested() => return,
            _ = looking.tick() => peer.look(),
            delivery = consumer.next() => {
                let Some(delivery) = delivery else { return };
                let heartbeat = serde_json::from_slice(&delivery.body).unwrap_or_default();
                let _ = bus.ack(vec![delivery.token]).await;
                peer.hear(&heartbeat)
            }
        };
        match turn {
            Some(Turn::Heard) => tracing::info!(worker.name = peer.name(), "a Vumi worker is alive"),
            Some(Turn::Silent) => tracing::warn!(
                worker.name = peer.name(),
                "a Vumi worker has sent no heartbeat for three beats: look whether it runs"
            ),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_has_every_field_of_vumis() {
        let beat = heartbeat("ngoma", 1_795_422_600_500_000);
        assert_eq!(beat["version"], "20130319");
        assert_eq!(beat["worker_id"], "global:ngoma");
        assert_eq!(
            (&beat["system_id"], &beat["worker_name"]),
            (&json!("global"), &json!("ngoma"))
        );
        assert_eq!(beat["timestamp"], json!(1_795_422_600.5));
        assert_eq!(beat["pid"], json!(std::process::id()));
        assert!(beat["hostname"].is_string());
    }
}

//! One worker's place on a Vumi bus.

use super::heartbeat;
use super::intake::Intake;
use super::lanes::Lanes;
use super::peer::Peer;
use super::settings::ConnectorSettings;
use super::transport_status;
use crate::amqp::{Bus, BusError, BusOptions, ExchangeKind, Publication, Published, QueueSpec, VUMI_EXCHANGE};
use crate::channel::Shutdown;
use serde_json::Value;
use std::sync::Arc;

/// How many channels a connector publishes by.
const PUBLISHING_LANES: usize = 2;

/// The queues that join a transport and an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// People's messages, from the transport.
    Inbound,
    /// Messages to people, from the application.
    Outbound,
    /// What became of those, from the transport.
    Event,
}

/// A place on a Vumi bus.
pub struct Connector {
    bus: Bus,
    transport_name: String,
    worker_name: Option<String>,
    peer: Option<Arc<Peer>>,
}

impl Line {
    const ALL: [Self; 3] = [Self::Inbound, Self::Outbound, Self::Event];

    fn ending(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Event => "event",
        }
    }
}

impl Connector {
    /// Begins to connect. To be called within a Tokio runtime.
    pub fn open(settings: &ConnectorSettings) -> Result<Self, crate::amqp::BadAddress> {
        let options = BusOptions {
            name: format!("ngoma as {}", settings.transport_name),
            lanes: PUBLISHING_LANES,
            ..BusOptions::default()
        };
        Ok(Self {
            bus: Bus::open(settings.url.reveal(), options)?,
            transport_name: settings.transport_name.clone(),
            worker_name: settings.worker_name.clone(),
            peer: settings.watch.clone().map(|name| Arc::new(Peer::new(name))),
        })
    }

    /// Vumi's `transport_name`.
    pub fn transport_name(&self) -> &str {
        &self.transport_name
    }

    /// The name of a queue, which is its routing key as well.
    pub fn queue(&self, line: Line) -> String {
        format!("{}.{}", self.transport_name, line.ending())
    }

    /// Whether the broker takes messages at this moment.
    pub fn is_connected(&self) -> bool {
        self.bus.status().borrow().is_connected()
    }

    /// The worker of the other side, if one is watched.
    pub fn peer(&self) -> Option<&Arc<Peer>> {
        self.peer.as_ref()
    }

    /// Publishes a message by a queue; says what became of it.
    pub async fn publish(&self, line: Line, id: &str, message: &Value) -> Published {
        let publication = Publication {
            exchange: VUMI_EXCHANGE.to_owned(),
            routing_key: self.queue(line),
            body: message.to_string().into(),
            content_type: Some("application/json".to_owned()),
            message_id: id.to_owned(),
            ..Publication::default()
        };
        let published = self.bus.publish(vec![publication]).await.pop();
        let published = published.unwrap_or_else(|| Published::Unknown("no word came".to_owned()));
        if published == Published::Unroutable {
            // Somebody has deleted the queue.
            self.declare().await;
        }
        published
    }

    /// Works until told to stop: takes what comes by these queues, sends heartbeats, watches the other side's, and reads
    /// a transport's states.
    pub async fn run(&self, intakes: Vec<(Line, Arc<dyn Intake>)>, stop: Shutdown) -> Result<(), BusError> {
        let mut stopping = stop.clone();
        tokio::select! {
            () = self.declare() => {}
            () = stopping.requested() => return Ok(()),
        }
        let is_of_transport = intakes.iter().any(|(line, _)| *line == Line::Inbound);
        let taking = intakes.into_iter().map(|(line, intake)| {
            let lanes = Lanes {
                bus: self.bus.clone(),
                queue: self.queue(line),
                intake,
            };
            lanes.run(stop.clone())
        });
        let taking = futures_util::future::try_join_all(taking);
        let beating = async {
            if let Some(name) = &self.worker_name {
                heartbeat::send(&self.bus, name, stop.clone()).await;
            }
        };
        let watching = async {
            if let Some(peer) = &self.peer {
                heartbeat::watch(&self.bus, peer, stop.clone()).await;
            }
        };
        // Who takes a transport's messages hears its states too.
        let reading = async {
            if is_of_transport {
                transport_status::watch(&self.bus, &self.transport_name, stop.clone()).await;
            }
        };
        let (taken, (), (), ()) = tokio::join!(taking, beating, watching, reading);
        taken.map(drop)
    }

    /// Ends in order.
    pub async fn close(&self) {
        self.bus.close().await;
    }

    /// Sees to it that exchange and queues are there, exactly as Vumi makes them; what is there is left as it is. What
    /// the broker cannot do now is done when it is back.
    async fn declare(&self) {
        let exchange = self.bus.ensure_exchange(VUMI_EXCHANGE, ExchangeKind::Direct).await;
        let queues = Line::ALL.map(|line| self.bus.ensure_queue(QueueSpec::vumi(self.queue(line))));
        let queues = futures_util::future::join_all(queues).await;
        for error in [exchange].into_iter().chain(queues).filter_map(Result::err) {
            tracing::warn!(transport.name = self.transport_name, %error, "a Vumi queue was not declared");
        }
    }
}

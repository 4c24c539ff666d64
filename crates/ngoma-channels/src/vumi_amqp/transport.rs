//! Publishes messages to the transport, and takes what it publishes.

use super::config::VumiConfig;
use super::events::Events;
use super::messages::Messages;
use super::wire;
use async_trait::async_trait;
use ngoma_engine::amqp::Published;
use ngoma_engine::channel::{
    ChannelContext, ChannelDown, Noted, Outbound, SendError, SendErrorKind, Sent, Shutdown, Transport,
};
use ngoma_engine::vumi_bus::{Connector, Intake, Line, Peer};
use ngoma_message::MessageId;
use std::sync::{Arc, OnceLock};

/// A running `vumi_amqp` channel.
pub struct VumiTransport {
    config: VumiConfig,
    ctx: ChannelContext,
    /// Its place on the bus, once it runs.
    connector: OnceLock<Connector>,
}

impl VumiTransport {
    /// A channel with these settings.
    pub fn new(config: VumiConfig, ctx: ChannelContext) -> Self {
        Self {
            config,
            ctx,
            connector: OnceLock::new(),
        }
    }

    async fn noted(&self, asked: Option<&MessageId>) -> Result<Option<Noted>, SendError> {
        let Some(asked) = asked else { return Ok(None) };
        let noted = self.ctx.door.noted(asked).await;
        noted.map_err(|error| temporary(error.to_string()))
    }
}

#[async_trait]
impl Transport for VumiTransport {
    async fn run(&self, stop: Shutdown) -> Result<(), ChannelDown> {
        let opened = Connector::open(&self.config.connector()).map_err(|error| ChannelDown(error.to_string()))?;
        let connector = self.connector.get_or_init(|| opened);
        let messages: Arc<dyn Intake> = Arc::new(Messages { ctx: self.ctx.clone() });
        let events: Arc<dyn Intake> = Arc::new(Events { ctx: self.ctx.clone() });
        let ran = connector.run(vec![(Line::Inbound, messages), (Line::Event, events)], stop);
        let ran = ran.await.map_err(|error| ChannelDown(error.to_string()));
        connector.close().await;
        ran
    }

    fn peer(&self) -> Option<Arc<Peer>> {
        self.connector.get()?.peer().cloned()
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let connector = self.connector.get().filter(|connector| connector.is_connected());
        let connector = connector.ok_or_else(|| temporary("the broker is not connected".to_owned()))?;
        let noted = self.noted(message.in_reply_to.as_ref()).await?;
        let transport = (connector.transport_name(), self.config.transport_type.word());
        let json = wire::write_message(message, noted, &self.ctx, transport, self.ctx.clock.now());
        let published = connector.publish(Line::Outbound, message.id.as_str(), &json).await;
        Err(judge(published, &connector.queue(Line::Outbound)))
    }
}

/// A message that the broker has is not yet sent: the transport tells what became of it.
fn judge(published: Published, queue: &str) -> SendError {
    match published {
        Published::Durable => {
            let reason = format!("handed on: the broker has it in {queue}, the transport has not said that it is sent");
            SendError::new(SendErrorKind::HandedOn, reason)
        }
        Published::Unroutable => temporary(format!("the queue {queue} was missing: it is made again")),
        Published::Refused(reason) => temporary(reason),
        Published::Unknown(reason) => SendError::new(SendErrorKind::Ambiguous, reason),
    }
}

fn temporary(reason: String) -> SendError {
    SendError::new(SendErrorKind::Temporary, reason)
}

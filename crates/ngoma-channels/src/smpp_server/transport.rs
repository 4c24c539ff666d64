//! The running part of a channel.

use super::config::Settings;
use super::deliver;
use super::switchboard::Switchboard;
use super::system::System;
use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, ChannelDown, Outbound, Report, SendError, SendErrorKind, Sent, Shutdown, Transport,
};
use ngoma_message::text::Measure;
use ngoma_smpp::pdu::Operation;
use std::sync::Arc;
use std::time::Duration;

/// How long a message waits for a session with room before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `smpp_server` channel.
pub struct ServerTransport {
    system: Arc<System>,
    switchboard: Arc<Switchboard>,
}

impl ServerTransport {
    pub fn new(settings: Settings, ctx: ChannelContext, switchboard: Arc<Switchboard>) -> Self {
        Self {
            system: Arc::new(System::new(settings, ctx)),
            switchboard,
        }
    }
}

#[async_trait]
impl Transport for ServerTransport {
    async fn run(&self, mut stop: Shutdown) -> Result<(), ChannelDown> {
        let system = &self.system;
        tokio::select! {
            () = self.switchboard.connect(system) => stop.requested().await,
            () = stop.requested() => {}
        }
        self.switchboard.disconnect(system);
        system.close().await;
        Ok(())
    }

    /// Whoever binds to an SMSC knows a message again that comes twice.
    fn may_repeat(&self) -> bool {
        true
    }

    async fn ready(&self) {
        self.system.receiving.ready(PATIENCE).await;
    }

    fn measure(&self, text: &str) -> Measure {
        self.system.settings.texts.measure(text)
    }

    fn parts(&self, message: &Outbound) -> Vec<String> {
        match Report::of(message) {
            Some(_) => Vec::new(),
            None => self.system.settings.texts.parts(&message.content),
        }
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let written = deliver::write(message, &self.system.settings)
            .map_err(|error| SendError::new(SendErrorKind::Permanent, error.to_string()))?;
        let bound = self.system.receiving.best();
        let bound = bound.map_err(|reason| SendError::new(SendErrorKind::Unreachable, reason))?;
        deliver::outcome(bound.handle.send(Operation::Deliver, written).await)
    }
}

//! What people sent, as the transport publishes it.

use super::wire;
use async_trait::async_trait;
use ngoma_engine::channel::ChannelContext;
use ngoma_engine::vumi_bus::{Intake, Taken};
use serde_json::Value;

/// Hands people's messages to the engine: the broker may forget one when it is on our disk.
pub struct Messages {
    /// The channel's.
    pub ctx: ChannelContext,
}

#[async_trait]
impl Intake for Messages {
    /// One person's messages stay in order.
    fn key(&self, message: &Value) -> String {
        message["from_addr"].as_str().unwrap_or_default().to_owned()
    }

    async fn take(&self, message: Value) -> Taken {
        let inbound = match wire::read_message(message, &self.ctx) {
            Ok(inbound) => inbound,
            Err(reason) => return Taken::Refused(reason),
        };
        match self.ctx.door.receive(inbound).await {
            Ok(_) => Taken::Done,
            Err(error) => Taken::Later(error.to_string()),
        }
    }
}

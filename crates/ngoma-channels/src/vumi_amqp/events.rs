//! What became of messages, as the transport publishes it.

use super::wire::{self, Said};
use async_trait::async_trait;
use ngoma_engine::channel::{ChannelContext, ReceiveError};
use ngoma_engine::vumi_bus::{Intake, Taken};
use serde_json::Value;

/// Hands events to the engine.
pub struct Events {
    /// The channel's.
    pub ctx: ChannelContext,
}

#[async_trait]
impl Intake for Events {
    /// One message's events stay in order.
    fn key(&self, event: &Value) -> String {
        event["user_message_id"].as_str().unwrap_or_default().to_owned()
    }

    async fn take(&self, event: Value) -> Taken {
        let said = match wire::read_event(event) {
            Ok(said) => said,
            Err(error) => return Taken::Refused(error.to_string()),
        };
        let taken = match said {
            Said::Answer(answer) => self.ctx.door.answer(answer).await,
            Said::Receipt(receipt) => self.ctx.door.report(receipt).await,
        };
        match taken {
            Ok(_) => Taken::Done,
            Err(ReceiveError::UnknownMessage) => Taken::Refused("it is about no message of this channel".to_owned()),
            Err(error) => Taken::Later(error.to_string()),
        }
    }
}

//! The running part of a channel.

use super::as_written::AsWritten;
use super::config::Settings;
use super::line::Line;
use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, ChannelDown, Outbound, SendError, SendErrorKind, Sent, Shutdown, Transport,
};
use ngoma_message::MessageId;
use ngoma_message::text::Measure;
use std::sync::Arc;
use std::time::Duration;

/// How long a message waits for a bind with room before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `smpp` channel.
pub struct SmppTransport {
    line: Arc<Line>,
}

impl SmppTransport {
    /// A channel with these settings.
    pub fn new(settings: Settings, ctx: ChannelContext) -> Self {
        Self {
            line: Line::new(settings, ctx),
        }
    }
}

#[async_trait]
impl Transport for SmppTransport {
    async fn run(&self, stop: Shutdown) -> Result<(), ChannelDown> {
        self.line.binds.run(stop).await;
        Ok(())
    }

    fn makes_before_break(&self) -> bool {
        self.line.settings.config.make_before_break
    }

    fn sends_as_written(&self) -> bool {
        self.line.settings.ussd.is_none()
    }

    async fn ready(&self) {
        self.line.binds.sending.ready(PATIENCE).await;
        self.line.pace.wait().await;
    }

    fn measure(&self, text: &str) -> Measure {
        self.line.settings.texts.measure(text)
    }

    fn rewrites(&self, text: &str) -> Option<String> {
        self.line.settings.texts.rewrites(text)
    }

    fn parts(&self, message: &Outbound) -> Vec<String> {
        match self.line.settings.ussd {
            Some(_) => Vec::new(),
            None if AsWritten::noted(&message.helper_metadata).is_some() => Vec::new(),
            None => self.line.settings.texts.parts(&message.content),
        }
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let line = &self.line;
        if let Some(ussd) = &line.settings.ussd {
            let screen = line.write_screen(ussd, message).await?;
            let sent = line.submit_as(screen, Some(&message.id)).await;
            let may_be_read = match &sent {
                Ok(_) => true,
                Err(error) => error.kind == SendErrorKind::Ambiguous,
            };
            if let (true, Some(asked)) = (may_be_read, &message.in_reply_to) {
                // Else the person still waits, and gets the fallback at the deadline.
                line.waiting.end(asked);
            }
            return sent;
        }
        if message.part.is_some_and(|part| part.number() > 1) {
            // The first one waited before its message was begun.
            line.pace.wait().await;
        }
        let written = line.write(message)?;
        let whole = message.part.is_none().then_some(&message.id);
        line.submit_as(written, whole).await
    }

    async fn give_up(&self, message: &MessageId, reason: &str) {
        self.line.fall_back(message, reason).await;
    }
}

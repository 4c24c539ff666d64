//! Sends by the binds of a channel.

use super::binds::Binds;
use super::config::Settings;
use super::pace::Pace;
use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, ChannelDown, Outbound, SendError, SendErrorKind, Sent, Shutdown, Transport,
};
use ngoma_smpp::Outcome;
use ngoma_smpp::pdu::{Operation, ShortMessage};
use std::sync::Arc;
use std::time::Duration;

/// How long a message waits for a bind with room before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `smpp` channel.
pub struct SmppTransport {
    settings: Arc<Settings>,
    ctx: ChannelContext,
    binds: Arc<Binds>,
    pace: Pace,
}

impl SmppTransport {
    /// A channel with these settings.
    pub fn new(settings: Settings, ctx: ChannelContext) -> Self {
        let settings = Arc::new(settings);
        Self {
            binds: Arc::new(Binds::new(Arc::clone(&settings), ctx.clone())),
            settings,
            ctx,
            pace: Pace::new(),
        }
    }

    fn write(&self, message: &Outbound) -> Result<ShortMessage, SendError> {
        let Settings { config, texts, .. } = &*self.settings;
        let from = message
            .from
            .as_ref()
            .map(|from| from.value())
            .or(self.ctx.address.as_deref());
        let mut written = ShortMessage {
            service_type: config.service_type.clone(),
            source: self.settings.source.write(from.unwrap_or_default()),
            destination: self.settings.destination.write(message.to.value()),
            protocol_id: config.protocol_id,
            priority: config.priority,
            validity_period: config.validity.map(relative_time).unwrap_or_default(),
            registered_delivery: config.receipts.octet(),
            ..ShortMessage::default()
        };
        let whole = texts.plain(message.whole.as_deref().unwrap_or(&message.content));
        let text = match message.part {
            Some(_) => message.content.as_str(),
            None => whole.as_str(),
        };
        texts
            .write(&mut written, (text, &whole), message.part)
            .map_err(|error| SendError::new(SendErrorKind::Permanent, error.to_string()))?;
        Ok(written)
    }
}

#[async_trait]
impl Transport for SmppTransport {
    async fn run(&self, stop: Shutdown) -> Result<(), ChannelDown> {
        self.binds.run(stop).await;
        Ok(())
    }

    async fn ready(&self) {
        self.binds.ready(PATIENCE).await;
        self.pace.wait().await;
    }

    fn parts(&self, message: &Outbound) -> Vec<String> {
        self.settings.texts.parts(&message.content)
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let unreachable = |reason| SendError::new(SendErrorKind::Unreachable, reason);
        if message.part.is_some_and(|part| part.number() > 1) {
            // The first one waited before its message was begun.
            self.pace.wait().await;
        }
        let bound = self.binds.best().map_err(unreachable)?;
        let written = self.write(message)?;
        match bound.handle.send(Operation::Submit, written).await {
            Outcome::Answered(answer) if answer.status.is_ok() => Ok(Sent {
                provider_id: Some(answer.response.message_id).filter(|id| !id.is_empty()),
            }),
            Outcome::Answered(answer) => {
                let error = self.settings.classes.error(answer.status);
                if error.kind == SendErrorKind::Throttled {
                    self.pace.slow_down();
                }
                Err(error)
            }
            Outcome::NotSent(reason) => Err(unreachable(reason)),
            Outcome::Unanswered(ticket, reason) => {
                if message.part.is_none() {
                    bound.incoming.note_unanswered(ticket, message.id.clone());
                }
                Err(SendError::new(SendErrorKind::Ambiguous, reason))
            }
        }
    }
}

/// A validity period as SMPP writes it, relative to the carrier's clock: `YYMMDDhhmmss000R` (§7.1.1.2).
fn relative_time(period: Duration) -> String {
    let seconds = period.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    // More than a carrier keeps anything: a month and a day of the form's own would be of unsure length.
    let days = days.min(99);
    format!("0000{days:02}{hours:02}{:02}{:02}000R", seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_written_as_days_and_what_is_left() {
        let check = |seconds: u64, expected: &str| {
            assert_eq!(relative_time(Duration::from_secs(seconds)), expected, "{seconds}");
        };
        check(0, "000000000000000R");
        check(90, "000000000130000R");
        check(86_400 + 3_661, "000001010101000R");
        check(400 * 86_400, "000099000000000R");
    }
}

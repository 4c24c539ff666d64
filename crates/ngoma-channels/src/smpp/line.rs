//! What the parts of a channel share: its binds, its pace, and how a message is written.

use super::as_written::AsWritten;
use super::binds::Binds;
use super::config::Settings;
use super::pace::Pace;
use super::unanswered::{self, Unanswered};
use super::user_data::Unwritable;
use super::ussd::{Asked, Ussd, Waiting};
use ngoma_engine::channel::{ChannelContext, Outbound, ReceiveError, SendError, SendErrorKind, Sent};
use ngoma_message::{MessageId, SessionEvent};
use ngoma_smpp::pdu::{Operation, ShortMessage};
use ngoma_smpp::{Outcome, tlv};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A channel that is open.
pub struct Line {
    pub settings: Arc<Settings>,
    pub ctx: ChannelContext,
    pub binds: Arc<Binds>,
    pub pace: Pace,
    pub unanswered: Unanswered,
    references: AtomicU16,
    /// Turns of people that wait for their screens.
    pub waiting: Waiting,
}

impl Line {
    pub fn new(settings: Settings, ctx: ChannelContext) -> Arc<Self> {
        let settings = Arc::new(settings);
        Arc::new_cyclic(|line| Self {
            binds: Arc::new(Binds::new(Arc::clone(&settings), ctx.clone(), line.clone())),
            settings,
            ctx,
            pace: Pace::new(),
            unanswered: Unanswered::default(),
            // Not those that were sent before the channel was opened again.
            references: AtomicU16::new(getrandom::u32().unwrap_or_default() as u16),
            waiting: Waiting::default(),
        })
    }

    /// A message as it goes to the carrier.
    pub fn write(&self, message: &Outbound) -> Result<ShortMessage, SendError> {
        let Settings { config, texts, .. } = &*self.settings;
        let from = message
            .from
            .as_ref()
            .map(|from| from.value())
            .or(self.ctx.address.as_deref());
        let mut written = ShortMessage {
            validity_period: config.validity.map(relative_time).unwrap_or_default(),
            registered_delivery: config.receipts.octet(),
            ..self.addressed(from.unwrap_or_default(), message.to.value())
        };
        if let Some(as_written) = AsWritten::noted(&message.helper_metadata) {
            let done = texts.write_as_written(&mut written, &message.content, as_written);
            return done.map(|()| written).map_err(unwritable);
        }
        let whole = texts.plain(message.whole.as_deref().unwrap_or(&message.content));
        let text = match message.part {
            Some(_) => message.content.as_str(),
            None => whole.as_str(),
        };
        texts
            .write(&mut written, (text, &whole), message.part)
            .map_err(unwritable)?;
        Ok(written)
    }

    fn addressed(&self, from: &str, to: &str) -> ShortMessage {
        let Settings { config, .. } = &*self.settings;
        ShortMessage {
            service_type: config.service_type.clone(),
            source: self.settings.source.write(from),
            destination: self.settings.destination.write(to),
            protocol_id: config.protocol_id,
            priority: config.priority,
            ..ShortMessage::default()
        }
    }

    /// The screen that answers a turn.
    pub async fn write_screen(&self, ussd: &Ussd, message: &Outbound) -> Result<ShortMessage, SendError> {
        let error = |kind, reason: &str| SendError::new(kind, reason);
        let Some(asked) = &message.in_reply_to else {
            let reason = "a USSD session is begun by a person: the message answers nothing";
            return Err(error(SendErrorKind::Permanent, reason));
        };
        let turn = match self.asked(asked).await {
            Ok(Some(turn)) => turn,
            Ok(None) => return Err(error(SendErrorKind::Permanent, "it answers no turn of this channel")),
            Err(unavailable) => return Err(error(SendErrorKind::Temporary, &unavailable.to_string())),
        };
        if self.ctx.clock.now() > turn.by {
            return Err(error(
                SendErrorKind::TooLate,
                "the session's time for an answer is over",
            ));
        }
        let is_last = message.session_event == Some(SessionEvent::Close);
        self.screen(ussd, &turn, &message.content, is_last)
    }

    fn screen(&self, ussd: &Ussd, turn: &Asked, content: &str, is_last: bool) -> Result<ShortMessage, SendError> {
        let mut written = ShortMessage {
            tlvs: ussd.answer(turn, is_last),
            ..self.addressed(&turn.address, &turn.person)
        };
        let text = self.settings.texts.plain(content);
        self.settings
            .texts
            .write(&mut written, (&text, &text), None)
            .map_err(unwritable)?;
        Ok(written)
    }

    async fn asked(&self, message: &MessageId) -> Result<Option<Asked>, ReceiveError> {
        let noted = self.ctx.door.noted(message).await?;
        Ok(noted.as_ref().and_then(Asked::of))
    }

    /// Gives a person who still waits the channel's own text, and ends the session.
    pub async fn fall_back(&self, asked: &MessageId, reason: &str) {
        let Some(ussd) = &self.settings.ussd else { return };
        if !self.waiting.end(asked) {
            return;
        }
        let problem = match self.asked(asked).await {
            Ok(Some(turn)) => match self.screen(ussd, &turn, &ussd.fallback, true) {
                Ok(screen) => self.submit(screen).await.err().map(|error| error.to_string()),
                Err(error) => Some(error.to_string()),
            },
            Ok(None) => Some("its turn is not known".into()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            tracing::warn!(channel.code = self.ctx.channel, message.id = %asked, problem, "a person got no fallback");
            return;
        }
        let recorded = self.ctx.door.record_fallback(asked, &ussd.fallback, true, reason).await;
        if let Err(error) = recorded {
            tracing::warn!(channel.code = self.ctx.channel, message.id = %asked, %error, "a fallback was not recorded");
        }
    }

    /// Hands a message to the carrier, once.
    async fn submit(&self, written: ShortMessage) -> Result<Sent, SendError> {
        self.submit_as(written, None).await
    }

    /// The same for a message whose late answer is to be recorded.
    pub async fn submit_as(&self, mut written: ShortMessage, id: Option<&MessageId>) -> Result<Sent, SendError> {
        let unreachable = |reason| SendError::new(SendErrorKind::Unreachable, reason);
        let bound = self.binds.sending.best().map_err(unreachable)?;
        let reference = self.settings.config.message_reference.then(|| self.next_reference());
        if let Some(reference) = reference {
            written
                .tlvs
                .push(tlv::USER_MESSAGE_REFERENCE, reference.to_be_bytes().to_vec());
        }
        let to = written.destination.address.clone();
        let _under_way = self.unanswered.begin(&to);
        match bound.handle.send(Operation::Submit, written).await {
            Outcome::Answered(answer) if answer.status.is_ok() => {
                id.into_iter().for_each(|id| self.unanswered.forget(id));
                Ok(Sent {
                    provider_id: Some(answer.response.message_id).filter(|id| !id.is_empty()),
                })
            }
            Outcome::Answered(answer) => {
                let error = self.settings.classes.error(answer.status);
                if error.kind == SendErrorKind::Throttled {
                    self.pace.slow_down();
                }
                Err(error)
            }
            Outcome::NotSent(reason) => Err(unreachable(reason)),
            Outcome::Unanswered(ticket, reason) => {
                self.unanswered.note(unanswered::Sent {
                    message: id.cloned(),
                    link: bound.with.link(),
                    ticket,
                    reference,
                    to,
                    at: Instant::now(),
                });
                Err(SendError::new(SendErrorKind::Ambiguous, reason))
            }
        }
    }
}

impl Line {
    fn next_reference(&self) -> u16 {
        self.references.fetch_add(1, Ordering::Relaxed)
    }
}

fn unwritable(error: Unwritable) -> SendError {
    SendError::new(SendErrorKind::Permanent, error.to_string())
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

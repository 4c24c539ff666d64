//! What a carrier brings: messages of people, and receipts.

use super::address;
use super::config::{Settings, StateMeaning};
use super::line::Line;
use super::ussd::Ussd;
use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, Inbound, LateAnswer, Receipt, ReceiptFor, ReceiveError, Reported, SendErrorKind, Sent, ToldIn,
};
use ngoma_message::{DeliveryStatus, MessageId, Object};
use ngoma_smpp::pdu::{Operation, ShortMessage};
use ngoma_smpp::receipt::{self, MessageState};
use ngoma_smpp::{Answer, CommandStatus, Handler, Refused, Ticket, tlv};
use std::sync::{Arc, Weak};
use tokio::time::Instant;

/// Takes what comes by one link.
pub struct Incoming {
    settings: Arc<Settings>,
    ctx: ChannelContext,
    line: Weak<Line>,
    /// The number of its link.
    link: u64,
}

impl Incoming {
    /// For one link.
    pub fn new(settings: Arc<Settings>, ctx: ChannelContext, line: Weak<Line>, link: u64) -> Self {
        Self {
            settings,
            ctx,
            line,
            link,
        }
    }

    /// The number of its link.
    pub fn link(&self) -> u64 {
        self.link
    }

    async fn take_receipt(&self, message: &ShortMessage, read: receipt::Receipt) -> Answer {
        let meaning = read.word.as_deref().and_then(|word| self.settings.config.meaning(word));
        let status = match (meaning, read.state) {
            _ if read.is_intermediate => DeliveryStatus::Pending,
            (Some(StateMeaning::Pending), _) => DeliveryStatus::Pending,
            (Some(StateMeaning::Delivered), _) => DeliveryStatus::Delivered,
            (Some(StateMeaning::Failed), _) => DeliveryStatus::Failed,
            (None, Some(state)) => status_of(state),
            // A word of the carrier's own may mean anything; what it means can be said in `receipt_states`.
            (None, None) => DeliveryStatus::Pending,
        };
        let word = read
            .word
            .or(read.state.map(|state| state.to_string()))
            .unwrap_or_default();
        let receipt = Receipt {
            about: ReceiptFor::ProviderId(read.message_id.clone()),
            status,
            reason: reason_of(status, &word, read.error),
        };
        match self.ctx.door.report(receipt).await {
            Ok(Reported::Held) => self.match_with_unanswered(message, read.message_id).await,
            Ok(Reported::Recorded(_) | Reported::Unchanged) => Answer::default(),
            // Asking for it again would not make the message known.
            Err(ReceiveError::UnknownMessage) => Answer::default(),
            Err(ReceiveError::Unavailable(_)) => Answer::refused(CommandStatus::QUEUE_FULL),
        }
    }

    /// A receipt is of an id that no message has: it may be of one whose answer was lost, and tells that it was taken.
    async fn match_with_unanswered(&self, receipt: &ShortMessage, id: String) -> Answer {
        let Some(line) = self.line.upgrade() else {
            return Answer::default();
        };
        let reference = receipt.tlvs.number(tlv::USER_MESSAGE_REFERENCE);
        let reference = reference.and_then(|reference| reference.try_into().ok());
        let person = &receipt.source.address;
        let Some(message) = line.unanswered.receipted(reference, person, Instant::now()) else {
            return Answer::default();
        };
        tracing::info!(channel.code = self.ctx.channel, message.id = %message, "a receipt tells that a message was taken");
        let answer = LateAnswer {
            message: message.clone(),
            result: Ok(Sent { provider_id: Some(id) }),
            told_in: ToldIn::Receipt,
        };
        match self.ctx.door.answer(answer).await {
            // It comes again.
            Err(ReceiveError::Unavailable(_)) => Answer::refused(CommandStatus::QUEUE_FULL),
            Ok(_) | Err(ReceiveError::UnknownMessage) => {
                line.unanswered.forget(&message);
                Answer::default()
            }
        }
    }

    async fn take_message(&self, message: &ShortMessage, text: String) -> Answer {
        let (_, part) = self.settings.texts.read(message);
        let inbound = Inbound {
            id: MessageId::generate(),
            provider_id: None,
            sent_at: None,
            part,
            from: address::read(&message.source, self.ctx.country),
            to: address::read(&message.destination, self.ctx.country),
            content: Some(text),
            session: None,
            answer_within: None,
            transport_metadata: Object::new(),
        };
        self.hand_in(inbound).await
    }

    async fn hand_in(&self, inbound: Inbound) -> Answer {
        match self.ctx.door.receive(inbound).await {
            Ok(_) => Answer::default(),
            Err(error) => {
                tracing::warn!(channel.code = self.ctx.channel, %error, "a message was not taken; the carrier keeps it");
                Answer::refused(CommandStatus::QUEUE_FULL)
            }
        }
    }

    /// Takes a turn of a session; its screen goes before the deadline, whoever writes it.
    async fn take_turn(&self, ussd: &Ussd, message: &ShortMessage, text: String) -> Answer {
        let Some(line) = self.line.upgrade() else {
            return Answer::refused(CommandStatus::QUEUE_FULL);
        };
        let inbound = ussd.turn(message, text, &self.ctx);
        let asked = inbound.id.clone();
        let is_close = inbound.answer_within.is_none();
        if !is_close && !line.waiting.begin(&asked) {
            return Answer::refused(CommandStatus::QUEUE_FULL);
        }
        let answer = self.hand_in(inbound).await;
        if is_close {
            return answer;
        }
        if !answer.status.is_ok() {
            line.waiting.end(&asked);
            return answer;
        }
        let (line, deadline) = (self.line.clone(), ussd.deadline);
        tokio::spawn(async move {
            tokio::time::sleep(deadline).await;
            if let Some(line) = line.upgrade() {
                let reason = format!("no answer within {deadline:?}, the channel's deadline");
                line.fall_back(&asked, &reason).await;
            }
        });
        answer
    }
}

#[async_trait]
impl Handler for Incoming {
    async fn take(&self, _: Operation, message: ShortMessage) -> Answer {
        let (text, _) = self.settings.texts.read(&message);
        if let Some(ussd) = &self.settings.ussd {
            return self.take_turn(ussd, &message, text).await;
        }
        // Carriers write receipts in ASCII whatever the data_coding says; in the GSM alphabet `_` would be another sign.
        let plain = String::from_utf8_lossy(message.user_data());
        let Settings {
            signs, receipt_form, ..
        } = &*self.settings;
        let read = |text: &str| receipt::read_said(&message, receipt_form.read(text), *signs);
        if let Some(read) = read(&plain).or_else(|| read(&text)) {
            return self.take_receipt(&message, read).await;
        }
        if self.settings.signs.esm_class && receipt::has_receipt_class(&message) {
            // It would come again and again, and say no more.
            tracing::warn!(
                channel.code = self.ctx.channel,
                "a receipt names no message, or no state; it is dropped"
            );
            return Answer::default();
        }
        self.take_message(&message, text).await
    }

    async fn answered_late(&self, ticket: Ticket, answer: Answer) {
        let line = self.line.upgrade();
        let held = line.and_then(|line| line.unanswered.answered(self.link, ticket));
        let Some(message) = held else { return };
        let refusal = self.settings.classes.error(answer.status);
        if !answer.status.is_ok() && matches!(refusal.kind, SendErrorKind::Temporary | SendErrorKind::Throttled) {
            // It was not taken and is not refused: what was decided when no answer came stands.
            return;
        }
        let result = match answer.status.is_ok() {
            true => Ok(Sent {
                provider_id: Some(answer.response.message_id).filter(|id| !id.is_empty()),
            }),
            false => Err(format!("the carrier answers {}", answer.status)),
        };
        let answer = LateAnswer {
            message,
            result,
            told_in: ToldIn::Answer,
        };
        if let Err(error) = self.ctx.door.answer(answer).await {
            tracing::warn!(channel.code = self.ctx.channel, %error, "a late answer was not recorded");
        }
    }

    fn refused(&self, refused: &Refused) {
        let status = refused.status.map(|status| status.to_string());
        tracing::warn!(
            channel.code = self.ctx.channel,
            command_id = format!("0x{:08X}", refused.command_id),
            answered = status,
            problem = refused.problem,
            pdu = refused.masked_hex(),
            "the carrier sent what cannot be taken"
        );
    }
}

/// What a state means to the message. Of one the carrier does not know, nothing more will come.
fn status_of(state: MessageState) -> DeliveryStatus {
    match state {
        MessageState::Scheduled | MessageState::Enroute | MessageState::Accepted => DeliveryStatus::Pending,
        MessageState::Delivered => DeliveryStatus::Delivered,
        MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Unknown
        | MessageState::Rejected
        | MessageState::Skipped => DeliveryStatus::Failed,
    }
}

/// In the carrier's words; a delivery needs none.
fn reason_of(status: DeliveryStatus, word: &str, error: Option<String>) -> Option<String> {
    match (status, error) {
        (DeliveryStatus::Delivered, _) => None,
        (_, Some(error)) => Some(format!("{word}, error {error}")),
        (_, None) => Some(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vumi left UNDELIV pending for ever.
    #[test]
    fn every_state_that_is_final_ends_the_message() {
        for number in 0..10 {
            let state = MessageState::from_number(number).unwrap();
            let is_over = status_of(state) != DeliveryStatus::Pending;
            assert_eq!(is_over, state.is_final(), "{state}");
        }
        let reason = |status| reason_of(status, "UNDELIV", Some("27".into()));
        assert_eq!(reason(DeliveryStatus::Delivered), None);
        assert_eq!(reason(DeliveryStatus::Failed).as_deref(), Some("UNDELIV, error 27"));
    }
}

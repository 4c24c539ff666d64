//! What a system gets: people's messages, and what became of its own.

use super::config::Settings;
use super::receipt;
use crate::smpp::address::Numbering;
use crate::smpp::user_data::Unwritable;
use ngoma_engine::channel::{Outbound, Report, SendError, SendErrorKind, Sent};
use ngoma_smpp::pdu::ShortMessage;
use ngoma_smpp::{Answer, CommandStatus, Outcome};

/// A message as `deliver_sm` carries it.
pub fn write(message: &Outbound, settings: &Settings) -> Result<ShortMessage, Unwritable> {
    let numbering = Numbering::default();
    let from = message.from.as_ref().map(|from| from.value()).unwrap_or_default();
    let mut written = ShortMessage {
        source: numbering.write(from),
        destination: numbering.write(message.to.value()),
        ..ShortMessage::default()
    };
    match Report::of(message) {
        Some(report) => receipt::write(&mut written, &report, settings.receipts),
        None => {
            let whole = message.whole.as_deref().unwrap_or(&message.content);
            settings
                .texts
                .write(&mut written, (&message.content, whole), message.part)?;
        }
    }
    Ok(written)
}

/// What became of it, as the engine is told.
pub fn outcome(outcome: Outcome) -> Result<Sent, SendError> {
    match outcome {
        Outcome::Answered(answer) if answer.status.is_ok() => Ok(Sent::default()),
        Outcome::Answered(Answer { status, .. }) => {
            let reason = format!("the system answers {status}");
            Err(SendError::new(kind_of(status), reason))
        }
        Outcome::NotSent(reason) => Err(SendError::new(SendErrorKind::Unreachable, reason)),
        Outcome::Unanswered(_, reason) => Err(SendError::new(SendErrorKind::Ambiguous, reason)),
    }
}

/// A system that cannot take it now says so in many ways; what it will never take, it calls by its name.
fn kind_of(status: CommandStatus) -> SendErrorKind {
    match status {
        CommandStatus::THROTTLED | CommandStatus::QUEUE_FULL => SendErrorKind::Throttled,
        CommandStatus::RECEIVER_PERMANENT
        | CommandStatus::RECEIVER_REJECTED
        | CommandStatus::INVALID_DESTINATION_ADDRESS
        | CommandStatus::INVALID_SOURCE_ADDRESS
        | CommandStatus::INVALID_MESSAGE_LENGTH
        | CommandStatus::INVALID_DATA_CODING
        | CommandStatus::INVALID_MESSAGE_ID => SendErrorKind::Permanent,
        _ => SendErrorKind::Temporary,
    }
}

//! A system's message, from `submit_sm` or `data_sm` to what the engine takes.

use super::config::Settings;
use super::times;
use crate::smpp::address;
use crate::smpp::as_written::AsWritten;
use ngoma_engine::channel::{ChannelContext, EndReports, Reports, SystemMessage};
use ngoma_engine::{AcceptError, Priority};
use ngoma_message::Object;
use ngoma_smpp::CommandStatus;
use ngoma_smpp::pdu::ShortMessage;
use serde_json::json;

/// Under what the beginning of a text is noted, for its receipt.
pub const TEXT: &str = "text";
/// When it was handed over, in microseconds.
pub const AT: &str = "at";
/// How much of a text a receipt tells (SMPP 3.4 appendix B).
const TOLD: usize = 20;
/// The bit of esm_class for a mode that is not the usual one: datagram and transaction (§5.2.12).
const MODE: u8 = 0x03;

/// Reads a message; the status and the reason when it cannot be taken as it is.
pub fn read(
    message: &ShortMessage,
    settings: &Settings,
    ctx: &ChannelContext,
) -> Result<SystemMessage, (CommandStatus, String)> {
    let refused = |status, reason: &str| Err((status, reason.to_owned()));
    if !message.schedule_delivery_time.is_empty() {
        return refused(
            CommandStatus::INVALID_SCHEDULE,
            "it is to be sent later, which is not offered",
        );
    }
    if matches!(message.esm_class & MODE, 1 | 2) {
        return refused(
            CommandStatus::INVALID_ESM_CLASS,
            "it asks for datagram or transaction mode, which are not offered",
        );
    }
    let now = ctx.clock.now();
    let Ok(valid_for) = times::validity(&message.validity_period, now.to_datetime()) else {
        return refused(
            CommandStatus::INVALID_VALIDITY,
            "its validity_period is no time of SMPP's",
        );
    };
    let from = sender(message, settings, ctx)?;
    let written = AsWritten::of(message, &settings.texts);
    let (content, _) = settings.texts.read(message);
    let noted = Object::from_iter([
        (TEXT.to_owned(), json!(content.chars().take(TOLD).collect::<String>())),
        (AT.to_owned(), json!(now.micros())),
    ]);
    Ok(SystemMessage {
        to: address::read(&message.destination, ctx.country).value().to_owned(),
        from,
        content,
        priority: priority(message.priority),
        valid_for,
        reports: reports(message.registered_delivery),
        noted,
        is_as_written: written.is_some(),
        helper_metadata: written.map(|written| written.as_metadata()).unwrap_or_default(),
    })
}

/// What a message that was not taken is answered.
pub fn status_of(error: &AcceptError) -> CommandStatus {
    match error {
        AcceptError::Invalid { field: "to", .. } => CommandStatus::INVALID_DESTINATION_ADDRESS,
        AcceptError::Invalid { field: "content", .. } => CommandStatus::INVALID_MESSAGE_LENGTH,
        AcceptError::Invalid { .. } | AcceptError::KeyTaken => CommandStatus::SUBMIT_FAILED,
        AcceptError::Full { .. } | AcceptError::Unavailable(_) => CommandStatus::QUEUE_FULL,
    }
}

/// Who it is from; nothing where the channel it goes by says so.
fn sender(
    message: &ShortMessage,
    settings: &Settings,
    ctx: &ChannelContext,
) -> Result<Option<String>, (CommandStatus, String)> {
    if message.source.address.is_empty() {
        return Ok(None);
    }
    let from = address::read(&message.source, ctx.country).value().to_owned();
    let mut allowed = settings.senders.iter().chain(&ctx.address);
    // As it is allowed, whatever type of number the system says it has.
    let known = allowed.find(|sender| **sender == message.source.address || **sender == from);
    known.cloned().map(Some).ok_or_else(|| {
        let reason = format!("it is from {from:?}, which is not in the setting senders");
        (CommandStatus::INVALID_SOURCE_ADDRESS, reason)
    })
}

/// SMPP's higher numbers are more urgent (§5.2.14).
fn priority(flag: u8) -> Priority {
    match flag {
        0 | 1 => Priority::Normal,
        2 => Priority::High,
        _ => Priority::Urgent,
    }
}

/// `registered_delivery` (§5.2.17): bits 1 and 0 for the end, bit 4 for what comes before it.
fn reports(registered_delivery: u8) -> Reports {
    Reports {
        end: match registered_delivery & 0x03 {
            0 => EndReports::None,
            2 => EndReports::Failures,
            _ => EndReports::All,
        },
        before: registered_delivery & 0x10 != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_get_the_reports_they_ask_for() {
        let check = |octet, end, before| assert_eq!(reports(octet), Reports { end, before }, "{octet}");
        check(0x00, EndReports::None, false);
        check(0x01, EndReports::All, false);
        check(0x02, EndReports::Failures, false);
        check(0x11, EndReports::All, true);
        check(0x12, EndReports::Failures, true);
        check(0x10, EndReports::None, true);
        // Bits that ask for answers of phones.
        check(0x0D, EndReports::All, false);
        check(0x0C, EndReports::None, false);
    }
}

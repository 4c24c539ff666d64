//! The SMS thread with each message's encoding, segments and status, and the form that writes one.

use crate::phone::handset::Handset;
use crate::phone::lines;
use crate::phone::query::page_address;
use crate::words::{encoding_name, visible};
use ngoma_engine::{Direction, MessageRecord, Status};
use ngoma_message::MessageId;
use ngoma_message::text::{Measure, measure};
use serde::Serialize;

/// One message of the thread.
#[derive(Debug, Serialize)]
pub struct Sms {
    id: String,
    /// Whether the person wrote it.
    is_mine: bool,
    content: String,
    /// `GSM` or `UCS-2`.
    encoding: &'static str,
    /// `34 characters, 1 segment`.
    length: String,
    status: &'static str,
    /// Whether somebody should look at it.
    is_trouble: bool,
    at: String,
    at_text: String,
    trace_link: String,
    is_traced: bool,
}

/// The SMS form: what is in it and what is wrong with it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SmsForm {
    to: String,
    content: String,
    number_error: Option<String>,
    content_error: Option<String>,
}

impl SmsForm {
    /// A form as it was filled in.
    pub fn filled(to: &str, content: &str) -> Self {
        Self {
            to: to.to_owned(),
            content: content.to_owned(),
            ..Self::default()
        }
    }

    /// Says what is wrong with the number.
    #[must_use]
    pub fn wrong_number(mut self, problem: impl Into<String>) -> Self {
        self.number_error = Some(problem.into());
        self
    }

    /// Says what is wrong with the text.
    #[must_use]
    pub fn wrong_content(mut self, problem: impl Into<String>) -> Self {
        self.content_error = Some(problem.into());
        self
    }

    /// Whether anything is wrong.
    pub fn has_error(&self) -> bool {
        self.number_error.is_some() || self.content_error.is_some()
    }
}

/// The messages that belong to no USSD session, oldest first.
pub fn thread(handset: &Handset, traced: Option<&MessageId>) -> Vec<Sms> {
    let of_sms = handset.messages.iter().filter(|message| is_sms(handset, message));
    of_sms
        .map(|message| show(handset, message, traced == Some(&message.id)))
        .collect()
}

/// Whether a message is an SMS rather than a turn of a session.
pub fn is_sms(handset: &Handset, message: &MessageRecord) -> bool {
    message.session_key.is_none() && !lines::is_ussd(&handset.directory, &message.account, &message.channel)
}

fn show(handset: &Handset, message: &MessageRecord, is_traced: bool) -> Sms {
    let content = message.content.as_deref().unwrap_or_default();
    let measured = measure(content);
    Sms {
        id: message.id.to_string(),
        is_mine: message.direction == Direction::Inbound,
        content: visible(content),
        encoding: encoding_name(measured.encoding),
        length: length(measured),
        status: message.status.as_str(),
        is_trouble: matches!(
            message.status,
            Status::Failed | Status::Expired | Status::Unrouted | Status::Unknown
        ),
        at: message.created_at.to_string(),
        at_text: message.created_at.to_datetime().format("%H:%M UTC").to_string(),
        trace_link: page_address(&handset.number, &[("trace", message.id.as_str())]),
        is_traced,
    }
}

fn length(measured: Measure) -> String {
    let plural = |count| if count == 1 { "" } else { "s" };
    let Measure { units, segments, .. } = measured;
    format!(
        "{units} character{}, {segments} segment{}",
        plural(units),
        plural(segments)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::fakes::Story;

    #[test]
    fn marks_tell_encoding_length_and_segments() {
        fn check(content: &str, encoding: &str, expected: &str) {
            let handset = Story::new().sms_out(content).handset();
            let sms = show(&handset, &handset.messages[0], false);
            assert_eq!((sms.encoding, sms.length.as_str()), (encoding, expected));
        }
        check("You are registered", "GSM", "18 characters, 1 segment");
        check(&"a".repeat(161), "GSM", "161 characters, 2 segments");
        check("û", "UCS-2", "1 character, 1 segment");
    }

    #[test]
    fn the_thread_holds_sms_only_and_says_who_wrote_them() {
        let handset = Story::new()
            .dialled("Hi")
            .sms_out("You are registered")
            .sms_in("STOP")
            .handset();
        let thread = thread(&handset, None);
        let shown: Vec<(&str, bool)> = thread.iter().map(|sms| (sms.content.as_str(), sms.is_mine)).collect();
        assert_eq!(shown, [("You are registered", false), ("STOP", true)]);
    }
}

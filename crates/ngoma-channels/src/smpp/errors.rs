//! What follows from a refusal: whether the carrier will take the message later, never, or needs somebody to act.

use ngoma_engine::channel::{SendError, SendErrorKind};
use ngoma_smpp::CommandStatus;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a status means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It is tried again after a while.
    Temporary,
    /// It is tried again, slower; the attempt does not count.
    Throttled,
    /// It is refused for good.
    Permanent,
    /// The channel's settings are wrong: for good, and somebody must act.
    Misconfigured,
}

/// What statuses mean at a carrier, where it is not what they mean to most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes(pub BTreeMap<CommandStatus, Class>);

impl Classes {
    /// The error of a refusal.
    pub fn error(&self, status: CommandStatus) -> SendError {
        let kind = match self.class(status) {
            Class::Temporary => SendErrorKind::Temporary,
            Class::Throttled => SendErrorKind::Throttled,
            Class::Permanent => SendErrorKind::Permanent,
            Class::Misconfigured => SendErrorKind::Misconfigured,
        };
        SendError::new(kind, format!("the carrier answers {status}"))
    }

    fn class(&self, status: CommandStatus) -> Class {
        self.0.get(&status).copied().unwrap_or_else(|| usual(status))
    }
}

/// What most carriers mean. A code of a carrier's own may mean anything: the message is kept and tried again.
fn usual(status: CommandStatus) -> Class {
    use CommandStatus as S;
    match status {
        S::THROTTLED | S::QUEUE_FULL => Class::Throttled,
        S::SYSTEM_ERROR
        | S::INVALID_BIND_STATUS
        | S::RECEIVER_TEMPORARY
        | S::UNKNOWN_ERROR
        | S::SERVICE_UNAVAILABLE => Class::Temporary,
        S::BIND_FAILED
        | S::INVALID_PASSWORD
        | S::INVALID_SYSTEM_ID
        | S::INVALID_SYSTEM_TYPE
        | S::INVALID_SERVICE_TYPE
        | S::INVALID_SOURCE_ADDRESS
        | S::INVALID_SOURCE_TON
        | S::INVALID_SOURCE_NPI
        | S::INVALID_ESM_CLASS
        | S::INVALID_DATA_CODING
        | S::INVALID_REGISTERED_DELIVERY
        | S::SERVICE_NOT_AUTHORISED
        | S::SERVICE_DENIED
        | S::PROHIBITED => Class::Misconfigured,
        named if named.name().is_some() => Class::Permanent,
        _ => Class::Temporary,
    }
}

/// Reads a status as settings write it: by its name, or by its number as `0x58` or `88`.
pub fn status_of(text: &str) -> Option<CommandStatus> {
    if let Some(status) = CommandStatus::from_name(text) {
        return Some(status);
    }
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.ok().map(CommandStatus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_mean_what_most_carriers_mean() {
        let check = |code: u32, expected: SendErrorKind| {
            let error = Classes::default().error(CommandStatus(code));
            assert_eq!(error.kind, expected, "{code:02X}");
        };
        for code in [0x58, 0x14] {
            check(code, SendErrorKind::Throttled);
        }
        for code in [0x08, 0x04, 0x64, 0xFF, 0x400, 0x1234] {
            check(code, SendErrorKind::Temporary);
        }
        for code in [0x0A, 0x0D, 0x0E, 0x0F, 0x15, 0x43, 0x48, 0x101] {
            check(code, SendErrorKind::Misconfigured);
        }
        for code in [0x01, 0x0B, 0x33, 0x45, 0x50, 0x62, 0x65, 0xC4, 0xFE] {
            check(code, SendErrorKind::Permanent);
        }
    }

    #[test]
    fn a_carrier_may_mean_something_else() {
        let classes = Classes(BTreeMap::from([(CommandStatus(0x45), Class::Temporary)]));
        let error = classes.error(CommandStatus(0x45));
        assert_eq!(error.kind, SendErrorKind::Temporary);
        assert_eq!(
            error.reason,
            "the carrier answers ESME_RSUBMITFAIL (0x45): the message was refused"
        );
    }

    #[test]
    fn statuses_are_read_by_name_and_number() {
        for text in ["ESME_RTHROTTLED", "0x58", "0X58", "88"] {
            assert_eq!(status_of(text), Some(CommandStatus::THROTTLED), "{text}");
        }
        for text in ["", "ESME_RNOTHING", "0x", "x58", "-1"] {
            assert_eq!(status_of(text), None, "{text}");
        }
    }
}

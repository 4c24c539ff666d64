//! What a response says of its request: `command_status` (SMPP 3.4 §5.1.3, and what 5.0 §4.7.6 added).

use std::fmt;

/// The status of a response; of a request it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandStatus(pub u32);

/// A status that the specification names.
struct Named {
    status: CommandStatus,
    name: &'static str,
    meaning: &'static str,
}

macro_rules! statuses {
    ($($constant:ident = $code:literal, $name:literal, $meaning:literal;)*) => {
        impl CommandStatus {
            $(
                #[doc = concat!("`", $name, "`: ", $meaning, ".")]
                pub const $constant: Self = Self($code);
            )*
        }

        /// All that are named, in the order of their codes.
        const NAMED: &[Named] = &[
            $(Named { status: CommandStatus::$constant, name: $name, meaning: $meaning },)*
        ];
    };
}

statuses! {
    OK = 0x00, "ESME_ROK", "no error";
    INVALID_MESSAGE_LENGTH = 0x01, "ESME_RINVMSGLEN", "the message is too long or too short";
    INVALID_COMMAND_LENGTH = 0x02, "ESME_RINVCMDLEN", "the PDU's length is not valid";
    INVALID_COMMAND_ID = 0x03, "ESME_RINVCMDID", "the operation is not known";
    INVALID_BIND_STATUS = 0x04, "ESME_RINVBNDSTS", "the operation is not allowed in this state of the session";
    ALREADY_BOUND = 0x05, "ESME_RALYBND", "the session is bound already";
    INVALID_PRIORITY = 0x06, "ESME_RINVPRTFLG", "the priority is not valid";
    INVALID_REGISTERED_DELIVERY = 0x07, "ESME_RINVREGDLVFLG", "the wish for receipts is not valid";
    SYSTEM_ERROR = 0x08, "ESME_RSYSERR", "the other side is in trouble";
    INVALID_SOURCE_ADDRESS = 0x0A, "ESME_RINVSRCADR", "the sender's address is not valid";
    INVALID_DESTINATION_ADDRESS = 0x0B, "ESME_RINVDSTADR", "the receiver's address is not valid";
    INVALID_MESSAGE_ID = 0x0C, "ESME_RINVMSGID", "no message has this id";
    BIND_FAILED = 0x0D, "ESME_RBINDFAIL", "the bind failed";
    INVALID_PASSWORD = 0x0E, "ESME_RINVPASWD", "the password is wrong";
    INVALID_SYSTEM_ID = 0x0F, "ESME_RINVSYSID", "the system id is not known";
    CANCEL_FAILED = 0x11, "ESME_RCANCELFAIL", "the message could not be cancelled";
    REPLACE_FAILED = 0x13, "ESME_RREPLACEFAIL", "the message could not be replaced";
    QUEUE_FULL = 0x14, "ESME_RMSGQFUL", "too many messages wait";
    INVALID_SERVICE_TYPE = 0x15, "ESME_RINVSERTYP", "the service type is not valid";
    INVALID_NUMBER_OF_DESTINATIONS = 0x33, "ESME_RINVNUMDESTS", "the number of receivers is not valid";
    INVALID_LIST_NAME = 0x34, "ESME_RINVDLNAME", "no distribution list has this name";
    INVALID_DESTINATION_FLAG = 0x40, "ESME_RINVDESTFLAG", "a receiver's kind is not valid";
    INVALID_REPLACE = 0x42, "ESME_RINVSUBREP", "replacing a message so is not allowed";
    INVALID_ESM_CLASS = 0x43, "ESME_RINVESMCLASS", "the esm class is not valid";
    NO_LISTS = 0x44, "ESME_RCNTSUBDL", "distribution lists are not allowed";
    SUBMIT_FAILED = 0x45, "ESME_RSUBMITFAIL", "the message was refused";
    INVALID_SOURCE_TON = 0x48, "ESME_RINVSRCTON", "the sender's type of number is not valid";
    INVALID_SOURCE_NPI = 0x49, "ESME_RINVSRCNPI", "the sender's numbering plan is not valid";
    INVALID_DESTINATION_TON = 0x50, "ESME_RINVDSTTON", "the receiver's type of number is not valid";
    INVALID_DESTINATION_NPI = 0x51, "ESME_RINVDSTNPI", "the receiver's numbering plan is not valid";
    INVALID_SYSTEM_TYPE = 0x53, "ESME_RINVSYSTYP", "the system type is not valid";
    INVALID_REPLACE_FLAG = 0x54, "ESME_RINVREPFLAG", "replace_if_present is not valid";
    INVALID_NUMBER_OF_MESSAGES = 0x55, "ESME_RINVNUMMSGS", "the number of messages is not valid";
    THROTTLED = 0x58, "ESME_RTHROTTLED", "the sender is faster than allowed";
    INVALID_SCHEDULE = 0x61, "ESME_RINVSCHED", "the time of delivery is not valid";
    INVALID_VALIDITY = 0x62, "ESME_RINVEXPIRY", "the validity period is not valid";
    INVALID_CANNED_MESSAGE = 0x63, "ESME_RINVDFTMSGID", "no stored text has this number";
    RECEIVER_TEMPORARY = 0x64, "ESME_RX_T_APPN", "the receiver cannot take it now";
    RECEIVER_PERMANENT = 0x65, "ESME_RX_P_APPN", "the receiver will never take it";
    RECEIVER_REJECTED = 0x66, "ESME_RX_R_APPN", "the receiver refused it";
    QUERY_FAILED = 0x67, "ESME_RQUERYFAIL", "the message could not be looked up";
    INVALID_TLV_STREAM = 0xC0, "ESME_RINVOPTPARSTREAM", "the optional parameters cannot be read";
    TLV_NOT_ALLOWED = 0xC1, "ESME_ROPTPARNOTALLWD", "an optional parameter is not allowed";
    INVALID_TLV_LENGTH = 0xC2, "ESME_RINVPARLEN", "an optional parameter's length is not valid";
    MISSING_TLV = 0xC3, "ESME_RMISSINGOPTPARAM", "an optional parameter is missing";
    INVALID_TLV_VALUE = 0xC4, "ESME_RINVOPTPARAMVAL", "an optional parameter's value is not valid";
    DELIVERY_FAILED = 0xFE, "ESME_RDELIVERYFAILURE", "the message could not be delivered";
    UNKNOWN_ERROR = 0xFF, "ESME_RUNKNOWNERR", "an error nobody names";
    SERVICE_NOT_AUTHORISED = 0x100, "ESME_RSERTYPUNAUTH", "the service type is not allowed";
    PROHIBITED = 0x101, "ESME_RPROHIBITED", "the operation is not allowed";
    SERVICE_UNAVAILABLE = 0x102, "ESME_RSERTYPUNAVAIL", "the service type is not available";
    SERVICE_DENIED = 0x103, "ESME_RSERTYPDENIED", "the service type is denied";
    INVALID_DATA_CODING = 0x104, "ESME_RINVDCS", "the data coding is not valid";
    INVALID_SOURCE_SUBUNIT = 0x105, "ESME_RINVSRCADDRSUBUNIT", "the sender's part of the phone is not valid";
    INVALID_DESTINATION_SUBUNIT = 0x106, "ESME_RINVDSTADDRSUBUNIT", "the receiver's part of the phone is not valid";
}

impl CommandStatus {
    /// Whether the request was done.
    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    /// The specification's name: `ESME_RTHROTTLED`.
    pub fn name(self) -> Option<&'static str> {
        self.named().map(|named| named.name)
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMED.iter().find(|named| named.name == name).map(|named| named.status)
    }

    fn named(self) -> Option<&'static Named> {
        NAMED.iter().find(|named| named.status == self)
    }
}

/// `ESME_RTHROTTLED (0x58): the sender is faster than allowed`.
impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.named() {
            Some(Named { name, meaning, .. }) => write!(f, "{name} (0x{:02X}): {meaning}", self.0),
            None => write!(f, "0x{:02X}: an error of the other side's own", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_by_name_code_and_meaning() {
        let check = |code: u32, expected: &str| assert_eq!(CommandStatus(code).to_string(), expected);
        check(0, "ESME_ROK (0x00): no error");
        check(0x58, "ESME_RTHROTTLED (0x58): the sender is faster than allowed");
        check(0x104, "ESME_RINVDCS (0x104): the data coding is not valid");
        check(0x401, "0x401: an error of the other side's own");
    }

    #[test]
    fn names_and_codes_mean_one_status_each_in_their_order() {
        assert!(NAMED.is_sorted_by(|before, after| before.status < after.status));
        for named in NAMED {
            assert_eq!(CommandStatus::from_name(named.name), Some(named.status));
            assert_eq!(named.status.name(), Some(named.name));
        }
        assert_eq!(CommandStatus::from_name("ESME_RNOTHING"), None);
    }
}

//! The PDUs of a session, in plain values (SMPP 3.4 §4).

use crate::CommandStatus;
use crate::tlv::Tlvs;
use bytes::Bytes;

/// A PDU with its header (§3.2): the length is the wire's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// 0 in a request; what became of it in a response.
    pub status: CommandStatus,
    /// A response has its request's.
    pub sequence: u32,
    /// What it says.
    pub pdu: Pdu,
}

/// What a PDU says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pdu {
    /// `bind_transmitter`, `bind_receiver`, `bind_transceiver` (§4.1).
    Bind(Bind),
    /// Their responses.
    BindResponse(BindResponse),
    /// `outbind` (§4.1.7): an SMSC asks an ESME to bind.
    Outbind(Outbind),
    /// `unbind` (§4.2).
    Unbind,
    /// Its response.
    UnbindResponse,
    /// `enquire_link` (§4.11).
    EnquireLink,
    /// Its response.
    EnquireLinkResponse,
    /// `generic_nack` (§4.3): a PDU could not be read.
    GenericNack,
    /// `submit_sm`, `deliver_sm` or `data_sm` (§4.4, §4.6, §4.7).
    Message(Operation, Box<ShortMessage>),
    /// Their responses.
    MessageResponse(Operation, MessageResponse),
    /// `alert_notification` (§4.12): a phone can be reached again. It has no response.
    Alert,
    /// Any other operation: known to the specification, or to nobody.
    Other(u32),
}

/// What a session is for (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindMode {
    /// The ESME sends.
    Transmitter,
    /// The ESME receives.
    Receiver,
    /// Both.
    Transceiver,
}

impl BindMode {
    /// Whether the ESME may send in such a session.
    pub fn may_submit(self) -> bool {
        self != Self::Receiver
    }

    /// Whether the SMSC may send in such a session.
    pub fn may_deliver(self) -> bool {
        self != Self::Transmitter
    }
}

/// Which way a message goes, and in what form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// To a phone.
    Submit,
    /// From a phone, or a receipt.
    Deliver,
    /// Either way, its text in a TLV (§4.7).
    Data,
}

/// An address with its type of number and numbering plan (§5.2.5, §5.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SmeAddress {
    /// 0 unknown, 1 international, 2 national, 3 network, 5 alphanumeric.
    pub ton: u8,
    /// 0 unknown, 1 ISDN (E.164).
    pub npi: u8,
    /// Digits or a name, at most 20 characters of ASCII.
    pub address: String,
}

/// A wish to bind (§4.1.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Bind {
    /// What the session is for.
    pub mode: BindMode,
    /// Who binds, at most 15 characters.
    pub system_id: String,
    /// At most 8 characters.
    pub password: String,
    /// At most 12 characters; mostly empty.
    pub system_type: String,
    /// 0x34 for 3.4, 0x50 for 5.0.
    pub interface_version: u8,
    /// Which addresses the ESME serves; mostly empty. At most 40 characters.
    pub address_range: SmeAddress,
}

/// The password is never shown.
impl std::fmt::Debug for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bind")
            .field("mode", &self.mode)
            .field("system_id", &self.system_id)
            .field("system_type", &self.system_type)
            .field("interface_version", &self.interface_version)
            .field("address_range", &self.address_range)
            .finish_non_exhaustive()
    }
}

/// The answer to a bind (§4.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindResponse {
    /// The mode that was asked for.
    pub mode: BindMode,
    /// Who answers.
    pub system_id: String,
    /// The version the other side speaks, if it says so.
    pub interface_version: Option<u8>,
}

/// An SMSC's wish that an ESME binds (§4.1.7).
#[derive(Clone, PartialEq, Eq)]
pub struct Outbind {
    /// Who asks.
    pub system_id: String,
    /// At most 8 characters.
    pub password: String,
}

/// The password is never shown.
impl std::fmt::Debug for Outbind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &self.system_id)
            .finish_non_exhaustive()
    }
}

/// A message as `submit_sm` and `deliver_sm` carry it (§4.4.1, §4.6.1); `data_sm` has no more than the addresses, the
/// classes and TLVs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortMessage {
    /// `""`, `CMT`, `USSD`, …: at most 5 characters.
    pub service_type: String,
    /// Who sent it.
    pub source: SmeAddress,
    /// Whom it is for.
    pub destination: SmeAddress,
    /// Mode, type and features (§5.2.12).
    pub esm_class: u8,
    /// GSM's protocol identifier (3GPP TS 23.040 §9.2.3.9).
    pub protocol_id: u8,
    /// 0 to 3.
    pub priority: u8,
    /// When it is to be delivered (§7.1.1); empty for at once.
    pub schedule_delivery_time: String,
    /// How long it is of use (§7.1.1); empty for the SMSC's own default.
    pub validity_period: String,
    /// Which receipts are wanted (§5.2.17).
    pub registered_delivery: u8,
    /// 1 to replace a message that waits.
    pub replace_if_present: u8,
    /// How the text is encoded (§5.2.19).
    pub data_coding: u8,
    /// A text that is stored at the SMSC; 0 for none.
    pub default_message_id: u8,
    /// At most 254 octets.
    pub short_message: Bytes,
    /// The optional parameters.
    pub tlvs: Tlvs,
}

impl ShortMessage {
    /// The user data's octets: of the TLV `message_payload` when it is there (§5.3.2.32), else of `short_message`.
    pub fn user_data(&self) -> &Bytes {
        self.tlvs
            .get(crate::tlv::MESSAGE_PAYLOAD)
            .unwrap_or(&self.short_message)
    }

    /// Whether the user data begins with a header (§5.2.12, bit 6).
    pub fn has_udh(&self) -> bool {
        self.esm_class & 0x40 != 0
    }
}

/// The answer to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageResponse {
    /// The SMSC's id of the message, at most 64 characters; empty in the answer to `deliver_sm`.
    pub message_id: String,
    /// The optional parameters.
    pub tlvs: Tlvs,
}

/// The number of an operation (§5.1.2.1).
pub(crate) mod command_id {
    pub(crate) const BIND_RECEIVER: u32 = 0x01;
    pub(crate) const BIND_TRANSMITTER: u32 = 0x02;
    pub(crate) const SUBMIT_SM: u32 = 0x04;
    pub(crate) const DELIVER_SM: u32 = 0x05;
    pub(crate) const UNBIND: u32 = 0x06;
    pub(crate) const BIND_TRANSCEIVER: u32 = 0x09;
    pub(crate) const OUTBIND: u32 = 0x0B;
    pub(crate) const ENQUIRE_LINK: u32 = 0x15;
    pub(crate) const ALERT_NOTIFICATION: u32 = 0x102;
    pub(crate) const DATA_SM: u32 = 0x103;
    pub(crate) const GENERIC_NACK: u32 = 0x8000_0000;
    /// What a response adds to its request's.
    pub(crate) const RESPONSE: u32 = 0x8000_0000;
}

impl Pdu {
    /// The number of its operation.
    pub fn command_id(&self) -> u32 {
        use command_id::*;
        match self {
            Self::Bind(bind) => bind.mode.command_id(),
            Self::BindResponse(response) => response.mode.command_id() | RESPONSE,
            Self::Outbind(_) => OUTBIND,
            Self::Unbind => UNBIND,
            Self::UnbindResponse => UNBIND | RESPONSE,
            Self::EnquireLink => ENQUIRE_LINK,
            Self::EnquireLinkResponse => ENQUIRE_LINK | RESPONSE,
            Self::GenericNack => GENERIC_NACK,
            Self::Message(operation, _) => operation.command_id(),
            Self::MessageResponse(operation, _) => operation.command_id() | RESPONSE,
            Self::Alert => ALERT_NOTIFICATION,
            Self::Other(id) => *id,
        }
    }

    /// Whether it answers another.
    pub fn is_response(&self) -> bool {
        self.command_id() & command_id::RESPONSE != 0
    }
}

impl BindMode {
    pub(crate) fn command_id(self) -> u32 {
        match self {
            Self::Transmitter => command_id::BIND_TRANSMITTER,
            Self::Receiver => command_id::BIND_RECEIVER,
            Self::Transceiver => command_id::BIND_TRANSCEIVER,
        }
    }
}

impl Operation {
    pub(crate) fn command_id(self) -> u32 {
        match self {
            Self::Submit => command_id::SUBMIT_SM,
            Self::Deliver => command_id::DELIVER_SM,
            Self::Data => command_id::DATA_SM,
        }
    }
}

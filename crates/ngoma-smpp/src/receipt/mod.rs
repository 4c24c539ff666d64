//! Delivery receipts: a `deliver_sm` that says what became of a message (SMPP 3.4 §2.11, §5.2.12, appendix B).

mod state;
mod text;

pub use state::MessageState;
pub use text::{ReceiptText, receipt_text};

use crate::pdu::ShortMessage;
use crate::tlv;

/// The message types of `esm_class`, bits 5 to 2 (§5.2.12).
const TYPE: u8 = 0x3C;
/// It holds a receipt of the SMSC's.
const RECEIPT: u8 = 0x04;
/// It holds an intermediate notification.
const NOTIFICATION: u8 = 0x20;

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The id the message was given when it was taken, as it is written here.
    pub message_id: String,
    /// What became of it; nothing when only a word of the carrier's own says so.
    pub state: Option<MessageState>,
    /// Whether more is to come, whatever the state: an intermediate notification.
    pub is_intermediate: bool,
    /// The carrier's word for it, where it gave one.
    pub word: Option<String>,
    /// The carrier's own code, if it is not 0.
    pub error: Option<String>,
}

/// By which of its signs a receipt is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// By its esm_class.
    pub esm_class: bool,
    /// By its optional parameters `receipted_message_id` and `message_state`.
    pub tlvs: bool,
    /// By its text alone: for carriers that say it nowhere else. A person may write such a text too.
    pub text: bool,
}

impl Default for Signs {
    fn default() -> Self {
        Self {
            esm_class: true,
            tlvs: true,
            text: false,
        }
    }
}

/// The esm_class of a receipt.
pub const ESM_CLASS: u8 = RECEIPT;
/// The esm_class of an intermediate notification.
pub const INTERMEDIATE_ESM_CLASS: u8 = NOTIFICATION;

/// Reads a receipt: the optional parameters first, which are exact, and its text for what they leave open. Nothing when
/// it is none, or does not say which message it is about.
///
/// `text` is the user data as text; its esm_class tells that it is one even when this gives nothing.
pub fn read(message: &ShortMessage, text: &str, signs: Signs) -> Option<Receipt> {
    read_said(message, receipt_text(text), signs)
}

/// The same with what its text says, where that has a form of the carrier's own.
pub fn read_said(message: &ShortMessage, said: Option<ReceiptText>, signs: Signs) -> Option<Receipt> {
    let id = message.tlvs.text(tlv::RECEIPTED_MESSAGE_ID).filter(|id| !id.is_empty());
    let state = message
        .tlvs
        .number(tlv::MESSAGE_STATE)
        .and_then(MessageState::from_number);
    let is_known = (signs.esm_class && has_receipt_class(message))
        || (signs.tlvs && id.is_some() && state.is_some())
        || (signs.text && said.is_some());
    if !is_known {
        return None;
    }
    let (said_id, said_state, word, said_error) = match said {
        Some(said) => (
            Some(said.id.clone()),
            Some(said.state()),
            Some(said.state_word),
            said.error,
        ),
        None => (None, None, None, None),
    };
    // A state that is unknown to the one may be known to the other.
    let states = [state, said_state.flatten()].into_iter().flatten();
    let state = states.reduce(|first, second| if first == MessageState::Unknown { second } else { first });
    if state.is_none() && word.is_none() {
        return None;
    }
    Some(Receipt {
        message_id: id.or(said_id)?,
        state,
        is_intermediate: message.esm_class & TYPE == NOTIFICATION,
        word,
        error: said_error.or_else(|| network_error(message)),
    })
}

/// Whether the esm_class says that it is a receipt.
pub fn has_receipt_class(message: &ShortMessage) -> bool {
    matches!(message.esm_class & TYPE, RECEIPT | NOTIFICATION)
}

/// The code of the network (§5.3.2.31): a kind of network, and its number.
fn network_error(message: &ShortMessage) -> Option<String> {
    let value = message.tlvs.get(tlv::NETWORK_ERROR_CODE)?;
    let [_, high, low] = value[..] else { return None };
    let code = u16::from_be_bytes([high, low]);
    (code != 0).then(|| code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlv::Tlvs;

    const TEXT: &str =
        "id:0123 sub:001 dlvrd:000 submit date:2611270930 done date:2611270931 stat:UNDELIV err:0B7 Text:Hi";

    fn message(esm_class: u8, tlvs: Tlvs) -> ShortMessage {
        ShortMessage {
            esm_class,
            tlvs,
            ..ShortMessage::default()
        }
    }

    fn by_tlvs(id: &str, state: u8) -> Tlvs {
        Tlvs::default()
            .with(tlv::RECEIPTED_MESSAGE_ID, format!("{id}\0").into_bytes())
            .with(tlv::MESSAGE_STATE, vec![state])
    }

    type Read = (String, MessageState, Option<String>);

    fn receipt(id: &str, state: MessageState, error: Option<&str>) -> Option<Read> {
        Some((id.into(), state, error.map(str::to_owned)))
    }

    fn read(message: &ShortMessage, text: &str, signs: Signs) -> Option<Read> {
        let receipt = super::read(message, text, signs)?;
        Some((receipt.message_id, receipt.state?, receipt.error))
    }

    #[test]
    fn a_receipt_is_known_by_the_signs_that_count() {
        let only = |esm_class, tlvs, text| Signs { esm_class, tlvs, text };
        let by_class = message(0x04, Tlvs::default());
        let undelivered = receipt("0123", MessageState::Undeliverable, Some("0B7"));
        assert_eq!(read(&by_class, TEXT, Signs::default()), undelivered);
        assert_eq!(read(&by_class, TEXT, only(false, true, false)), None);
        assert_eq!(
            read(&message(0x20, Tlvs::default()), TEXT, Signs::default()),
            undelivered
        );
        assert_eq!(
            read(&message(0x44, Tlvs::default()), TEXT, Signs::default()),
            undelivered
        );
        let plain = message(0, Tlvs::default());
        assert_eq!(read(&plain, TEXT, Signs::default()), None);
        assert_eq!(read(&plain, TEXT, only(false, false, true)), undelivered);
        let exact = message(0, by_tlvs("abc", 2));
        assert_eq!(
            read(&exact, "", Signs::default()),
            receipt("abc", MessageState::Delivered, None)
        );
        assert_eq!(read(&exact, "", only(true, false, true)), None);
    }

    #[test]
    fn parameters_are_believed_before_the_text() {
        let both = message(0x04, by_tlvs("abc", 2));
        assert_eq!(
            read(&both, TEXT, Signs::default()),
            receipt("abc", MessageState::Delivered, Some("0B7"))
        );
        let unsure = message(0x04, by_tlvs("abc", 7));
        assert_eq!(
            read(&unsure, TEXT, Signs::default()),
            receipt("abc", MessageState::Undeliverable, Some("0B7"))
        );
        let coded = message(0x04, by_tlvs("abc", 5).with(tlv::NETWORK_ERROR_CODE, vec![3, 0, 27]));
        assert_eq!(
            read(&coded, "", Signs::default()),
            receipt("abc", MessageState::Undeliverable, Some("27"))
        );
    }

    #[test]
    fn a_receipt_that_names_no_message_is_none() {
        assert_eq!(read(&message(0x04, Tlvs::default()), "hello", Signs::default()), None);
        let no_id = message(0x04, Tlvs::default().with(tlv::MESSAGE_STATE, vec![2]));
        assert_eq!(read(&no_id, "", Signs::default()), None);
    }
}

//! Receipts: what became of a message, written as the behaviour says, and sent until the ESME takes it.

use crate::behaviour::{Behaviour, Form};
use crate::carrier::{Carrier, Fate};
use crate::links::Receiver;
use crate::message::SentReceipt;
use crate::{Status, text};
use ngoma_message::Timestamp;
use ngoma_smpp::pdu::{Operation, ShortMessage};
use ngoma_smpp::receipt::{ESM_CLASS, MessageState, ReceiptText};
use ngoma_smpp::{Handle, Outcome, tlv};
use std::time::Duration;

/// How often a receipt is sent that the ESME does not take.
const TRIES: usize = 10;
/// How long after one try the next is.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The network type of an error code: GSM (SMPP 3.4 §5.3.2.31).
const GSM: u8 = 3;

/// Whether a message asks for a receipt of this state (§5.2.17; 3 is 5.0's, §4.7.21).
pub fn is_wanted(registered_delivery: u8, state: &str) -> bool {
    let is_success = MessageState::from_word(state) == Some(MessageState::Delivered);
    match registered_delivery & 0x03 {
        1 => true,
        2 => !is_success,
        3 => is_success,
        _ => false,
    }
}

/// A receipt that is to be sent.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The number of the message it is about, if it is known.
    pub about: Option<u64>,
    /// The link to send it by, if it can.
    pub link: Option<u64>,
    /// Whose it is; anybody's, when nothing is said.
    pub system_id: Option<String>,
    pub state: String,
    pub message: ShortMessage,
}

impl Receipt {
    /// Writes one about a message that was taken under this id at this moment.
    pub fn write(
        about: &ShortMessage,
        id: &str,
        taken_at: Timestamp,
        fate: &Fate,
        behaviour: &Behaviour,
    ) -> ShortMessage {
        let id = behaviour.ids.in_receipt(id);
        let minutes = |at: Timestamp| at.to_datetime().format("%y%m%d%H%M").to_string();
        let words = ReceiptText {
            id: id.clone(),
            submitted: Some(minutes(taken_at)),
            done: Some(minutes(Timestamp::now())),
            state_word: fate.state.clone(),
            error: Some(fate.err.clone()),
            text: text::read(about).0.chars().map(plain).collect(),
        };
        let mut message = ShortMessage {
            source: about.destination.clone(),
            destination: about.source.clone(),
            esm_class: ESM_CLASS,
            ..ShortMessage::default()
        };
        if behaviour.receipts.form != Form::Tlv {
            message.short_message = words.to_string().into();
        }
        if behaviour.receipts.form != Form::Text {
            add_parameters(&mut message, &id, fate);
        }
        message
    }

    /// Sends it until the ESME takes it, each time by a link that is bound then; gives what the ESME said last.
    pub async fn send(&self, carrier: &Carrier) -> Outcome {
        let mut tries = 1;
        loop {
            let receiver = Receiver {
                link: self.link,
                system_id: self.system_id.as_deref(),
            };
            let link = carrier.links.wait_for(receiver).await;
            let outcome = match link.session() {
                Some(session) => self.send_once(carrier, session).await,
                None => Outcome::NotSent("the link is not bound".into()),
            };
            if is_taken(&outcome) || tries == TRIES {
                return outcome;
            }
            tries += 1;
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
        }
    }

    /// Sends it by this session, once.
    pub async fn send_once(&self, carrier: &Carrier, session: &Handle) -> Outcome {
        let outcome = session.send(Operation::Deliver, self.message.clone()).await;
        carrier.count(|counts| match is_taken(&outcome) {
            true => counts.receipts_taken += 1,
            false => counts.receipts_not_taken += 1,
        });
        if let Some(number) = self.about {
            let sent = SentReceipt {
                at: Timestamp::now().to_string(),
                state: self.state.clone(),
                answer: said(&outcome),
            };
            carrier.messages.change(number, |message| message.note_receipt(sent));
        }
        outcome
    }
}

/// What the ESME said to something that was sent.
pub fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(answer) => Status(answer.status).word(),
        Outcome::NotSent(reason) => format!("not sent: {reason}"),
        Outcome::Unanswered(_, reason) => format!("not answered: {reason}"),
    }
}

/// Whether the ESME took what was sent.
pub fn is_taken(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answered(answer) if answer.status.is_ok())
}

/// Receipts are written in what ASCII and the GSM alphabet have alike.
fn plain(character: char) -> char {
    match character {
        ' '..='#' | '%'..='?' | 'A'..='Z' | 'a'..='z' => character,
        _ => '.',
    }
}

fn add_parameters(message: &mut ShortMessage, id: &str, fate: &Fate) {
    let id = [id.as_bytes(), &[0]].concat();
    message.tlvs.push(tlv::RECEIPTED_MESSAGE_ID, id);
    // A word of the carrier's own has no number.
    if let Some(state) = MessageState::from_word(&fate.state) {
        message.tlvs.push(tlv::MESSAGE_STATE, vec![state.number()]);
    }
    if let Ok(code @ 1..) = fate.err.parse::<u16>() {
        let code = [&[GSM][..], &code.to_be_bytes()].concat();
        message.tlvs.push(tlv::NETWORK_ERROR_CODE, code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::{Base, Ids};
    use ngoma_smpp::receipt::{self, Signs};

    fn written(state: &str, err: &str, form: Form) -> ShortMessage {
        let mut behaviour = Behaviour::default();
        behaviour.receipts.form = form;
        behaviour.ids = Ids {
            answer: Base::Hex,
            ..Ids::default()
        };
        let about = ShortMessage {
            source: text::address("8864").unwrap(),
            destination: text::address("+27831234567").unwrap(),
            data_coding: 8,
            short_message: vec![0, b'h', 0, 0xE7].into(),
            ..ShortMessage::default()
        };
        let fate = Fate {
            state: state.into(),
            err: err.into(),
        };
        Receipt::write(&about, "1a2b", Timestamp::from_micros(0), &fate, &behaviour)
    }

    #[test]
    fn a_receipt_is_read_as_it_was_meant_in_each_form() {
        for (form, has_text, parameters) in [(Form::Text, true, 0), (Form::Tlv, false, 3), (Form::Both, true, 3)] {
            let message = written("UNDELIV", "027", form);
            assert_eq!(text::shown(&message.source), "+27831234567");
            assert_eq!(text::shown(&message.destination), "8864");
            let words = String::from_utf8(message.short_message.to_vec()).unwrap();
            assert_eq!(
                (!words.is_empty(), message.tlvs.iter().count()),
                (has_text, parameters),
                "{words}"
            );
            let read = receipt::read(&message, &words, Signs::default()).unwrap();
            assert_eq!(read.message_id, "6699");
            assert_eq!(read.state, Some(MessageState::Undeliverable));
            assert_eq!(
                read.error
                    .map(|code| code.trim_start_matches('0').to_owned())
                    .as_deref(),
                Some("27")
            );
        }
        let words = written("DELIVRD", "000", Form::Text).short_message;
        let words = String::from_utf8(words.to_vec()).unwrap();
        assert!(
            words.starts_with("id:6699 sub:001 dlvrd:001 submit date:7001010000 done date:"),
            "{words}"
        );
        assert!(words.ends_with(" stat:DELIVRD err:000 text:h."), "{words}");
    }

    #[test]
    fn a_word_of_the_carriers_own_has_no_number() {
        let message = written("INQUEUE", "x7", Form::Both);
        assert_eq!(message.tlvs.iter().count(), 1);
        assert!(String::from_utf8_lossy(&message.short_message).contains("stat:INQUEUE err:x7"));
    }

    #[test]
    fn receipts_are_for_those_who_ask() {
        for (registered_delivery, on_success, on_failure) in [
            (0, false, false),
            (1, true, true),
            (2, false, true),
            (3, true, false),
            (0x11, true, true),
            (0x10, false, false),
        ] {
            let wanted = ["DELIVRD", "UNDELIV"].map(|state| is_wanted(registered_delivery, state));
            assert_eq!(wanted, [on_success, on_failure], "{registered_delivery}");
        }
    }
}

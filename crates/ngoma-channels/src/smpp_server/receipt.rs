//! What became of a system's message, as `deliver_sm` tells it (SMPP 3.4 §2.11, appendix B).

use super::config::ReceiptForm;
use super::submission::{AT, TEXT};
use super::times;
use ngoma_engine::channel::{Report, ReportedStatus};
use ngoma_message::Timestamp;
use ngoma_smpp::pdu::ShortMessage;
use ngoma_smpp::receipt::{self, MessageState, ReceiptText};
use ngoma_smpp::tlv;
use serde_json::Value;

/// A code of a GSM network (§5.3.2.31).
const GSM: u8 = 3;

/// Writes a report into a message that has its addresses.
pub fn write(message: &mut ShortMessage, report: &Report, form: ReceiptForm) {
    let state = state_of(report);
    message.esm_class = match report.status {
        ReportedStatus::Pending => receipt::INTERMEDIATE_ESM_CLASS,
        _ => receipt::ESM_CLASS,
    };
    if form != ReceiptForm::Tlvs {
        message.short_message = text(report, state).into();
    }
    if form != ReceiptForm::Text {
        let id = [report.message.as_str().as_bytes(), b"\0"].concat();
        message.tlvs.push(tlv::RECEIPTED_MESSAGE_ID, id);
        message.tlvs.push(tlv::MESSAGE_STATE, vec![state.number()]);
        if let Some(code) = code(report).and_then(|code| code.parse::<u16>().ok()) {
            let octets = [&[GSM][..], &code.to_be_bytes()].concat();
            message.tlvs.push(tlv::NETWORK_ERROR_CODE, octets);
        }
    }
}

/// `id:… sub:001 dlvrd:001 submit date:2611270930 done date:2611270931 stat:DELIVRD err:000 text:Your appointment is`
fn text(report: &Report, state: MessageState) -> String {
    let noted = |name: &str| report.noted.get(name);
    let submitted = noted(AT)
        .and_then(Value::as_i64)
        .map_or(report.at, Timestamp::from_micros);
    let beginning = noted(TEXT).and_then(Value::as_str).unwrap_or_default();
    let plain = |sign: char| if sign.is_ascii_graphic() { sign } else { ' ' };
    let text = ReceiptText {
        id: report.message.to_string(),
        submitted: Some(times::in_receipt(submitted.to_datetime())),
        done: Some(times::in_receipt(report.at.to_datetime())),
        state_word: state.word().to_owned(),
        error: Some(error(report)),
        text: beginning.chars().map(plain).collect(),
    };
    text.to_string()
}

/// What goes into the text, of three characters.
fn error(report: &Report) -> String {
    match (code(report), report.status) {
        (Some(code), _) => format!("{code:0>3}"),
        (None, ReportedStatus::Delivered | ReportedStatus::Pending) => "000".into(),
        (None, _) => "001".into(),
    }
}

/// The carrier's own code, where it gave one.
fn code(report: &Report) -> Option<&str> {
    let (_, code) = report.reason.as_deref()?.rsplit_once("error ")?;
    let is_code = (1..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then_some(code)
}

/// The state; of what was not delivered the carrier's own word where it is one of SMPP's.
fn state_of(report: &Report) -> MessageState {
    let word = report
        .reason
        .as_deref()
        .and_then(|reason| reason.split([',', ' ']).next());
    let said = word.and_then(MessageState::from_word).filter(|state| state.is_final());
    match report.status {
        ReportedStatus::Delivered => MessageState::Delivered,
        ReportedStatus::Undelivered => match said {
            Some(MessageState::Delivered) | None => MessageState::Undeliverable,
            Some(state) => state,
        },
        ReportedStatus::Rejected => MessageState::Rejected,
        ReportedStatus::Expired => MessageState::Expired,
        ReportedStatus::Unknown => MessageState::Unknown,
        ReportedStatus::Pending => MessageState::Enroute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_message::Object;
    use serde_json::json;

    fn report(status: ReportedStatus, reason: Option<&str>) -> Report {
        Report {
            message: "0193".into(),
            status,
            reason: reason.map(str::to_owned),
            at: Timestamp::from_micros(1_795_422_600_000_000),
            noted: Object::from_iter([
                (TEXT.to_owned(), json!("Où ça?\nid:9")),
                (AT.to_owned(), json!(1_795_422_540_000_000_i64)),
            ]),
        }
    }

    /// What the crate's own reader finds in what is written.
    #[test]
    fn a_receipt_is_read_again_in_every_form() {
        use ReportedStatus::*;
        for form in [ReceiptForm::Both, ReceiptForm::Text, ReceiptForm::Tlvs] {
            for status in [Delivered, Undelivered, Rejected, Expired, Unknown, Pending] {
                let mut message = ShortMessage::default();
                let report = report(status, None);
                write(&mut message, &report, form);
                let text = String::from_utf8(message.short_message.to_vec()).unwrap();
                let read = receipt::read(&message, &text, receipt::Signs::default()).unwrap();
                assert_eq!(
                    (read.message_id.as_str(), read.state, read.is_intermediate),
                    ("0193", Some(state_of(&report)), status == Pending),
                    "{form:?}"
                );
            }
        }
    }

    #[test]
    fn its_text_has_appendix_bs_form() {
        let mut message = ShortMessage::default();
        write(
            &mut message,
            &report(ReportedStatus::Undelivered, Some("UNDELIV, error 27")),
            ReceiptForm::Text,
        );
        assert_eq!(
            String::from_utf8_lossy(&message.short_message),
            "id:0193 sub:001 dlvrd:000 submit date:2611230829 done date:2611230830 stat:UNDELIV err:027 text:O   a? id:9"
        );
        assert!(message.tlvs.is_empty());
    }

    #[test]
    fn what_the_carrier_said_is_said() {
        let check = |reason: &str, expected: MessageState, code: Option<u32>| {
            let mut message = ShortMessage::default();
            write(
                &mut message,
                &report(ReportedStatus::Undelivered, Some(reason)),
                ReceiptForm::Both,
            );
            assert_eq!(
                message.tlvs.number(tlv::MESSAGE_STATE),
                Some(expected.number().into()),
                "{reason}"
            );
            assert_eq!(message.tlvs.number(tlv::NETWORK_ERROR_CODE), code, "{reason}");
        };
        check("EXPIRED, error 27", MessageState::Expired, Some(0x03_001B));
        check("REJECTD", MessageState::Rejected, None);
        check("UNDELIV, error 0B7", MessageState::Undeliverable, None);
        check("NOROUTE, error 5", MessageState::Undeliverable, Some(0x03_0005));
        check("ENROUTE", MessageState::Undeliverable, None);
    }

    #[test]
    fn errors_have_three_characters() {
        let check = |status, reason, expected| assert_eq!(error(&report(status, reason)), expected);
        check(ReportedStatus::Delivered, None, "000");
        check(ReportedStatus::Rejected, Some("opted out"), "001");
        check(ReportedStatus::Undelivered, Some("UNDELIV, error 0B7"), "0B7");
        check(ReportedStatus::Undelivered, Some("an error with words"), "001");
    }
}

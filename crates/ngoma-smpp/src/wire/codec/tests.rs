//! PDUs there and back, and those that are broken.

use super::*;
use crate::pdu::{Bind, BindMode, BindResponse, MessageResponse, Operation, Outbind, ShortMessage, SmeAddress};
use crate::tlv;
use crate::wire::Framer;
use bytes::Bytes;
use proptest::prelude::*;

fn octets_of(command: &Command) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode(command, &mut out).unwrap();
    out.to_vec()
}

fn read_back(octets: &[u8]) -> Result<Command, Malformed> {
    let mut framer = Framer::new(100_000);
    framer.push(octets);
    decode(&framer.next_frame().unwrap().unwrap())
}

fn a_text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(1..128_u8, 0..=most).prop_map(|octets| octets.into_iter().map(char::from).collect())
}

fn an_address(most: usize) -> impl Strategy<Value = SmeAddress> {
    (any::<u8>(), any::<u8>(), a_text(most)).prop_map(|(ton, npi, address)| SmeAddress { ton, npi, address })
}

fn a_time() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("000000000500000R".to_owned()),
        Just("261127101500000+".to_owned())
    ]
}

fn some_tlvs() -> impl Strategy<Value = Tlvs> {
    let value = prop::collection::vec(any::<u8>(), 0..30);
    prop::collection::vec((any::<u16>(), value), 0..4).prop_map(|held| {
        held.into_iter()
            .fold(Tlvs::default(), |tlvs, (tag, value)| tlvs.with(tag, value))
    })
}

fn a_message() -> impl Strategy<Value = ShortMessage> {
    let texts = (a_text(5), an_address(20), an_address(20), a_time(), a_time());
    let numbers = any::<[u8; 7]>();
    let data = prop::collection::vec(any::<u8>(), 0..255);
    (texts, numbers, data, some_tlvs()).prop_map(|(texts, numbers, data, tlvs)| ShortMessage {
        service_type: texts.0,
        source: texts.1,
        destination: texts.2,
        schedule_delivery_time: texts.3,
        validity_period: texts.4,
        esm_class: numbers[0],
        protocol_id: numbers[1],
        priority: numbers[2],
        registered_delivery: numbers[3],
        replace_if_present: numbers[4],
        data_coding: numbers[5],
        default_message_id: numbers[6],
        short_message: data.into(),
        tlvs,
    })
}

fn a_mode() -> impl Strategy<Value = BindMode> {
    prop_oneof![
        Just(BindMode::Transmitter),
        Just(BindMode::Receiver),
        Just(BindMode::Transceiver)
    ]
}

fn an_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![Just(Operation::Submit), Just(Operation::Deliver), Just(Operation::Data)]
}

fn a_pdu() -> impl Strategy<Value = Pdu> {
    let bind = (a_mode(), a_text(15), a_text(8), a_text(12), any::<u8>(), an_address(40)).prop_map(
        |(mode, system_id, password, system_type, interface_version, address_range)| {
            Pdu::Bind(Bind {
                mode,
                system_id,
                password,
                system_type,
                interface_version,
                address_range,
            })
        },
    );
    let bound = (a_mode(), a_text(15), any::<Option<u8>>()).prop_map(|(mode, system_id, interface_version)| {
        Pdu::BindResponse(BindResponse {
            mode,
            system_id,
            interface_version,
        })
    });
    let message = (
        prop_oneof![Just(Operation::Submit), Just(Operation::Deliver)],
        a_message(),
    )
        .prop_map(|(operation, message)| Pdu::Message(operation, Box::new(message)));
    let data = a_message().prop_map(|message| {
        Pdu::Message(
            Operation::Data,
            Box::new(ShortMessage {
                service_type: message.service_type,
                source: message.source,
                destination: message.destination,
                esm_class: message.esm_class,
                registered_delivery: message.registered_delivery,
                data_coding: message.data_coding,
                tlvs: message.tlvs,
                ..ShortMessage::default()
            }),
        )
    });
    let taken = (an_operation(), a_text(64), some_tlvs()).prop_map(|(operation, message_id, tlvs)| {
        Pdu::MessageResponse(operation, MessageResponse { message_id, tlvs })
    });
    let outbind =
        (a_text(15), a_text(8)).prop_map(|(system_id, password)| Pdu::Outbind(Outbind { system_id, password }));
    let bare = prop::sample::select(vec![
        Pdu::Unbind,
        Pdu::UnbindResponse,
        Pdu::EnquireLink,
        Pdu::EnquireLinkResponse,
        Pdu::GenericNack,
        Pdu::Alert,
        Pdu::Other(0x03),
        Pdu::Other(0x999),
    ]);
    prop_oneof![bind, bound, message, data, taken, outbind, bare]
}

proptest! {
    #[test]
    fn what_is_written_is_read(pdu in a_pdu(), sequence in any::<u32>()) {
        let command = Command { status: CommandStatus::OK, sequence, pdu };
        prop_assert_eq!(read_back(&octets_of(&command)), Ok(command));
    }

    #[test]
    fn any_octets_are_read_or_refused_with_their_number(
        id in prop::sample::select(vec![1_u32, 2, 3, 4, 5, 6, 9, 0xB, 0x15, 0x21, 0x102, 0x103, 0x777]),
        is_response in any::<bool>(),
        body in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let command_id = if is_response { id | RESPONSE } else { id };
        let frame = Frame { command_id, status: CommandStatus::OK, sequence: 77, body: body.into() };
        match decode(&frame) {
            Ok(command) => prop_assert_eq!(command.sequence, 77),
            Err(malformed) => {
                prop_assert_eq!((malformed.sequence, malformed.command_id), (77, command_id));
                prop_assert!(!malformed.status.is_ok());
            }
        }
    }

    #[test]
    fn a_message_that_lost_octets_is_refused_or_still_a_message(message in a_message(), cut in 1..60_usize) {
        let command = Command {
            status: CommandStatus::OK,
            sequence: 5,
            pdu: Pdu::Message(Operation::Submit, Box::new(message)),
        };
        let octets = octets_of(&command);
        let body = octets[16..octets.len().saturating_sub(cut).max(16)].to_vec();
        let frame = Frame { command_id: SUBMIT_SM, status: CommandStatus::OK, sequence: 5, body: body.into() };
        if let Ok(command) = decode(&frame) {
            prop_assert!(matches!(command.pdu, Pdu::Message(Operation::Submit, _)));
        }
    }
}

#[test]
fn a_field_that_cannot_be_read_is_told_by_its_status() {
    let check = |body: &[u8], expected: CommandStatus| {
        let frame = Frame {
            command_id: SUBMIT_SM,
            status: CommandStatus::OK,
            sequence: 1,
            body: Bytes::copy_from_slice(body),
        };
        assert_eq!(decode(&frame).unwrap_err().status, expected, "{body:?}");
    };
    check(b"", CommandStatus::INVALID_COMMAND_LENGTH);
    check(b"TOOLONG\0\x01\x01", CommandStatus::INVALID_SERVICE_TYPE);
    check(
        b"\0\x01\x01123456789012345678901\0",
        CommandStatus::INVALID_SOURCE_ADDRESS,
    );
    check(b"\0\x05\0caf\xe9\0", CommandStatus::INVALID_SOURCE_ADDRESS);
    check(b"\0\0\0\0\x01\x01+271\0\0\0\0soon\0", CommandStatus::INVALID_SCHEDULE);
    check(b"\0\0\0\0\x01\x01+271\0\0\0\0\0soon\0", CommandStatus::INVALID_VALIDITY);
    check(
        b"\0\0\0\0\x01\x01+271\0\0\0\0\0\0\0\0\0\0\x05abc",
        CommandStatus::INVALID_MESSAGE_LENGTH,
    );
    check(
        b"\0\0\0\0\x01\x01+271\0\0\0\0\0\0\0\0\0\0\x01a\x04",
        CommandStatus::INVALID_TLV_STREAM,
    );
}

/// Carriers put odd values into known parameters; the message is what counts.
#[test]
fn an_odd_value_of_a_known_parameter_is_kept() {
    let message = ShortMessage {
        tlvs: Tlvs::default()
            .with(tlv::ITS_SESSION_INFO, vec![1, 2, 3, 4])
            .with(tlv::MESSAGE_STATE, vec![]),
        ..ShortMessage::default()
    };
    let command = Command {
        status: CommandStatus::OK,
        sequence: 1,
        pdu: Pdu::Message(Operation::Deliver, Box::new(message)),
    };
    assert_eq!(read_back(&octets_of(&command)), Ok(command));
}

#[test]
fn a_response_may_come_without_a_body_and_a_refusal_goes_without() {
    for id in [
        SUBMIT_SM,
        DELIVER_SM,
        DATA_SM,
        BIND_RECEIVER,
        BIND_TRANSMITTER,
        BIND_TRANSCEIVER,
    ] {
        let frame = Frame {
            command_id: id | RESPONSE,
            status: CommandStatus::THROTTLED,
            sequence: 3,
            body: Bytes::new(),
        };
        let command = decode(&frame).unwrap();
        assert_eq!((command.status, command.sequence), (CommandStatus::THROTTLED, 3));
        assert_eq!(command.pdu.command_id(), id | RESPONSE);
        assert_eq!(octets_of(&command).len(), if id == DELIVER_SM { 17 } else { 16 });
    }
}

#[test]
fn a_value_that_does_not_fit_is_refused_by_its_field() {
    let pdu = Pdu::Outbind(Outbind {
        system_id: "sixteen letters!".into(),
        password: String::new(),
    });
    let command = Command {
        status: CommandStatus::OK,
        sequence: 1,
        pdu,
    };
    assert_eq!(encode(&command, &mut BytesMut::new()).unwrap_err().field, "system_id");
}

/// Found by the fuzzer: read one way with a body, and another without.
#[test]
fn a_response_that_no_operation_has_is_another_operation() {
    for body in [&b""[..], b"\x18"] {
        let frame = Frame {
            command_id: OUTBIND | RESPONSE,
            status: CommandStatus::OK,
            sequence: 1,
            body: Bytes::copy_from_slice(body),
        };
        assert_eq!(decode(&frame).unwrap().pdu, Pdu::Other(OUTBIND | RESPONSE));
    }
}

//! The plain values of what the codec read.

use crate::pdu::command_id::*;
use crate::pdu::{Bind, BindMode, BindResponse, MessageResponse, Operation, Outbind, Pdu, ShortMessage, SmeAddress};
use crate::tlv::{self, Tlvs};
use rusmpp::types::COctetString;
use rusmpp::values::{Npi, Ton};
use rusmpp::{Pdu as WirePdu, pdus};

/// The plain values of a PDU. Nothing when a request came without its fields.
pub(super) fn read(command_id: u32, wire: Option<&WirePdu>, tlvs: Tlvs) -> Option<Pdu> {
    let Some(wire) = wire else {
        return empty(command_id);
    };
    let bound = |mode, system_id| bound(mode, system_id, &tlvs);
    Some(match wire {
        WirePdu::BindTransmitter(bind) => Pdu::Bind(bind.plain(BindMode::Transmitter)),
        WirePdu::BindReceiver(bind) => Pdu::Bind(bind.plain(BindMode::Receiver)),
        WirePdu::BindTransceiver(bind) => Pdu::Bind(bind.plain(BindMode::Transceiver)),
        WirePdu::BindTransmitterResp(response) => bound(BindMode::Transmitter, &response.system_id),
        WirePdu::BindReceiverResp(response) => bound(BindMode::Receiver, &response.system_id),
        WirePdu::BindTransceiverResp(response) => bound(BindMode::Transceiver, &response.system_id),
        WirePdu::Outbind(outbind) => Pdu::Outbind(Outbind {
            system_id: outbind.system_id.to_string(),
            password: outbind.password.to_string(),
        }),
        WirePdu::SubmitSm(message) => Pdu::Message(Operation::Submit, Box::new(message.plain(tlvs))),
        WirePdu::DeliverSm(message) => Pdu::Message(Operation::Deliver, Box::new(message.plain(tlvs))),
        WirePdu::DataSm(message) => Pdu::Message(Operation::Data, Box::new(message.plain(tlvs))),
        WirePdu::SubmitSmResp(taken) => answered(Operation::Submit, taken.message_id().as_str(), tlvs),
        WirePdu::DeliverSmResp(taken) => answered(Operation::Deliver, taken.message_id().as_str(), tlvs),
        WirePdu::DataSmResp(taken) => answered(Operation::Data, taken.message_id().as_str(), tlvs),
        _ => Pdu::Other(command_id),
    })
}

/// The codec has a type for each way to bind, all alike.
trait PlainBind {
    fn plain(&self, mode: BindMode) -> Bind;
}

macro_rules! plain_bind {
    ($($kind:ident)*) => {
        $(impl PlainBind for pdus::$kind {
            fn plain(&self, mode: BindMode) -> Bind {
                Bind {
                    mode,
                    system_id: self.system_id.to_string(),
                    password: self.password.to_string(),
                    system_type: self.system_type.to_string(),
                    interface_version: self.interface_version.into(),
                    address_range: address(self.addr_ton, self.addr_npi, self.address_range.as_str()),
                }
            }
        })*
    };
}

plain_bind!(BindTransmitter BindReceiver BindTransceiver);

/// And one for each way of a message, all but alike.
trait PlainMessage {
    fn plain(&self, tlvs: Tlvs) -> ShortMessage;
}

macro_rules! plain_message {
    ($($kind:ident)*) => {
        $(impl PlainMessage for pdus::$kind {
            fn plain(&self, tlvs: Tlvs) -> ShortMessage {
                ShortMessage {
                    service_type: self.service_type.value().to_string(),
                    source: address(self.source_addr_ton, self.source_addr_npi, self.source_addr.as_str()),
                    destination: address(self.dest_addr_ton, self.dest_addr_npi, self.destination_addr.as_str()),
                    esm_class: self.esm_class.into(),
                    protocol_id: self.protocol_id,
                    priority: self.priority_flag.into(),
                    schedule_delivery_time: self.schedule_delivery_time.to_string(),
                    validity_period: self.validity_period.to_string(),
                    registered_delivery: self.registered_delivery.into(),
                    replace_if_present: self.replace_if_present_flag.into(),
                    data_coding: self.data_coding.into(),
                    default_message_id: self.sm_default_msg_id,
                    short_message: self.short_message().clone().into_bytes(),
                    tlvs,
                }
            }
        })*
    };
}

plain_message!(SubmitSm DeliverSm);

impl PlainMessage for pdus::DataSm {
    fn plain(&self, tlvs: Tlvs) -> ShortMessage {
        ShortMessage {
            service_type: self.service_type.value().to_string(),
            source: address(self.source_addr_ton, self.source_addr_npi, self.source_addr.as_str()),
            destination: address(self.dest_addr_ton, self.dest_addr_npi, self.destination_addr.as_str()),
            esm_class: self.esm_class.into(),
            registered_delivery: self.registered_delivery.into(),
            data_coding: self.data_coding.into(),
            tlvs,
            ..ShortMessage::default()
        }
    }
}

/// What a PDU without a body says: a response need not have one (§4.4.2), a request of these must.
pub(crate) fn empty(command_id: u32) -> Option<Pdu> {
    let bound = |mode| bound(mode, &COctetString::null(), &Tlvs::default());
    Some(match command_id {
        id if id == SUBMIT_SM | RESPONSE => answered(Operation::Submit, "", Tlvs::default()),
        id if id == DELIVER_SM | RESPONSE => answered(Operation::Deliver, "", Tlvs::default()),
        id if id == DATA_SM | RESPONSE => answered(Operation::Data, "", Tlvs::default()),
        id if id == BIND_TRANSMITTER | RESPONSE => bound(BindMode::Transmitter),
        id if id == BIND_RECEIVER | RESPONSE => bound(BindMode::Receiver),
        id if id == BIND_TRANSCEIVER | RESPONSE => bound(BindMode::Transceiver),
        _ => return None,
    })
}

fn answered(operation: Operation, message_id: &str, tlvs: Tlvs) -> Pdu {
    Pdu::MessageResponse(
        operation,
        MessageResponse {
            message_id: message_id.to_owned(),
            tlvs,
        },
    )
}

fn address(ton: Ton, npi: Npi, address: &str) -> SmeAddress {
    SmeAddress {
        ton: ton.into(),
        npi: npi.into(),
        address: address.to_owned(),
    }
}

fn bound(mode: BindMode, system_id: &COctetString<1, 16>, tlvs: &Tlvs) -> Pdu {
    let version = tlvs.number(tlv::SC_INTERFACE_VERSION);
    Pdu::BindResponse(BindResponse {
        mode,
        system_id: system_id.to_string(),
        interface_version: version.and_then(|version| version.try_into().ok()),
    })
}

//! The codec's form of plain values.

use super::EncodeError;
use crate::pdu::{Bind, BindMode, Command, Operation, Pdu, ShortMessage};
use crate::tlv::Tlvs;
use bytes::Bytes;
use rusmpp::types::{COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp::values::{EsmClass, InterfaceVersion, ServiceType};
use rusmpp::{Pdu as WirePdu, pdus};

/// The codec's form of a PDU, if it has a body, and its optional parameters.
pub(super) fn write(command: &Command) -> Result<(Option<WirePdu>, Tlvs), EncodeError> {
    // A refusal has no body (§4.1.2, §4.4.2); that of `deliver_sm` has one that says nothing (§4.6.2).
    let is_refusal = !command.status.is_ok();
    let whole = |wire: WirePdu, tlvs: &Tlvs| Ok((Some(wire), tlvs.clone()));
    match &command.pdu {
        Pdu::Bind(bind) => whole(write_bind(bind)?, &Tlvs::default()),
        Pdu::BindResponse(_) if is_refusal => Ok((None, Tlvs::default())),
        Pdu::BindResponse(bound) => {
            let system_id = text("system_id", &bound.system_id)?;
            let version = bound.interface_version.map(InterfaceVersion::from);
            let wire = match bound.mode {
                BindMode::Transmitter => pdus::BindTransmitterResp::new(system_id, version).into(),
                BindMode::Receiver => pdus::BindReceiverResp::new(system_id, version).into(),
                BindMode::Transceiver => pdus::BindTransceiverResp::new(system_id, version).into(),
            };
            whole(wire, &Tlvs::default())
        }
        Pdu::Outbind(outbind) => {
            let system_id = text("system_id", &outbind.system_id)?;
            let wire = pdus::Outbind::new(system_id, text("password", &outbind.password)?);
            whole(wire.into(), &Tlvs::default())
        }
        Pdu::Message(operation, message) => whole(write_message(*operation, message)?, &message.tlvs),
        Pdu::MessageResponse(Operation::Submit | Operation::Data, _) if is_refusal => Ok((None, Tlvs::default())),
        Pdu::MessageResponse(operation, taken) => {
            let id = text("message_id", &taken.message_id)?;
            let wire = match operation {
                Operation::Submit => pdus::SubmitSmResp::new(id, Vec::new()).into(),
                Operation::Deliver => pdus::DeliverSmResp::new(id, Vec::new()).into(),
                Operation::Data => pdus::DataSmResp::new(id, Vec::new()).into(),
            };
            whole(wire, &taken.tlvs)
        }
        Pdu::Unbind
        | Pdu::UnbindResponse
        | Pdu::EnquireLink
        | Pdu::EnquireLinkResponse
        | Pdu::GenericNack
        | Pdu::Alert
        | Pdu::Other(_) => Ok((None, Tlvs::default())),
    }
}

fn write_bind(bind: &Bind) -> Result<WirePdu, EncodeError> {
    macro_rules! bind {
        ($kind:ident) => {
            pdus::$kind::new(
                text("system_id", &bind.system_id)?,
                text("password", &bind.password)?,
                text("system_type", &bind.system_type)?,
                bind.interface_version.into(),
                bind.address_range.ton.into(),
                bind.address_range.npi.into(),
                text("address_range", &bind.address_range.address)?,
            )
            .into()
        };
    }
    Ok(match bind.mode {
        BindMode::Transmitter => bind!(BindTransmitter),
        BindMode::Receiver => bind!(BindReceiver),
        BindMode::Transceiver => bind!(BindTransceiver),
    })
}

fn write_message(operation: Operation, message: &ShortMessage) -> Result<WirePdu, EncodeError> {
    let service_type = ServiceType::new(text("service_type", &message.service_type)?);
    let source = text("source_addr", &message.source.address)?;
    let destination = text("destination_addr", &message.destination.address)?;
    macro_rules! message {
        ($kind:ident) => {
            pdus::$kind::new(
                service_type,
                message.source.ton.into(),
                message.source.npi.into(),
                source,
                message.destination.ton.into(),
                message.destination.npi.into(),
                destination,
                EsmClass::from(message.esm_class),
                message.protocol_id,
                message.priority.into(),
                time("schedule_delivery_time", &message.schedule_delivery_time)?,
                time("validity_period", &message.validity_period)?,
                message.registered_delivery.into(),
                message.replace_if_present.into(),
                message.data_coding.into(),
                message.default_message_id,
                octets("short_message", &message.short_message)?,
                Vec::new(),
            )
            .into()
        };
    }
    Ok(match operation {
        Operation::Submit => message!(SubmitSm),
        Operation::Deliver => message!(DeliverSm),
        Operation::Data => pdus::DataSm::new(
            service_type,
            message.source.ton.into(),
            message.source.npi.into(),
            source,
            message.destination.ton.into(),
            message.destination.npi.into(),
            destination,
            EsmClass::from(message.esm_class),
            message.registered_delivery.into(),
            message.data_coding.into(),
            Vec::new(),
        )
        .into(),
    })
}

fn text<const MAX: usize>(field: &'static str, value: &str) -> Result<COctetString<1, MAX>, EncodeError> {
    value.parse().map_err(|error| unfit(field, error))
}

fn time(field: &'static str, value: &str) -> Result<EmptyOrFullCOctetString<17>, EncodeError> {
    value.parse().map_err(|error| unfit(field, error))
}

fn octets(field: &'static str, value: &Bytes) -> Result<OctetString<0, 255>, EncodeError> {
    OctetString::from_bytes(value.clone()).map_err(|error| unfit(field, error))
}

fn unfit(field: &'static str, error: impl std::fmt::Display) -> EncodeError {
    EncodeError {
        field,
        problem: format!("does not fit: {error}"),
    }
}

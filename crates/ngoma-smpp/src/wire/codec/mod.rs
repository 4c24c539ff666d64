//! What a PDU says, read and written by the codec `rusmpp`, which only this module names.
//!
//! Optional parameters are read here, not there: a carrier that puts an odd value into a known one must not lose the
//! message it came with.

mod reading;
mod writing;

use super::Frame;
use crate::CommandStatus;
use crate::pdu::command_id::*;
use crate::pdu::{Command, Pdu};
use crate::tlv::Tlvs;
use bytes::{BufMut, BytesMut};
use rusmpp::decode::{DecodeError, DecodeWithLength};
use rusmpp::encode::owned::Encode;
use rusmpp::fields::SmppField;

pub(crate) use reading::empty;

/// A PDU that cannot be read, and what its sender is to be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Malformed {
    /// Which operation it is.
    pub command_id: u32,
    /// Its number.
    pub sequence: u32,
    /// What to answer.
    pub status: CommandStatus,
    /// What is wrong.
    pub problem: String,
}

/// A value that does not fit into its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct EncodeError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads a PDU.
pub fn decode(frame: &Frame) -> Result<Command, Malformed> {
    let malformed = |status, problem: String| Malformed {
        command_id: frame.command_id,
        sequence: frame.sequence,
        status,
        problem,
    };
    let command = |pdu| Command {
        status: frame.status,
        sequence: frame.sequence,
        pdu,
    };
    // Of these nothing but their number counts.
    match frame.command_id {
        UNBIND => return Ok(command(Pdu::Unbind)),
        ENQUIRE_LINK => return Ok(command(Pdu::EnquireLink)),
        GENERIC_NACK => return Ok(command(Pdu::GenericNack)),
        ALERT_NOTIFICATION => return Ok(command(Pdu::Alert)),
        id if id == UNBIND | RESPONSE => return Ok(command(Pdu::UnbindResponse)),
        id if id == ENQUIRE_LINK | RESPONSE => return Ok(command(Pdu::EnquireLinkResponse)),
        // An outbind has no response.
        id if !READ.contains(&(id & !RESPONSE)) || id == OUTBIND | RESPONSE => return Ok(command(Pdu::Other(id))),
        _ => {}
    }
    let tail = end_of_fields(frame.command_id, &frame.body).unwrap_or(frame.body.len());
    let mut octets = BytesMut::with_capacity(12 + tail);
    octets.put_u32(frame.command_id);
    octets.put_u32(frame.status.0);
    octets.put_u32(frame.sequence);
    octets.put_slice(&frame.body[..tail]);
    let length = octets.len();
    let (wire, _) = rusmpp::Command::decode(&mut octets, length)
        .map_err(|error| malformed(status_of(&error), problem_of(&error)))?;
    let tlvs = Tlvs::decode(frame.body.slice(tail..))
        .map_err(|error| malformed(CommandStatus::INVALID_TLV_STREAM, error.to_string()))?;
    match reading::read(frame.command_id, wire.pdu(), tlvs) {
        Some(pdu) => Ok(command(pdu)),
        None => Err(malformed(
            CommandStatus::INVALID_COMMAND_LENGTH,
            "its fields are missing".into(),
        )),
    }
}

/// The operations whose fields are read.
const READ: [u32; 7] = [
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    BIND_TRANSCEIVER,
    OUTBIND,
    SUBMIT_SM,
    DELIVER_SM,
    DATA_SM,
];

/// A field that a PDU always has, by how its end is found.
enum Field {
    /// It ends with a NUL.
    Text,
    /// So many octets.
    Octets(usize),
    /// Its length is in front of it.
    Counted,
}

/// The fields of `submit_sm` and `deliver_sm` (§4.4.1): texts, addresses, classes, two times, codings, the message.
const MESSAGE: &[Field] = &[
    Field::Text,
    Field::Octets(2),
    Field::Text,
    Field::Octets(2),
    Field::Text,
    Field::Octets(3),
    Field::Text,
    Field::Text,
    Field::Octets(4),
    Field::Counted,
];
/// The fields of `data_sm` (§4.7.1).
const DATA: &[Field] = &[
    Field::Text,
    Field::Octets(2),
    Field::Text,
    Field::Octets(2),
    Field::Text,
    Field::Octets(3),
];
/// The fields of their responses and of those to a bind: one id.
const ID: &[Field] = &[Field::Text];

/// Where the optional parameters begin. Nothing when there are none, or the PDU is cut off before.
fn end_of_fields(command_id: u32, body: &[u8]) -> Option<usize> {
    let fields = match command_id {
        SUBMIT_SM | DELIVER_SM => MESSAGE,
        DATA_SM => DATA,
        id if id & RESPONSE != 0 => ID,
        _ => return None,
    };
    fields.iter().try_fold(0, |at, field| {
        let rest = body.get(at..)?;
        let length = match field {
            Field::Text => rest.iter().position(|octet| *octet == 0)? + 1,
            Field::Octets(count) => *count,
            Field::Counted => 1 + usize::from(*rest.first()?),
        };
        (length <= rest.len()).then_some(at + length)
    })
}

/// What to answer when a field cannot be read.
fn status_of(error: &DecodeError) -> CommandStatus {
    let by_field = [
        (SmppField::system_id, CommandStatus::INVALID_SYSTEM_ID),
        (SmppField::password, CommandStatus::INVALID_PASSWORD),
        (SmppField::system_type, CommandStatus::INVALID_SYSTEM_TYPE),
        (SmppField::service_type, CommandStatus::INVALID_SERVICE_TYPE),
        (SmppField::source_addr, CommandStatus::INVALID_SOURCE_ADDRESS),
        (SmppField::destination_addr, CommandStatus::INVALID_DESTINATION_ADDRESS),
        (SmppField::schedule_delivery_time, CommandStatus::INVALID_SCHEDULE),
        (SmppField::validity_period, CommandStatus::INVALID_VALIDITY),
        (SmppField::short_message, CommandStatus::INVALID_MESSAGE_LENGTH),
        (SmppField::message_id, CommandStatus::INVALID_MESSAGE_ID),
    ];
    let found = by_field.into_iter().find(|(field, _)| error.field_exists(*field));
    found.map_or(CommandStatus::INVALID_COMMAND_LENGTH, |(_, status)| status)
}

/// The field at fault and what is wrong with it.
fn problem_of(error: &DecodeError) -> String {
    let mut innermost = (None, error);
    while let Some(source) = innermost.1.source() {
        innermost = (Some(source.field()), source.error());
    }
    let problem = format!("{:?}", innermost.1.kind());
    match innermost.0 {
        Some(field) => format!("{field:?}: {problem}"),
        None => problem,
    }
}

/// Writes a PDU, its length in front.
pub fn encode(command: &Command, out: &mut BytesMut) -> Result<(), EncodeError> {
    let (wire, tlvs) = writing::write(command)?;
    let start = out.len();
    out.put_u32(0);
    match wire {
        Some(wire) => rusmpp::Command::new(command.status.0.into(), command.sequence, wire).encode(out),
        None => {
            out.put_u32(command.pdu.command_id());
            out.put_u32(command.status.0);
            out.put_u32(command.sequence);
        }
    }
    tlvs.encode(out);
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests;

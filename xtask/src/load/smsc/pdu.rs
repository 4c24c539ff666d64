//! The few operations of SMPP 3.4 that a bench needs, read and written by hand: nothing of ngoma's is in it.

use anyhow::{Result, ensure};

pub const BIND_RECEIVER: u32 = 0x01;
pub const BIND_TRANSMITTER: u32 = 0x02;
pub const SUBMIT: u32 = 0x04;
pub const DELIVER: u32 = 0x05;
pub const UNBIND: u32 = 0x06;
pub const BIND_TRANSCEIVER: u32 = 0x09;
pub const ENQUIRE_LINK: u32 = 0x15;
/// Set in the operation of every answer; alone it is `generic_nack`.
pub const ANSWER: u32 = 0x8000_0000;

pub const OK: u32 = 0;
/// `ESME_RINVCMDID`.
pub const UNKNOWN_OPERATION: u32 = 3;

const HEADER: usize = 16;
const LONGEST: usize = 70_000;

/// One PDU.
#[derive(Debug, PartialEq, Eq)]
pub struct Pdu<'a> {
    pub operation: u32,
    pub status: u32,
    pub sequence: u32,
    pub body: &'a [u8],
}

/// What matters of the body of a `submit_sm` or `deliver_sm` (§4.4.1).
#[derive(Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub source: &'a [u8],
    pub destination: &'a [u8],
    pub registered_delivery: u8,
    pub text: &'a [u8],
}

/// The first PDU of `octets` and what follows it; nothing while it is not all there.
pub fn first(octets: &[u8]) -> Result<Option<(Pdu<'_>, &[u8])>> {
    let Some(length) = number(octets, 0) else {
        return Ok(None);
    };
    ensure!(
        (HEADER..=LONGEST).contains(&(length as usize)),
        "a PDU of {length} octets"
    );
    let Some((all, rest)) = octets.split_at_checked(length as usize) else {
        return Ok(None);
    };
    let field = |at| number(all, at).unwrap_or_default();
    let pdu = Pdu {
        operation: field(4),
        status: field(8),
        sequence: field(12),
        body: &all[HEADER..],
    };
    Ok(Some((pdu, rest)))
}

/// Reads the body of a message.
pub fn message(body: &[u8]) -> Option<Message<'_>> {
    let mut rest = body;
    text_field(&mut rest)?;
    octets(&mut rest, 2)?;
    let source = text_field(&mut rest)?;
    octets(&mut rest, 2)?;
    let destination = text_field(&mut rest)?;
    octets(&mut rest, 3)?;
    text_field(&mut rest)?;
    text_field(&mut rest)?;
    let &[registered_delivery, _, _, _, length] = octets(&mut rest, 5)? else {
        return None;
    };
    Some(Message {
        source,
        destination,
        registered_delivery,
        text: octets(&mut rest, length as usize)?,
    })
}

/// Writes a PDU whose body is these parts.
pub fn put(out: &mut Vec<u8>, operation: u32, status: u32, sequence: u32, body: &[&[u8]]) {
    let length = HEADER + body.iter().map(|part| part.len()).sum::<usize>();
    for field in [length as u32, operation, status, sequence] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    for part in body {
        out.extend_from_slice(part);
    }
}

/// Writes a `submit_sm` or `deliver_sm` of at most 254 octets in SMSC default alphabet.
pub fn put_message(
    out: &mut Vec<u8>,
    operation: u32,
    sequence: u32,
    esm_class: u8,
    message: &Message<'_>,
    tlvs: &[u8],
) {
    const INTERNATIONAL: &[u8] = &[0, 1, 1];
    let length = u8::try_from(message.text.len()).expect("short texts only");
    let body = [
        INTERNATIONAL,
        message.source,
        INTERNATIONAL,
        message.destination,
        &[0, esm_class, 0, 0, 0, 0, message.registered_delivery, 0, 0, 0, length],
        message.text,
        tlvs,
    ];
    put(out, operation, OK, sequence, &body);
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn octets<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, others) = rest.split_at_checked(count)?;
    *rest = others;
    Some(taken)
}

/// A field that ends with a NUL.
fn text_field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|&octet| octet == 0)?;
    let text = octets(rest, end + 1)?;
    Some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message<'_> = Message {
        source: b"27831234567",
        destination: b"8864",
        registered_delivery: 1,
        text: b"Hello",
    };

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let mut out = Vec::new();
        put_message(&mut out, DELIVER, 7, 0, &MESSAGE, b"");
        out.extend([0, 0]);
        let (pdu, rest) = first(&out).unwrap().unwrap();
        assert_eq!((pdu.operation, pdu.status, pdu.sequence), (DELIVER, OK, 7));
        assert_eq!(message(pdu.body), Some(MESSAGE));
        assert_eq!(rest, [0, 0]);
        assert_eq!(first(rest).unwrap(), None, "too short for a length");
    }

    #[test]
    fn what_is_cut_short_is_no_message() {
        let mut out = Vec::new();
        put_message(&mut out, SUBMIT, 1, 0, &MESSAGE, b"");
        for end in 0..out.len() {
            assert_eq!(first(&out[..end]).unwrap(), None);
        }
        for end in HEADER..out.len() {
            assert_eq!(message(&out[HEADER..end]), None);
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_an_error() {
        assert!(first(&[0, 0, 0, 15]).is_err());
        assert!(first(&[1, 0, 0, 0]).is_err());
    }
}

//! Between texts and what a short message carries: coding, header, parts (SMPP 3.4 §5.2.19, 3GPP TS 23.040 §9.2.3.24).

use ngoma_message::text::gsm::Tables;
use ngoma_message::text::header::{Concatenation, Reference, UserDataHeader};
use ngoma_message::text::{Coding, Cutting, Encoding};
use ngoma_smpp::pdu::{ShortMessage, SmeAddress};
use ngoma_smpp::tlv;

/// The bit of esm_class that says that the user data begins with a header (§5.2.12).
pub const UDHI: u8 = 0x40;
/// The longest address (§5.2.8).
const LONGEST_ADDRESS: usize = 20;

/// Which part of which text a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// The sender's number of the text.
    pub reference: u16,
    /// How many parts it has.
    pub total: u8,
    /// Which this is, from 1.
    pub number: u8,
}

/// The text of a message, and which part it is.
pub fn read(message: &ShortMessage) -> (String, Option<Part>) {
    let user_data = message.user_data();
    let decoded = match message.has_udh() {
        true => UserDataHeader::decode(user_data),
        false => None,
    };
    // Data that claims a header and has none is read as it stands.
    let (header, length) = decoded.unwrap_or_default();
    let coding = Coding::of(message.data_coding);
    let text = coding.decode(&user_data[length..], header.tables, UserDataHeader::fill(length));
    let by_header = header.concatenation.map(|part| Part {
        reference: part.reference.number(),
        total: part.total,
        number: part.number,
    });
    (text, by_header.or_else(|| by_parameters(message)))
}

/// The part that optional parameters tell of (§5.3.2.22).
fn by_parameters(message: &ShortMessage) -> Option<Part> {
    let number = |tag| message.tlvs.number(tag);
    Some(Part {
        reference: number(tlv::SAR_MSG_REF_NUM)?.try_into().ok()?,
        total: number(tlv::SAR_TOTAL_SEGMENTS)?.try_into().ok()?,
        number: number(tlv::SAR_SEGMENT_SEQNUM)?.try_into().ok()?,
    })
}

/// Writes a text into as many messages like this one as it takes; nothing when it takes more than 255.
pub fn write(message: &ShortMessage, text: &str, reference: u8) -> Option<Vec<ShortMessage>> {
    let cut = Cutting::default().cut(text);
    let (data_coding, coding) = match cut.encoding {
        Encoding::Gsm7 => (0, Coding::Gsm),
        Encoding::Ucs2 => (8, Coding::Ucs2),
    };
    let total = u8::try_from(cut.pieces.len()).ok()?;
    let part = |(number, piece): (u8, &&str)| {
        let concatenation = (total > 1).then_some(Concatenation {
            reference: Reference::Narrow(reference),
            total,
            number,
        });
        let header = UserDataHeader {
            concatenation,
            tables: cut.tables,
        };
        let header = header.encode();
        let octets = coding.encode(piece, Tables::default())?;
        Some(ShortMessage {
            data_coding,
            esm_class: message.esm_class | if header.is_empty() { 0 } else { UDHI },
            short_message: [header, octets].concat().into(),
            ..message.clone()
        })
    };
    (1..=total).zip(&cut.pieces).map(part).collect()
}

/// An address as people write it; nothing when it does not fit into its field.
pub fn address(text: &str) -> Option<SmeAddress> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let (ton, npi) = match (is_number, text.starts_with('+')) {
        (true, true) => (1, 1),
        (false, _) if text.chars().any(char::is_alphabetic) => (5, 0),
        _ => (0, 0),
    };
    let address = if is_number { digits } else { text };
    let fits = address.len() <= LONGEST_ADDRESS && address.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    fits.then(|| SmeAddress {
        ton,
        npi,
        address: address.to_owned(),
    })
}

/// An address for people: international numbers with their plus.
pub fn shown(address: &SmeAddress) -> String {
    let is_bare = address.address.starts_with(|first: char| first.is_ascii_digit());
    match (address.ton, is_bare) {
        (1, true) => format!("+{}", address.address),
        _ => address.address.clone(),
    }
}

/// Octets in hexadecimal digits.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The octets of hexadecimal digits.
pub fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let is_whole = digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    is_whole.then(|| (0..digits.len()).step_by(2).map(octet).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_in_the_parts_it_takes_and_read_again() {
        for (text, parts, data_coding) in [
            ("Hello {€}".to_owned(), 1, 0),
            (String::new(), 1, 0),
            ("a".repeat(160), 1, 0),
            ("a".repeat(161), 2, 0),
            ("ç".repeat(70), 1, 8),
            ("😀".repeat(80), 3, 8),
        ] {
            let written = write(&ShortMessage::default(), &text, 9).unwrap();
            assert_eq!(written.len(), parts, "{text}");
            let read: Vec<_> = written.iter().map(read).collect();
            assert_eq!(read.iter().map(|(text, _)| text.as_str()).collect::<String>(), text);
            for (number, (message, (_, part))) in (1..).zip(written.iter().zip(&read)) {
                let total = u8::try_from(parts).unwrap();
                let expected = Part {
                    reference: 9,
                    total,
                    number,
                };
                assert_eq!(*part, Some(expected).filter(|_| parts > 1));
                assert_eq!(message.data_coding, data_coding);
                assert!(message.short_message.len() <= 160);
            }
        }
        assert_eq!(write(&ShortMessage::default(), &"a".repeat(153 * 256), 9), None);
    }

    #[test]
    fn parameters_tell_of_parts_too() {
        let message = ShortMessage {
            tlvs: tlv::Tlvs::default()
                .with(tlv::SAR_MSG_REF_NUM, vec![1, 2])
                .with(tlv::SAR_TOTAL_SEGMENTS, vec![3])
                .with(tlv::SAR_SEGMENT_SEQNUM, vec![2]),
            short_message: "b".into(),
            ..ShortMessage::default()
        };
        let part = Part {
            reference: 0x0102,
            total: 3,
            number: 2,
        };
        assert_eq!(read(&message), ("b".to_owned(), Some(part)));
    }

    #[test]
    fn addresses_are_written_and_shown() {
        let check = |text: &str, expected: Option<(u8, u8, &str)>, back: &str| {
            let written = address(text);
            let parts = written.as_ref().map(|sme| (sme.ton, sme.npi, sme.address.as_str()));
            assert_eq!(parts, expected, "{text}");
            assert_eq!(written.as_ref().map(shown).unwrap_or_default(), back);
        };
        check("+27831234567", Some((1, 1, "27831234567")), "+27831234567");
        check("0831234567", Some((0, 0, "0831234567")), "0831234567");
        check("8864", Some((0, 0, "8864")), "8864");
        check("Bank 1", Some((5, 0, "Bank 1")), "Bank 1");
        check("*120#", Some((0, 0, "*120#")), "*120#");
        check("", Some((0, 0, "")), "");
        check("Café", None, "");
        check("123456789012345678901", None, "");
    }

    #[test]
    fn hexadecimal_digits_are_octets() {
        assert_eq!(from_hex("00fFa1"), Some(vec![0, 0xFF, 0xA1]));
        assert_eq!(
            (from_hex(""), from_hex("0"), from_hex("zz"), from_hex("é")),
            (Some(vec![]), None, None, None)
        );
        assert_eq!(hex(&[0, 0xFF, 0xA1]), "00ffa1");
    }
}

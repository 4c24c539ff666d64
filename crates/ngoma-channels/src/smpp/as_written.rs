//! What one of the account's own systems wrote in a way of its own: noted with its message, so that a carrier gets it so.

use super::user_data::Texts;
use ngoma_engine::channel::PartHeader;
use ngoma_message::Object;
use ngoma_message::text::Coding;
use ngoma_message::text::gsm::Tables;
use ngoma_message::text::header::{Reference, UserDataHeader};
use ngoma_smpp::pdu::ShortMessage;
use serde::Deserialize;
use serde_json::json;

/// What one of the account's own systems wrote itself, and goes on as it came: a part of a text, so that the phone joins it
/// with the others, or what is no text. It is a message of its own, with receipts of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsWritten {
    /// A part in the GSM alphabet or in UCS-2: this carrier may have other numbers for them.
    Part {
        header: PartHeader,
        /// Whether its reference has 16 bits: the text was cut to leave room for that.
        is_wide_reference: bool,
        /// Whether its text, and so that of the others, is in UCS-2.
        is_ucs2: bool,
    },
    /// Octets that only the receiver reads, with their coding.
    Octets {
        data_coding: u8,
        has_header: bool,
        octets: Vec<u8>,
        /// The part that optional parameters tell of.
        part: Option<PartHeader>,
    },
}

/// Under what it is noted with its message.
const AS_WRITTEN: &str = "smpp_as_written";

impl AsWritten {
    /// What a message is besides a text, if it is.
    pub fn of(message: &ShortMessage, texts: &Texts) -> Option<Self> {
        let user_data = message.user_data();
        let (header, length) = match message.has_udh() {
            true => UserDataHeader::decode(user_data)?,
            false => Default::default(),
        };
        let coding = texts.coding(message.data_coding);
        let (_, part) = texts.read(message);
        let concatenation = header.concatenation;
        let is_plain = header.encode().len() == length && header.tables == Tables::default();
        let is_wide_reference = concatenation.is_some_and(|part| matches!(part.reference, Reference::Wide(_)));
        match (part, coding) {
            (Some(header), Coding::Gsm | Coding::GsmPacked | Coding::Ucs2) if is_plain => Some(Self::Part {
                header,
                is_wide_reference,
                is_ucs2: coding == Coding::Ucs2,
            }),
            (None, coding) if is_plain && coding != Coding::Binary => None,
            (part, _) => Some(Self::Octets {
                data_coding: message.data_coding,
                has_header: message.has_udh(),
                octets: user_data.to_vec(),
                part: part.filter(|_| concatenation.is_none()),
            }),
        }
    }

    /// What is noted.
    pub fn as_metadata(&self) -> Object {
        let number = |part: &PartHeader| json!([part.reference(), part.total(), part.number()]);
        let noted = match self {
            Self::Part {
                header,
                is_wide_reference,
                is_ucs2,
            } => json!({"part": number(header), "wide_reference": is_wide_reference, "ucs2": is_ucs2}),
            Self::Octets {
                data_coding,
                has_header,
                octets,
                part,
            } => json!({
                "data_coding": data_coding, "header": has_header, "part": part.as_ref().map(number),
                "octets": octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>(),
            }),
        };
        Object::from_iter([(AS_WRITTEN.to_owned(), noted)])
    }

    /// What was noted.
    pub fn noted(metadata: &Object) -> Option<Self> {
        let noted: Noted = serde_json::from_value(metadata.get(AS_WRITTEN)?.clone()).ok()?;
        let part = noted
            .part
            .and_then(|(reference, total, number)| PartHeader::new(reference, total, number));
        Some(match noted.octets {
            None => Self::Part {
                header: part?,
                is_wide_reference: noted.wide_reference,
                is_ucs2: noted.ucs2,
            },
            Some(octets) => Self::Octets {
                data_coding: noted.data_coding,
                has_header: noted.header,
                octets: super::ussd::octets(&octets),
                part,
            },
        })
    }
}

/// `{"part":[119,2,1],"wide_reference":false,"ucs2":true}` or `{"data_coding":4,"header":true,"part":null,"octets":"06…"}`
#[derive(Default, Deserialize)]
#[serde(default)]
struct Noted {
    part: Option<(u16, u8, u8)>,
    wide_reference: bool,
    ucs2: bool,
    data_coding: u8,
    header: bool,
    octets: Option<String>,
}

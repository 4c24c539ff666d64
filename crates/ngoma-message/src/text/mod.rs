//! Text as phone networks carry it: encodings, lengths, segments.

pub mod coding;
pub mod gsm;
pub mod header;
pub mod segment;
pub mod transliteration;
pub mod ucs2;
pub mod ussd;

pub use coding::Coding;
pub use segment::{Cut, Cutting, measure, segments};
pub use transliteration::{Transliteration, transliterate};
pub use ussd::{truncate_to_ussd, ussd_limit};

/// How a text goes over the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// GSM 03.38 default alphabet with its extension table (3GPP TS 23.038 §6.2.1).
    Gsm7,
    /// UCS-2, in practice UTF-16BE.
    Ucs2,
}

/// The length of a text against a limit, in the units of its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The cheapest encoding that holds the whole text.
    pub encoding: Encoding,
    /// Its length in septets (GSM; an extension character is two) or in UTF-16 code units (UCS-2).
    pub units: usize,
    /// How many SMS segments it takes.
    pub segments: usize,
}

/// The cheapest encoding that holds the whole text.
pub fn encoding(text: &str) -> Encoding {
    let is_gsm = text.chars().all(|character| gsm::septets(character).is_some());
    if is_gsm { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

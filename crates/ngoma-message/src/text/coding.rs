//! How the text of a short message is encoded: what `data_coding` says (SMPP 3.4 §5.2.19) and 3GPP TS 23.038 §4.

use super::gsm::{self, Tables};
use super::ucs2;
use encoding_rs::{EUC_JP, EUC_KR, ISO_2022_JP, ISO_8859_5, ISO_8859_8, SHIFT_JIS};

/// An encoding of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// GSM 03.38, one septet an octet.
    Gsm,
    /// GSM 03.38, eight septets in seven octets.
    GsmPacked,
    /// ASCII, which SMPP calls IA5.
    Ascii,
    /// ISO 8859-1.
    Latin1,
    /// UCS-2, in practice UTF-16 with the high octet first.
    Ucs2,
    /// ISO 8859-5.
    Cyrillic,
    /// ISO 8859-8.
    Hebrew,
    /// Shift JIS, which carriers send where SMPP says JIS X 0208 or pictograms.
    ShiftJis,
    /// ISO 2022-JP.
    Iso2022Jp,
    /// EUC-JP, which has what JIS X 0212 adds.
    EucJp,
    /// EUC-KR, which has KS C 5601.
    EucKr,
    /// UTF-8: no standard has it, some carriers do.
    Utf8,
    /// Octets that are no text.
    Binary,
}

impl Coding {
    /// All of them with the names used in settings.
    pub const NAMES: [(Self, &'static str); 13] = [
        (Self::Gsm, "gsm"),
        (Self::GsmPacked, "gsm_packed"),
        (Self::Ascii, "ascii"),
        (Self::Latin1, "latin1"),
        (Self::Ucs2, "ucs2"),
        (Self::Cyrillic, "iso8859_5"),
        (Self::Hebrew, "iso8859_8"),
        (Self::ShiftJis, "shift_jis"),
        (Self::Iso2022Jp, "iso2022_jp"),
        (Self::EucJp, "euc_jp"),
        (Self::EucKr, "euc_kr"),
        (Self::Utf8, "utf8"),
        (Self::Binary, "binary"),
    ];

    /// The coding of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(_, held)| *held == name)
            .map(|(coding, _)| coding)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.into_iter().find(|(coding, _)| *coding == self);
        found.map_or("", |(_, name)| name)
    }

    /// What a `data_coding` means where the carrier has not said otherwise: SMPP's numbers up to 15, and above them the
    /// groups of 3GPP TS 23.038 §4, as carriers pass them on. What is reserved reads as the default alphabet.
    pub fn of(data_coding: u8) -> Self {
        match data_coding {
            0x01 => Self::Ascii,
            0x02 | 0x04 => Self::Binary,
            0x03 => Self::Latin1,
            0x05 | 0x09 => Self::ShiftJis,
            0x06 => Self::Cyrillic,
            0x07 => Self::Hebrew,
            0x08 => Self::Ucs2,
            0x0A => Self::Iso2022Jp,
            0x0D => Self::EucJp,
            0x0E => Self::EucKr,
            // General data coding: compressed, then the alphabet.
            0x10..=0x7F => match (data_coding & 0x20, data_coding & 0x0C) {
                (0, 0x08) => Self::Ucs2,
                (0, 0x00 | 0x0C) => Self::Gsm,
                _ => Self::Binary,
            },
            // Message waiting, with a text in UCS-2.
            0xE0..=0xEF => Self::Ucs2,
            // Message class.
            0xF0..=0xFF if data_coding & 0x04 != 0 => Self::Binary,
            _ => Self::Gsm,
        }
    }

    /// The octets of a text; nothing when it has characters that the coding lacks, or is no coding of texts. The tables
    /// are those of septets.
    pub fn encode(self, text: &str, tables: Tables) -> Option<Vec<u8>> {
        let by_table = |table: &'static encoding_rs::Encoding| {
            let (octets, _, has_unmappable) = table.encode(text);
            (!has_unmappable).then(|| octets.into_owned())
        };
        match self {
            Self::Gsm => tables.encode(text),
            Self::GsmPacked => Some(gsm::pack(&tables.encode(text)?, 0)),
            Self::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Self::Latin1 => text.chars().map(|character| u8::try_from(character).ok()).collect(),
            Self::Ucs2 => Some(ucs2::encode(text)),
            Self::Cyrillic => by_table(ISO_8859_5),
            Self::Hebrew => by_table(ISO_8859_8),
            Self::ShiftJis => by_table(SHIFT_JIS),
            Self::Iso2022Jp => by_table(ISO_2022_JP),
            Self::EucJp => by_table(EUC_JP),
            Self::EucKr => by_table(EUC_KR),
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Binary => None,
        }
    }

    /// The text of octets; what is no character becomes U+FFFD, and octets that are no text become their hexadecimal
    /// digits. `fill` is for packed septets: how many bits are free in front of them.
    pub fn decode(self, octets: &[u8], tables: Tables, fill: u8) -> String {
        let by_table = |table: &'static encoding_rs::Encoding| table.decode_without_bom_handling(octets).0.into_owned();
        match self {
            Self::Gsm => tables.decode(octets),
            Self::GsmPacked => tables.decode(&gsm::unpack(octets, fill, usize::MAX)),
            Self::Ascii => octets.iter().map(|octet| ascii(*octet)).collect(),
            Self::Latin1 => octets.iter().map(|octet| char::from(*octet)).collect(),
            Self::Ucs2 => ucs2::decode(octets),
            Self::Cyrillic => by_table(ISO_8859_5),
            Self::Hebrew => by_table(ISO_8859_8),
            Self::ShiftJis => by_table(SHIFT_JIS),
            Self::Iso2022Jp => by_table(ISO_2022_JP),
            Self::EucJp => by_table(EUC_JP),
            Self::EucKr => by_table(EUC_KR),
            Self::Utf8 => String::from_utf8_lossy(octets).into_owned(),
            Self::Binary => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
        }
    }
}

fn ascii(octet: u8) -> char {
    match octet.is_ascii() {
        true => char::from(octet),
        false => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn octets_are_those_of_the_coding() {
        let check = |name: &str, text: &str, octets: &[u8]| {
            let coding = Coding::from_name(name).unwrap();
            assert_eq!(
                coding.encode(text, Tables::default()).as_deref(),
                Some(octets),
                "{name}"
            );
            assert_eq!(coding.decode(octets, Tables::default(), 0), text, "{name}");
        };
        check("gsm", "@é§", &[0x00, 0x05, 0x5F]);
        check(
            "gsm_packed",
            "hellohello",
            &[0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37],
        );
        check("ascii", "`a", b"`a");
        check("latin1", "aç", &[0x61, 0xE7]);
        check("ucs2", "aç", &[0, 0x61, 0, 0xE7]);
        check("iso8859_5", "Да", &[0xB4, 0xD0]);
        check("iso8859_8", "שלום", &[0xF9, 0xEC, 0xE5, 0xED]);
        check("shift_jis", "日本", &[0x93, 0xFA, 0x96, 0x7B]);
        check("iso2022_jp", "日本", b"\x1B$BF|K\\\x1B(B");
        check("euc_jp", "日本", &[0xC6, 0xFC, 0xCB, 0xDC]);
        check("euc_kr", "한국", &[0xC7, 0xD1, 0xB1, 0xB9]);
        check("utf8", "é", &[0xC3, 0xA9]);
    }

    #[test]
    fn a_data_coding_means_what_the_specifications_say() {
        use Coding::*;
        let by_number = [
            Gsm, Ascii, Binary, Latin1, Binary, ShiftJis, Cyrillic, Hebrew, Ucs2, ShiftJis, Iso2022Jp, Gsm, Gsm, EucJp,
            EucKr, Gsm,
        ];
        for (number, expected) in (0..).zip(by_number) {
            assert_eq!(Coding::of(number), expected, "{number}");
        }
        for (number, expected) in [
            (0x11, Gsm),
            (0x14, Binary),
            (0x18, Ucs2),
            (0x19, Ucs2),
            (0x38, Binary),
            (0xC0, Gsm),
            (0xD1, Gsm),
            (0xE0, Ucs2),
            (0xF0, Gsm),
            (0xF1, Gsm),
            (0xF5, Binary),
        ] {
            assert_eq!(Coding::of(number), expected, "{number:02X}");
        }
    }

    #[test]
    fn what_a_coding_lacks_is_not_written() {
        for (name, text) in [
            ("gsm", "ç"),
            ("ascii", "é"),
            ("latin1", "€"),
            ("iso8859_5", "ç"),
            ("euc_kr", "😀"),
            ("binary", "a"),
        ] {
            let coding = Coding::from_name(name).unwrap();
            assert_eq!(coding.encode(text, Tables::default()), None, "{name}");
        }
        assert_eq!(Coding::Binary.decode(&[0, 0xAB], Tables::default(), 0), "00ab");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in any::<String>(), place in 0..Coding::NAMES.len()) {
            let (coding, _) = Coding::NAMES[place];
            // Of packed septets the last may be filling, and two of these read some signs as their wide forms.
            let is_exact = ![Coding::GsmPacked, Coding::ShiftJis, Coding::Iso2022Jp, Coding::EucJp].contains(&coding);
            if let Some(octets) = coding.encode(&text, Tables::default()).filter(|_| is_exact) {
                prop_assert_eq!(coding.decode(&octets, Tables::default(), 0), text);
            }
        }

        #[test]
        fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..200), place in 0..Coding::NAMES.len()) {
            let (coding, _) = Coding::NAMES[place];
            coding.decode(&octets, Tables::default(), 1);
        }
    }
}

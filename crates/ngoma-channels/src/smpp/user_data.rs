//! Between texts and what a `submit_sm` or `deliver_sm` carries: coding, header, parts.

use super::as_written::AsWritten;
use ngoma_engine::channel::PartHeader;
use ngoma_message::text::gsm::Tables;
use ngoma_message::text::header::{Concatenation, Reference, UserDataHeader};
use ngoma_message::text::{Coding, Cut, Cutting, Encoding, Measure, transliterate};
use ngoma_smpp::pdu::ShortMessage;
use ngoma_smpp::tlv;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The bit of esm_class that says that the user data begins with a header (SMPP 3.4 §5.2.12).
const UDHI: u8 = 0x40;
/// What `short_message` holds; more goes into `message_payload` (§5.3.2.32).
const SHORT: usize = 254;

/// How a long text goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Long {
    /// In parts, each with a user data header and an 8-bit reference: what every carrier takes.
    #[default]
    Udh,
    /// The same with a 16-bit reference.
    UdhWide,
    /// In parts that optional parameters tell apart (§5.3.2.22).
    Sar,
    /// Whole, in `message_payload`: the carrier cuts it.
    Payload,
}

/// How texts are written and read.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// How a long text goes.
    pub long: Long,
    /// Which national tables may be used.
    pub cutting: Cutting,
    /// Whether a text may be written in plainer letters to save segments.
    pub transliterates: bool,
    /// What a `data_coding` means at this carrier, where it is not what the specification says.
    pub codings: BTreeMap<u8, Coding>,
    /// The `data_coding` of texts in the default alphabet, and of others.
    pub data_codings: DataCodings,
}

/// The numbers that texts are sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataCodings {
    /// Of texts in the default alphabet.
    pub gsm: u8,
    /// Of others.
    pub ucs2: u8,
}

impl Default for DataCodings {
    fn default() -> Self {
        Self { gsm: 0, ucs2: 8 }
    }
}

/// A text that cannot be written as the channel's settings ask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data_coding {data_coding} ({coding}) has no {character:?}: see the setting codings")]
pub struct Unwritable {
    data_coding: u8,
    coding: &'static str,
    character: char,
}

impl Texts {
    /// The texts of the parts of a message; none when it goes whole.
    pub fn parts(&self, text: &str) -> Vec<String> {
        if self.long == Long::Payload {
            return Vec::new();
        }
        let text = self.plain(text);
        let cut = self.cut(&text);
        match cut.pieces.len() {
            1 => Vec::new(),
            _ => cut.pieces.into_iter().map(str::to_owned).collect(),
        }
    }

    /// How long a text is on the air.
    pub fn measure(&self, text: &str) -> Measure {
        self.cut(&self.plain(text)).measure()
    }

    /// What is written plainer: `written plainer: “ as ", ç as c`.
    pub fn rewrites(&self, text: &str) -> Option<String> {
        let changed = match self.transliterates {
            true => transliterate(text).changed,
            false => return None,
        };
        let told = changed.iter().map(|(from, to)| match to.as_str() {
            "" => format!("{from} left out"),
            to => format!("{from} as {to}"),
        });
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| format!("written plainer: {}", told.join(", ")))
    }

    /// What is sent of a text: what the receiver can read for less, where that is allowed.
    pub fn plain(&self, text: &str) -> String {
        match self.transliterates {
            true => transliterate(text).text,
            false => text.to_owned(),
        }
    }

    /// Writes a text, or a part of one, into a message. All parts of a text are written in the same way: that of the whole.
    pub fn write(
        &self,
        message: &mut ShortMessage,
        (text, whole): (&str, &str),
        part: Option<PartHeader>,
    ) -> Result<(), Unwritable> {
        self.write_cut(message, text, &self.cut(whole), (part, self.long))
    }

    /// Writes what a system wrote, as it wrote it.
    pub fn write_as_written(
        &self,
        message: &mut ShortMessage,
        text: &str,
        written: AsWritten,
    ) -> Result<(), Unwritable> {
        match written {
            AsWritten::Part {
                header,
                is_wide_reference,
                is_ucs2,
            } => {
                let cut = match is_ucs2 {
                    true => self.cutting.cut_as_ucs2(text),
                    false => self.cut(text),
                };
                // The room that was left for the header decides about it, not this channel's own way.
                let long = match (self.long, is_wide_reference) {
                    (Long::Sar | Long::Payload, _) => Long::Sar,
                    (_, true) => Long::UdhWide,
                    (_, false) => Long::Udh,
                };
                self.write_cut(message, text, &cut, (Some(header), long))
            }
            AsWritten::Octets {
                data_coding,
                has_header,
                octets,
                part,
            } => {
                message.data_coding = data_coding;
                if has_header {
                    message.esm_class |= UDHI;
                }
                part.into_iter().for_each(|part| push_sar(message, part));
                self.push(message, octets);
                Ok(())
            }
        }
    }

    fn write_cut(
        &self,
        message: &mut ShortMessage,
        text: &str,
        cut: &Cut<'_>,
        (part, long): (Option<PartHeader>, Long),
    ) -> Result<(), Unwritable> {
        let Cut { encoding, tables, .. } = *cut;
        let data_coding = match encoding {
            Encoding::Gsm7 => self.data_codings.gsm,
            Encoding::Ucs2 => self.data_codings.ucs2,
        };
        let coding = self.coding(data_coding);
        let mut header = UserDataHeader {
            tables,
            ..UserDataHeader::default()
        };
        match (part, long) {
            (Some(part), Long::Sar | Long::Payload) => push_sar(message, part),
            (Some(part), long) => {
                let [_, low] = part.reference().to_be_bytes();
                header.concatenation = Some(Concatenation {
                    reference: match long {
                        Long::UdhWide => Reference::Wide(part.reference()),
                        _ => Reference::Narrow(low),
                    },
                    total: part.total(),
                    number: part.number(),
                });
            }
            (None, _) => {}
        }
        let header = header.encode();
        let octets = self.encode(text, coding, tables, header.len());
        let octets = octets.ok_or_else(|| Unwritable {
            data_coding,
            coding: coding.name(),
            character: text
                .chars()
                .find(|character| coding.encode(&character.to_string(), tables).is_none())
                .unwrap_or_default(),
        })?;
        message.data_coding = data_coding;
        if !header.is_empty() {
            message.esm_class |= UDHI;
        }
        self.push(message, [header, octets].concat());
        Ok(())
    }

    fn push(&self, message: &mut ShortMessage, user_data: Vec<u8>) {
        match user_data.len() <= SHORT && self.long != Long::Payload {
            true => message.short_message = user_data.into(),
            false => message.tlvs.push(tlv::MESSAGE_PAYLOAD, user_data),
        }
    }

    fn encode(&self, text: &str, coding: Coding, tables: Tables, header: usize) -> Option<Vec<u8>> {
        match coding {
            // Packed septets begin where the header's last septet ends.
            Coding::GsmPacked => {
                let septets = tables.encode(text)?;
                Some(ngoma_message::text::gsm::pack(&septets, UserDataHeader::fill(header)))
            }
            coding => coding.encode(text, tables),
        }
    }

    /// A text in its pieces: where the channel's coding of GSM texts lacks one of its characters, as UCS-2.
    fn cut<'a>(&self, text: &'a str) -> Cut<'a> {
        let cut = self.cutting.cut(text);
        let coding = self.coding(self.data_codings.gsm);
        match cut.encoding == Encoding::Gsm7 && coding.encode(text, cut.tables).is_none() {
            true => self.cutting.cut_as_ucs2(text),
            false => cut,
        }
    }

    /// How texts with that `data_coding` are written.
    pub fn coding(&self, data_coding: u8) -> Coding {
        let coding = self.codings.get(&data_coding).copied();
        coding.unwrap_or_else(|| Coding::of(data_coding))
    }

    /// Reads a message: its text, and which part of which text it is.
    pub fn read(&self, message: &ShortMessage) -> (String, Option<PartHeader>) {
        let user_data = message.user_data();
        let decoded = match message.has_udh() {
            true => UserDataHeader::decode(user_data),
            false => None,
        };
        // Data that claims a header and has none is read as it stands.
        let (header, length) = decoded.unwrap_or_default();
        let coding = self.coding(message.data_coding);
        let text = coding.decode(&user_data[length..], header.tables, UserDataHeader::fill(length));
        let by_header = header
            .concatenation
            .map(|part| (part.reference.number(), part.total, part.number));
        let part = by_header.or_else(|| sar(message));
        (
            text,
            part.and_then(|(reference, total, number)| PartHeader::new(reference, total, number)),
        )
    }
}

fn push_sar(message: &mut ShortMessage, part: PartHeader) {
    let reference = part.reference().to_be_bytes().to_vec();
    message.tlvs.push(tlv::SAR_MSG_REF_NUM, reference);
    message.tlvs.push(tlv::SAR_TOTAL_SEGMENTS, vec![part.total()]);
    message.tlvs.push(tlv::SAR_SEGMENT_SEQNUM, vec![part.number()]);
}

/// The part that optional parameters tell of.
fn sar(message: &ShortMessage) -> Option<(u16, u8, u8)> {
    let number = |tag| message.tlvs.number(tag);
    let reference = number(tlv::SAR_MSG_REF_NUM)?.try_into().ok()?;
    let total = number(tlv::SAR_TOTAL_SEGMENTS)?.try_into().ok()?;
    let part = number(tlv::SAR_SEGMENT_SEQNUM)?.try_into().ok()?;
    Some((reference, total, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_message::text::gsm::Language;

    /// Sends a text as the channel does and reads it as the other side would: the text of each PDU, and its part.
    fn there_and_back(texts: &Texts, text: &str) -> Vec<(String, Option<PartHeader>)> {
        let parts = texts.parts(text);
        let whole = texts.plain(text);
        if parts.is_empty() {
            let mut message = ShortMessage::default();
            texts.write(&mut message, (&whole, &whole), None).unwrap();
            return vec![texts.read(&message)];
        }
        let total = u8::try_from(parts.len()).unwrap();
        let send = |(number, part): (u8, &String)| {
            let mut message = ShortMessage::default();
            let header = PartHeader::new(0xABCD, total, number);
            texts.write(&mut message, (part, &whole), header).unwrap();
            assert!(message.user_data().len() <= 160, "{} octets", message.user_data().len());
            texts.read(&message)
        };
        (1..).zip(&parts).map(send).collect()
    }

    fn long_texts() -> Vec<String> {
        vec![
            "Hello".into(),
            "a".repeat(161),
            "€".repeat(200),
            "ç".repeat(71),
            "😀".repeat(80),
            "नमस्ते ".repeat(40),
            "ş".repeat(400),
        ]
    }

    #[test]
    fn long_texts_arrive_whole_in_every_form() {
        for long in [Long::Udh, Long::UdhWide, Long::Sar, Long::Payload] {
            for coding in [Coding::Gsm, Coding::GsmPacked] {
                for languages in [vec![], vec![Language::Turkish, Language::Hindi]] {
                    let texts = Texts {
                        long,
                        cutting: Cutting {
                            languages,
                            has_wide_reference: long == Long::UdhWide,
                        },
                        codings: BTreeMap::from([(0, coding)]),
                        ..Texts::default()
                    };
                    for text in long_texts() {
                        let came = there_and_back(&texts, &text);
                        let whole: String = came.iter().map(|(text, _)| text.trim_end_matches('@')).collect();
                        assert_eq!(whole, text, "{long:?} {coding:?}");
                        let reference = if long == Long::Udh { 0xCD } else { 0xABCD };
                        for (number, (_, part)) in (1..).zip(&came) {
                            let expected = PartHeader::new(reference, came.len().try_into().unwrap(), number);
                            assert_eq!(*part, expected.filter(|_| came.len() > 1));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_text_is_measured_as_it_is_written() {
        let measure = |texts: &Texts, text: &str| texts.measure(text).segments;
        let turkish = Texts {
            cutting: Cutting {
                languages: vec![Language::Turkish],
                has_wide_reference: false,
            },
            ..Texts::default()
        };
        let plainer = Texts {
            transliterates: true,
            ..Texts::default()
        };
        let text = "ş".repeat(140);
        assert_eq!((measure(&Texts::default(), &text), measure(&turkish, &text)), (3, 1));
        assert_eq!(measure(&plainer, &text), 1);
    }

    fn from_system(esm_class: u8, data_coding: u8, octets: &[u8]) -> ShortMessage {
        ShortMessage {
            esm_class,
            data_coding,
            short_message: octets.to_vec().into(),
            ..ShortMessage::default()
        }
    }

    /// What a system cut or coded itself arrives as it was, whatever the channel's own way is.
    #[test]
    fn what_a_system_wrote_goes_on_as_it_came() {
        let narrow = [5, 0, 3, 0x77, 2, 1];
        let wide = [6, 8, 4, 0x12, 0x34, 2, 2];
        let with = |header: &[u8], text: &[u8]| [header, text].concat();
        let written = [
            from_system(UDHI, 0, &with(&narrow, b"plain")),
            from_system(UDHI, 0, &with(&wide, &[b'a'; 152])),
            from_system(UDHI, 8, &with(&narrow, &[0, b'o', 0, b'k'])),
            // Latin-1 in parts: the other part may have what GSM lacks.
            from_system(UDHI, 3, &with(&narrow, &[0xE7; 134])),
            // Ports, and a national table.
            from_system(UDHI, 4, &[6, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 1, 2, 3]),
            from_system(UDHI, 0, &[3, 0x24, 1, 1, b'h']),
            from_system(0, 4, &[0xFF, 0, 1]),
        ];
        for long in [Long::Udh, Long::UdhWide, Long::Sar] {
            let texts = Texts {
                long,
                ..Texts::default()
            };
            for came in &written {
                let noted = AsWritten::of(came, &Texts::default())
                    .expect("it is no plain text")
                    .as_metadata();
                let (content, part) = texts.read(came);
                let mut sent = ShortMessage::default();
                let kept = AsWritten::noted(&noted).expect("it was noted");
                texts.write_as_written(&mut sent, &content, kept).unwrap();
                assert_eq!(texts.read(&sent), (content, part), "{long:?} {came:?}");
                assert!(sent.short_message.len() <= came.short_message.len());
                if long != Long::Sar {
                    assert_eq!(
                        (&sent.short_message, sent.data_coding),
                        (&came.short_message, came.data_coding)
                    );
                }
            }
        }
        for plain in [
            from_system(0, 0, b"hi"),
            from_system(0, 3, &[0xE7]),
            from_system(0, 8, &[0, 1]),
        ] {
            assert_eq!(AsWritten::of(&plain, &Texts::default()), None);
        }
        let by_parameters = ShortMessage {
            tlvs: tlv::Tlvs::default()
                .with(tlv::SAR_MSG_REF_NUM, vec![0, 7])
                .with(tlv::SAR_TOTAL_SEGMENTS, vec![2])
                .with(tlv::SAR_SEGMENT_SEQNUM, vec![1]),
            ..from_system(0, 3, &[0xE7; 140])
        };
        let kept = AsWritten::of(&by_parameters, &Texts::default()).unwrap();
        let mut sent = ShortMessage::default();
        Texts::default().write_as_written(&mut sent, "", kept).unwrap();
        assert_eq!(
            (sent.tlvs, sent.short_message),
            (by_parameters.tlvs, by_parameters.short_message)
        );
    }

    #[test]
    fn all_parts_are_written_as_the_whole_is() {
        let texts = Texts::default();
        let text = "a".repeat(100) + "ç";
        let parts = texts.parts(&text);
        for (number, part) in (1..).zip(&parts) {
            let mut message = ShortMessage::default();
            texts
                .write(&mut message, (part, &text), PartHeader::new(1, 2, number))
                .unwrap();
            assert_eq!((message.data_coding, message.esm_class), (8, 0x40));
        }
    }

    #[test]
    fn a_carriers_codings_take_the_place_of_the_specifications() {
        let texts = Texts {
            codings: BTreeMap::from([(0, Coding::Latin1)]),
            ..Texts::default()
        };
        let mut message = ShortMessage::default();
        texts.write(&mut message, ("é@", "é@"), None).unwrap();
        assert_eq!(message.short_message[..], [0xE9, b'@']);
        // What it lacks goes as UCS-2, all parts alike.
        for text in ["5 €".to_owned(), "a".repeat(150) + "€"] {
            let came: String = there_and_back(&texts, &text)
                .into_iter()
                .map(|(text, _)| text)
                .collect();
            assert_eq!(came, text);
            let mut message = ShortMessage::default();
            texts.write(&mut message, ("a", &text), None).unwrap();
            assert_eq!(message.data_coding, 8);
        }
        let wrong = Texts {
            codings: BTreeMap::from([(8, Coding::Ascii)]),
            ..Texts::default()
        };
        let error = wrong.write(&mut ShortMessage::default(), ("ç", "ç"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "data_coding 8 (ascii) has no 'ç': see the setting codings"
        );
    }

    #[test]
    fn a_text_may_be_written_in_plainer_letters() {
        let texts = Texts {
            transliterates: true,
            ..Texts::default()
        };
        assert_eq!(there_and_back(&texts, "“Où ça?”"), [("\"Où ca?\"".to_owned(), None)]);
        assert_eq!(there_and_back(&texts, "ça 😀"), [("ça 😀".to_owned(), None)]);
        assert_eq!(
            texts.rewrites("“Où ça?”").as_deref(),
            Some("written plainer: ç as c, “ as \", ” as \"")
        );
        assert_eq!(texts.rewrites("ça 😀"), None);
        assert_eq!(Texts::default().rewrites("“"), None);
    }

    #[test]
    fn user_data_that_claims_a_header_and_has_none_is_read_as_it_stands() {
        let message = ShortMessage {
            esm_class: UDHI,
            short_message: vec![0x7F, b'h', b'i'].into(),
            ..ShortMessage::default()
        };
        assert_eq!(Texts::default().read(&message), ("àhi".to_owned(), None));
    }
}

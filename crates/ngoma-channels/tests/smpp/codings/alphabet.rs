//! Every character and every octet of the GSM alphabet, with and without an escape in front.

use super::libraries::{Kind, Library, NODE, PYTHON, Reading};
use super::{Coder, hex};
use ngoma_message::text::gsm::{self, ESCAPE};

/// Every character of the basic plane, and one beyond it.
fn characters() -> Vec<String> {
    let basic = ('\0'..='\u{FFFF}').chain(['😀']);
    basic.map(String::from).collect()
}

/// Every octet, alone and after an escape.
fn all_octets() -> Vec<Vec<u8>> {
    let alone = (0..=255).map(|octet| vec![octet]);
    alone.chain((0..=255).map(|octet| vec![ESCAPE, octet])).collect()
}

fn kind(octets: &[u8]) -> Option<Kind> {
    match *octets {
        [ESCAPE] => Some(Kind::LoneEscape),
        [128..=255] => Some(Kind::Above127),
        [ESCAPE, ESCAPE] => Some(Kind::TwoEscapes),
        [ESCAPE, 128..=255] => Some(Kind::EscapedAbove127),
        // In the extension table it would be another character than without the escape.
        [ESCAPE, septet] if gsm::decode(octets) == gsm::decode(&[septet]) => Some(Kind::Unextended),
        _ => None,
    }
}

impl Library {
    async fn writes_as_said(&self, coder: &mut Coder) {
        let characters = characters();
        let written = coder.encode(self.name, &characters).await;
        for (character, theirs) in characters.iter().zip(written) {
            let ours = gsm::encode(character);
            let said = self.writes.iter().find(|(odd, _, _)| character.starts_with(*odd));
            let usual = ours.or_else(|| Some(self.writes_for_others?.repeat(character.encode_utf16().count())));
            if let Some((_, otherwise, reason)) = said {
                let otherwise = otherwise.map(<[u8]>::to_vec);
                assert_eq!(
                    theirs, otherwise,
                    "{} no longer writes {character:?} otherwise: {reason}",
                    self.name
                );
                assert_ne!(theirs, usual, "{} writes {character:?} as the standard does", self.name);
            } else {
                assert_eq!(theirs, usual, "{} writes {character:?}", self.name);
            }
        }
    }

    async fn reads_as_said(&self, coder: &mut Coder) {
        let all = all_octets();
        let read = coder.decode(self.name, &all).await;
        for (octets, theirs) in all.iter().zip(read) {
            let (ours, kind, place) = (gsm::decode(octets), kind(octets), hex(octets));
            let said = self.reads.iter().find(|(odd, _, _)| Some(*odd) == kind);
            if let Some((_, reading, reason)) = said {
                let otherwise = match reading {
                    Reading::Refused => None,
                    Reading::Text(text) => Some((*text).to_owned()),
                    Reading::Before(text) => Some(format!("{text}{ours}")),
                };
                assert_eq!(
                    theirs, otherwise,
                    "{} no longer reads {place} otherwise: {reason}",
                    self.name
                );
                assert_ne!(
                    theirs.as_deref(),
                    Some(&*ours),
                    "{} reads {place} as the standard does",
                    self.name
                );
            } else {
                assert_eq!(theirs, Some(ours), "{} reads {place}", self.name);
            }
        }
    }
}

#[tokio::test]
async fn pythons_libraries_write_and_read_as_we_do_but_for_what_is_written_down() {
    let mut coder = Coder::python();
    for library in &PYTHON {
        library.writes_as_said(&mut coder).await;
        if !library.reads.is_empty() {
            library.reads_as_said(&mut coder).await;
        }
    }
}

#[tokio::test]
async fn npm_smpp_writes_and_reads_as_we_do_but_for_what_is_written_down() {
    let mut coder = Coder::node();
    for library in &NODE {
        library.writes_as_said(&mut coder).await;
        library.reads_as_said(&mut coder).await;
    }
}

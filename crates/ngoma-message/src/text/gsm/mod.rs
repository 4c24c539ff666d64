//! GSM 03.38 text as unpacked septets: the default alphabet, its extension table, and the tables of national languages
//! that may take their places (3GPP TS 23.038 §6.2.1).

mod national;
mod packing;

pub use national::Language;
pub use packing::{pack, unpack};

/// The septet that announces a character of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// The default alphabet in the order of its codes (§6.2.1). The escape itself stands at its own place.
const ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', // 0x00
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É', // 0x10
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', // 0x20
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', // 0x30
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', // 0x40
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', // 0x50
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', // 0x60
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', // 0x70
];

/// The extension table (§6.2.1.1): each of these follows an escape.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Which tables a text is written by; by none of a language, those of the default alphabet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Whose table takes the place of the default alphabet (§6.2.1.2.3).
    pub locking: Option<Language>,
    /// Whose table gives the escape other characters (§6.2.1.2.2).
    pub single: Option<Language>,
}

/// How a character is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// One septet.
    Plain(u8),
    /// This septet, after an escape.
    Escaped(u8),
}

/// How many septets a character takes: one, two after an escape, or `None` when the alphabet does not have it.
pub fn septets(character: char) -> Option<usize> {
    Tables::default().septets(character)
}

/// The unpacked septets of a text, or `None` when a character is not in the alphabet.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    Tables::default().encode(text)
}

/// The text of unpacked septets, as [`Tables::decode`] reads it.
pub fn decode(septets: &[u8]) -> String {
    Tables::default().decode(septets)
}

impl Tables {
    /// How many septets a character takes: one, two after an escape, or `None` when the tables do not have it.
    pub fn septets(self, character: char) -> Option<usize> {
        self.code(character).map(|code| match code {
            Code::Plain(_) => 1,
            Code::Escaped(_) => 2,
        })
    }

    /// The unpacked septets of a text, or `None` when a character is not in the tables.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        let mut encoded = Vec::with_capacity(text.len());
        for character in text.chars() {
            match self.code(character)? {
                Code::Plain(septet) => encoded.push(septet),
                Code::Escaped(septet) => encoded.extend([ESCAPE, septet]),
            }
        }
        Some(encoded)
    }

    /// The text of unpacked septets. Nothing fails: what has no character after an escape reads as it does without, and a
    /// stray escape as a space, as §6.2.1.1 and §6.2.1.2 ask of receivers; what has none at all, and a value above 127,
    /// becomes U+FFFD.
    pub fn decode(self, septets: &[u8]) -> String {
        let mut text = String::with_capacity(septets.len());
        let mut rest = septets.iter().copied();
        while let Some(septet) = rest.next() {
            let character = match septet {
                ESCAPE => rest.next().map_or(' ', |septet| self.escaped(septet)),
                other => self.plain(other),
            };
            text.push(character);
        }
        text
    }

    fn code(self, character: char) -> Option<Code> {
        let plain = match self.locking {
            Some(language) if language.has_locking() => language.locking_septet(character),
            _ => default_septet(character),
        };
        let escaped = || match self.single {
            Some(language) => language.single_septet(character),
            None => extension_septet(character),
        };
        plain.map(Code::Plain).or_else(|| escaped().map(Code::Escaped))
    }

    fn plain(self, septet: u8) -> char {
        let character = match (septet, self.locking) {
            (ESCAPE, _) => Some(' '),
            (other, Some(language)) if language.has_locking() => language.locked(other),
            (other, _) => ALPHABET.get(usize::from(other)).copied(),
        };
        character.unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn escaped(self, septet: u8) -> char {
        let found = match self.single {
            Some(language) => language.shifted(septet),
            None => extension(septet),
        };
        found.unwrap_or_else(|| self.plain(septet))
    }
}

fn default_septet(character: char) -> Option<u8> {
    // Most texts are plain letters and digits, which stand at their ASCII place.
    if character.is_ascii_alphanumeric() || character == ' ' {
        return Some(character as u8);
    }
    let place = ALPHABET.iter().position(|entry| *entry == character)?;
    u8::try_from(place).ok().filter(|septet| *septet != ESCAPE)
}

fn extension_septet(character: char) -> Option<u8> {
    let found = EXTENSION.iter().find(|(_, entry)| *entry == character);
    found.map(|(septet, _)| *septet)
}

fn extension(septet: u8) -> Option<char> {
    let found = EXTENSION.iter().find(|(code, _)| *code == septet);
    found.map(|(_, character)| *character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_take_the_septets_of_the_specification() {
        let check = |character: char, expected: &[u8]| {
            assert_eq!(
                encode(&character.to_string()).as_deref(),
                Some(expected),
                "{character:?}"
            );
            assert_eq!(septets(character), Some(expected.len()), "{character:?}");
            assert_eq!(decode(expected), character.to_string(), "{character:?}");
        };
        for (character, septet) in [
            ('@', 0x00),
            ('£', 0x01),
            ('_', 0x11),
            ('Δ', 0x10),
            ('Ξ', 0x1A),
            ('É', 0x1F),
        ] {
            check(character, &[septet]);
        }
        for (character, septet) in [
            (' ', 0x20),
            ('¤', 0x24),
            ('0', 0x30),
            ('?', 0x3F),
            ('¡', 0x40),
            ('A', 0x41),
        ] {
            check(character, &[septet]);
        }
        for (character, septet) in [
            ('Z', 0x5A),
            ('§', 0x5F),
            ('¿', 0x60),
            ('a', 0x61),
            ('z', 0x7A),
            ('à', 0x7F),
        ] {
            check(character, &[septet]);
        }
        for (septet, character) in EXTENSION {
            check(character, &[ESCAPE, septet]);
        }
    }

    #[test]
    fn every_septet_but_the_escape_is_a_different_character() {
        for septet in (0..128).filter(|septet| *septet != ESCAPE) {
            assert_eq!(encode(&decode(&[septet])), Some(vec![septet]));
        }
    }

    #[test]
    fn characters_outside_the_alphabet_have_no_septets() {
        for character in ['ç', '`', 'ŵ', 'á', 'ě', '\t', '\u{1B}', '\0', '’', '…', 'አ', '😀'] {
            assert_eq!(septets(character), None, "{character:?}");
            assert_eq!(encode(&format!("a{character}")), None, "{character:?}");
        }
    }

    #[test]
    fn septets_that_say_nothing_still_read_as_something() {
        let check = |septets: &[u8], expected: &str| assert_eq!(decode(septets), expected, "{septets:?}");
        check(&[], "");
        check(&[0x61, ESCAPE], "a ");
        check(&[ESCAPE, 0x61], "a");
        check(&[ESCAPE, ESCAPE, 0x61], " a");
        check(&[0x61, 0x80, 0xFF], "a\u{FFFD}\u{FFFD}");
        check(&[ESCAPE, 0xE5], "\u{FFFD}");
    }

    /// All tables a text may be written by.
    fn all_tables() -> Vec<Tables> {
        let languages = || std::iter::once(None).chain(Language::ALL.into_iter().map(Some));
        let pairs = languages().flat_map(|locking| languages().map(move |single| (locking, single)));
        pairs.map(|(locking, single)| Tables { locking, single }).collect()
    }

    #[test]
    fn every_character_of_every_table_is_read_as_it_was_written() {
        for tables in all_tables() {
            let plain = (0..128).filter(|septet| *septet != ESCAPE).map(|septet| vec![septet]);
            let escaped = (0..128).map(|septet| vec![ESCAPE, septet]);
            for septets in plain.chain(escaped) {
                let text = tables.decode(&septets);
                // It may be written shorter, or by a lower code; what no table has is not written.
                match tables.encode(&text) {
                    Some(written) => {
                        assert!(written.len() <= septets.len(), "{tables:?} {text:?}");
                        assert_eq!(tables.decode(&written), text, "{tables:?}");
                    }
                    None => assert_eq!(text, "\u{FFFD}", "{tables:?} {septets:?}"),
                }
            }
        }
    }

    #[test]
    fn a_language_takes_the_place_of_a_table() {
        let check = |locking: Option<&str>, single: Option<&str>, text: &str, expected: Option<&[u8]>| {
            let language = |code: Option<&str>| code.and_then(Language::from_code);
            let tables = Tables {
                locking: language(locking),
                single: language(single),
            };
            assert_eq!(tables.encode(text).as_deref(), expected, "{tables:?} {text}");
        };
        check(None, Some("tr"), "ş", Some(&[ESCAPE, 0x73]));
        check(Some("tr"), None, "ş", Some(&[0x1D]));
        check(Some("tr"), Some("tr"), "ş€", Some(&[0x1D, 0x04]));
        check(None, Some("es"), "á", Some(&[ESCAPE, 0x61]));
        check(Some("es"), Some("es"), "á@", Some(&[ESCAPE, 0x61, 0]));
        check(Some("hi"), Some("hi"), "ँ", Some(&[0x00]));
        // Capital letters are in the single shift tables of the languages that have none.
        check(Some("hi"), Some("hi"), "A", Some(&[ESCAPE, 0x41]));
        check(Some("hi"), None, "A", None);
        check(None, None, "ş", None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(text in r"[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ -Z^{}\\\[~\]|€a-z\n\r]{0,200}") {
            let encoded = encode(&text).expect("every character is in the alphabet");
            prop_assert_eq!(encoded.len(), text.chars().filter_map(septets).sum::<usize>());
            prop_assert!(encoded.iter().all(|septet| *septet < 128));
            prop_assert_eq!(decode(&encoded), text);
        }

        #[test]
        fn any_octets_decode(
            octets in prop::collection::vec(any::<u8>(), 0..200),
            tables in prop::sample::select(all_tables()),
        ) {
            prop_assert!(tables.decode(&octets).chars().count() <= octets.len());
        }
    }
}

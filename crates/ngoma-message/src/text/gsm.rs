//! The GSM 03.38 default alphabet and its extension table, as unpacked septets (3GPP TS 23.038 §6.2.1, §6.2.1.1).

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

/// How a character is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// One septet of the default alphabet.
    Default(u8),
    /// This septet, after an escape.
    Extended(u8),
}

/// How many septets a character takes: one, two after an escape, or `None` when the alphabet does not have it.
pub fn septets(character: char) -> Option<usize> {
    code(character).map(|code| match code {
        Code::Default(_) => 1,
        Code::Extended(_) => 2,
    })
}

/// The unpacked septets of a text, or `None` when a character is not in the alphabet.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut encoded = Vec::with_capacity(text.len());
    for character in text.chars() {
        match code(character)? {
            Code::Default(septet) => encoded.push(septet),
            Code::Extended(septet) => encoded.extend([ESCAPE, septet]),
        }
    }
    Some(encoded)
}

/// The text of unpacked septets. Nothing fails: an unassigned extension reads as its default character and a stray escape
/// as a space, as §6.2.1.1 asks of receivers; a value above 127 is no septet and becomes U+FFFD.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut rest = septets.iter().copied();
    while let Some(septet) = rest.next() {
        let character = match septet {
            ESCAPE => rest.next().map_or(' ', extended),
            other => default(other),
        };
        text.push(character);
    }
    text
}

fn code(character: char) -> Option<Code> {
    // Most texts are plain letters and digits, which stand at their ASCII place.
    if character.is_ascii_alphanumeric() || character == ' ' {
        return Some(Code::Default(character as u8));
    }
    let at = |(septet, _): (usize, &char)| u8::try_from(septet).ok().filter(|septet| *septet != ESCAPE);
    let in_default = ALPHABET
        .iter()
        .enumerate()
        .find(|(_, entry)| **entry == character)
        .and_then(at);
    let in_extension = || {
        EXTENSION
            .iter()
            .find(|(_, entry)| *entry == character)
            .map(|(septet, _)| *septet)
    };
    in_default
        .map(Code::Default)
        .or_else(|| in_extension().map(Code::Extended))
}

fn default(septet: u8) -> char {
    match septet {
        ESCAPE => ' ',
        other => ALPHABET
            .get(usize::from(other))
            .copied()
            .unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

fn extended(septet: u8) -> char {
    let found = EXTENSION.iter().find(|(code, _)| *code == septet);
    found.map_or_else(|| default(septet), |(_, character)| *character)
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

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(text in r"[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ -Z^{}\\\[~\]|€a-z\n\r]{0,200}") {
            let encoded = encode(&text).expect("every character is in the alphabet");
            prop_assert_eq!(encoded.len(), text.chars().filter_map(septets).sum::<usize>());
            prop_assert!(encoded.iter().all(|septet| *septet < 128));
            prop_assert_eq!(decode(&encoded), text);
        }

        #[test]
        fn any_octets_decode(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&octets).chars().count() <= octets.len());
        }
    }
}

//! UCS-2, in practice UTF-16 big-endian: a character outside the basic plane is a surrogate pair of two units.

/// How many UTF-16 units a character takes: one, or two for a surrogate pair.
pub fn units(character: char) -> usize {
    character.len_utf16()
}

/// The octets of a text, two a unit, high octet first.
pub fn encode(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The text of such octets. Nothing fails: half a surrogate pair, and an odd octet at the end, become U+FFFD.
pub fn decode(octets: &[u8]) -> String {
    let pairs = octets.chunks_exact(2);
    let is_odd = !pairs.remainder().is_empty();
    let units: Vec<u16> = pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let mut text = String::from_utf16_lossy(&units);
    if is_odd {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn octets_come_high_first_and_pairs_stay_pairs() {
        let check = |text: &str, octets: &[u8]| {
            assert_eq!(encode(text), octets, "{text:?}");
            assert_eq!(decode(octets), text, "{text:?}");
        };
        check("", &[]);
        check("aé", &[0x00, 0x61, 0x00, 0xE9]);
        check("አ", &[0x12, 0xA0]);
        check("😀", &[0xD8, 0x3D, 0xDE, 0x00]);
    }

    #[test]
    fn broken_octets_still_read_as_something() {
        assert_eq!(decode(&[0xD8, 0x3D]), "\u{FFFD}");
        assert_eq!(decode(&[0x00, 0x61, 0x00]), "a\u{FFFD}");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(text in any::<String>()) {
            prop_assert_eq!(encode(&text).len(), 2 * text.chars().map(units).sum::<usize>());
            prop_assert_eq!(decode(&encode(&text)), text);
        }
    }
}

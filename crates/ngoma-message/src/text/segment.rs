//! The segments of an SMS: one when it fits, else pieces with a concatenation header (3GPP TS 23.040 §9.2.3.24.1).

use super::{Encoding, Measure, encoding, units};

/// What a short message holds alone: 140 octets, so 160 septets or 70 UCS-2 units.
pub const fn single_limit(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 160,
        Encoding::Ucs2 => 70,
    }
}

/// What a piece of a long message holds: six octets less, for a header with an 8-bit reference.
pub const fn piece_limit(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 153,
        Encoding::Ucs2 => 67,
    }
}

/// Measures a text as an SMS; an empty text still goes as one segment.
pub fn measure(text: &str) -> Measure {
    let encoding = encoding(text);
    let units = units(text, encoding);
    let segments = if units <= single_limit(encoding) {
        1
    } else {
        pieces(text, encoding).len()
    };
    Measure {
        encoding,
        units,
        segments,
    }
}

/// Splits a text into the pieces of a long SMS; an escape pair or a surrogate pair is never cut.
pub fn segments(text: &str) -> Vec<String> {
    let encoding = encoding(text);
    if units(text, encoding) <= single_limit(encoding) {
        return vec![text.to_owned()];
    }
    pieces(text, encoding).into_iter().map(str::to_owned).collect()
}

/// Fills one piece after the other with whole characters.
fn pieces(text: &str, encoding: Encoding) -> Vec<&str> {
    let limit = piece_limit(encoding);
    let mut pieces = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for (at, character) in text.char_indices() {
        let width = encoding.width(character);
        if filled + width > limit {
            pieces.push(&text[start..at]);
            (start, filled) = (at, 0);
        }
        filled += width;
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_takes_the_segments_its_length_needs() {
        let check = |text: &str, encoding: Encoding, units: usize, segments: usize| {
            let expected = Measure {
                encoding,
                units,
                segments,
            };
            assert_eq!(
                measure(text),
                expected,
                "{} characters of {text:.12}",
                text.chars().count()
            );
        };
        check("", Encoding::Gsm7, 0, 1);
        check("Hello", Encoding::Gsm7, 5, 1);
        check("€5 {a}", Encoding::Gsm7, 9, 1);
        for (count, segments) in [(160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)] {
            check(&"a".repeat(count), Encoding::Gsm7, count, segments);
        }
        for (count, segments) in [(80, 1), (81, 2), (152, 2), (153, 3)] {
            check(&"€".repeat(count), Encoding::Gsm7, 2 * count, segments);
        }
        check("Où ça?", Encoding::Ucs2, 6, 1);
        for (count, segments) in [(70, 1), (71, 2), (134, 2), (135, 3)] {
            check(&"ç".repeat(count), Encoding::Ucs2, count, segments);
        }
        for (count, segments) in [(35, 1), (36, 2), (66, 2), (67, 3)] {
            check(&"😀".repeat(count), Encoding::Ucs2, 2 * count, segments);
        }
    }

    #[test]
    fn a_pair_at_the_border_goes_whole_into_the_next_piece() {
        let check = |text: String, first: usize| {
            let pieces = segments(&text);
            assert_eq!(pieces[0].chars().count(), first, "{text}");
            assert_eq!(pieces.concat(), text);
        };
        check("a".repeat(152) + "€" + &"a".repeat(20), 152);
        check("a".repeat(151) + "€" + &"a".repeat(20), 152);
        check("ç".repeat(66) + "😀" + &"ç".repeat(20), 66);
        check("ç".repeat(65) + "😀" + &"ç".repeat(20), 66);
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z€{}]{0,700}",
            "[aç😀]{0,400}",
            "[a-z ]{140,170}",
            "[ç😀]{60,80}"
        ]
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_text_and_each_fits(text in texts()) {
            let (measure, pieces) = (measure(&text), segments(&text));
            prop_assert_eq!(pieces.concat(), text.as_str());
            prop_assert_eq!(pieces.len(), measure.segments);
            let limit = match pieces.len() {
                1 => single_limit(measure.encoding),
                _ => piece_limit(measure.encoding),
            };
            let sizes: Vec<usize> = pieces.iter().map(|piece| units(piece, measure.encoding)).collect();
            prop_assert!(sizes.iter().all(|size| *size <= limit), "{:?}", sizes);
            prop_assert_eq!(sizes.iter().sum::<usize>(), measure.units);
        }

        #[test]
        fn the_units_are_those_that_go_over_the_air(text in texts()) {
            let measure = measure(&text);
            let sent = match measure.encoding {
                Encoding::Gsm7 => crate::text::gsm::encode(&text).map(|septets| septets.len()),
                Encoding::Ucs2 => Some(crate::text::ucs2::encode(&text).len() / 2),
            };
            prop_assert_eq!(sent, Some(measure.units));
        }
    }
}

//! The segments of an SMS: one when it fits, else pieces with a concatenation header (3GPP TS 23.040 §9.2.3.24.1).

use super::gsm::{Language, Tables};
use super::header::{Concatenation, Reference, UserDataHeader};
use super::{Encoding, Measure, ucs2};

/// What a short message holds, in octets.
const OCTETS: usize = 140;

/// How texts are written and cut: by nothing but the default alphabet and UCS-2, with an 8-bit reference, unless it is
/// said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cutting {
    /// Whose tables the phones of a channel are known to read.
    pub languages: Vec<Language>,
    /// Whether the number of a long text has 16 bits.
    pub has_wide_reference: bool,
}

/// A text in its pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    /// How it goes over the air.
    pub encoding: Encoding,
    /// The tables of its septets.
    pub tables: Tables,
    /// Its length in the units of its encoding.
    pub units: usize,
    /// One, when it fits into one; an empty text has one too.
    pub pieces: Vec<&'a str>,
}

impl Cut<'_> {
    /// The same in numbers.
    pub fn measure(&self) -> Measure {
        Measure {
            encoding: self.encoding,
            units: self.units,
            segments: self.pieces.len(),
        }
    }
}

impl Cutting {
    /// Writes a text in the way that takes the fewest segments. Of equals the first: the default alphabet, UCS-2, the
    /// languages in their order, since the fewer phones read a way the worse it is.
    pub fn cut<'a>(&self, text: &'a str) -> Cut<'a> {
        let default = Way::septets(Tables::default());
        if let Some(units) = default.units(text) {
            return self.cut_by(text, default, units);
        }
        let ucs2 = self.cut_as_ucs2(text);
        let of_languages = self.languages.iter().flat_map(|language| Way::of(*language));
        let cuts = of_languages.filter_map(|way| Some(self.cut_by(text, way, way.units(text)?)));
        std::iter::once(ucs2)
            .chain(cuts)
            .reduce(|best, cut| {
                if cut.pieces.len() < best.pieces.len() {
                    cut
                } else {
                    best
                }
            })
            .unwrap_or_else(|| self.cut_by(text, default, 0))
    }

    /// The same as UCS-2, which has every character.
    pub fn cut_as_ucs2<'a>(&self, text: &'a str) -> Cut<'a> {
        self.cut_by(text, Way::UCS2, text.encode_utf16().count())
    }

    fn cut_by<'a>(&self, text: &'a str, way: Way, units: usize) -> Cut<'a> {
        let pieces = match units <= way.limit(None) {
            true => vec![text],
            false => self.pieces(text, way),
        };
        Cut {
            encoding: way.encoding,
            tables: way.tables,
            units,
            pieces,
        }
    }

    /// Fills one piece after the other with whole characters: an escape pair or a surrogate pair is never cut.
    fn pieces<'a>(&self, text: &'a str, way: Way) -> Vec<&'a str> {
        let reference = match self.has_wide_reference {
            true => Reference::Wide(0),
            false => Reference::Narrow(0),
        };
        let limit = way.limit(Some(reference));
        let mut pieces = Vec::new();
        let (mut start, mut filled) = (0, 0);
        for (at, character) in text.char_indices() {
            let width = way.width(character).unwrap_or(0);
            if filled + width > limit {
                pieces.push(&text[start..at]);
                (start, filled) = (at, 0);
            }
            filled += width;
        }
        pieces.push(&text[start..]);
        pieces
    }
}

/// A way to write a text.
#[derive(Clone, Copy, Debug)]
struct Way {
    encoding: Encoding,
    tables: Tables,
}

impl Way {
    const UCS2: Self = Self {
        encoding: Encoding::Ucs2,
        tables: Tables {
            locking: None,
            single: None,
        },
    };

    fn septets(tables: Tables) -> Self {
        Self {
            encoding: Encoding::Gsm7,
            tables,
        }
    }

    /// The ways of a language: each of its tables, and both.
    fn of(language: Language) -> impl Iterator<Item = Self> {
        let locking = language.has_locking().then_some(language);
        let tables = [(None, Some(language)), (locking, None), (locking, Some(language))];
        tables
            .into_iter()
            .map(|(locking, single)| Self::septets(Tables { locking, single }))
    }

    /// The units a character takes; none when it cannot be written so.
    fn width(self, character: char) -> Option<usize> {
        match self.encoding {
            Encoding::Gsm7 => self.tables.septets(character),
            Encoding::Ucs2 => Some(ucs2::units(character)),
        }
    }

    /// The units a text takes.
    fn units(self, text: &str) -> Option<usize> {
        text.chars().map(|character| self.width(character)).sum()
    }

    /// How many units fit beside the header.
    fn limit(self, reference: Option<Reference>) -> usize {
        let header = UserDataHeader {
            concatenation: reference.map(|reference| Concatenation {
                reference,
                total: 1,
                number: 1,
            }),
            tables: self.tables,
        };
        let octets = OCTETS - header.encode().len();
        match self.encoding {
            Encoding::Gsm7 => octets * 8 / 7,
            Encoding::Ucs2 => octets / 2,
        }
    }
}

/// What a short message holds alone: 160 septets or 70 UCS-2 units.
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
    Cutting::default().cut(text).measure()
}

/// Splits a text into the pieces of a long SMS; an escape pair or a surrogate pair is never cut.
pub fn segments(text: &str) -> Vec<String> {
    let cut = Cutting::default().cut(text);
    cut.pieces.into_iter().map(str::to_owned).collect()
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

    #[test]
    fn a_language_is_used_where_it_saves_segments() {
        let check = |codes: &[&str], text: &str, encoding: Encoding, tables: [Option<&str>; 2], pieces: usize| {
            let language = |code: &str| Language::from_code(code).unwrap();
            let cutting = Cutting {
                languages: codes.iter().map(|code| language(code)).collect(),
                ..Cutting::default()
            };
            let cut = cutting.cut(text);
            let [locking, single] = tables.map(|code| code.map(language));
            let expected = (encoding, Tables { locking, single }, pieces);
            assert_eq!(
                (cut.encoding, cut.tables, cut.pieces.len()),
                expected,
                "{codes:?} {text}"
            );
        };
        check(&[], &"ş".repeat(100), Encoding::Ucs2, [None, None], 2);
        check(&["tr"], &"ş".repeat(70), Encoding::Ucs2, [None, None], 1);
        // By the single shift table alone each would take two septets.
        check(&["tr"], &"ş".repeat(100), Encoding::Gsm7, [Some("tr"), None], 1);
        check(&["hi", "tr"], &"ş".repeat(100), Encoding::Gsm7, [Some("tr"), None], 1);
        check(
            &["es"],
            &"buenos días ".repeat(10),
            Encoding::Gsm7,
            [None, Some("es")],
            1,
        );
        check(&["tr"], "plain", Encoding::Gsm7, [None, None], 1);
        check(&["hi"], &"नमस्ते ".repeat(20), Encoding::Gsm7, [Some("hi"), None], 1);
    }

    #[test]
    fn what_fits_is_what_the_header_leaves() {
        let tables = |locking: Option<Language>, single: Option<Language>| Way::septets(Tables { locking, single });
        let check = |way: Way, reference: Option<Reference>, expected: usize| {
            assert_eq!(way.limit(reference), expected, "{way:?} {reference:?}");
        };
        let turkish = Some(Language::Turkish);
        let (narrow, wide) = (Some(Reference::Narrow(0)), Some(Reference::Wide(0)));
        for (way, limits) in [
            (tables(None, None), [160, 153, 152]),
            (tables(None, turkish), [155, 149, 148]),
            (tables(turkish, turkish), [152, 146, 145]),
            (Way::UCS2, [70, 67, 66]),
        ] {
            for (reference, expected) in [None, narrow, wide].into_iter().zip(limits) {
                check(way, reference, expected);
            }
        }
        for encoding in [Encoding::Gsm7, Encoding::Ucs2] {
            let way = Way {
                encoding,
                tables: Tables::default(),
            };
            check(way, None, single_limit(encoding));
            check(way, narrow, piece_limit(encoding));
        }
    }

    fn units_of(text: &str, encoding: Encoding) -> usize {
        let way = Way {
            encoding,
            tables: Tables::default(),
        };
        way.units(text).unwrap()
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
            let sizes: Vec<usize> = pieces.iter().map(|piece| units_of(piece, measure.encoding)).collect();
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

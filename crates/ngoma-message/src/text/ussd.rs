//! What fits on a USSD screen: 160 octets (3GPP TS 23.038 §5, packed septets).

use super::{Encoding, ucs2};

/// The most a USSD screen holds in this encoding: 182 septets or 80 UCS-2 units.
pub const fn ussd_limit(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 182,
        Encoding::Ucs2 => 80,
    }
}

/// The longest beginning of a text that fits on one screen in its own encoding, and whether anything was cut off.
pub fn truncate_to_ussd(text: &str) -> (String, bool) {
    // A longer beginning never fits when a shorter one does not, so the first character too many ends it.
    let (mut gsm, mut ucs2) = (Some(0), 0);
    for (at, character) in text.char_indices() {
        gsm = gsm
            .zip(super::gsm::septets(character))
            .map(|(before, more)| before + more);
        ucs2 += ucs2::units(character);
        let fits = match gsm {
            Some(septets) => septets <= ussd_limit(Encoding::Gsm7),
            None => ucs2 <= ussd_limit(Encoding::Ucs2),
        };
        if !fits {
            return (text[..at].to_owned(), true);
        }
    }
    (text.to_owned(), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::measure;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_cut_where_its_screen_ends() {
        let check = |text: String, kept: usize, was_cut: bool| {
            let expected: String = text.chars().take(kept).collect();
            assert_eq!(truncate_to_ussd(&text), (expected, was_cut), "{text}");
        };
        check(String::new(), 0, false);
        check("a".repeat(182), 182, false);
        check("a".repeat(183), 182, true);
        check("€".repeat(91), 91, false);
        check("€".repeat(92), 91, true);
        check("a".repeat(181) + "€", 181, true);
        check("ç".repeat(80), 80, false);
        check("ç".repeat(81), 80, true);
        check("😀".repeat(41), 40, true);
        check("ç".repeat(79) + "😀", 79, true);
    }

    #[test]
    fn a_late_character_outside_the_alphabet_is_cut_rather_than_the_text_before_it() {
        let text = "a".repeat(150) + "😀";
        assert_eq!(truncate_to_ussd(&text), ("a".repeat(150), true));
    }

    proptest! {
        #[test]
        fn what_is_kept_fits_and_one_character_more_does_not(text in prop_oneof![any::<String>(), "[a-z€]{0,300}", "[aç😀]{0,120}"]) {
            let fits = |text: &str| {
                let measure = measure(text);
                measure.units <= ussd_limit(measure.encoding)
            };
            let (kept, was_cut) = truncate_to_ussd(&text);
            prop_assert!(text.starts_with(&kept) && fits(&kept));
            prop_assert_eq!(was_cut, kept.len() < text.len());
            prop_assert_eq!(was_cut, !fits(&text));
            let one_more: String = text.chars().take(kept.chars().count() + 1).collect();
            prop_assert_eq!(was_cut, !fits(&one_more));
        }
    }
}

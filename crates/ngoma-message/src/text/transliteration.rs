//! A text in the letters of the GSM alphabet, so that it takes fewer segments: with what was changed, since a changed text
//! is another text.

use super::gsm;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Signs and letters that are written otherwise, where it is not enough to leave a mark out.
const WRITTEN: [(&str, &str); 33] = [
    ("‘’‚‛′`´ʻʼ", "'"),
    ("“”„‟″«»", "\""),
    ("‐‑‒–—―−", "-"),
    ("…", "..."),
    ("\u{A0}\u{2002}\u{2003}\u{2007}\u{2009}\u{202F}\t", " "),
    ("\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}\u{AD}", ""),
    ("‹", "<"),
    ("›", ">"),
    ("•·", "-"),
    ("×", "x"),
    ("÷", "/"),
    ("™", "TM"),
    ("®", "(R)"),
    ("©", "(C)"),
    ("½", "1/2"),
    ("¼", "1/4"),
    ("¾", "3/4"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("ł", "l"),
    ("Ł", "L"),
    ("đɗ", "d"),
    ("ĐƊ", "D"),
    ("ɓ", "b"),
    ("Ɓ", "B"),
    ("ƙ", "k"),
    ("Ƙ", "K"),
    ("ƴ", "y"),
    ("Ƴ", "Y"),
    ("ıɩ", "i"),
    ("ɛǝ", "e"),
    ("ɔ", "o"),
    ("ŋ", "n"),
];

/// A text and what was changed to write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transliteration {
    /// The text, all of it in the GSM alphabet; as it was when that cannot be.
    pub text: String,
    /// Each character that was changed, and what stands for it.
    pub changed: BTreeMap<char, String>,
    /// The characters that cannot be written; then nothing was changed.
    pub left: Vec<char>,
}

/// Writes a text in the GSM alphabet, as far as its reader still understands it: typographic signs become plain ones, and
/// letters lose marks that the alphabet lacks. A text with other characters, such as those of another script, stays as
/// it is.
pub fn transliterate(text: &str) -> Transliteration {
    let mut done = Transliteration::default();
    for character in text.chars() {
        if gsm::septets(character).is_some() {
            done.text.push(character);
            continue;
        }
        match written(character) {
            Some(instead) => {
                done.text.push_str(&instead);
                done.changed.insert(character, instead);
            }
            None if done.left.contains(&character) => {}
            None => done.left.push(character),
        }
    }
    if done.left.is_empty() {
        return done;
    }
    Transliteration {
        text: text.to_owned(),
        changed: BTreeMap::new(),
        left: done.left,
    }
}

/// What stands for a character that the alphabet lacks.
fn written(character: char) -> Option<String> {
    if let Some((_, instead)) = WRITTEN.iter().find(|(signs, _)| signs.contains(character)) {
        return Some((*instead).to_owned());
    }
    // A mark alone belongs to the letter before it.
    let bare: String = character.nfkd().filter(|part| !is_combining_mark(*part)).collect();
    let is_plain = bare.chars().all(|part| gsm::septets(part).is_some());
    (is_plain && (is_combining_mark(character) || !bare.is_empty())).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Encoding, encoding};
    use proptest::prelude::*;

    #[test]
    fn a_text_becomes_plain_and_says_how() {
        let check = |text: &str, expected: &str, changed: &[(char, &str)]| {
            let done = transliterate(text);
            assert_eq!(done.text, expected);
            let changed = changed.iter().map(|(from, to)| (*from, (*to).to_owned()));
            assert_eq!(done.changed, changed.collect(), "{text}");
            assert!(done.left.is_empty(), "{text}");
        };
        check("plain", "plain", &[]);
        check(
            "“It’s…”",
            "\"It's...\"",
            &[('“', "\""), ('”', "\""), ('’', "'"), ('…', "...")],
        );
        check("Français é", "Francais é", &[('ç', "c")]);
        check("e\u{301}", "e", &[('\u{301}', "")]);
        check(
            "Ẹ kú àbọ̀",
            "E ku àbo",
            &[('Ẹ', "E"), ('ú', "u"), ('ọ', "o"), ('\u{300}', "")],
        );
        check("ɗan ƙasa", "dan kasa", &[('ɗ', "d"), ('ƙ', "k")]);
        check("№ ﬁ x²", "No fi x2", &[('№', "No"), ('ﬁ', "fi"), ('²', "2")]);
    }

    #[test]
    fn a_text_of_another_script_stays_as_it_is() {
        for (text, left) in [("Où ça? 😀", vec!['😀']), ("ሰላም “x”", vec!['ሰ', 'ላ', 'ም'])] {
            let done = transliterate(text);
            assert_eq!((done.text.as_str(), done.left), (text, left));
            assert!(done.changed.is_empty());
        }
    }

    proptest! {
        #[test]
        fn it_ends_in_the_alphabet_or_unchanged(text in prop_oneof![any::<String>(), "[a-zà-ž‘-…]{0,60}"]) {
            let done = transliterate(&text);
            match done.left.is_empty() {
                true => prop_assert_eq!(encoding(&done.text), Encoding::Gsm7),
                false => prop_assert_eq!(&done.text, &text),
            }
            prop_assert_eq!(transliterate(&done.text).changed.len(), 0);
        }
    }
}

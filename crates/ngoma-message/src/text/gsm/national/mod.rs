//! The national language tables (3GPP TS 23.038 §6.2.1.2, annex A): a single shift table gives an escape other characters,
//! a locking shift table takes the place of the default alphabet.
//!
//! Each entry is one on which at least two independent transcriptions agree, and which none that are more contradict:
//! Android's `GsmAlphabet`, CyberChef's `Gsm7`, `lib3gpp23038`, `gsmcodecs`, oFono's `util.c` and jSS7's `GSMCharset`;
//! for Turkish, Spanish and Portuguese also Symbian's converters and the npm package `smpp`. Where they or the print of
//! the standard are wrong, the table says so.

mod bengali;
mod gujarati;
mod hindi;
mod kannada;
mod malayalam;
mod oriya;
mod portuguese;
mod punjabi;
mod spanish;
mod tamil;
mod telugu;
mod turkish;
mod urdu;

/// No character has this code.
const NONE: u16 = 0;
/// The place of the escape, which is no character.
const ESCAPED: u16 = 0;

/// A language with tables of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Turkish.
    Turkish = 1,
    /// Spanish: a single shift table only.
    Spanish = 2,
    /// Portuguese.
    Portuguese = 3,
    /// Bengali.
    Bengali = 4,
    /// Gujarati.
    Gujarati = 5,
    /// Hindi.
    Hindi = 6,
    /// Kannada.
    Kannada = 7,
    /// Malayalam.
    Malayalam = 8,
    /// Oriya.
    Oriya = 9,
    /// Punjabi.
    Punjabi = 10,
    /// Tamil.
    Tamil = 11,
    /// Telugu.
    Telugu = 12,
    /// Urdu.
    Urdu = 13,
}

impl Language {
    /// All of them, by their identifiers.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The national language identifier (§6.2.1.2.4).
    pub const fn identifier(self) -> u8 {
        self as u8
    }

    /// The language of that identifier.
    pub fn from_identifier(identifier: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.identifier() == identifier)
    }

    /// Its code in ISO 639-1: `tr`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Turkish => "tr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Bengali => "bn",
            Self::Gujarati => "gu",
            Self::Hindi => "hi",
            Self::Kannada => "kn",
            Self::Malayalam => "ml",
            Self::Oriya => "or",
            Self::Punjabi => "pa",
            Self::Tamil => "ta",
            Self::Telugu => "te",
            Self::Urdu => "ur",
        }
    }

    /// The language of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// Whether it has a locking shift table.
    pub fn has_locking(self) -> bool {
        self.locking().is_some()
    }

    fn locking(self) -> Option<&'static [u16; 128]> {
        Some(match self {
            Self::Turkish => &turkish::LOCKING,
            Self::Spanish => return None,
            Self::Portuguese => &portuguese::LOCKING,
            Self::Bengali => &bengali::LOCKING,
            Self::Gujarati => &gujarati::LOCKING,
            Self::Hindi => &hindi::LOCKING,
            Self::Kannada => &kannada::LOCKING,
            Self::Malayalam => &malayalam::LOCKING,
            Self::Oriya => &oriya::LOCKING,
            Self::Punjabi => &punjabi::LOCKING,
            Self::Tamil => &tamil::LOCKING,
            Self::Telugu => &telugu::LOCKING,
            Self::Urdu => &urdu::LOCKING,
        })
    }

    fn single(self) -> &'static [(u8, u16)] {
        match self {
            Self::Turkish => turkish::SINGLE,
            Self::Spanish => spanish::SINGLE,
            Self::Portuguese => portuguese::SINGLE,
            Self::Bengali => bengali::SINGLE,
            Self::Gujarati => gujarati::SINGLE,
            Self::Hindi => hindi::SINGLE,
            Self::Kannada => kannada::SINGLE,
            Self::Malayalam => malayalam::SINGLE,
            Self::Oriya => oriya::SINGLE,
            Self::Punjabi => punjabi::SINGLE,
            Self::Tamil => tamil::SINGLE,
            Self::Telugu => telugu::SINGLE,
            Self::Urdu => urdu::SINGLE,
        }
    }

    /// The character of a septet in its locking table.
    pub(super) fn locked(self, septet: u8) -> Option<char> {
        let code = *self.locking()?.get(usize::from(septet))?;
        character(code)
    }

    /// The septet of a character in its locking table.
    pub(super) fn locking_septet(self, wanted: char) -> Option<u8> {
        let place = self
            .locking()?
            .iter()
            .position(|code| character(*code) == Some(wanted))?;
        u8::try_from(place).ok()
    }

    /// The character of a septet that follows an escape.
    pub(super) fn shifted(self, septet: u8) -> Option<char> {
        let (_, code) = self.single().iter().find(|(held, _)| *held == septet)?;
        character(*code)
    }

    /// The septet that, after an escape, is this character; of several the lowest.
    pub(super) fn single_septet(self, wanted: char) -> Option<u8> {
        let (septet, _) = self
            .single()
            .iter()
            .find(|(_, code)| character(*code) == Some(wanted))?;
        Some(*septet)
    }
}

fn character(code: u16) -> Option<char> {
    match code {
        NONE => None,
        code => char::from_u32(code.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_language_is_found_by_its_number_and_its_code() {
        for (language, identifier) in Language::ALL.into_iter().zip(1..) {
            assert_eq!(language.identifier(), identifier);
            assert_eq!(Language::from_identifier(identifier), Some(language));
            assert_eq!(Language::from_code(language.code()), Some(language));
        }
        assert_eq!(Language::from_identifier(0), None);
        assert_eq!(Language::from_identifier(14), None);
    }

    #[test]
    fn a_locking_table_has_each_character_once_and_the_line_ends_in_place() {
        for language in Language::ALL {
            let Some(table) = language.locking() else { continue };
            let held: Vec<u16> = table.iter().copied().filter(|code| *code != NONE).collect();
            assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len(), "{language:?}");
            assert_eq!(
                (table[0x0A], table[0x0D], table[0x1B]),
                (0x0A, 0x0D, ESCAPED),
                "{language:?}"
            );
            assert!(held.iter().all(|code| character(*code).is_some()), "{language:?}");
        }
    }

    #[test]
    fn a_single_table_keeps_form_feed_and_the_euro_where_all_have_them() {
        for language in Language::ALL {
            let table = language.single();
            assert!(table.is_sorted_by(|before, after| before.0 < after.0), "{language:?}");
            assert_eq!(language.shifted(0x0A), Some('\u{0C}'), "{language:?}");
            assert_eq!(language.shifted(0x1B), None, "{language:?}");
            // Telugu's has no euro (§A.2.12).
            let euro = (language != Language::Telugu).then_some('€');
            assert_eq!(language.shifted(0x65), euro, "{language:?}");
        }
    }

    /// A few of each, read from the standard.
    #[test]
    fn characters_stand_where_the_standard_has_them() {
        use Language::*;
        let locked = [
            (Turkish, 0x07, 'ı'),
            (Turkish, 0x60, 'ç'),
            (Portuguese, 0x0B, 'Ô'),
            (Bengali, 0x01, 'ং'),
            (Gujarati, 0x04, 'આ'),
            (Hindi, 0x00, 'ँ'),
            (Kannada, 0x24, 'ಡ'),
            (Malayalam, 0x15, 'ക'),
            (Oriya, 0x47, 'ଳ'),
            (Punjabi, 0x15, 'ਕ'),
            (Tamil, 0x15, 'க'),
            (Telugu, 0x15, 'క'),
            (Urdu, 0x00, 'ا'),
        ];
        for (language, septet, expected) in locked {
            assert_eq!(language.locked(septet), Some(expected), "{language:?} {septet:02X}");
        }
        let single = [
            (Turkish, 0x53, 'Ş'),
            (Spanish, 0x61, 'á'),
            (Portuguese, 0x05, 'ê'),
            (Bengali, 0x19, '০'),
            (Hindi, 0x1C, '०'),
            (Punjabi, 0x23, '੭'),
            (Tamil, 0x24, '௮'),
            (Telugu, 0x22, '౬'),
            (Urdu, 0x1C, '۰'),
        ];
        for (language, septet, expected) in single {
            assert_eq!(language.shifted(septet), Some(expected), "{language:?} {septet:02X}");
        }
    }
}

//! What each library does otherwise than 3GPP TS 23.038 §6.2.1 says, and why.

use ngoma_message::text::gsm::ESCAPE;

/// What a library does otherwise than the standard.
pub struct Library {
    /// Its name in the answers.
    pub name: &'static str,
    /// What it writes for each UTF-16 unit that the alphabet does not have; refused by those that keep to it.
    pub writes_for_others: Option<&'static [u8]>,
    /// Characters it writes otherwise, with the reason.
    pub writes: &'static [(char, Option<&'static [u8]>, &'static str)],
    /// Octets it reads otherwise, with the reason. All octets of a kind are read so.
    pub reads: &'static [(Kind, Reading, &'static str)],
}

/// Octets that the standard gives no character, or none of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Above 127: no septet.
    Above127,
    /// An escape and nothing after it.
    LoneEscape,
    /// Two escapes: reserved for another table; §6.2.1.1 asks for a space.
    TwoEscapes,
    /// An escape and a septet that the extension table does not have: §6.2.1.1 asks for the default alphabet's character.
    Unextended,
    /// An escape and no septet.
    EscapedAbove127,
}

/// What it reads.
pub enum Reading {
    /// Nothing: it refuses the whole text.
    Refused,
    /// This.
    Text(&'static str),
    /// This, and then what the standard says.
    Before(&'static str),
}

/// What agrees stands nowhere here: 0x5F is §, and no backtick; form feed is 1B 0A; 0x09 is Ç, and not ç.
pub const PYTHON: [Library; 3] = [
    Library {
        name: "gsm0338",
        writes_for_others: None,
        writes: &[(
            '\u{1B}',
            Some(&[ESCAPE]),
            "the escape stands in its table as a character",
        )],
        reads: &[
            (
                Kind::Above127,
                Reading::Refused,
                "strict: octets that are no septets are an error",
            ),
            (
                Kind::LoneEscape,
                Reading::Text(""),
                "its loop ends while it waits for the next octet",
            ),
            (Kind::TwoEscapes, Reading::Refused, "strict: not in its table"),
            (Kind::Unextended, Reading::Refused, "strict: not in its table"),
            (Kind::EscapedAbove127, Reading::Refused, "strict: not in its table"),
        ],
    },
    Library {
        name: "jasmin",
        writes_for_others: None,
        writes: &[],
        reads: &[
            (Kind::Above127, Reading::Refused, "it fails by a TypeError of its own"),
            (
                Kind::LoneEscape,
                Reading::Text("\u{A0}"),
                "it shows an escape as a no-break space",
            ),
            (
                Kind::TwoEscapes,
                Reading::Text("\u{A0}\u{A0}"),
                "each of the two escapes as one",
            ),
            (
                Kind::Unextended,
                Reading::Before("\u{A0}"),
                "it shows the escape, and then the character",
            ),
            (
                Kind::EscapedAbove127,
                Reading::Refused,
                "it fails by a TypeError of its own",
            ),
        ],
    },
    Library {
        name: "smpplib",
        writes_for_others: None,
        writes: &[
            ('`', Some(&[0x5F]), "it has a backtick where the standard has §"),
            ('§', None, "so it lacks §"),
            ('\u{0C}', None, "its extension table lacks the form feed, 1B 0A"),
            (
                '\u{1B}',
                Some(&[ESCAPE]),
                "the escape stands in its table as a character",
            ),
        ],
        // It cannot read GSM texts.
        reads: &[],
    },
];

pub const NODE: [Library; 1] = [Library {
    name: "npm",
    // It means a space, but puts the text " " where a number belongs, which makes a 0: an @.
    writes_for_others: Some(&[0]),
    writes: &[(
        '\u{1B}',
        Some(&[ESCAPE]),
        "the escape stands in its table as a character",
    )],
    reads: &[
        (Kind::Above127, Reading::Text(" "), "a space for what it does not know"),
        (
            Kind::LoneEscape,
            Reading::Text("\u{1B}"),
            "it leaves the escape in the text",
        ),
        (
            Kind::TwoEscapes,
            Reading::Text("\u{1B}\u{1B}"),
            "it leaves both in the text",
        ),
        (
            Kind::Unextended,
            Reading::Before("\u{1B}"),
            "it leaves the escape in the text",
        ),
        (
            Kind::EscapedAbove127,
            Reading::Text("\u{1B} "),
            "the escape, and a space for what it does not know",
        ),
    ],
}];

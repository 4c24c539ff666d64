//! The text of a receipt. Appendix B of SMPP 3.4 gives one form "specific to vendors", and vendors vary it: fields are
//! left out, put elsewhere, written in capitals, and what they hold is theirs.

use super::MessageState;
use std::fmt;

/// The fields, in the order of appendix B. Some carriers write `_` for the space.
const FIELDS: [&str; 8] = [
    "id:",
    "sub:",
    "dlvrd:",
    "submit date:",
    "done date:",
    "stat:",
    "err:",
    "text:",
];

/// What the text of a receipt says; it writes itself as appendix B has it. One message is one part (`sub:001`), and
/// `dlvrd` follows from the state.
///
/// ```
/// use ngoma_smpp::receipt::{MessageState, ReceiptText};
///
/// let receipt = ReceiptText {
///     id: "0193".into(),
///     submitted: Some("2611230829".into()),
///     done: Some("2611230830".into()),
///     state_word: MessageState::Undeliverable.word().into(),
///     error: Some("027".into()),
///     text: "Your appointment".into(),
/// };
/// assert_eq!(
///     receipt.to_string(),
///     "id:0193 sub:001 dlvrd:000 submit date:2611230829 done date:2611230830 stat:UNDELIV err:027 text:Your appointment"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptText {
    /// The message's id.
    pub id: String,
    /// When it was taken, by the carrier's clock: `YYMMDDhhmm`, some with seconds.
    pub submitted: Option<String>,
    /// When it ended.
    pub done: Option<String>,
    /// The word for what became of it.
    pub state_word: String,
    /// The carrier's own code, unless it is 0.
    pub error: Option<String>,
    /// The first characters of the message; of more than 20 the rest is not written.
    pub text: String,
}

impl ReceiptText {
    /// What became of the message; nothing when the word is the carrier's own.
    pub fn state(&self) -> Option<MessageState> {
        MessageState::from_word(&self.state_word)
    }
}

/// Reads the text of a receipt; nothing when it has no id or no state.
pub fn receipt_text(text: &str) -> Option<ReceiptText> {
    let mut found: [Option<&str>; FIELDS.len()] = [None; FIELDS.len()];
    let (mut field, mut start) = (None, 0);
    for (at, _) in text.char_indices() {
        // Within the message's own text nothing else begins.
        if at < start || field == Some(FIELDS.len() - 1) || !begins_word(text, at) {
            continue;
        }
        if let Some(next) = FIELDS.iter().position(|name| has_name(&text[at..], name)) {
            keep(&mut found, field, &text[start..at]);
            (field, start) = (Some(next), at + FIELDS[next].len());
        }
    }
    keep(&mut found, field, &text[start..]);
    let [id, _, _, submitted, done, state, error, rest] = found;
    let is_between = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let bare = |value: &str| value.trim_matches(is_between).to_owned();
    let filled = |value: Option<&str>| value.map(bare).filter(|value| !value.is_empty());
    Some(ReceiptText {
        id: filled(id)?,
        submitted: filled(submitted),
        done: filled(done),
        state_word: filled(state)?,
        error: filled(error).filter(|code| code.bytes().any(|byte| byte != b'0')),
        text: rest.unwrap_or_default().trim().to_owned(),
    })
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    before.is_none_or(|before| !before.is_alphanumeric())
}

fn has_name(text: &str, name: &str) -> bool {
    let Some(head) = text.as_bytes().get(..name.len()) else {
        return false;
    };
    let is_same = |(have, want): (&u8, u8)| have.eq_ignore_ascii_case(&want) || (want == b' ' && *have == b'_');
    head.iter().zip(name.bytes()).all(is_same)
}

/// Keeps a field's value; of two the first counts.
fn keep<'a>(found: &mut [Option<&'a str>], field: Option<usize>, value: &'a str) {
    if let Some(place) = field.and_then(|field| found.get_mut(field)) {
        place.get_or_insert(value);
    }
}

/// As appendix B writes it.
impl fmt::Display for ReceiptText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delivered = u8::from(self.state() == Some(MessageState::Delivered));
        let text: String = self.text.chars().take(20).collect();
        write!(
            f,
            "id:{} sub:001 dlvrd:{delivered:03} submit date:{} done date:{} stat:{} err:{} text:{text}",
            self.id,
            self.submitted.as_deref().unwrap_or("0000000000"),
            self.done.as_deref().unwrap_or("0000000000"),
            self.state_word,
            self.error.as_deref().unwrap_or("000"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As carriers write them; the first is appendix B's.
    #[test]
    fn texts_of_many_carriers_are_read() {
        let check = |text: &str, id: &str, state: MessageState, error: Option<&str>| {
            let read = receipt_text(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (read.id.as_str(), read.state(), read.error.as_deref()),
                (id, Some(state), error),
                "{text}"
            );
        };
        use MessageState::*;
        check(
            "id:0123456789 sub:001 dlvrd:001 submit date:9406091650 done date:9406091651 stat:DELIVRD err:000 text:Hello",
            "0123456789",
            Delivered,
            None,
        );
        check("id:1a2B-ff stat:ACCEPTD", "1a2B-ff", Accepted, None);
        check(
            "ID:77 SUB:1 DLVRD:0 SUBMIT DATE:1 DONE DATE:2 STAT:UNDELIV ERR:27 TEXT:",
            "77",
            Undeliverable,
            Some("27"),
        );
        check(
            "id:5 sub:001 dlvrd:000 submit_date:1 done_date:2 stat:REJECTD err:0x45 Text:a",
            "5",
            Rejected,
            Some("0x45"),
        );
        check("stat:EXPIRED err:010 id:9", "9", Expired, Some("010"));
        check("id: 12 stat: DELIVRD err: 000", "12", Delivered, None);
        check("id:12,sub:001,stat:FAILED", "12", Undeliverable, None);
        assert_eq!(
            receipt_text("id:3 stat:NEWWORD text:stat:DELIVRD id:4")
                .unwrap()
                .state(),
            None
        );
        check("\u{FEFF}id:8 stat:DELIVRD text:कख", "8", Delivered, None);
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "hello",
            "id:7",
            "stat:DELIVRD",
            "my id: is stat: ",
            "paid:7 wastat:DELIVRD",
            "id: stat:DELIVRD",
        ] {
            assert_eq!(receipt_text(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            id in "[0-9a-f-]{1,36}",
            number in 0..10_u32,
            error in prop::option::of("[1-9][0-9]{0,3}"),
            text in "[a-z ]{0,20}",
        ) {
            let receipt = ReceiptText {
                id,
                submitted: Some("2611270930".into()),
                done: Some("2611270931".into()),
                state_word: MessageState::from_number(number).unwrap().word().into(),
                error,
                text: text.trim().into(),
            };
            prop_assert_eq!(receipt_text(&receipt.to_string()), Some(receipt));
        }

        #[test]
        fn any_text_is_read_or_none(text in prop_oneof![any::<String>(), "(id:|stat:|err:|text:|[a-z0-9 ])*"]) {
            if let Some(receipt) = receipt_text(&text) {
                prop_assert!(!receipt.id.is_empty() && !receipt.state_word.is_empty());
            }
        }
    }
}

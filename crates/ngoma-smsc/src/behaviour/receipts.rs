//! What becomes of messages, and how their senders are told.

use super::{InvalidBehaviour, check_delay, check_percent, check_words, invalid};
use serde::{Deserialize, Serialize};

/// The most copies of a receipt.
const MOST_COPIES: u32 = 10;
/// The longest word for a state, or code for an error.
pub(crate) const LONGEST_WORD: usize = 20;

/// What becomes of messages, and how their senders are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptTerms {
    /// When those who ask for receipts get them.
    pub when: When,
    /// How long after the answer a message is delivered.
    pub delay_ms: u64,
    /// What becomes of it: a word of appendix B, or any other.
    pub state: String,
    /// The carrier's code for it.
    pub err: String,
    /// How many times a receipt is sent.
    pub copies: u32,
    /// How a receipt says what it says.
    pub form: Form,
    /// Which messages fail.
    pub failing: Failing,
}

impl Default for ReceiptTerms {
    fn default() -> Self {
        Self {
            when: When::After,
            delay_ms: 500,
            state: "DELIVRD".into(),
            err: "000".into(),
            copies: 1,
            form: Form::Text,
            failing: Failing::default(),
        }
    }
}

/// When a receipt is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Never.
    None,
    /// Before the answer to its message.
    Early,
    /// After the answer, and the delay.
    #[default]
    After,
}

/// How a receipt says what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// By the text of appendix B.
    #[default]
    Text,
    /// By the parameters `receipted_message_id` and `message_state`, without a text.
    Tlv,
    /// By both.
    Both,
}

/// Which messages fail: those by chance and every so manieth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Failing {
    /// How many of a hundred.
    pub percent: f64,
    /// Every so manieth.
    pub every: Option<u64>,
    /// What becomes of them.
    pub state: String,
    /// The carrier's code for it.
    pub err: String,
}

impl Default for Failing {
    fn default() -> Self {
        Self {
            percent: 0.0,
            every: None,
            state: "UNDELIV".into(),
            err: "001".into(),
        }
    }
}

impl ReceiptTerms {
    pub(super) fn check(&self) -> Result<(), InvalidBehaviour> {
        check_delay("receipts.delay_ms", self.delay_ms)?;
        if !(1..=MOST_COPIES).contains(&self.copies) {
            let problem = format!("say a number from 1 to {MOST_COPIES}; for no receipts say \"when\": \"none\"");
            return Err(invalid("receipts.copies", problem));
        }
        check_word("receipts.state", &self.state, LONGEST_WORD)?;
        check_word("receipts.err", &self.err, LONGEST_WORD)?;
        check_percent("receipts.failing.percent", self.failing.percent)?;
        if self.failing.every == Some(0) {
            let problem = "say 1 for every message, 2 for every second one, or null for none";
            return Err(invalid("receipts.failing.every", problem));
        }
        check_word("receipts.failing.state", &self.failing.state, LONGEST_WORD)?;
        check_word("receipts.failing.err", &self.failing.err, LONGEST_WORD)
    }
}

/// One word of a receipt's text, of at most so many characters.
pub(crate) fn check_word(field: &'static str, word: &str, longest: usize) -> Result<(), InvalidBehaviour> {
    if word.is_empty() || word.contains(' ') {
        return Err(invalid(field, "say one word, such as DELIVRD or 000"));
    }
    check_words(field, Some(word), longest)
}

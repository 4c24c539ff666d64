//! A long text that comes in parts, put together again.

pub(crate) mod ending;
#[cfg(test)]
mod tests;
mod upkeep;

pub(crate) use upkeep::end_held_texts;

use ending::{Partial, partial, texts};
use ngoma_message::{Address, Timestamp};

/// What the parts of one text have in common. A reference alone is not enough: every phone counts its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PartKey {
    /// The channel they came by.
    pub(crate) channel: i64,
    /// Who sent them.
    pub(crate) from: Address,
    /// Whom they are for.
    pub(crate) to: Address,
    /// The sender's number of the text (3GPP TS 23.040 §9.2.3.24.1 and .8).
    pub(crate) reference: u16,
    /// How many parts there are.
    pub(crate) total: u8,
}

/// A part as it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which text it is of.
    pub(crate) key: PartKey,
    /// Its place, from 1 to the total.
    pub(crate) number: u8,
    /// Its text.
    pub(crate) text: String,
}

/// A part that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldPart {
    /// Its place, from 1.
    pub(crate) number: u8,
    /// Its text.
    pub(crate) text: String,
    /// When it came.
    pub(crate) at: Timestamp,
}

/// What is held when a part comes, read in the transaction that does what [`place`] says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The parts of the same key, each number once. All of them are there when the text was handed on.
    pub(crate) group: Vec<HeldPart>,
    /// What the sender has waiting on the channel, the same key included.
    pub(crate) waiting: Waiting,
}

/// Texts of one sender on one channel that lack parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// How many texts.
    pub(crate) groups: usize,
    /// How many bytes their parts have.
    pub(crate) bytes: usize,
}

/// The most that one sender may have waiting on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartLimits {
    /// How many texts.
    pub(crate) groups: usize,
    /// How many bytes their parts have.
    pub(crate) bytes: usize,
    /// The longest text put together, in characters; it is cut.
    pub(crate) chars: usize,
}

/// What to do with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Hold it: others are awaited.
    Hold,
    /// It is the last one: hand on the text, and hold this part with the others until they are forgotten.
    Complete(String),
    /// It is held already.
    Duplicate,
    /// Another text is held under its number: the sender has begun a new text with an old reference. Let go of what is
    /// held, hand on what of it was not, and hold this part as the first of the new text.
    Anew(Option<Partial>),
    /// Do not take it.
    Refuse(Refusal),
}

/// Why a part is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The sender has begun too many texts; it may be taken later.
    #[error("the sender has {0} texts that lack parts: try again when one of them is whole")]
    Groups(usize),
    /// The sender's parts have too many bytes; it may be taken later.
    #[error("the sender has {0} bytes of texts that lack parts: try again when one of them is whole")]
    Bytes(usize),
}

impl Default for PartLimits {
    /// Room for the longest text there can be: 255 parts of 153 characters of up to three bytes.
    fn default() -> Self {
        Self {
            groups: 16,
            bytes: 128 << 10,
            chars: 20_000,
        }
    }
}

/// Says what to do with a part.
pub(crate) fn place(part: &Part, held: &Snapshot, limits: &PartLimits) -> Placement {
    let total = part.key.total;
    let mut texts = texts(total, &held.group);
    let same = texts.insert(part.number, part.text.as_str());
    let is_complete = texts.len() == usize::from(total);
    match same {
        Some(text) if text == part.text => Placement::Duplicate,
        None if is_complete => Placement::Complete(texts.into_values().collect()),
        Some(_) if total == 1 => Placement::Complete(part.text.clone()),
        None => match refusal(part, &held.group, &held.waiting, limits) {
            Some(refusal) => Placement::Refuse(refusal),
            None => Placement::Hold,
        },
        Some(_) => begin_anew(part, held, limits),
    }
}

/// Why a part that completes nothing cannot be held beside what waits.
fn refusal(part: &Part, group: &[HeldPart], waiting: &Waiting, limits: &PartLimits) -> Option<Refusal> {
    if group.is_empty() && waiting.groups >= limits.groups {
        return Some(Refusal::Groups(waiting.groups));
    }
    (waiting.bytes.saturating_add(part.text.len()) > limits.bytes).then_some(Refusal::Bytes(waiting.bytes))
}

fn begin_anew(part: &Part, held: &Snapshot, limits: &PartLimits) -> Placement {
    let partial = partial(part.key.total, &held.group);
    let mut waiting = held.waiting;
    if partial.is_some() {
        let bytes = held.group.iter().map(|part| part.text.len()).sum();
        waiting.groups = waiting.groups.saturating_sub(1);
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
    }
    match refusal(part, &[], &waiting, limits) {
        Some(refusal) => Placement::Refuse(refusal),
        None => Placement::Anew(partial),
    }
}

//! Turns what the store knows into what the page shows.

mod screen;
mod sms;
mod trace;

pub use sms::SmsForm;

use super::handset::Handset;
use super::lines;
use super::query::{Query, page_address};
use ngoma_engine::{MessageRecord, TraceLine};
use ngoma_message::Timestamp;
use screen::Screen;
use serde::Serialize;
use sms::Sms;
use trace::Trace;

/// All the page shows.
#[derive(Serialize)]
pub struct View {
    /// The handset's number.
    from: String,
    /// The page of this handset, with nothing else in its address.
    here: String,
    /// The handset's screen.
    screen: Screen,
    /// What is in the input line.
    typed: String,
    /// What the handset alone knows, carried through its forms.
    lost: String,
    cleared: String,
    /// The codes that can be dialled.
    codes: Vec<String>,
    /// The code that `Call` dials when nothing is typed.
    again: String,
    /// The numbers that take SMS.
    numbers: Vec<String>,
    sms_form: SmsForm,
    thread: Vec<Sms>,
    trace: Option<Trace>,
    keys: [Key; 12],
}

/// A key of the handset.
#[derive(Clone, Copy, Serialize)]
struct Key {
    cap: &'static str,
    letters: &'static str,
    name: &'static str,
}

const KEYS: [Key; 12] = [
    key("1", ""),
    key("2", "abc"),
    key("3", "def"),
    key("4", "ghi"),
    key("5", "jkl"),
    key("6", "mno"),
    key("7", "pqrs"),
    key("8", "tuv"),
    key("9", "wxyz"),
    Key {
        cap: "*",
        letters: "",
        name: "star",
    },
    key("0", ""),
    Key {
        cap: "#",
        letters: "",
        name: "hash",
    },
];

const fn key(cap: &'static str, letters: &'static str) -> Key {
    Key {
        cap,
        letters,
        name: cap,
    }
}

/// The view of a handset at a moment; `traced` is the message whose steps are shown.
pub fn of(
    handset: &Handset,
    query: &Query,
    traced: Option<(&MessageRecord, Vec<TraceLine>)>,
    sms_form: SmsForm,
    now: Timestamp,
) -> View {
    let codes: Vec<String> = lines::ussd_lines(&handset.directory)
        .into_iter()
        .map(|line| line.address)
        .collect();
    let last_code = handset.session.as_ref().map(|(line, _)| line.address.clone());
    let shown = traced.as_ref().map(|(message, _)| message.id.clone());
    View {
        from: handset.number.value().to_owned(),
        here: page_address(&handset.number, &[]),
        screen: screen::of(handset, query, now),
        typed: query.typed_with_key(),
        lost: query.lost.clone(),
        cleared: query.cleared.clone(),
        again: last_code.or_else(|| codes.first().cloned()).unwrap_or_default(),
        codes,
        numbers: lines::sms_lines(&handset.directory)
            .into_iter()
            .map(|line| line.address)
            .collect(),
        sms_form,
        thread: sms::thread(handset, shown.as_ref()),
        trace: traced.map(|(message, steps)| trace::of(handset, message, &steps)),
        keys: KEYS,
    }
}

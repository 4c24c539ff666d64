//! What the page shows, in words for its reader.

use super::Desk;
use super::settings::Settings;
use crate::link::{Link, LinkState};
use crate::message::Message;
use crate::{Status, text};
use serde::Serialize;

/// How many messages are shown.
const SHOWN: u64 = 50;

/// The values of the page.
#[derive(Serialize)]
pub struct View {
    smpp: String,
    ledger: Option<String>,
    problem: Option<String>,
    done: Option<&'static str>,
    links: Vec<ShownLink>,
    messages: Vec<ShownMessage>,
    /// `the last 100 of 12,345`
    count: String,
    refused: u64,
    /// The settings as the form has them: what was typed, after an error.
    pub settings: Settings,
    /// What is wrong with a form.
    pub error: Option<FormError>,
    /// What a person was to send.
    pub from: String,
    pub to: String,
    pub words: String,
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormError {
    /// The id of the field at fault.
    pub field: String,
    /// Its name in the API.
    pub name: String,
    pub problem: String,
}

#[derive(Serialize)]
struct ShownLink {
    number: u64,
    who: String,
    state: &'static str,
    is_half_open: bool,
    peer: String,
    since: String,
}

#[derive(Serialize)]
struct ShownMessage {
    number: u64,
    at: String,
    from: String,
    to: String,
    words: String,
    part: Option<String>,
    answer: String,
    id: String,
    is_trouble: bool,
    receipts: String,
}

/// The page as it is now.
pub fn of(desk: &Desk, done: Option<&'static str>) -> View {
    let carrier = &desk.carrier;
    let last = carrier.messages.last();
    let mut found = carrier.messages.after(last.saturating_sub(SHOWN), SHOWN as usize);
    found.reverse();
    let to = found.first().map(|(_, newest)| text::shown(&newest.message.source));
    let from = found
        .first()
        .map(|(_, newest)| text::shown(&newest.message.destination));
    View {
        smpp: desk.smpp.to_string(),
        ledger: carrier
            .ledger
            .as_ref()
            .map(|ledger| ledger.path().display().to_string()),
        problem: carrier.ledger.as_ref().and_then(|ledger| ledger.problem()),
        done,
        links: carrier.links.all().iter().map(|link| show_link(link)).collect(),
        count: match last {
            0..=SHOWN => last.to_string(),
            more => format!("the last {SHOWN} of {more}"),
        },
        messages: found
            .iter()
            .map(|(number, message)| show_message(*number, message))
            .collect(),
        refused: carrier.counts().refused,
        settings: Settings::of(&carrier.behaviour()),
        error: None,
        from: from.unwrap_or_else(|| "+27831234567".into()),
        to: to.unwrap_or_else(|| "8864".into()),
        words: String::new(),
    }
}

/// What was done, by the word in the page's address.
pub fn said(done: &str) -> Option<&'static str> {
    match done {
        "behaviour" => Some("The carrier behaves so from now on."),
        "delivered" => Some("The message was sent, and taken."),
        "links" => Some("Done. A link that was cut or closed comes back when its ESME binds again."),
        _ => None,
    }
}

fn show_link(link: &Link) -> ShownLink {
    let state = link.state();
    ShownLink {
        number: link.number,
        who: match link.bind() {
            Some(bind) => format!("{}, {}", bind.system_id, crate::api::mode(bind.mode)),
            None => "not bound".into(),
        },
        state: match state {
            LinkState::Open => "open",
            LinkState::Bound => "bound",
            LinkState::HalfOpen => "half-open",
        },
        is_half_open: state == LinkState::HalfOpen,
        peer: link.peer.clone(),
        since: link.since.to_string(),
    }
}

fn show_message(number: u64, message: &Message) -> ShownMessage {
    let (words, part) = text::read(&message.message);
    let answer = message.answer.as_ref();
    let told = match answer {
        None => "not answered yet".into(),
        Some(answer) if answer.is_lost => "taken, answer lost".into(),
        Some(answer) if answer.status.is_ok() => "taken".into(),
        Some(answer) => Status(answer.status).word(),
    };
    ShownMessage {
        number,
        at: message.at.to_string(),
        from: text::shown(&message.message.source),
        to: text::shown(&message.message.destination),
        words: words
            .chars()
            .map(|character| if character.is_control() { ' ' } else { character })
            .collect(),
        part: part.map(|part| format!("part {} of {}", part.number, part.total)),
        id: answer.map(|answer| answer.id.clone()).unwrap_or_default(),
        is_trouble: answer.is_some_and(|answer| answer.is_lost || !answer.status.is_ok()),
        answer: told,
        receipts: receipts(message),
    }
}

fn receipts(message: &Message) -> String {
    let was_refused = message.answer.as_ref().is_some_and(|answer| !answer.status.is_ok());
    let told = message.receipts.iter().map(|receipt| match receipt.answer.as_str() {
        "ESME_ROK" => receipt.state.clone(),
        refused => format!("{}, {refused}", receipt.state),
    });
    let told: Vec<String> = told.collect();
    match (told.is_empty(), was_refused) {
        (false, _) => told.join("; "),
        (true, true) => "none".into(),
        (true, false) if message.message.registered_delivery & 0x03 == 0 => "not asked for".into(),
        (true, false) => "none yet".into(),
    }
}

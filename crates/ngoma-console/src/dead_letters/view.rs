//! Turns dead letters into what the page shows.

use super::pages::list::SHOWN;
use crate::words::visible;
use ngoma_engine::{DeadLetterKind, DeadLetterRecord};
use ngoma_message::Timestamp;
use serde::Serialize;

/// The order of the kinds on the page.
const KINDS: [DeadLetterKind; 4] = [
    DeadLetterKind::Inbound,
    DeadLetterKind::Outbound,
    DeadLetterKind::Event,
    DeadLetterKind::Webhook,
];

/// All the page shows.
#[derive(Serialize)]
pub struct View {
    /// What was just done, if anything.
    done: Option<String>,
    groups: Vec<Group>,
    /// When this was read.
    at_text: String,
}

/// The letters of one account and kind.
#[derive(Serialize)]
struct Group {
    account: String,
    kind: &'static str,
    /// `Web hook calls of demo`.
    title: String,
    /// `3`, or `the latest 100` when the account has more.
    count: String,
    letters: Vec<Letter>,
}

/// One letter.
#[derive(Serialize)]
struct Letter {
    item: String,
    /// `Message from +27831234567 on sms`.
    what: String,
    message: String,
    at: String,
    at_text: String,
    reason: String,
    /// `3 attempts`.
    attempts: String,
}

/// The page of these letters, one list an account.
pub fn of(accounts: Vec<Vec<DeadLetterRecord>>, retried: Option<usize>, now: Timestamp) -> View {
    let mut groups = Vec::new();
    for mut letters in accounts {
        let has_more = letters.len() > SHOWN;
        letters.truncate(SHOWN);
        for kind in KINDS {
            groups.extend(group(&letters, kind, has_more));
        }
    }
    View {
        done: retried.map(said),
        groups,
        at_text: time_text(now),
    }
}

fn said(retried: usize) -> String {
    match retried {
        0 => "Nothing was tried again: it is not among the dead letters any more.".to_owned(),
        1 => "1 dead letter is tried again. If it fails it comes back here.".to_owned(),
        more => format!("{more} dead letters are tried again. Those that fail come back here."),
    }
}

fn group(letters: &[DeadLetterRecord], kind: DeadLetterKind, has_more: bool) -> Option<Group> {
    let of_kind: Vec<&DeadLetterRecord> = letters.iter().filter(|letter| letter.kind == kind).collect();
    let account = of_kind.first()?.account.clone();
    let number = of_kind.len();
    Some(Group {
        title: format!("{} of {account}", title(kind)),
        kind: kind.as_str(),
        count: if has_more {
            format!("{number} of the latest {SHOWN} of the account")
        } else {
            number.to_string()
        },
        letters: of_kind.into_iter().map(show).collect(),
        account,
    })
}

fn title(kind: DeadLetterKind) -> &'static str {
    match kind {
        DeadLetterKind::Inbound => "Messages from people",
        DeadLetterKind::Outbound => "Messages to people",
        DeadLetterKind::Event => "Events for services",
        DeadLetterKind::Webhook => "Web hook calls",
    }
}

fn show(letter: &DeadLetterRecord) -> Letter {
    Letter {
        item: letter.item.to_string(),
        what: what(letter),
        message: letter.message.to_string(),
        at: letter.at.to_string(),
        at_text: time_text(letter.at),
        reason: visible(&letter.reason),
        attempts: match letter.attempts {
            1 => "1 attempt".to_owned(),
            more => format!("{more} attempts"),
        },
    }
}

fn what(letter: &DeadLetterRecord) -> String {
    let is_event = letter.item != letter.message;
    let mut what = match (letter.kind, is_event) {
        (DeadLetterKind::Inbound, _) | (DeadLetterKind::Webhook, false) => "Message from ",
        (DeadLetterKind::Outbound, _) => "Message to ",
        (DeadLetterKind::Event, _) | (DeadLetterKind::Webhook, true) => "Event of a message to ",
    }
    .to_owned();
    let person = letter.address.as_ref().map(|address| visible(address.value()));
    what.push_str(person.as_deref().unwrap_or("an unknown person"));
    if let Some(channel) = &letter.channel {
        what.push_str(&format!(" on channel {channel}"));
    }
    match (letter.kind, &letter.service) {
        (DeadLetterKind::Inbound | DeadLetterKind::Event, Some(service)) => format!("{what}, for service {service}"),
        _ => what,
    }
}

fn time_text(at: Timestamp) -> String {
    at.to_datetime().format("%-d %B %Y, %H:%M:%S UTC").to_string()
}

//! What the store tells about messages, sessions and their traces.

use ngoma_message::{Address, MessageId, SessionEvent, Timestamp};
use std::fmt;

/// One stored message, as pages and commands show it.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRecord {
    /// Our id.
    pub id: MessageId,
    /// The account it belongs to.
    pub account: String,
    /// The channel it came or goes by.
    pub channel: String,
    /// The service it went to or came from, once known.
    pub service: Option<String>,
    /// In or out.
    pub direction: Direction,
    /// The person: the sender of an inbound message, the receiver of an outbound one.
    pub address: Address,
    /// The text.
    pub content: Option<String>,
    /// The gateway's id of the session it belongs to.
    pub session_key: Option<String>,
    /// Its place in the session.
    pub session_event: Option<SessionEvent>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// What became of it.
    pub status: Status,
    /// The id the provider gave it.
    pub provider_id: Option<String>,
    /// When it was received or accepted.
    pub created_at: Timestamp,
    /// Why it is where it is, when that needs a reason.
    pub reason: Option<String>,
    /// It may have been sent twice: a link or a process was lost while it was on its way.
    pub possible_duplicate: bool,
}

/// One thing that became of an outbound message: an ack, a nack, a delivery report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Its id.
    pub id: MessageId,
    /// When.
    pub at: Timestamp,
    /// `ack`, `nack`, `pending`, `delivered` or `failed`.
    pub kind: String,
    /// The provider's id for an ack, else the reason.
    pub detail: Option<String>,
}

/// A person who does not want messages of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutRecord {
    /// Who.
    pub address: Address,
    /// Since when.
    pub at: Timestamp,
    /// The message by which they said so; nothing when somebody else noted it.
    pub message: Option<MessageId>,
}

/// Something that was given up, kept until a person has it tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterRecord {
    /// The account it belongs to.
    pub account: String,
    /// What was to be done.
    pub kind: DeadLetterKind,
    /// The message or the event; with the kind it says which letter this is.
    pub item: MessageId,
    /// The message, or the one the event is about.
    pub message: MessageId,
    /// When it was given up.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong with the last attempt.
    pub reason: String,
    /// The person, where the message is known.
    pub address: Option<Address>,
    /// The message's channel.
    pub channel: Option<String>,
    /// The message's service, once known.
    pub service: Option<String>,
}

/// What was to be done with what was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadLetterKind {
    /// A person's message was to be given to a service.
    Inbound,
    /// A message was to be sent.
    Outbound,
    /// An event was to be given to a service.
    Event,
    /// The account's web hook was to be called.
    Webhook,
}

/// Every kind with its word.
const DEAD_LETTER_KINDS: [(DeadLetterKind, &str); 4] = [
    (DeadLetterKind::Inbound, "inbound"),
    (DeadLetterKind::Outbound, "outbound"),
    (DeadLetterKind::Event, "event"),
    (DeadLetterKind::Webhook, "webhook"),
];

impl DeadLetterKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        DEAD_LETTER_KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("webhook", |(_, word)| word)
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        let known = DEAD_LETTER_KINDS.iter().find(|(_, known)| *known == word);
        known.map(|(kind, _)| *kind)
    }
}

/// In or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a person.
    Inbound,
    /// To a person.
    Outbound,
}

impl Direction {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// The number the store holds.
    pub(crate) fn number(self) -> i64 {
        i64::from(self == Self::Outbound)
    }

    /// The direction of a number in the store.
    pub(crate) fn from_number(number: i64) -> Self {
        if number == 0 { Self::Inbound } else { Self::Outbound }
    }
}

/// What became of a message. Numbers are what the store holds; they never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Inbound: durable, its service has not run.
    Received,
    /// Inbound: its service ran and what it did is stored.
    Handled,
    /// Outbound: durable, not yet taken by the carrier.
    Queued,
    /// Outbound: the carrier took it.
    Sent,
    /// Outbound: it went out and nobody knows what became of it; it may have been sent.
    Unknown,
    /// Outbound: it is on the phone.
    Delivered,
    /// The service failed (inbound), or it will not arrive (outbound).
    Failed,
    /// Too late to be of use.
    Expired,
    /// Inbound: no route takes it.
    Unrouted,
    /// Outbound: taken back before it was sent.
    Cancelled,
}

/// Every status with its word and its number in the store.
const STATUSES: [(Status, &str, i64); 10] = [
    (Status::Received, "received", 1),
    (Status::Handled, "handled", 2),
    (Status::Queued, "queued", 3),
    (Status::Sent, "sent", 4),
    (Status::Unknown, "unknown", 5),
    (Status::Delivered, "delivered", 6),
    (Status::Failed, "failed", 7),
    (Status::Expired, "expired", 8),
    (Status::Unrouted, "unrouted", 9),
    (Status::Cancelled, "cancelled", 10),
];

impl Status {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        STATUSES
            .iter()
            .find(|(status, ..)| *status == self)
            .map_or("received", |(_, word, _)| word)
    }

    /// The number the store holds.
    pub(crate) fn number(self) -> i64 {
        STATUSES
            .iter()
            .find(|(status, ..)| *status == self)
            .map_or(0, |(.., number)| *number)
    }

    /// The status of a number in the store; a number of a later version reads as unknown.
    pub(crate) fn from_number(number: i64) -> Self {
        STATUSES
            .iter()
            .find(|(.., known)| *known == number)
            .map_or(Self::Unknown, |(status, ..)| *status)
    }
}

impl Status {
    /// Whether nothing comes after it, for an outbound message.
    pub fn is_final(self) -> bool {
        self.rank() == Self::Delivered.rank()
    }

    /// Whether an outbound message of the other status may get this one: a status only goes on.
    pub(crate) fn follows(self, other: Self) -> bool {
        self.rank() > other.rank()
    }

    /// The statuses it follows.
    pub(crate) fn predecessors(self) -> impl Iterator<Item = Self> {
        let all = STATUSES.iter().map(|(status, ..)| *status);
        all.filter(move |other| self.follows(*other))
    }

    fn rank(self) -> u8 {
        match self {
            Self::Received | Self::Queued => 0,
            Self::Unknown => 1,
            Self::Sent => 2,
            _ => 3,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One step a message took, for a person who asks why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: String,
    /// What happened, in plain English.
    pub detail: String,
}

/// One process that works on a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Its number, higher than that of every process before it.
    pub epoch: i64,
    /// Which process it is, in words.
    pub about: String,
    /// When it last said that it lives.
    pub beat_at: Timestamp,
}

/// One dialogue of a person with a service.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// The gateway's id of it.
    pub key: String,
    /// The channel it is on.
    pub channel: String,
    /// The person.
    pub address: Address,
    /// The service it stays with; empty while no route has taken it.
    pub service: String,
    /// Whether it goes on.
    pub is_open: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When its last turn was.
    pub last_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// One version of a service's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRecord {
    /// Its number, from 1.
    pub version: i64,
    /// The hash of its code.
    pub hash: String,
    /// When it was deployed.
    pub at: Timestamp,
    /// What whoever deployed it said of it.
    pub note: Option<String>,
    /// How many open sessions began with it.
    pub open_sessions: i64,
}

/// A step of a service, as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// When its effects were stored.
    pub at: Timestamp,
    /// The service.
    pub service: String,
    /// The version of its code.
    pub version: i64,
    /// What it was given and what was said, as [`Recording::to_json`](crate::recording::Recording::to_json) tells it, with
    /// its `failure` if it failed.
    pub body: serde_json::Value,
}

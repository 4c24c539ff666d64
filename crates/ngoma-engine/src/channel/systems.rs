//! What an account's own systems hand over, and what they are told of it.

use super::Outbound;
use crate::outbound::Priority;
use ngoma_message::{MessageId, Object, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A message that one of the account's own systems hands over, as a transport decoded it.
#[derive(Clone, Debug)]
pub struct SystemMessage {
    /// Whom it is for, as the system writes it.
    pub to: String,
    /// Who it is from; the address of the channel it goes by when the system does not say.
    pub from: Option<String>,
    /// The text.
    pub content: String,
    /// How urgent it is.
    pub priority: Priority,
    /// How long it is of use, from now on.
    pub valid_for: Option<Duration>,
    /// What the system wants to learn of it.
    pub reports: Reports,
    /// What the channel notes with it, for the reports.
    pub noted: Object,
    /// What the channel it goes by is told.
    pub helper_metadata: Object,
    /// Whether only a channel that [sends it as it is written](super::Transport::sends_as_written) can carry it.
    pub is_as_written: bool,
}

/// What a system wants to learn of its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reports {
    /// Of its end.
    pub end: EndReports,
    /// What the carrier says before its end.
    pub before: bool,
}

/// What a system wants to learn of the end of its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReports {
    /// Nothing.
    #[default]
    None,
    /// Whatever it is.
    All,
    /// That it was not delivered.
    Failures,
}

/// What became of a system's message, on its way back as an [`Outbound`].
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The message's id, which the system was told.
    pub message: MessageId,
    /// What became of it.
    pub status: ReportedStatus,
    /// Why, in the carrier's words or the engine's.
    pub reason: Option<String>,
    /// When that was known.
    pub at: Timestamp,
    /// What the channel noted when it was handed over.
    pub noted: Object,
}

/// What became of a system's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedStatus {
    /// It is on the phone.
    Delivered,
    /// The carrier could not deliver it.
    Undelivered,
    /// It was refused.
    Rejected,
    /// It was of no use any more before it could go.
    Expired,
    /// It may have been sent: nobody knows.
    Unknown,
    /// The carrier still tries.
    Pending,
}

impl ReportedStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
        }
    }
}

/// Under what a report lies among what is noted with a message.
const REPORT: &str = "ngoma_report";

/// `{"message":"0193…","status":"delivered","reason":null,"at":1795422600123456,"noted":{}}`; the time in microseconds.
#[derive(Serialize, Deserialize)]
struct ReportWire {
    message: String,
    status: ReportedStatus,
    reason: Option<String>,
    at: i64,
    noted: Object,
}

impl Report {
    /// The report that a message is, if it is one.
    pub fn of(message: &Outbound) -> Option<Self> {
        let wire: ReportWire = serde_json::from_value(message.helper_metadata.get(REPORT)?.clone()).ok()?;
        Some(Self {
            message: wire.message.into(),
            status: wire.status,
            reason: wire.reason,
            at: Timestamp::from_micros(wire.at),
            noted: wire.noted,
        })
    }

    /// What is noted with the message that carries it.
    pub fn as_metadata(&self) -> Object {
        let wire = ReportWire {
            message: self.message.to_string(),
            status: self.status,
            reason: self.reason.clone(),
            at: self.at.micros(),
            noted: self.noted.clone(),
        };
        let report = serde_json::to_value(wire).unwrap_or_default();
        Object::from_iter([(REPORT.to_owned(), report)])
    }
}

//! What people, clients and carriers know: the other side of what the store holds.

use crate::channel::PartHeader;
use ngoma_message::MessageId;
use std::collections::BTreeMap;

/// The books of everybody outside.
#[derive(Default)]
pub(super) struct Ledger {
    /// What providers handed in, by account, channel and the id under which the message is known.
    pub(super) inbound: BTreeMap<(String, String), Arrival>,
    /// What clients asked, by account and their key.
    pub(super) requests: BTreeMap<(String, String), Request>,
    /// What left towards carriers, by our id and the part, 0 for what went whole.
    pub(super) outbound: BTreeMap<(MessageId, u8), Departure>,
    /// Steps that run now: process, service and person.
    pub(super) steps: Vec<String>,
    /// What must never happen and did.
    pub(super) broken: Vec<String>,
}

/// A message on its way in.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrival {
    pub(super) text: String,
    /// Every id it was handed in under.
    pub(super) ids: Vec<MessageId>,
    /// The id under which it was said to be durable.
    pub(super) acked: Option<MessageId>,
}

/// A client's request.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// The ids of every try.
    pub(super) tries: Vec<Vec<MessageId>>,
    /// Those that were said to be durable.
    pub(super) accepted: Option<Vec<MessageId>>,
}

/// A message on its way out.
#[derive(Clone, Debug, Default)]
pub(super) struct Departure {
    /// How often its bytes reached the carrier or a phone that waited.
    pub(super) taken: usize,
    /// The header it had as a part.
    pub(super) header: Option<PartHeader>,
    /// What becomes of it, once the carrier says so.
    pub(super) fate: Option<Fate>,
    /// Whether a receipt by our own id, and one by the carrier's id, was said to be durable.
    pub(super) told_by_our_id: bool,
    pub(super) told_by_carrier_id: bool,
}

/// What becomes of a message a carrier took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Delivered,
    Failed,
}

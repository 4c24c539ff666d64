//! What became of an outbound message.

use crate::{MessageId, Object, Timestamp};

/// An ack, nack or delivery report about an outbound message.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who this event is.
    pub id: MessageId,
    /// When it was made.
    pub timestamp: Timestamp,
    /// The outbound message it is about. Vumi: `user_message_id`.
    pub message_id: MessageId,
    /// What happened.
    pub kind: EventKind,
    /// See [`crate::Message::routing_metadata`].
    pub routing_metadata: Object,
    /// See [`crate::Message::helper_metadata`].
    pub helper_metadata: Object,
    /// Fields this version does not know (`transport_name`, `transport_metadata` among them), kept as they came.
    pub extra: Object,
}

/// What happened to an outbound message.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The channel took it; the id is the provider's.
    Ack {
        /// The id the provider gave it.
        sent_message_id: String,
    },
    /// The channel refused it.
    Nack {
        /// Why, in the channel's words.
        reason: String,
    },
    /// The network says what became of it.
    DeliveryReport(DeliveryStatus),
}

/// What a delivery report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Not yet decided.
    Pending,
    /// It will not arrive.
    Failed,
    /// It is on the phone.
    Delivered,
}

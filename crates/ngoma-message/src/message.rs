//! One text, in or out.

use crate::{Address, MessageId, Object, SessionEvent, Timestamp};
use serde_json::Value;

/// One text in or out. Its fields are those of the Vumi user message, in our words; the wire form is in [`crate::vumi`].
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who this message is.
    pub id: MessageId,
    /// When it was made.
    pub timestamp: Timestamp,
    /// Who sent it; nobody on a trigger that no person sent.
    pub from: Option<Address>,
    /// Whom it is for.
    pub to: Option<Address>,
    /// The text; a session's `close` often has none.
    pub content: Option<String>,
    /// Its place in a session.
    pub session_event: Option<SessionEvent>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// The channel it came or goes by. Vumi: `transport_name`.
    pub channel: Option<String>,
    /// `ussd`, `sms`, `http_api`, …; an open set.
    pub transport_type: Option<String>,
    /// The group or chat room it was said in.
    pub group: Option<Value>,
    /// The carrier, where it is known.
    pub provider: Option<String>,
    /// Which way through the routing table; `endpoint_name` is `default` when absent.
    pub routing_metadata: Object,
    /// What services and helpers noted; copied to replies.
    pub helper_metadata: Object,
    /// What the channel noted.
    pub transport_metadata: Object,
    /// Fields this version does not know, kept as they came.
    pub extra: Object,
}

impl Message {
    /// An empty message with this id and time.
    pub fn new(id: MessageId, timestamp: Timestamp) -> Self {
        Self {
            id,
            timestamp,
            from: None,
            to: None,
            content: None,
            session_event: None,
            in_reply_to: None,
            channel: None,
            transport_type: None,
            group: None,
            provider: None,
            routing_metadata: Object::new(),
            helper_metadata: Object::new(),
            transport_metadata: Object::new(),
            extra: Object::new(),
        }
    }
}

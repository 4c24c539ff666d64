//! An event as services and web hooks are told it.

use crate::store::StoredEvent;
use crate::vumi_bus::Notes;
use ngoma_message::{DeliveryStatus, Event, EventKind, Object, vumi};
use serde_json::{Value, json};

/// The event in Vumi's form; `channel` is the name of the one its message went by.
pub(crate) fn as_vumi(stored: &StoredEvent, channel: Option<&str>) -> Value {
    let mut helper_metadata = stored.helper_metadata.clone();
    Notes::take_from(&mut helper_metadata);
    let event = Event {
        id: stored.id.clone(),
        timestamp: stored.at,
        message_id: stored.message.clone(),
        kind: kind(stored),
        routing_metadata: Object::from_iter([("endpoint_name".to_owned(), json!("default"))]),
        helper_metadata,
        extra: Object::from_iter([
            ("transport_name".to_owned(), json!(channel)),
            ("transport_metadata".to_owned(), json!({})),
        ]),
    };
    vumi::event_to_json(&event)
}

fn kind(stored: &StoredEvent) -> EventKind {
    let detail = stored.detail.clone();
    match stored.kind.as_str() {
        "ack" => EventKind::Ack {
            // Vumi's may not be null: a carrier that gives none has Vumi's transports give the message's own.
            sent_message_id: detail.unwrap_or_else(|| stored.message.to_string()),
        },
        "nack" => EventKind::Nack {
            reason: detail.unwrap_or_default(),
        },
        "delivered" => EventKind::DeliveryReport(DeliveryStatus::Delivered),
        "failed" => EventKind::DeliveryReport(DeliveryStatus::Failed),
        _ => EventKind::DeliveryReport(DeliveryStatus::Pending),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_message::{Address, MessageId, Timestamp};

    fn check(kind: &str, detail: Option<&str>, expected: Value) {
        let stored = StoredEvent {
            account: 1,
            id: MessageId::from("e"),
            at: Timestamp::from_micros(1_795_422_600_123_456),
            kind: kind.into(),
            detail: detail.map(str::to_owned),
            message: MessageId::from("m"),
            root: None,
            person: Address::new("tel", "+1"),
            channel: Some(1),
            helper_metadata: Object::from_iter([("note".to_owned(), json!(7))]),
        };
        let mut whole = json!({
            "message_version": "20110921", "message_type": "event", "timestamp": "2026-11-23 08:30:00.123456",
            "event_id": "e", "user_message_id": "m", "routing_metadata": {"endpoint_name": "default"},
            "helper_metadata": {"note": 7}, "transport_name": "sms", "transport_metadata": {}
        });
        whole
            .as_object_mut()
            .unwrap()
            .extend(expected.as_object().unwrap().clone());
        assert_eq!(as_vumi(&stored, Some("sms")), whole);
    }

    #[test]
    fn every_kind_is_told_in_vumis_words() {
        let report = |status: &str| json!({"event_type": "delivery_report", "delivery_status": status});
        check("ack", Some("p1"), json!({"event_type": "ack", "sent_message_id": "p1"}));
        check("ack", None, json!({"event_type": "ack", "sent_message_id": "m"}));
        check(
            "nack",
            Some("no credit"),
            json!({"event_type": "nack", "nack_reason": "no credit"}),
        );
        for status in ["pending", "delivered", "failed"] {
            check(status, Some("why"), report(status));
        }
    }
}

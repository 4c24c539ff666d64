//! Vumi's `event`: what became of an outbound message.
//!
//! ```json
//! {"message_version": "20110921", "message_type": "event", "timestamp": "2026-11-23 08:30:00.123456",
//!  "event_id": "1f0e…", "user_message_id": "1f0d…", "event_type": "ack", "sent_message_id": "gateway-7",
//!  "routing_metadata": {}, "helper_metadata": {}, "transport_name": "sms", "transport_metadata": {}}
//! ```

use super::fields::{Fields, metadata_to_json};
use super::{MESSAGE_VERSION, WireError};
use crate::{DeliveryStatus, Event, EventKind, MessageId};
use serde_json::{Value, json};

const MESSAGE_TYPE: &str = "event";

/// The event as Vumi writes it.
pub fn event_to_json(event: &Event) -> Value {
    let extra = &event.extra;
    let mut object = extra.clone();
    let (event_type, (detail_field, detail)) = match &event.kind {
        EventKind::Ack { sent_message_id } => ("ack", ("sent_message_id", sent_message_id.as_str())),
        EventKind::Nack { reason } => ("nack", ("nack_reason", reason.as_str())),
        EventKind::DeliveryReport(status) => ("delivery_report", ("delivery_status", status_word(*status))),
    };
    let fields = [
        ("message_version", json!(MESSAGE_VERSION)),
        ("message_type", json!(MESSAGE_TYPE)),
        ("timestamp", json!(event.timestamp.to_vumi())),
        ("event_id", json!(event.id.as_str())),
        ("user_message_id", json!(event.message_id.as_str())),
        ("event_type", json!(event_type)),
        (detail_field, json!(detail)),
        (
            "routing_metadata",
            metadata_to_json("routing_metadata", &event.routing_metadata, extra),
        ),
        (
            "helper_metadata",
            metadata_to_json("helper_metadata", &event.helper_metadata, extra),
        ),
    ];
    object.extend(fields.map(|(field, value)| (field.to_owned(), value)));
    Value::Object(object)
}

/// Reads a Vumi event; old ones lack `helper_metadata`.
pub fn event_from_json(value: Value) -> Result<Event, WireError> {
    let mut fields = Fields::open(value, MESSAGE_TYPE)?;
    Ok(Event {
        timestamp: fields.timestamp()?,
        id: MessageId::from(fields.text("event_id")?),
        message_id: MessageId::from(fields.text("user_message_id")?),
        kind: read_kind(&mut fields)?,
        routing_metadata: fields.metadata("routing_metadata")?,
        helper_metadata: fields.metadata("helper_metadata")?,
        extra: fields.rest(),
    })
}

/// Takes the type and its own detail only: vumi2 also writes the details of the other types, as null.
fn read_kind(fields: &mut Fields) -> Result<EventKind, WireError> {
    match fields.text("event_type")?.as_str() {
        "ack" => Ok(EventKind::Ack {
            sent_message_id: fields.text("sent_message_id")?,
        }),
        "nack" => Ok(EventKind::Nack {
            reason: fields.text("nack_reason")?,
        }),
        "delivery_report" => read_status(&fields.text("delivery_status")?).map(EventKind::DeliveryReport),
        _ => Err(WireError::new("event_type", "must be ack, nack or delivery_report")),
    }
}

fn read_status(word: &str) -> Result<DeliveryStatus, WireError> {
    match word {
        "pending" => Ok(DeliveryStatus::Pending),
        "failed" => Ok(DeliveryStatus::Failed),
        "delivered" => Ok(DeliveryStatus::Delivered),
        _ => Err(WireError::new(
            "delivery_status",
            "must be pending, failed or delivered",
        )),
    }
}

fn status_word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "pending",
        DeliveryStatus::Failed => "failed",
        DeliveryStatus::Delivered => "delivered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::vumi::testing::{any_moment, any_object, any_text, changed};
    use proptest::prelude::*;

    fn event(detail: Value) -> Value {
        let base = json!({
            "message_version": "20110921", "message_type": "event", "timestamp": "2026-11-23 08:30:00.123456",
            "event_id": "1f0e", "user_message_id": "1f0d", "routing_metadata": {}, "helper_metadata": {"tag": {}}
        });
        changed(base, detail)
    }

    #[test]
    fn every_kind_is_read_and_written_the_same() {
        let check = |detail: Value, expected: EventKind| {
            let read = event_from_json(event(detail.clone())).expect("an event");
            assert_eq!(read.id, MessageId::from("1f0e"));
            assert_eq!(read.message_id, MessageId::from("1f0d"));
            assert_eq!(read.timestamp, Timestamp::from_micros(1_795_422_600_123_456));
            assert_eq!(read.kind, expected);
            assert_eq!(event_to_json(&read), event(detail));
        };
        let ack = EventKind::Ack {
            sent_message_id: "gateway-7".to_owned(),
        };
        let nack = EventKind::Nack {
            reason: "no credit".to_owned(),
        };
        let report = |status| EventKind::DeliveryReport(status);
        check(
            json!({"event_type": "ack", "sent_message_id": "gateway-7"}),
            ack.clone(),
        );
        check(json!({"event_type": "nack", "nack_reason": "no credit"}), nack.clone());
        check(
            json!({"event_type": "delivery_report", "delivery_status": "pending"}),
            report(DeliveryStatus::Pending),
        );
        check(
            json!({"event_type": "delivery_report", "delivery_status": "failed"}),
            report(DeliveryStatus::Failed),
        );
        check(
            json!({"event_type": "delivery_report", "delivery_status": "delivered"}),
            report(DeliveryStatus::Delivered),
        );
        check(
            json!({"event_type": "ack", "sent_message_id": "gateway-7", "transport_name": "sms",
                "transport_metadata": {"smpp_delivery_status": "DELIVRD"}}),
            ack,
        );
        check(
            json!({"event_type": "nack", "nack_reason": "no credit", "sent_message_id": null, "delivery_status": null}),
            nack,
        );
    }

    #[test]
    fn an_old_event_without_helper_metadata_is_read() {
        let mut json = event(json!({"event_type": "ack", "sent_message_id": "x"}));
        json.as_object_mut().expect("an object").remove("helper_metadata");
        let read = event_from_json(json).expect("an event");
        assert!(read.helper_metadata.is_empty());
        assert_eq!(event_to_json(&read)["helper_metadata"], json!({}));
    }

    #[test]
    fn a_wrong_event_names_its_field() {
        let check = |detail: Value, expected: &str| {
            let error = event_from_json(event(detail)).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(json!({}), "event_type: is missing");
        check(
            json!({"event_type": "other"}),
            "event_type: must be ack, nack or delivery_report",
        );
        check(json!({"event_type": "ack"}), "sent_message_id: is missing");
        check(
            json!({"event_type": "ack", "sent_message_id": null}),
            "sent_message_id: must not be null",
        );
        check(
            json!({"event_type": "nack", "nack_reason": null}),
            "nack_reason: must not be null",
        );
        check(
            json!({"event_type": "delivery_report", "delivery_status": "lost"}),
            "delivery_status: must be pending, failed or delivered",
        );
        check(json!({"event_id": null}), "event_id: must not be null");
        check(json!({"user_message_id": 7}), "user_message_id: must be text or null");
        check(
            json!({"message_type": "user_message"}),
            r#"message_type: must be "event""#,
        );
        check(
            json!({"message_version": "1"}),
            r#"message_version: must be "20110921""#,
        );
    }

    fn any_kind() -> impl Strategy<Value = EventKind> {
        let statuses = [
            DeliveryStatus::Pending,
            DeliveryStatus::Failed,
            DeliveryStatus::Delivered,
        ];
        prop_oneof![
            any_text().prop_map(|sent_message_id| EventKind::Ack { sent_message_id }),
            any_text().prop_map(|reason| EventKind::Nack { reason }),
            prop::sample::select(statuses.to_vec()).prop_map(EventKind::DeliveryReport),
        ]
    }

    prop_compose! {
        fn any_event()(
            (id, timestamp, message_id, kind) in (any_text(), any_moment(), any_text(), any_kind()),
            (routing_metadata, helper_metadata, extra) in (any_object(), any_object(), any_object()),
        ) -> Event {
            let (id, message_id) = (MessageId::from(id), MessageId::from(message_id));
            Event { id, timestamp, message_id, kind, routing_metadata, helper_metadata, extra }
        }
    }

    proptest! {
        #[test]
        fn every_event_reads_back_as_itself(event in any_event()) {
            let json = event_to_json(&event);
            prop_assert_eq!(event_from_json(json.clone()), Ok(event.clone()));
            prop_assert_eq!(event_to_json(&event), json);
        }

        #[test]
        fn every_full_event_is_written_as_it_came(base in any_event(), changes in any_object()) {
            let json = changed(event_to_json(&base), Value::Object(changes));
            prop_assert_eq!(event_to_json(&event_from_json(json.clone()).expect("an event")), json);
        }
    }
}

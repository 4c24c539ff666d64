//! Vumi's `user_message`.
//!
//! ```json
//! {"message_version": "20110921", "message_type": "user_message", "timestamp": "2026-11-23 08:30:00.123456",
//!  "message_id": "1f0e…", "from_addr": "+27831234567", "to_addr": "*120*8864#", "from_addr_type": "msisdn",
//!  "to_addr_type": null, "in_reply_to": null, "session_event": "new", "content": null, "transport_name": "ussd",
//!  "transport_type": "ussd", "transport_metadata": {}, "helper_metadata": {}, "routing_metadata": {}, "group": null,
//!  "provider": null}
//! ```

use super::fields::{Fields, metadata_to_json};
use super::{MESSAGE_VERSION, WireError, address_type};
use crate::{Address, Message, MessageId, SessionEvent};
use serde_json::{Value, json};

const MESSAGE_TYPE: &str = "user_message";

/// The user message as Vumi writes it, every field present.
pub fn message_to_json(message: &Message) -> Value {
    let (from, to, extra) = (message.from.as_ref(), message.to.as_ref(), &message.extra);
    let mut object = extra.clone();
    let mut put = |field: &str, value: Value| object.insert(field.to_owned(), value);
    let metadata = |field: &str, metadata| metadata_to_json(field, metadata, extra);
    put("message_version", json!(MESSAGE_VERSION));
    put("message_type", json!(MESSAGE_TYPE));
    put("timestamp", json!(message.timestamp.to_vumi()));
    put("message_id", json!(message.id.as_str()));
    put("from_addr", json!(from.map(Address::value)));
    put("from_addr_type", address_type::write("from_addr_type", from, extra));
    put("to_addr", json!(to.map(Address::value)));
    put("to_addr_type", address_type::write("to_addr_type", to, extra));
    put(
        "in_reply_to",
        json!(message.in_reply_to.as_ref().map(MessageId::as_str)),
    );
    put(
        "session_event",
        json!(message.session_event.as_ref().map(SessionEvent::as_str)),
    );
    put("content", json!(message.content));
    put("transport_name", json!(message.channel));
    put("transport_type", json!(message.transport_type));
    put("group", json!(message.group));
    put("provider", json!(message.provider));
    put(
        "routing_metadata",
        metadata("routing_metadata", &message.routing_metadata),
    );
    put("helper_metadata", metadata("helper_metadata", &message.helper_metadata));
    put(
        "transport_metadata",
        metadata("transport_metadata", &message.transport_metadata),
    );
    Value::Object(object)
}

/// Reads a Vumi user message. What is written back is what came, but for three things: a timestamp always has its
/// microseconds, fields that may be absent are there, and `__cache__` is dropped.
pub fn message_from_json(value: Value) -> Result<Message, WireError> {
    let mut fields = Fields::open(value, MESSAGE_TYPE)?;
    let timestamp = fields.timestamp()?;
    let mut message = Message::new(MessageId::from(fields.text("message_id")?), timestamp);
    let (from, to) = (fields.text_or_null("from_addr")?, fields.text_or_null("to_addr")?);
    let from_type = fields.optional_text("from_addr_type")?;
    let to_type = fields.optional_text("to_addr_type")?;
    message.in_reply_to = fields.text_or_null("in_reply_to")?.map(MessageId::from);
    message.session_event = fields.text_or_null("session_event")?.as_deref().map(SessionEvent::from);
    message.content = fields.text_or_null("content")?;
    message.channel = fields.text_or_null("transport_name")?;
    message.transport_type = fields.text_or_null("transport_type")?;
    message.group = Some(fields.value("group")?).filter(|group| !group.is_null());
    message.provider = fields.text_or_null("provider")?;
    fields.require("transport_metadata")?;
    message.transport_metadata = fields.metadata("transport_metadata")?;
    message.routing_metadata = fields.metadata("routing_metadata")?;
    message.helper_metadata = fields.metadata("helper_metadata")?;
    message.extra = fields.rest();
    message.from = address_type::read("from_addr_type", from, from_type, &mut message.extra);
    message.to = address_type::read("to_addr_type", to, to_type, &mut message.extra);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vumi::testing::{any_moment, any_object, any_text, any_value, changed, wire_time};
    use crate::{Object, Timestamp};
    use proptest::option;
    use proptest::prelude::*;

    fn full() -> Value {
        json!({
            "message_version": "20110921", "message_type": "user_message", "timestamp": "2026-11-23 08:30:00.123456",
            "message_id": "1f0e", "from_addr": "+27831234567", "from_addr_type": "msisdn", "to_addr": "*120*8864#",
            "to_addr_type": "msisdn", "in_reply_to": null, "session_event": "new", "content": "1",
            "transport_name": "ussd", "transport_type": "ussd", "transport_metadata": {"session_id": "s1"},
            "helper_metadata": {"go": {"user_account": "demo"}}, "routing_metadata": {"endpoint_name": "default"},
            "group": null, "provider": "vodacom"
        })
    }

    #[test]
    fn every_field_is_read_into_its_place() {
        let mut expected = Message::new(MessageId::from("1f0e"), Timestamp::from_micros(1_795_422_600_123_456));
        expected.from = Some(Address::new("tel", "+27831234567"));
        expected.to = Some(Address::new("tel", "*120*8864#"));
        expected.content = Some("1".to_owned());
        expected.session_event = Some(SessionEvent::New);
        expected.channel = Some("ussd".to_owned());
        expected.transport_type = Some("ussd".to_owned());
        expected.provider = Some("vodacom".to_owned());
        expected.transport_metadata.insert("session_id".to_owned(), json!("s1"));
        expected
            .helper_metadata
            .insert("go".to_owned(), json!({"user_account": "demo"}));
        expected
            .routing_metadata
            .insert("endpoint_name".to_owned(), json!("default"));
        assert_eq!(message_from_json(full()), Ok(expected.clone()));
        assert_eq!(message_to_json(&expected), full());
    }

    #[test]
    fn what_comes_in_goes_out_the_same() {
        let check = |changes: Value| {
            let json = changed(full(), changes);
            let message = message_from_json(json.clone()).expect("a full message");
            assert_eq!(message_to_json(&message), json);
        };
        check(json!({"from_addr_type": null, "to_addr_type": null}));
        check(json!({"from_addr_type": "jabber_id", "to_addr_type": "irc_nickname"}));
        check(json!({"from_addr_type": "tel", "to_addr_type": ""}));
        check(json!({"from_addr_type": "some_later_type", "to_addr_type": "xmpp"}));
        check(json!({"to_addr": null, "content": null}));
        check(json!({"to_addr": null, "to_addr_type": null, "session_event": null}));
        check(json!({"content": "2026-11-23 08:30:00.123456"}));
        check(json!({"content": "", "session_event": "a later word", "in_reply_to": "1f0d"}));
        check(json!({"transport_metadata": null, "helper_metadata": null, "routing_metadata": null}));
        check(json!({"transport_name": null, "transport_type": "whatsapp", "provider": null}));
        check(json!({"group": {"any": ["thing"]}, "a_later_field": {"deep": [1, null]}, "event_id": "x"}));
        check(json!({"timestamp": "1969-12-31 23:59:59.999999"}));
    }

    #[test]
    fn addresses_carry_the_scheme_of_their_type() {
        let check = |kind: Value, scheme: &str| {
            let message = message_from_json(changed(full(), json!({"from_addr_type": kind}))).expect("a full message");
            assert_eq!(message.from.as_ref().map(Address::scheme), Some(scheme));
            assert_eq!(message.from.as_ref().map(Address::value), Some("+27831234567"));
        };
        check(Value::Null, "tel");
        check(json!("msisdn"), "tel");
        check(json!("irc_nickname"), "irc");
        check(json!("twitter_handle"), "twitter");
        check(json!("gtalk_id"), "gtalk");
        check(json!("jabber_id"), "xmpp");
        check(json!("mxit_id"), "mxit");
        check(json!("wechat_id"), "wechat");
        check(json!("telegram"), "telegram");
    }

    #[test]
    fn an_address_given_later_is_written_with_its_own_type() {
        let mut message = message_from_json(changed(full(), json!({"to_addr_type": null}))).expect("a full message");
        message.to = Some(Address::new("xmpp", "a@b.example"));
        assert_eq!(message_to_json(&message)["to_addr_type"], "jabber_id");
        message.to = Some(Address::new("tel", "+27831234568"));
        assert_eq!(message_to_json(&message)["to_addr_type"], Value::Null);
    }

    #[test]
    fn a_new_message_has_every_field() {
        let message = Message::new(MessageId::from("1f0e"), Timestamp::from_micros(0));
        let expected = json!({
            "message_version": "20110921", "message_type": "user_message", "timestamp": "1970-01-01 00:00:00.000000",
            "message_id": "1f0e", "from_addr": null, "from_addr_type": null, "to_addr": null, "to_addr_type": null,
            "in_reply_to": null, "session_event": null, "content": null, "transport_name": null, "transport_type": null,
            "transport_metadata": {}, "helper_metadata": {}, "routing_metadata": {}, "group": null, "provider": null
        });
        assert_eq!(message_to_json(&message), expected);
    }

    #[test]
    fn what_may_be_absent_is_written_as_its_default() {
        let mut json = full();
        let object = json.as_object_mut().expect("an object");
        for field in ["from_addr_type", "to_addr_type", "helper_metadata", "routing_metadata"] {
            object.remove(field);
        }
        object.insert("__cache__".to_owned(), json!({"tag": 1}));
        object.insert("timestamp".to_owned(), json!("2026-11-23T08:30:00Z"));
        let message = message_from_json(json).expect("a message");
        let defaults = json!({
            "from_addr_type": null, "to_addr_type": null, "helper_metadata": {}, "routing_metadata": {},
            "timestamp": "2026-11-23 08:30:00.000000"
        });
        assert_eq!(message_to_json(&message), changed(full(), defaults));
    }

    #[test]
    fn a_missing_field_is_named() {
        for field in [
            "message_version",
            "message_type",
            "timestamp",
            "message_id",
            "from_addr",
            "to_addr",
            "in_reply_to",
            "session_event",
            "content",
            "transport_name",
            "transport_type",
            "transport_metadata",
            "group",
            "provider",
        ] {
            let mut json = full();
            json.as_object_mut().expect("an object").remove(field);
            let error = message_from_json(json).expect_err(field);
            assert_eq!(error.field, field);
        }
    }

    #[test]
    fn a_wrong_field_is_named_with_its_problem() {
        let check = |changes: Value, expected: &str| {
            let error = message_from_json(changed(full(), changes)).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(
            json!({"message_version": "20110922"}),
            r#"message_version: must be "20110921""#,
        );
        check(
            json!({"message_version": 20110921}),
            r#"message_version: must be "20110921""#,
        );
        check(
            json!({"message_type": "event"}),
            r#"message_type: must be "user_message""#,
        );
        check(
            json!({"timestamp": "soon"}),
            "timestamp: must be a time like 2026-11-23 08:30:00.123456",
        );
        check(json!({"timestamp": null}), "timestamp: must not be null");
        check(json!({"message_id": null}), "message_id: must not be null");
        check(json!({"content": 1}), "content: must be text or null");
        check(json!({"from_addr": 27831234567_i64}), "from_addr: must be text or null");
        check(json!({"to_addr_type": {}}), "to_addr_type: must be text or null");
        check(json!({"session_event": false}), "session_event: must be text or null");
        check(json!({"helper_metadata": []}), "helper_metadata: must be an object");
        assert_eq!(
            message_from_json(json!([])).expect_err("a list").to_string(),
            "message: must be a JSON object"
        );
    }

    fn any_address() -> impl Strategy<Value = Option<Address>> {
        let schemes = [
            "tel", "irc", "twitter", "gtalk", "xmpp", "mxit", "wechat", "telegram", "whatsapp",
        ];
        option::of(
            (prop::sample::select(schemes.to_vec()), any_text())
                .prop_map(|(scheme, value)| Address::new(scheme, value)),
        )
    }

    prop_compose! {
        fn any_message()(
            (id, timestamp, from, to) in (any_text(), any_moment(), any_address(), any_address()),
            (content, event, reply) in (option::of(any_text()), option::of(any_text()), option::of(any_text())),
            (channel, kind, provider) in (option::of(any_text()), option::of(any_text()), option::of(any_text())),
            (group, routing, helper) in (option::of(any_value()), any_object(), any_object()),
            (transport, extra) in (any_object(), any_object()),
        ) -> Message {
            Message {
                from,
                to,
                content,
                session_event: event.as_deref().map(SessionEvent::from),
                in_reply_to: reply.map(MessageId::from),
                channel,
                transport_type: kind,
                group: group.filter(|group| !group.is_null()),
                provider,
                routing_metadata: routing,
                helper_metadata: helper,
                transport_metadata: transport,
                extra,
                ..Message::new(MessageId::from(id), timestamp)
            }
        }
    }

    fn text_or_null() -> impl Strategy<Value = Value> {
        option::of(any_text()).prop_map(|text| json!(text))
    }

    fn address_type() -> impl Strategy<Value = Value> {
        let known = [
            "msisdn",
            "irc_nickname",
            "jabber_id",
            "wechat_id",
            "tel",
            "xmpp",
            "telegram",
            "",
        ];
        prop_oneof![
            Just(Value::Null),
            prop::sample::select(known.to_vec()).prop_map(Value::from),
            any_text().prop_map(Value::from)
        ]
    }

    prop_compose! {
        fn any_full_json()(
            extra in any_object(),
            (timestamp, id) in (any_moment(), any_text()),
            addresses in (text_or_null(), address_type(), text_or_null(), address_type()),
            words in (text_or_null(), text_or_null(), text_or_null()),
            channel in (text_or_null(), text_or_null(), text_or_null(), any_value()),
            metadata in (option::of(any_object()), option::of(any_object()), option::of(any_object())),
        ) -> Value {
            let known = json!({
                "message_version": "20110921", "message_type": "user_message", "timestamp": wire_time(timestamp),
                "message_id": id, "from_addr": addresses.0, "from_addr_type": addresses.1, "to_addr": addresses.2,
                "to_addr_type": addresses.3, "in_reply_to": words.0, "session_event": words.1, "content": words.2,
                "transport_name": channel.0, "transport_type": channel.1, "provider": channel.2, "group": channel.3,
                "transport_metadata": metadata.0, "helper_metadata": metadata.1, "routing_metadata": metadata.2
            });
            changed(Value::Object(extra), known)
        }
    }

    proptest! {
        #[test]
        fn every_message_reads_back_as_itself(message in any_message()) {
            prop_assert_eq!(message_from_json(message_to_json(&message)), Ok(message));
        }

        #[test]
        fn every_full_message_is_written_as_it_came(json in any_full_json()) {
            let message = message_from_json(json.clone()).expect("a full message");
            prop_assert_eq!(message_to_json(&message), json);
        }

        #[test]
        fn no_json_is_too_odd_to_read(value in any_value(), changes in any_object(), field in 0_usize..18) {
            let _ = message_from_json(value.clone());
            let mut json = changed(full(), Value::Object(changes));
            let object: &mut Object = json.as_object_mut().expect("an object");
            let name = object.keys().nth(field).cloned().expect("a field");
            object.insert(name, value);
            let _ = message_from_json(json);
        }
    }
}

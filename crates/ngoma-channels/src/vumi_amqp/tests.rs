//! Tables of what a transport publishes and what it gets; the bus itself is met in the program's tests.

use super::VumiAmqp;
use super::wire::{self, Said};
use crate::test_line::{check_described, check_refused, open, outbound};
use ngoma_engine::channel::{
    ChannelType, Config, LateAnswer, Noted, Outbound, Receipt, ReceiptFor, SendErrorKind, Sent, ToldIn,
};
use ngoma_message::{DeliveryStatus, Object, SessionEvent, Timestamp};
use ngoma_testkit::FakeDoor;
use serde_json::{Value, json};

const URL: &str = "amqp://me:drum@mq.example.org/v";

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_422_600_123_456)
}

fn inbound(changes: Value) -> Value {
    let mut message = json!({
        "message_version": "20110921", "message_type": "user_message", "timestamp": "2026-11-23 08:30:00.123456",
        "message_id": "theirs", "from_addr": "27831234567", "from_addr_type": "msisdn", "to_addr": "31022",
        "to_addr_type": null, "in_reply_to": null, "session_event": null, "content": "JOIN",
        "transport_name": "sms", "transport_type": "sms", "transport_metadata": {"smsc": 7},
        "helper_metadata": {"tag": {"tag": ["pool", "31022"]}}, "routing_metadata": {"endpoint_name": "default"},
        "group": null, "provider": "vodacom"
    });
    merge(&mut message, changes);
    message
}

fn merge(message: &mut Value, changes: Value) {
    let changes = changes.as_object().cloned().expect("an object");
    message.as_object_mut().expect("an object").extend(changes);
}

#[test]
fn settings_are_described_and_checked() {
    let config = json!({
        "url": URL, "transport_name": "sms_transport", "transport_type": "sms", "worker_name": "ngoma",
        "watch": "sms_transport"
    });
    check_described(&VumiAmqp, &config);
    check_refused(
        &VumiAmqp,
        json!({ "transport_name": "sms" }),
        ".",
        "missing field `url`",
    );
    check_refused(
        &VumiAmqp,
        json!({ "url": "mq.example.org", "transport_name": "sms" }),
        "url",
        "the broker's address",
    );
    check_refused(
        &VumiAmqp,
        json!({ "url": URL, "transport_name": "two words" }),
        "transport_name",
        "a name must be 1 to 200",
    );
    check_refused(
        &VumiAmqp,
        json!({ "url": URL, "transport_name": "sms", "transport_type": "whatsapp" }),
        "transport_type",
        "unknown variant `whatsapp`, expected one of `sms`, `ussd`",
    );
}

#[test]
fn what_it_carries_decides_whether_it_has_sessions() {
    let check = |kind: Option<&str>, word: &str, has_sessions: bool, scheme: &str| {
        let mut config = Object::from_iter([
            ("url".to_owned(), json!(URL)),
            ("transport_name".to_owned(), json!("t")),
        ]);
        config.extend(kind.map(|kind| ("transport_type".to_owned(), json!(kind))));
        let told = VumiAmqp.describe_as(&Config(config));
        assert_eq!(
            (told.transport_type, told.has_sessions, told.schemes[0]),
            (word, has_sessions, scheme)
        );
    };
    check(None, "sms", false, "tel");
    check(Some("ussd"), "ussd", true, "tel");
    check(Some("xmpp"), "xmpp", false, "xmpp");
    check(Some("nonsense"), "sms", false, "tel");
}

#[test]
fn what_a_person_sent_is_read() {
    let ctx = FakeDoor::new().context(Some("31022"));
    let read = wire::read_message(inbound(json!({})), &ctx).expect("a message");
    assert_eq!(read.provider_id.as_deref(), Some("theirs"));
    assert_eq!((read.from.value(), read.to.value()), ("+27831234567", "31022"));
    assert_eq!((read.content.as_deref(), read.session.is_none()), (Some("JOIN"), true));
    assert_eq!(read.transport_metadata["smsc"], 7);

    let turn = wire::read_message(inbound(json!({"session_event": "resume"})), &ctx).expect("a message");
    let session = turn.session.expect("a session");
    assert_eq!(
        (session.key.as_str(), session.event),
        ("31022 27831234567", SessionEvent::Resume)
    );

    let national = wire::read_message(inbound(json!({"from_addr": "0831234567"})), &ctx).expect("a message");
    assert_eq!(national.from.value(), "+27831234567");
    let named = json!({"from_addr": "sipho", "from_addr_type": "twitter_handle"});
    let named = wire::read_message(inbound(named), &ctx).expect("a message");
    assert_eq!(named.from.to_string(), "twitter:sipho");
    let nowhere = wire::read_message(inbound(json!({"to_addr": null})), &ctx).expect("a message");
    assert_eq!(nowhere.to.value(), "31022");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_field() {
    let ctx = FakeDoor::new().context(None);
    let check = |changes: Value, problem: &str| {
        let error = wire::read_message(inbound(changes), &ctx).expect_err("no message");
        assert!(error.starts_with(problem), "{error}");
    };
    check(json!({"message_version": "20200101"}), "message_version: must be");
    check(json!({"message_type": "event"}), "message_type: must be");
    check(json!({"message_id": null}), "message_id: must not be null");
    check(json!({"from_addr": null}), "from_addr: nobody sent it");
    check(
        json!({"from_addr": "1".repeat(257)}),
        "from_addr: is longer than 256 characters",
    );
    check(json!({"content": 7}), "content: must be text or null");
    assert!(wire::read_message(json!([1]), &ctx).is_err());
}

#[test]
fn an_answer_has_what_came_with_its_question() {
    let ctx = FakeDoor::new().context(Some("31022"));
    let asked = wire::read_message(inbound(json!({"group": "#room"})), &ctx).expect("a message");
    let noted = Noted {
        provider_id: asked.provider_id.clone(),
        transport_metadata: asked.transport_metadata,
    };
    let answer = Outbound {
        in_reply_to: Some(asked.id),
        session_event: Some(SessionEvent::Resume),
        helper_metadata: Object::from_iter([("own".to_owned(), json!(1))]),
        ..outbound("Welcome.")
    };
    let mut expected = inbound(json!({
        "message_id": "a-1", "in_reply_to": "theirs", "content": "Welcome.", "from_addr": "31022",
        "to_addr": "27831234567", "to_addr_type": "msisdn", "group": "#room",
        "helper_metadata": {"tag": {"tag": ["pool", "31022"]}, "own": 1}
    }));
    assert_eq!(
        wire::write_message(&answer, Some(noted.clone()), &ctx, ("sms", "sms"), now()),
        expected
    );
    let last = Outbound {
        session_event: Some(SessionEvent::Close),
        ..answer
    };
    merge(&mut expected, json!({"session_event": "close"}));
    assert_eq!(
        wire::write_message(&last, Some(noted), &ctx, ("sms", "sms"), now()),
        expected
    );
}

#[test]
fn a_message_that_answers_nobody_comes_from_the_channels_address() {
    let ctx = FakeDoor::new().context(Some("31022"));
    let written = wire::write_message(&outbound("Hello."), None, &ctx, ("sms", "sms"), now());
    let expected = inbound(json!({
        "message_id": "a-1", "content": "Hello.", "from_addr": "31022", "to_addr": "+27831234567",
        "to_addr_type": "msisdn", "transport_metadata": {}, "helper_metadata": {}, "provider": null
    }));
    assert_eq!(written, expected);
}

#[test]
fn every_event_says_what_became_of_its_message() {
    let check = |detail: Value, expected: Said| {
        let mut event = json!({
            "message_version": "20110921", "message_type": "event", "timestamp": "2026-11-23 08:30:00.123456",
            "event_id": "e", "user_message_id": "m", "routing_metadata": {}, "transport_metadata": {}
        });
        merge(&mut event, detail);
        assert_eq!(wire::read_event(event), Ok(expected));
    };
    let answer = |result| {
        Said::Answer(LateAnswer {
            message: "m".into(),
            result,
            told_in: ToldIn::Answer,
        })
    };
    let sent = Sent {
        provider_id: Some("g-7".into()),
    };
    check(json!({"event_type": "ack", "sent_message_id": "g-7"}), answer(Ok(sent)));
    check(
        json!({"event_type": "nack", "nack_reason": "no credit"}),
        answer(Err("no credit".into())),
    );
    for (word, status) in [
        ("pending", DeliveryStatus::Pending),
        ("failed", DeliveryStatus::Failed),
        ("delivered", DeliveryStatus::Delivered),
    ] {
        let receipt = Receipt {
            about: ReceiptFor::MessageId("m".into()),
            status,
            reason: None,
        };
        check(
            json!({"event_type": "delivery_report", "delivery_status": word}),
            Said::Receipt(receipt),
        );
    }
    assert!(wire::read_event(json!({"event_type": "ack"})).is_err());
}

#[tokio::test]
async fn before_it_is_connected_sending_is_tried_again_later() {
    let config = json!({ "url": "amqp://127.0.0.1:1/v", "transport_name": "sms" });
    let transport = open(&VumiAmqp, &config, FakeDoor::new().context(None)).expect("good settings");
    let error = transport.send(&outbound("Hello.")).await.expect_err("no broker");
    assert_eq!(error.kind, SendErrorKind::Temporary);
}

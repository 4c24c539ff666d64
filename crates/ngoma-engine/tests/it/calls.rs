//! An account's own address is called about its messages and events.

use crate::line::text;
use crate::receiver::{Call, Does, Receiver};
use crate::world::{World, demo, soon, until};
use ngoma_engine::channel::{Receipt, ReceiptFor, Sent};
use ngoma_engine::directory::{Change, Document, Secret, Topic, WebhookRecord};
use ngoma_engine::webhooks::{DELIVERY_HEADER, SIGNATURE_HEADER, SignatureError, TOLERANCE, verify};
use ngoma_engine::{Clock, DeadLetterKind, DeadLetterRecord, Limits, Status};
use ngoma_message::{DeliveryStatus, MessageId};
use serde_json::json;
use std::time::Duration;

const SECRET: &str = "a secret of enough characters";
const HOUR: Duration = Duration::from_secs(3600);

fn webhook(url: &str, events: &[Topic]) -> WebhookRecord {
    WebhookRecord {
        url: url.into(),
        secret: Secret::new(SECRET),
        events: events.iter().copied().collect(),
        allow_private: true,
    }
}

fn with_webhook(account: &str, webhook: WebhookRecord) -> Document {
    let mut document = demo(account);
    document.accounts.get_mut(account).unwrap().webhook = Some(webhook);
    document
}

/// A world whose account `demo` has its web hook there.
async fn calling(receiver: &Receiver, events: &[Topic]) -> World {
    let world = World::new().await;
    let document = with_webhook("demo", webhook(&receiver.url, events));
    world.engine().apply(document).await.unwrap();
    world
}

async fn called(receiver: &Receiver, times: usize) -> Vec<Call> {
    until(|| receiver.calls().len() >= times).await;
    receiver.calls()
}

/// Waits until the first dead letter is there.
async fn dead_letter(world: &World) -> DeadLetterRecord {
    soon(async {
        loop {
            if let Some(letter) = world.engine().dead_letters("demo", 10).await.unwrap().pop() {
                return letter;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Waits until so many calls about a message have failed, and moves the clock past the next wait.
async fn advance_after_failures(world: &World, id: &MessageId, failures: usize) {
    soon(async {
        while world.trace(id).await.matches("webhook: not taken").count() < failures {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.advance(Duration::from_secs(20));
}

fn check_signature(world: &World, call: &Call) {
    let header = call.header(SIGNATURE_HEADER);
    let now = world.clock.now();
    let check = |secret: &str, body: &[u8]| verify(secret.as_bytes(), header, body, now, TOLERANCE);
    assert_eq!(check(SECRET, &call.body), Ok(()));
    assert_eq!(check("another", &call.body), Err(SignatureError::Mismatch));
    assert_eq!(check(SECRET, b"{}"), Err(SignatureError::Mismatch));
}

#[tokio::test]
async fn messages_and_events_are_told_signed_and_in_vumis_form() {
    let receiver = Receiver::start().await;
    let world = calling(&receiver, &[Topic::Message, Topic::Ack, Topic::DeliveryReport]).await;
    let line = world.line("demo/sms");
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some("p1".into()),
    }));
    let inbound = line.take(text("+1", "hi")).await;
    let outbound = soon(line.next_sent()).await.id;
    called(&receiver, 2).await;
    world.reaches("+1", &outbound, Status::Sent).await;
    let receipt = Receipt {
        about: ReceiptFor::ProviderId("p1".into()),
        status: DeliveryStatus::Delivered,
        reason: None,
    };
    line.ctx.door.report(receipt).await.unwrap();
    let calls = called(&receiver, 3).await;
    for call in &calls {
        check_signature(&world, call);
        assert_eq!(call.header("content-type"), "application/json; charset=utf-8");
    }
    let body_of = |key: &str, value: &str| {
        let call = calls.iter().find(|call| call.json()[key] == value);
        call.unwrap_or_else(|| panic!("{key} {value}")).json()
    };
    let message = body_of("message_type", "user_message");
    let expected = json!({
        "message_version": "20110921", "message_type": "user_message", "timestamp": "2026-11-23 08:30:00.000000",
        "message_id": inbound.as_str(), "from_addr": "+1", "from_addr_type": "msisdn", "to_addr": "100",
        "to_addr_type": "msisdn", "in_reply_to": null, "session_event": null, "content": "hi",
        "transport_name": "sms", "transport_type": "sms", "group": null, "provider": null,
        "routing_metadata": {"endpoint_name": "default"}, "helper_metadata": {}, "transport_metadata": {}
    });
    assert_eq!(message, expected);
    for event in [body_of("event_type", "ack"), body_of("delivery_status", "delivered")] {
        assert_eq!(event["user_message_id"], outbound.as_str());
        assert_eq!(event["helper_metadata"], json!({"note": 1}));
        let id = event["event_id"].as_str().unwrap();
        assert!(calls.iter().any(|call| call.header(DELIVERY_HEADER) == id));
    }
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let receiver = Receiver::start().await;
    let world = calling(&receiver, &[Topic::Nack]).await;
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "hi")).await;
    let sent = soon(line.next_sent()).await.id;
    world.reaches("+1", &sent, Status::Sent).await;
    world.has_traced(&id, "taken by the carrier").await;
    line.will(&[ngoma_engine::channel::SendErrorKind::Permanent]);
    line.take(text("+1", "hi")).await;
    let calls = called(&receiver, 1).await;
    assert_eq!(calls[0].json()["event_type"], "nack");
}

/// F17: 500, no answer in time, a redirect to ourselves, and at last 200.
#[tokio::test]
async fn a_failing_receiver_is_called_again_until_it_takes_the_call() {
    let receiver = Receiver::start().await;
    let elsewhere = Receiver::start().await;
    receiver.then(&[Does::Answers(500), Does::Hangs, Does::Redirects(elsewhere.url.clone())]);
    let mut world = World::empty();
    world.limits.call_wall = Duration::from_secs(2);
    // The next call begins when the one before is stored.
    world.limits.calls_at_once = 1;
    world.open().await;
    let document = with_webhook("demo", webhook(&receiver.url, &[Topic::Message]));
    world.engine().apply(document).await.unwrap();
    let id = world.line("demo/sms").take(text("+1", "hi")).await;
    for failures in 1..=3 {
        advance_after_failures(&world, &id, failures).await;
    }
    let calls = called(&receiver, 4).await;
    let trace = world.trace(&id).await;
    for reason in [
        "the receiver answered 500",
        "timed out",
        "the receiver answered 302: redirects are not followed",
    ] {
        assert!(trace.contains(reason), "{reason} is not in\n{trace}");
    }
    assert_eq!(elsewhere.calls().len(), 0, "redirects are not followed");
    for call in &calls {
        assert_eq!(call.header(DELIVERY_HEADER), id.as_str());
        assert_eq!(call.body, calls[0].body);
    }
    check_signature(&world, &calls[3]);
    let times: Vec<&str> = calls.iter().map(|call| call.header(SIGNATURE_HEADER)).collect();
    assert!(
        times.windows(2).all(|pair| pair[0] < pair[1]),
        "each is signed anew: {times:?}"
    );
    // A restart shows that nothing of it is left. The call that the stop cuts off may come again.
    world.line("demo/sms").take(text("+1", "the next")).await;
    called(&receiver, 5).await;
    world.engine().stop().await;
    world.restart().await;
    world.advance(24 * HOUR);
    world.line("demo/sms").take(text("+1", "the last")).await;
    let is_last = |call: &Call| call.json()["content"] == "the last";
    soon(until(|| receiver.calls().iter().any(is_last))).await;
    let later = receiver.calls().split_off(4);
    assert!(later.iter().all(|call| call.json()["content"] != "hi"), "{later:?}");
    assert_eq!(world.engine().dead_letters("demo", 10).await.unwrap(), []);
}

#[tokio::test]
async fn after_a_day_of_failures_a_call_is_given_up_until_somebody_wants_it_tried_again() {
    let receiver = Receiver::start().await;
    receiver.then(&[500, 503, 502, 501].map(Does::Answers));
    let world = calling(&receiver, &[Topic::Message]).await;
    let id = world.line("demo/sms").take(text("+1", "hi")).await;
    advance_after_failures(&world, &id, 1).await;
    advance_after_failures(&world, &id, 2).await;
    // That was 40 s; it is tried until 24 h have gone by.
    world.advance(24 * HOUR - Duration::from_secs(100));
    soon(async {
        while world.trace(&id).await.matches("webhook: not taken").count() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(world.engine().dead_letters("demo", 10).await.unwrap(), []);
    world.advance(Duration::from_secs(50));
    let letter = dead_letter(&world).await;
    assert_eq!(
        (letter.kind, &letter.item, &letter.message),
        (DeadLetterKind::Webhook, &id, &id)
    );
    assert_eq!(
        (letter.attempts, letter.reason.as_str()),
        (4, "the receiver answered 501")
    );
    assert_eq!(
        (letter.account.as_str(), letter.channel.as_deref()),
        ("demo", Some("sms"))
    );
    world
        .has_traced(&id, "webhook: given up: the receiver answered 501")
        .await;

    receiver.then(&[Does::Answers(500)]);
    assert_eq!(
        world
            .engine()
            .replay_dead_letters("demo", DeadLetterKind::Webhook)
            .await
            .unwrap(),
        1
    );
    advance_after_failures(&world, &id, 4).await;
    called(&receiver, 6).await;
    assert_eq!(world.engine().dead_letters("demo", 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_not_called_again() {
    let receiver = Receiver::start().await;
    receiver.then(&[Does::Answers(410)]);
    let world = calling(&receiver, &[Topic::Message]).await;
    world.line("demo/sms").take(text("+1", "hi")).await;
    let letter = dead_letter(&world).await;
    assert_eq!(
        (letter.attempts, letter.reason.as_str()),
        (1, "the receiver answered 410: it is gone")
    );
    assert_eq!(letter.address.unwrap().value(), "+1");
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.then(&vec![Does::Hangs; 10]);
    let mut world = World::empty();
    world.limits = Limits {
        calls_at_once: 2,
        call_wall: HOUR,
        ..world.limits
    };
    world.open().await;
    for (account, receiver) in [("demo", &slow), ("other", &quick)] {
        let document = with_webhook(account, webhook(&receiver.url, &[Topic::Message]));
        world.engine().apply(document).await.unwrap();
    }
    let (line, other) = (world.line("demo/sms"), world.line("other/sms"));
    for number in 1..=5 {
        line.take(text("+1", "hi")).await;
        assert_eq!(soon(line.next_sent()).await.content, format!("{number} - hi"));
    }
    called(&slow, 2).await;
    for number in 1..=5 {
        other.take(text("+1", "hi")).await;
        called(&quick, number).await;
    }
    assert_eq!(slow.calls().len(), 2, "no more than are allowed at once");
    // Nor does it hold up the end; what it did not take is told after the next start.
    soon(world.engine().stop()).await;
    world.restart().await;
    let calls = called(&slow, 4).await;
    let delivery = |call: &Call| call.header(DELIVERY_HEADER).to_owned();
    let mut ids: Vec<String> = calls.iter().map(delivery).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2, "the same two are told again");
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_not_called() {
    let receiver = Receiver::start().await;
    let world = World::new().await;
    let named = WebhookRecord {
        allow_private: false,
        ..webhook(&receiver.url.replace("127.0.0.1", "localhost"), &[Topic::Message])
    };
    world.engine().apply(with_webhook("demo", named.clone())).await.unwrap();
    let id = world.line("demo/sms").take(text("+1", "hi")).await;
    advance_after_failures(&world, &id, 1).await;
    world.has_traced(&id, "calls there are refused").await;
    assert_eq!(receiver.calls().len(), 0);
    let literal = WebhookRecord {
        url: receiver.url.clone(),
        ..named
    };
    let refused = world.engine().apply(with_webhook("demo", literal)).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("webhook demo: url: 127.0.0.1 is in a private network"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_web_hook_that_is_applied_again_takes_over_what_waits() {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    first.then(&[Does::Answers(500)]);
    let world = calling(&first, &[Topic::Message]).await;
    let id = world.line("demo/sms").take(text("+1", "hi")).await;
    called(&first, 1).await;
    let changed = WebhookRecord {
        secret: Secret::new("quite another secret"),
        ..webhook(&second.url, &[])
    };
    let change = async |webhook: &WebhookRecord| {
        let report = world
            .engine()
            .apply(with_webhook("demo", webhook.clone()))
            .await
            .unwrap();
        let line = report.lines.iter().find(|line| line.what == "webhook demo");
        line.unwrap().change
    };
    assert_eq!(change(&changed).await, Change::Changed);
    assert_eq!(change(&changed).await, Change::Left);
    assert!(!format!("{:?}", world.engine().directory()).contains("quite another"));
    advance_after_failures(&world, &id, 1).await;
    let call = &called(&second, 1).await[0];
    let header = call.header(SIGNATURE_HEADER);
    verify(
        b"quite another secret",
        header,
        &call.body,
        world.clock.now(),
        TOLERANCE,
    )
    .unwrap();
    // It asks for nothing now: nothing new is told.
    world.line("demo/sms").take(text("+1", "more")).await;
    assert_eq!(change(&webhook(&second.url, &[Topic::Message])).await, Change::Changed);
    world.line("demo/sms").take(text("+1", "again")).await;
    assert_eq!(called(&second, 2).await[1].json()["content"], "again");
}

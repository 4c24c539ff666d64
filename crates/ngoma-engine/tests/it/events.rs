//! What became of a message is told to the service that sent it.

use crate::line::{Line, text, turn};
use crate::script::OnEvent;
use crate::world::{World, demo, soon, until};
use ngoma_engine::channel::{Receipt, ReceiptFor, SendErrorKind, Sent};
use ngoma_engine::{DeadLetterKind, Status};
use ngoma_message::{DeliveryStatus, MessageId};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A world whose service is told of events.
async fn listening() -> World {
    let mut world = World::empty();
    world.open().await;
    apply(&world, true).await;
    world
}

async fn apply(world: &World, wants_events: bool) {
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.services.get_mut("clinic").unwrap().wants_events = wants_events;
    world.engine().apply(document).await.unwrap();
}

async fn send(world: &World, provider_id: &str) -> (Arc<Line>, MessageId) {
    let line = world.line("demo/sms");
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some(provider_id.into()),
    }));
    line.take(text("+1", "hi")).await;
    let id = soon(line.next_sent()).await.id;
    (line, id)
}

async fn report(line: &Line, provider_id: &str, status: DeliveryStatus) {
    let receipt = Receipt {
        about: ReceiptFor::ProviderId(provider_id.into()),
        status,
        reason: None,
    };
    line.ctx.door.report(receipt).await.unwrap();
}

async fn told(world: &World, expected: &[&str]) {
    let reached = until(|| world.script.told() == expected);
    if tokio::time::timeout(Duration::from_secs(10), reached).await.is_err() {
        assert_eq!(world.script.told(), expected);
    }
}

#[tokio::test]
async fn a_service_is_told_what_became_of_its_message_in_vumis_words() {
    let world = listening().await;
    let (line, id) = send(&world, "p1").await;
    told(&world, &["ack"]).await;
    report(&line, "p1", DeliveryStatus::Pending).await;
    report(&line, "p1", DeliveryStatus::Delivered).await;
    told(&world, &["ack", "pending", "delivered"]).await;
    let events = world.script.events.lock().unwrap().clone();
    let ids: Vec<_> = events.iter().map(|event| event["event_id"].clone()).collect();
    for (event, expected) in events.iter().zip([
        json!({"event_type": "ack", "sent_message_id": "p1"}),
        json!({"event_type": "delivery_report", "delivery_status": "pending"}),
        json!({"event_type": "delivery_report", "delivery_status": "delivered"}),
    ]) {
        let mut whole = json!({
            "message_version": "20110921", "message_type": "event", "timestamp": "2026-11-23 08:30:00.000000",
            "event_id": event["event_id"], "user_message_id": id.as_str(), "helper_metadata": {"note": 1},
            "routing_metadata": {"endpoint_name": "default"}, "transport_name": "sms", "transport_metadata": {}
        });
        whole
            .as_object_mut()
            .unwrap()
            .extend(expected.as_object().unwrap().clone());
        assert_eq!(*event, whole);
    }
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    until_traced(&world, &id, "event: delivered told to service clinic: wrote 1 key").await;
}

async fn until_traced(world: &World, id: &MessageId, detail: &str) {
    soon(async {
        while !world.trace(id).await.contains(detail) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_message_and_a_session_answer_are_told_too() {
    let world = listening().await;
    let line = world.line("demo/sms");
    line.will(&[SendErrorKind::Permanent]);
    line.take(text("+1", "hi")).await;
    told(&world, &["nack"]).await;
    assert_eq!(world.script.events.lock().unwrap()[0]["nack_reason"], "asked to");
    let ussd = world.line("demo/ussd");
    ussd.take(turn("+1", "s", "new", "hi")).await;
    told(&world, &["nack", "ack"]).await;
    let events = world.script.events.lock().unwrap().clone();
    assert_eq!(
        events[1]["sent_message_id"], events[1]["user_message_id"],
        "the line gave no id"
    );
}

#[tokio::test]
async fn a_service_that_wants_no_events_is_told_none() {
    let world = World::new().await;
    let (line, id) = send(&world, "p1").await;
    report(&line, "p1", DeliveryStatus::Delivered).await;
    world.reaches("+1", &id, Status::Delivered).await;
    apply(&world, true).await;
    let (_, second) = send(&world, "p2").await;
    told(&world, &["ack"]).await;
    assert_eq!(
        world.script.events.lock().unwrap()[0]["user_message_id"],
        second.as_str()
    );
}

#[tokio::test]
async fn events_that_wait_when_a_service_wants_none_any_more_are_forgotten() {
    let world = listening().await;
    world.script.on_events.lock().unwrap().push_back(OnEvent::Wait);
    let (line, id) = send(&world, "p1").await;
    told(&world, &["ack"]).await;
    report(&line, "p1", DeliveryStatus::Delivered).await;
    world.reaches("+1", &id, Status::Delivered).await;
    apply(&world, false).await;
    world.script.gate.add_permits(1);
    until_traced(&world, &id, "ack told").await;
    apply(&world, true).await;
    send(&world, "p2").await;
    told(&world, &["ack", "ack"]).await;
}

/// F4 and F6: early, doubled and late receipts, as the service sees them.
#[tokio::test]
async fn early_and_repeated_receipts_are_told_once_and_after_the_ack() {
    let world = listening().await;
    let line = world.line("demo/sms");
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some("p1".into()),
    }));
    line.take(text("+1", "hi")).await;
    soon(line.next_sent()).await;
    report(&line, "p1", DeliveryStatus::Delivered).await;
    gate.add_permits(10);
    told(&world, &["ack", "delivered"]).await;
    for status in [
        DeliveryStatus::Delivered,
        DeliveryStatus::Pending,
        DeliveryStatus::Failed,
    ] {
        report(&line, "p1", status).await;
    }
    send(&world, "p2").await;
    told(&world, &["ack", "delivered", "ack"]).await;
}

#[tokio::test]
async fn events_of_one_message_wait_for_each_other_and_the_person_takes_turns() {
    let world = listening().await;
    world.script.on_events.lock().unwrap().push_back(OnEvent::Wait);
    let (line, id) = send(&world, "p1").await;
    told(&world, &["ack"]).await;
    report(&line, "p1", DeliveryStatus::Delivered).await;
    line.take(text("+1", "meanwhile")).await;
    line.take(text("+2", "another person")).await;
    soon(line.next_sent()).await;
    assert_eq!(world.script.told()[0], "ack");
    assert!(!world.script.told().contains(&"delivered".to_owned()));
    world
        .check_story("+2", &["in handled another person", "out sent 2 - another person"])
        .await;
    assert_eq!(
        world.thread("demo", "+1").await.len(),
        3,
        "their next message has no answer yet"
    );
    world.script.gate.add_permits(1);
    world.reaches("+1", &id, Status::Delivered).await;
    soon(line.next_sent()).await;
    until(|| world.script.told().contains(&"delivered".to_owned())).await;
}

#[tokio::test]
async fn what_a_step_does_about_an_event_is_kept_and_sent() {
    let world = listening().await;
    world.script.on_events.lock().unwrap().push_back(OnEvent::Send);
    let (line, id) = send(&world, "p1").await;
    let sent = soon(line.next_sent()).await;
    assert_eq!((sent.to.value(), sent.content.as_str()), ("+2", "it arrived"));
    world
        .has_traced(&id, "event: ack told to service clinic: sent 1 message, wrote 1 key")
        .await;
    world.has_traced(&sent.id, "accept: a message to +2").await;
    let thread = world.thread("demo", "+2").await;
    assert_eq!(thread[0].service.as_deref(), Some("clinic"));
}

#[tokio::test]
async fn an_event_whose_step_fails_is_told_again_and_then_given_up() {
    for order in [OnEvent::Fail, OnEvent::Panic, OnEvent::Reply, OnEvent::Spoil] {
        let world = listening().await;
        world.script.on_events.lock().unwrap().extend([order; 6]);
        let (line, id) = send(&world, "p1").await;
        until_traced(&world, &id, "ack not told").await;
        report(&line, "p1", DeliveryStatus::Delivered).await;
        world.advance(Duration::from_secs(4));
        assert_eq!(world.script.told(), ["ack"], "the next event waits for it");
        world.advance(Duration::from_secs(1));
        told(&world, &["ack", "ack"]).await;
        until_traced(&world, &id, "again in 30 s").await;
        world.advance(Duration::from_secs(30));
        told(&world, &["ack", "ack", "ack", "delivered"]).await;
        let letters = world.engine().dead_letters("demo", 10).await.unwrap();
        let [letter] = letters.as_slice() else {
            panic!("{letters:?}")
        };
        assert_eq!(
            (letter.kind, &letter.message, letter.attempts),
            (DeadLetterKind::Event, &id, 3)
        );
        let log = world.engine().service_log("demo", "clinic", 10).await.unwrap();
        assert!(
            log.iter()
                .any(|(_, line)| line.message.starts_with("an event was not taken"))
        );

        world.script.on_events.lock().unwrap().clear();
        assert!(
            world
                .engine()
                .replay_dead_letter("demo", letter.kind, &letter.item)
                .await
                .unwrap()
        );
        until_traced(&world, &id, "ack told to service clinic").await;
        assert_eq!(world.engine().dead_letters("demo", 10).await.unwrap(), []);
        assert!(
            !world
                .engine()
                .replay_dead_letter("demo", letter.kind, &letter.item)
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn an_event_survives_the_process_and_one_that_ends_it_is_given_up() {
    let mut world = listening().await;
    world.script.on_events.lock().unwrap().extend([OnEvent::Wait; 3]);
    let (_, id) = send(&world, "p1").await;
    told(&world, &["ack"]).await;
    world.restart().await;
    told(&world, &["ack", "ack"]).await;
    world.restart().await;
    told(&world, &["ack", "ack", "ack"]).await;
    world.restart().await;
    soon(async {
        while world.engine().dead_letters("demo", 10).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    until_traced(&world, &id, "ack given up: the process ended 3 times while a step ran").await;
    assert_eq!(world.script.told().len(), 3);
    send(&world, "p2").await;
    told(&world, &["ack", "ack", "ack", "ack"]).await;
}

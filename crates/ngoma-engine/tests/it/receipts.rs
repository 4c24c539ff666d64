//! Delivery receipts: matched within their channel, never moving a status back.

use crate::line::{Line, text};
use crate::world::{World, demo, soon};
use ngoma_engine::Status;
use ngoma_engine::channel::{Receipt, ReceiptFor, ReceiveError, Reported, Sent};
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

fn receipt(about: ReceiptFor, status: DeliveryStatus) -> Receipt {
    Receipt {
        about,
        status,
        reason: None,
    }
}

async fn report(line: &Line, about: ReceiptFor, status: DeliveryStatus) -> &'static str {
    match line.ctx.door.report(receipt(about, status)).await {
        Ok(Reported::Recorded(_)) => "recorded",
        Ok(Reported::Unchanged) => "unchanged",
        Ok(Reported::Held) => "held",
        Err(ReceiveError::UnknownMessage) => "unknown",
        Err(ReceiveError::Unavailable(_)) => "unavailable",
    }
}

async fn sent(world: &World) -> (Arc<Line>, MessageId) {
    let line = world.line("demo/sms");
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some("p1".into()),
    }));
    line.take(text("+1", "hi")).await;
    let id = soon(line.next_sent()).await.id;
    (line, id)
}

#[tokio::test]
async fn a_receipt_moves_the_status_on_and_never_back() {
    use DeliveryStatus::*;
    let world = World::new().await;
    let (line, id) = sent(&world).await;
    world.reaches("+1", &id, Status::Sent).await;
    let by_id = || ReceiptFor::MessageId(id.clone());
    let by_provider = || ReceiptFor::ProviderId("p1".into());
    for (about, status, expected) in [
        (by_provider(), Pending, "recorded"),
        (by_provider(), Delivered, "recorded"),
        (by_id(), Delivered, "unchanged"),
        (by_id(), Failed, "unchanged"),
        (by_id(), Pending, "unchanged"),
    ] {
        assert_eq!(report(&line, about, status).await, expected, "{status:?}");
    }
    let message = world.reaches("+1", &id, Status::Delivered).await;
    assert_eq!(message.provider_id.as_deref(), Some("p1"));
    world
        .has_traced(&id, "receipt: the carrier says failed; it was delivered already")
        .await;
}

#[tokio::test]
async fn a_receipt_before_the_answer_to_the_send_stands() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.take(text("+1", "wait")).await;
    world.script.gate.add_permits(1);
    let id = soon(line.next_sent()).await.id;
    // The send's own outcome is stored before or after this: either way the message ends delivered.
    let about = ReceiptFor::MessageId(id.clone());
    assert_eq!(report(&line, about, DeliveryStatus::Delivered).await, "recorded");
    world.engine().stop().await;
    let mut world = world;
    world.restart().await;
    world.reaches("+1", &id, Status::Delivered).await;
}

/// F4: the carrier's receipt overtakes its answer to the send.
#[tokio::test]
async fn a_receipt_that_comes_before_its_id_is_known_counts_when_it_is() {
    for later in [Duration::from_millis(10), Duration::from_secs(71 * 3600)] {
        let world = World::new().await;
        let line = world.line("demo/sms");
        let gate = Arc::new(Semaphore::new(0));
        *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
        line.outcomes.lock().unwrap().push_back(Ok(Sent {
            provider_id: Some("p1".into()),
        }));
        line.take(text("+1", "hi")).await;
        let about = || ReceiptFor::ProviderId("p1".into());
        assert_eq!(report(&line, about(), DeliveryStatus::Delivered).await, "held");
        world.clock.advance(later);
        gate.add_permits(1);
        let id = soon(line.next_sent()).await.id;
        world.reaches("+1", &id, Status::Delivered).await;
        world.has_traced(&id, "receipt: the carrier says delivered").await;
        assert_eq!(report(&line, about(), DeliveryStatus::Delivered).await, "unchanged");
    }
}

#[tokio::test]
async fn a_receipt_reaches_messages_of_its_channel_only() {
    let world = World::new().await;
    world.engine().apply(demo("other")).await.unwrap();
    let (line, id) = sent(&world).await;
    world.reaches("+1", &id, Status::Sent).await;
    for name in ["other/sms", "demo/ussd"] {
        for (about, expected) in [
            (ReceiptFor::MessageId(id.clone()), "unknown"),
            (ReceiptFor::ProviderId("p1".into()), "held"),
        ] {
            assert_eq!(
                report(&world.line(name), about, DeliveryStatus::Failed).await,
                expected,
                "{name}"
            );
        }
    }
    let inbound = world.thread("demo", "+1").await[0].id.clone();
    let about = ReceiptFor::MessageId(inbound);
    assert_eq!(report(&line, about, DeliveryStatus::Failed).await, "unknown");
    world.reaches("+1", &id, Status::Sent).await;
}

//! F7, messages that go out in parts: each part is recorded by itself, and the message is what its parts are.

use super::outbound::pulled;
use super::{Ground, on_every_store, on_stores_of_several};
use crate::channel::{Receipt, ReceiptFor};
use crate::record::Status;
use crate::store::{AttemptResult, OutcomeEffects, OutcomeWrite, PartOutcome, ReceiptResult, Store, StoreError};
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;

async fn begin(ground: &Ground, store: &Store, id: &MessageId, total: u8) -> Result<Vec<Status>, StoreError> {
    let lease = store.epoch();
    store
        .begin_parts(ground.account, id.clone(), total, ground.now, lease)
        .await
}

/// A part that the carrier took under its own number and `c`.
fn taken(ground: &Ground, id: &MessageId, number: u8, result: AttemptResult) -> OutcomeWrite {
    let carrier_id = Some(format!("c{number}"));
    let mut outcome = ground.outcome(&ground.store, id, result);
    outcome.trail.note(ground.now, "send", "a part");
    outcome.part = Some(PartOutcome {
        number,
        status: Status::Sent,
        provider_id: carrier_id.clone(),
        carrier_key: carrier_id,
    });
    outcome
}

async fn record(ground: &Ground, outcome: OutcomeWrite) -> OutcomeEffects {
    ground.store.record_outcome(Arc::new(outcome)).await.unwrap()
}

fn sent() -> AttemptResult {
    AttemptResult::Sent {
        provider_id: None,
        carrier_key: None,
        event: MessageId::generate(),
    }
}

async fn report(ground: &Ground, store: &Store, number: u8, status: DeliveryStatus) -> ReceiptResult {
    let write = ground.receipt(Receipt {
        about: ReceiptFor::ProviderId(format!("c{number}")),
        status,
        reason: None,
    });
    store.record_receipt(write).await.unwrap()
}

/// A message of so many parts that the carrier took.
async fn sent_in_parts(ground: &Ground, total: u8) -> MessageId {
    let id = pulled(ground).await.message.id;
    begin(ground, &ground.store, &id, total).await.unwrap();
    for number in 1..total {
        let effects = record(ground, taken(ground, &id, number, AttemptResult::NextPart)).await;
        assert!(effects.goes_on);
    }
    record(ground, taken(ground, &id, total, sent())).await;
    id
}

#[tokio::test]
async fn each_part_is_recorded_and_the_next_attempt_knows_it() {
    on_every_store(async |ground| {
        let id = pulled(ground).await.message.id;
        assert_eq!(begin(ground, &ground.store, &id, 2).await, Ok(vec![Status::Queued; 2]));
        // Nothing was taken yet: another cut is as good.
        assert_eq!(begin(ground, &ground.store, &id, 3).await, Ok(vec![Status::Queued; 3]));
        let first = Arc::new(taken(ground, &id, 1, AttemptResult::NextPart));
        for _ in 0..2 {
            // The second time since its answer was lost.
            let effects = ground.store.record_outcome(Arc::clone(&first)).await.unwrap();
            assert!(effects.goes_on);
        }
        let successor = ground.successor().await;
        let taken = ground.pull_outbound(&successor, 1).await.remove(0);
        assert!(taken.attempt_open);
        let parts = [Status::Sent, Status::Queued, Status::Queued];
        assert_eq!(successor.parts_of(ground.account, &id).await, Ok(parts.to_vec()));
        assert_eq!(
            begin(ground, &successor, &id, 2).await,
            Ok(parts.to_vec()),
            "they stay as they were cut"
        );
    })
    .await;
}

#[tokio::test]
async fn a_message_is_delivered_with_its_last_part_and_failed_with_the_first_that_is() {
    use DeliveryStatus::{Delivered, Failed, Pending};
    on_every_store(async |ground| {
        let id = sent_in_parts(ground, 2).await;
        let told = |said| ReceiptResult::Recorded(id.clone(), said);
        for (number, said, expected, status) in [
            (2, Delivered, told(Pending), Status::Sent),
            (2, Delivered, ReceiptResult::Unchanged, Status::Sent),
            (2, Failed, ReceiptResult::Unchanged, Status::Sent),
            (1, Pending, told(Pending), Status::Sent),
            (1, Delivered, told(Delivered), Status::Delivered),
            (1, Pending, ReceiptResult::Unchanged, Status::Delivered),
        ] {
            assert_eq!(
                report(ground, &ground.store, number, said).await,
                expected,
                "{number} {said:?}"
            );
            assert_eq!(ground.status(&id).await, status, "{number} {said:?}");
        }
        assert_eq!(ground.events(&id).await, ["ack", "pending", "pending", "delivered"]);
        let lost = sent_in_parts(ground, 3).await;
        report(ground, &ground.store, 2, Failed).await;
        report(ground, &ground.store, 3, Delivered).await;
        assert_eq!(ground.status(&lost).await, Status::Failed);
        assert_eq!(ground.events(&lost).await, ["ack", "failed"]);
    })
    .await;
}

/// A receipt that ends the message ends the attempt: the parts that are left are of no use.
#[tokio::test]
async fn no_part_goes_after_the_message_is_over() {
    on_every_store(async |ground| {
        let id = pulled(ground).await.message.id;
        begin(ground, &ground.store, &id, 2).await.unwrap();
        assert_eq!(
            report(ground, &ground.store, 1, DeliveryStatus::Failed).await,
            ReceiptResult::Held
        );
        let effects = record(ground, taken(ground, &id, 1, AttemptResult::NextPart)).await;
        assert!(!effects.goes_on && !effects.is_possible_duplicate);
        assert_eq!(ground.status(&id).await, Status::Failed);
    })
    .await;
}

/// Without the message's row to wait at, each would find the other part not delivered yet.
#[tokio::test]
async fn receipts_of_the_last_parts_at_two_processes_at_once_deliver_the_message() {
    on_stores_of_several(async |ground| {
        let other = ground.another_process().await;
        for _ in 0..10 {
            let id = sent_in_parts(ground, 2).await;
            let one = report(ground, &ground.store, 1, DeliveryStatus::Delivered);
            let two = report(ground, &other, 2, DeliveryStatus::Delivered);
            tokio::join!(one, two);
            assert_eq!(ground.status(&id).await, Status::Delivered);
        }
    })
    .await;
}

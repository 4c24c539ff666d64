//! Receipts: within their channel, never back, and never lost when they are early.

use super::outbound::{over, pulled, sent};
use super::{Ground, on_every_store};
use crate::channel::{Receipt, ReceiptFor};
use crate::record::Status;
use crate::store::receipts::{WHOLE, know_carrier_id};
use crate::store::{ReceiptResult, ReceiptWrite};
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;

fn about(about: ReceiptFor, status: DeliveryStatus) -> Receipt {
    Receipt {
        about,
        status,
        reason: None,
    }
}

async fn report(ground: &Ground, receipt: Receipt) -> ReceiptResult {
    ground.store.record_receipt(ground.receipt(receipt)).await.unwrap()
}

fn by_carrier(id: &str, status: DeliveryStatus) -> Receipt {
    about(ReceiptFor::ProviderId(id.to_owned()), status)
}

/// A message whose attempt is on its way.
async fn leaving(ground: &Ground) -> MessageId {
    let id = pulled(ground).await.message.id;
    ground.begin_attempt(&ground.store, &id).await.unwrap();
    id
}

#[tokio::test]
async fn a_receipt_that_comes_before_its_id_is_known_counts_as_soon_as_it_is() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        assert_eq!(
            report(ground, by_carrier("7", DeliveryStatus::Delivered)).await,
            ReceiptResult::Held
        );
        assert_eq!(ground.status(&id).await, Status::Queued);
        ground.end_attempt(&ground.store, &id, sent("7")).await;
        assert_eq!(ground.status(&id).await, Status::Delivered);
        assert_eq!(ground.events(&id).await.len(), 2);
    })
    .await;
}

/// Two processes that write at once do not see what the other writes: the receipt is kept, and the id is known.
#[tokio::test]
async fn a_receipt_that_crossed_the_answer_to_its_send_is_found_and_counts_once() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        ground.end_attempt(&ground.store, &id, over(Status::Unknown)).await;
        for key in ["7", "unheard"] {
            let early = by_carrier(key, DeliveryStatus::Delivered);
            assert_eq!(report(ground, early).await, ReceiptResult::Held);
        }
        assert_eq!(ground.store.crossed_receipts(ground.now, 10).await, Ok(vec![]));
        let late = Arc::new(ground.outcome(&ground.store, &id, sent("7")));
        let knowing = ground.store.write(ground.account, move |db| {
            Ok(know_carrier_id(db, &late.named(WHOLE), "7")?)
        });
        knowing.await.unwrap();
        let crossed = ground.store.crossed_receipts(ground.now, 10).await.unwrap();
        assert_eq!(crossed.len(), 1);
        for expected in [
            Some(ReceiptResult::Recorded(id.clone(), DeliveryStatus::Delivered)),
            None,
        ] {
            let joining = ground
                .store
                .join_crossed(crossed[0].clone(), ground.now, Arc::default());
            assert_eq!(joining.await, Ok(expected));
        }
        assert_eq!(ground.status(&id).await, Status::Delivered);
        assert_eq!(ground.store.crossed_receipts(ground.now, 10).await, Ok(vec![]));
    })
    .await;
}

#[tokio::test]
async fn a_status_never_goes_back() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        ground.end_attempt(&ground.store, &id, sent("7")).await;
        let steps = [
            (
                DeliveryStatus::Pending,
                ReceiptResult::Recorded(id.clone(), DeliveryStatus::Pending),
                Status::Sent,
            ),
            (
                DeliveryStatus::Delivered,
                ReceiptResult::Recorded(id.clone(), DeliveryStatus::Delivered),
                Status::Delivered,
            ),
            (DeliveryStatus::Pending, ReceiptResult::Unchanged, Status::Delivered),
            (DeliveryStatus::Delivered, ReceiptResult::Unchanged, Status::Delivered),
            (DeliveryStatus::Failed, ReceiptResult::Unchanged, Status::Delivered),
        ];
        for (said, result, status) in steps {
            assert_eq!(report(ground, by_carrier("7", said)).await, result);
            assert_eq!(ground.status(&id).await, status);
        }
        ground.end_attempt(&ground.store, &id, over(Status::Failed)).await;
        assert_eq!(ground.status(&id).await, Status::Delivered);
    })
    .await;
}

#[tokio::test]
async fn a_receipt_that_comes_while_nobody_knows_ends_the_message() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        let by_us = |status| about(ReceiptFor::MessageId(id.clone()), status);
        ground.end_attempt(&ground.store, &id, over(Status::Unknown)).await;
        let result = report(ground, by_us(DeliveryStatus::Delivered)).await;
        assert_eq!(result, ReceiptResult::Recorded(id.clone(), DeliveryStatus::Delivered));
        assert_eq!(ground.status(&id).await, Status::Delivered);
    })
    .await;
}

#[tokio::test]
async fn a_receipt_of_another_channel_means_nothing() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        ground.end_attempt(&ground.store, &id, sent("7")).await;
        for (name, expected) in [
            (ReceiptFor::MessageId(id.clone()), ReceiptResult::Unknown),
            (ReceiptFor::ProviderId("7".into()), ReceiptResult::Held),
        ] {
            let write = ReceiptWrite {
                account: ground.other.0,
                channel: ground.other.1,
                ..ground.receipt(about(name, DeliveryStatus::Failed))
            };
            assert_eq!(ground.store.record_receipt(write).await, Ok(expected));
        }
        assert_eq!(ground.status(&id).await, Status::Sent);
    })
    .await;
}

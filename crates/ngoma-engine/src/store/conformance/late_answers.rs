//! What a carrier says of a message that was handed on: once, in whichever order it becomes known.

use super::outbound::pulled;
use super::{Ground, on_every_store};
use crate::channel::{LateAnswer, Sent};
use crate::record::Status;
use crate::store::{AttemptResult, LateAnswerWrite, ReceiptResult};
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;

fn handed_on() -> AttemptResult {
    AttemptResult::HandedOn {
        reason: "the bus has it".into(),
    }
}

fn answer(ground: &Ground, message: &MessageId, result: Result<&str, &str>) -> LateAnswerWrite {
    LateAnswerWrite {
        account: ground.account,
        channel: ground.channel,
        carrier_key: None,
        answer: LateAnswer {
            message: message.clone(),
            told_in: Default::default(),
            result: match result {
                Ok(id) => Ok(Sent {
                    provider_id: Some(id.to_owned()),
                }),
                Err(reason) => Err(reason.to_owned()),
            },
        },
        event: MessageId::generate(),
        at: ground.now,
        listeners: Arc::default(),
    }
}

async fn leaving(ground: &Ground) -> MessageId {
    let id = pulled(ground).await.message.id;
    ground.begin_attempt(&ground.store, &id).await.unwrap();
    id
}

#[tokio::test]
async fn what_is_handed_on_is_unknown_until_the_carrier_speaks_once() {
    on_every_store(async |ground| {
        for (said, status, kind) in [(Ok("7"), Status::Sent, "ack"), (Err("no"), Status::Failed, "nack")] {
            let id = leaving(ground).await;
            ground.end_attempt(&ground.store, &id, handed_on()).await;
            let held = ground.store.message(ground.account, &id).await.unwrap().unwrap();
            assert_eq!(
                (held.status, held.reason.as_deref()),
                (Status::Unknown, Some("the bus has it"))
            );
            assert!(ground.events(&id).await.is_empty());
            assert!(ground.begin_attempt(&ground.store, &id).await.is_err(), "it is over");

            let recorded = ground.store.record_answer(answer(ground, &id, said)).await.unwrap();
            let delivery = said.map_or(DeliveryStatus::Failed, |_| DeliveryStatus::Pending);
            assert_eq!(recorded, ReceiptResult::Recorded(id.clone(), delivery));
            let again = ground.store.record_answer(answer(ground, &id, said)).await.unwrap();
            assert_eq!(again, ReceiptResult::Unchanged);
            let held = ground.store.message(ground.account, &id).await.unwrap().unwrap();
            assert_eq!(held.status, status);
            assert_eq!(
                (held.provider_id.as_deref(), held.reason.as_deref()),
                (said.ok(), said.err())
            );
            assert_eq!(ground.events(&id).await, [kind]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_overtakes_the_record_of_the_handing_on_counts() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        ground.store.record_answer(answer(ground, &id, Ok("7"))).await.unwrap();
        ground.end_attempt(&ground.store, &id, handed_on()).await;
        assert_eq!(ground.status(&id).await, Status::Sent);
        let held = ground.store.message(ground.account, &id).await.unwrap().unwrap();
        assert!(!held.possible_duplicate);
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_another_channel_means_nothing() {
    on_every_store(async |ground| {
        let id = leaving(ground).await;
        ground.end_attempt(&ground.store, &id, handed_on()).await;
        let strange = LateAnswerWrite {
            account: ground.other.0,
            channel: ground.other.1,
            ..answer(ground, &id, Ok("7"))
        };
        assert_eq!(ground.store.record_answer(strange).await, Ok(ReceiptResult::Unknown));
        assert_eq!(ground.status(&id).await, Status::Unknown);
    })
    .await;
}

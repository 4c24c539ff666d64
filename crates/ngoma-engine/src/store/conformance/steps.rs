//! What a service's step did: together or not at all, and once.

use super::on_every_store;
use crate::record::Status;
use crate::service::{KvWrite, LogLine, Metric};
use crate::store::{FallbackText, Publish, StoreError};
use ngoma_message::MessageId;
use std::sync::Arc;

fn add_one(key: &str) -> KvWrite {
    KvWrite::Increment {
        key: key.into(),
        amount: 1,
    }
}

#[tokio::test]
async fn a_step_is_stored_whole_and_once() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let reply = ground.outbound(Publish::Leased);
        let mut step = ground.step(&message);
        step.kv = vec![add_one("n")];
        step.outbound = vec![reply.clone()];
        step.log = vec![LogLine {
            level: "info".into(),
            message: "a line".into(),
        }];
        step.metrics = vec![Metric {
            store: "s".into(),
            metric: "m".into(),
            value: 1.0,
            agg: "sum".into(),
        }];
        let step = Arc::new(step);
        ground.store.commit_step(Arc::clone(&step)).await.unwrap();
        // Its answer was lost: it is done again, and nothing changes.
        ground.store.commit_step(step).await.unwrap();
        assert_eq!(ground.status(&message.id).await, Status::Handled);
        assert_eq!(ground.status(&reply.id).await, Status::Queued);
        let held = ground
            .store
            .kv_get(ground.account, ground.service, "n", ground.now)
            .await;
        assert_eq!(held, Ok(Some("1".to_owned())));
        let log = ground.store.service_log("demo", "main", 10).await.unwrap();
        assert_eq!(log.len(), 1);
        let another = ground.store.commit_step(Arc::new(ground.step(&message))).await;
        assert_eq!(
            another,
            Err(StoreError::Refused("the message was worked on before".into()))
        );
    })
    .await;
}

#[tokio::test]
async fn a_step_with_one_impossible_write_leaves_nothing() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let reply = ground.outbound(Publish::Leased);
        let mut step = ground.step(&message);
        let word = KvWrite::Set {
            key: "word".into(),
            value: "text".into(),
            expires_at: None,
        };
        step.kv = vec![add_one("n"), word, add_one("word")];
        step.outbound = vec![reply.clone()];
        let refused = ground.store.commit_step(Arc::new(step)).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert_eq!(ground.status(&message.id).await, Status::Received);
        assert_eq!(ground.store.message(ground.account, &reply.id).await, Ok(None));
        assert_eq!(ground.store.kv_count(ground.account, ground.service).await, Ok(0));
    })
    .await;
}

#[tokio::test]
async fn a_text_of_the_channels_own_stands_beside_the_message_it_answers() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let fallback = |channel| FallbackText {
            id: MessageId::generate(),
            account: ground.account,
            channel,
            in_reply_to: message.id.clone(),
            content: "sorry".into(),
            ends_session: true,
            reason: "late".into(),
            at: ground.now,
        };
        let given = fallback(ground.channel);
        assert_eq!(ground.store.record_fallback(given.clone()).await, Ok(Some(())));
        assert_eq!(ground.status(&given.id).await, Status::Sent);
        assert_eq!(ground.store.record_fallback(fallback(ground.other.1)).await, Ok(None));
        ground.store.commit_step(Arc::new(ground.step(&message))).await.unwrap();
        assert_eq!(ground.status(&message.id).await, Status::Handled);
    })
    .await;
}

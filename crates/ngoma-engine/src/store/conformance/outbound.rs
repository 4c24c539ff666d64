//! Attempts: on the disk before bytes leave, ended once.

use super::{Ground, on_every_store};
use crate::record::Status;
use crate::store::{Acceptance, AttemptResult, Publish, PulledOutbound, QueueKind};
use ngoma_message::MessageId;
use std::sync::Arc;
use std::time::Duration;

/// Accepts a message and takes it from the queue.
pub(super) async fn pulled(ground: &Ground) -> PulledOutbound {
    let acceptance = Acceptance {
        lease: ground.store.epoch(),
        account: ground.account,
        messages: vec![ground.outbound(Publish::Free)],
        at: ground.now,
        idempotency: None,
    };
    ground.store.accept(acceptance).await.unwrap();
    pull(ground).await.expect("it is due")
}

async fn pull(ground: &Ground) -> Option<PulledOutbound> {
    ground.pull_outbound(&ground.store, 1).await.pop()
}

pub(super) fn sent(provider_id: &str) -> AttemptResult {
    AttemptResult::Sent {
        provider_id: Some(provider_id.to_owned()),
        carrier_key: Some(provider_id.to_owned()),
        event: MessageId::generate(),
    }
}

pub(super) fn over(status: Status) -> AttemptResult {
    AttemptResult::Over {
        status,
        reason: "asked to".into(),
        event: MessageId::generate(),
    }
}

#[tokio::test]
async fn what_was_sent_is_done_and_known_by_its_carriers_id() {
    on_every_store(async |ground| {
        let id = pulled(ground).await.message.id;
        ground.begin_attempt(&ground.store, &id).await.unwrap();
        ground.end_attempt(&ground.store, &id, sent("7")).await;
        let held = ground.store.message(ground.account, &id).await.unwrap().unwrap();
        assert_eq!((held.status, held.provider_id.as_deref()), (Status::Sent, Some("7")));
        assert!(!held.possible_duplicate);
        assert_eq!(ground.events(&id).await, ["ack"]);
        let again = ground.begin_attempt(&ground.store, &id).await;
        assert!(again.is_err(), "it is over");
    })
    .await;
}

#[tokio::test]
async fn what_is_tried_later_waits_and_counts_its_attempts() {
    on_every_store(async |ground| {
        let id = pulled(ground).await.message.id;
        let later = |counts| AttemptResult::Later {
            due_at: ground.now + Duration::from_secs(60),
            counts,
            may_repeat: false,
        };
        for (counts, attempts) in [(true, 1), (false, 1), (true, 2)] {
            ground.begin_attempt(&ground.store, &id).await.unwrap();
            ground.end_attempt(&ground.store, &id, later(counts)).await;
            assert!(pull(ground).await.is_none(), "it is not due yet");
            let due = ground.store.next_due(ground.line(QueueKind::Outbound)).await.unwrap();
            assert_eq!(due, Some(ground.now + Duration::from_secs(60)));
            ground.store.draw_near(ground.now, Duration::ZERO).await.unwrap();
            let taken = pull(ground).await.expect("the clock was set back");
            assert_eq!((taken.message.attempts, taken.attempt_open), (attempts, false));
        }
        // An attempt that was never begun: no number of attempts is below none.
        for _ in 0..3 {
            ground.end_attempt(&ground.store, &id, later(false)).await;
            ground.store.draw_near(ground.now, Duration::ZERO).await.unwrap();
            assert!(pull(ground).await.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_being_sent_when_its_process_ended_is_found_open() {
    on_every_store(async |ground| {
        let id = pulled(ground).await.message.id;
        ground.begin_attempt(&ground.store, &id).await.unwrap();
        let successor = ground.successor().await;
        let taken = ground
            .pull_outbound(&successor, 10)
            .await
            .pop()
            .expect("its lease ended with its process");
        assert!(taken.attempt_open);
        ground.end_attempt(&successor, &id, over(Status::Unknown)).await;
        let held = successor.message(ground.account, &id).await.unwrap().unwrap();
        assert_eq!(held.status, Status::Unknown);
    })
    .await;
}

#[tokio::test]
async fn an_attempt_recorded_twice_counts_once_and_ends_no_later_one() {
    on_every_store(async |ground| {
        let id = pulled(ground).await.message.id;
        let later = AttemptResult::Later {
            due_at: ground.now,
            counts: true,
            may_repeat: false,
        };
        let mut outcome = ground.outcome(&ground.store, &id, later);
        outcome.trail.note(ground.now, "send", "not taken");
        let outcome = Arc::new(outcome);
        ground.begin_attempt(&ground.store, &id).await.unwrap();
        ground.begin_attempt(&ground.store, &id).await.unwrap();
        ground.store.record_outcome(Arc::clone(&outcome)).await.unwrap();
        assert_eq!(pull(ground).await.expect("it is due").message.attempts, 1);
        ground.begin_attempt(&ground.store, &id).await.unwrap();
        ground.store.record_outcome(outcome).await.unwrap();
        assert!(pull(ground).await.is_none(), "its second attempt is under way");
    })
    .await;
}

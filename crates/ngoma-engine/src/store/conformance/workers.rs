//! Several processes on one store: a lease is lost with the process that had it, and whoever lost it does no harm.

use super::outbound::{over, pulled, sent};
use super::{Ground, on_stores_of_several};
use crate::record::Status;
use crate::store::workers::WORKER_LEASE;
use crate::store::{Publish, Store, StoreError};
use crate::trace::Trail;
use std::sync::Arc;
use std::time::Duration;

/// Another process that takes over what the first had, which has not said for long that it lives.
async fn heir(ground: &mut Ground) -> Store {
    let heir = ground.another_process().await;
    // The first process's lease began by the machine's clock, a moment before or after the test's.
    let late = ground.now + WORKER_LEASE + Duration::from_secs(30);
    assert_eq!(heir.beat(late).await, Ok(true));
    assert_eq!(heir.free_leases_of_the_dead(late).await, Ok(1));
    heir
}

#[tokio::test]
async fn a_process_that_says_it_lives_keeps_its_leases() {
    on_stores_of_several(async |ground| {
        ground.take_in().await;
        let other = ground.another_process().await;
        let late = ground.now + WORKER_LEASE + Duration::from_secs(30);
        assert_eq!(ground.store.beat(late).await, Ok(true));
        assert_eq!(other.free_leases_of_the_dead(late).await, Ok(0));
        let pulled = other.pull_inbound(ground.account, ground.channel, ground.now, 10).await;
        assert!(pulled.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_process_that_lost_its_lease_begins_no_attempt() {
    on_stores_of_several(async |ground| {
        let id = pulled(ground).await.message.id;
        let heir = heir(ground).await;
        let taken = heir.pull_outbound(ground.account, ground.channel, ground.now, 10).await;
        assert_eq!(taken.unwrap().len(), 1);
        let zombie = ground.store.begin_attempt(ground.account, id.clone(), ground.now).await;
        assert!(matches!(zombie, Err(StoreError::Refused(_))), "{zombie:?}");
        heir.begin_attempt(ground.account, id, ground.now).await.unwrap();
        assert_eq!(ground.store.beat(ground.now).await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn what_two_processes_may_have_sent_says_so() {
    on_stores_of_several(async |ground| {
        let id = pulled(ground).await.message.id;
        ground
            .store
            .begin_attempt(ground.account, id.clone(), ground.now)
            .await
            .unwrap();
        let heir = heir(ground).await;
        let taken = heir.pull_outbound(ground.account, ground.channel, ground.now, 10).await;
        assert!(taken.unwrap()[0].attempt_open);
        ground.end_attempt(&ground.store, &id, over(Status::Failed)).await;
        assert_eq!(ground.status(&id).await, Status::Queued, "it is the heir's to end");
        ground.end_attempt(&ground.store, &id, sent("7")).await;
        let held = ground.store.message(ground.account, &id).await.unwrap().unwrap();
        assert_eq!((held.status, held.possible_duplicate), (Status::Sent, true));
    })
    .await;
}

#[tokio::test]
async fn a_step_of_a_process_that_lost_its_lease_leaves_nothing() {
    on_stores_of_several(async |ground| {
        let message = ground.take_in().await;
        let heir = heir(ground).await;
        let taken = heir.pull_inbound(ground.account, ground.channel, ground.now, 10).await;
        assert_eq!(taken.unwrap().len(), 1);
        let mut step = ground.step(&message);
        step.outbound = vec![ground.outbound(Publish::Free)];
        let zombie = ground.store.commit_step(Arc::new(step)).await;
        assert_eq!(
            zombie,
            Err(StoreError::Refused("another process has the message".into()))
        );
        heir.commit_step(Arc::new(ground.step(&message))).await.unwrap();
        assert_eq!(ground.status(&message.id).await, Status::Handled);
    })
    .await;
}

#[tokio::test]
async fn what_a_process_leased_after_it_was_taken_for_dead_is_freed_too() {
    on_stores_of_several(async |ground| {
        let heir = heir(ground).await;
        let stored = ground
            .store
            .store_inbound(ground.inbound(None), Publish::Leased, Trail::default());
        stored.await.unwrap();
        assert_eq!(heir.free_leases_of_the_dead(ground.now).await, Ok(0));
        let pulled = heir.pull_inbound(ground.account, ground.channel, ground.now, 10).await;
        assert_eq!(pulled.unwrap().len(), 1);
    })
    .await;
}

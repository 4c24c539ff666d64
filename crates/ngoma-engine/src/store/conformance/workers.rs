//! Several processes on one store: a lease is lost with the process that had it, and whoever lost it does no harm.

use super::outbound::{over, pulled, sent};
use super::{Ground, on_stores_of_several};
use crate::record::Status;
use crate::store::sql::args;
use crate::store::{NO_ACCOUNT, Publish, Store, StoreError};
use crate::trace::Trail;
use std::sync::Arc;

/// Lets a process be silent for so long that its lease is over.
async fn be_silent(store: &Store) {
    let epoch = store.epoch();
    let silent = store.write(NO_ACCOUNT, move |db| {
        let sql = "UPDATE worker SET lease_until = 0 WHERE epoch = ?1";
        Ok(db.execute(sql, &args![epoch])?)
    });
    assert_eq!(silent.await, Ok(1));
}

/// Another process that takes over what the first had, which has not said for long that it lives.
async fn heir(ground: &mut Ground) -> Store {
    let heir = ground.another_process().await;
    be_silent(&ground.store).await;
    assert_eq!(heir.beat().await, Ok(true));
    assert_eq!(heir.free_leases_of_the_dead().await, Ok(1));
    heir
}

#[tokio::test]
async fn a_process_that_says_it_lives_keeps_its_leases() {
    on_stores_of_several(async |ground| {
        ground.take_in().await;
        let other = ground.another_process().await;
        be_silent(&ground.store).await;
        assert_eq!(ground.store.beat().await, Ok(true));
        assert_eq!(other.free_leases_of_the_dead().await, Ok(0));
        assert!(ground.pull_inbound(&other, 10).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_process_that_lost_its_lease_begins_no_attempt() {
    on_stores_of_several(async |ground| {
        let id = pulled(ground).await.message.id;
        let heir = heir(ground).await;
        let taken = ground.pull_outbound(&heir, 10).await;
        assert_eq!(taken.len(), 1);
        let zombie = ground.begin_attempt(&ground.store, &id).await;
        assert!(matches!(zombie, Err(StoreError::Refused(_))), "{zombie:?}");
        ground.begin_attempt(&heir, &id).await.unwrap();
        assert_eq!(ground.store.beat().await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn what_two_processes_may_have_sent_says_so() {
    on_stores_of_several(async |ground| {
        let id = pulled(ground).await.message.id;
        ground.begin_attempt(&ground.store, &id).await.unwrap();
        let heir = heir(ground).await;
        let taken = ground.pull_outbound(&heir, 10).await;
        assert!(taken[0].attempt_open);
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
        let taken = ground.pull_inbound(&heir, 10).await;
        assert_eq!(taken.len(), 1);
        let mut step = ground.step(&message);
        step.outbound = vec![ground.outbound(Publish::Free)];
        let zombie = ground.store.commit_step(Arc::new(step)).await;
        assert_eq!(
            zombie,
            Err(StoreError::Refused("another process has the message".into()))
        );
        let mut step = ground.step(&message);
        step.lease = heir.epoch();
        heir.commit_step(Arc::new(step)).await.unwrap();
        assert_eq!(ground.status(&message.id).await, Status::Handled);
    })
    .await;
}

#[tokio::test]
async fn what_a_process_leased_after_it_was_taken_for_dead_is_freed_too() {
    on_stores_of_several(async |ground| {
        let heir = heir(ground).await;
        let epoch = ground.store.epoch();
        let stored = ground.store.store_inbound(
            ground.inbound(None),
            Publish::Leased,
            epoch,
            Arc::default(),
            Trail::default(),
        );
        stored.await.unwrap();
        assert_eq!(heir.free_leases_of_the_dead().await, Ok(0));
        assert_eq!(ground.pull_inbound(&heir, 10).await.len(), 1);
    })
    .await;
}

//! Tests: what the sending side does with the store is done once, also when its commit is answered by nobody.

use super::backend::forgetful::{Troubles, forgetful_store};
use super::{Acceptance, AttemptResult, NewOutbound, OutcomeWrite, PulledOutbound, QueueKind, Store, StoreError};
use crate::outbound::Priority;
use crate::queue::Line;
use crate::trace::Trail;
use ngoma_message::{MessageId, Timestamp};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

struct Lossy {
    _folder: TempDir,
    store: Store,
    troubles: Troubles,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn message() -> NewOutbound {
    NewOutbound::of_a_test(1, 2)
}

impl Lossy {
    /// A store with that many messages in its queue.
    async fn with(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, troubles) = forgetful_store(folder.path());
        let acceptance = Acceptance {
            lease: store.epoch(),
            account: 1,
            messages: (0..count).map(|_| message()).collect(),
            at: at(0),
            idempotency: None,
        };
        store.accept(acceptance).await.unwrap();
        Self {
            _folder: folder,
            store,
            troubles,
        }
    }

    /// Does something whose commit nobody answers.
    async fn unanswered<T: std::fmt::Debug>(&self, doing: impl Future<Output = Result<T, StoreError>>) {
        self.troubles.forgets.store(true, Ordering::SeqCst);
        let lost = doing.await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    }

    async fn pull(&self) -> Result<Vec<PulledOutbound>, StoreError> {
        let line = Line {
            account: 1,
            channel: 2,
            kind: QueueKind::Outbound,
        };
        let leases = self.store.lease(line, at(100), [10; Priority::COUNT]).await?;
        self.store.outbound_of(leases).await
    }

    async fn begin(&self, taken: &PulledOutbound) -> Result<bool, StoreError> {
        let id = taken.message.id.clone();
        self.store.begin_attempt(1, id, at(1), taken.lease).await
    }

    fn outcome(&self, taken: &PulledOutbound, result: AttemptResult) -> Arc<OutcomeWrite> {
        let mut trail = Trail::default();
        trail.note_about(&taken.message.id, at(1), "send", "done");
        Arc::new(OutcomeWrite {
            id: MessageId::generate(),
            account: 1,
            channel: 2,
            message: taken.message.id.clone(),
            lease: taken.lease,
            root: None,
            part: None,
            at: at(1),
            result,
            trail,
            listeners: Arc::default(),
        })
    }

    async fn count(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.store.read(move |db| db.number(&sql, &[])).await.unwrap()
    }
}

fn later() -> AttemptResult {
    AttemptResult::Later {
        due_at: at(2),
        counts: true,
        may_repeat: false,
    }
}

fn sent() -> AttemptResult {
    AttemptResult::Sent {
        provider_id: Some("c-1".into()),
        carrier_key: Some("c-1".into()),
        event: MessageId::generate(),
    }
}

#[tokio::test]
async fn what_an_unanswered_pull_leased_is_pulled_again() {
    let lossy = Lossy::with(3).await;
    lossy.unanswered(lossy.pull()).await;
    assert_eq!(lossy.pull().await.unwrap().len(), 0);
    // Those of another loop are left to it.
    lossy.store.free_unsure_pulls(QueueKind::OF_FOLLOW_UPS).await.unwrap();
    assert_eq!(lossy.pull().await.unwrap().len(), 0);
    lossy
        .unanswered(lossy.store.free_unsure_pulls(QueueKind::OF_CHANNELS))
        .await;
    lossy.store.free_unsure_pulls(QueueKind::OF_CHANNELS).await.unwrap();
    assert_eq!(lossy.pull().await.unwrap().len(), 3);
    lossy.store.free_unsure_pulls(QueueKind::OF_CHANNELS).await.unwrap();
    assert_eq!(lossy.pull().await.unwrap().len(), 0, "they are worked on");
}

#[tokio::test]
async fn an_attempt_is_counted_once() {
    let lossy = Lossy::with(1).await;
    let taken = lossy.pull().await.unwrap().remove(0);
    lossy.unanswered(lossy.begin(&taken)).await;
    lossy.begin(&taken).await.unwrap();
    lossy
        .store
        .record_outcome(lossy.outcome(&taken, later()))
        .await
        .unwrap();
    assert_eq!(lossy.pull().await.unwrap()[0].message.attempts, 1);
}

/// Without this, the outcome of the first attempt would end the second while it is under way, and begin a third.
#[tokio::test]
async fn an_outcome_that_is_stored_again_leaves_the_next_attempt_alone() {
    let lossy = Lossy::with(1).await;
    let first = lossy.pull().await.unwrap().remove(0);
    lossy.begin(&first).await.unwrap();
    let outcome = lossy.outcome(&first, later());
    lossy.unanswered(lossy.store.record_outcome(Arc::clone(&outcome))).await;
    let second = lossy.pull().await.unwrap().remove(0);
    lossy.begin(&second).await.unwrap();
    lossy.store.record_outcome(outcome).await.unwrap();
    assert_eq!(lossy.pull().await.unwrap().len(), 0);
    lossy
        .store
        .record_outcome(lossy.outcome(&second, sent()))
        .await
        .unwrap();
    assert_eq!((lossy.count("work").await, lossy.count("trace").await), (0, 2));
}

/// F32: the lease was lost while the message was on its way.
#[tokio::test]
async fn an_outcome_after_the_lease_was_lost_tells_a_duplicate_only_when_it_was_sent() {
    for (result, expected) in [(later(), 0), (sent(), 1)] {
        let lossy = Lossy::with(1).await;
        let taken = lossy.pull().await.unwrap().remove(0);
        lossy.begin(&taken).await.unwrap();
        let other = lossy.store.write(1, |db| {
            Ok(db.execute("UPDATE work SET lease = 99, attempt_at = NULL", &[])?)
        });
        other.await.unwrap();
        assert!(lossy.begin(&taken).await.is_err());
        lossy.store.record_outcome(lossy.outcome(&taken, result)).await.unwrap();
        assert_eq!(lossy.count("work WHERE lease = 99").await, 1, "it is the other's");
        assert_eq!(lossy.count("message WHERE possible_duplicate = 1").await, expected);
    }
}

/// A process that was dead without knowing it leased something after its leases had been freed.
#[tokio::test]
async fn what_is_leased_to_a_process_nobody_knows_is_freed() {
    let lossy = Lossy::with(1).await;
    assert_eq!(lossy.pull().await.unwrap().len(), 1);
    assert_eq!(lossy.store.free_leases_of_the_dead().await, Ok(0));
    assert_eq!(lossy.pull().await.unwrap().len(), 1);
    lossy.store.renew_epoch().await.unwrap();
    assert_eq!(lossy.pull().await.unwrap().len(), 1);
    assert_eq!(lossy.store.free_leases_of_the_dead().await, Ok(0));
    assert_eq!(
        lossy.pull().await.unwrap().len(),
        0,
        "it is held by a process that lives"
    );
    assert!(lossy.store.beat().await.unwrap());
    lossy.store.retire().await.unwrap();
    assert_eq!(
        (lossy.store.beat().await, lossy.pull().await.unwrap().len()),
        (Ok(false), 1)
    );
}

#[tokio::test]
async fn a_message_is_acked_once() {
    let lossy = Lossy::with(1).await;
    let taken = lossy.pull().await.unwrap().remove(0);
    lossy.begin(&taken).await.unwrap();
    let outcome = lossy.outcome(&taken, sent());
    lossy.unanswered(lossy.store.record_outcome(Arc::clone(&outcome))).await;
    lossy.store.record_outcome(outcome).await.unwrap();
    for table in ["message_event", "trace", "carrier_id"] {
        assert_eq!(lossy.count(table).await, 1, "{table}");
    }
    assert_eq!(
        lossy.count("message WHERE status = 4 AND possible_duplicate = 0").await,
        1
    );
}

/// F27: what is under way is finished with the room of the reserve; what then finds no room is told.
#[tokio::test]
async fn a_full_disk_gives_its_reserve_to_what_is_under_way() {
    let lossy = Lossy::with(1).await;
    lossy.troubles.has_reserve.store(true, Ordering::SeqCst);
    lossy.troubles.is_full.store(true, Ordering::SeqCst);
    let taken = lossy.pull().await.unwrap().remove(0);
    lossy.troubles.is_full.store(true, Ordering::SeqCst);
    let refused = lossy.begin(&taken).await;
    assert_eq!(refused, Err(StoreError::Unavailable("the disk is full".into())));
    lossy.troubles.is_full.store(false, Ordering::SeqCst);
    lossy.begin(&taken).await.unwrap();
}

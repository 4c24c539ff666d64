//! What people send: taken once.

use super::{Ground, on_every_store, on_stores_of_several};
use crate::inbound::Fingerprint;
use crate::store::sql::{Db, PostgresDb, args};
use crate::store::{InboundMessage, Publish, QueueKind, StoreError, StoredInbound};
use crate::trace::Trail;
use ngoma_message::MessageId;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

async fn take(ground: &Ground, message: &InboundMessage) -> Result<StoredInbound, StoreError> {
    let stored = ground.store.store_inbound(
        message.clone(),
        Publish::Free,
        ground.store.epoch(),
        Arc::default(),
        Trail::default(),
    );
    stored.await
}

async fn waiting(ground: &Ground) -> usize {
    ground.pull_inbound(&ground.store, 100).await.len()
}

#[tokio::test]
async fn a_message_is_known_by_its_providers_id() {
    on_every_store(async |ground| {
        let (first, again) = (ground.inbound(Some("p")), ground.inbound(Some("p")));
        assert_eq!(take(ground, &first).await, Ok(StoredInbound::Stored));
        assert_eq!(
            take(ground, &again).await,
            Ok(StoredInbound::Duplicate(first.id.clone()))
        );
        let elsewhere = InboundMessage {
            account: ground.other.0,
            channel: ground.other.1,
            ..ground.inbound(Some("p"))
        };
        assert_eq!(take(ground, &elsewhere).await, Ok(StoredInbound::Stored));
        assert_eq!(waiting(ground).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_message_is_known_by_its_own_id_on_its_channel_only() {
    on_every_store(async |ground| {
        let message = ground.inbound(None);
        assert_eq!(take(ground, &message).await, Ok(StoredInbound::Stored));
        assert_eq!(
            take(ground, &message).await,
            Ok(StoredInbound::Duplicate(message.id.clone()))
        );
        let stolen = InboundMessage {
            channel: ground.other.1,
            ..message
        };
        assert_eq!(
            take(ground, &stolen).await,
            Err(StoreError::Refused("the message id is taken".into()))
        );
        assert_eq!(waiting(ground).await, 1);
    })
    .await;
}

fn says(ground: &Ground, hash: &str, known_for: u64, second: u64) -> InboundMessage {
    InboundMessage {
        fingerprint: Some(Fingerprint {
            hash: hash.to_owned(),
            known_for: Duration::from_secs(known_for),
        }),
        created_at: ground.now + Duration::from_secs(second),
        ..ground.inbound(None)
    }
}

#[tokio::test]
async fn a_message_without_an_id_is_known_by_what_it_says_for_a_while() {
    on_every_store(async |ground| {
        for (hash, known_for) in [("with a time", 3600), ("without", 60)] {
            let says = |second| says(ground, hash, known_for, second);
            let (first, late) = (says(known_for), says(2 * known_for));
            assert_eq!(take(ground, &first).await, Ok(StoredInbound::Stored));
            let known = Ok(StoredInbound::Duplicate(first.id.clone()));
            assert_eq!(take(ground, &says(2 * known_for - 1)).await, known);
            let elsewhere = InboundMessage {
                account: ground.other.0,
                channel: ground.other.1,
                ..says(known_for)
            };
            assert_eq!(take(ground, &elsewhere).await, Ok(StoredInbound::Stored));
            // The clock was set back.
            assert_eq!(take(ground, &says(1)).await, known);
            assert_eq!(take(ground, &says(0)).await, Ok(StoredInbound::Stored));
            assert_eq!(take(ground, &late).await, Ok(StoredInbound::Stored));
        }
    })
    .await;
}

/// Over midnight too: what was noted yesterday is looked for today.
#[tokio::test]
async fn each_message_is_taken_once_in_every_time_it_is_known_for() {
    on_every_store(async |ground| {
        let mut runner = TestRunner::deterministic();
        let arrivals = prop::collection::vec((0_u8..3, 0_u64..3000), 30);
        for case in 0..20 {
            let arrivals = arrivals.new_tree(&mut runner).unwrap().current();
            let (mut known, mut second) = (HashMap::new(), 0);
            for (text, after) in arrivals {
                second += after;
                let message = says(ground, &format!("{case} {text}"), 3600, second);
                let held = known.get(&text).filter(|(_, at)| second - at < 3600);
                let expected = match held {
                    Some((id, _)) => StoredInbound::Duplicate(MessageId::clone(id)),
                    None => StoredInbound::Stored,
                };
                assert_eq!(take(ground, &message).await, Ok(expected), "{text} at {second}");
                if held.is_none() {
                    known.insert(text, (message.id, second));
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn work_is_leased_to_one_and_is_due_when_it_came() {
    on_every_store(async |ground| {
        let message = ground.inbound(None);
        assert_eq!(ground.store.next_due(ground.line(QueueKind::Inbound)).await, Ok(None));
        take(ground, &message).await.unwrap();
        assert_eq!(
            ground.store.next_due(ground.line(QueueKind::Inbound)).await,
            Ok(Some(ground.now))
        );
        assert_eq!(waiting(ground).await, 1);
        assert_eq!(waiting(ground).await, 0);
        assert_eq!(ground.store.next_due(ground.line(QueueKind::Inbound)).await, Ok(None));
        ground.take_in().await;
        assert_eq!(waiting(ground).await, 0, "it is leased from the start");
    })
    .await;
}

#[tokio::test]
async fn what_may_be_stored_and_leased_to_nobody_is_freed_once() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let elsewhere = ground.take_in().await;
        let epoch = ground.store.epoch();
        let note = |message: &MessageId, lease| {
            let messages = std::iter::once(message.clone());
            ground
                .store
                .note_unsure(ground.account, QueueKind::Inbound, messages, lease);
        };
        note(&message.id, epoch);
        note(&elsewhere.id, epoch - 1);
        ground
            .store
            .free_unsure_pulls([QueueKind::Inbound, QueueKind::Outbound])
            .await
            .unwrap();
        let pulled = ground.pull_inbound(&ground.store, 10).await;
        let pulled: Vec<_> = pulled.into_iter().map(|taken| taken.message.id).collect();
        assert_eq!(pulled, [message.id]);
        ground
            .store
            .free_unsure_pulls([QueueKind::Inbound, QueueKind::Outbound])
            .await
            .unwrap();
        assert_eq!(waiting(ground).await, 0);
    })
    .await;
}

/// A line that broke may have left the server in the middle of a commit.
#[tokio::test]
async fn what_the_server_still_commits_is_freed_after_that() {
    on_stores_of_several(async |ground| {
        let Some(url) = ground.postgres() else { return };
        let (line, epoch, item) = (
            ground.line(QueueKind::Inbound),
            ground.store.epoch(),
            MessageId::generate(),
        );
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (freed, is_freed) = mpsc::channel::<()>();
        let committing = std::thread::spawn({
            let item = item.clone();
            move || {
                let mut db = PostgresDb::connect(&url).unwrap();
                let mut watching = PostgresDb::connect(&url).unwrap();
                db.script("BEGIN").unwrap();
                db.execute(
                    "INSERT INTO work (account, item, kind, channel, priority, due_at, lease)
                    VALUES (?1, ?2, 0, ?3, 2, 0, ?4)",
                    &args![line.account, &item, line.channel, epoch],
                )
                .unwrap();
                begun.send(()).unwrap();
                let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
                while watching.number(waiting, &[]).unwrap() == 0 && is_freed.try_recv().is_err() {
                    std::thread::yield_now();
                }
                db.script("COMMIT").unwrap();
            }
        });
        has_begun.await.unwrap();
        let items = std::iter::once(item);
        ground
            .store
            .note_unsure(ground.account, QueueKind::Inbound, items, epoch);
        ground.store.free_unsure_pulls(QueueKind::OF_CHANNELS).await.unwrap();
        let _ = freed.send(());
        committing.join().unwrap();
        let due = ground.store.next_due(line).await.unwrap();
        assert!(due.is_some(), "it is leased to nobody");
    })
    .await;
}

//! What people send: taken once.

use super::{Ground, on_every_store};
use crate::store::{InboundMessage, Publish, QueueKind, StoreError, StoredInbound};
use crate::trace::Trail;
use std::time::Duration;

async fn take(ground: &Ground, message: &InboundMessage) -> Result<StoredInbound, StoreError> {
    let stored = ground
        .store
        .store_inbound(message.clone(), Publish::Free, Trail::default());
    stored.await
}

async fn waiting(ground: &Ground) -> usize {
    let pulled = ground
        .store
        .pull_inbound(ground.account, ground.channel, ground.now, 100);
    pulled.await.unwrap().len()
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

#[tokio::test]
async fn a_message_without_an_id_is_known_by_what_it_says_for_an_hour() {
    on_every_store(async |ground| {
        let says = |minutes: u64| InboundMessage {
            fingerprint: Some("f".into()),
            created_at: ground.now + Duration::from_secs(60 * minutes),
            ..ground.inbound(None)
        };
        let (first, soon, late) = (says(0), says(59), says(60));
        assert_eq!(take(ground, &first).await, Ok(StoredInbound::Stored));
        assert_eq!(
            take(ground, &soon).await,
            Ok(StoredInbound::Duplicate(first.id.clone()))
        );
        assert_eq!(take(ground, &late).await, Ok(StoredInbound::Stored));
    })
    .await;
}

#[tokio::test]
async fn work_is_leased_to_one_and_is_due_when_it_came() {
    on_every_store(async |ground| {
        let message = ground.inbound(None);
        assert_eq!(
            ground.store.next_due(QueueKind::Inbound, ground.channel).await,
            Ok(None)
        );
        take(ground, &message).await.unwrap();
        assert_eq!(
            ground.store.next_due(QueueKind::Inbound, ground.channel).await,
            Ok(Some(ground.now))
        );
        assert_eq!(waiting(ground).await, 1);
        assert_eq!(waiting(ground).await, 0);
        assert_eq!(
            ground.store.next_due(QueueKind::Inbound, ground.channel).await,
            Ok(None)
        );
        ground.take_in().await;
        assert_eq!(waiting(ground).await, 0, "it is leased from the start");
    })
    .await;
}

#[tokio::test]
async fn a_lease_given_up_is_taken_again() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let leased = async || ground.store.leased(ground.account, ground.channel).await.unwrap();
        assert_eq!(leased().await, [&message.id].map(Clone::clone));
        let elsewhere = ground.store.leased(ground.other.0, ground.other.1).await;
        assert_eq!(elsewhere, Ok(vec![]));
        ground.store.free_leases(ground.account, leased().await).await.unwrap();
        assert_eq!(leased().await, []);
        assert_eq!(waiting(ground).await, 1);
    })
    .await;
}

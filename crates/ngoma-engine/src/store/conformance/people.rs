//! A person's messages are found among all others.

use super::{Ground, on_every_store};
use crate::store::{InboundMessage, Publish};
use crate::trace::Trail;
use ngoma_message::{Address, MessageId};
use std::sync::Arc;
use std::time::Duration;

async fn take(ground: &Ground, message: InboundMessage) -> MessageId {
    let id = message.id.clone();
    let stored = ground.store.store_inbound(
        message,
        Publish::Free,
        ground.store.epoch(),
        Arc::default(),
        Trail::default(),
    );
    stored.await.unwrap();
    id
}

async fn thread(ground: &Ground, account: &str, person: &Address, limit: usize) -> Vec<MessageId> {
    let found = ground.store.thread(account, person, limit).await.unwrap();
    found.into_iter().map(|message| message.id).collect()
}

#[tokio::test]
async fn the_latest_come_first_of_every_shelf_and_of_no_other_account() {
    on_every_store(async |ground| {
        let (anna, ben) = (Address::new("tel", "+1"), Address::new("tel", "+2"));
        let mut annas = Vec::new();
        // A shelf a day; on every other one there is nothing of hers.
        for day in 0..5 {
            let created_at = ground.now + Duration::from_secs(day * 24 * 3600);
            for from in [&anna, &ben, &anna] {
                let from = if day % 2 == 1 { &ben } else { from }.clone();
                let is_annas = from == anna;
                let message = InboundMessage {
                    from,
                    created_at,
                    ..ground.inbound(None)
                };
                let id = take(ground, message).await;
                annas.extend(is_annas.then_some(id));
            }
        }
        let elsewhere = InboundMessage {
            account: ground.other.0,
            channel: ground.other.1,
            ..ground.inbound(None)
        };
        let elsewhere = take(ground, elsewhere).await;
        assert_eq!(annas.len(), 6);
        assert_eq!(thread(ground, "demo", &anna, 100).await, annas);
        assert_eq!(
            thread(ground, "demo", &anna, 3).await,
            annas[3..],
            "the latest, oldest of them first"
        );
        assert_eq!(thread(ground, "other", &anna, 3).await, [elsewhere]);
        assert!(thread(ground, "demo", &Address::new("tel", "+3"), 3).await.is_empty());
        assert!(thread(ground, "nobody", &anna, 3).await.is_empty());
    })
    .await;
}

//! Sessions, and the days that are over.

use super::{Ground, on_every_store};
use crate::store::{Publish, SessionRow, StoredInbound};
use crate::trace::Trail;
use ngoma_message::Address;
use std::sync::Arc;
use std::time::Duration;

fn session(ground: &Ground) -> SessionRow {
    SessionRow {
        channel: ground.channel,
        key: "s".into(),
        address: Address::new("tel", "+1"),
        service: Some(ground.service),
        version: None,
        is_open: true,
        started_at: ground.now,
        last_at: ground.now,
        expires_at: ground.now + Duration::from_secs(600),
    }
}

#[tokio::test]
async fn a_session_is_kept_and_closed_when_it_has_expired() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let mut step = ground.step(&message);
        step.session = Some(session(ground));
        ground.store.commit_step(Arc::new(step)).await.unwrap();
        let held = async || ground.store.session(ground.account, ground.channel, "s").await.unwrap();
        assert_eq!(held().await, Some(session(ground)));
        let elsewhere = ground.store.session(ground.other.0, ground.channel, "s").await;
        assert_eq!(elsewhere, Ok(None));
        assert_eq!(ground.store.expire_sessions(ground.now, 10).await, Ok(0));
        let late = ground.now + Duration::from_secs(600);
        assert_eq!(ground.store.expire_sessions(late, 10).await, Ok(1));
        assert_eq!(held().await.map(|session| session.is_open), Some(false));
        let person = Address::new("tel", "+1");
        let latest = ground.store.latest_session("demo", "sms", &person);
        assert_eq!(latest.await.unwrap().map(|session| session.key), Some("s".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn rolling_the_days_leaves_what_is_of_today() {
    on_every_store(async |ground| {
        let take = async || {
            let message = ground.inbound(Some("p"));
            let stored = ground.store.store_inbound(
                message,
                Publish::Free,
                ground.store.epoch(),
                Arc::default(),
                Trail::default(),
            );
            stored.await.unwrap()
        };
        assert_eq!(take().await, StoredInbound::Stored);
        ground.store.roll_partitions().await.unwrap();
        assert_ne!(take().await, StoredInbound::Stored);
    })
    .await;
}

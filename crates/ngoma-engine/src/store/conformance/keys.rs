//! Services' keys, clients' tokens.

use super::{Ground, on_every_store};
use crate::service::KvWrite;
use std::sync::Arc;
use std::time::Duration;

async fn write(ground: &Ground, kv: Vec<KvWrite>) {
    let message = ground.take_in().await;
    let mut step = ground.step(&message);
    step.kv = kv;
    ground.store.commit_step(Arc::new(step)).await.unwrap();
}

fn set(key: &str, value: i64, expires_at: Option<ngoma_message::Timestamp>) -> KvWrite {
    KvWrite::Set {
        key: key.into(),
        value: value.into(),
        expires_at,
    }
}

#[tokio::test]
async fn keys_are_counted_expire_and_belong_to_one_account() {
    on_every_store(async |ground| {
        let soon = ground.now + Duration::from_secs(10);
        write(
            ground,
            vec![set("a", 1, Some(soon)), set("b", 2, None), set("c", 3, None)],
        )
        .await;
        write(ground, vec![KvWrite::Delete { key: "c".into() }, set("b", 4, None)]).await;
        let get = async |account, key, at| ground.store.kv_get(account, ground.service, key, at).await.unwrap();
        assert_eq!(get(ground.account, "a", ground.now).await.as_deref(), Some("1"));
        assert_eq!(get(ground.account, "a", soon).await, None);
        assert_eq!(get(ground.account, "b", soon).await.as_deref(), Some("4"));
        assert_eq!(get(ground.other.0, "b", ground.now).await, None);
        assert_eq!(ground.store.kv_count(ground.account, ground.service).await, Ok(2));
        assert_eq!(ground.store.expire_keys(ground.now, 10).await, Ok(0));
        assert_eq!(ground.store.expire_keys(soon, 10).await, Ok(1));
        assert_eq!(ground.store.kv_count(ground.account, ground.service).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_token_lets_in_to_its_account_only() {
    on_every_store(async |ground| {
        let store = &ground.store;
        let [known, unknown] = [[7; 32], [8; 32]];
        assert_eq!(store.add_token("demo", known, "a program", ground.now).await, Ok(true));
        assert_eq!(
            store.add_token("nobody", unknown, "a program", ground.now).await,
            Ok(false)
        );
        assert_eq!(store.account_of_token(known).await, Ok(Some(ground.account)));
        assert_eq!(store.account_of_token(unknown).await, Ok(None));
    })
    .await;
}

//! What a step decides about people is stored with the step, or not at all.

use super::{Ground, on_every_store};
use crate::service::KvWrite;
use crate::store::{HandOver, HandOverChange, PeopleWrites, SessionRow, StoreError, Wish, Wished};
use ngoma_message::{Address, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn anna() -> Address {
    Address::new("tel", "+1")
}

/// A service of the account beside the one there is: rows need no other.
fn people_service(ground: &Ground) -> i64 {
    ground.service + 1000
}

fn hand_over(ground: &Ground) -> HandOver {
    HandOver {
        to: people_service(ground),
        by: ground.service,
        reason: Some("asks for a nurse".into()),
        until: ground.now + HOUR,
    }
}

fn change(ground: &Ground, begins: Option<HandOver>) -> HandOverChange {
    HandOverChange {
        channel: ground.channel,
        person: anna(),
        begins,
    }
}

fn wished(wish: Wish, at: Timestamp) -> (Wished, Timestamp) {
    let wished = Wished {
        wish,
        address: anna(),
        message: None,
    };
    (wished, at)
}

/// A step that decides this; whether it could be stored.
async fn step(ground: &Ground, people: PeopleWrites, kv: Vec<KvWrite>) -> Result<(), StoreError> {
    let message = ground.take_in().await;
    let mut step = ground.step(&message);
    step.people = people;
    step.kv = kv;
    ground.store.commit_step(Arc::new(step)).await
}

fn decide_all(ground: &Ground) -> PeopleWrites {
    PeopleWrites {
        wishes: vec![wished(Wish::OptOut, ground.now)],
        hand_overs: vec![change(ground, Some(hand_over(ground)))],
        ..PeopleWrites::default()
    }
}

async fn held(ground: &Ground, account: i64, now: Timestamp) -> Option<HandOver> {
    let person = anna();
    let held = ground.store.hand_over(account, ground.channel, &person, now);
    held.await.unwrap()
}

#[tokio::test]
async fn it_is_stored_with_its_step_and_is_of_one_account() {
    on_every_store(async |ground| {
        assert_eq!(ground.store.has_hand_overs(ground.account).await, Ok(false));
        step(ground, decide_all(ground), Vec::new()).await.unwrap();
        let record = ground.store.opt_out_of(ground.account, &anna()).await.unwrap().unwrap();
        assert_eq!((record.address, record.at), (anna(), ground.now));
        assert_eq!(ground.store.count_opt_outs(ground.account).await, Ok(1));
        assert_eq!(held(ground, ground.account, ground.now).await, Some(hand_over(ground)));
        assert_eq!(ground.store.has_hand_overs(ground.account).await, Ok(true));
        let other = ground.other.0;
        assert_eq!(ground.store.opt_out_of(other, &anna()).await, Ok(None));
        assert_eq!(ground.store.count_opt_outs(other).await, Ok(0));
        assert_eq!(held(ground, other, ground.now).await, None);
        assert_eq!(ground.store.has_hand_overs(other).await, Ok(false));
        let back = ground.store.hand_back(other, people_service(ground), &anna()).await;
        assert_eq!(back, Ok(0), "another account gives nothing back");
    })
    .await;
}

#[tokio::test]
async fn a_step_that_cannot_be_stored_leaves_nothing_of_it() {
    on_every_store(async |ground| {
        let write = |key: &str| KvWrite::Increment {
            key: key.into(),
            amount: i64::MAX,
        };
        let refused = step(ground, decide_all(ground), vec![write("n"), write("n")]).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert_eq!(ground.store.opt_out_of(ground.account, &anna()).await, Ok(None));
        assert_eq!(held(ground, ground.account, ground.now).await, None);
    })
    .await;
}

#[tokio::test]
async fn decisions_are_done_in_order_and_the_first_opt_out_counts() {
    on_every_store(async |ground| {
        let people = PeopleWrites {
            wishes: vec![
                wished(Wish::OptOut, ground.now),
                wished(Wish::OptOut, ground.now + HOUR),
            ],
            hand_overs: vec![change(ground, Some(hand_over(ground))), change(ground, None)],
            ..PeopleWrites::default()
        };
        step(ground, people, Vec::new()).await.unwrap();
        let record = ground.store.opt_out_of(ground.account, &anna()).await.unwrap();
        assert_eq!(record.map(|record| record.at), Some(ground.now));
        assert_eq!(held(ground, ground.account, ground.now).await, None);
        let people = PeopleWrites {
            wishes: vec![wished(Wish::OptIn, ground.now)],
            ..PeopleWrites::default()
        };
        step(ground, people, Vec::new()).await.unwrap();
        assert_eq!(ground.store.opt_out_of(ground.account, &anna()).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_hand_over_is_over_at_its_moment_and_is_then_forgotten() {
    on_every_store(async |ground| {
        step(ground, decide_all(ground), Vec::new()).await.unwrap();
        let late = ground.now + HOUR;
        assert_eq!(held(ground, ground.account, late).await, None);
        assert_eq!(ground.store.expire_hand_overs(ground.now, 10).await, Ok(0));
        assert_eq!(ground.store.expire_hand_overs(late, 10).await, Ok(1));
        assert_eq!(ground.store.expire_hand_overs(late, 10).await, Ok(0));
        assert_eq!(ground.store.has_hand_overs(ground.account).await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_open_goes_back_with_its_person() {
    on_every_store(async |ground| {
        let message = ground.take_in().await;
        let mut first = ground.step(&message);
        first.people = decide_all(ground);
        first.session = Some(SessionRow {
            channel: ground.channel,
            key: "s".into(),
            address: anna(),
            service: Some(people_service(ground)),
            version: Some(3),
            is_open: true,
            started_at: ground.now,
            last_at: ground.now,
            expires_at: ground.now + HOUR,
        });
        ground.store.commit_step(Arc::new(first)).await.unwrap();
        let store = &ground.store;
        let not_its = store.hand_back(ground.account, ground.service, &anna()).await;
        assert_eq!(not_its, Ok(0), "a service gives back what it was handed only");
        let back = store.hand_back(ground.account, people_service(ground), &anna()).await;
        assert_eq!(back, Ok(1));
        let session = store
            .session(ground.account, ground.channel, "s")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((session.service, session.version), (Some(ground.service), None));
        assert_eq!(held(ground, ground.account, ground.now).await, None);
    })
    .await;
}

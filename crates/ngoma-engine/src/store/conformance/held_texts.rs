//! F8, long texts that come in parts: handed on once and whole, or told what is missing.

use super::{Ground, on_every_store, on_stores_of_several};
use crate::channel::PartHeader;
use crate::inbound::Ending;
use crate::store::{InboundMessage, Publish, Store, StoreError, StoredInbound};
use crate::trace::Trail;
use ngoma_message::Address;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const DAY: u64 = 86_400;

/// A part of a text with the reference 7, at this second.
fn part(ground: &Ground, from: &str, total: u8, number: u8, text: &str, second: u64) -> InboundMessage {
    InboundMessage {
        from: Address::new("tel", from),
        content: Some(text.to_owned()),
        part: PartHeader::new(7, total, number),
        created_at: ground.now + Duration::from_secs(second),
        ..ground.inbound(None)
    }
}

async fn take(store: &Store, part: &InboundMessage) -> Result<StoredInbound, StoreError> {
    let (lease, trail) = (store.epoch(), Trail::default());
    let taking = store.store_inbound(part.clone(), Publish::Free, lease, Arc::default(), trail);
    taking.await
}

/// The texts of a person that were handed on, oldest first, with what is told about them.
async fn handed_on(ground: &Ground, store: &Store, from: &str) -> Vec<(String, String)> {
    let person = Address::new("tel", from);
    let mut told = Vec::new();
    for message in store.thread("demo", &person, 1000).await.unwrap() {
        let trace = store.trace("demo", &message.id).await.unwrap();
        let lines = trace.into_iter().filter(|line| line.step == "parts");
        let lines: Vec<String> = lines.map(|line| line.detail).collect();
        told.push((message.content.unwrap_or_default(), lines.join("; ")));
        assert_eq!(message.account, "demo", "{}", ground.account);
    }
    told
}

async fn end_all(ground: &Ground, store: &Store, second: u64) -> Vec<Ending> {
    let now = ground.now + Duration::from_secs(second);
    let mut endings = Vec::new();
    for text in store.held_texts_over(now, 100).await.unwrap() {
        let ending = store.end_held_text(text.clone(), now, Arc::default()).await.unwrap();
        endings.extend(ending);
        let again = store.end_held_text(text, now, Arc::default()).await;
        assert_eq!(again, Ok(None), "another process does it too");
    }
    endings
}

const WAITS: StoredInbound = StoredInbound::Held { ends_another: false };

#[tokio::test]
async fn parts_in_any_order_give_the_text_of_each_sender_once() {
    on_every_store(async |ground| {
        let store = ground.store.clone();
        for (from, total, number, text) in [
            ("+1", 3, 3, "c"),
            ("+2", 3, 1, "x"),
            ("+1", 3, 1, "a"),
            ("+1", 3, 1, "a"),
            ("+1", 2, 1, "of another total"),
        ] {
            let taken = take(&store, &part(ground, from, total, number, text, 0)).await;
            assert_eq!(taken, Ok(WAITS), "{from} {number} of {total}");
        }
        let last = part(ground, "+1", 3, 2, "b", 5);
        assert_eq!(take(&store, &last).await, Ok(StoredInbound::Stored));
        for number in 1..=3 {
            let text = ["a", "b", "c"][usize::from(number) - 1];
            let again = take(&store, &part(ground, "+1", 3, number, text, 3600)).await;
            assert_eq!(again, Ok(StoredInbound::Duplicate(last.id.clone())));
        }
        let whole = ("abc".to_owned(), "put together from 3 parts".to_owned());
        assert_eq!(handed_on(ground, &store, "+1").await, [whole]);
        assert!(handed_on(ground, &store, "+2").await.is_empty());
        let waiting = ground.pull_inbound(&store, 10).await;
        assert_eq!(waiting.len(), 0, "it is due when its last part came");
    })
    .await;
}

#[tokio::test]
async fn the_same_parts_on_another_channel_are_another_text() {
    on_every_store(async |ground| {
        let ours = part(ground, "+1", 2, 1, "a", 0);
        let theirs = InboundMessage {
            account: ground.other.0,
            channel: ground.other.1,
            ..part(ground, "+1", 2, 2, "b", 0)
        };
        assert_eq!(take(&ground.store, &ours).await, Ok(WAITS));
        assert_eq!(take(&ground.store, &theirs).await, Ok(WAITS));
    })
    .await;
}

#[tokio::test]
async fn what_came_of_a_text_is_handed_on_after_a_day_and_says_what_is_missing() {
    on_every_store(async |ground| {
        let store = ground.store.clone();
        let mut first = part(ground, "+1", 3, 3, "c", 0);
        first.transport_metadata.insert("provider".into(), "mtn".into());
        take(&store, &first).await.unwrap();
        take(&store, &part(ground, "+1", 3, 1, "a", 3600)).await.unwrap();
        assert!(end_all(ground, &store, DAY - 1).await.is_empty());
        assert_eq!(end_all(ground, &store, DAY).await.len(), 1);
        let partial = (
            "ac".to_owned(),
            "2 of 3 parts: the others did not come in time".to_owned(),
        );
        assert_eq!(handed_on(ground, &store, "+1").await, [partial]);
        ground.now = ground.now + Duration::from_secs(DAY);
        let taken = ground.pull_inbound(&store, 10).await.remove(0).message;
        let noted = serde_json::Value::Object(taken.transport_metadata);
        let expected = serde_json::json!({ "provider": "mtn", "parts": { "total": 3, "missing": [2] } });
        assert_eq!(noted, expected);
        // One that comes later still begins a text of its own.
        let late = take(&store, &part(ground, "+1", 3, 2, "b", 1)).await;
        assert_eq!((late, end_all(ground, &store, DAY + 1).await.len()), (Ok(WAITS), 1));
    })
    .await;
}

#[tokio::test]
async fn parts_are_known_for_an_hour_after_their_text_was_handed_on() {
    on_every_store(async |ground| {
        let store = ground.store.clone();
        take(&store, &part(ground, "+1", 2, 1, "a", 0)).await.unwrap();
        take(&store, &part(ground, "+1", 2, 2, "b", 60)).await.unwrap();
        assert!(end_all(ground, &store, 3659).await.is_empty());
        assert_eq!(end_all(ground, &store, 3660).await, [Ending::Forgotten]);
        assert_eq!(take(&store, &part(ground, "+1", 2, 2, "b", 3661)).await, Ok(WAITS));
        assert_eq!(handed_on(ground, &store, "+1").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_text_with_an_old_reference_loses_nothing() {
    on_every_store(async |ground| {
        let store = ground.store.clone();
        take(&store, &part(ground, "+1", 2, 1, "old", 0)).await.unwrap();
        let anew = take(&store, &part(ground, "+1", 2, 1, "new", 1)).await;
        assert_eq!(anew, Ok(StoredInbound::Held { ends_another: true }));
        take(&store, &part(ground, "+1", 2, 2, "er", 2)).await.unwrap();
        let told = handed_on(ground, &store, "+1").await;
        let said = "1 of 2 parts: the sender began another text with its reference";
        assert_eq!(told[0], ("old".to_owned(), said.to_owned()));
        assert_eq!(told[1].0, "newer");
    })
    .await;
}

/// A bomb: one sender, many texts of 255 parts.
#[tokio::test]
async fn a_sender_has_so_much_waiting_and_others_are_not_concerned() {
    on_every_store(async |ground| {
        let store = ground.store.clone();
        let bomb = |from: &str, reference: u16, number: u8| InboundMessage {
            part: PartHeader::new(reference, 255, number),
            ..part(ground, from, 255, number, &"x".repeat(20_000), 0)
        };
        let (mut taken, mut refused) = (0, 0);
        for reference in 0..20 {
            for number in 1..=2 {
                match take(&store, &bomb("+1", reference, number)).await {
                    Ok(WAITS) => taken += 1,
                    Err(StoreError::Refused(reason)) => {
                        assert!(reason.contains("try again when one of them is whole"), "{reason}");
                        refused += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!((taken, refused), (6, 34), "six times 20,000 bytes are within 128 KiB");
        assert_eq!(take(&store, &bomb("+2", 1, 1)).await, Ok(WAITS));
        let small = |reference| InboundMessage {
            part: PartHeader::new(reference, 2, 1),
            ..part(ground, "+3", 2, 1, "x", 0)
        };
        for reference in 0..16 {
            assert_eq!(take(&store, &small(reference)).await, Ok(WAITS));
        }
        assert!(take(&store, &small(16)).await.is_err());
    })
    .await;
}

/// F9: what was said to be kept is there after the process has ended.
#[tokio::test]
async fn parts_outlive_their_process() {
    on_every_store(async |ground| {
        take(&ground.store, &part(ground, "+1", 2, 2, "b", 0)).await.unwrap();
        let next = ground.successor().await;
        let first = part(ground, "+1", 2, 1, "a", 0);
        assert_eq!(take(&next, &first).await, Ok(StoredInbound::Stored));
        assert_eq!(handed_on(ground, &next, "+1").await[0].0, "ab");
        // Its answer was lost.
        let again = part(ground, "+1", 2, 1, "a", 0);
        assert_eq!(take(&next, &again).await, Ok(StoredInbound::Duplicate(first.id)));
    })
    .await;
}

/// Without the text's row to wait at, both would find the other part missing, and nobody would hand the text on.
#[tokio::test]
async fn the_last_parts_at_two_processes_at_once_give_one_text() {
    on_stores_of_several(async |ground| {
        let other = ground.another_process().await;
        for case in 0..20 {
            let from = format!("+{case}");
            let (one, two) = (part(ground, &from, 2, 1, "a", 0), part(ground, &from, 2, 2, "b", 0));
            let taken = tokio::join!(take(&ground.store, &one), take(&other, &two));
            let results = [taken.0.unwrap(), taken.1.unwrap()];
            let stored = results.iter().filter(|taken| **taken == StoredInbound::Stored);
            assert_eq!(stored.count(), 1, "{results:?}");
            assert_eq!(handed_on(ground, &other, &from).await[0].0, "ab");
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_order_parts_come_in_and_however_often_each_text_comes_once() {
    on_every_store(async |ground| {
        let store = ground.store.clone();
        let mut runner = TestRunner::deterministic();
        let arrivals = prop::collection::vec("[a-c]{0,3}", 1..6).prop_flat_map(|texts| {
            let parts = prop::collection::vec(0..texts.len(), 0..12);
            let all: Vec<usize> = (0..texts.len()).collect();
            let order = (parts, Just(all).prop_shuffle()).prop_map(|(some, all)| [some, all].concat());
            (Just(texts), order)
        });
        for case in 0..25 {
            let (texts, order) = arrivals.new_tree(&mut runner).unwrap().current();
            let (from, total) = (format!("+{case}"), u8::try_from(texts.len()).unwrap());
            let (mut there, mut id) = (BTreeSet::new(), None);
            for place in order {
                let number = u8::try_from(place + 1).unwrap();
                let part = part(ground, &from, total, number, &texts[place], 0);
                there.insert(number);
                let expected = match &id {
                    Some(known) => StoredInbound::Duplicate(ngoma_message::MessageId::clone(known)),
                    None if there.len() == texts.len() => StoredInbound::Stored,
                    None => WAITS,
                };
                if expected == StoredInbound::Stored {
                    id = Some(part.id.clone());
                }
                assert_eq!(take(&store, &part).await, Ok(expected), "{number} of {total}");
            }
            let told = handed_on(ground, &store, &from).await;
            assert_eq!((told.len(), &told[0].0), (1, &texts.concat()));
        }
    })
    .await;
}

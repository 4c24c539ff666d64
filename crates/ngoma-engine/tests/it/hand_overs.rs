//! A service hands a person over to another for a while.

use crate::line::{text, turn};
use crate::world::{World, demo, service, soon};
use ngoma_engine::Status;
use ngoma_engine::directory::Document;
use ngoma_message::{Address, MessageId};
use std::sync::atomic::Ordering;
use std::time::Duration;

const PERSON: &str = "+27831234567";

/// An account whose service `clinic` has `people` beside it, to which no route leads.
fn with_people(account: &str) -> Document {
    let mut document = demo(account);
    let declared = document.accounts.get_mut(account).unwrap();
    declared.services.insert("people".into(), service("two"));
    document
}

async fn world(accounts: &[&str]) -> World {
    let mut world = World::empty();
    world.open().await;
    for account in accounts {
        world.engine().apply(with_people(account)).await.unwrap();
    }
    world
}

/// Says something by SMS; gives its id and what was answered.
async fn say(world: &World, account: &str, person: &str, content: &str) -> (MessageId, String) {
    let line = world.line(&format!("{account}/sms"));
    let id = line.take(text(person, content)).await;
    (id, soon(line.next_sent()).await.content)
}

async fn turn_by(world: &World, event: &str, content: &str) -> String {
    let line = world.line("demo/ussd");
    line.take(turn(PERSON, "s", event, content)).await;
    soon(line.next_sent()).await.content
}

#[tokio::test]
async fn the_other_service_has_the_person_until_it_hands_back() {
    let mut world = world(&["demo"]).await;
    let (id, answer) = say(&world, "demo", PERSON, "help +handover").await;
    assert_eq!(answer, "1 - help +handover", "the clinic's own counter");
    let until = "until 2026-11-23 09:30:00.000000";
    world
        .has_traced(
            &id,
            &format!("hand over: handed over to people by clinic: asks for a person; {until}"),
        )
        .await;
    let (id, answer) = say(&world, "demo", PERSON, "hello").await;
    assert_eq!(answer, "1 - hello", "the counter of people");
    let route = "route: to service people: handed over to people by clinic: asks for a person";
    world.has_traced(&id, route).await;
    // Another person, and the same person on another channel, are where they were.
    assert_eq!(say(&world, "demo", "+27830000000", "hi").await.1, "2 - hi");
    assert_eq!(turn_by(&world, "new", "a").await, "3 new a");
    world.restart().await;
    let (id, answer) = say(&world, "demo", PERSON, "done +handback").await;
    assert_eq!(answer, "2 - done +handback");
    world.has_traced(&id, "hand over: handed back by people").await;
    assert_eq!(say(&world, "demo", PERSON, "again").await.1, "4 - again");
}

#[tokio::test]
async fn a_hand_over_ends_by_itself_or_by_whoever_looks_after_the_account() {
    let world = world(&["demo"]).await;
    let person = Address::new("tel", PERSON);
    say(&world, "demo", PERSON, "+handover").await;
    world.advance(Duration::from_secs(3599));
    assert_eq!(say(&world, "demo", PERSON, "a").await.1, "1 - a");
    assert_eq!(world.engine().expire_hand_overs().await.unwrap(), 0);
    world.advance(Duration::from_secs(1));
    assert_eq!(say(&world, "demo", PERSON, "b +handover").await.1, "2 - b +handover");
    assert_eq!(say(&world, "demo", PERSON, "c").await.1, "2 - c");
    let engine = world.engine();
    assert_eq!(engine.hand_back("demo", "clinic", &person).await.unwrap(), Some(0));
    assert_eq!(engine.hand_back("demo", "people", &person).await.unwrap(), Some(1));
    assert_eq!(engine.hand_back("demo", "nobody", &person).await.unwrap(), None);
    assert_eq!(engine.hand_back("nobody", "people", &person).await.unwrap(), None);
    assert_eq!(say(&world, "demo", PERSON, "d").await.1, "3 - d");
    say(&world, "demo", PERSON, "+handover").await;
    world.advance(Duration::from_secs(3600));
    assert_eq!(engine.expire_hand_overs().await.unwrap(), 1);
}

#[tokio::test]
async fn a_session_goes_on_as_a_new_one_with_the_other_service_and_comes_back() {
    let world = world(&["demo"]).await;
    assert_eq!(turn_by(&world, "new", "+handover").await, "1 new +handover");
    assert_eq!(turn_by(&world, "resume", "hello").await, "1 new hello");
    assert_eq!(turn_by(&world, "resume", "more").await, "2 resume more");
    assert_eq!(turn_by(&world, "resume", "+handback").await, "3 resume +handback");
    assert_eq!(turn_by(&world, "resume", "again").await, "2 resume again");
}

#[tokio::test]
async fn a_step_that_fails_hands_nobody_over() {
    for order in ["fail", "spoil", "stray"] {
        let world = world(&["demo"]).await;
        let line = world.line("demo/sms");
        let id = line.take(text(PERSON, &format!("{order} +handover"))).await;
        world.reaches(PERSON, &id, Status::Failed).await;
        let (id, _) = say(&world, "demo", PERSON, "hello").await;
        world.has_traced(&id, "to service clinic").await;
    }
}

#[tokio::test]
async fn a_hand_over_is_of_one_account() {
    let world = world(&["demo", "other"]).await;
    say(&world, "demo", PERSON, "+handover").await;
    assert_eq!(say(&world, "demo", PERSON, "a").await.1, "1 - a");
    assert_eq!(say(&world, "other", PERSON, "a").await.1, "1 - a");
    assert_eq!(
        say(&world, "other", PERSON, "b").await.1,
        "2 - b",
        "the same service as before"
    );
    let person = Address::new("tel", PERSON);
    assert_eq!(
        world.engine().hand_back("other", "people", &person).await.unwrap(),
        Some(0)
    );
    assert_eq!(
        say(&world, "demo", PERSON, "b").await.1,
        "2 - b",
        "it is still with people"
    );
}

#[tokio::test]
async fn messages_that_wait_for_the_one_that_hands_over_go_with_it_in_their_order() {
    let world = world(&["demo"]).await;
    let line = world.line("demo/sms");
    line.take(text(PERSON, "wait +handover")).await;
    soon(async {
        while world.script.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut waiting = Vec::new();
    for content in ["b", "c", "d", "e"] {
        waiting.push(line.take(text(PERSON, content)).await);
    }
    world.script.gate.add_permits(1);
    for answer in ["1 - wait +handover", "1 - b", "2 - c", "3 - d", "4 - e"] {
        assert_eq!(soon(line.next_sent()).await.content, answer);
    }
    for id in waiting {
        world.reaches(PERSON, &id, Status::Handled).await;
        world.has_traced(&id, "to service people").await;
    }
}

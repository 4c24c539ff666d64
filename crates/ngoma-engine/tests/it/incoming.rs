//! Messages that come in: once, in turn, to a service whose step is stored whole or not at all.

use crate::line::{text, turn};
use crate::world::{World, demo, soon};
use ngoma_engine::channel::{Inbound, Received};
use ngoma_engine::directory::Route;
use ngoma_engine::{Limits, Status};
use ngoma_message::Timestamp;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn a_message_is_stored_handled_and_answered() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let id = line.take(text("+27831234567", "hello")).await;
    let sent = soon(line.next_sent()).await;
    assert_eq!(
        (sent.content.as_str(), sent.in_reply_to.as_ref()),
        ("1 - hello", Some(&id))
    );
    assert_eq!(sent.to.to_string(), "tel:+27831234567");
    world
        .check_story("+27831234567", &["in handled hello", "out sent 1 - hello"])
        .await;
    let trace = world.trace(&id).await;
    let steps: Vec<&str> = trace.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(
        steps,
        ["receive", "route", "deliver", "step", "accept", "segment", "send"]
    );
    world.has_traced(&id, "to service clinic: route of channel sms").await;
    world.has_traced(&id, "1 segment of 9 GSM characters").await;
    let seen = world.script.seen.lock().unwrap()[0].clone();
    assert_eq!(
        (&seen["transport_name"], &seen["transport_type"]),
        (&"sms".into(), &"sms".into())
    );
    assert_eq!(seen["message_id"], id.as_str());
}

#[tokio::test]
async fn a_message_that_comes_twice_is_stored_once() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let mut first = text("+1", "one");
    first.provider_id = Some("p1".into());
    let id = line.take(first.clone()).await;
    let mut again = text("+1", "one");
    again.provider_id = Some("p1".into());
    assert_eq!(line.receive(again).await.unwrap(), Received::Duplicate(id.clone()));
    assert_eq!(line.receive(first).await.unwrap(), Received::Duplicate(id));
    let mut elsewhere = text("+1", "two");
    elsewhere.provider_id = Some("p1".into());
    world.line("demo/ussd").take(elsewhere).await;
    soon(line.next_sent()).await;
    let begun = world.script.begun.load(Ordering::SeqCst);
    assert!(begun <= 2, "{begun}");
}

/// F15 and F16: without an id it is known by what it says, and by when it was sent if the provider tells.
#[tokio::test]
async fn a_message_without_an_id_that_comes_twice_is_answered_as_the_first_time() {
    let mut world = World::new().await;
    let text = |from, content| Inbound {
        provider_id: None,
        ..text(from, content)
    };
    let sent_at = |seconds: i64| Inbound {
        sent_at: Some(Timestamp::from_micros(seconds * 1_000_000)),
        ..text("+1", "yes")
    };
    let first = world.line("demo/sms").take(sent_at(7)).await;
    let undated = world.line("demo/sms").take(text("+2", "yes")).await;
    world.clock.advance(Duration::from_secs(59));
    world.restart().await;
    let line = world.line("demo/sms");
    let again = async |inbound| line.receive(inbound).await.unwrap();
    assert_eq!(again(sent_at(7)).await, Received::Duplicate(first.clone()));
    assert_eq!(again(text("+2", "yes")).await, Received::Duplicate(undated));
    assert_eq!(again(sent_at(8)).await, Received::Stored);
    assert_eq!(again(text("+2", "no")).await, Received::Stored);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(
        again(text("+2", "yes")).await,
        Received::Stored,
        "a person may say it again"
    );
    world.clock.advance(Duration::from_secs(3539));
    assert_eq!(again(sent_at(7)).await, Received::Duplicate(first));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(
        again(sent_at(7)).await,
        Received::Stored,
        "the provider has given it up"
    );
    for person in ["+1", "+2"] {
        soon(async {
            while world.story(person).await.len() < 6 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// In a session one key may be pressed twice.
#[tokio::test]
async fn turns_that_say_the_same_are_all_taken() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    for event in ["new", "resume", "resume"] {
        let turn = Inbound {
            provider_id: None,
            ..turn("+1", "s", event, "1")
        };
        line.take(turn).await;
        soon(line.next_sent()).await;
    }
}

#[tokio::test]
async fn what_no_route_takes_is_unrouted_and_given_up_at_once() {
    let world = World::new().await;
    let mut document = demo("demo");
    let keyword = Route {
        keyword: Some("JOIN".into()),
        ..crate::world::route("ussd", "clinic")
    };
    document.accounts.get_mut("demo").unwrap().routes = Some(vec![keyword]);
    world.engine().apply(document).await.unwrap();
    let line = world.line("demo/ussd");
    let id = line.take(turn("+1", "s", "new", "hello")).await;
    let (given_up, reason) = soon(line.next_given_up()).await;
    assert_eq!(
        (given_up, reason.as_str()),
        (id.clone(), "no route of channel ussd takes it")
    );
    world.check_story("+1", &["in unrouted hello"]).await;
    world.has_traced(&id, "route: no route of channel ussd takes it").await;
    line.take(turn("+1", "s", "new", "join now")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 new join now");
}

#[tokio::test]
async fn a_failing_service_leaves_nothing_but_its_failure() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    let id = line.take(turn("+1", "s", "new", "fail")).await;
    let (given_up, reason) = soon(line.next_given_up()).await;
    assert_eq!(
        (given_up, reason.as_str()),
        (id.clone(), "the service failed: Error: asked to (main.js line 7)")
    );
    world.check_story("+1", &["in failed fail"]).await;
    world
        .has_traced(&id, "step: failed: Error: asked to (main.js line 7)")
        .await;
    let log = world.engine().service_log("demo", "clinic", 10).await.unwrap();
    let log: Vec<(&str, &str)> = log
        .iter()
        .map(|(_, line)| (line.level.as_str(), line.message.as_str()))
        .collect();
    let failed = format!("Error: asked to (main.js line 7); message {id}");
    assert_eq!(log, [("info", "turn"), ("error", failed.as_str())]);
    line.take(turn("+1", "s", "new", "ok")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 new ok");
}

#[tokio::test]
async fn a_step_is_stored_whole_or_not_at_all() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "new", "spoil")).await;
    let (_, reason) = soon(line.next_given_up()).await;
    assert!(reason.contains("key word does not hold a whole number"), "{reason}");
    world.check_story("+1", &["in failed spoil"]).await;
    line.take(turn("+1", "s", "resume", "ok")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 resume ok");
    assert!(!line.has_sent());
}

#[tokio::test]
async fn a_reply_to_another_message_fails_the_step() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "stray")).await;
    world.reaches("+1", &id, Status::Failed).await;
    world
        .has_traced(&id, "Could not find original message with id: 'another'")
        .await;
    assert!(!line.has_sent());
}

#[tokio::test]
async fn a_service_that_says_nothing_lets_the_channel_answer() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    let id = line.take(turn("+1", "s", "new", "silent")).await;
    assert_eq!(
        soon(line.next_given_up()).await,
        (id, "the service gave no answer".into())
    );
    line.take(turn("+1", "s", "resume", "textless")).await;
    assert_eq!(soon(line.next_sent()).await.content, "");
    line.take(text("+2", "textless")).await;
}

#[tokio::test]
async fn a_person_has_one_step_at_a_time_and_others_do_not_wait() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.take(text("+1", "wait")).await;
    line.take(text("+1", "second")).await;
    line.take(text("+2", "other")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 - other");
    assert_eq!(world.script.begun.load(Ordering::SeqCst), 2);
    world.script.gate.add_permits(1);
    let contents = [
        soon(line.next_sent()).await.content,
        soon(line.next_sent()).await.content,
    ];
    assert_eq!(contents, ["2 - wait", "3 - second"]);
}

#[tokio::test]
async fn more_than_memory_holds_waits_in_the_queue_and_is_not_lost() {
    let mut world = World::empty();
    world.limits = Limits {
        waiting_in_memory: 2,
        ..world.limits.clone()
    };
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    for person in 0..20 {
        line.take(text(&format!("+{person}"), "wait")).await;
    }
    assert!(world.script.begun.load(Ordering::SeqCst) <= 2);
    world.script.gate.add_permits(20);
    let mut receivers = std::collections::BTreeSet::new();
    for _ in 0..20 {
        receivers.insert(soon(line.next_sent()).await.to);
    }
    assert_eq!(receivers.len(), 20);
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let world = World::new().await;
    world.engine().apply(demo("other")).await.unwrap();
    let id = world.line("demo/sms").take(text("+1", "mine")).await;
    let mine = soon(world.line("demo/sms").next_sent()).await;
    world.line("other/sms").take(text("+1", "theirs")).await;
    let theirs = soon(world.line("other/sms").next_sent()).await;
    assert_eq!(
        (mine.content.as_str(), theirs.content.as_str()),
        ("1 - mine", "1 - theirs")
    );
    assert!(world.engine().trace("other", &id).await.unwrap().is_empty());
    let thread = world.thread("other", "+1").await;
    assert!(
        thread
            .iter()
            .all(|message| message.account == "other" && message.id != id)
    );
    assert_eq!(thread.len(), 2);
    assert!(world.thread("nobody", "+1").await.is_empty());
}

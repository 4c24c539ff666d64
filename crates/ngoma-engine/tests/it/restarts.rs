//! What was answered is there after any end of the process, once.

use crate::line::{text, turn};
use crate::world::{World, demo, soon, until};
use ngoma_engine::channel::{ReceiveError, Received};
use ngoma_engine::{Engine, OpenError, Status};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Takes a message whose step hangs, and ends the process there.
async fn die_during_a_step(inbound: ngoma_engine::channel::Inbound, channel: &str) -> World {
    let mut world = World::new().await;
    let line = world.line(channel);
    line.take(inbound).await;
    soon(async {
        while world.script.seen.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.script.gate.add_permits(1);
    world.clock.advance(Duration::from_secs(1));
    world.restart().await;
    world
}

#[tokio::test]
async fn a_message_whose_step_was_cut_off_runs_again_and_is_answered_once() {
    let world = die_during_a_step(text("+1", "wait"), "demo/sms").await;
    world.script.gate.add_permits(1);
    assert_eq!(soon(world.line("demo/sms").next_sent()).await.content, "1 - wait");
    world.check_story("+1", &["in handled wait", "out sent 1 - wait"]).await;
}

#[tokio::test]
async fn a_turn_whose_person_is_gone_is_expired_and_not_run() {
    let mut world = World::new().await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "new", "wait")).await;
    world.clock.advance(Duration::from_secs(5));
    world.restart().await;
    world.check_story("+1", &["in expired wait"]).await;
}

#[tokio::test]
async fn a_close_is_handled_however_late() {
    let mut world = World::new().await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "close", "wait")).await;
    world.clock.advance(Duration::from_secs(60));
    world.restart().await;
    world.script.gate.add_permits(2);
    world
        .check_story("+1", &["in handled wait", "out sent 1 close wait"])
        .await;
}

#[tokio::test]
async fn sessions_keys_and_duplicates_are_known_after_a_restart() {
    let mut world = World::new().await;
    let line = world.line("demo/ussd");
    let mut first = turn("+1", "s", "new", "a");
    first.provider_id = Some("p".into());
    let id = line.take(first.clone()).await;
    soon(line.next_sent()).await;
    world.restart().await;
    let line = world.line("demo/ussd");
    first.id = "another".into();
    assert_eq!(line.receive(first).await.unwrap(), Received::Duplicate(id));
    line.take(turn("+1", "s", "resume", "b")).await;
    assert_eq!(soon(line.next_sent()).await.content, "2 resume b");
}

#[tokio::test]
async fn stopping_lets_a_running_step_end_and_takes_nothing_new() {
    let mut world = World::empty();
    // On a slow machine as well the step ends before patience does.
    world.limits.drain = Duration::from_secs(600);
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    line.take(text("+1", "wait")).await;
    until(|| world.script.begun.load(Ordering::SeqCst) == 1).await;
    let stop = tokio::spawn({
        let engine = world.engine().clone();
        async move { engine.stop().await }
    });
    soon(async {
        while line.receive(text("+2", "late")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let refused = line.receive(text("+2", "late")).await;
    assert!(matches!(refused, Err(ReceiveError::Unavailable(_))), "{refused:?}");
    world.script.gate.add_permits(1);
    soon(stop).await.unwrap();
    world.restart().await;
    world.check_handled("+1").await;
    let [_, answer] = world.thread("demo", "+1").await.try_into().unwrap();
    // Its number depends on whether somebody was taken before the stop began.
    assert!(answer.content.unwrap().ends_with(" - wait"));
    world.reaches("+1", &answer.id, Status::Sent).await;
}

#[tokio::test]
async fn a_folder_in_use_or_of_a_newer_version_is_refused_in_one_line() {
    if World::is_on_postgres() {
        return;
    }
    let world = World::new().await;
    let error = Engine::open(world.path(), world.options()).await.err().unwrap();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    assert!(error.to_string().starts_with("another ngoma uses this data folder"));

    let newer = World::empty();
    let db = rusqlite::Connection::open(newer.path().join("ngoma.db")).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    let error = Engine::open(newer.path(), newer.options()).await.err().unwrap();
    let expected = "the data folder is of a newer version: its store has schema 999, this ngoma knows up to 8";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_full_disk_refuses_at_the_door_and_loses_nothing() {
    if World::is_on_postgres() {
        return;
    }
    let mut world = World::new().await;
    world.limits.store_pages = Some(1);
    world.restart().await;
    let line = world.line("demo/sms");
    let content = "x".repeat(20_000);
    let mut taken = 0;
    let refused = loop {
        match line.receive(text("+1", &content)).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, ReceiveError::Unavailable("the disk is full".into()));
    assert!(
        !world.path().join("reserve").exists(),
        "it was given to what was under way"
    );
    world.limits.store_pages = None;
    world.restart().await;
    world.line("demo/sms").take(text("+1", "room")).await;
    let thread = world.thread("demo", "+1").await;
    let inbound = thread
        .iter()
        .filter(|message| message.direction == ngoma_engine::Direction::Inbound);
    assert_eq!(inbound.count(), taken + 1);
    world.engine().ready().await.unwrap();
    assert_eq!(std::fs::metadata(world.path().join("reserve")).unwrap().len(), 1 << 16);
}

/// Work that waits for room is done when there is some; nothing new is taken meanwhile.
#[tokio::test]
async fn a_disk_with_little_room_takes_nothing_new() {
    if World::is_on_postgres() {
        return;
    }
    let mut world = World::new().await;
    world.line("demo/sms").take(text("+1", "wait")).await;
    world.limits.free_disk = u64::MAX / 2;
    world.restart().await;
    let line = world.line("demo/sms");
    let refused = line.receive(text("+1", "hi")).await.unwrap_err().to_string();
    assert!(refused.contains("MiB are free on the disk, fewer than"), "{refused}");
    let unready = world.engine().ready().await.unwrap_err();
    assert!(unready.contains("MiB are free on the disk, fewer than"), "{unready}");
    world.script.gate.add_permits(2);
    assert_eq!(soon(line.next_sent()).await.content, "1 - wait");
}

/// F30: what a process left that ended without closing it is looked through.
#[tokio::test]
async fn a_damaged_store_is_refused_in_one_line() {
    if World::is_on_postgres() {
        return;
    }
    let mut world = World::new().await;
    for number in 0..50 {
        world
            .line("demo/sms")
            .take(text("+1", &format!("{number:0>500}")))
            .await;
    }
    world.engine().stop().await;
    world.end();
    let file = world.path().join("ngoma.db");
    let mut bytes = std::fs::read(&file).unwrap();
    for page in bytes.chunks_mut(4096).skip(20) {
        page[..64].fill(0xa5);
    }
    std::fs::write(&file, bytes).unwrap();
    std::fs::write(world.path().join("ngoma.db-wal"), b"not closed").unwrap();
    let error = Engine::open(world.path(), world.options()).await.err().unwrap();
    assert!(error.to_string().contains("the store is damaged"), "{error}");
}

/// Ends the process while an answer is on its way to the carrier.
async fn check_cut_off_send(channel: &str, inbound: ngoma_engine::channel::Inbound, expected: Status) {
    let mut world = World::new().await;
    let line = world.line(channel);
    line.hangs.store(true, std::sync::atomic::Ordering::SeqCst);
    line.take(inbound).await;
    let id = soon(line.next_sent()).await.id;
    world.restart().await;
    world.reaches("+1", &id, expected).await;
    world.has_traced(&id, "the engine restarted").await;
    assert!(!world.line(channel).has_sent());
}

#[tokio::test]
async fn what_was_being_sent_is_not_sent_again_and_says_so() {
    check_cut_off_send("demo/sms", text("+1", "hi"), Status::Unknown).await;
    check_cut_off_send("demo/ussd", turn("+1", "s", "new", "hi"), Status::Expired).await;
}

#[tokio::test]
async fn what_waits_for_its_next_attempt_is_sent_after_a_restart() {
    let mut world = World::new().await;
    let line = world.line("demo/sms");
    line.will(&[ngoma_engine::channel::SendErrorKind::Temporary]);
    let id = line.take(text("+1", "hi")).await;
    soon(line.next_sent()).await;
    soon(async {
        while !world.trace(&id).await.contains("again in 1 s") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.clock.advance(Duration::from_secs(1));
    world.restart().await;
    let sent = soon(world.line("demo/sms").next_sent()).await;
    assert_eq!((sent.attempts, sent.content.as_str()), (1, "1 - hi"));
}

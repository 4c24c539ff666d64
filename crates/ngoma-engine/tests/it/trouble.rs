//! What goes wrong around a message: it is never forgotten, and others go on.

use crate::line::{Line, text, turn};
use crate::world::{World, demo, soon, until};
use ngoma_engine::channel::{Receipt, ReceiptFor, Reported, Sent};
use ngoma_engine::{Limits, Status};
use ngoma_message::{DeliveryStatus, Timestamp};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// An engine with room for few messages in memory.
async fn small(limits: Limits) -> World {
    let mut world = World::empty();
    world.limits = Limits {
        lease_wait: Duration::ZERO,
        reserve_bytes: 1 << 16,
        ..limits
    };
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    world
}

fn two_in_memory() -> Limits {
    Limits {
        waiting_in_memory: 2,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_sender_who_hangs_up_while_his_message_is_stored_has_it_handled() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    tokio::select! {
        biased;
        _ = line.receive(text("+1", "hi")) => panic!("it was stored at once"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(soon(line.next_sent()).await.content, "1 - hi");
}

#[tokio::test]
async fn a_step_that_panics_fails_its_message_alone() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "new", "panic")).await;
    let (_, reason) = soon(line.next_given_up()).await;
    assert!(reason.contains("asked to"), "{reason}");
    world.check_story("+1", &["in failed panic"]).await;
    line.take(turn("+1", "s", "new", "ok")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 new ok");
}

#[tokio::test]
async fn a_channel_that_panics_while_it_sends_leaves_nobody_waiting() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.panics.store(true, Ordering::SeqCst);
    line.take(text("+1", "hi")).await;
    let id = soon(line.next_sent()).await.id;
    world.reaches("+1", &id, Status::Unknown).await;
    world.has_traced(&id, "asked to panic").await;
}

#[tokio::test]
async fn many_turns_whose_people_are_gone_are_all_expired_at_once() {
    let mut world = small(two_in_memory()).await;
    let line = world.line("demo/ussd");
    for person in 0..12 {
        line.take(turn(&format!("+{person}"), "s", "new", "wait")).await;
    }
    world.clock.advance(Duration::from_secs(5));
    world.restart().await;
    for person in 0..12 {
        world.check_story(&format!("+{person}"), &["in expired wait"]).await;
    }
}

#[tokio::test]
async fn a_turn_that_waited_past_its_deadline_is_not_run() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "new", "wait")).await;
    until(|| world.script.begun.load(Ordering::SeqCst) == 1).await;
    line.take(turn("+1", "t", "new", "second")).await;
    world.clock.advance(Duration::from_secs(5));
    world.script.gate.add_permits(1);
    soon(line.next_sent()).await;
    world
        .check_story("+1", &["in handled wait", "in expired second", "out sent 1 new wait"])
        .await;
    assert_eq!(world.script.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_session_that_cannot_be_read_fails_its_message() {
    if World::is_on_postgres() {
        return;
    }
    let world = World::new().await;
    let line = world.line("demo/ussd");
    let outside = rusqlite::Connection::open(world.path().join("ngoma.db")).unwrap();
    outside.execute_batch("ALTER TABLE session RENAME TO hidden").unwrap();
    line.take(turn("+1", "s", "new", "hi")).await;
    soon(line.next_given_up()).await;
    outside.execute_batch("ALTER TABLE hidden RENAME TO session").unwrap();
    world.check_story("+1", &["in failed hi"]).await;
}

#[tokio::test]
async fn stopping_begins_no_send_that_waited_for_others() {
    let mut world = small(Limits {
        sending_at_once: 1,
        ..Limits::default()
    })
    .await;
    let line = world.line("demo/sms");
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    for person in 1..4 {
        line.take(text(&format!("+{person}"), "hi")).await;
    }
    let first = soon(line.next_sent()).await.id;
    until(|| world.script.begun.load(Ordering::SeqCst) == 3).await;
    for person in 1..4 {
        world.check_handled(&format!("+{person}")).await;
    }
    let stop = tokio::spawn({
        let engine = world.engine().clone();
        async move { engine.stop().await }
    });
    until_refused(&line).await;
    gate.add_permits(3);
    soon(stop).await.unwrap();
    assert!(!line.has_sent(), "a second send was begun after {first}");
    world.restart().await;
    let line = world.line("demo/sms");
    soon(line.next_sent()).await;
    soon(line.next_sent()).await;
}

async fn until_refused(line: &Line) {
    soon(async {
        while line.receive(text("+9", "late")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_delays_nothing() {
    let an_hour_ago = Timestamp::parse("2026-11-23 07:30:00").unwrap();
    for restarts in [false, true] {
        let mut world = small(two_in_memory()).await;
        let line = world.line("demo/sms");
        for person in 0..8 {
            line.take(text(&format!("+{person}"), "wait")).await;
        }
        world.clock.set(an_hour_ago);
        if restarts {
            world.restart().await;
        } else {
            world.engine().look_for_due_work();
        }
        world.script.gate.add_permits(20);
        let line = world.line("demo/sms");
        for _ in 0..8 {
            soon(line.next_sent()).await;
        }
    }
}

#[tokio::test]
async fn what_the_store_writes_is_for_its_owner_only() {
    if World::is_on_postgres() {
        return;
    }
    let mut world = World::empty();
    std::fs::set_permissions(world.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(world.path().join("ngoma.db"), b"").unwrap();
    std::fs::set_permissions(world.path().join("ngoma.db"), std::fs::Permissions::from_mode(0o644)).unwrap();
    world.open().await;
    for file in std::fs::read_dir(world.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} has mode {mode:o}", file.file_name());
    }
}

#[tokio::test]
async fn a_providers_id_of_any_length_is_bounded_and_still_found() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let provider_id = "p".repeat(50_000);
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some(provider_id.clone()),
    }));
    line.take(text("+1", "hi")).await;
    let id = soon(line.next_sent()).await.id;
    let sent = world.reaches("+1", &id, Status::Sent).await;
    assert!(sent.provider_id.unwrap().len() <= 200);
    assert!(world.trace(&id).await.len() < 2_000);
    let receipt = Receipt {
        about: ReceiptFor::ProviderId(provider_id),
        status: DeliveryStatus::Delivered,
        reason: None,
    };
    let reported = line.ctx.door.report(receipt).await.unwrap();
    assert!(matches!(reported, Reported::Recorded(_)), "{reported:?}");
}

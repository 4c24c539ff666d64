//! F31: clocks that are set. Nothing expires at once, nothing waits for an hour, nothing is lost.

use crate::line::{text, turn};
use crate::world::{World, demo, soon};
use ngoma_engine::channel::SendErrorKind;
use ngoma_engine::{Clock, Status};
use std::sync::atomic::Ordering;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const FORWARD: [Duration; 2] = [HOUR, Duration::from_secs(24 * 3600)];
const MINUTE: Duration = Duration::from_secs(60);

/// Somebody sets the clock; no time passes.
fn set_forward(world: &World, by: Duration) {
    world.clock.set(world.clock.now() + by);
    world.engine().look_for_due_work();
}

async fn say(world: &World, person: &str, event: &str, content: &str) -> String {
    let line = world.line("demo/ussd");
    line.take(turn(person, person, event, content)).await;
    soon(line.next_sent()).await.content
}

#[tokio::test]
async fn a_clock_set_forward_ends_no_session_for_a_minute() {
    for jump in FORWARD {
        let world = World::new().await;
        say(&world, "+1", "new", "a").await;
        say(&world, "+2", "new", "a").await;
        set_forward(&world, jump);
        assert_eq!(world.engine().expire_sessions().await.unwrap(), 0);
        assert_eq!(say(&world, "+1", "resume", "b").await, "3 resume b");
        world.advance(MINUTE);
        assert_eq!(world.engine().expire_sessions().await.unwrap(), 1);
        assert_eq!(say(&world, "+1", "resume", "c").await, "4 resume c");
        assert_eq!(say(&world, "+2", "resume", "d").await, "5 new d");
    }
}

#[tokio::test]
async fn a_clock_set_forward_makes_no_answer_late() {
    for jump in FORWARD {
        let world = World::new().await;
        let line = world.line("demo/ussd");
        line.take(turn("+1", "s", "new", "wait")).await;
        soon(async {
            while world.script.begun.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        line.take(turn("+1", "t", "new", "second")).await;
        set_forward(&world, jump);
        world.script.gate.add_permits(1);
        soon(line.next_sent()).await;
        assert_eq!(soon(line.next_sent()).await.content, "2 new second");
    }
}

#[tokio::test]
async fn a_clock_set_forward_gives_up_no_message() {
    for jump in FORWARD {
        let world = World::new().await;
        let line = world.line("demo/sms");
        line.will(&[SendErrorKind::Temporary, SendErrorKind::Temporary]);
        let id = line.take(text("+1", "hi")).await;
        for attempt in 1..3 {
            soon(line.next_sent()).await;
            soon(async {
                while world.trace(&id).await.matches("again in").count() < attempt {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            set_forward(&world, jump / attempt as u32);
        }
        let sent = soon(line.next_sent()).await;
        world.reaches("+1", &sent.id, Status::Sent).await;
    }
}

#[tokio::test]
async fn a_clock_set_back_ends_no_session_and_holds_up_no_message() {
    let mut world = World::empty();
    world.limits.waiting_in_memory = 1;
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    say(&world, "+1", "new", "a").await;
    line.will(&[SendErrorKind::Temporary]);
    let id = line.take(text("+2", "hi")).await;
    soon(line.next_sent()).await;
    soon(async {
        while !world.trace(&id).await.contains("again in") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.clock.set(world.clock.now() - HOUR);
    world.engine().look_for_due_work();
    assert_eq!(world.engine().expire_sessions().await.unwrap(), 0);
    assert_eq!(say(&world, "+1", "resume", "b").await, "3 resume b");
    // The second finds no place in memory: it comes from the queue, which has seen the clock by then.
    line.take(text("+3", "wait")).await;
    line.take(text("+4", "hi")).await;
    world.script.gate.add_permits(1);
    for _ in 0..2 {
        assert_ne!(soon(line.next_sent()).await.to.value(), "+2");
    }
    // A quarter of an hour is the longest wait between two attempts: by no clock does it wait longer.
    world.advance(15 * MINUTE);
    soon(line.next_sent()).await;
    assert_eq!(world.engine().expire_sessions().await.unwrap(), 1);
}

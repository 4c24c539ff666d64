//! A service sends a message for later.

use crate::line::text;
use crate::world::{World, demo, soon};
use ngoma_engine::Status;
use ngoma_engine::directory::ChannelPolicy;
use ngoma_message::Address;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Has the service send a message to `+2` for an hour later; gives the message's trace.
async fn schedule(world: &World) -> String {
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "hi +later")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 - hi +later");
    world.reaches("+1", &id, Status::Handled).await;
    world.trace(&id).await
}

#[tokio::test]
async fn it_is_durable_at_once_and_goes_out_when_it_is_due() {
    let mut world = World::new().await;
    let trace = schedule(&world).await;
    assert!(
        trace.contains("schedule: due at 2026-11-23 09:30:00.000000 UTC"),
        "{trace}"
    );
    world.check_story("+2", &["out queued it is time"]).await;
    // Neither a restart nor a look at the queue brings it forward.
    world.restart().await;
    world.advance(HOUR - Duration::from_secs(1));
    world.engine().ready().await.unwrap();
    world.check_story("+2", &["out queued it is time"]).await;
    assert!(!world.line("demo/sms").has_sent());
    world.advance(Duration::from_secs(1));
    assert_eq!(soon(world.line("demo/sms").next_sent()).await.content, "it is time");
    world.check_story("+2", &["out sent it is time"]).await;
}

#[tokio::test]
async fn who_has_opted_out_meanwhile_is_not_sent_it() {
    let world = World::new().await;
    schedule(&world).await;
    assert!(
        world
            .engine()
            .opt_out("demo", &Address::new("tel", "+2"))
            .await
            .unwrap()
    );
    world.advance(HOUR);
    world.check_story("+2", &["out cancelled it is time"]).await;
}

#[tokio::test]
async fn how_long_it_is_of_use_counts_from_when_it_is_due() {
    for (late, expected) in [(59, "out sent it is time"), (61, "out expired it is time")] {
        let mut world = World::empty();
        world.open().await;
        let mut document = demo("demo");
        let channels = &mut document.accounts.get_mut("demo").unwrap().channels;
        channels.get_mut("sms").unwrap().policy = ChannelPolicy {
            valid_for: Some(60),
            ..ChannelPolicy::default()
        };
        world.engine().apply(document).await.unwrap();
        schedule(&world).await;
        world.end();
        world.clock.advance(HOUR + Duration::from_secs(late));
        world.open().await;
        world.check_story("+2", &[expected]).await;
    }
}

#[tokio::test]
async fn a_step_that_fails_sends_nothing_later() {
    for order in ["fail", "spoil", "stray"] {
        let world = World::new().await;
        let id = world
            .line("demo/sms")
            .take(text("+1", &format!("{order} +later")))
            .await;
        world.reaches("+1", &id, Status::Failed).await;
        assert_eq!(world.thread("demo", "+2").await, []);
    }
}

#[tokio::test]
async fn it_is_of_one_account() {
    let world = World::new().await;
    world.engine().apply(demo("other")).await.unwrap();
    schedule(&world).await;
    assert_eq!(world.thread("other", "+2").await, []);
    world.advance(HOUR);
    soon(world.line("demo/sms").next_sent()).await;
    assert!(!world.line("other/sms").has_sent());
}

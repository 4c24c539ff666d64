//! Messages that go out: by which channel, how often, with what outcome.

use crate::line::text;
use crate::world::{World, soon};
use ngoma_engine::Status;
use ngoma_engine::channel::SendErrorKind;
use std::time::Duration;

#[tokio::test]
async fn a_send_takes_the_named_channel_or_the_first_one_routed() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    for endpoint in ["sms", "default"] {
        line.take(text("+1", &format!("send 0831234567 {endpoint}"))).await;
        let mut sent = [soon(line.next_sent()).await, soon(line.next_sent()).await];
        sent.sort_by_key(|message| message.in_reply_to.is_none());
        let message = &sent[1];
        assert_eq!(
            (message.content.as_str(), message.to.value()),
            ("a message", "+27831234567")
        );
        assert_eq!(message.from.as_ref().unwrap().value(), "100");
    }
}

#[tokio::test]
async fn a_send_without_a_way_is_a_failed_message_with_its_reason() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "send +27831234567 ussd")).await;
    soon(line.next_sent()).await;
    world.check_story("+27831234567", &["out failed a message"]).await;
    world
        .has_traced(&id, "channel: failed: channel ussd only answers")
        .await;
    let failed = world.thread("demo", "+27831234567").await[0].id.clone();
    let trace = world.trace(&failed).await;
    assert!(
        trace.starts_with("accept: a message to +27831234567\nchannel: failed"),
        "{trace}"
    );
}

#[tokio::test]
async fn a_temporary_error_is_tried_again_after_a_growing_wait() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.will(&[
        SendErrorKind::Temporary,
        SendErrorKind::Temporary,
        SendErrorKind::Throttled,
    ]);
    let id = line.take(text("+1", "hi")).await;
    for (attempts, wait) in [(0, 1), (1, 2), (2, 1)] {
        assert_eq!(soon(line.next_sent()).await.attempts, attempts);
        let again = format!("again in {wait} s");
        soon(async {
            while world.trace(&id).await.matches(&again).count() < if attempts == 2 { 2 } else { 1 } {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(world.story("+1").await, ["in handled hi", "out queued 1 - hi"]);
        world.advance(Duration::from_secs(wait));
    }
    assert_eq!(soon(line.next_sent()).await.attempts, 2);
    world.check_story("+1", &["in handled hi", "out sent 1 - hi"]).await;
}

async fn check_outcome(kind: SendErrorKind, status: Status) {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.will(&[kind]);
    let id = line.take(text("+1", "hi")).await;
    let sent = soon(line.next_sent()).await;
    world.reaches("+1", &sent.id, status).await;
    world.has_traced(&id, &format!("send: {status}: asked to")).await;
    world.advance(Duration::from_secs(3600));
    world.engine().stop().await;
    assert!(!line.has_sent());
}

#[tokio::test]
async fn errors_that_are_final_end_the_message() {
    check_outcome(SendErrorKind::Permanent, Status::Failed).await;
    check_outcome(SendErrorKind::Misconfigured, Status::Failed).await;
    check_outcome(SendErrorKind::Ambiguous, Status::Unknown).await;
    check_outcome(SendErrorKind::TooLate, Status::Expired).await;
}

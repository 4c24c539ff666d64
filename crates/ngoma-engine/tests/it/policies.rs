//! What a channel's policy changes.

use crate::line::{Line, text};
use crate::world::{World, demo, soon};
use ngoma_engine::channel::{Receipt, ReceiptFor, Reported, Sent};
use ngoma_engine::directory::{Change, ChannelPolicy, Document};
use ngoma_engine::{Limits, Status};
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

fn with_policy(policy: ChannelPolicy) -> Document {
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.channels.get_mut("sms").unwrap().policy = policy;
    document
}

fn id_base(base: &str) -> ChannelPolicy {
    ChannelPolicy {
        id_base: base.parse().unwrap(),
        ..ChannelPolicy::default()
    }
}

fn paused(paused: bool) -> ChannelPolicy {
    ChannelPolicy {
        paused,
        ..ChannelPolicy::default()
    }
}

async fn delivered(line: &Line, provider_id: &str) -> Reported {
    let receipt = Receipt {
        about: ReceiptFor::ProviderId(provider_id.into()),
        status: DeliveryStatus::Delivered,
        reason: None,
    };
    line.ctx.door.report(receipt).await.unwrap()
}

async fn send_as(world: &World, line: &Line, provider_id: &str) -> MessageId {
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some(provider_id.into()),
    }));
    line.take(text("+1", "hi")).await;
    let id = soon(line.next_sent()).await.id;
    world.reaches("+1", &id, Status::Sent).await;
    id
}

/// F5: the answer and the receipt write the same id in their own ways.
#[tokio::test]
async fn a_receipt_finds_its_message_by_the_base_its_channel_says() {
    for (base, answered, reported, is_found) in [
        ("as_is", "0A1B", "0A1B", true),
        ("as_is", "0A1B", "a1b", false),
        ("hex", "0A1B", "a1b", true),
        ("decimal", "0000123", "123", true),
        ("hex/decimal", "A1B", "2587", true),
        ("hex/decimal", "A1B", "2588", false),
        ("auto", "00A1B", "2587", true),
    ] {
        let world = World::new().await;
        world.engine().apply(with_policy(id_base(base))).await.unwrap();
        let line = world.line("demo/sms");
        let id = send_as(&world, &line, answered).await;
        let found = matches!(delivered(&line, reported).await, Reported::Recorded(_));
        assert_eq!(found, is_found, "{base} {answered} {reported}");
        let status = if is_found { Status::Delivered } else { Status::Sent };
        let message = world.reaches("+1", &id, status).await;
        assert_eq!(message.provider_id.as_deref(), Some(answered), "kept as it came");
    }
}

#[tokio::test]
async fn a_receipt_in_another_base_that_comes_first_waits_for_its_message() {
    let world = World::new().await;
    world.engine().apply(with_policy(id_base("hex/decimal"))).await.unwrap();
    let line = world.line("demo/sms");
    assert_eq!(delivered(&line, "2587").await, Reported::Held);
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some("0xA1B".into()),
    }));
    line.take(text("+1", "hi")).await;
    let id = soon(line.next_sent()).await.id;
    world.reaches("+1", &id, Status::Delivered).await;
    assert_eq!(delivered(&line, "2587").await, Reported::Unchanged, "again");
}

#[tokio::test]
async fn a_policy_is_applied_once_and_leaves_the_channel_open() {
    let world = World::new().await;
    let before = world.line("demo/sms");
    let change = async |policy| {
        let report = world.engine().apply(with_policy(policy)).await.unwrap();
        let line = report.lines.iter().find(|line| line.what == "channel demo/sms");
        line.unwrap().change
    };
    assert_eq!(change(ChannelPolicy::default()).await, Change::Left);
    assert_eq!(change(id_base("hex")).await, Change::Changed);
    assert_eq!(change(id_base("hex")).await, Change::Left);
    assert!(Arc::ptr_eq(&before, &world.line("demo/sms")), "it was opened again");
    let directory = world.engine().directory();
    assert_eq!(directory.accounts["demo"].channels["sms"].policy, id_base("hex"));
}

#[tokio::test]
async fn a_paused_channel_sends_nothing_and_its_messages_wait() {
    let mut world = World::new().await;
    world.engine().apply(with_policy(paused(true))).await.unwrap();
    world.line("demo/sms").take(text("+1", "hi")).await;
    world.check_story("+1", &["in handled hi", "out queued 1 - hi"]).await;
    world.restart().await;
    world.advance(Duration::from_secs(60));
    let line = world.line("demo/sms");
    line.take(text("+1", "again")).await;
    let waiting = [
        "in handled hi",
        "out queued 1 - hi",
        "in handled again",
        "out queued 2 - again",
    ];
    world.check_story("+1", &waiting).await;
    assert!(!line.has_sent());
    world.engine().apply(with_policy(paused(false))).await.unwrap();
    let mut sent = [
        soon(line.next_sent()).await.content,
        soon(line.next_sent()).await.content,
    ];
    sent.sort();
    assert_eq!(sent, ["1 - hi", "2 - again"]);
}

#[tokio::test]
async fn what_waits_in_memory_when_its_channel_is_paused_goes_back_to_the_queue() {
    let mut world = World::empty();
    world.limits = Limits {
        sending_at_once: 1,
        ..world.limits
    };
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    line.take(text("+1", "first")).await;
    soon(line.next_sent()).await;
    line.take(text("+1", "second")).await;
    let waiting = [
        "in handled first",
        "out queued 1 - first",
        "in handled second",
        "out queued 2 - second",
    ];
    world.check_story("+1", &waiting).await;
    world.engine().apply(with_policy(paused(true))).await.unwrap();
    gate.add_permits(2);
    let first_is_sent = [
        "in handled first",
        "out sent 1 - first",
        "in handled second",
        "out queued 2 - second",
    ];
    world.check_story("+1", &first_is_sent).await;
    world.engine().apply(with_policy(paused(false))).await.unwrap();
    assert_eq!(soon(line.next_sent()).await.content, "2 - second");
}

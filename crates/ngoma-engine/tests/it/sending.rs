//! When a client's messages go out, and what is done when they do not: the policies of a channel.

use crate::line::Line;
use crate::world::{World, demo, soon};
use futures_util::FutureExt;
use ngoma_engine::channel::{Receipt, ReceiptFor, SendErrorKind};
use ngoma_engine::directory::{ChannelPolicy, ChannelRecord, PaceSetting};
use ngoma_engine::{Client, OnAmbiguous, Priority, Status, Submission};
use ngoma_message::{Address, DeliveryStatus, MessageId};
use std::sync::Arc;
use std::time::Duration;

/// A world whose channel `sms` has this policy, and a client of its account.
async fn world(policy: ChannelPolicy) -> (World, Client) {
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.channels.insert("sms2".into(), account.channels["sms"].clone());
    account.channels.get_mut("sms").unwrap().policy = policy;
    let mut world = World::empty();
    world.open().await;
    world.engine().apply(document).await.unwrap();
    let token = world.engine().create_token("demo", "test").await.unwrap().unwrap();
    let client = world.engine().client(&token).await.unwrap().unwrap();
    (world, client)
}

fn text(content: &str) -> Submission {
    Submission {
        channel: "sms".into(),
        to: "+27831234567".into(),
        content: content.into(),
        ..Submission::default()
    }
}

async fn accept(world: &World, client: &Client, submissions: Vec<Submission>) -> Vec<MessageId> {
    world.engine().accept(client, submissions, None).await.unwrap()
}

async fn reaches(world: &World, client: &Client, id: &MessageId, status: Status) -> ngoma_engine::MessageRecord {
    soon(async {
        loop {
            let (message, _) = world.engine().message(client, id).await.unwrap().unwrap();
            if message.status == status {
                return message;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

async fn until_traced(world: &World, id: &MessageId, detail: &str) {
    soon(async {
        while !world.trace(id).await.contains(detail) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn sent_texts(line: &Arc<Line>, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..count {
        texts.push(soon(line.next_sent()).await.content);
    }
    texts
}

/// Lets the engine look at its queue often; each time the store has written what it was given before.
async fn settle(world: &World) {
    for _ in 0..50 {
        world.engine().look_for_due_work();
        world.engine().ready().await.unwrap();
    }
}

#[tokio::test]
async fn a_channel_keeps_its_pace_to_the_message() {
    let pace = PaceSetting {
        per_second: 2.0,
        burst: 3,
    };
    let (world, client) = world(ChannelPolicy {
        pace: Some(pace),
        ..ChannelPolicy::default()
    })
    .await;
    let line = world.line("demo/sms");
    accept(
        &world,
        &client,
        (0..20).map(|number| text(&number.to_string())).collect(),
    )
    .await;
    sent_texts(&line, 3).await;
    settle(&world).await;
    assert!(!line.has_sent(), "the burst is three");
    for second in 1..=5 {
        world.advance(Duration::from_secs(1));
        sent_texts(&line, 2).await;
        settle(&world).await;
        assert!(!line.has_sent(), "two in second {second}");
    }
}

#[tokio::test]
async fn what_comes_later_stands_behind_what_waits() {
    let pace = PaceSetting {
        per_second: 1.0,
        burst: 1,
    };
    let (world, client) = world(ChannelPolicy {
        pace: Some(pace),
        ..ChannelPolicy::default()
    })
    .await;
    let line = world.line("demo/sms");
    accept(&world, &client, vec![text("first"), text("second")]).await;
    assert_eq!(sent_texts(&line, 1).await, ["first"]);
    settle(&world).await;
    world.advance(Duration::from_secs(1));
    // There is a token for it, and it is not its turn.
    accept(&world, &client, vec![text("third")]).await;
    assert_eq!(sent_texts(&line, 1).await, ["second"]);
    world.advance(Duration::from_secs(1));
    world.engine().look_for_due_work();
    assert_eq!(sent_texts(&line, 1).await, ["third"]);
}

#[tokio::test]
async fn a_client_that_hangs_up_has_its_message_sent_all_the_same() {
    let (world, client) = world(ChannelPolicy::default()).await;
    for number in 0..20 {
        let content = number.to_string();
        let mut accepting = Box::pin(accept(&world, &client, vec![text(&content)]));
        // As far as it gets without waiting once, twice, …
        for _ in 0..number {
            if (&mut accepting).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(accepting);
        soon(async {
            while !is_queue_empty(&world).await {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn is_queue_empty(world: &World) -> bool {
    let depths = world.engine().queue_depths().await.unwrap();
    depths
        .iter()
        .all(|depth| depth.ready + depth.delayed + depth.leased == 0)
}

#[tokio::test]
async fn nobody_is_disturbed_in_quiet_hours_but_for_what_cannot_wait() {
    // The world's clock stands at 10:30 in Johannesburg.
    let quiet = ChannelPolicy {
        quiet_hours: Some("10:00-12:00 Africa/Johannesburg".parse().unwrap()),
        ..ChannelPolicy::default()
    };
    let (world, client) = world(quiet).await;
    let line = world.line("demo/sms");
    let urgent = Submission {
        priority: Priority::Urgent,
        ..text("code 1234")
    };
    accept(&world, &client, vec![text("newsletter"), urgent]).await;
    assert_eq!(sent_texts(&line, 1).await, ["code 1234"]);
    line.take(crate::line::text("+1", "hi")).await;
    assert_eq!(sent_texts(&line, 1).await, ["1 - hi"]);
    settle(&world).await;
    assert!(!line.has_sent());
    world.advance(Duration::from_secs(90 * 60));
    assert_eq!(sent_texts(&line, 1).await, ["newsletter"]);
}

#[tokio::test]
async fn what_waited_through_a_pause_and_a_restart_goes_first() {
    let (mut world, client) = world(ChannelPolicy {
        paused: true,
        ..ChannelPolicy::default()
    })
    .await;
    accept(&world, &client, vec![text("first")]).await;
    world.engine().stop().await;
    world.restart().await;
    world.engine().apply(demo("demo")).await.unwrap();
    accept(&world, &client, vec![text("second")]).await;
    assert_eq!(sent_texts(&world.line("demo/sms"), 2).await, ["first", "second"]);
}

#[tokio::test]
async fn a_message_that_waited_too_long_expires_and_says_so() {
    let (world, client) = world(ChannelPolicy {
        paused: true,
        valid_for: Some(3600),
        ..ChannelPolicy::default()
    })
    .await;
    let short = Submission {
        valid_for: Some(Duration::from_secs(60)),
        ..text("short")
    };
    let ids = accept(&world, &client, vec![text("long"), short]).await;
    world.advance(Duration::from_secs(61));
    let mut document = demo("demo");
    let sms: &mut ChannelRecord = document
        .accounts
        .get_mut("demo")
        .unwrap()
        .channels
        .get_mut("sms")
        .unwrap();
    sms.policy = ChannelPolicy::default();
    world.engine().apply(document).await.unwrap();
    world.engine().look_for_due_work();
    reaches(&world, &client, &ids[0], Status::Sent).await;
    let expired = reaches(&world, &client, &ids[1], Status::Expired).await;
    assert!(expired.reason.unwrap().contains("of no use any more"));
}

#[tokio::test]
async fn who_opted_out_is_only_answered() {
    let (world, client) = world(ChannelPolicy::default()).await;
    let person = Address::new("tel", "+27831234567");
    assert!(world.engine().opt_out("demo", &person).await.unwrap());
    assert!(!world.engine().opt_out("nobody", &person).await.unwrap());
    let ids = accept(&world, &client, vec![text("offer")]).await;
    let refused = reaches(&world, &client, &ids[0], Status::Cancelled).await;
    assert!(refused.reason.unwrap().contains("does not want"));
    let line = world.line("demo/sms");
    line.take(crate::line::text("+27831234567", "hi")).await;
    assert_eq!(sent_texts(&line, 1).await, ["1 - hi"]);
    world.engine().opt_in("demo", &person).await.unwrap();
    accept(&world, &client, vec![text("news")]).await;
    assert_eq!(sent_texts(&line, 1).await, ["news"]);
}

#[tokio::test]
async fn another_channel_tries_what_one_cannot_send_and_they_do_not_go_round_for_ever() {
    let (world, client) = world(ChannelPolicy {
        fail_over: Some("sms2".into()),
        ..ChannelPolicy::default()
    })
    .await;
    let (first, second) = (world.line("demo/sms"), world.line("demo/sms2"));
    first.will(&[SendErrorKind::Permanent]);
    let ids = accept(&world, &client, vec![text("hi")]).await;
    sent_texts(&first, 1).await;
    assert_eq!(sent_texts(&second, 1).await, ["hi"]);
    let sent = reaches(&world, &client, &ids[0], Status::Sent).await;
    assert_eq!(sent.channel, "sms2");
    world.has_traced(&ids[0], "fail over: channel sms2 tries it").await;

    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    let mut circle = |name: &str, other: &str| {
        let mut record = account.channels["sms"].clone();
        record.policy.fail_over = Some(other.into());
        account.channels.insert(name.to_owned(), record);
    };
    circle("sms2", "sms");
    circle("sms", "sms2");
    world.engine().apply(document).await.unwrap();
    first.will(&[SendErrorKind::Permanent; 9]);
    second.will(&[SendErrorKind::Permanent; 9]);
    let ids = accept(&world, &client, vec![text("round")]).await;
    reaches(&world, &client, &ids[0], Status::Failed).await;
    world.has_traced(&ids[0], "it was passed on too often").await;
}

/// F1: it went out and no answer came.
#[tokio::test]
async fn what_may_have_been_sent_is_held_or_sent_once_more_and_marked() {
    let (world_holds, client) = world(ChannelPolicy::default()).await;
    let line = world_holds.line("demo/sms");
    line.will(&[SendErrorKind::Ambiguous]);
    let ids = accept(&world_holds, &client, vec![text("hold")]).await;
    let held = reaches(&world_holds, &client, &ids[0], Status::Unknown).await;
    assert!(!held.possible_duplicate);

    let (world, client) = world(ChannelPolicy {
        on_ambiguous: OnAmbiguous::Resend,
        ..ChannelPolicy::default()
    })
    .await;
    let line = world.line("demo/sms");
    line.will(&[SendErrorKind::Ambiguous, SendErrorKind::Ambiguous]);
    let ids = accept(&world, &client, vec![text("one"), text("two")]).await;
    sent_texts(&line, 2).await;
    for id in &ids {
        until_traced(&world, id, "again in 60 s").await;
    }
    let receipt = Receipt {
        about: ReceiptFor::MessageId(ids[0].clone()),
        status: DeliveryStatus::Delivered,
        reason: None,
    };
    line.ctx.door.report(receipt).await.unwrap();
    world.advance(Duration::from_secs(60));
    assert_eq!(
        sent_texts(&line, 1).await,
        ["two"],
        "the receipt made the other needless"
    );
    let twice = reaches(&world, &client, &ids[1], Status::Sent).await;
    assert!(twice.possible_duplicate);
    let once = reaches(&world, &client, &ids[0], Status::Delivered).await;
    assert!(!once.possible_duplicate);
    settle(&world).await;
    assert!(!line.has_sent());
}

/// F37: an account that floods takes the places of its own channel only.
#[tokio::test]
async fn bulk_waits_for_the_urgent_and_still_moves() {
    let (world, client) = world(ChannelPolicy {
        pace: Some(PaceSetting {
            per_second: 15.0,
            burst: 15,
        }),
        paused: true,
        ..ChannelPolicy::default()
    })
    .await;
    let line = world.line("demo/sms");
    let of = |priority: Priority| {
        move |number: usize| Submission {
            priority,
            ..text(&format!("{priority} {number}"))
        }
    };
    accept(&world, &client, (0..100).map(of(Priority::Bulk)).collect()).await;
    accept(&world, &client, (0..100).map(of(Priority::Urgent)).collect()).await;
    let mut document = demo("demo");
    let sms = document
        .accounts
        .get_mut("demo")
        .unwrap()
        .channels
        .get_mut("sms")
        .unwrap();
    sms.policy.pace = Some(PaceSetting {
        per_second: 15.0,
        burst: 15,
    });
    world.engine().apply(document).await.unwrap();
    world.engine().look_for_due_work();
    let mut texts = sent_texts(&line, 15).await;
    for _ in 0..5 {
        world.advance(Duration::from_secs(1));
        texts.extend(sent_texts(&line, 15).await);
    }
    let bulk = texts.iter().filter(|text| text.starts_with("bulk")).count();
    assert!(
        (5..=15).contains(&bulk),
        "{bulk} of {} are bulk: about one in nine",
        texts.len()
    );
}

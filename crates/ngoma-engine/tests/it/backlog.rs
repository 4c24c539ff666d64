//! F25: what waits is bounded by the time it takes to send, and by its number; a client beyond that is told when to come
//! again, and nothing that was accepted is lost.

use crate::world::{World, demo, soon};
use ngoma_engine::directory::{AccountPolicy, ChannelPolicy, PaceSetting};
use ngoma_engine::{AcceptError, Client, QueueChoice, Readiness, Submission};
use ngoma_testkit::servers::{self, RabbitNode};
use std::collections::HashSet;
use std::time::Duration;

/// Has the channel `sms` and its account these policies; gives a client of the account.
async fn open(world: &mut World, channel: ChannelPolicy, account: AccountPolicy) -> Client {
    world.open().await;
    let mut document = demo("demo");
    let declared = document.accounts.get_mut("demo").unwrap();
    declared.channels.get_mut("sms").unwrap().policy = channel;
    declared.policy = Some(account);
    world.engine().apply(document).await.unwrap();
    let token = world.engine().create_token("demo", "test").await.unwrap().unwrap();
    world.engine().client(&token).await.unwrap().unwrap()
}

fn texts(numbers: std::ops::Range<usize>) -> Vec<Submission> {
    let text = |number: usize| Submission {
        channel: "sms".into(),
        to: "+27831234567".into(),
        content: number.to_string(),
        ..Submission::default()
    };
    numbers.map(text).collect()
}

async fn accept(world: &World, client: &Client, numbers: std::ops::Range<usize>) -> Result<(), AcceptError> {
    world.engine().accept(client, texts(numbers), None).await.map(drop)
}

#[tokio::test]
async fn a_channel_that_is_behind_refuses_until_it_has_caught_up() {
    let mut world = World::empty();
    let policy = ChannelPolicy {
        pace: Some(PaceSetting {
            per_second: 1.0,
            burst: 1,
        }),
        max_backlog: Some(60),
        ..ChannelPolicy::default()
    };
    let client = open(&mut world, policy, AccountPolicy::default()).await;
    let line = world.line("demo/sms");
    let drain = || {
        world
            .engine()
            .time_to_drain(&client, &texts(0..1))
            .map(|time| time.as_secs())
    };
    assert_eq!(drain(), Some(0));
    accept(&world, &client, 0..100).await.unwrap();
    soon(line.next_sent()).await;
    // The next counts say the same: nothing is asked of the database meanwhile.
    for _ in 0..2 {
        let Err(AcceptError::Full {
            problem,
            time_to_drain,
            retry_after,
        }) = accept(&world, &client, 100..101).await
        else {
            panic!("it was accepted")
        };
        assert!(
            problem.starts_with("channel sms is behind: what waits takes about "),
            "{problem}"
        );
        assert!(problem.ends_with(" seconds to send, more than 60"), "{problem}");
        assert!(
            (95..=100).contains(&time_to_drain.unwrap().as_secs()),
            "{time_to_drain:?}"
        );
        assert_eq!(retry_after, Duration::from_secs(60));
        world.engine().count_backlogs().await.unwrap();
    }
    for _ in 0..50 {
        world.advance(Duration::from_secs(1));
        soon(line.next_sent()).await;
    }
    world.engine().count_backlogs().await.unwrap();
    accept(&world, &client, 100..101).await.unwrap();
    assert!(drain().unwrap() <= 60, "{:?}", drain());
}

#[tokio::test]
async fn an_account_may_have_so_many_messages_waiting_and_another_has_its_own() {
    let mut world = World::empty();
    let paused = ChannelPolicy {
        paused: true,
        ..ChannelPolicy::default()
    };
    let few = AccountPolicy {
        max_queued: Some(10),
        ..AccountPolicy::default()
    };
    let client = open(&mut world, paused, few).await;
    accept(&world, &client, 0..10).await.unwrap();
    let check_full = async |world: &World, client: &Client| {
        let Err(AcceptError::Full { problem, .. }) = accept(world, client, 10..11).await else {
            panic!("it was accepted")
        };
        assert_eq!(problem, "10 messages of the account wait to be sent, of 10 that may");
    };
    check_full(&world, &client).await;
    world.restart().await;
    world.engine().count_backlogs().await.unwrap();
    check_full(&world, &client).await;
    world.engine().apply(demo("other")).await.unwrap();
    let token = world.engine().create_token("other", "test").await.unwrap().unwrap();
    let other = world.engine().client(&token).await.unwrap().unwrap();
    accept(&world, &other, 0..20).await.unwrap();
}

/// The broker takes nothing (`connection.blocked`): the store goes on accepting, up to a limit.
#[tokio::test(flavor = "multi_thread")]
async fn while_a_broker_is_short_of_memory_messages_wait_in_the_store_and_then_all_go_out() {
    const MOST: u64 = 200;
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let mut world = World::empty();
    world.queue = QueueChoice::Amqp {
        url: node.url(),
        partitions: 4,
    };
    let few = AccountPolicy {
        max_queued: Some(MOST),
        ..AccountPolicy::default()
    };
    let client = open(&mut world, ChannelPolicy::default(), few).await;
    let line = world.line("demo/sms");
    accept(&world, &client, 0..1).await.unwrap();
    soon(line.next_sent()).await;

    node.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
    soon(async {
        while !node.ctl(&["status"]).contains("Memory alarm on node") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut accepted = 1;
    loop {
        match accept(&world, &client, accepted..accepted + 10).await {
            Ok(()) => accepted += 10,
            Err(AcceptError::Full { retry_after, .. }) => break assert!(retry_after > Duration::ZERO),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(accepted as u64 >= MOST, "{accepted} were accepted");
    // The broker tells its trouble when the next ticket reaches it.
    soon(async {
        loop {
            match world.engine().ready().await {
                Ok(Readiness::Degraded(reason)) => break assert!(reason.contains("the broker is blocked"), "{reason}"),
                Ok(Readiness::Ready) => tokio::task::yield_now().await,
                Err(error) => panic!("it accepts nothing: {error}"),
            }
        }
    })
    .await;
    world.engine().count_backlogs().await.unwrap();
    assert!(accept(&world, &client, accepted..accepted + 1).await.is_err());

    node.ctl(&["set_vm_memory_high_watermark", "0.6"]);
    let mut sent = HashSet::new();
    for _ in 1..accepted {
        assert!(sent.insert(soon(line.next_sent()).await.content), "one was sent twice");
    }
    soon(async {
        while world.engine().ready().await != Ok(Readiness::Ready) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.engine().count_backlogs().await.unwrap();
    accept(&world, &client, accepted..accepted + 1).await.unwrap();
    assert_eq!(soon(line.next_sent()).await.content, accepted.to_string());
}

//! What the channels of an account share, and what accounts do not.

use crate::line::Line;
use crate::world::{World, demo, soon};
use ngoma_engine::directory::{AccountPolicy, Change, Document, PaceSetting};
use ngoma_engine::{Client, Submission};
use std::sync::Arc;
use std::time::Duration;

/// The account `demo` with two channels and this policy.
fn with_policy(policy: AccountPolicy) -> Document {
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.channels.insert("sms2".into(), account.channels["sms"].clone());
    account.policy = Some(policy);
    document
}

fn pace(per_second: f64, burst: u32) -> AccountPolicy {
    AccountPolicy {
        pace: Some(PaceSetting { per_second, burst }),
        ..AccountPolicy::default()
    }
}

async fn client(world: &World, account: &str) -> Client {
    let token = world.engine().create_token(account, "test").await.unwrap().unwrap();
    world.engine().client(&token).await.unwrap().unwrap()
}

async fn accept(world: &World, client: &Client, channel: &str, count: usize) {
    let text = |number: usize| Submission {
        channel: channel.into(),
        to: "+27831234567".into(),
        content: number.to_string(),
        ..Submission::default()
    };
    let submissions = (0..count).map(text).collect();
    world.engine().accept(client, submissions, None).await.unwrap();
}

/// Waits until two lines together have sent so many more.
async fn sent(lines: [&Arc<Line>; 2], count: usize) {
    for _ in 0..count {
        soon(async {
            tokio::select! {
                _ = lines[0].next_sent() => {}
                _ = lines[1].next_sent() => {}
            }
        })
        .await;
    }
}

/// Lets the engine look at its queue often; each time the store has written what it was given before.
async fn settle(world: &World) {
    for _ in 0..50 {
        world.engine().look_for_due_work();
        world.engine().ready().await.unwrap();
    }
}

#[tokio::test]
async fn an_account_keeps_its_pace_over_all_its_channels() {
    let mut world = World::empty();
    world.open().await;
    world.engine().apply(with_policy(pace(2.0, 3))).await.unwrap();
    let (one, other) = (world.line("demo/sms"), world.line("demo/sms2"));
    let client = client(&world, "demo").await;
    accept(&world, &client, "sms", 20).await;
    accept(&world, &client, "sms2", 20).await;
    sent([&one, &other], 3).await;
    for second in 1..=4 {
        settle(&world).await;
        assert!(!one.has_sent() && !other.has_sent(), "two in second {second}");
        world.advance(Duration::from_secs(1));
        sent([&one, &other], 2).await;
    }
    // A pace that is taken away holds nothing back.
    let report = world
        .engine()
        .apply(with_policy(AccountPolicy::default()))
        .await
        .unwrap();
    assert!(
        report
            .lines
            .iter()
            .any(|line| line.what == "policy demo" && line.change == Change::Changed)
    );
    // What was told to wait for its token is due then.
    world.advance(Duration::from_secs(1));
    sent([&one, &other], 40 - 11).await;
}

#[tokio::test]
async fn an_accounts_policy_is_applied_once_and_stays_where_none_is_declared() {
    let mut world = World::empty();
    world.open().await;
    let change = async |document: Document| {
        let report = world.engine().apply(document).await.unwrap();
        let line = report.lines.into_iter().find(|line| line.what == "policy demo");
        line.map(|line| line.change)
    };
    assert_eq!(change(with_policy(pace(2.0, 3))).await, Some(Change::Created));
    assert_eq!(change(with_policy(pace(2.0, 3))).await, Some(Change::Left));
    assert_eq!(change(demo("demo")).await, None);
    assert_eq!(world.engine().directory().accounts["demo"].policy, pace(2.0, 3));
    assert_eq!(change(with_policy(pace(5.0, 3))).await, Some(Change::Changed));
    world.restart().await;
    assert_eq!(world.engine().directory().accounts["demo"].policy, pace(5.0, 3));
}

/// F37: one account has thousands to send by a carrier that takes each at once; another's message goes out all the same,
/// within a few pulls of the flood.
#[tokio::test]
async fn whoever_sends_one_message_does_not_wait_for_anothers_thousands() {
    const FLOOD: usize = 6000;
    let mut world = World::empty();
    world.limits.waiting_in_memory = 64;
    world.open().await;
    let paused = |paused| {
        let mut document = demo("flood");
        let account = document.accounts.get_mut("flood").unwrap();
        account.channels.get_mut("sms").unwrap().policy.paused = paused;
        document
    };
    world.engine().apply(paused(true)).await.unwrap();
    world.engine().apply(demo("demo")).await.unwrap();
    let (flood, other) = (client(&world, "flood").await, client(&world, "demo").await);
    for _ in 0..FLOOD / 1000 {
        accept(&world, &flood, "sms", 1000).await;
    }
    world.engine().apply(paused(false)).await.unwrap();
    let (flood, other_line) = (world.line("flood/sms"), world.line("demo/sms"));
    for _ in 0..3 {
        soon(flood.next_sent()).await;
        let before = flood.sent_count();
        accept(&world, &other, "sms", 1).await;
        soon(other_line.next_sent()).await;
        let passed = flood.sent_count() - before;
        assert!(passed <= 16 * 64, "{passed} messages of the flood went before it");
    }
    assert!(flood.sent_count() < FLOOD - 3, "the flood was over before it was seen");
}

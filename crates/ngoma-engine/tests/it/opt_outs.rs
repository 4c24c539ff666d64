//! A person says with one keyword that they want no more messages, and later that they want them again.

use crate::line::{text, turn};
use crate::world::{World, demo, soon};
use ngoma_engine::directory::{AccountPolicy, Document};
use ngoma_engine::{Client, MessageRecord, Status, Submission};
use ngoma_message::MessageId;

const PERSON: &str = "+27831234567";

/// An account whose people opt out with STOP, and come back with START.
fn with_keywords(account: &str) -> Document {
    let mut document = demo(account);
    document.accounts.get_mut(account).unwrap().policy = Some(AccountPolicy {
        opt_out_keywords: vec!["STOP".into()],
        opt_out_reply: Some("You get no more of us.".into()),
        opt_in_reply: Some("Welcome back.".into()),
        ..AccountPolicy::default()
    });
    document
}

async fn world(accounts: &[&str]) -> World {
    let mut world = World::empty();
    world.open().await;
    for account in accounts {
        world.engine().apply(with_keywords(account)).await.unwrap();
    }
    world
}

async fn client(world: &World, account: &str) -> Client {
    let token = world.engine().create_token(account, "test").await.unwrap().unwrap();
    world.engine().client(&token).await.unwrap().unwrap()
}

async fn send(world: &World, client: &Client, content: &str) -> MessageId {
    let submission = Submission {
        channel: "sms".into(),
        to: PERSON.into(),
        content: content.into(),
        ..Submission::default()
    };
    world
        .engine()
        .accept(client, vec![submission], None)
        .await
        .unwrap()
        .remove(0)
}

async fn ends(world: &World, client: &Client, id: &MessageId) -> MessageRecord {
    soon(async {
        loop {
            let (message, _) = world.engine().message(client, id).await.unwrap().unwrap();
            if message.status != Status::Queued {
                return message;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_keyword_ends_the_messages_to_a_person_and_another_begins_them_again() {
    let world = world(&["demo"]).await;
    let (line, client) = (world.line("demo/sms"), client(&world, "demo").await);
    let stop = line.take(text(PERSON, " Stop.")).await;
    assert_eq!(soon(line.next_sent()).await.content, "You get no more of us.");
    world.reaches(PERSON, &stop, Status::Handled).await;
    world
        .has_traced(&stop, "opt-out: +27831234567 gets no messages of the account any more")
        .await;
    let refused = send(&world, &client, "offer").await;
    let refused = ends(&world, &client, &refused).await;
    assert_eq!(refused.status, Status::Cancelled);
    assert_eq!(
        refused.reason.as_deref(),
        Some("the person does not want messages of this account")
    );
    // Who asks is answered.
    line.take(text(PERSON, "stop it, how?")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 - stop it, how?");

    let held = world.engine().opt_outs("demo", None, 10).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].address.value(), held[0].message.as_ref()),
        (PERSON, Some(&stop))
    );
    line.take(text(PERSON, "start")).await;
    assert_eq!(soon(line.next_sent()).await.content, "Welcome back.");
    send(&world, &client, "news").await;
    assert_eq!(soon(line.next_sent()).await.content, "news");
    assert_eq!(world.engine().opt_outs("demo", None, 10).await.unwrap(), []);
    assert_eq!(world.script.seen.lock().unwrap().len(), 1, "the service saw no keyword");
}

#[tokio::test]
async fn an_opt_out_is_of_one_account_and_survives_the_process() {
    let mut world = world(&["demo", "other"]).await;
    let line = world.line("demo/sms");
    line.take(text(PERSON, "STOP")).await;
    soon(line.next_sent()).await;
    world.restart().await;
    let (demo, other) = (client(&world, "demo").await, client(&world, "other").await);
    let of_other = send(&world, &other, "from the other").await;
    assert_eq!(
        soon(world.line("other/sms").next_sent()).await.content,
        "from the other"
    );
    assert_eq!(ends(&world, &other, &of_other).await.status, Status::Sent);
    let refused = send(&world, &demo, "offer").await;
    assert_eq!(ends(&world, &demo, &refused).await.status, Status::Cancelled);
    assert_eq!(world.engine().opt_outs("other", None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn without_keywords_and_in_a_session_the_service_has_the_text() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.take(text(PERSON, "STOP")).await;
    assert_eq!(soon(line.next_sent()).await.content, "1 - STOP");
    world.engine().apply(with_keywords("demo")).await.unwrap();
    let line = world.line("demo/ussd");
    line.take(turn(PERSON, "s", "new", "STOP")).await;
    assert_eq!(soon(line.next_sent()).await.content, "2 new STOP");
    assert_eq!(world.engine().opt_outs("demo", None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn an_account_that_confirms_nothing_heeds_all_the_same() {
    let mut document = with_keywords("demo");
    document
        .accounts
        .get_mut("demo")
        .unwrap()
        .policy
        .as_mut()
        .unwrap()
        .opt_out_reply = None;
    let mut world = World::empty();
    world.open().await;
    world.engine().apply(document).await.unwrap();
    let line = world.line("demo/sms");
    let stop = line.take(text(PERSON, "STOP")).await;
    world.reaches(PERSON, &stop, Status::Handled).await;
    assert_eq!(soon(line.next_given_up()).await.0, stop);
    assert_eq!(world.engine().opt_outs("demo", None, 10).await.unwrap().len(), 1);
    assert!(!line.has_sent());
}

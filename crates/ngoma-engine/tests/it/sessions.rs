//! Sessions: begun, resumed, closed, expired.

use crate::line::turn;
use crate::world::{World, soon};
use ngoma_engine::SessionRecord;
use ngoma_message::{Address, SessionEvent};
use std::time::Duration;

async fn session(world: &World) -> SessionRecord {
    let person = Address::new("tel", "+1");
    world
        .engine()
        .latest_session("demo", "ussd", &person)
        .await
        .unwrap()
        .unwrap()
}

async fn say(world: &World, key: &str, event: &str, content: &str) -> String {
    let line = world.line("demo/ussd");
    line.take(turn("+1", key, event, content)).await;
    soon(line.next_sent()).await.content
}

#[tokio::test]
async fn a_session_goes_on_until_it_is_closed() {
    let world = World::new().await;
    assert_eq!(say(&world, "s", "new", "a").await, "1 new a");
    let begun = session(&world).await;
    assert!(begun.is_open);
    assert_eq!((begun.key.as_str(), begun.service.as_str()), ("s", "clinic"));
    world.advance(Duration::from_secs(60));
    assert_eq!(say(&world, "s", "resume", "b").await, "2 resume b");
    let later = session(&world).await;
    assert_eq!(later.started_at, begun.started_at);
    assert_eq!(later.last_at.since(begun.last_at), Duration::from_secs(60));
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "resume", "end")).await;
    let sent = soon(line.next_sent()).await;
    assert_eq!(sent.session_event, Some(SessionEvent::Close));
    assert!(!session(&world).await.is_open);
}

#[tokio::test]
async fn an_expired_or_unknown_session_begins_afresh_and_the_trace_says_so() {
    let world = World::new().await;
    assert_eq!(say(&world, "s", "resume", "a").await, "1 new a");
    world.advance(Duration::from_secs(600));
    let line = world.line("demo/ussd");
    let id = line.take(turn("+1", "s", "resume", "b")).await;
    assert_eq!(soon(line.next_sent()).await.content, "2 new b");
    world
        .has_traced(&id, "session: session s has expired: a fresh one begins")
        .await;
}

#[tokio::test]
async fn hanging_up_closes_the_session_and_is_told_to_the_service() {
    let world = World::new().await;
    say(&world, "s", "new", "a").await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "close", "silent")).await;
    world
        .check_story("+1", &["in handled a", "out sent 1 new a", "in handled silent"])
        .await;
    assert!(!session(&world).await.is_open);
    let events: Vec<String> = (world.script.seen.lock().unwrap().iter())
        .map(|message| message["session_event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["new", "close"]);
}

#[tokio::test]
async fn maintenance_closes_what_has_expired() {
    let world = World::new().await;
    say(&world, "s", "new", "a").await;
    assert_eq!(world.engine().expire_sessions().await.unwrap(), 0);
    world.advance(Duration::from_secs(600));
    assert_eq!(world.engine().expire_sessions().await.unwrap(), 1);
    assert!(!session(&world).await.is_open);
}

#[tokio::test]
async fn a_fallback_ends_the_session_even_when_the_step_ends_later() {
    let world = World::new().await;
    let line = world.line("demo/ussd");
    let id = line.take(turn("+1", "s", "new", "wait")).await;
    let fallback = line
        .ctx
        .door
        .record_fallback(&id, "later", true, "no answer within 5s")
        .await
        .unwrap();
    world.script.gate.add_permits(1);
    line.will(&[ngoma_engine::channel::SendErrorKind::TooLate]);
    soon(line.next_sent()).await;
    world
        .check_story("+1", &["in handled wait", "out sent later", "out expired 1 new wait"])
        .await;
    assert!(!session(&world).await.is_open);
    world.has_traced(&id, "fallback: no answer within 5s").await;
    world.has_traced(&fallback, "fallback: no answer within 5s").await;
    let unknown = line.ctx.door.record_fallback(&"nobody".into(), "x", true, "y").await;
    assert_eq!(unknown, Err(ngoma_engine::channel::ReceiveError::UnknownMessage));
}

//! Versions of a service's code, and the steps that were recorded.

use crate::line::{text, turn};
use crate::world::{World, service, soon};
use ngoma_engine::service::Bundle;
use ngoma_engine::{Engine, Status, VersionRecord};
use ngoma_message::MessageId;
use serde_json::json;

async fn say(world: &World, person: &str, key: &str, event: &str) -> MessageId {
    let line = world.line("demo/ussd");
    let id = line.take(turn(person, key, event, "hi")).await;
    soon(line.next_sent()).await;
    id
}

async fn deploy(engine: &Engine, hash: &str) -> Result<i64, String> {
    let bundle: Bundle = service(hash).bundle;
    let deployed = engine.deploy("demo", "clinic", bundle, Some(format!("it is {hash}")));
    deployed.await.map_err(|error| error.to_string())
}

/// Each as `version hash note`, the latest first.
fn shown(versions: &[VersionRecord]) -> Vec<String> {
    let line = |version: &VersionRecord| {
        let note = version.note.as_deref().unwrap_or("-");
        format!("{} {} {note}", version.version, version.hash)
    };
    versions.iter().map(line).collect()
}

async fn versions(world: &World) -> Vec<VersionRecord> {
    world.engine().versions("demo", "clinic").await.unwrap().unwrap()
}

#[tokio::test]
async fn a_session_goes_on_with_the_version_it_began_with() {
    let mut world = World::new().await;
    say(&world, "+1", "old", "new").await;
    assert_eq!(deploy(world.engine(), "two").await, Ok(2));
    let id = say(&world, "+1", "old", "resume").await;
    world
        .has_traced(&id, "the session stays with version 1 of service clinic")
        .await;
    say(&world, "+2", "fresh", "new").await;
    assert_eq!(*world.script.ran.lock().unwrap(), [1, 1, 2]);
    let open: Vec<i64> = versions(&world)
        .await
        .iter()
        .map(|version| version.open_sessions)
        .collect();
    assert_eq!(open, [1, 1]);
    // Another process has to load the earlier version when it is asked for.
    world.restart().await;
    say(&world, "+1", "old", "resume").await;
    say(&world, "+2", "fresh", "resume").await;
    assert_eq!(world.script.ran.lock().unwrap()[3..], [1, 2]);
    let loaded = world.script.loaded.lock().unwrap().clone();
    assert_eq!(loaded[2..], ["demo/clinic two", "demo/clinic one"]);
}

#[tokio::test]
async fn an_earlier_version_is_freed_once_no_session_stays_with_it() {
    let world = World::new().await;
    say(&world, "+1", "old", "new").await;
    deploy(world.engine(), "two").await.unwrap();
    assert_eq!(world.engine().unload_earlier_versions().await, Ok(0));
    let line = world.line("demo/ussd");
    line.take(turn("+1", "old", "resume", "end")).await;
    soon(line.next_sent()).await;
    assert_eq!(world.engine().unload_earlier_versions().await, Ok(1));
    assert_eq!(*world.script.unloaded.lock().unwrap(), [1]);
    assert_eq!(world.engine().unload_earlier_versions().await, Ok(0));
}

#[tokio::test]
async fn what_was_deployed_is_listed_and_brought_back() {
    let world = World::new().await;
    let engine = world.engine();
    assert_eq!(deploy(engine, "two").await, Ok(2));
    assert_eq!(deploy(engine, "two").await, Ok(2));
    assert_eq!(engine.roll_back("demo", "clinic", None).await, Ok((1, 3)));
    assert_eq!(
        shown(&versions(&world).await),
        ["3 one the code of version 1", "2 two it is two", "1 one -"]
    );
    say(&world, "+1", "s", "new").await;
    assert_eq!(*world.script.ran.lock().unwrap(), [3]);
    assert_eq!(engine.roll_back("demo", "clinic", Some(2)).await, Ok((2, 4)));
    assert_eq!(engine.roll_back("demo", "clinic", None).await, Ok((3, 5)));
    // A document that declares the same code changes nothing.
    engine.apply(crate::world::demo("demo")).await.unwrap();
    assert_eq!(versions(&world).await.len(), 5);
}

#[tokio::test]
async fn what_cannot_be_deployed_or_brought_back_is_said() {
    let world = World::new().await;
    let engine = world.engine();
    assert_eq!(
        deploy(engine, "broken").await,
        Err("service demo/clinic: SyntaxError: asked to (main.js line 2)".into())
    );
    let error = engine.roll_back("demo", "clinic", None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service demo/clinic has no other version to go back to"
    );
    let error = engine.roll_back("demo", "clinic", Some(9)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service demo/clinic has no version 9 among its latest 100"
    );
    let error = engine.roll_back("other", "clinic", None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no service other/clinic; declare it with `ngoma apply`"
    );
    assert_eq!(engine.versions("demo", "no-such").await, Ok(None));
}

#[tokio::test]
async fn every_step_is_recorded_with_its_message_also_one_that_failed() {
    let mut world = World::empty();
    world.open().await;
    world.engine().apply(crate::world::demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "fail")).await;
    world.reaches("+1", &id, Status::Failed).await;
    let records = world.engine().step_records("demo", &id).await.unwrap();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!((record.service.as_str(), record.version), ("clinic", 1));
    assert_eq!(record.body["input"]["msg"]["content"], "fail");
    assert_eq!(record.body["failure"], "Error: asked to (main.js line 7)");
    assert_eq!(record.body["lines"], json!([]));
    assert_eq!(
        record.body["step"]["at"],
        json!(1_763_886_600_000_000_i64 + 365 * 86_400_000_000)
    );
    assert_eq!(world.engine().step_records("other", &id).await.unwrap(), []);
}

#[tokio::test]
async fn no_step_is_recorded_where_none_are_kept() {
    let mut world = World::empty();
    world.limits.step_record_days = 0;
    world.open().await;
    world.engine().apply(crate::world::demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "silent")).await;
    world.reaches("+1", &id, Status::Handled).await;
    assert_eq!(world.engine().step_records("demo", &id).await.unwrap(), []);
}

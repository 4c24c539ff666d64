//! F35: a message whose step ends the process, or panics, again and again is given up; others go on.

use crate::line::text;
use crate::world::{World, soon, until};
use ngoma_engine::{DeadLetterKind, DeadLetterRecord, Status};
use ngoma_message::MessageId;
use std::sync::atomic::Ordering;

async fn dead_letters(world: &World) -> Vec<DeadLetterRecord> {
    world.engine().dead_letters("demo", 10).await.unwrap()
}

async fn begun(world: &World, steps: usize) {
    until(|| world.script.begun.load(Ordering::SeqCst) == steps).await;
}

async fn is_answered(world: &World, person: &str) {
    let line = world.line("demo/sms");
    line.take(text(person, "hi")).await;
    assert!(soon(line.next_sent()).await.content.ends_with("- hi"));
}

/// A message whose step was running when the process ended three times.
async fn poisoned() -> (World, MessageId) {
    let mut world = World::new().await;
    let id = world.line("demo/sms").take(text("+1", "wait")).await;
    begun(&world, 1).await;
    world.restart().await;
    is_answered(&world, "+2").await;
    begun(&world, 3).await;
    world.restart().await;
    is_answered(&world, "+2").await;
    begun(&world, 5).await;
    assert_eq!(dead_letters(&world).await, []);
    world.restart().await;
    world.reaches("+1", &id, Status::Failed).await;
    (world, id)
}

#[tokio::test]
async fn a_message_whose_step_ends_the_process_three_times_is_given_up() {
    let (world, id) = poisoned().await;
    let letters = dead_letters(&world).await;
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    let reason = "the process ended 3 times while a step ran";
    assert_eq!(
        (letter.kind, &letter.item, letter.attempts),
        (DeadLetterKind::Inbound, &id, 3)
    );
    assert_eq!(letter.reason, reason);
    world.has_traced(&id, reason).await;
    assert_eq!(
        soon(world.line("demo/sms").next_given_up()).await,
        (id, reason.to_owned())
    );
    assert_eq!(world.script.begun.load(Ordering::SeqCst), 5, "it was not begun again");
    is_answered(&world, "+2").await;
}

#[tokio::test]
async fn what_was_given_up_is_handled_when_somebody_has_it_tried_again() {
    let (world, id) = poisoned().await;
    // Those of the processes before wait for a permit too.
    world.script.gate.add_permits(4);
    assert!(
        world
            .engine()
            .replay_dead_letter("demo", DeadLetterKind::Inbound, &id)
            .await
            .unwrap()
    );
    world.reaches("+1", &id, Status::Handled).await;
    assert!(
        soon(world.line("demo/sms").next_sent())
            .await
            .content
            .ends_with("- wait")
    );
    assert_eq!(dead_letters(&world).await, []);
}

#[tokio::test]
async fn what_ran_beside_a_poisonous_step_is_not_given_up_with_it() {
    let mut world = World::new().await;
    let line = world.line("demo/sms");
    let first = line.take(text("+1", "wait")).await;
    begun(&world, 1).await;
    let second = line.take(text("+2", "wait")).await;
    begun(&world, 2).await;
    world.restart().await;
    begun(&world, 4).await;
    world.restart().await;
    // Alone from now on: the other one is not begun, so it is not to blame.
    begun(&world, 5).await;
    world.restart().await;
    begun(&world, 6).await;
    world.script.gate.add_permits(6);
    soon(world.line("demo/sms").next_sent()).await;
    let letters = dead_letters(&world).await;
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    let other = if letter.item == first { second } else { first };
    let person = if letter.address.as_ref().unwrap().value() == "+1" {
        "+2"
    } else {
        "+1"
    };
    world.reaches(person, &other, Status::Handled).await;
}

#[tokio::test]
async fn a_step_that_panics_is_tried_three_times_and_then_given_up() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "panic")).await;
    let (_, told) = soon(line.next_given_up()).await;
    assert_eq!(told, "the service failed: the step broke off: asked to");
    assert_eq!(world.script.begun.load(Ordering::SeqCst), 3);
    world.reaches("+1", &id, Status::Failed).await;
    world
        .has_traced(&id, "step: broke off: asked to; it is tried again")
        .await;
    let letters = dead_letters(&world).await;
    assert_eq!((letters.len(), letters[0].attempts), (1, 3));
    assert_eq!(letters[0].service.as_deref(), Some("clinic"));
    is_answered(&world, "+1").await;
    assert_eq!(
        world
            .engine()
            .replay_dead_letters("demo", DeadLetterKind::Inbound)
            .await
            .unwrap(),
        1
    );
    begun(&world, 7).await;
    soon(line.next_given_up()).await;
    assert_eq!(dead_letters(&world).await.len(), 1, "it was not mended");
    assert_eq!(
        world
            .engine()
            .replay_dead_letters("other", DeadLetterKind::Inbound)
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_service_that_merely_fails_leaves_no_dead_letter() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let id = line.take(text("+1", "fail")).await;
    soon(line.next_given_up()).await;
    world.reaches("+1", &id, Status::Failed).await;
    assert_eq!(dead_letters(&world).await, []);
}

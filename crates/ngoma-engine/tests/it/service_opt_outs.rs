//! A service opts people out and in.

use crate::line::text;
use crate::world::{World, demo, soon};
use ngoma_engine::Status;
use ngoma_message::MessageId;

const PERSON: &str = "+27831234567";

async fn say(world: &World, content: &str) -> MessageId {
    let line = world.line("demo/sms");
    let id = line.take(text(PERSON, content)).await;
    soon(line.next_sent()).await;
    world.reaches(PERSON, &id, Status::Handled).await;
    id
}

#[tokio::test]
async fn an_opt_out_is_stored_with_its_step_and_traced() {
    let world = World::new().await;
    world.engine().apply(demo("other")).await.unwrap();
    let id = say(&world, "leave me +optout").await;
    let held = world.engine().opt_outs("demo", None, 10).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].address.value(), held[0].message.as_ref()), (PERSON, Some(&id)));
    let traced = format!("opt-out: {PERSON} gets no messages of the account any more, by service clinic");
    world.has_traced(&id, &traced).await;
    assert_eq!(world.engine().opt_outs("other", None, 10).await.unwrap(), []);
    say(&world, "come back +optin").await;
    assert_eq!(world.engine().opt_outs("demo", None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_step_that_fails_opts_nobody_out() {
    for order in ["fail", "spoil", "stray"] {
        let world = World::new().await;
        let id = world
            .line("demo/sms")
            .take(text(PERSON, &format!("{order} +optout")))
            .await;
        world.reaches(PERSON, &id, Status::Failed).await;
        assert_eq!(world.engine().opt_outs("demo", None, 10).await.unwrap(), [], "{order}");
    }
}

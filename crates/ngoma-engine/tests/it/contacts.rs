//! Contacts and groups through the engine: stored with their step or not at all, and seen by their account only.

use crate::line::text;
use crate::script::OnEvent;
use crate::world::{World, demo, soon};
use ngoma_engine::Status;
use ngoma_engine::ports::contacts::{Contact, ContactChange, ContactWrite, Field, Group, Query, key_of_contact};
use ngoma_engine::service::{Ports, StepOutcome};
use ngoma_message::MessageId;
use serde_json::Value;

const PERSON: &str = "+27831234567";

/// What words anywhere in the text ask for: `+meet` keeps the person and makes a group; `+name` calls them `Thandi`;
/// `+look` answers with all that the account's contacts can be asked.
pub async fn obey(message: &Value, ports: &Ports, outcome: &mut StepOutcome) {
    let content = message["content"].as_str().unwrap_or_default();
    let person = message["from_addr"].as_str().unwrap_or_default();
    let (port, now) = (&*ports.account.contacts, ports.clock.now());
    let found = port.at_address(Field::Msisdn, person).await.unwrap();
    for word in content.split_whitespace() {
        match word {
            "+meet" => {
                let key = key_of_contact(port, Field::Msisdn, person, |_| false).await.unwrap();
                let mut contact = Contact::new(key, now);
                contact.fields.insert(Field::Msisdn, person.to_owned());
                contact.groups.push("g".into());
                outcome.contacts.push(ContactWrite::Add(contact));
                outcome.contacts.push(ContactWrite::AddGroup(Group {
                    key: "g".into(),
                    name: format!("of {}", port.account()),
                    query: None,
                    created_at: now,
                }));
            }
            "+name" => {
                let mut change = ContactChange::default();
                change.fields.insert(Field::Name, Some("Thandi".into()));
                let key = found[0].key.clone();
                outcome.contacts.push(ContactWrite::Change { key, change });
            }
            "+look" => {
                let names: Vec<&str> = found
                    .iter()
                    .map(|contact| contact.field(Field::Name).unwrap_or("-"))
                    .collect();
                let query = Query::parse("msisdn:* OR name:*").unwrap();
                let (total, keys) = (port.total().await.unwrap(), port.search(&query, 10).await.unwrap());
                let counted = port.count(&Query::word("groups", "g")).await.unwrap();
                let groups: Vec<String> = port
                    .groups()
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|group| group.name)
                    .collect();
                let seen = format!("{total} {} {counted} {groups:?} {names:?}", keys.len());
                outcome.replies.last_mut().unwrap().content = Some(seen);
            }
            _ => {}
        }
    }
}

/// What the service answers.
async fn say(world: &World, account: &str, content: &str) -> String {
    let line = world.line(&format!("{account}/sms"));
    line.take(text(PERSON, content)).await;
    soon(line.next_sent()).await.content
}

async fn world_of_two() -> World {
    let world = World::new().await;
    world.engine().apply(demo("other")).await.unwrap();
    world
}

#[tokio::test]
async fn what_a_service_keeps_is_there_for_its_next_step() {
    let world = World::new().await;
    say(&world, "demo", "+meet").await;
    assert_eq!(say(&world, "demo", "+look").await, r#"1 1 1 ["of demo"] ["-"]"#);
    let line = world.line("demo/sms");
    let id: MessageId = line.take(text(PERSON, "+name")).await;
    soon(line.next_sent()).await;
    world.has_traced(&id, "changed 1 contact").await;
    assert_eq!(say(&world, "demo", "+look").await, r#"1 1 1 ["of demo"] ["Thandi"]"#);
    // Met again, as by a step that knew nothing of the first: nobody is kept twice.
    say(&world, "demo", "+meet").await;
    assert_eq!(say(&world, "demo", "+look").await, r#"1 1 1 ["of demo"] ["Thandi"]"#);
}

#[tokio::test]
async fn an_account_never_sees_anothers_contacts() {
    let mut world = world_of_two().await;
    say(&world, "demo", "+meet").await;
    say(&world, "demo", "+name").await;
    let nobody = "0 0 0 [] []";
    assert_eq!(say(&world, "other", "+look").await, nobody);
    say(&world, "other", "+meet").await;
    for _ in 0..2 {
        assert_eq!(say(&world, "demo", "+look").await, r#"1 1 1 ["of demo"] ["Thandi"]"#);
        assert_eq!(say(&world, "other", "+look").await, r#"1 1 1 ["of other"] ["-"]"#);
        world.restart().await;
    }
}

#[tokio::test]
async fn what_a_service_keeps_when_it_is_told_of_an_event_is_kept() {
    let world = World::new().await;
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.services.get_mut("clinic").unwrap().wants_events = true;
    world.engine().apply(document).await.unwrap();
    world.script.on_events.lock().unwrap().push_back(OnEvent::Keep);
    say(&world, "demo", "hello").await;
    soon(async { while say(&world, "demo", "+look").await != "1 0 0 [] []" {} }).await;
}

#[tokio::test]
async fn a_step_that_fails_leaves_no_contact_behind() {
    for order in ["fail", "spoil", "stray", "panic"] {
        let world = World::new().await;
        let id = world
            .line("demo/sms")
            .take(text(PERSON, &format!("{order} +meet")))
            .await;
        world.reaches(PERSON, &id, Status::Failed).await;
        assert_eq!(say(&world, "demo", "+look").await, "0 0 0 [] []", "{order}");
    }
}

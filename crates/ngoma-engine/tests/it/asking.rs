//! What a service's step may ask of its account.

use crate::line::text;
use crate::world::{World, demo, service, soon};
use ngoma_engine::directory::AccountPolicy;
use ngoma_engine::ports::AccountPorts;
use ngoma_engine::{Direction, Status};
use ngoma_message::Address;
use std::time::Duration;

/// What a step of the service `clinic` of that account can ask for.
async fn ports(world: &World, account: &str) -> AccountPorts {
    let line = world.line(&format!("{account}/sms"));
    line.take(text("+27831234567", "hi")).await;
    soon(line.next_sent()).await;
    let ports = world.script.ports.lock().unwrap().clone();
    ports.unwrap().account
}

#[tokio::test]
async fn what_a_service_may_do_is_what_its_account_declares() {
    let world = World::new().await;
    let ports_before = ports(&world, "demo").await;
    assert!(!ports_before.allowances.manages_opt_outs());
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.services.insert("people".into(), service("two"));
    account.services.get_mut("clinic").unwrap().helper_metadata = vec!["voice".into()];
    account.channels.insert("fax".into(), account.channels["sms"].clone());
    account.policy = Some(AccountPolicy {
        services_manage_optouts: true,
        ..AccountPolicy::default()
    });
    world.engine().apply(document).await.unwrap();
    let allowances = ports(&world, "demo").await.allowances;
    assert_eq!(allowances.service(), "clinic");
    assert!(allowances.manages_opt_outs());
    assert_eq!(allowances.helper_metadata(), ["voice"]);
    for (name, expected) in [("people", true), ("clinic", false), ("nobody", false)] {
        assert_eq!(allowances.has_other_service(name), expected, "{name}");
    }
    for (pool, tag, expected) in [
        ("sms", "100", Some("sms")),
        ("fake_sms", "100", Some("sms")),
        ("fake_ussd", "*120#", Some("ussd")),
        ("sms", "200", None),
        ("ussd", "100", None),
        // No route of it leads to the service.
        ("fax", "100", None),
    ] {
        let found = allowances.channel_of_tag(pool, tag);
        assert_eq!(found.as_deref(), expected, "{pool} {tag}");
    }
    let national = allowances.address("msisdn", "0831234567");
    assert_eq!(national, Address::new("tel", "+27831234567"));
}

#[tokio::test]
async fn an_endpoint_has_a_channel_by_its_name_or_by_a_route() {
    let world = World::new().await;
    let allowances = ports(&world, "demo").await.allowances;
    for endpoint in ["sms", "ussd", "default", "anything"] {
        assert!(allowances.has_endpoint(endpoint), "{endpoint}");
    }
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.routes.as_mut().unwrap().retain(|route| route.channel == "ussd");
    world.engine().apply(document).await.unwrap();
    for (endpoint, expected) in [("sms", true), ("ussd", true), ("default", false), ("anything", false)] {
        assert_eq!(allowances.has_endpoint(endpoint), expected, "{endpoint}");
    }
}

#[tokio::test]
async fn opt_outs_and_counts_are_of_the_own_account() {
    let world = World::new().await;
    world.engine().apply(demo("other")).await.unwrap();
    let person = Address::new("tel", "+27831234567");
    let (own, other) = (ports(&world, "demo").await, ports(&world, "other").await);
    for account in ["demo", "other"] {
        let thread = world.thread(account, person.value()).await;
        assert_eq!(thread.len(), 2, "{account}");
    }
    let first = world.thread("demo", person.value()).await[1].id.clone();
    world.reaches(person.value(), &first, Status::Sent).await;
    assert!(world.engine().opt_out("demo", &person).await.unwrap());
    assert!(own.opt_outs.get(&person).await.unwrap().is_some());
    assert_eq!(own.opt_outs.count().await, Ok(1));
    assert_eq!(other.opt_outs.get(&person).await, Ok(None));
    assert_eq!(other.opt_outs.count().await, Ok(0));
    let totals = own.messages.totals().await.unwrap();
    assert_eq!((totals.received, totals.sent, totals.acks), (1, 1, 1));
    assert_eq!(other.messages.totals().await.unwrap().received, 1);
    let rate = other.messages.rate(Direction::Inbound, Duration::from_secs(60)).await;
    assert!(rate.unwrap() <= 1.0);
}

#[tokio::test]
async fn a_count_is_made_anew_after_ten_seconds() {
    let world = World::new().await;
    let own = ports(&world, "demo").await;
    let received = async || own.messages.totals().await.unwrap().received;
    assert_eq!(received().await, 1);
    ports(&world, "demo").await;
    assert_eq!(received().await, 1);
    world.advance(Duration::from_secs(10));
    assert_eq!(received().await, 2);
}

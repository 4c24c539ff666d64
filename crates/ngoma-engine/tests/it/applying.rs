//! Declaring what exists.

use crate::line::text;
use crate::world::{World, demo, route, service, soon};
use ngoma_engine::directory::{AccountDocument, Change, Report};

fn lines(report: &Report) -> Vec<(&str, Change)> {
    report
        .lines
        .iter()
        .map(|line| (line.what.as_str(), line.change))
        .collect()
}

#[tokio::test]
async fn a_document_is_applied_once_and_then_left() {
    let mut world = World::empty();
    world.open().await;
    let expected = |change| {
        [
            ("account demo", change),
            ("channel demo/sms", change),
            ("channel demo/ussd", change),
            ("service demo/clinic", change),
            ("route demo: ussd to clinic", change),
            ("route demo: sms to clinic", change),
        ]
    };
    let first = world.engine().apply(demo("demo")).await.unwrap();
    assert_eq!(lines(&first), expected(Change::Created));
    let again = world.engine().apply(demo("demo")).await.unwrap();
    assert_eq!(lines(&again), expected(Change::Left));
    assert_eq!(*world.script.loaded.lock().unwrap(), ["demo/clinic one"]);
    let directory = world.engine().directory();
    let account = &directory.accounts["demo"];
    assert_eq!((account.channels.len(), account.services.len()), (2, 1));
    assert_eq!(account.routes, [route("ussd", "clinic"), route("sms", "clinic")]);
}

#[tokio::test]
async fn what_changes_is_opened_and_loaded_anew() {
    let world = World::new().await;
    let before = world.line("demo/sms");
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.channels.get_mut("sms").unwrap().address = Some("200".into());
    account.services.insert("clinic".into(), service("two"));
    account.routes = Some(vec![route("sms", "clinic")]);
    let report = world.engine().apply(document).await.unwrap();
    let changed: Vec<_> = lines(&report)
        .into_iter()
        .filter(|(_, change)| *change != Change::Left)
        .collect();
    let expected = [
        ("channel demo/sms", Change::Changed),
        ("service demo/clinic", Change::Changed),
        ("route demo: ussd to clinic", Change::Removed),
    ];
    assert_eq!(changed, expected);
    let now = world.line("demo/sms");
    assert_eq!(
        (before.ctx.address.as_deref(), now.ctx.address.as_deref()),
        (Some("100"), Some("200"))
    );
    assert_eq!(
        *world.script.loaded.lock().unwrap(),
        ["demo/clinic one", "demo/clinic two"]
    );
    now.take(text("+1", "hi")).await;
    assert_eq!(soon(now.next_sent()).await.content, "1 - hi");
}

async fn check_refused(world: &World, change: impl FnOnce(&mut AccountDocument), expected: &str) {
    let mut document = demo("fresh");
    change(document.accounts.get_mut("fresh").unwrap());
    let error = world.engine().apply(document).await.unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(!world.engine().directory().accounts.contains_key("fresh"));
}

#[tokio::test]
async fn a_document_that_cannot_be_changes_nothing_and_names_what_is_wrong() {
    let world = World::new().await;
    let wrong_config = |account: &mut AccountDocument| {
        let config = &mut account.channels.get_mut("ussd").unwrap().config;
        config.insert("wrong".into(), true.into());
    };
    check_refused(
        &world,
        wrong_config,
        "channel fresh/ussd: config.wrong: is not a setting",
    )
    .await;
    let wrong_type = |account: &mut AccountDocument| {
        account.channels.get_mut("ussd").unwrap().channel_type = "pigeon".into();
    };
    let expected = "channel fresh/ussd: type \"pigeon\" is not known: fake_ussd, fake_sms";
    check_refused(&world, wrong_type, expected).await;
    let wrong_route = |account: &mut AccountDocument| account.routes = Some(vec![route("ussd", "bank")]);
    let expected = "route fresh: ussd to bank: there is no service fresh/bank";
    check_refused(&world, wrong_route, expected).await;
}

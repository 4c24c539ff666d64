//! Declaring what exists.

use crate::line::{text, turn};
use crate::world::{World, demo, route, service, soon};
use axum::body::Body;
use http::Request;
use ngoma_engine::directory::{AccountDocument, Change, Report};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower::ServiceExt;

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

#[tokio::test]
async fn the_keys_of_helper_metadata_are_a_service_own_and_outlive_the_process() {
    let mut world = World::new().await;
    let mut document = demo("demo");
    let services = &mut document.accounts.get_mut("demo").unwrap().services;
    services.get_mut("clinic").unwrap().helper_metadata = vec!["voice".into()];
    let report = world.engine().apply(document.clone()).await.unwrap();
    assert!(lines(&report).contains(&("service demo/clinic", Change::Changed)));
    let again = world.engine().apply(document).await.unwrap();
    assert!(lines(&again).contains(&("service demo/clinic", Change::Left)));
    world.restart().await;
    let directory = world.engine().directory();
    assert_eq!(
        *directory.accounts["demo"].services["clinic"].helper_metadata,
        ["voice"]
    );
    world.engine().apply(demo("demo")).await.unwrap();
    let directory = world.engine().directory();
    assert!(directory.accounts["demo"].services["clinic"].helper_metadata.is_empty());
}

#[tokio::test]
async fn nobody_is_routed_to_a_service_that_is_still_loading() {
    let world = World::new().await;
    *world.script.slow_to_load.lock().unwrap() = Some("slow");
    let mut document = demo("demo");
    let account = document.accounts.get_mut("demo").unwrap();
    account.services.insert("bank".into(), service("slow"));
    account.routes = Some(vec![route("ussd", "bank"), route("sms", "bank")]);
    let applying = tokio::spawn({
        let engine = world.engine().clone();
        async move { engine.apply(document).await }
    });
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let taken_by = async |key: &str| {
        let line = world.line("demo/ussd");
        line.take(turn("+1", key, "new", "hi")).await;
        let sent = soon(line.next_sent()).await.id;
        let thread = world.thread("demo", "+1").await;
        let sent = thread.into_iter().find(|message| message.id == sent).unwrap();
        sent.service.unwrap()
    };
    assert_eq!(taken_by("s1").await, "clinic");
    world.script.gate.add_permits(1);
    soon(applying).await.unwrap().unwrap();
    assert_eq!(taken_by("s2").await, "bank");
}

#[tokio::test]
async fn a_request_in_hand_is_answered_by_the_channel_it_came_to() {
    let world = World::new().await;
    let before = world.line("demo/ussd");
    let gate = Arc::new(Semaphore::new(0));
    *before.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let request = Request::post("/c/demo/ussd/turn").body(Body::empty()).unwrap();
    let answering = tokio::spawn(world.engine().channel_routes().oneshot(request));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let mut document = demo("demo");
    let channel = document
        .accounts
        .get_mut("demo")
        .unwrap()
        .channels
        .get_mut("ussd")
        .unwrap();
    channel.config.insert("changed".into(), true.into());
    world.engine().apply(document).await.unwrap();
    gate.add_permits(2);
    assert_eq!(soon(answering).await.unwrap().unwrap().status(), 200);
    assert_eq!(soon(before.next_sent()).await.content, "1 new by the web");
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
    let wrong_code = |account: &mut AccountDocument| {
        account.services.insert("clinic".into(), service("broken"));
    };
    let expected = "service fresh/clinic: SyntaxError: asked to (main.js line 2)";
    check_refused(&world, wrong_code, expected).await;
    let wrong_route = |account: &mut AccountDocument| account.routes = Some(vec![route("ussd", "bank")]);
    let expected = "route fresh: ussd to bank: there is no service fresh/bank";
    check_refused(&world, wrong_route, expected).await;
}

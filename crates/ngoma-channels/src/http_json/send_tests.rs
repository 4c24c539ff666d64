//! Messages on their way to a provider.

use super::HttpJson;
use crate::test_line::{TestLine, open, outbound};
use ngoma_engine::channel::{Outbound, SendError, SendErrorKind, Sent};
use ngoma_engine::outgoing_http::Reach;
use ngoma_message::Address;
use ngoma_testkit::carrier::{Behaviour, Carrier};
use ngoma_testkit::process::free_port;
use ngoma_testkit::{FakeDoor, FakeProvider, Scripted};
use serde_json::{Value, json};

async fn provider() -> FakeProvider {
    FakeProvider::start().await.expect("a free port")
}

async fn send(config: Value, message: &Outbound) -> Result<Sent, SendError> {
    let line = TestLine::open_at(&HttpJson, &config, Some("31022"));
    line.transport.send(message).await
}

async fn check_sent(scripted: Scripted, provider_id: Option<&str>) {
    let provider = provider().await;
    provider.then(scripted.clone());
    let sent = send(json!({"send_url": provider.url("/send")}), &outbound("Welcome.")).await;
    let provider_id = provider_id.map(str::to_owned);
    assert_eq!(sent, Ok(Sent { provider_id }), "{scripted:?}");
}

async fn check_failed(scripted: Scripted, kind: SendErrorKind, reason: &str) {
    let provider = provider().await;
    provider.then(scripted.clone());
    let error = send(json!({"send_url": provider.url("/send")}), &outbound("Welcome.")).await;
    let error = error.expect_err("the script says so");
    assert_eq!(error.kind, kind, "{scripted:?}: {error}");
    assert!(error.reason.contains(reason), "{scripted:?}: {error}");
    assert_eq!(provider.requests().len(), 1, "one message, one request");
}

#[tokio::test]
async fn the_provider_gets_the_message_as_json() {
    let provider = provider().await;
    let url = provider.url("/send?route=gold");
    send(json!({ "send_url": url }), &outbound("Ngiyabonga é 👍"))
        .await
        .expect("accepted");
    let named = Outbound {
        from: Some(Address::new("tel", "CLINIC")),
        ..outbound("")
    };
    send(json!({"send_url": url, "secret": "drum"}), &named)
        .await
        .expect("accepted");

    let requests = provider.requests();
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("POST", "/send?route=gold")
    );
    assert_eq!(requests[0].headers["content-type"], "application/json");
    assert!(!requests[0].headers.contains_key("x-ngoma-secret"));
    let body = json!({"message_id": "a-1", "from": "31022", "to": "+27831234567", "content": "Ngiyabonga é 👍"});
    assert_eq!(requests[0].json(), body);
    assert_eq!(requests[1].headers["x-ngoma-secret"], "drum");
    let body = json!({"message_id": "a-1", "from": "CLINIC", "to": "+27831234567", "content": ""});
    assert_eq!(requests[1].json(), body);
}

#[tokio::test]
async fn what_the_provider_takes_is_sent() {
    check_sent(
        Scripted::Answer(200, r#"{"provider_id":"p-53"}"#.to_owned()),
        Some("p-53"),
    )
    .await;
    check_sent(Scripted::Answer(202, "queued".to_owned()), None).await;
    check_sent(Scripted::Answer(204, String::new()), None).await;
}

#[tokio::test]
async fn what_the_provider_refuses_is_an_error_of_its_kind() {
    use SendErrorKind::{Ambiguous, Misconfigured, Permanent, Temporary, Throttled};
    let answer = |status, body: &str| Scripted::Answer(status, body.to_owned());
    check_failed(answer(400, "bad number"), Permanent, "answered 400: bad number").await;
    check_failed(answer(401, ""), Misconfigured, "check the channel's secret").await;
    check_failed(answer(429, ""), Throttled, "answered 429").await;
    check_failed(answer(503, ""), Temporary, "answered 503").await;
    check_failed(answer(504, ""), Ambiguous, "answered 504").await;
    check_failed(answer(200, &"x".repeat(70_000)), Ambiguous, "may have been sent").await;
    check_failed(
        Scripted::Redirect("/elsewhere".to_owned()),
        Misconfigured,
        "a redirect is not followed",
    )
    .await;
    check_failed(Scripted::HangUp, Ambiguous, "may have been sent").await;
}

#[tokio::test]
async fn a_carrier_is_understood_and_has_each_message_in_its_ledger() {
    use SendErrorKind::{Ambiguous, Permanent, Temporary, Throttled};
    let folder = tempfile::tempdir().expect("a folder");
    let carrier = Carrier::new(&folder.path().join("ledger")).expect("a ledger");
    let front = carrier.serve().await.expect("a free port");
    let cases = [
        (Behaviour::throttle(), Err(Throttled)),
        (Behaviour::fail_for_now(), Err(Temporary)),
        (Behaviour::refuse(), Err(Permanent)),
        (Behaviour::lose_response(), Err(Ambiguous)),
        (Behaviour::accept_as("p-53"), Ok(Some("p-53".to_owned()))),
    ];
    for (behaviour, expected) in cases {
        carrier.then(behaviour.clone());
        let sent = send(json!({"send_url": front.submit_url()}), &outbound("Welcome.")).await;
        let sent = sent.map(|sent| sent.provider_id).map_err(|error| error.kind);
        assert_eq!(sent, expected, "{behaviour:?}");
    }
    let submissions = carrier.submissions();
    assert_eq!(submissions.len(), 5);
    let first = &submissions[0];
    assert_eq!((first.message_id.as_str(), first.text.as_str()), ("a-1", "Welcome."));
    assert_eq!(
        (first.from.as_deref(), first.to.as_str()),
        (Some("31022"), "+27831234567")
    );
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let port = free_port().expect("a free port");
    let error = send(
        json!({"send_url": format!("http://127.0.0.1:{port}/")}),
        &outbound("Welcome."),
    )
    .await;
    assert_eq!(error.expect_err("nobody listens").kind, SendErrorKind::Temporary);
}

#[tokio::test]
async fn a_channel_without_an_address_to_send_to_only_receives() {
    let error = send(json!({}), &outbound("Welcome.")).await.expect_err("no send_url");
    assert_eq!(error.kind, SendErrorKind::Misconfigured);
    assert_eq!(
        error.reason,
        "the channel only receives: set send_url in its config to send"
    );
}

#[tokio::test]
async fn private_networks_are_refused_with_cause_and_cure() {
    let provider = provider().await;
    let ctx = FakeDoor::new().context_reaching(Some("31022"), Reach::PublicOnly);
    let transport = open(&HttpJson, &json!({"send_url": provider.url("/send")}), ctx).expect("good settings");
    let error = transport
        .send(&outbound("Welcome."))
        .await
        .expect_err("a private address");
    assert_eq!(error.kind, SendErrorKind::Misconfigured);
    assert!(error.reason.contains("allow_private = true"), "{error}");
    assert!(provider.requests().is_empty());
}

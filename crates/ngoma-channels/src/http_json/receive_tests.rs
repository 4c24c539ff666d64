//! Messages and receipts, as a provider posts them.

use super::HttpJson;
use crate::test_line::TestLine;
use axum::body::Body;
use http::Request;
use ngoma_engine::channel::{ReceiptFor, ReceiveError};
use ngoma_message::DeliveryStatus;
use serde_json::{Value, json};

fn line() -> TestLine {
    TestLine::open_at(&HttpJson, &json!({}), Some("31022"))
}

fn message(more: Value) -> Value {
    let mut message = json!({"message_id": "p-1", "from": "0831234567", "to": "31022", "content": "JOIN"});
    let fields = more.as_object().cloned().expect("an object");
    message.as_object_mut().expect("an object").extend(fields);
    message
}

async fn check_refused(path: &str, body: Value, status: u16, field: Value, error: &str) {
    let line = line();
    line.door.knows("m-1");
    let answered = line.post(path, body.to_string()).await;
    assert_eq!((answered.status, &answered.body["field"]), (status, &field), "{body}");
    assert!(
        answered.body["error"].as_str().is_some_and(|text| text.contains(error)),
        "{answered:?}"
    );
    assert!(
        line.door.inbound().is_empty() && line.door.receipts().is_empty(),
        "{body}"
    );
}

async fn check_receipt(body: Value, about: ReceiptFor, status: DeliveryStatus, reason: Option<&str>) {
    let line = line();
    line.door.knows("m-1");
    line.door.knows("p-9");
    let answered = line.post("/receipt", body.to_string()).await;
    assert_eq!(
        (answered.status, answered.body),
        (200, json!({"result": "recorded"})),
        "{body}"
    );
    let receipts = line.door.receipts();
    assert_eq!((&receipts[0].about, receipts[0].status), (&about, status), "{body}");
    assert_eq!(receipts[0].reason.as_deref(), reason, "{body}");
}

#[tokio::test]
async fn a_message_is_answered_with_the_id_it_is_stored_under() {
    let line = line();
    let answered = line.post("/", message(json!({})).to_string()).await;
    let stored = line.door.next_inbound().await;
    let body = json!({"message_id": stored.id.as_str()});
    assert_eq!((answered.status, &answered.body), (200, &body));
    assert_eq!(stored.from.to_string(), "tel:+27831234567");
    assert_eq!(stored.to.to_string(), "tel:31022");
    assert_eq!(
        (stored.content.as_deref(), stored.provider_id.as_deref()),
        (Some("JOIN"), Some("p-1"))
    );
    assert!(stored.session.is_none() && stored.answer_within.is_none());

    let again = line.post("/", message(json!({})).to_string()).await;
    assert_eq!((again.status, again.body), (200, body));
    assert_eq!(line.door.inbound().len(), 1);
}

#[tokio::test]
async fn what_may_be_absent_or_empty_is_taken() {
    let line = line();
    let answered = line
        .post("/", message(json!({"to": null, "content": "", "cost": 2})).to_string())
        .await;
    assert_eq!(answered.status, 200);
    let stored = line.door.next_inbound().await;
    assert_eq!(
        (stored.to.to_string().as_str(), stored.content.as_deref()),
        ("tel:31022", Some(""))
    );

    let nameless = TestLine::open_at(&HttpJson, &json!({}), None);
    let answered = nameless.post("/", message(json!({"to": null})).to_string()).await;
    assert_eq!((answered.status, &answered.body["field"]), (400, &json!("to")));
}

#[tokio::test]
async fn a_bad_message_is_refused_and_its_field_named() {
    let check = |body, field, error| check_refused("/", body, 400, field, error);
    check(message(json!({"message_id": null})), json!("message_id"), "is required").await;
    check(
        message(json!({"message_id": "p".repeat(129)})),
        json!("message_id"),
        "longer than 128",
    )
    .await;
    check(message(json!({"from": null})), json!("from"), "is required").await;
    check(message(json!({"from": {}})), json!("from"), "expected a string").await;
    check(
        message(json!({"from": "1".repeat(65)})),
        json!("from"),
        "longer than 64",
    )
    .await;
    check(message(json!({"to": "1".repeat(65)})), json!("to"), "longer than 64").await;
    check(message(json!({"content": null})), json!("content"), "is required").await;
    check(
        message(json!({"content": "x".repeat(39_016)})),
        json!("content"),
        "longer than 39015",
    )
    .await;
    check(json!("text"), Value::Null, "not a JSON object").await;
}

#[tokio::test]
async fn a_receipt_names_its_message_by_either_id() {
    use DeliveryStatus::{Delivered, Failed};
    let ours = || ReceiptFor::MessageId("m-1".into());
    let theirs = || ReceiptFor::ProviderId("p-9".to_owned());
    check_receipt(
        json!({"message_id": "m-1", "status": "delivered"}),
        ours(),
        Delivered,
        None,
    )
    .await;
    check_receipt(
        json!({"provider_id": "p-9", "status": "delivered", "reason": null}),
        theirs(),
        Delivered,
        None,
    )
    .await;
    let both = json!({"message_id": "m-1", "provider_id": "p-9", "status": "failed", "reason": "absent subscriber"});
    check_receipt(both, ours(), Failed, Some("absent subscriber")).await;
}

#[tokio::test]
async fn a_receipt_that_comes_twice_changes_nothing() {
    let line = line();
    line.door.knows("m-1");
    let receipt = json!({"message_id": "m-1", "status": "delivered"}).to_string();
    assert_eq!(
        line.post("/receipt", receipt.clone()).await.body,
        json!({"result": "recorded"})
    );
    let again = line.post("/receipt", receipt).await;
    assert_eq!((again.status, again.body), (200, json!({"result": "unchanged"})));
    assert_eq!(line.door.receipts().len(), 1);
}

#[tokio::test]
async fn a_bad_receipt_is_refused() {
    let check = |body, field, error| check_refused("/receipt", body, 400, field, error);
    check(json!({"status": "delivered"}), json!("message_id"), "or provider_id").await;
    check(
        json!({"message_id": "", "status": "failed"}),
        json!("message_id"),
        "empty",
    )
    .await;
    check(
        json!({"provider_id": "", "status": "failed"}),
        json!("provider_id"),
        "empty",
    )
    .await;
    check(json!({"message_id": "m-1"}), json!("status"), "is required").await;
    check(
        json!({"message_id": "m-1", "status": "read"}),
        json!("status"),
        "delivered or failed",
    )
    .await;
    let long = json!({"message_id": "m-1", "status": "failed", "reason": "x".repeat(501)});
    check(long, json!("reason"), "longer than 500").await;
    let unknown = json!({"message_id": "m-2", "status": "failed"});
    check_refused(
        "/receipt",
        unknown,
        404,
        Value::Null,
        "has sent no message with this id",
    )
    .await;
}

#[tokio::test]
async fn both_paths_ask_for_the_secret_and_for_post() {
    let line = TestLine::open(&HttpJson, &json!({"secret": "drum"}));
    for path in ["/", "/receipt"] {
        assert_eq!(line.post(path, "nonsense").await.status, 401, "{path}");
        let request = Request::post(path)
            .header("x-ngoma-secret", "drum")
            .body(Body::from("nonsense"));
        assert_eq!(line.request(request.expect("a request")).await.status, 400, "{path}");
        let request = Request::get(path).body(Body::empty());
        assert_eq!(line.request(request.expect("a request")).await.status, 405, "{path}");
    }
    assert_eq!(line.post("/receipts", "{}").await.status, 404);
}

#[tokio::test]
async fn a_store_that_is_away_is_said_so() {
    let line = line();
    line.door
        .refuse(Some(ReceiveError::Unavailable("closing down".to_owned())));
    let receipt = json!({"message_id": "m-1", "status": "failed"});
    for (path, body) in [("/", message(json!({}))), ("/receipt", receipt)] {
        let answered = line.post(path, body.to_string()).await;
        assert_eq!(
            (answered.status, answered.headers["retry-after"].as_bytes()),
            (503, &b"2"[..]),
            "{path}"
        );
        assert_eq!(
            answered.body["error"], "the store is not available: closing down",
            "{path}"
        );
    }
}

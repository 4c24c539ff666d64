//! Requests and their answers, as a gateway sees them.

use super::UssdHttp;
use crate::test_line::{TestLine, outbound};
use axum::body::Body;
use http::Request;
use ngoma_engine::channel::{Inbound, ReceiveError, SendErrorKind};
use ngoma_message::SessionEvent;
use serde_json::{Value, json};

fn turn(more: Value) -> Value {
    let mut turn = json!({"session_id": "s-1", "from": "0831234567", "session_event": "new"});
    let fields = more.as_object().cloned().expect("an object");
    turn.as_object_mut().expect("an object").extend(fields);
    turn
}

/// Sends a turn, answers it, and returns the message the engine got.
async fn take(line: &TestLine, body: Value) -> Inbound {
    let answer = line.post_and_go_on(body);
    let asked = line.door.next_inbound().await;
    line.reply(&asked, "ok", None).await.expect("somebody waits");
    assert_eq!(answer.await.expect("no panic").status, 200);
    asked
}

async fn check_refused(body: Value, field: Value, error: &str) {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answered = line.post("/", body.to_string()).await;
    assert_eq!((answered.status, &answered.body["field"]), (400, &field), "{body}");
    assert!(
        answered.body["error"].as_str().is_some_and(|text| text.contains(error)),
        "{answered:?}"
    );
    assert!(line.door.inbound().is_empty(), "{body}");
}

async fn check_screen(event: Option<SessionEvent>, expected: &str) {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answer = line.post_and_go_on(turn(json!({})));
    let asked = line.door.next_inbound().await;
    line.reply(&asked, "Welcome.\n1. Register", event)
        .await
        .expect("somebody waits");
    let answered = answer.await.expect("no panic");
    let body = json!({"content": "Welcome.\n1. Register", "session_event": expected, "message_id": "a-1"});
    assert_eq!((answered.status, answered.body), (200, body));
}

#[tokio::test]
async fn a_turn_is_answered_with_the_services_screen() {
    check_screen(Some(SessionEvent::Resume), "resume").await;
    check_screen(Some(SessionEvent::Close), "close").await;
    check_screen(None, "resume").await;
}

#[tokio::test]
async fn a_turn_reaches_the_engine_whole() {
    let line = TestLine::open(&UssdHttp, &json!({"deadline": "3s"}));
    let body = turn(json!({"to": "*120*1#", "session_event": "resume", "content": "1", "message_id": "g-7"}));
    let asked = take(&line, body).await;
    assert_eq!(asked.from.to_string(), "tel:+27831234567");
    assert_eq!(asked.to.to_string(), "tel:*120*1#");
    assert_eq!(asked.content.as_deref(), Some("1"));
    assert_eq!(asked.provider_id.as_deref(), Some("g-7"));
    assert_eq!(asked.answer_within.map(|within| within.as_secs()), Some(3));
    let session = asked.session.expect("a session");
    assert_eq!((session.key.as_str(), session.event), ("s-1", SessionEvent::Resume));
}

#[tokio::test]
async fn what_may_be_absent_has_a_default() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    for body in [
        turn(json!({})),
        turn(json!({"content": null, "to": null, "message_id": null, "cell": 7})),
    ] {
        let asked = take(&line, body).await;
        assert_eq!(asked.to.to_string(), "tel:*120*8864#");
        assert_eq!((asked.content, asked.provider_id), (None, None));
    }
}

#[tokio::test]
async fn without_any_address_the_field_is_named() {
    let line = TestLine::open_at(&UssdHttp, &json!({}), None);
    let answered = line.post("/", turn(json!({})).to_string()).await;
    assert_eq!((answered.status, &answered.body["field"]), (400, &json!("to")));
}

#[tokio::test]
async fn the_body_is_json_whatever_its_content_type() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    for content_type in [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "nonsense",
    ] {
        let request = Request::post("/").header("Content-Type", content_type);
        let request = request.body(Body::from(turn(json!({"session_event": "close"})).to_string()));
        let answered = line.request(request.expect("a request")).await;
        assert_eq!(answered.status, 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_bad_field_is_named_and_nothing_is_stored() {
    let mut nobody = turn(json!({}));
    nobody.as_object_mut().expect("an object").remove("from");
    check_refused(nobody, json!("from"), "is required").await;
    check_refused(turn(json!({"from": ""})), json!("from"), "empty").await;
    check_refused(
        turn(json!({"from": 27831234567_u64})),
        json!("from"),
        "expected a string",
    )
    .await;
    check_refused(turn(json!({"from": "1".repeat(65)})), json!("from"), "longer than 64").await;
    check_refused(turn(json!({"to": "1".repeat(65)})), json!("to"), "longer than 64").await;
    check_refused(turn(json!({"session_id": null})), json!("session_id"), "is required").await;
    check_refused(
        turn(json!({"session_id": "s".repeat(129)})),
        json!("session_id"),
        "longer than 128",
    )
    .await;
    check_refused(
        turn(json!({"session_event": "begin"})),
        json!("session_event"),
        "new, resume or close",
    )
    .await;
    check_refused(
        turn(json!({"session_event": null})),
        json!("session_event"),
        "is required",
    )
    .await;
    check_refused(
        turn(json!({"content": "é".repeat(2_001)})),
        json!("content"),
        "longer than 2000",
    )
    .await;
    check_refused(turn(json!({"content": ["1"]})), json!("content"), "expected a string").await;
    check_refused(
        turn(json!({"message_id": "g".repeat(129)})),
        json!("message_id"),
        "longer than 128",
    )
    .await;
    check_refused(json!([]), Value::Null, "not a JSON object").await;
}

#[tokio::test]
async fn fields_at_their_longest_are_taken() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let body = json!({
        "session_id": "s".repeat(128), "from": "1".repeat(64), "to": "2".repeat(64), "session_event": "new",
        "content": "é".repeat(2_000), "message_id": "g".repeat(128),
    });
    assert_eq!(take(&line, body).await.content, Some("é".repeat(2_000)));
}

#[tokio::test]
async fn only_post_to_the_root_is_taken() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/").body(Body::empty());
        let answered = line.request(request.expect("a request")).await;
        assert_eq!(
            (answered.status, &answered.body["error"]),
            (405, &json!("use POST")),
            "{method}"
        );
        assert_eq!(answered.headers["allow"], "POST", "{method}");
    }
    assert_eq!(line.post("/receipt", "{}").await.status, 404);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_before_the_body_is_read() {
    let line = TestLine::open(&UssdHttp, &json!({"secret": "drum"}));
    for (secret, status) in [("drum", 400), ("Drum", 401), ("", 401)] {
        let request = Request::post("/")
            .header("X-Ngoma-Secret", secret)
            .body(Body::from("nonsense"));
        assert_eq!(
            line.request(request.expect("a request")).await.status,
            status,
            "{secret:?}"
        );
    }
    assert_eq!(line.post("/", turn(json!({})).to_string()).await.status, 401);
}

#[tokio::test]
async fn a_close_is_confirmed_as_soon_as_it_is_stored() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answered = line
        .post(
            "/",
            turn(json!({"session_event": "close", "message_id": "g-9"})).to_string(),
        )
        .await;
    let asked = line.door.next_inbound().await;
    let body = json!({"content": "", "session_event": "close", "message_id": asked.id.as_str()});
    assert_eq!((answered.status, &answered.body), (200, &body));
    assert_eq!(asked.answer_within, None);
    let error = line.reply(&asked, "Bye", None).await.expect_err("nobody waits");
    assert_eq!(error.kind, SendErrorKind::TooLate);

    let again = line
        .post(
            "/",
            turn(json!({"session_event": "close", "message_id": "g-9"})).to_string(),
        )
        .await;
    assert_eq!((again.status, again.body), (200, body));
}

#[tokio::test]
async fn a_store_that_is_away_is_said_so() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    line.door
        .refuse(Some(ReceiveError::Unavailable("disk full".to_owned())));
    for event in ["new", "close"] {
        let answered = line
            .post("/", turn(json!({ "session_event": event })).to_string())
            .await;
        assert_eq!(
            (answered.status, answered.headers["retry-after"].as_bytes()),
            (503, &b"2"[..]),
            "{event}"
        );
        assert_eq!(
            answered.body["error"], "the store is not available: disk full",
            "{event}"
        );
    }
}

#[tokio::test]
async fn a_message_that_answers_nothing_cannot_be_sent() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let error = line.transport.send(&outbound("News")).await.expect_err("no request");
    assert_eq!(error.kind, SendErrorKind::Permanent);
}

#[tokio::test]
async fn a_long_screen_is_sent_whole() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answer = line.post_and_go_on(turn(json!({})));
    let asked = line.door.next_inbound().await;
    let screen = "x".repeat(1_000);
    line.reply(&asked, &screen, None).await.expect("somebody waits");
    assert_eq!(answer.await.expect("no panic").body["content"], screen);
}

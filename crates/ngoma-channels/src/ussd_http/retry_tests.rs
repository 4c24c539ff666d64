//! A gateway that asks again with the same `message_id`.

use super::UssdHttp;
use super::waiting::RECENT_LIMIT;
use crate::test_line::TestLine;
use serde_json::{Value, json};

fn turn(message_id: &str) -> Value {
    json!({"session_id": "s-1", "from": "0831234567", "session_event": "new", "message_id": message_id})
}

/// Sends a turn and answers it.
async fn take(line: &TestLine, message_id: &str, screen: &str) -> Value {
    let answer = line.post_and_go_on(turn(message_id));
    let asked = line.door.next_inbound().await;
    line.reply(&asked, screen, None).await.expect("somebody waits");
    answer.await.expect("no panic").body
}

#[tokio::test(start_paused = true)]
async fn a_retry_gets_the_answer_that_was_given() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let first = take(&line, "g-1", "Welcome.").await;
    take(&line, "g-2", "Other.").await;
    let again = line.post("/", turn("g-1").to_string()).await;
    assert_eq!((again.status, again.body), (200, first));
    assert_eq!(line.door.inbound().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_gets_the_fallback_that_was_given() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let first = line.post("/", turn("g-1").to_string()).await;
    let again = line.post("/", turn("g-1").to_string()).await;
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(line.door.fallbacks().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_while_the_first_waits_gets_the_same_answer() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let first = line.post_and_go_on(turn("g-1"));
    let asked = line.door.next_inbound().await;
    let again = line.post_and_go_on(turn("g-1"));
    tokio::task::yield_now().await;
    line.reply(&asked, "Welcome.", None).await.expect("somebody waits");
    let (first, again) = (first.await.expect("no panic"), again.await.expect("no panic"));
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.body, again.body);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_hung_up_gets_the_answer_when_it_asks_again() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let lost = line.post_and_go_on(turn("g-1"));
    let asked = line.door.next_inbound().await;
    lost.abort();
    assert!(lost.await.expect_err("it was aborted").is_cancelled());
    line.reply(&asked, "Welcome.", None)
        .await
        .expect("the turn still waits");
    let again = line.post("/", turn("g-1").to_string()).await;
    assert_eq!((again.status, &again.body["content"]), (200, &json!("Welcome.")));
}

#[tokio::test(start_paused = true)]
async fn a_retry_whose_answer_is_forgotten_is_a_conflict() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    take(&line, "g-first", "Welcome.").await;
    for number in 0..RECENT_LIMIT {
        take(&line, &format!("g-{number}"), "ok").await;
    }
    let again = line.post("/", turn("g-first").to_string()).await;
    assert_eq!((again.status, &again.body["field"]), (409, &json!("message_id")));
    let error = json!("the message came before and its answer is not kept any more");
    assert_eq!(again.body["error"], error);
}

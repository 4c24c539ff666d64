//! What a person reads when the service is late or gives up.

use super::UssdHttp;
use super::waiting::WAITING_LIMIT;
use crate::test_line::{Answered, TestLine};
use ngoma_engine::channel::{Inbound, ReceiveError, SendErrorKind};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const DEFAULT_FALLBACK: &str = "We cannot answer now. Please dial again later.";

fn turn() -> Value {
    json!({"session_id": "s-1", "from": "0831234567", "session_event": "new"})
}

/// Expects that the fallback was answered, that it was recorded with this reason, and that nobody waits any more.
async fn check_fell_back(line: &TestLine, asked: &Inbound, answered: Answered, content: &str, reason: &str) {
    let fallbacks = line.door.fallbacks();
    assert_eq!(fallbacks.len(), 1);
    let recorded = &fallbacks[0];
    assert_eq!((&recorded.in_reply_to, recorded.content.as_str()), (&asked.id, content));
    assert_eq!((recorded.reason.as_str(), recorded.ends_session), (reason, true));
    let body = json!({"content": content, "session_event": "close", "message_id": recorded.id.as_str()});
    assert_eq!((answered.status, answered.body), (200, body));
    let late = line.reply(asked, "late", None).await.expect_err("nobody waits");
    assert_eq!(late.kind, SendErrorKind::TooLate);
}

async fn check_deadline(config: Value, deadline: Duration, content: &str, reason: &str) {
    let line = TestLine::open(&UssdHttp, &config);
    let started = Instant::now();
    let answer = line.post_and_go_on(turn());
    let asked = line.door.next_inbound().await;
    let answered = answer.await.expect("no panic");
    // The clock is paused and jumps to the next timer, which is the deadline.
    let waited = started.elapsed();
    assert!(
        waited >= deadline && waited < deadline + Duration::from_millis(2),
        "{waited:?}"
    );
    check_fell_back(&line, &asked, answered, content, reason).await;
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_the_fallback_is_answered() {
    let five = Duration::from_secs(5);
    check_deadline(
        json!({}),
        five,
        DEFAULT_FALLBACK,
        "no answer within 5s, the channel's deadline",
    )
    .await;
    let config = json!({"deadline": "300ms", "fallback": "Later."});
    let reason = "no answer within 300ms, the channel's deadline";
    check_deadline(config, Duration::from_millis(300), "Later.", reason).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_just_before_the_deadline_is_sent() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answer = line.post_and_go_on(turn());
    let asked = line.door.next_inbound().await;
    tokio::time::advance(Duration::from_millis(4_990)).await;
    line.reply(&asked, "in time", None).await.expect("somebody waits");
    assert_eq!(answer.await.expect("no panic").body["content"], "in time");
    assert!(line.door.fallbacks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn giving_up_answers_the_fallback_at_once() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let started = Instant::now();
    let answer = line.post_and_go_on(turn());
    let asked = line.door.next_inbound().await;
    line.transport.give_up(&asked.id, "the service failed").await;
    let answered = answer.await.expect("no panic");
    assert_eq!(started.elapsed(), Duration::ZERO);
    check_fell_back(&line, &asked, answered, DEFAULT_FALLBACK, "the service failed").await;
}

#[tokio::test(start_paused = true)]
async fn giving_up_after_the_answer_changes_nothing() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answer = line.post_and_go_on(turn());
    let asked = line.door.next_inbound().await;
    line.reply(&asked, "Welcome.", None).await.expect("somebody waits");
    line.transport.give_up(&asked.id, "too late").await;
    assert_eq!(answer.await.expect("no panic").body["content"], "Welcome.");
    line.transport.give_up(&"unknown".into(), "never seen").await;
    assert!(line.door.fallbacks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_the_first_of_two_answers_is_sent() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answer = line.post_and_go_on(turn());
    let asked = line.door.next_inbound().await;
    line.reply(&asked, "one", None).await.expect("somebody waits");
    let second = line.reply(&asked, "two", None).await.expect_err("answered already");
    assert_eq!(second.kind, SendErrorKind::TooLate);
    assert_eq!(answer.await.expect("no panic").body["content"], "one");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_cannot_be_recorded_is_not_answered() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answer = line.post_and_go_on(turn());
    line.door.next_inbound().await;
    line.door
        .refuse(Some(ReceiveError::Unavailable("disk full".to_owned())));
    assert_eq!(answer.await.expect("no panic").status, 503);
}

#[tokio::test(start_paused = true)]
async fn more_requests_than_the_limit_are_asked_to_come_again() {
    let line = TestLine::open(&UssdHttp, &json!({}));
    let answers: Vec<_> = (0..WAITING_LIMIT).map(|_| line.post_and_go_on(turn())).collect();
    for _ in 0..WAITING_LIMIT {
        line.door.next_inbound().await;
    }
    let refused = line.post("/", turn().to_string()).await;
    assert_eq!(
        (refused.status, refused.headers["retry-after"].as_bytes()),
        (503, &b"2"[..])
    );
    assert_eq!(line.door.inbound().len(), WAITING_LIMIT);
    for answer in answers {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
    let close = json!({"session_id": "s-1", "from": "1", "session_event": "close"});
    assert_eq!(line.post("/", close.to_string()).await.status, 200);
}

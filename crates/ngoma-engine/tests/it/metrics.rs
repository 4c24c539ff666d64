//! What is counted and measured, as Prometheus is told it.

use crate::line::{Line, text, turn};
use crate::world::{PATIENCE, World, demo, soon, until};
use ngoma_engine::channel::{Receipt, ReceiptFor, SendErrorKind, Sent};
use ngoma_engine::{Limits, Status};
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The number of a sample such as `ngoma_messages_sent_total{account="demo",channel="sms"}`.
pub fn number(metrics: &str, sample: &str) -> Option<f64> {
    let found = metrics
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    found.map(|number| number.parse().unwrap())
}

/// Waits until the sample has this number: what is stored is counted a moment later.
pub async fn check(world: &World, sample: &str, expected: f64) {
    let reached = async {
        while number(&world.engine().metrics_text().await, sample) != Some(expected) {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PATIENCE, reached).await.is_err() {
        let metrics = world.engine().metrics_text().await;
        assert_eq!(number(&metrics, sample), Some(expected), "{sample} in\n{metrics}");
    }
}

/// The same for a count of the SMS channel.
async fn check_sms(world: &World, count: &str, expected: f64) {
    let sample = format!("ngoma_{count}_total{{account=\"demo\",channel=\"sms\"}}");
    check(world, &sample, expected).await;
}

async fn report(line: &Line, about: ReceiptFor, status: DeliveryStatus) {
    let receipt = Receipt {
        about,
        status,
        reason: None,
    };
    line.ctx.door.report(receipt).await.unwrap();
}

async fn sent_as(line: &Line, provider_id: &str) -> MessageId {
    line.outcomes.lock().unwrap().push_back(Ok(Sent {
        provider_id: Some(provider_id.into()),
    }));
    line.take(text("+1", "hi")).await;
    soon(line.next_sent()).await.id
}

fn masked(metrics: &str) -> String {
    let mask = |line: &str| match line.rsplit_once(' ') {
        Some((sample, _)) if !line.starts_with('#') => format!("{sample} N\n"),
        _ => format!("{line}\n"),
    };
    metrics.lines().map(mask).collect()
}

#[tokio::test]
async fn every_metric_is_told_under_its_name() {
    let world = World::new().await;
    insta::assert_snapshot!(masked(&world.engine().metrics_text().await));
}

#[test]
fn the_how_to_explains_each_metric_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/watch-ngoma.md");
    let how_to = std::fs::read_to_string(path).unwrap();
    let explained = how_to
        .lines()
        .filter_map(|line| line.strip_prefix("| `ngoma_")?.split('`').next());
    let mut explained: Vec<&str> = explained.collect();
    let snapshot = include_str!("snapshots/it__metrics__every_metric_is_told_under_its_name.snap");
    let told = snapshot
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ngoma_")?.split(' ').next());
    let mut told: Vec<&str> = told.collect();
    explained.sort_unstable();
    told.sort_unstable();
    assert_eq!(explained, told);
}

#[tokio::test]
async fn a_message_in_and_its_answer_out_are_counted_once() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let mut again = text("+1", "hi");
    again.provider_id = Some("p1".into());
    line.take(again.clone()).await;
    again.id = MessageId::generate();
    line.receive(again).await.unwrap();
    check_sms(&world, "messages_sent", 1.0).await;
    check_sms(&world, "messages_received", 1.0).await;
    check(&world, "ngoma_step_seconds_count", 1.0).await;
    check(&world, "ngoma_send_seconds_count", 1.0).await;
    check(
        &world,
        r#"ngoma_messages_sent_total{account="demo",channel="ussd"}"#,
        0.0,
    )
    .await;
}

#[tokio::test]
async fn each_outcome_has_its_count() {
    for (kind, count) in [
        (SendErrorKind::Permanent, "messages_failed"),
        (SendErrorKind::Ambiguous, "messages_ambiguous"),
        (SendErrorKind::TooLate, "messages_expired"),
    ] {
        let world = World::new().await;
        let line = world.line("demo/sms");
        line.will(&[kind]);
        line.take(text("+1", "hi")).await;
        check_sms(&world, count, 1.0).await;
        check_sms(&world, "messages_sent", 0.0).await;
    }
}

#[tokio::test]
async fn a_message_without_a_channel_is_counted_without_a_label() {
    let world = World::new().await;
    world.line("demo/sms").take(text("+1", "send +27831234567 ussd")).await;
    check(&world, "ngoma_messages_failed_total", 1.0).await;
    check_sms(&world, "messages_failed", 0.0).await;
}

#[tokio::test]
async fn receipts_are_counted_when_they_move_a_message() {
    use DeliveryStatus::*;
    let world = World::new().await;
    let line = world.line("demo/sms");
    let id = sent_as(&line, "p1").await;
    world.reaches("+1", &id, Status::Sent).await;
    for status in [Pending, Delivered, Delivered, Failed] {
        report(&line, ReceiptFor::ProviderId("p1".into()), status).await;
    }
    check_sms(&world, "messages_delivered", 1.0).await;
    check_sms(&world, "messages_failed", 0.0).await;
    report(&line, ReceiptFor::ProviderId("p2".into()), Delivered).await;
    check_sms(&world, "receipts_held", 1.0).await;
    check_sms(&world, "messages_delivered", 1.0).await;
    sent_as(&line, "p2").await;
    check_sms(&world, "messages_delivered", 2.0).await;
}

#[tokio::test]
async fn what_a_person_gets_no_answer_to_is_counted_with_its_cause() {
    let ussd = |count: &str| format!("ngoma_{count}_total{{account=\"demo\",channel=\"ussd\"}}");
    let world = World::new().await;
    let line = world.line("demo/ussd");
    line.take(turn("+1", "s", "new", "fail")).await;
    check(&world, &ussd("inbound_failed"), 1.0).await;

    let late = turn("+2", "t", "new", "wait");
    line.take(late.clone()).await;
    line.take(turn("+2", "u", "new", "second")).await;
    let fallback = line
        .ctx
        .door
        .record_fallback(&late.id, "Later", true, "nobody answered");
    fallback.await.unwrap();
    check(&world, &ussd("fallbacks"), 1.0).await;
    // The first has begun, or it would expire as well.
    until(|| world.script.begun.load(Ordering::SeqCst) == 2).await;
    world.clock.advance(Duration::from_secs(5));
    world.script.gate.add_permits(1);
    check(&world, &ussd("inbound_expired"), 1.0).await;

    let mut unrouted = demo("demo");
    unrouted.accounts.get_mut("demo").unwrap().routes = Some(Vec::new());
    world.engine().apply(unrouted).await.unwrap();
    line.take(turn("+3", "v", "new", "hi")).await;
    check(&world, &ussd("inbound_unrouted"), 1.0).await;
}

#[tokio::test]
async fn a_send_whose_lease_was_lost_is_a_possible_duplicate() {
    if World::is_on_postgres() {
        return;
    }
    let world = World::new().await;
    let line = world.line("demo/sms");
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    line.take(text("+1", "hi")).await;
    soon(line.next_sent()).await;
    let outside = rusqlite::Connection::open(world.path().join("ngoma.db")).unwrap();
    outside
        .execute("UPDATE work SET lease = 99 WHERE kind = 1", [])
        .unwrap();
    gate.add_permits(1);
    check_sms(&world, "messages_possible_duplicates", 1.0).await;
    check_sms(&world, "messages_sent", 1.0).await;
}

#[tokio::test]
async fn what_waits_is_told_with_the_age_of_the_oldest() {
    let mut world = World::empty();
    world.limits = Limits {
        lease_wait: Duration::ZERO,
        waiting_in_memory: 2,
        ..Limits::default()
    };
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    for person in 0..5 {
        line.take(text(&format!("+{person}"), "wait")).await;
    }
    world.clock.advance(Duration::from_secs(7));
    let inbound = |name: &str| format!("{name}{{kind=\"inbound\",account=\"demo\",channel=\"sms\"}}");
    check(&world, &inbound("ngoma_messages_in_memory"), 2.0).await;
    check(&world, &inbound("ngoma_queue_waiting"), 3.0).await;
    check(&world, &inbound("ngoma_queue_oldest_ready_seconds"), 7.0).await;
    world.script.gate.add_permits(5);
    for _ in 0..5 {
        soon(line.next_sent()).await;
    }
    check(&world, &inbound("ngoma_queue_waiting"), 0.0).await;
    check(&world, &inbound("ngoma_queue_oldest_ready_seconds"), 0.0).await;
}

#[tokio::test]
async fn what_is_due_later_waits_and_is_not_ready() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    line.will(&[SendErrorKind::Temporary]);
    line.take(text("+1", "hi")).await;
    let outbound = |name: &str| format!("{name}{{kind=\"outbound\",account=\"demo\",channel=\"sms\"}}");
    check(&world, &outbound("ngoma_queue_waiting"), 1.0).await;
    check(&world, &outbound("ngoma_queue_oldest_ready_seconds"), 0.0).await;
}

#[tokio::test]
async fn a_send_under_way_is_in_the_window() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    line.take(text("+1", "hi")).await;
    line.take(text("+2", "hi")).await;
    let window = r#"ngoma_window_in_use{account="demo",channel="sms"}"#;
    check(&world, window, 2.0).await;
    gate.add_permits(2);
    check(&world, window, 0.0).await;
}

#[tokio::test]
async fn a_worker_that_is_silent_grows_old() {
    let world = World::new().await;
    let workers = world.engine().workers().await.unwrap();
    let [worker] = workers.as_slice() else {
        panic!("{workers:?}");
    };
    world.clock.set(worker.beat_at + Duration::from_secs(90));
    let sample = format!("ngoma_worker_beat_age_seconds{{epoch=\"{}\"}}", worker.epoch);
    check(&world, &sample, 90.0).await;
}

#[tokio::test]
async fn every_commit_is_measured_with_what_it_held() {
    let world = World::new().await;
    let before = number(&world.engine().metrics_text().await, "ngoma_commit_seconds_count").unwrap();
    assert!(before >= 1.0, "{before}");
    let line = world.line("demo/sms");
    line.take(text("+1", "hi")).await;
    soon(line.next_sent()).await;
    let metrics = world.engine().metrics_text().await;
    let commits = number(&metrics, "ngoma_commit_seconds_count").unwrap();
    let operations = number(&metrics, "ngoma_commit_operations_sum").unwrap();
    assert!(commits > before && operations >= commits, "{commits} {operations}");
}

#[tokio::test]
async fn without_the_store_the_rest_is_told() {
    if World::is_on_postgres() {
        return;
    }
    let world = World::new().await;
    check(&world, "ngoma_store_answers", 1.0).await;
    let outside = rusqlite::Connection::open(world.path().join("ngoma.db")).unwrap();
    outside.execute_batch("ALTER TABLE worker RENAME TO hidden").unwrap();
    let metrics = world.engine().metrics_text().await;
    assert_eq!(number(&metrics, "ngoma_store_answers"), Some(0.0));
    assert!(
        metrics.contains("ngoma_messages_sent_total") && !metrics.contains("ngoma_queue_waiting"),
        "{metrics}"
    );
}

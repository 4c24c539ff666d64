//! What a step leaves for running it again.

use crate::harness::{REPLY, handler, script};
use ngoma_engine::recording::RecordedLine;
use ngoma_engine::service::{StepInput, StepOutcome};
use serde_json::{Value, json};

/// The lines of a step, `<` for what it was told.
fn lines(outcome: &StepOutcome) -> Vec<(char, Value)> {
    let recording = outcome.recording.as_ref().expect("the step was begun");
    let line = |line: &RecordedLine| match line {
        RecordedLine::Said(text) => ('>', serde_json::from_str(text).unwrap()),
        RecordedLine::Told(_, text) => ('<', serde_json::from_str(text).unwrap()),
    };
    recording.lines.iter().map(line).collect()
}

#[tokio::test]
async fn every_line_is_recorded_in_its_order() {
    let outcome = handler("api.request('kv.get', {key: 'a'}, (r) => reply('x'));")
        .load()
        .await
        .message()
        .await;
    let said: Vec<_> = lines(&outcome)
        .into_iter()
        .map(|(way, line)| format!("{way} {} {}", line["cmd"].as_str().unwrap(), line["cmd_id"]))
        .collect();
    let expected = [
        r#"> kv.get "1""#,
        r#"< kv.get "1""#,
        r#"> outbound.reply_to "2""#,
        r#"< outbound.reply_to "2""#,
        r#"> log.info "3""#,
        r#"< log.info "3""#,
        r#"> js.done "4""#,
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_step_that_fails_is_recorded_to_its_end() {
    let outcome = handler("api.log_info('so far'); throw new Error('oh');")
        .load()
        .await
        .message()
        .await;
    assert_eq!(outcome.error.as_ref().map(|error| error.line), Some(Some(3)));
    let last = lines(&outcome).pop().unwrap();
    assert_eq!(
        (last.0, &last.1["cmd"], &last.1["line"]),
        ('>', &json!("js.error"), &json!(3))
    );
}

#[tokio::test]
async fn the_clock_moves_with_replies_and_timers_only() {
    let body = "const times = [Date.now()]; let n = 0; for (let i = 0; i < 3e5; i += 1) n += i; times.push(Date.now()); \
        setTimeout(() => { times.push(Date.now()); reply([times[1] - times[0], times[2] - times[0], \
        performance.now() >= 30, new Date().getTime() === times[2]]); }, 30);";
    let outcome = handler(body).load().await.message().await;
    let content = outcome.replies[0].content.clone().unwrap();
    assert_eq!(content, "[0,30,true,true]");
    let recording = outcome.recording.unwrap();
    assert!(recording.lines.iter().all(|line| match line {
        RecordedLine::Told(at, _) => *at >= recording.step.at,
        RecordedLine::Said(_) => true,
    }));
}

#[tokio::test]
async fn a_loop_that_waits_for_a_moment_ends() {
    let body = "const begun = Date.now(); let n = 0; while (Date.now() - begun < 500) n += 1; reply(n > 500);";
    assert_eq!(handler(body).load().await.answer().await, "true");
}

#[tokio::test]
async fn a_script_that_asks_again_and_again_still_hears_its_reply() {
    let body = "let heard = false; api.request('kv.get', {key: 'a'}, () => { heard = true; }); \
        (function look() { if (heard) reply('heard'); else setImmediate(look); })();";
    assert_eq!(handler(body).load().await.answer().await, "heard");
}

#[tokio::test]
async fn the_seed_of_a_recording_gives_the_same_numbers_again() {
    let source = format!("{REPLY} api.on_inbound_message = () => reply([Math.random(), Math.random()]);");
    let mut service = script(&source);
    service.seed = Some(9);
    let loaded = service.load().await;
    let step = || StepInput::Message(json!({"message_id": "m1"}));
    let (first, second) = (loaded.step(step()).await, loaded.step(step()).await);
    assert_eq!(first.replies, second.replies);
    assert!(first.recording.unwrap().step.seed == second.recording.unwrap().step.seed);
}

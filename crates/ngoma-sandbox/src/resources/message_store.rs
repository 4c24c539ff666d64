//! `message_store.*`: how many messages the service had, and what became of them.

use super::{Answer, Finish, Resource, StepContext};
use async_trait::async_trait;
use ngoma_engine::Direction;
use ngoma_engine::ports::Totals;
use ngoma_message::Object;
use serde_json::{Value, json};
use std::time::Duration;

/// How far back a throughput looks if it is not said, in seconds, and how far at most.
const USUAL_SAMPLE: f64 = 300.0;
const LONGEST_SAMPLE: f64 = 86_400.0;

/// The resource `message_store`. What it counts is bounded: see
/// [`MessageCounter`](ngoma_engine::ports::MessageCounter).
pub struct MessageStore;

#[async_trait]
impl Resource for MessageStore {
    fn name(&self) -> &'static str {
        "message_store"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        let tell: fn(&Totals) -> (&'static str, Value) = match command {
            "progress_status" => |totals| ("progress_status", progress(totals)),
            "count_replies" => |totals| ("count", totals.received.into()),
            "count_sent_messages" => |totals| ("count", totals.sent.into()),
            "count_inbound_uniques" => |totals| ("count", totals.senders.into()),
            "count_outbound_uniques" => |totals| ("count", totals.receivers.into()),
            "inbound_throughput" => return throughput(params, Direction::Inbound, step).into(),
            "outbound_throughput" => return throughput(params, Direction::Outbound, step).into(),
            _ => return Answer::Unknown,
        };
        match check_conversation(params, step) {
            Ok(()) => totals(step, tell),
            Err(reason) => Answer::Refused(reason),
        }
    }
}

/// Vumi Go's conversation is our service, and a service sees no other's messages.
fn check_conversation(params: &Object, step: &StepContext) -> Result<(), String> {
    match params.get("conversation_key") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(key)) if *key == step.ports.account.allowances.service() => Ok(()),
        Some(_) => Err("Invalid conversation_key".into()),
    }
}

fn totals(step: &StepContext, tell: fn(&Totals) -> (&'static str, Value)) -> Answer {
    let counter = step.ports.account.messages.clone();
    Answer::Later(Box::pin(async move {
        let counted = counter.totals().await;
        let finish: Finish = Box::new(move |_| match counted {
            Ok(totals) => {
                let (name, value) = tell(&totals);
                let mut reply = Object::from_iter([(name.to_owned(), value)]);
                if let Some(since) = totals.since {
                    reply.insert("counted_since".to_owned(), since.to_vumi().into());
                }
                Answer::Reply(reply)
            }
            Err(error) => Answer::Refused(error.to_string()),
        });
        finish
    }))
}

fn progress(totals: &Totals) -> Value {
    json!({
        "sent": totals.sent,
        "ack": totals.acks,
        "nack": totals.nacks,
        "delivery_report": totals.delivered + totals.undelivered,
        "delivery_report_delivered": totals.delivered,
        "delivery_report_failed": totals.undelivered,
        // A message on its way is not told from one without a report.
        "delivery_report_pending": 0,
    })
}

fn throughput(params: &Object, direction: Direction, step: &StepContext) -> Result<Answer, String> {
    check_conversation(params, step)?;
    let sample = sample_time(params.get("sample_time"))?;
    let counter = step.ports.account.messages.clone();
    Ok(Answer::Later(Box::pin(async move {
        let rate = counter.rate(direction, sample).await;
        let finish: Finish = Box::new(move |_| match rate {
            Ok(rate) => Answer::value("throughput", rate),
            Err(error) => Answer::Refused(error.to_string()),
        });
        finish
    })))
}

/// Whole seconds, as a number or as its digits.
fn sample_time(given: Option<&Value>) -> Result<Duration, String> {
    let seconds = match given {
        None => Some(USUAL_SAMPLE),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64(),
    };
    let seconds = seconds.map(f64::trunc).filter(|seconds| *seconds >= 1.0);
    let seconds = seconds.ok_or("'sample_time' must be a number of seconds")?;
    Ok(Duration::from_secs_f64(seconds.min(LONGEST_SAMPLE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use crate::resources::testing_account::FakeAccount;
    use ngoma_message::Timestamp;

    fn given(since: Option<Timestamp>) -> Given {
        let totals = Totals {
            received: 9,
            senders: 4,
            sent: 8,
            receivers: 3,
            acks: 6,
            nacks: 1,
            delivered: 4,
            undelivered: 1,
            since,
        };
        let account = FakeAccount {
            totals,
            ..FakeAccount::default()
        };
        Given {
            account,
            ..Given::default()
        }
    }

    async fn check(command: &str, params: Value, expected: Value) {
        let mut step = given(None).step();
        assert_eq!(
            run(&MessageStore, &mut step, command, params.clone()).await,
            expected,
            "{command} {params}"
        );
    }

    #[tokio::test]
    async fn counts_are_told_under_vumi_gos_names() {
        let progress = json!({"sent": 8, "ack": 6, "nack": 1, "delivery_report": 5, "delivery_report_delivered": 4,
            "delivery_report_failed": 1, "delivery_report_pending": 0});
        check(
            "progress_status",
            json!({}),
            json!({"success": true, "progress_status": progress}),
        )
        .await;
        for (command, count) in [
            ("count_replies", 9),
            ("count_sent_messages", 8),
            ("count_inbound_uniques", 4),
            ("count_outbound_uniques", 3),
        ] {
            let expected = json!({"success": true, "count": count});
            check(command, json!({}), expected.clone()).await;
            check(command, json!({"conversation_key": "clinic"}), expected.clone()).await;
            check(command, json!({"conversation_key": null}), expected).await;
        }
        check("count", json!({}), json!("unknown")).await;
    }

    #[tokio::test]
    async fn another_services_messages_are_not_counted() {
        let refused = json!({"success": false, "reason": "Invalid conversation_key"});
        for command in ["progress_status", "count_replies", "inbound_throughput"] {
            check(command, json!({"conversation_key": "bank"}), refused.clone()).await;
            check(command, json!({"conversation_key": 5}), refused.clone()).await;
        }
    }

    #[tokio::test]
    async fn a_count_that_is_not_whole_says_since_when() {
        let since = Timestamp::parse("2026-11-20 08:00:00").unwrap();
        let mut step = given(Some(since)).step();
        let reply = run(&MessageStore, &mut step, "count_replies", json!({})).await;
        let since = "2026-11-20 08:00:00.000000";
        assert_eq!(reply, json!({"success": true, "count": 9, "counted_since": since}));
    }

    #[tokio::test]
    async fn a_throughput_looks_back_as_long_as_it_is_told() {
        // The fake's rate is how many seconds it was asked for, with a minus for what went out.
        let rate = |rate: f64| json!({"success": true, "throughput": rate});
        check("inbound_throughput", json!({}), rate(300.0)).await;
        check("outbound_throughput", json!({"sample_time": 20}), rate(-20.0)).await;
        check("inbound_throughput", json!({"sample_time": "60"}), rate(60.0)).await;
        check("inbound_throughput", json!({"sample_time": 1e12}), rate(86_400.0)).await;
        let refused = json!({"success": false, "reason": "'sample_time' must be a number of seconds"});
        for sample in [json!(0), json!(-5), json!("soon"), json!(null), json!([])] {
            check("inbound_throughput", json!({"sample_time": sample}), refused.clone()).await;
        }
    }
}

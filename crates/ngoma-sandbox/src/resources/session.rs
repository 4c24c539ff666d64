//! `session.*`: a person is handed over to another service for a while, and back.

use super::{Answer, Resource, StepContext};
use async_trait::async_trait;
use ngoma_engine::ports::HandOverWrite;
use ngoma_message::Object;
use serde_json::Value;
use std::time::Duration;

/// How long a hand-over lasts if it is not said, and how long at most, in seconds.
const USUAL_SECONDS: f64 = 86_400.0;
const MOST_SECONDS: f64 = 30.0 * 86_400.0;
/// The longest reason, in characters.
const REASON_CHARS: usize = 200;

/// The resource `session`.
pub struct Session;

#[async_trait]
impl Resource for Session {
    fn name(&self) -> &'static str {
        "session"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "hand_over" => hand_over(params, step).into(),
            "hand_back" => hand_back(step).into(),
            _ => Answer::Unknown,
        }
    }
}

fn hand_over(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    check_person(step)?;
    let service = match params.get("to") {
        Some(Value::String(to)) => to.clone(),
        _ => return Err("'to' must be the name of a service".into()),
    };
    if !step.ports.account.allowances.has_other_service(&service) {
        return Err(format!("there is no other service {service:?} in this account"));
    }
    let reason = match params.get("reason") {
        None | Some(Value::Null) => None,
        Some(Value::String(reason)) if reason.chars().nth(REASON_CHARS).is_none() => Some(reason.clone()),
        Some(_) => {
            return Err(format!(
                "'reason' must be a text of at most {REASON_CHARS} characters or null"
            ));
        }
    };
    let seconds = match params.get("seconds") {
        None | Some(Value::Null) => Some(USUAL_SECONDS),
        Some(seconds) => seconds.as_f64(),
    };
    let seconds = seconds.filter(|seconds| (1.0..=MOST_SECONDS).contains(seconds));
    let seconds = seconds.ok_or_else(|| format!("'seconds' must be a number from 1 to {MOST_SECONDS}"))?;
    let until = step.now() + Duration::from_secs_f64(seconds);
    step.outcome
        .hand_overs
        .push(HandOverWrite::To { service, reason, until });
    Ok(Answer::value("until", until.to_vumi()))
}

fn hand_back(step: &mut StepContext) -> Result<Answer, String> {
    check_person(step)?;
    step.outcome.hand_overs.push(HandOverWrite::Back);
    Ok(Answer::done())
}

/// Who is handed over is the sender of the step's message.
fn check_person(step: &StepContext) -> Result<(), String> {
    match step.has_message() {
        true => Ok(()),
        false => Err("only a step of a person's message can hand the person over or back".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use ngoma_message::Timestamp;
    use serde_json::json;

    async fn check(command: &str, params: Value, expected: Result<&HandOverWrite, &str>) {
        let mut step = Given::default().step();
        let reply = run(&Session, &mut step, command, params).await;
        match expected {
            Ok(write) => {
                assert_eq!(reply["success"], true, "{reply}");
                assert_eq!(step.outcome.hand_overs, std::slice::from_ref(write));
            }
            Err(reason) => {
                assert_eq!(reply, json!({"success": false, "reason": reason}));
                assert_eq!(step.outcome.hand_overs, []);
            }
        }
    }

    fn to(reason: Option<&str>, until: &str) -> HandOverWrite {
        HandOverWrite::To {
            service: "people".into(),
            reason: reason.map(str::to_owned),
            until: Timestamp::parse(until).unwrap(),
        }
    }

    #[tokio::test]
    async fn a_person_is_handed_over_for_a_day_or_as_long_as_is_said() {
        let day = to(None, "2026-11-25 08:00:00");
        check("hand_over", json!({"to": "people"}), Ok(&day)).await;
        check(
            "hand_over",
            json!({"to": "people", "seconds": null, "reason": null}),
            Ok(&day),
        )
        .await;
        let hour = to(Some("asks for a nurse"), "2026-11-24 09:00:00");
        let params = json!({"to": "people", "seconds": 3600, "reason": "asks for a nurse"});
        check("hand_over", params, Ok(&hour)).await;
        check("hand_back", json!({}), Ok(&HandOverWrite::Back)).await;
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let nobody = "there is no other service \"nobody\" in this account";
        check("hand_over", json!({"to": "nobody"}), Err(nobody)).await;
        let own = "there is no other service \"clinic\" in this account";
        check("hand_over", json!({"to": "clinic"}), Err(own)).await;
        check("hand_over", json!({}), Err("'to' must be the name of a service")).await;
        for seconds in [json!(0), json!(-1), json!("60"), json!(2_592_001)] {
            let reason = "'seconds' must be a number from 1 to 2592000";
            check("hand_over", json!({"to": "people", "seconds": seconds}), Err(reason)).await;
        }
        for reason in [json!("x".repeat(201)), json!(5)] {
            let refused = "'reason' must be a text of at most 200 characters or null";
            check("hand_over", json!({"to": "people", "reason": reason}), Err(refused)).await;
        }
    }

    #[tokio::test]
    async fn a_step_of_an_event_hands_nobody_over() {
        for command in ["hand_over", "hand_back"] {
            let mut step = Given::default().step_of_an_event();
            let reply = run(&Session, &mut step, command, json!({"to": "people"})).await;
            assert_eq!(reply["success"], false, "{command}");
            assert_eq!(step.outcome.hand_overs, []);
        }
    }
}

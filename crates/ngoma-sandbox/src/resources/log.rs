//! `log.*`: the service's log.

use super::{Answer, Resource, StepContext};
use async_trait::async_trait;
use ngoma_message::Object;
use serde_json::Value;

/// The resource `log`.
pub struct Log;

#[async_trait]
impl Resource for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        let level = match command {
            "debug" | "info" | "warning" | "error" | "critical" => command,
            "log" => level_of(params.get("level")),
            _ => return Answer::Unknown,
        };
        let message = match params.get("msg") {
            None | Some(Value::Null) => return Answer::Refused("Value expected for msg".into()),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        step.log(level, message);
        Answer::done()
    }
}

/// The word for one of Python's numbers; 20, `info`, when none is given.
fn level_of(level: Option<&Value>) -> &'static str {
    match level.and_then(Value::as_f64).unwrap_or(20.0) {
        level if level <= 10.0 => "debug",
        level if level <= 20.0 => "info",
        level if level <= 30.0 => "warning",
        level if level <= 40.0 => "error",
        _ => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use serde_json::json;

    async fn check(command: &str, params: Value, expected: Option<(&str, &str)>) {
        let mut step = Given::default().step();
        let reply = run(&Log, &mut step, command, params).await;
        let logged = step.outcome.log.first();
        assert_eq!(
            logged.map(|line| (line.level.as_str(), line.message.as_str())),
            expected
        );
        assert_eq!(reply["success"] == true, expected.is_some(), "{reply}");
    }

    #[tokio::test]
    async fn lines_are_logged_at_their_level() {
        check("info", json!({"msg": "hello"}), Some(("info", "hello"))).await;
        check("critical", json!({"msg": {"a": 1}}), Some(("critical", r#"{"a":1}"#))).await;
        check("log", json!({"msg": "x"}), Some(("info", "x"))).await;
        check("log", json!({"msg": "x", "level": 40}), Some(("error", "x"))).await;
        check("info", json!({"msg": null}), None).await;
        check("shout", json!({"msg": "x"}), None).await;
    }
}

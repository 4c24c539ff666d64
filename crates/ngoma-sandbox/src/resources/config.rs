//! `config.get`: the service's settings.

use super::{Answer, Resource, StepContext};
use async_trait::async_trait;
use ngoma_message::Object;

/// The resource `config`.
pub struct Config;

#[async_trait]
impl Resource for Config {
    fn name(&self) -> &'static str {
        "config"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "get" => get(params, step),
            _ => Answer::Unknown,
        }
    }
}

/// A key that is not set is null, as hosted Vumi had it, so that a script can ask for what may be missing.
fn get(params: &Object, step: &StepContext) -> Answer {
    match params.get("key").and_then(|key| key.as_str()) {
        Some(key) => Answer::value("value", step.ports.config.get(key).cloned().unwrap_or_default()),
        None => Answer::Refused("\"key\" must be a string".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use serde_json::{Value, json};

    async fn check(params: Value, expected: Value) {
        let config = json!({"name": "clinic", "config": {"a": [1]}});
        let mut step = Given {
            config,
            ..Given::default()
        }
        .step();
        assert_eq!(run(&Config, &mut step, "get", params).await, expected);
    }

    #[tokio::test]
    async fn settings_are_read_and_missing_ones_are_null() {
        check(json!({"key": "name"}), json!({"success": true, "value": "clinic"})).await;
        check(json!({"key": "config"}), json!({"success": true, "value": {"a": [1]}})).await;
        check(json!({"key": "other"}), json!({"success": true, "value": null})).await;
        check(
            json!({}),
            json!({"success": false, "reason": "\"key\" must be a string"}),
        )
        .await;
    }
}

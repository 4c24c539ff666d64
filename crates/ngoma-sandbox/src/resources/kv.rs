//! `kv.*`: the service's keys. What a step writes is seen by its own later reads and committed with its replies.

use super::{Answer, Resource, StepContext};
use async_trait::async_trait;
use ngoma_message::Object;
use serde_json::Value;
use std::time::Duration;

const KEY_BYTES: usize = 256;
const VALUE_BYTES: usize = 64 << 10;

/// The resource `kv`.
pub struct Kv;

#[async_trait]
impl Resource for Kv {
    fn name(&self) -> &'static str {
        "kv"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "get" => get(params, step).await.into(),
            "set" => set(params, step).await.into(),
            "delete" => delete(params, step).await.into(),
            "incr" => increment(params, step).await.into(),
            _ => Answer::Unknown,
        }
    }
}

async fn get(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let value = step.read(key(params)?).await?;
    Ok(Answer::value("value", value.unwrap_or_default()))
}

async fn set(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let key = key(params)?;
    let value = params.get("value").ok_or("\"value\" is missing")?;
    if value.to_string().len() > VALUE_BYTES {
        return Err(format!("the value is larger than {} KiB", VALUE_BYTES >> 10));
    }
    step.set(key, value.clone(), lasts(params)?).await?;
    Ok(Answer::done())
}

async fn delete(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let existed = step.delete(key(params)?).await?;
    Ok(Answer::value("existed", existed))
}

async fn increment(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let key = key(params)?;
    let amount = match params.get("amount") {
        None | Some(Value::Null) => 1,
        Some(amount) => amount.as_i64().ok_or("\"amount\" must be an integer")?,
    };
    Ok(Answer::value("value", step.increment(key, amount).await?))
}

fn key(params: &Object) -> Result<&str, String> {
    let key = params
        .get("key")
        .and_then(Value::as_str)
        .ok_or("\"key\" must be a string")?;
    if key.len() > KEY_BYTES {
        return Err(format!("the key is longer than {KEY_BYTES} bytes"));
    }
    Ok(key)
}

fn lasts(params: &Object) -> Result<Option<Duration>, String> {
    match params.get("seconds") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(seconds)) => {
            let seconds = seconds.as_f64().unwrap_or(0.0);
            let lasts = Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|lasts| !lasts.is_zero());
            lasts.map(Some).ok_or_else(|| "seconds must be more than zero".into())
        }
        Some(_) => Err("seconds must be a number or null".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use ngoma_engine::service::KvWrite;
    use ngoma_message::Timestamp;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn step() -> StepContext {
        let kv = BTreeMap::from([("a".to_owned(), json!({"n": 1})), ("n".to_owned(), json!(41))]);
        Given { kv, ..Given::default() }.step()
    }

    async fn check(step: &mut StepContext, command: &str, params: Value, expected: Value) {
        assert_eq!(
            run(&Kv, step, command, params.clone()).await,
            expected,
            "{command} {params}"
        );
    }

    #[tokio::test]
    async fn a_step_reads_what_is_committed_and_what_it_wrote() {
        let step = &mut step();
        check(
            step,
            "get",
            json!({"key": "a"}),
            json!({"success": true, "value": {"n": 1}}),
        )
        .await;
        check(
            step,
            "get",
            json!({"key": "b"}),
            json!({"success": true, "value": null}),
        )
        .await;
        check(step, "set", json!({"key": "a", "value": [2]}), json!({"success": true})).await;
        check(step, "get", json!({"key": "a"}), json!({"success": true, "value": [2]})).await;
        check(
            step,
            "delete",
            json!({"key": "a"}),
            json!({"success": true, "existed": true}),
        )
        .await;
        check(
            step,
            "delete",
            json!({"key": "a"}),
            json!({"success": true, "existed": false}),
        )
        .await;
        check(
            step,
            "get",
            json!({"key": "a"}),
            json!({"success": true, "value": null}),
        )
        .await;
    }

    #[tokio::test]
    async fn numbers_are_counted_up() {
        let step = &mut step();
        check(step, "incr", json!({"key": "n"}), json!({"success": true, "value": 42})).await;
        check(
            step,
            "incr",
            json!({"key": "n", "amount": -2}),
            json!({"success": true, "value": 40}),
        )
        .await;
        check(
            step,
            "incr",
            json!({"key": "new", "amount": 5}),
            json!({"success": true, "value": 5}),
        )
        .await;
        let refused = json!({"success": false, "reason": "value is not an integer or out of range"});
        check(step, "incr", json!({"key": "a"}), refused).await;
        let increment = |key: &str, amount| KvWrite::Increment {
            key: key.into(),
            amount,
        };
        assert_eq!(
            step.outcome.kv,
            [increment("n", 1), increment("n", -2), increment("new", 5)]
        );
    }

    #[tokio::test]
    async fn a_key_may_expire() {
        let step = &mut step();
        check(
            step,
            "set",
            json!({"key": "a", "value": 1, "seconds": 60}),
            json!({"success": true}),
        )
        .await;
        let expires_at = Timestamp::parse("2026-11-24 08:01:00");
        assert_eq!(
            step.outcome.kv,
            [KvWrite::Set {
                key: "a".into(),
                value: json!(1),
                expires_at
            }]
        );
        let refused = json!({"success": false, "reason": "seconds must be a number or null"});
        check(step, "set", json!({"key": "a", "value": 1, "seconds": "60"}), refused).await;
    }

    #[tokio::test]
    async fn keys_values_and_their_number_are_limited() {
        let step = &mut step();
        let refused = |reason: &str| json!({"success": false, "reason": reason});
        let long = "k".repeat(257);
        check(
            step,
            "get",
            json!({"key": long}),
            refused("the key is longer than 256 bytes"),
        )
        .await;
        let large = "v".repeat(65 << 10);
        check(
            step,
            "set",
            json!({"key": "a", "value": large}),
            refused("the value is larger than 64 KiB"),
        )
        .await;
        for key in ["c", "d", "e"] {
            check(step, "set", json!({"key": key, "value": 1}), json!({"success": true})).await;
        }
        check(step, "set", json!({"key": "f", "value": 1}), refused("Too many keys")).await;
        check(
            step,
            "delete",
            json!({"key": "c"}),
            json!({"success": true, "existed": true}),
        )
        .await;
        check(step, "set", json!({"key": "f", "value": 1}), json!({"success": true})).await;
        assert_eq!(step.outcome.log[0].message, "The service holds 4 keys of at most 5.");
    }

    #[tokio::test]
    async fn a_key_removed_before_the_first_new_one_makes_room() {
        let step = &mut step();
        let existed = json!({"success": true, "existed": true});
        check(step, "delete", json!({"key": "a"}), existed).await;
        for key in ["c", "d", "e", "f"] {
            check(step, "set", json!({"key": key, "value": 1}), json!({"success": true})).await;
        }
        let refused = json!({"success": false, "reason": "Too many keys"});
        check(step, "incr", json!({"key": "a"}), refused).await;
    }
}

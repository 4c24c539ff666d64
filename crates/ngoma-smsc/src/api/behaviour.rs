//! `/api/behaviour`: GET shows it, PUT replaces it, PATCH changes what is named (RFC 7396).

use super::{Api, Problem, body};
use crate::behaviour::Behaviour;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde_json::Value;

/// Shows it.
pub async fn show_behaviour(State(api): State<Api>) -> Json<Behaviour> {
    Json(api.carrier.behaviour())
}

/// Replaces it: what is not said is as at the start.
pub async fn replace_behaviour(State(api): State<Api>, sent: Bytes) -> Result<Json<Behaviour>, Problem> {
    api.carrier.behave(body::read(&sent)?)?;
    Ok(Json(api.carrier.behaviour()))
}

/// Changes what is named; `null` is as at the start.
pub async fn change_behaviour(State(api): State<Api>, sent: Bytes) -> Result<Json<Behaviour>, Problem> {
    let patch: Value = body::read(&sent)?;
    let mut all = serde_json::to_value(api.carrier.behaviour()).unwrap_or_default();
    merge(&mut all, patch);
    let all = Bytes::from(all.to_string());
    api.carrier.behave(body::read(&all)?)?;
    Ok(Json(api.carrier.behaviour()))
}

/// As RFC 7396 §2 says.
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                match value.is_null() {
                    true => drop(target.remove(&name)),
                    false => merge(target.entry(name).or_insert(Value::Null), value),
                }
            }
        }
        (target, patch) => *target = patch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_named_is_changed() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}});
        merge(&mut target, json!({"b": {"c": null, "e": {"f": 4}}, "g": [5]}));
        assert_eq!(target, json!({"a": 1, "b": {"d": 3, "e": {"f": 4}}, "g": [5]}));
    }
}

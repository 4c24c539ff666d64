//! `/api/answers`: what the next messages are answered, each once.

use super::{Api, Problem, body};
use crate::behaviour::NextAnswer;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde_json::{Value, json};

/// Lists those that wait, the next first.
pub async fn list_answers(State(api): State<Api>) -> Json<Vec<NextAnswer>> {
    Json(api.carrier.answers())
}

/// Adds one, or a list of them.
pub async fn add_answers(State(api): State<Api>, sent: Bytes) -> Result<Json<Value>, Problem> {
    let is_list = sent.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'[');
    let answers: Vec<NextAnswer> = match is_list {
        true => body::read(&sent)?,
        false => vec![body::read(&sent)?],
    };
    answers.iter().try_for_each(NextAnswer::check)?;
    Ok(Json(json!({ "waiting": api.carrier.will(answers)? })))
}

/// Forgets those that wait.
pub async fn forget_answers(State(api): State<Api>) -> Json<Value> {
    api.carrier.forget_answers();
    Json(json!({ "waiting": 0 }))
}

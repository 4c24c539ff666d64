//! `POST /api/v1/messages`: one message, or a list of which all are taken or none.

use super::authenticate::Authenticated;
use super::problem::Problem;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use ngoma_engine::{Engine, Priority, RequestKey, Submission, request_body};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// The most messages of one list.
pub(super) const LIST_LIMIT: usize = 1000;
/// The largest body, in bytes.
pub(super) const BODY_LIMIT: usize = 4 << 20;
/// The longest Idempotency-Key, in characters.
const KEY_LENGTH: usize = 255;
const KEY_HEADER: &str = "Idempotency-Key";
/// The longest time a message may be of use, in seconds: a week.
const LONGEST_VALIDITY: u64 = 7 * 24 * 3600;

/// ```json
/// {"channel":"sms","to":"+27831234567","content":"Come on Tuesday.","priority":"high","valid_for":3600}
/// ```
/// `priority` (`urgent`, `high`, `normal`, `bulk`) and `valid_for` (seconds) may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageRequest {
    channel: String,
    to: String,
    content: String,
    #[serde(default)]
    priority: Option<String>,
    #[serde(default)]
    valid_for: Option<u64>,
}

/// ```json
/// {"id":"0193583ffb1c7a0ea2d94b6c0a3f5e11","time_to_drain":120}
/// ```
/// `time_to_drain`: how many seconds what waited before takes to send, where that is known.
#[derive(Debug, Serialize)]
struct OneAccepted {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_drain: Option<u64>,
}

/// ```json
/// {"ids":["0193583ffb1c7a0ea2d94b6c0a3f5e11","0193583ffb1c7a0ea2d94b6c0a3f5e12"]}
/// ```
#[derive(Debug, Serialize)]
struct ListAccepted {
    ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_drain: Option<u64>,
}

/// Takes one message or a list; answers 202 when they are durable.
pub(super) async fn create_messages(
    State(engine): State<Arc<Engine>>,
    Authenticated(client): Authenticated,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = request_body::read(body, BODY_LIMIT).await;
    let body = body.map_err(|problem| Problem::new(problem.status(), problem.to_string()))?;
    let key = request_key(&headers, &body)?;
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    let requests = if is_list {
        read_list(&body)?
    } else {
        vec![read::<MessageRequest>(&body)?]
    };
    let submissions = requests.into_iter().enumerate().map(submission);
    let submissions = submissions.collect::<Result<Vec<_>, _>>()?;
    let time_to_drain = engine.time_to_drain(&client, &submissions).map(|time| time.as_secs());
    let ids = engine.accept(&client, submissions, key).await?;
    let mut ids = ids.into_iter().map(|id| id.to_string());
    let accepted = match (is_list, ids.next()) {
        (false, Some(id)) => Json(OneAccepted { id, time_to_drain }).into_response(),
        (_, first) => Json(ListAccepted {
            ids: first.into_iter().chain(ids).collect(),
            time_to_drain,
        })
        .into_response(),
    };
    Ok((StatusCode::ACCEPTED, accepted).into_response())
}

fn read_list(body: &[u8]) -> Result<Vec<MessageRequest>, Problem> {
    let list: Vec<MessageRequest> = read(body)?;
    match list.len() {
        0 => Err(Problem::bad_request("the list is empty")),
        length if length > LIST_LIMIT => Err(Problem::bad_request(format!(
            "the list has {length} messages, more than {LIST_LIMIT}"
        ))),
        _ => Ok(list),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value = read.map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!("{path}: ")
        };
        Problem::bad_request(format!("the body is not as expected: {place}{}", error.inner()))
    })?;
    let end = deserializer.end();
    end.map_err(|error| Problem::bad_request(format!("the body is not as expected: {error}")))?;
    Ok(value)
}

fn submission((index, request): (usize, MessageRequest)) -> Result<Submission, Problem> {
    let priority = match request.priority {
        None => Priority::default(),
        Some(word) => word.parse::<Priority>().map_err(|error| {
            Problem::from(ngoma_engine::AcceptError::Invalid {
                index,
                field: "priority",
                problem: error.to_string(),
            })
        })?,
    };
    if let Some(seconds) = request.valid_for
        && !(1..=LONGEST_VALIDITY).contains(&seconds)
    {
        return Err(Problem::from(ngoma_engine::AcceptError::Invalid {
            index,
            field: "valid_for",
            problem: format!("is a number of seconds from 1 to {LONGEST_VALIDITY}"),
        }));
    }
    Ok(Submission {
        channel: request.channel,
        to: request.to,
        content: request.content,
        priority,
        valid_for: request.valid_for.map(Duration::from_secs),
    })
}

/// The client's own key for this request, if it gave one.
fn request_key(headers: &HeaderMap, body: &[u8]) -> Result<Option<RequestKey>, Problem> {
    let Some(value) = headers.get(KEY_HEADER) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= KEY_LENGTH);
    let key = key.ok_or_else(|| {
        Problem::bad_request(format!(
            "{KEY_HEADER} must have 1 to {KEY_LENGTH} printable ASCII characters"
        ))
    })?;
    Ok(Some(RequestKey {
        key: key.to_owned(),
        request: Sha256::digest(body).to_vec(),
    }))
}
